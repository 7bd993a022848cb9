// The training step of an MLP in the JavaScript libraries. Neither has a second thread in Node. The CNN's is not here:
// tfjs-wasm lacks the gradients of convolutions.
import { timing } from './measure.mjs';
import { inThreads } from './threads.mjs';
import { ADAM, BATCH } from './step-task.mjs';

/** [outputs, inputs] -> [inputs, outputs], as tfjs programs keep their weights. */
function turnedWeight({ inputs, outputs, weight }) {
  const turned = new Float32Array(weight.length);
  for (let row = 0; row < outputs; row++) {
    for (let column = 0; column < inputs; column++) turned[column * outputs + row] = weight[row * inputs + column];
  }
  return turned;
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

export function tensorFlowContestant({ tf, name }, task, turned) {
  const layers = task.layers.map((layer) => ({
    weight: tf.variable(tf.tensor2d(turnedWeight(layer), [layer.inputs, layer.outputs])),
    bias: tf.variable(tf.tensor1d(layer.bias)),
  }));
  const variables = layers.flatMap(({ weight, bias }) => [weight, bias]);
  const x = tf.tensor2d(task.x, task.shape);
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(task.labels, 'int32'), task.classes), 'float32'));
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
  return { name: `${name}${turned ? ' own gradients' : ''}, ${inThreads(1)}`, step, run: timing(step), dispose };
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

export function jaxContestant({ jax, name }, task) {
  const { numpy: np, blockUntilReady } = jax;
  const compiled = jaxStep(jax);
  const parameters = task.layers.flatMap((layer) =>
    [np.array(layer.weight).reshape([layer.outputs, layer.inputs]), np.array(layer.bias)]);
  const zeros = () => parameters.map(({ shape }) => np.zeros(shape));
  let state = { parameters, means: zeros(), squares: zeros() };
  const classes = task.classes;
  const oneHot = new Float32Array(BATCH * classes);
  task.labels.forEach((label, row) => (oneHot[row * classes + label] = 1));
  const x = np.array(task.x).reshape(task.shape);
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
  return { name: `${name}, ${inThreads(1)}`, step, run: timing(step), dispose };
}
