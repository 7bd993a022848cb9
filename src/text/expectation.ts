// One step of EM over unigram pieces: RunEStep and RunMStep of SentencePiece's src/unigram_model_trainer.cc.
import type { Core } from '../core/index.js';
import type { Texts } from './corpus.js';
import { Lattice } from './lattice.js';
import { expAll, logAll, logSumExpTable } from './log-sum-exp.js';
import { selectPieces, tableOfTraining, type TrainingPieces } from './training-pieces.js';

/** Pieces expected less often are dropped. */
const LEAST_COUNT = 0.5;
/** Probabilities whose exponentials are taken together. */
const BATCH = 1 << 15;

/** Expected counts, summed in float32 in the order of the nodes that they come from. */
class ExpectedCounts {
  readonly counts: Float32Array;
  readonly #core: Core;
  #logs = new Float64Array(BATCH);
  #ids = new Int32Array(BATCH);
  #frequencies = new Float32Array(BATCH);
  #size = 0;

  constructor(core: Core, pieces: number) {
    this.#core = core;
    this.counts = new Float32Array(pieces);
  }

  /** Adds a text's pieces, each by its share of the paths; the lattice went {@link Lattice.forward} and backward. */
  addLattice(lattice: Lattice, frequency: number): void {
    const { alpha, beta, begins, ends, ids, scores, size, nodes } = lattice;
    const mass = alpha[size]!;
    if (this.#size + nodes > BATCH) this.flush();
    if (nodes > this.#logs.length) this.#grow(nodes);
    for (let node = 0; node < nodes; node++) {
      const through = Math.fround(Math.fround(alpha[begins[node]!]! + scores[node]!) + beta[ends[node]!]!);
      this.#logs[this.#size] = Math.fround(through - mass);
      this.#ids[this.#size] = ids[node]!;
      this.#frequencies[this.#size++] = frequency;
    }
  }

  flush(): void {
    const shares = expAll(this.#core, this.#logs.subarray(0, this.#size));
    for (let i = 0; i < this.#size; i++) this.counts[this.#ids[i]!]! += this.#frequencies[i]! * shares[i]!;
    this.#size = 0;
  }

  #grow(nodes: number): void {
    this.#logs = new Float64Array(nodes);
    this.#ids = new Int32Array(nodes);
    this.#frequencies = new Float32Array(nodes);
  }
}

export interface Expectation {
  /** How often each piece is expected in the corpus: float32[pieces]. */
  readonly counts: Float32Array;
  /** Negative log likelihood of a text, the mean over the corpus. */
  readonly objective: number;
}

/** The E step. Sums are made in `parts`, text i in part i modulo parts, and added in the order of parts. */
export function expectCounts(core: Core, pieces: TrainingPieces, texts: Texts, parts: number): Expectation {
  const table = tableOfTraining(pieces);
  const logs = logSumExpTable(core);
  const lattice = new Lattice();
  let frequency = 0;
  for (const count of texts.counts) frequency += count;
  const total = Math.fround(frequency);
  let counts: Float32Array | undefined;
  let objective = 0;
  for (let part = 0; part < parts; part++) {
    const expected = new ExpectedCounts(core, pieces.lengths.length);
    let sum = 0;
    for (let i = part; i < texts.counts.length; i += parts) {
      lattice.populate(table, texts.points, texts.starts[i]!, texts.starts[i + 1]!);
      const mass = lattice.forward(logs, 1);
      lattice.backward(logs);
      const count = Math.fround(texts.counts[i]!);
      expected.addLattice(lattice, count);
      sum = Math.fround(sum - Math.fround(Math.fround(count * mass) / total));
    }
    expected.flush();
    objective = Math.fround(objective + sum);
    if (counts === undefined) counts = expected.counts;
    else for (let i = 0; i < counts.length; i++) counts[i]! += expected.counts[i]!;
  }
  return { counts: counts!, objective };
}

/** The digamma function of every value, in place: recurrence up to 7, then the asymptotic series around x - 1/2. */
export function digammaAll(core: Core, values: Float64Array): Float64Array {
  const below = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    let x = values[i]!;
    for (; x < 7; x++) below[i]! -= 1 / x;
    values[i] = x - 0.5;
  }
  const logs = logAll(core, values.slice());
  for (let i = 0; i < values.length; i++) {
    const inverse = 1 / values[i]!;
    const square = inverse * inverse;
    const fourth = square * square;
    const series = logs[i]! + (1 / 24) * square - (7 / 960) * fourth + (31 / 8064) * fourth * square - (127 / 30720) * fourth * fourth;
    values[i] = below[i]! + series;
  }
  return values;
}

/** The M step, with a sparse prior (Liang and Klein 2007): pieces expected often enough, scored digamma(count) - digamma(sum). */
export function maximize(core: Core, pieces: TrainingPieces, { counts }: Expectation): TrainingPieces {
  const kept: number[] = [];
  let sum = 0;
  counts.forEach((count, i) => {
    if (count < LEAST_COUNT) return;
    kept.push(i);
    sum = Math.fround(sum + count);
  });
  const logOfSum = Math.fround(digammaAll(core, Float64Array.of(sum))[0]!);
  const scores = Float32Array.from(digammaAll(core, Float64Array.from(kept, (i) => counts[i]!)), (value) => value - logOfSum);
  return selectPieces(pieces, Int32Array.from(kept), scores);
}
