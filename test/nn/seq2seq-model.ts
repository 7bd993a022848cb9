// The sequence-to-sequence model of test/reference/seq2seq.py on this project's layers, over padded batches or over packed ones.
import type { Core } from '../../src/core/index.js';
import { Linear } from '../../src/nn/index.js';
import { Dropout, Embedding, Lstm, packSequences } from '../../src/nn/sequences.js';
import type { Generator } from '../../src/random/index.js';
import { add, softmaxCrossEntropy, type DType, type Tape, type Tensor } from '../../src/tensor/index.js';
import { embedding, type LstmSequence } from '../../src/tensor/sequences.js';

export const EOS = 2;
export const PAD = 3;

/** Padded ids [batch][steps]. */
export interface Batch {
  source: number[][];
  target_in: number[][];
  target_out: number[][];
}

export interface Sizes {
  source_vocabulary: number;
  target_vocabulary: number;
  embed_size: number;
  hidden_size: number;
}

/** Rows of a batch in the order that the layers see: time-major with padding, or packed. */
interface Layout {
  sequence: LstmSequence;
  /** For each row, b * steps + t. */
  positions: Int32Array;
  total: number;
  /** The sequences' order within a step. */
  order: Int32Array;
}

function layoutOf(ids: number[][], lengths: Int32Array, packed: boolean): Layout {
  const [batch, steps] = [ids.length, ids[0]!.length];
  const total = batch * steps;
  if (packed) {
    const { batchSizes, positions, order } = packSequences(lengths, steps);
    return { sequence: { batchSizes }, positions, total, order };
  }
  const positions = Int32Array.from({ length: total }, (_, row) => (row % batch) * steps + Math.floor(row / batch));
  return { sequence: { steps, batch }, positions, total, order: Int32Array.from(ids.keys()) };
}

/** Ids of the layout's rows. */
function pick(ids: number[][], { positions }: Layout): Int32Array {
  const flat = ids.flat();
  return positions.map((at) => flat[at]!);
}

class Half {
  readonly embedding: Embedding;
  readonly lstms: readonly Lstm[];
  readonly fc: Linear;
  readonly fcSkip: Linear;

  constructor(core: Core, vocabulary: number, outputs: number, { embed_size: embed, hidden_size: hidden }: Sizes, dtype: DType) {
    this.embedding = new Embedding(core, vocabulary, embed, { dtype });
    this.lstms = [new Lstm(core, embed, hidden, { dtype }), new Lstm(core, hidden, hidden, { dtype }), new Lstm(core, hidden, hidden, { dtype })];
    this.fc = new Linear(core, hidden, outputs, { dtype });
    this.fcSkip = new Linear(core, embed, hidden, { dtype });
  }

  initialize(generator: Generator): void {
    for (const layer of [this.embedding, ...this.lstms, this.fc, this.fcSkip]) layer.initialize(generator, 'float32');
  }

  named(prefix: string): [string, Tensor][] {
    const linear = (name: string, layer: Linear): [string, Tensor][] => [[`${name}.weight`, layer.weight], [`${name}.bias`, layer.bias!]];
    const all: [string, Tensor][] = [
      ['embedding.weight', this.embedding.weight],
      ...this.lstms.flatMap((lstm, i) => lstm.parameters().map(([name, tensor]): [string, Tensor] => [`lstm${i + 1}.${name}`, tensor])),
      ...linear('fc', this.fc), ...linear('fc_skip', this.fcSkip),
    ];
    return all.map(([name, tensor]) => [`${prefix}.${name}`, tensor]);
  }

  /** The outputs of the three layers, each with its residual and dropout. */
  run(tape: Tape, ids: number[][], layout: Layout, initial: (readonly [Tensor, Tensor] | undefined)[], dropout: Dropout, generator: Generator | null): Tensor[] {
    const { sequence, positions, total } = layout;
    let x = this.embedding.forward(tape, pick(ids, layout));
    let skip = this.fcSkip.forward(tape, x);
    return this.lstms.map((lstm, i) => {
      const state = initial[i];
      const { output } = lstm.forward(tape, x, state === undefined ? sequence : { ...sequence, initial: { h: state[0], c: state[1] } });
      x = dropout.forward(tape, add(tape, output, skip), generator, { total, positions });
      skip = x;
      return x;
    });
  }
}

export class Seq2Seq {
  readonly encoder: Half;
  readonly decoder: Half;
  readonly dropout: Dropout;

  constructor(core: Core, sizes: Sizes, dropout: number, dtype: DType) {
    this.encoder = new Half(core, sizes.source_vocabulary, sizes.hidden_size, sizes, dtype);
    this.decoder = new Half(core, sizes.target_vocabulary, sizes.target_vocabulary, sizes, dtype);
    this.dropout = new Dropout(dropout);
  }

  initialize(generator: Generator): void {
    this.encoder.initialize(generator);
    this.decoder.initialize(generator);
  }

  named(): [string, Tensor][] {
    return [...this.encoder.named('encoder'), ...this.decoder.named('decoder')];
  }

  /** Logits of the layout's rows, and the layout. */
  forward(tape: Tape, { source, target_in: target }: Batch, generator: Generator | null, packed: boolean): { logits: Tensor; layout: Layout } {
    const steps = source[0]!.length;
    const ends = Int32Array.from(source, (ids) => ids.indexOf(EOS));
    const sourceLayout = layoutOf(source, ends.map((end) => end + 1), packed);
    const layout = layoutOf(target, Int32Array.from(target, (ids) => ids.filter((id) => id !== PAD).length), packed);
    const rowOf = new Map(Array.from(sourceLayout.positions, (position, row) => [position, row]));
    const last = layout.order.map((b) => rowOf.get(b * steps + ends[b]!)!);
    const states = this.encoder.run(tape, source, sourceLayout, [], this.dropout, generator).map((outputs) => embedding(tape, outputs, last));
    const zeros = tape.from(new Float64Array(states[0]!.size), states[0]!.shape, states[0]!.dtype);
    const hidden = this.decoder.run(tape, target, layout, [[states[0]!, zeros], [states[1]!, zeros]], this.dropout, generator).at(-1)!;
    return { logits: this.decoder.fc.forward(tape, hidden), layout };
  }

  loss(tape: Tape, batch: Batch, generator: Generator | null, packed: boolean): Tensor {
    const { logits, layout } = this.forward(tape, batch, generator, packed);
    return softmaxCrossEntropy(tape, logits, pick(batch.target_out, layout), { ignoreIndex: PAD });
  }

  dispose(): void {
    for (const [, tensor] of this.named()) tensor.dispose();
  }
}
