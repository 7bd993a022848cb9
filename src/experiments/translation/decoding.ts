// Translating token by token: the decoder's states between two tokens, and greedy and sampled choices over them.
import type { Core } from '../../core/index.js';
import type { PythonRandom } from '../../random/index.js';
import { softmax, type Stepper, type Tape, type Tensor } from '../../tensor/index.js';
import type { Keys, LayerState, Seq2Seq } from './model.js';
import { packTokens } from './packing.js';

/** Ids of the target tokenizer's control pieces. */
export interface ControlIds {
  bos: number;
  eos: number;
  unk: number;
}

export interface DecodingOptions {
  /** Most tokens of a translation, eos included; the notebook's loop stops after 101. */
  maxTokens: number;
  /**
   * Start the third layer from zero at every token, as the notebook's decoder does outside training, where it sees whole
   * sentences. Default false: its state is carried on, as in training.
   */
  restartThirdLayer?: boolean;
}

/** h and c of one layer for some hypotheses, [hypotheses, hidden] each; undefined where the layer starts from zero. */
type Carried = { h: Float32Array; c: Float32Array } | undefined;

/** Partial translations that are continued together, one row each. */
export class Hypotheses {
  readonly #model: Seq2Seq;
  readonly #stepper: Stepper;
  readonly #hidden: number;
  readonly #restarts: boolean;
  #layers: Carried[];
  /** What attention looks at for each hypothesis, [tokens, hidden] each. */
  #keys: Float32Array[] | undefined;

  private constructor(model: Seq2Seq, stepper: Stepper, hidden: number, restarts: boolean, layers: Carried[], keys: Float32Array[] | undefined) {
    this.#model = model;
    this.#stepper = stepper;
    this.#hidden = hidden;
    this.#restarts = restarts;
    this.#layers = layers;
    this.#keys = keys;
  }

  /** One empty hypothesis for each source sentence. @param sources tokens with eos at the end */
  static of(model: Seq2Seq, stepper: Stepper, hidden: number, sources: readonly ArrayLike<number>[], restarts: boolean): Hypotheses {
    return stepper.step((tape) => {
      const encoded = model.encoder.forward(tape, packTokens(sources), null);
      const states = model.firstStates(tape, encoded, Int32Array.from(sources.keys()));
      return new Hypotheses(model, stepper, hidden, restarts, states.map(carried), encoded.keys === undefined ? undefined : apart(encoded.keys, hidden));
    }, { record: false });
  }

