// One training step of a classifier: forward, softmax cross-entropy, backward, Adam. Data stay where the library keeps
// them; every contestant hands its loss to the host at each step, as a training loop does.
//     node [--experimental-wasm-relaxed-simd] bench/training-step.mjs [--quick] [--classes N]
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Adam, Linear } from '../dist/nn/index.js';
import { Generator } from '../dist/random/index.js';
import { softmaxCrossEntropy, Stepper, Tensor } from '../dist/tensor/index.js';
import { openCores } from './cores.mjs';
import { DEFAULT_RULE, describeMachine, measure, printMachine, QUICK_RULE, timing } from './measure.mjs';
import { loadPeers, versionsOf } from './peers.mjs';
import { printResult } from './report.mjs';
import { TorchProcess } from './torch-process.mjs';

const BATCH = 1024;
const HIDDEN = [784, 256, 256];
/** Outputs of the two heads of a default split-head network, as one layer. */
const CLASSES = 20;
const ADAM = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8 };
const CHECKED_STEPS = 3;
const LOSS_TOLERANCE = 1e-4;

/** The task: PyTorch's default initialisation with seed 42, weights [out, in], and random images and labels. */
function drawTask(core, widths) {
  const generator = new Generator(core, 42);
  const layers = widths.slice(1).map((outputs, index) => {
    const layer = new Linear(core, widths[index], outputs);
    layer.initialize(generator);
    const drawn = { inputs: widths[index], outputs, weight: layer.weight.toArray(), bias: layer.bias.toArray() };
    layer.dispose();
    return drawn;
  });
  const images = generator.rand([BATCH, widths[0]]);
  const labels = Int32Array.from(generator.randint(0, widths.at(-1), BATCH));
  const task = { widths, layers, x: images.toArray(), labels };
  images.dispose();
  generator.dispose();
  return task;
}

/** [outputs, inputs] -> [inputs, outputs], as tfjs programs keep their weights. */
function turnedWeight({ inputs, outputs, weight }) {
  const turned = new Float32Array(weight.length);
  for (let row = 0; row < outputs; row++) {
    for (let column = 0; column < inputs; column++) turned[column * outputs + row] = weight[row * inputs + column];
  }
  return turned;
}

function isolabContestant(core, task, dtype) {
  const layers = task.layers.map(({ inputs, outputs, weight, bias }) => {
    const layer = new Linear(core, inputs, outputs, { dtype });
    layer.weight.data.set(weight);
    layer.bias.data.set(bias);
    return layer;
  });
  const x = Tensor.from(core, task.x, [BATCH, task.widths[0]], dtype);
  const optimizer = new Adam(layers.flatMap(({ weight, bias }) => [weight, bias]), ADAM);
  const stepper = new Stepper(core);
  const step = () =>
    stepper.step((tape) => {
      const logits = layers.reduce((h, layer, index) => layer.forward(tape, h, { activation: index < layers.length - 1 ? 'relu' : 'none' }), x);
      const loss = softmaxCrossEntropy(tape, logits, task.labels);
      tape.backward(loss);
      optimizer.step();
      return loss.item();
    });
  const dispose = () => {
    stepper.dispose();
    optimizer.dispose();
    for (const owned of [...layers, x]) owned.dispose();
  };
  return { name: `isolab ${core.profile}${dtype === 'float64' ? ' float64' : ''}`, step, run: timing(step), dispose };
}

/**
 * tf.matMul whose gradients turn their operands first. tfjs's own gradient asks its backend for transposed products,
 * which run on a scalar loop; only plain ones reach XNNPACK. Nobody gets this without writing it.
 */
