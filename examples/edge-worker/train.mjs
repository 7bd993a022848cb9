// Trains the worker's model, an MLP 784-16-10 on MNIST: node examples/edge-worker/train.mjs [FILE] (default: model.safetensors here)
// The strict core and PyTorch's random stream make it the same bytes on every machine; a test trains it again.
import { writeFile } from 'node:fs/promises';
import { Adam, argmax, encodeSafetensors, Linear, loadMnist, NORMALISED_PIXELS, openLab, shuffledBatches, softmaxCrossEntropy } from 'isolab';
import { nodeRuntime, packagedMnistFolder } from 'isolab/node';

const PIXELS = 784;
const HIDDEN = 16;
const SEED = 42;
const EPOCHS = 5;
const BATCH = 128;

/** Normalised pixels [indices, 784] and labels of some of a dataset's images. */
function gather(tape, part, indices) {
  const pixels = new Float32Array(indices.length * PIXELS);
  indices.forEach((image, row) => {
    for (let i = 0; i < PIXELS; i++) pixels[row * PIXELS + i] = NORMALISED_PIXELS[part.images[image * PIXELS + i]];
  });
  return { x: tape.from(pixels, [indices.length, PIXELS], 'float32', 'images'), labels: Int32Array.from(indices, (image) => part.labels[image]) };
}

function accuracy(lab, logitsOf, part) {
  let correct = 0;
  for (let start = 0; start < part.count; start += 1000) {
    lab.step((tape) => {
      const { x, labels } = gather(tape, part, Int32Array.from({ length: Math.min(1000, part.count - start) }, (_, i) => start + i));
      argmax(logitsOf(tape, x)).forEach((prediction, row) => (correct += prediction === labels[row] ? 1 : 0));
    }, { record: false });
  }
  return correct / part.count;
}

/** Trains from scratch. @returns the safetensors file and its accuracy on MNIST's 10,000 test images */
async function train() {
  const lab = await openLab();
  const mnist = await loadMnist(nodeRuntime().files, { packagedDir: packagedMnistFolder() });
  const generator = lab.generator(SEED);
  const layers = { hidden: new Linear(lab.core, PIXELS, HIDDEN), output: new Linear(lab.core, HIDDEN, 10) };
  for (const layer of Object.values(layers)) layer.initialize(generator);
  const parameters = Object.entries(layers).flatMap(([name, { weight, bias }]) => [[`${name}.weight`, weight], [`${name}.bias`, bias]]);
  const adam = new Adam(parameters.map(([, parameter]) => parameter), { lr: 0.003 });
  const logitsOf = (tape, x) => layers.output.forward(tape, layers.hidden.forward(tape, x, { activation: 'relu' }));
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const indices of shuffledBatches(generator, mnist.train.count, BATCH)) {
      lab.step((tape) => {
        const { x, labels } = gather(tape, mnist.train, indices);
        tape.backward(softmaxCrossEntropy(tape, logitsOf(tape, x), labels));
        adam.step();
      });
    }
  }
  const testAccuracy = accuracy(lab, logitsOf, mnist.test);
  const tensors = new Map(parameters.map(([name, parameter]) => [name, { dtype: 'float32', shape: parameter.shape, values: parameter.toArray() }]));
  const metadata = { model: `784-${HIDDEN}-10 relu`, data: 'MNIST', seed: String(SEED), epochs: String(EPOCHS), test_accuracy: String(testAccuracy) };
  return { bytes: encodeSafetensors({ tensors, metadata }), testAccuracy };
}

const { bytes, testAccuracy } = await train();
await writeFile(process.argv[2] ?? new URL('model.safetensors', import.meta.url), bytes);
console.log(`${bytes.length} bytes, accuracy ${testAccuracy} on the test images`);