  /**
   * Continues each hypothesis with its token.
   * @param read given the logits of the next tokens [hypotheses, vocabulary], valid during the call
   */
  advance<T>(tokens: readonly number[], read: (tape: Tape, logits: Tensor) => T): T {
    return this.#stepper.step((tape) => {
      const count = tokens.length;
      const states = this.#layers.map((layer, index) => this.#stateOf(tape, index === 2 && this.#restarts ? undefined : layer, count));
      const keys = this.#keys === undefined ? undefined : together(tape, this.#keys, this.#hidden);
      const { logits, states: after } = this.#model.decoder.forward(tape, packTokens(tokens.map((token) => [token])), states, keys, null);
      this.#layers = after.map(carried);
      return read(tape, logits);
    }, { record: false });
  }

  #stateOf(tape: Tape, layer: Carried, count: number): LayerState | undefined {
    if (layer === undefined) return undefined;
    return { h: tape.from(layer.h, [count, this.#hidden]), c: tape.from(layer.c, [count, this.#hidden]) };
  }

  /** Goes on with hypothesis `rows[i]` in place i; one may be named more than once, or not at all. */
  select(rows: readonly number[]): void {
    const pick = (values: Float32Array) => {
      const picked = new Float32Array(rows.length * this.#hidden);
      rows.forEach((row, place) => picked.set(values.subarray(row * this.#hidden, (row + 1) * this.#hidden), place * this.#hidden));
      return picked;
    };
    this.#layers = this.#layers.map((layer) => (layer === undefined ? undefined : { h: pick(layer.h), c: pick(layer.c) }));
    if (this.#keys !== undefined) this.#keys = rows.map((row) => this.#keys![row]!);
  }
}

function carried(state: LayerState | undefined): Carried {
  if (state === undefined) return undefined;
  const h = Float32Array.from(state.h.toArray());
  return { h, c: state.c === undefined ? new Float32Array(h.length) : Float32Array.from(state.c.toArray()) };
}

/** Each sentence's keys. */
function apart({ outputs, rows }: Keys, hidden: number): Float32Array[] {
  const values = Float32Array.from(outputs.toArray());
  return rows.map((own) => {
    const keys = new Float32Array(own.length * hidden);
    own.forEach((row, step) => keys.set(values.subarray(row * hidden, (row + 1) * hidden), step * hidden));
    return keys;
  });
}

/** The keys of several hypotheses, one after the other. */
function together(tape: Tape, keys: readonly Float32Array[], hidden: number): Keys {
  const counts = keys.map(({ length }) => length / hidden);
  const outputs = tape.empty([counts.reduce((total, count) => total + count, 0), hidden], 'float32', 'keys');
  let row = 0;
  const rows = keys.map((own, hypothesis) => {
    outputs.data.set(own, row * hidden);
    return Int32Array.from({ length: counts[hypothesis]! }, () => row++);
  });
  return { outputs, rows };
}

/** The first of the largest values of row `row`. */
function largestOf(values: ArrayLike<number>, row: number, columns: number): number {
  let best = 0;
  for (let column = 1; column < columns; column++) if (values[row * columns + column]! > values[row * columns + best]!) best = column;
  return best;
}

/** What decoding needs beside the sentences. */
export interface DecodingParts {
  core: Core;
  model: Seq2Seq;
  stepper: Stepper;
  hidden: number;
  ids: ControlIds;
}

/**
 * The likeliest next token, until eos or the limit, for several sentences at once: which are together changes no bit.
 * @param sources tokens with eos at the end
 * @returns tokens of each translation, with eos where it came
 */
export function decodeGreedily({ model, stepper, hidden, ids }: DecodingParts, sources: readonly ArrayLike<number>[], options: DecodingOptions): number[][] {
  const hypotheses = Hypotheses.of(model, stepper, hidden, sources, options.restartThirdLayer ?? false);
  const outputs: number[][] = sources.map(() => []);
  let open = [...sources.keys()];
  let tokens = open.map(() => ids.bos);
  for (let length = 0; length < options.maxTokens && open.length > 0; length++) {
    const next = hypotheses.advance(tokens, (_, logits) => {
      const values = logits.toArray();
      return tokens.map((__, row) => largestOf(values, row, logits.shape[1]!));
    });
    next.forEach((token, row) => outputs[open[row]!]!.push(token));
    const going = [...next.keys()].filter((row) => next[row] !== ids.eos);
    if (going.length < open.length) hypotheses.select(going);
    open = going.map((row) => open[row]!);
    tokens = going.map((row) => next[row]!);
  }
  return outputs;
}

/**
 * Draws each next token from the softmax of the logits, unk excluded, as the notebook does: Python's random.choices over
 * float32 probabilities.
 * @param random Python's generator, such as new PythonRandom(seed)
 * @returns the translation's tokens, with eos where it came
 */
export function decodeBySampling(
  { model, stepper, hidden, ids }: DecodingParts, source: ArrayLike<number>, options: DecodingOptions & { random: PythonRandom },
): number[] {
  const hypotheses = Hypotheses.of(model, stepper, hidden, [source], options.restartThirdLayer ?? false);
  const output: number[] = [];
  let token = ids.bos;
  while (output.length < options.maxTokens && token !== ids.eos) {
    token = hypotheses.advance([token], (tape, logits) => {
      logits.data[ids.unk] = -Infinity;
      return drawn(softmax(tape, logits).toArray(), options.random);
    });
    output.push(token);
  }
  return output;
}

/** random.choices(range(n), weights=probabilities) of float32 tensors: their running sums, and the draw times the last, are float32. */
function drawn(probabilities: ArrayLike<number>, random: PythonRandom): number {
  const sums = new Float32Array(probabilities.length);
  let sum = 0;
  for (let i = 0; i < sums.length; i++) sums[i] = sum = Math.fround(sum + probabilities[i]!);
  const wanted = Math.fround(random.random() * sum);
  // bisect_right up to the last index.
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wanted < sums[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
