// Isolab's side of a training step.
import { Adam } from '../dist/nn/index.js';
import { flatten, maxPool2d, softmaxCrossEntropy, Stepper, Tensor } from '../dist/tensor/index.js';
import { nameOf, threadsOf } from './cores.mjs';
import { timing } from './measure.mjs';
import { ADAM, makeLayer } from './step-task.mjs';

function loadLayer(core, description, dtype) {
  const layer = makeLayer(core, description, dtype);
  layer.weight.data.set(description.weight);
  layer.bias.data.set(description.bias);
  return { layer, ...description };
}

function logitsOf(tape, layers, x, offset) {
  return layers.reduce((h, { layer, kind, activation, pool }, index) => {
    const input = kind === 'linear' && h.shape.length > 2 ? flatten(tape, h) : h;
    const out = layer.forward(tape, input, { activation, inputOffset: index === 0 ? offset : 0 });
    return pool ? maxPool2d(tape, out, pool) : out;
  }, x);
}

/** Forward, cross-entropy, backward, Adam on one core; `step` returns the loss before the update. */
export function isolabContestant(core, task, dtype = 'float32') {
  const layers = task.layers.map((description) => loadLayer(core, description, dtype));
  const x = Tensor.from(core, task.stored, task.shape, dtype);
  const optimizer = new Adam(layers.flatMap(({ layer }) => [layer.weight, layer.bias]), ADAM);
  const stepper = new Stepper(core);
  const step = () =>
    stepper.step((tape) => {
      const loss = softmaxCrossEntropy(tape, logitsOf(tape, layers, x, task.offset), task.labels);
      tape.backward(loss);
      optimizer.step();
      return loss.item();
    });
  const dispose = () => {
    stepper.dispose();
    optimizer.dispose();
    x.dispose();
    for (const { layer } of layers) layer.dispose();
  };
  return { name: nameOf(core, dtype === 'float64' ? dtype : ''), threads: threadsOf(core), step, run: timing(step), dispose };
}
