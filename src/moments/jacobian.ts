// A network's derivatives at points: exact, by its layers or by the tape, and by finite differences.
import { Stepper, type Tape, type Tensor } from '../tensor/index.js';
import { requireAxes, requireShape, transposed } from './covariance-ops.js';
import type { MomentNetwork } from './network.js';

/** Identity matrices [batch, n, n]. */
function identities(tape: Tape, batch: number, n: number): Tensor {
  const values = new Float64Array(batch * n * n);
  for (let sample = 0; sample < batch; sample++) for (let i = 0; i < n; i++) values[(sample * n + i) * n + i] = 1;
  return tape.from(values, [batch, n, n], 'float64', 'identity');
}

/** The transposed weight of a network's first layer, once for each sample: what identity rows become there. */
function firstWeights(tape: Tape, weight: Tensor, batch: number): Tensor {
  const [m, n] = weight.shape as [number, number];
  const rows = tape.empty([batch, n, m], 'float64', 'transposed weight');
  for (let sample = 0; sample < batch; sample++) weight.core.kernels.covariance_transpose_f64(weight.source, 1, m, n, rows.pointer + 8 * sample * n * m);
  return rows;
}

/**
 * Directional derivatives, exact: rows [batch, k, n] times J^T at `at` [batch, n] -> [batch, k, m], one pass of k rows.
 * Takes no part in gradients.
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function differential(tape: Tape, network: MomentNetwork, at: Tensor, rows: Tensor): Tensor {
  network.requireInput('differential', at);
  requireShape('differential', 'the directions', rows, [at.shape[0]!, rows.shape[1] ?? 0, network.inputs]);
  return throughLayers(tape, network, at, rows, 0);
}

/** Rows through the layers from `start` on, the first of which sees `at`. */
function throughLayers(tape: Tape, network: MomentNetwork, at: Tensor, rows: Tensor, start: number): Tensor {
  return tape.withoutRecording(() => {
    let [point, result] = [at, rows];
    for (let index = start; index < network.layers.length; index++) {
      const [layer, shape] = [network.layers[index]!, network.shapes[index]!];
      result = layer.differential(tape, result, point, shape);
      if (index + 1 < network.layers.length) point = layer.forward(tape, point, shape);
    }
    return result;
  });
}

/** J^T [batch, n, m] layer by layer, the identity's rows first: n rows pass through the network. */
export function transposedJacobianByLayers(tape: Tape, network: MomentNetwork, at: Tensor): Tensor {
  network.requireInput('jacobian', at);
  const [batch, n] = at.shape as [number, number];
  const [first, shape] = [network.layers[0]!, network.shapes[0]!];
  if (first.kind !== 'linear') return throughLayers(tape, network, at, identities(tape, batch, n), 0);
  const rows = firstWeights(tape, first.parameters[0]!, batch);
  return network.layers.length === 1 ? rows : tape.withoutRecording(() => throughLayers(tape, network, first.forward(tape, at, shape), rows, 1));
}

/** J [batch, m, n] by the tape: each point m times, each time with another output's gradient. */
export function jacobianByTape(tape: Tape, network: MomentNetwork, at: Tensor): Tensor {
  network.requireInput('jacobian', at);
  const [batch, n] = at.shape as [number, number];
  const m = network.outputs;
  const points = new Float64Array(batch * m * n);
  const values = at.toArray();
  for (let row = 0; row < batch * m; row++) points.set(values.subarray(Math.floor(row / m) * n, Math.floor(row / m) * n + n), row * n);
  return withFixedParameters(network, () => {
    const stepper = new Stepper(at.core);
    try {
      const gradients = stepper.step((own) => {
        const x = own.from(points, [batch * m, n], 'float64', 'points');
        x.requiresGrad = true;
        own.backward(network.forward(own, x), identities(own, batch, m).view([batch * m, m]));
        return x.grad!.toArray();
      });
      return tape.from(gradients, [batch, m, n], 'float64', 'Jacobian');
    } finally {
      stepper.dispose();
    }
  });
}