function productWithTurnedGradients(tf, isFirstLayer) {
  const toWeight = (h, dy) => tf.matMul(tf.transpose(h), dy);
  // The images of the first layer need no gradient, and a custom one would be computed all the same.
  if (isFirstLayer) {
    return (x, w) => tf.customGrad((weight) => ({ value: tf.matMul(x, weight), gradFunc: (dy) => [toWeight(x, dy)] }))(w);
  }
  return tf.customGrad((input, weight, save) => {
    save([input, weight]);
    return {
      value: tf.matMul(input, weight),
      gradFunc: (dy, [h, w]) => [tf.matMul(dy, tf.transpose(w)), toWeight(h, dy)],
    };
  });
}

function tensorFlowContestant({ tf, name }, task, turned) {
  const layers = task.layers.map((layer) => ({
    weight: tf.variable(tf.tensor2d(turnedWeight(layer), [layer.inputs, layer.outputs])),
    bias: tf.variable(tf.tensor1d(layer.bias)),
  }));
  const variables = layers.flatMap(({ weight, bias }) => [weight, bias]);
  const x = tf.tensor2d(task.x, [BATCH, task.widths[0]]);
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(task.labels, 'int32'), task.widths.at(-1)), 'float32'));
  const optimizer = tf.train.adam(ADAM.lr, ...ADAM.betas, ADAM.eps);
  const lossOf = () => {
    const logits = layers.reduce((h, { weight, bias }, index) => {
      const product = turned ? productWithTurnedGradients(tf, index === 0) : tf.matMul;
      const sum = tf.add(product(h, weight), bias);
      return index < layers.length - 1 ? tf.relu(sum) : sum;
    }, x);
    return tf.losses.softmaxCrossEntropy(targets, logits);
  };
  const step = () => {
    const loss = optimizer.minimize(lossOf, true, variables);
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
  const dispose = () => {
    optimizer.dispose();
    tf.dispose([...variables, x, targets]);
  };
  return { name: turned ? `${name}, own gradients` : name, step, run: timing(step), dispose };
}

/**
 * One jitted function: value_and_grad and Adam, which @jax-js/jax leaves to its user. Arguments are used up, as jax-js
 * wants. Weights [out, in] ran 3 % faster than turned ones, and one jitted function no slower than two.
 */
function jaxStep({ numpy: np, nn, jit, valueAndGrad }) {
  const lossOf = (parameters, x, targets) => {
    let h = x;
    for (let i = 0; i < parameters.length; i += 2) {
      h = np.matmul(h, np.transpose(parameters[i])).add(parameters[i + 1]);
      if (i < parameters.length - 2) h = nn.relu(h);
    }
    return nn.logSoftmax(h).mul(targets).sum().mul(-1 / BATCH);
  };
  const [beta1, beta2] = ADAM.betas;
  return jit((parameters, means, squares, x, targets, meanFactor, squareFactor) => {
    const [loss, gradients] = valueAndGrad(lossOf)(parameters.map((parameter) => parameter.ref), x, targets);
    const next = { parameters: [], means: [], squares: [], loss };
    gradients.forEach((gradient, i) => {
      const mean = means[i].mul(beta1).add(gradient.ref.mul(1 - beta1));
      const square = squares[i].mul(beta2).add(np.square(gradient).mul(1 - beta2));
      const root = np.sqrt(square.ref.mul(squareFactor.ref)).add(ADAM.eps);
      next.parameters.push(parameters[i].sub(mean.ref.mul(meanFactor.ref).div(root)));
      next.means.push(mean);
      next.squares.push(square);
    });
    meanFactor.dispose();
    squareFactor.dispose();
    return next;
  });
}

