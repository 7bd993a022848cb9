// The trained model: an MLP 784-16-10 on MNIST, whose weights train.mjs wrote.
import { argmax, decodeSafetensors, linear, NORMALISED_PIXELS, Tensor, type Lab } from 'isolab/edge';
import { expected, quote } from './requests.js';

const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** Persistent tensors: hidden.weight [16, 784], hidden.bias [16], output.weight [10, 16], output.bias [10]. */
export type Classifier = Record<'hidden.weight' | 'hidden.bias' | 'output.weight' | 'output.bias', Tensor>;

/** @param weights the bytes of model.safetensors @throws Error when they are not that model */
export function loadClassifier(lab: Lab, weights: Uint8Array): Classifier {
  const { tensors } = decodeSafetensors(weights, 'model.safetensors');
  const names = ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'] as const;
  const loaded = names.map((name) => {
    const array = tensors.get(name);
    if (array === undefined) throw new Error(`model.safetensors: expected a tensor ${name}, got ${[...tensors.keys()].join(', ')}`);
    return [name, Tensor.from(lab.core, array.values, array.shape, array.dtype, name)] as const;
  });
  return Object.fromEntries(loaded) as Classifier;
}

/** 784 bytes from a flat image or from 28 rows of 28. */
function readImage(value: unknown, index: number): Uint8Array {
  const name = `images[${index}]`;
  if (!Array.isArray(value)) throw expected(`${name} to be a list of pixels`, quote(value));
  const rows = value.length === SIDE && value.every((row) => Array.isArray(row) && row.length === SIDE);
  const flat: unknown[] = rows ? value.flat() : value;
  if (flat.length !== PIXELS) throw expected(`${PIXELS} pixels, or ${SIDE} rows of ${SIDE}, in ${name}`, `${flat.length} values`);
  return Uint8Array.from(flat, (pixel, at) => {
    if (typeof pixel !== 'number' || !Number.isInteger(pixel) || pixel < 0 || pixel > 255) {
      throw expected('pixels that are whole numbers from 0 to 255', `${quote(pixel)} at ${at} of ${name}`);
    }
    return pixel;
  });
}

/** @throws RequestError naming what was expected and what came */
export function readImages({ images }: Record<string, unknown>): Uint8Array[] {
  if (!Array.isArray(images) || images.length === 0) throw expected('images, a list of at least one image', quote(images));
  return images.map(readImage);
}

/** images, each uint8 [784] -> logits [images, 10] and each image's most likely digit */
export function classify(lab: Lab, model: Classifier, images: readonly Uint8Array[]): { logits: Float32Array; predictions: Int32Array } {
  const pixels = new Float32Array(images.length * PIXELS);
  images.forEach((image, row) => image.forEach((pixel, at) => (pixels[row * PIXELS + at] = NORMALISED_PIXELS[pixel]!)));
  return lab.step((tape) => {
    const x = tape.from(pixels, [images.length, PIXELS], 'float32', 'images');
    const hidden = linear(tape, x, model['hidden.weight'], model['hidden.bias'], { activation: 'relu' });
    const logits = linear(tape, hidden, model['output.weight'], model['output.bias']);
    return { logits: logits.toArray() as Float32Array, predictions: argmax(logits) };
  }, { record: false });
}
