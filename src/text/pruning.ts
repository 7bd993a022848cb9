// Which pieces to give up: PruneSentencePieces of SentencePiece's src/unigram_model_trainer.cc.
import type { Core } from '../core/index.js';
import type { Texts } from './corpus.js';
import { Lattice } from './lattice.js';
import { logAll } from './log-sum-exp.js';
import { nBestPaths } from './n-best.js';
import type { PieceTable } from './piece-table.js';
import { descendingKeys, orderOf, selectPieces, tableOfTraining, type TrainingPieces } from './training-pieces.js';

/**
 * What each piece's text is cut into without it: empty where there is no other way, undefined where the piece itself is
 * not the best cut of its text.
 */
function findAlternatives({ points, starts, lengths }: TrainingPieces, table: PieceTable): (readonly number[] | undefined)[] {
  const lattice = new Lattice();
  return Array.from(lengths, (length, i) => {
    lattice.populate(table, points, starts[i]!, starts[i]! + length);
    const [best, second] = nBestPaths(lattice, 2);
    if (second === undefined) return [];
    return best!.nodes.length > 1 ? undefined : second.nodes.map((node) => lattice.ids[node]!);
  });
}

interface Usage {
  /** How often each piece is in the best cuts of all texts: float32[pieces]. */
  readonly counts: Float32Array;
  /** The same, added text by text: float32[pieces]. */
  readonly sequentialCounts: Float32Array;
  /** Occurrences of all texts. */
  readonly texts: number;
}

/** Cuts every text the best way. Sums are made in parts as in the E step. */
function countUsage(pieces: TrainingPieces, table: PieceTable, texts: Texts, parts: number): Usage {
  const lattice = new Lattice();
  const size = pieces.lengths.length;
  const usage = { counts: new Float32Array(size), sequentialCounts: new Float32Array(size), texts: 0 };
  for (let part = 0; part < parts; part++) {
    const counts = new Float32Array(size);
    let sum = 0;
    for (let i = part; i < texts.counts.length; i += parts) {
      const count = Math.fround(texts.counts[i]!);
      lattice.populate(table, texts.points, texts.starts[i]!, texts.starts[i + 1]!);
      sum = Math.fround(sum + count);
      for (const id of bestIds(lattice)) {
        counts[id]! += count;
        usage.sequentialCounts[id]! += count;
      }
    }
    usage.texts = Math.fround(usage.texts + sum);
    for (let i = 0; i < size; i++) usage.counts[i]! += counts[i]!;
  }
  return usage;
}

function bestIds(lattice: Lattice): number[] {
  const ids: number[] = [];
  for (let node = lattice.viterbi(); node >= 0; node = lattice.bestPrevious[node]!) ids.push(lattice.ids[node]!);
  return ids.reverse();
}

/** Logarithms of numbers that are asked for first and read, in the same order, once all are known. */
class LaterLogs {
  readonly #arguments: number[] = [];
  #values: Float64Array = new Float64Array(0);
  #read = 0;

  ask(value: number): void {
    this.#arguments.push(value);
  }

  compute(core: Core): void {
    this.#values = logAll(core, Float64Array.from(this.#arguments));
  }

  read(): number {
    return this.#values[this.#read++]!;
  }
}

/**
 * How much likelihood each candidate's removal costs, its occurrences replaced by its alternative: float32[candidates].
 * With frequencies f, their sum S and the candidate's share F of texts:
 * F (log f_i - log S - sum over the alternative of (log(f_alt + f_i) - log(S + f_i (n - 1)))). The n ought to be the
 * pieces of the alternative; in SentencePiece 0.1.97, and so here, it is the pieces of the vocabulary (later versions differ).
 */
function removalLosses(core: Core, candidates: readonly number[], alternatives: readonly (readonly number[] | undefined)[], usage: Usage): Float32Array {
  const { counts } = usage;
  let exactSum = 0;
  for (const count of counts) exactSum += count;
  const sum = Math.fround(exactSum);
  const logs = new LaterLogs();
  logs.ask(sum);
  for (const i of candidates) {
    const alternative = alternatives[i]!;
    logs.ask(counts[i]!);
    logs.ask(Math.fround(sum + Math.fround(counts[i]! * (alternatives.length - 1))));
    for (const id of alternative) logs.ask(Math.fround(counts[id]! + counts[i]!));
  }
  logs.compute(core);
  const logOfSum = Math.fround(logs.read());
  return Float32Array.from(candidates, (i) => {
    const share = Math.fround(usage.sequentialCounts[i]! / usage.texts);
    const before = Math.fround(logs.read() - logOfSum);
    const logOfSumAfter = Math.fround(logs.read());
    let after = 0;
    for (let left = alternatives[i]!.length; left > 0; left--) after = Math.fround(after + (logs.read() - logOfSumAfter));
    return share * Math.fround(before - after);
  });
}

/**
 * Keeps the pieces that cannot be replaced, then those whose removal costs most, down to a share of all.
 * @param desired pieces below which it does not go
 */
export function prunePieces(core: Core, pieces: TrainingPieces, texts: Texts, options: { desired: number; shrinkingFactor: number; parts: number }): TrainingPieces {
  const table = tableOfTraining(pieces);
  const alternatives = findAlternatives(pieces, table);
  const usage = countUsage(pieces, table, texts, options.parts);
  const kept: number[] = [];
  const candidates: number[] = [];
  alternatives.forEach((alternative, i) => {
    if (usage.counts[i] === 0 || alternative === undefined) return;
    (alternative.length === 0 ? kept : candidates).push(i);
  });
  const losses = removalLosses(core, candidates, alternatives, usage);
  const size = Math.max(options.desired, Math.trunc(Math.fround(options.shrinkingFactor * Math.fround(alternatives.length))));
  const order = orderOf(descendingKeys(losses));
  for (let i = 0; i < order.length && kept.length !== size; i++) kept.push(candidates[order[i]!]!);
  return selectPieces(pieces, Int32Array.from(kept));
}
