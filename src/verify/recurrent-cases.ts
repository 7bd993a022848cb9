// Sequences: LSTM steps, embedding, attention, losses that ignore padding; small with odd sizes, and wide enough for threads to share.
import { Digest } from '../core/index.js';
import { clipGradientNorm, Dropout, Lstm, packSequences } from '../nn/sequences.js';
import { Generator } from '../random/index.js';
import { add, softmaxCrossEntropy, Stepper, sum, type Tape, type Tensor } from '../tensor/index.js';
import { attend, concatColumns, embedding, lstm, type LstmSequence } from '../tensor/sequences.js';
import { gradientCase, type Case } from './operation-cases.js';

/** Shapes of an LSTM's inputs: input, the four parameters, h and c. */
function lstmShapes(rows: number, batch: number, inputs: number, hidden: number): number[][] {
  return [[rows, inputs], [4 * hidden, inputs], [4 * hidden, hidden], [4 * hidden], [4 * hidden], [batch, hidden], [batch, hidden]];
}

/** Outputs of all steps and the last states in one tensor, so that gradients come from each. */
function lstmOf(sequence: LstmSequence, tape: Tape, inputs: readonly Tensor[]): Tensor {
  const [x, weightIh, weightHh, biasIh, biasHh, h, c] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const results = lstm(tape, x, { weightIh, weightHh, biasIh, biasHh }, { ...sequence, initial: { h, c } });
  return add(tape, add(tape, sum(tape, results.output), sum(tape, results.h)), sum(tape, results.c));
}

const packed = { batchSizes: Int32Array.of(5, 4, 4, 1) };
const layers: Case[] = [
  gradientCase('lstm outputs', lstmShapes(12, 3, 5, 7), (tape, ...inputs) => {
    const [x, weightIh, weightHh, biasIh, biasHh] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    return lstm(tape, x, { weightIh, weightHh, biasIh, biasHh }, { steps: 4, batch: 3 }).output;
  }),
  gradientCase('lstm of packed sequences', lstmShapes(14, 5, 6, 9), (tape, ...inputs) => lstmOf(packed, tape, inputs)),
  gradientCase('wide lstm', lstmShapes(39, 13, 21, 150), (tape, ...inputs) => lstmOf({ steps: 3, batch: 13 }, tape, inputs)),
];

const tokens = Int32Array.from({ length: 61 }, (_, i) => (i * i) % 500);
const labels = Int32Array.from({ length: 45 }, (_, i) => (i % 4 === 0 ? 3 : (i * 67) % 3001));
const rows: Case[] = [
  gradientCase('embedding', [[500, 150]], (tape, table) => embedding(tape, table!, tokens)),
  gradientCase('columns side by side', [[7, 3], [7, 6]], (tape, a, b) => concatColumns(tape, a!, b!)),
  gradientCase('attention', [[15, 11], [18, 11]], (tape, query, keys) => {
    const { context, weights } = attend(tape, query!, keys!, Int32Array.of(6, 1, 4));
    return concatColumns(tape, context, weights);
  }),
  gradientCase('cross-entropy ignoring padding', [[45, 3001]], (tape, x) => softmaxCrossEntropy(tape, x!, labels, { ignoreIndex: 3 })),
  gradientCase('cross-entropy of smoothed labels', [[9, 13]], (tape, x) =>
    softmaxCrossEntropy(tape, x!, labels.subarray(0, 9).map((label) => label % 13), { reduction: 'sum', ignoreIndex: 3, labelSmoothing: 0.1 }),
  ),
];

/** A layer with its own draws, dropout over packed sequences, gradients clipped. */
const layer: Case = {
  name: 'packed sequences through a layer with dropout',
  run: async (core) => {
    const generator = new Generator(core, 27);
    const lstmLayer = new Lstm(core, 6, 10);
    lstmLayer.initialize(generator);
    const { batchSizes, positions } = packSequences(Int32Array.of(2, 5, 1, 5), 6);
    const input = generator.randn([positions.length, 6]);
    const stepper = new Stepper(core);
    const digest = new Digest();
    stepper.step((tape) => {
      const { output } = lstmLayer.forward(tape, input, { batchSizes });
      const dropped = new Dropout(0.3).forward(tape, output, generator, { total: 24, positions });
      tape.backward(sum(tape, dropped));
      const norm = clipGradientNorm(lstmLayer.parameters().map(([, parameter]) => parameter), 0.5);
      digest.add('output', dropped.toArray()).add('norm', [norm]);
      for (const [name, { grad }] of lstmLayer.parameters()) digest.add(name, grad!.toArray());
    });
    for (const one of [stepper, input, lstmLayer, generator]) one.dispose();
    return digest.hex();
  },
};

export const recurrentCases: readonly Case[] = [...layers, ...rows, layer];
