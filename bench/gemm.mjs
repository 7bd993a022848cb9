// Matrix products of a 784-256-256-10 network at batch 1024, layers' forward products and their two gradients, and one
// large square product. Operands are dense: what the core saves on zeros (image backgrounds, ReLU) shows in the training step and the whole run only.
//     node [--experimental-wasm-relaxed-simd] bench/gemm.mjs [--quick] [--only NAME]
import { Generator } from '../dist/random/index.js';
import { linear, matmul, Stepper, Tensor } from '../dist/tensor/index.js';
import { choose, runAlone } from './command.mjs';
import { nameOf, threadsOf } from './cores.mjs';
import { measure, timing } from './measure.mjs';
import { asRate, printResult } from './report.mjs';
import { inThreads } from './threads.mjs';
import { withTorch } from './torch-process.mjs';

/** out [m, n] = a [m, k] times b [k, n]; a transposed operand is stored the other way round. */
const PRODUCTS = [
  { name: 'square', m: 1024, k: 1024, n: 1024 },
  { name: 'product', m: 1024, k: 784, n: 256 },
  { name: 'forward X W^T', m: 1024, k: 784, n: 256, transposeB: true, layer: true },
  { name: 'gradient dY^T X', m: 256, k: 1024, n: 784, transposeA: true },
  { name: 'gradient dY W', m: 1024, k: 256, n: 784 },
  { name: 'gradient dY W^T', m: 1024, k: 256, n: 784, transposeB: true },
  { name: 'hidden X W^T', m: 1024, k: 256, n: 256, transposeB: true, layer: true },
  { name: 'hidden dY^T X', m: 256, k: 1024, n: 256, transposeA: true },
  { name: 'heads X W^T', m: 1024, k: 256, n: 10, transposeB: true, layer: true },
  { name: 'heads dY^T X', m: 10, k: 1024, n: 256, transposeA: true },
  { name: 'heads dY W', m: 1024, k: 10, n: 256 },
].map((product) => ({ transposeA: false, transposeB: false, layer: false, ...product }));

const CHECKED_ENTRIES = 200;
/** Most that an entry may be off: sums of up to 1024 products of values in [-0.5, 0.5]. */
const TOLERANCE = { float32: 2e-5, float64: 1e-12 };

function drawOperands(core, { m, n, k, transposeA, transposeB }) {
  const generator = new Generator(core, 42);
  const draw = (shape) => {
    const tensor = generator.uniform(shape, -0.5, 0.5);
    const values = tensor.toArray();
    tensor.dispose();
    return { shape, values };
  };
  const operands = { a: draw(transposeA ? [k, m] : [m, k]), b: draw(transposeB ? [n, k] : [k, n]) };
  generator.dispose();
  return operands;
}

function transpose({ shape: [rows, columns], values }) {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column];
  }
  return { shape: [columns, rows], values: out };
}

/** The same product with both operands stored as the product reads them. */
function untransposed(product, { a, b }) {
  return { a: product.transposeA ? transpose(a) : a, b: product.transposeB ? transpose(b) : b };
}

/** Compares sampled entries with sums in float64. @throws Error naming the first entry that is off */
function requireCorrect(product, operands, contestant, values) {
  const { m, n, k } = product;
  if (values.length !== m * n) throw new Error(`${contestant.name}, ${product.name}: expected ${m * n} values, got ${values.length}`);
  const { a, b } = untransposed(product, operands);
  for (let sample = 0; sample < CHECKED_ENTRIES; sample++) {
    const row = (sample * 7919) % m;
    const column = (sample * 104_729) % n;
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a.values[row * k + i] * b.values[i * n + column];
    const got = values[row * n + column];
    if (!(Math.abs(got - sum) <= TOLERANCE[contestant.dtype ?? 'float32'])) {
      throw new Error(`${contestant.name}, ${product.name}: expected ${sum} at [${row}, ${column}], got ${got}`);
    }
  }
}

/** Through the op that training calls, and through the kernel alone, which is one thread's. */
function isolabContestants(core, product, operands, dtype = 'float32') {
  const { m, n, k, transposeA, transposeB } = product;
  const a = Tensor.from(core, operands.a.values, operands.a.shape, dtype);
  const b = Tensor.from(core, operands.b.values, operands.b.shape, dtype);
  const out = Tensor.zeros(core, [m, n], dtype);
  const suffix = dtype === 'float32' ? 'f32' : 'f64';
  const stepper = new Stepper(core);
  const multiply = (tape) => (product.layer ? linear(tape, a, b, null) : matmul(tape, a, b, { transposeA, transposeB }));
  const gemm = core.kernels[`gemm_${suffix}`];
  const scratchBytes = core.kernels[`gemm_scratch_${suffix}`](m, n, k);
  const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
  const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
  const runKernel = () => {
    // Taken anew for each call, as the ops do: a larger request in between moves the scratch.
    const scratch = core.scratch(scratchBytes, 'benchmark');
    gemm(m, n, k, a.pointer, aRow, aColumn, b.pointer, bRow, bColumn, out.pointer, n, 0, scratch);
  };
  const op = {
    name: nameOf(core, dtype === 'float64' ? dtype : ''), threads: threadsOf(core), dtype,
    run: timing(() => stepper.step((tape) => void multiply(tape))),
    result: () => stepper.step((tape) => multiply(tape).toArray()),
    dispose: () => {
      stepper.dispose();
      for (const tensor of [a, b, out]) tensor.dispose();
    },
  };
  const kernel = {
    name: nameOf(core, 'kernel'), dtype, run: timing(runKernel),
    result: () => {
      runKernel();
      return out.toArray();
    },
    dispose: () => {},
  };
  return dtype === 'float32' && threadsOf(core) === 1 ? [op, kernel] : [op];
}

