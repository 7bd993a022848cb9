// The libraries that Isolab is measured against. None is a dependency of the project: npm packages go into a cache
// folder, PyTorch is used where a Python on this machine has it. Who cannot be had is left out, with a word why.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installPackages } from './installed-packages.mjs';

const execute = promisify(execFile);

const PACKAGES = {
  '@tensorflow/tfjs-core': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  // Here for the gradients of tfjs-core's ops: for Node only this package's bundle registers them.
  '@tensorflow/tfjs-layers': '4.22.0',
  '@jax-js/jax': '0.1.25',
};
const PYTHONS = ['python3', '/usr/bin/python3'];

/** The environment of a PyTorch process with that many threads: the libraries below it each read their own variable. */
export function torchEnvironment(threads) {
  const count = String(threads);
  return { OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count };
}

function skip(name, error) {
  console.warn(`${name} is left out: ${error.message.trim().split('\n').at(-1)}`);
  return undefined;
}

/** TensorFlow.js on its WebAssembly backend; Node gives it SIMD and one thread. */
async function loadTensorFlow(require) {
  const tf = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-layers');
  require('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm')) || tf.getBackend() !== 'wasm') throw new Error(`expected the wasm backend, got ${tf.getBackend()}`);
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('its wasm backend found no SIMD');
  return { name: 'tfjs-wasm', tf, version: `tfjs ${tf.version_core}, backend wasm with SIMD, one thread` };
}

/** jax-js on its WebAssembly backend; without a global `Worker`, which Node lacks, it uses one thread. */
async function loadJax(require) {
  const jax = require('@jax-js/jax');
  const devices = await jax.init('wasm');
  if (!devices.includes('wasm')) throw new Error(`expected the wasm device, got ${devices.join(', ')}`);
  jax.defaultDevice('wasm');
  const probe = jax.numpy.array([1, 2]).add(1);
  const { device } = probe;
  const [first, second] = await probe.data();
  if (device !== 'wasm' || first !== 2 || second !== 3) throw new Error(`expected [2, 3] on wasm, got [${first}, ${second}] on ${device}`);
  if (typeof Worker !== 'undefined') throw new Error('expected no global Worker, with which it would use several threads');
  return { name: 'jax-js-wasm', jax, version: `jax-js ${PACKAGES['@jax-js/jax']}, device wasm, one thread` };
}

/** A line that says which torch a Python has and which BLAS that loaded. */
const DESCRIBE_TORCH = `
import torch
torch.set_num_threads(1)
torch.ones(64, 64) @ torch.ones(64, 64)
config = torch.__config__.show()
blas = "BLAS unknown"
try:
    names = {line.split("/")[-1].strip() for line in open("/proc/self/maps") if "/" in line}
    blas = next((n for n in sorted(names) if "openblas" in n or "mkl_core" in n or "blis" in n), None) or (
        "MKL inside" if "BLAS_INFO=mkl" in config else "a reference or built-in BLAS")
except OSError:
    pass
level = next((l.split()[-1] for l in config.splitlines() if "CPU capability" in l), "unknown")
print(f"PyTorch {torch.__version__}, {blas}, kernels for {level}")
`;

async function findTorch() {
  let reason = new Error('no Python found');
  for (const python of PYTHONS) {
    try {
      const { stdout } = await execute(python, ['-c', DESCRIBE_TORCH], { env: { ...process.env, ...torchEnvironment(1) } });
      return { name: 'PyTorch', python, version: stdout.trim() };
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

/** The Python that has PyTorch, with its version, or undefined after saying why not. */
export async function loadTorch() {
  return findTorch().catch((error) => skip('PyTorch', error));
}

/** @returns tfjs, jax and torch, each with its version in words, or undefined */
export async function loadPeers() {
  let require;
  try {
    require = createRequire(join(await installPackages('peers', PACKAGES), 'package.json'));
  } catch (error) {
    skip('tfjs and jax-js', error);
  }
  return {
    tfjs: require && (await loadTensorFlow(require).catch((error) => skip('tfjs', error))),
    jax: require && (await loadJax(require).catch((error) => skip('jax-js', error))),
    torch: await loadTorch(),
  };
}

/** The versions of the peers that are there, by contestant name. */
export function versionsOf(peers) {
  return Object.fromEntries(Object.values(peers).filter(Boolean).map(({ name, version }) => [name, version]));
}
