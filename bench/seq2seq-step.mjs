// Isolab's side of a training step of the translation model (test/reference/seq2seq.py): forward, cross-entropy, backward, Adam.
//     node bench/seq2seq-step.mjs SIZE LENGTHS [STEPS]    the steps alone, for a look at their memory
import { pathToFileURL } from 'node:url';
import { openCore } from '../dist/core/index.js';
import { Adam, Linear } from '../dist/nn/index.js';
import { Dropout, Embedding, Lstm, packSequences } from '../dist/nn/sequences.js';
import { Generator } from '../dist/random/index.js';
import { add, softmaxCrossEntropy, Stepper } from '../dist/tensor/index.js';
import { embedding } from '../dist/tensor/sequences.js';
import { nameOf, threadsOf } from './cores.mjs';
import { timing } from './measure.mjs';

const [BOS, EOS, PAD] = [1, 2, 3];
const SEED = 42;
const BATCH = 32;
const STEPS = 30;
export const TRAINING = { lr: 1e-4, dropout: 0.2, seed: SEED };
/** The notebook's sizes, and smaller ones. */
export const SIZES = { small: { hidden: 128, vocabulary: 4000 }, notebook: { hidden: 512, vocabulary: 8000 } };
/** Steps of the b-th sequence: all alike, or spread evenly from a sixth of the longest on, so that two in five are padding. */
export const LENGTHS = { full: () => STEPS, spread: (b) => Math.round(STEPS / 6 + (b * 5 * STEPS) / 6 / (BATCH - 1)) };

function pad(sequences) {
  const longest = Math.max(...sequences.map(({ length }) => length));
  return sequences.map((ids) => [...ids, ...new Array(longest - ids.length).fill(PAD)]);
}

/** Padded ids: what the encoder reads, what the decoder reads, what it is to give. The source is as long as the target, its batch turned round. */
export function drawBatch(core, { vocabulary }, lengths) {
  const generator = new Generator(core, 7);
  const words = (count) => Array.from(generator.randint(4, vocabulary, count));
  const counts = Array.from({ length: BATCH }, (_, b) => LENGTHS[lengths](b));
  const source = counts.toReversed().map((count) => [...words(count - 1), EOS]);
  const target = counts.map((count) => [BOS, ...words(count - 1), EOS]);
  generator.dispose();
  return [pad(source), pad(target.map((ids) => ids.slice(0, -1))), pad(target.map((ids) => ids.slice(1)))];
}

function layoutOf(ids, end) {
  const steps = ids[0].length;
  const packed = packSequences(Int32Array.from(ids, end), steps);
  return { ...packed, total: ids.length * steps };
}

/** An encoder or a decoder. */
class Half {
  constructor(core, vocabulary, hidden, outputs, generator) {
    this.embedding = new Embedding(core, vocabulary, hidden);
    this.lstms = [1, 2, 3].map(() => new Lstm(core, hidden, hidden));
    this.fc = new Linear(core, hidden, outputs);
    this.skip = new Linear(core, hidden, hidden);
    this.layers = [this.embedding, ...this.lstms, this.fc, this.skip];
    for (const layer of this.layers) layer.initialize(generator);
  }

  get parameters() {
    return this.layers.flatMap((layer) => (layer instanceof Lstm ? layer.parameters().map(([, tensor]) => tensor) : [layer.weight, layer.bias ?? []].flat()));
  }

  /** Outputs of the first `layers` layers over packed rows. */
  run(tape, ids, { batchSizes, positions, total }, initial, layers, dropout, generator) {
    const flat = ids.flat();
    let x = this.embedding.forward(tape, positions.map((at) => flat[at]));
    let skip = this.skip.forward(tape, x);
    return this.lstms.slice(0, layers).map((lstm, i) => {
      const { output } = lstm.forward(tape, x, { batchSizes, initial: initial[i] });
      x = dropout.forward(tape, add(tape, output, skip), generator, { total, positions });
      skip = x;
      return x;
    });
  }
}

/**
 * The model's step on one core, over packed sequences. The encoder's third layer gives a state that the notebook's decoder does not
 * use, so that here it is not computed, only its mask drawn; the losses and updates are PyTorch's.
 */
export function isolabSeq2Seq(core, { hidden, vocabulary }, [source, target, labels]) {
  const generator = new Generator(core, TRAINING.seed);
  const encoder = new Half(core, vocabulary, hidden, hidden, generator);
  const decoder = new Half(core, vocabulary, hidden, vocabulary, generator);
  const parameters = [...encoder.parameters, ...decoder.parameters];
  const optimizer = new Adam(parameters, { lr: TRAINING.lr });
  const dropout = new Dropout(TRAINING.dropout);
  const stepper = new Stepper(core);
  const sources = layoutOf(source, (ids) => ids.indexOf(EOS) + 1);
  const targets = layoutOf(target, (ids) => ids.filter((id) => id !== PAD).length);
  const flat = labels.flat();
  const step = () => stepper.step((tape) => {
    const outputs = encoder.run(tape, source, sources, [], 2, dropout, generator);
    generator.fillDropoutMask(tape.empty([sources.total, hidden], 'float32', 'mask of the third layer'), TRAINING.dropout);
    const last = targets.order.map((b) => sources.lastRows[b]);
    const zeros = tape.from(new Float32Array(last.length * hidden), [last.length, hidden]);
    const states = outputs.map((output) => ({ h: embedding(tape, output, last), c: zeros }));
    const hiddens = decoder.run(tape, target, targets, states, 3, dropout, generator).at(-1);
    const loss = softmaxCrossEntropy(tape, decoder.fc.forward(tape, hiddens), targets.positions.map((at) => flat[at]), { ignoreIndex: PAD });
    tape.backward(loss);
    optimizer.step();
    return loss.item();
  });
  const dispose = () => {
    stepper.dispose();
    optimizer.dispose();
    generator.dispose();
    for (const parameter of parameters) parameter.dispose();
  };
  return { name: nameOf(core), threads: threadsOf(core), step, run: timing(step), dispose };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [size, lengths, steps = '3'] = process.argv.slice(2);
  const core = await openCore({ kernels: 'all' });
  const { step } = isolabSeq2Seq(core, SIZES[size], drawBatch(core, SIZES[size], lengths));
  for (let i = 0; i < Number(steps); i++) {
    const start = performance.now();
    const loss = step();
    console.log(`loss ${loss}, ${(performance.now() - start).toFixed(0)} ms`);
  }
}