/** tfjs in the product's own form, and, where that is transposed, on operands already turned (XNNPACK takes only those). */
function tensorFlowContestants({ tf, name }, product, operands) {
  const contestant = (label, { a, b }, transposeA, transposeB) => {
    const left = tf.tensor2d(a.values, a.shape);
    const right = tf.tensor2d(b.values, b.shape);
    return {
      name: label,
      run: timing(() => tf.matMul(left, right, transposeA, transposeB).dispose()),
      result: () => {
        const out = tf.matMul(left, right, transposeA, transposeB);
        const values = out.dataSync().slice();
        out.dispose();
        return values;
      },
      dispose: () => tf.dispose([left, right]),
    };
  };
  const { transposeA, transposeB } = product;
  const asIs = contestant(`${name}, ${inThreads(1)}`, operands, transposeA, transposeB);
  if (!transposeA && !transposeB) return [asIs];
  return [asIs, contestant(`${name} untransposed, ${inThreads(1)}`, untransposed(product, operands), false, false)];
}

function jaxContestant({ jax, name }, { transposeA, transposeB }, { a, b }) {
  const { numpy: np, jit } = jax;
  const left = np.array(a.values).reshape(a.shape);
  const right = np.array(b.values).reshape(b.shape);
  const turned = (matrix, transposed) => (transposed ? np.transpose(matrix) : matrix);
  const multiply = jit((x, y) => np.matmul(turned(x, transposeA), turned(y, transposeB)));
  const compute = () => multiply(left.ref, right.ref);
  return {
    name: `${name}, ${inThreads(1)}`,
    run: timing(async () => {
      const out = compute();
      // Operations are lazy: without this nothing is computed.
      await out.blockUntilReady();
      out.dispose();
    }),
    result: async () => {
      const out = compute();
      if (out.device !== 'wasm') throw new Error(`${name}: expected the wasm device, got ${out.device}`);
      return out.data();
    },
    dispose: () => {
      left.dispose();
      right.dispose();
      multiply.dispose?.();
    },
  };
}

async function torchContestant(process_, product, { a, b }) {
  await process_.ask({ do: 'prepare', job: 'product', ...product, a: await process_.share(a.values), b: await process_.share(b.values) });
  const { name, threads, run } = process_;
  return { name, threads, run, result: () => process_.result(), dispose: () => {} };
}

async function benchmarkProduct(product, cores, peers, torches, rule) {
  const operands = drawOperands(cores[0], product);
  const contestants = [
    ...cores.flatMap((core) => isolabContestants(core, product, operands)),
    ...isolabContestants(cores[0], product, operands, 'float64'),
    ...(peers.tfjs ? tensorFlowContestants(peers.tfjs, product, operands) : []),
    ...(peers.jax ? [jaxContestant(peers.jax, product, operands)] : []),
  ];
  for (const torch of torches) contestants.push(await torchContestant(torch, product, operands));
  for (const contestant of contestants) requireCorrect(product, operands, contestant, await contestant.result());
  const { milliseconds, ratios, rounds } = await measure(contestants, rule);
  for (const { dispose } of contestants) dispose();
  const { name, m, k, n } = product;
  return { name, shape: `[${m}, ${k}] x [${k}, ${n}]`, unit: 'GFLOP/s', contestants: asRate(milliseconds, 2 * m * n * k), ratios, rounds };
}

/** Every product, or those of one name, each printed as it comes. @returns entries for results.json */
export async function benchmarkGemm(cores, peers, rule, { only } = {}) {
  const names = choose('only', PRODUCTS.map(({ name }) => name), only);
  return withTorch(peers.torch, async (torches) => {
    const results = [];
    for (const product of PRODUCTS.filter(({ name }) => names.includes(name))) {
      results.push(await benchmarkProduct(product, cores, peers, torches, rule));
      printResult(results.at(-1));
    }
    return results;
  });
}

await runAlone(import.meta.url, benchmarkGemm, { only: { type: 'string' } });