/** Runs `body` while no parameter asks for a gradient. */
function withFixedParameters<T>(network: MomentNetwork, body: () => T): T {
  const trained = network.parameters().filter(({ requiresGrad }) => requiresGrad);
  for (const parameter of trained) parameter.requiresGrad = false;
  try {
    return body();
  } finally {
    for (const parameter of trained) parameter.requiresGrad = true;
  }
}

/**
 * Jacobians [batch, m, n] at `at` [batch, n], exact, in the way that takes fewer passes. Takes no part in gradients.
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function jacobian(tape: Tape, network: MomentNetwork, at: Tensor): Tensor {
  // A row of the tape's way goes forward and back.
  if (2 * network.outputs < network.inputs) return jacobianByTape(tape, network, at);
  return tape.withoutRecording(() => transposed(tape, transposedJacobianByLayers(tape, network, at)));
}

/**
 * The affine map that touches a network at each point: network(x) is about J x + offset near `at`.
 * @returns jacobian [batch, m, n] and offset [batch, m]; they take no part in gradients
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function linearize(tape: Tape, network: MomentNetwork, at: Tensor): { jacobian: Tensor; offset: Tensor } {
  const matrices = jacobian(tape, network, at);
  const [batch, m, n] = matrices.shape as [number, number, number];
  const offset = tape.withoutRecording(() => network.forward(tape, at)).toArray();
  const product = tape.empty([m], 'float64', 'J at');
  for (let sample = 0; sample < batch; sample++) {
    at.core.kernels.affine_forward_f64(matrices.source + 8 * sample * m * n, 0, m, n, at.source + 8 * sample * n, 1, product.pointer);
    product.toArray().forEach((value, output) => (offset[sample * m + output]! -= value));
  }
  return { jacobian: matrices, offset: tape.from(offset, [batch, m], 'float64', 'offset') };
}

/**
 * Directional derivatives without a Jacobian, by finite differences: a (f(at + x / a) - f(at)) for every row x, with
 * a = max(1, max |x|) / eps (`jac_at_x` of ModarTensai/network_moments). Exact up to rounding where f is affine from `at`
 * to `at` + x / a. Takes no part in gradients.
 * @param f rows [rows, n] -> [rows, m]
 * @param at [batch, n]
 * @param x directions [batch, k, n]
 * @returns [batch, k, m]
 * @throws RangeError for shapes that do not fit or an eps that is not above 0; TypeError for float32
 */
export function directionalDerivatives(tape: Tape, f: (tape: Tape, rows: Tensor) => Tensor, at: Tensor, x: Tensor, eps = 1e-3): Tensor {
  requireAxes('directionalDerivatives', 'the points', at, ['batch', 'n']);
  const [batch, n] = at.shape as [number, number];
  const count = x.shape[1] ?? 0;
  requireShape('directionalDerivatives', 'the directions', x, [batch, count, n]);
  if (!(eps > 0 && eps < Infinity)) throw new RangeError(`directionalDerivatives: expected eps above 0, got ${eps}`);
  const { kernels } = at.core;
  const points = tape.empty([batch * count, n], 'float64', 'shifted points');
  const factors = tape.allocate(8 * batch * count, 'factors');
  for (let b = 0; b < batch; b++) {
    const first = 8 * b * count;
    kernels.covariance_shifted_points_f64(at.source + 8 * b * n, x.source + first * n, count, n, eps, points.pointer + first * n, factors + first);
  }
  return tape.withoutRecording(() => {
    const [moved, base] = [f(tape, points), f(tape, at)];
    const m = moved.shape[1]!;
    const output = tape.from(moved.toArray(), [batch, count, m], 'float64', 'directional derivatives');
    for (let b = 0; b < batch; b++) {
      const first = 8 * b * count;
      kernels.covariance_scaled_differences_f64(output.pointer + first * m, base.source + 8 * b * m, count, m, factors + first);
    }
    return output;
  });
}
