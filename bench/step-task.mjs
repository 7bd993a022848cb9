// What the training-step benchmarks train: a network, its initial parameters, one batch of images with labels. Every
// contestant gets the same; the layers' descriptions are those of the split-head experiment.
import { loadMnist, NORMALISED_PIXELS } from '../dist/data/index.js';
import { mlpLayers, readSpecification, resolveSplitHeadConfig } from '../dist/experiments/splithead/index.js';
import { defaultCnnSpecification } from '../dist/experiments/specification.js';
import { Conv2d, Linear } from '../dist/nn/index.js';
import { Generator } from '../dist/random/index.js';
import { nodeRuntime, packagedMnistFolder } from '../dist/runtime/node.js';

export const ADAM = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8 };
/** Both heads of a default split-head network, as one layer. */
export const CLASSES = 20;
const PIXELS = 28 * 28;
/** A black pixel after normalisation. */
const BACKGROUND = NORMALISED_PIXELS[0];
const { data_bsize: BATCH, teacher_hidden_dims: WIDTHS } = resolveSplitHeadConfig({});
export { BATCH };

/** The experiment's default networks without their heads. */
export const NETWORKS = {
  mlp: { title: [PIXELS, ...WIDTHS].join('-'), imageShape: [PIXELS], ...mlpLayers(WIDTHS) },
  cnn: {
    title: `default CNN (conv 32, conv 64, fc ${WIDTHS.at(-1)})`, imageShape: [1, 28, 28],
    ...readSpecification('default CNN', defaultCnnSpecification(WIDTHS.at(-1))),
  },
};

/** @param layer a feature layer of the experiment */
export function makeLayer(core, layer, dtype = 'float32') {
  if (layer.kind === 'linear') return new Linear(core, layer.inputs, layer.outputs, { dtype });
  const { inChannels, outChannels, kernel, stride, padding, dilation } = layer;
  return new Conv2d(core, inChannels, outChannels, kernel, { dtype, stride, padding, dilation });
}

function drawParameters(core, generator, layer) {
  const drawn = makeLayer(core, layer);
  drawn.initialize(generator);
  const parameters = { weight: drawn.weight.toArray(), bias: drawn.bias.toArray() };
  drawn.dispose();
  return { ...layer, ...parameters };
}

/** Dense random images, as a student's step sees them. */
function drawNoise(generator, classes) {
  const images = generator.rand([BATCH, PIXELS]);
  const x = images.toArray();
  images.dispose();
  return { x, stored: x, offset: 0, labels: Int32Array.from(generator.randint(0, classes, BATCH)) };
}

/**
 * The first images of MNIST, normalised, as a teacher's step sees them. `stored` holds them less the background, with
 * which Isolab's first linear layer skips most of its work (the experiment's images.ts).
 */
async function loadImages(_generator, classes) {
  const { train } = await loadMnist(nodeRuntime().files, { packagedDir: packagedMnistFolder() });
  if (classes < train.classes) throw new RangeError(`MNIST: expected at least ${train.classes} classes, got ${classes}`);
  const bytes = train.images.subarray(0, BATCH * PIXELS);
  return {
    x: Float32Array.from(bytes, (byte) => NORMALISED_PIXELS[byte]),
    stored: Float32Array.from(bytes, (byte) => NORMALISED_PIXELS[byte] - BACKGROUND),
    offset: BACKGROUND,
    labels: Int32Array.from(train.labels.subarray(0, BATCH)),
  };
}

const SOURCES = { noise: drawNoise, mnist: loadImages };
/** Titles of the inputs. */
export const INPUTS = { noise: 'noise', mnist: 'MNIST' };

/**
 * PyTorch's default initialisation with seed 42, and a batch.
 * @param network a key of NETWORKS
 * @param input a key of INPUTS
 * @returns layers with their parameters, weights [out, in] or [out, in, kernel, kernel]; x [batch, ...] for PyTorch and
 *   its like; `stored` and `offset`, which make x for Isolab: a convolution takes no offset
 */
export async function drawTask(core, network, input, classes = CLASSES) {
  const { layers: features, features: width, imageShape } = NETWORKS[network];
  const heads = { kind: 'linear', name: 'heads', inputs: width, outputs: classes, bias: true, activation: 'none' };
  const generator = new Generator(core, 42);
  const layers = [...features, heads].map((layer) => drawParameters(core, generator, layer));
  const batch = await SOURCES[input](generator, classes);
  generator.dispose();
  if (features[0].kind !== 'linear') Object.assign(batch, { stored: batch.x, offset: 0 });
  return { layers, classes, shape: [BATCH, ...imageShape], ...batch };
}

export function describeTask(network, input, classes = CLASSES) {
  return `${NETWORKS[network].title}-${classes}, batch ${BATCH} of ${INPUTS[input]}, Adam`;
}
