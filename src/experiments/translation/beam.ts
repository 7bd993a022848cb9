// Beam search with the length penalty of Wu et al. 2016 (GNMT, equation 14): log P / ((5 + length) / 6)^alpha.
import { exp, log, logSoftmax, scale, type Stepper } from '../../tensor/index.js';
import { Hypotheses, type DecodingOptions, type DecodingParts } from './decoding.js';

export interface BeamOptions extends DecodingOptions {
  /** Hypotheses kept at each step. */
  beam: number;
  /** alpha; 0 for none. */
  lengthPenalty: number;
}

interface Hypothesis {
  tokens: number[];
  /** Sum of log probabilities. */
  score: number;
}

interface Candidate {
  row: number;
  token: number;
  score: number;
}

/** The penalty of lengths 0 to `longest`, through the core's exp and log. */
function lengthPenalties(stepper: Stepper, alpha: number, longest: number): Float64Array {
  return stepper.step((tape) => {
    const bases = tape.from(Array.from({ length: longest + 1 }, (_, length) => (5 + length) / 6), [longest + 1], 'float64');
    return Float64Array.from(exp(tape, scale(tape, log(tape, bases), alpha)).toArray());
  }, { record: false });
}

/** The `count` likeliest continuations; of equal ones the earlier hypothesis, then the smaller token. */
function bestContinuations(logProbabilities: ArrayLike<number>, columns: number, live: readonly Hypothesis[], count: number): Candidate[] {
  const best: Candidate[] = [];
  live.forEach(({ score }, row) => {
    for (let token = 0; token < columns; token++) {
      const candidate = score + logProbabilities[row * columns + token]!;
      if (best.length === count && candidate <= best[count - 1]!.score) continue;
      let place = best.length;
      while (place > 0 && best[place - 1]!.score < candidate) place--;
      best.splice(place, 0, { row, token, score: candidate });
      if (best.length > count) best.pop();
    }
  });
  return best;
}

/**
 * Keeps the `beam` likeliest hypotheses at each token, until as many have ended.
 * @param source tokens with eos at the end
 * @returns the ended hypothesis of the largest penalised score (the likeliest open one at the limit), eos included
 */
export function decodeByBeam(parts: DecodingParts, source: ArrayLike<number>, options: BeamOptions): number[] {
  const { model, stepper, hidden, ids } = parts;
  const { beam, maxTokens, lengthPenalty } = options;
  const penalties = lengthPenalties(stepper, lengthPenalty, maxTokens);
  const hypotheses = Hypotheses.of(model, stepper, hidden, [source], options.restartThirdLayer ?? false);
  let live: Hypothesis[] = [{ tokens: [], score: 0 }];
  const ended: Hypothesis[] = [];
  for (let length = 1; length <= maxTokens && live.length > 0; length++) {
    const candidates = hypotheses.advance(live.map(({ tokens }) => tokens.at(-1) ?? ids.bos), (tape, logits) =>
      bestContinuations(logSoftmax(tape, logits).toArray(), logits.shape[1]!, live, 2 * beam));
    const next: (Hypothesis & { row: number })[] = [];
    candidates.forEach(({ row, token, score }, rank) => {
      const tokens = [...live[row]!.tokens, token];
      // One that ends counts among the beam's best only, so that a beam of 1 is the greedy choice.
      if (token !== ids.eos && next.length < beam) next.push({ tokens, score, row });
      else if (token === ids.eos && rank < beam) ended.push({ tokens, score });
    });
    if (ended.length >= beam) break;
    hypotheses.select(next.map(({ row }) => row));
    live = next;
  }
  const among = ended.length > 0 ? ended : live;
  const penalised = ({ tokens, score }: Hypothesis) => score / penalties[tokens.length]!;
  return among.reduce((best, other) => (penalised(other) > penalised(best) ? other : best)).tokens;
}