function jaxContestant({ jax, name }, task) {
  const { numpy: np, blockUntilReady } = jax;
  const compiled = jaxStep(jax);
  const parameters = task.layers.flatMap((layer) =>
    [np.array(layer.weight).reshape([layer.outputs, layer.inputs]), np.array(layer.bias)]);
  const zeros = () => parameters.map(({ shape }) => np.zeros(shape));
  let state = { parameters, means: zeros(), squares: zeros() };
  const classes = task.widths.at(-1);
  const oneHot = new Float32Array(BATCH * classes);
  task.labels.forEach((label, row) => (oneHot[row * classes + label] = 1));
  const x = np.array(task.x).reshape([BATCH, task.widths[0]]);
  const targets = np.array(oneHot).reshape([BATCH, classes]);
  const [beta1, beta2] = ADAM.betas;
  let steps = 0;
  const step = async () => {
    steps++;
    const meanFactor = np.array([ADAM.lr / (1 - Math.pow(beta1, steps))]);
    const squareFactor = np.array([1 / (1 - Math.pow(beta2, steps))]);
    const { loss, ...next } = compiled(state.parameters, state.means, state.squares, x.ref, targets.ref, meanFactor, squareFactor);
    state = next;
    // Operations are lazy: without this the updates would be left for later.
    await blockUntilReady(state);
    if (loss.device !== 'wasm') throw new Error(`${name}: expected the wasm device, got ${loss.device}`);
    return (await loss.data())[0];
  };
  const dispose = () => {
    for (const array of [...state.parameters, ...state.means, ...state.squares, x, targets]) array.dispose();
    compiled.dispose?.();
  };
  return { name, step, run: timing(step), dispose };
}

async function torchContestant(process_, name, task) {
  const { widths, layers, x, labels } = task;
  const shared = [];
  for (const { weight, bias } of layers) shared.push([await process_.share(weight), await process_.share(bias)]);
  await process_.ask({
    do: 'prepare', job: 'training-step', widths, batch: BATCH, lr: ADAM.lr, layers: shared,
    x: await process_.share(x), labels: await process_.share(labels),
  });
  return { name, step: async () => (await process_.result())[0], run: process_.run, dispose: () => {} };
}

/** @throws Error unless every contestant has the first one's losses in its first steps */
async function requireSameLosses(contestants) {
  const losses = [];
  for (const { name, step } of contestants) {
    const own = [];
    for (let i = 0; i < CHECKED_STEPS; i++) own.push(await step());
    losses.push(own);
    const off = own.findIndex((loss, i) => !(Math.abs(loss - losses[0][i]) <= LOSS_TOLERANCE));
    if (off >= 0) throw new Error(`${name}: expected loss ${losses[0][off]} in step ${off + 1}, got ${own[off]}`);
  }
  console.log(`\nlosses of the first steps agree to ${LOSS_TOLERANCE}: ${losses[0].map((loss) => loss.toFixed(6)).join(', ')}`);
}

/** @returns entries for results.json */
export async function benchmarkTrainingStep(cores, peers, rule, classes = CLASSES) {
  const widths = [...HIDDEN, classes];
  const task = drawTask(cores.strict, widths);
  const torch = peers.torch && (await TorchProcess.start(peers.torch.python));
  try {
    const contestants = [
      isolabContestant(cores.strict, task, 'float32'),
      ...(cores.fused ? [isolabContestant(cores.fused, task, 'float32')] : []),
      isolabContestant(cores.strict, task, 'float64'),
      ...(peers.tfjs ? [tensorFlowContestant(peers.tfjs, task, false), tensorFlowContestant(peers.tfjs, task, true)] : []),
      ...(peers.jax ? [jaxContestant(peers.jax, task)] : []),
      ...(torch ? [await torchContestant(torch, peers.torch.name, task)] : []),
    ];
    await requireSameLosses(contestants);
    const { milliseconds, ratios, rounds } = await measure(contestants, rule);
    for (const { dispose } of contestants) dispose();
    const result = { name: 'training step', shape: `${widths.join('-')}, batch ${BATCH}, Adam`, unit: 'ms', contestants: milliseconds, ratios, rounds };
    printResult(result);
    return [result];
  } finally {
    await torch?.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, classes: { type: 'string', default: String(CLASSES) } } });
  const peers = await loadPeers();
  const cores = await openCores();
  printMachine(describeMachine());
  for (const version of Object.values(versionsOf(peers))) console.log(version);
  await benchmarkTrainingStep(cores, peers, values.quick ? QUICK_RULE : DEFAULT_RULE, Number(values.classes));
}
