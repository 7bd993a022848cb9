// A call cut into parts has the bits of the whole, whoever computes which part and when: here one thread
// computes them in a shuffled order, as threads of its choosing.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Core, openCore } from '../../src/core/index.js';
import type { Cut, KernelName } from '../../src/core/threads/cut.js';
import { CUTS } from '../../src/core/threads/cuts.js';
import type { Sharing } from '../../src/core/threads/pool.js';
import { computePart } from '../../src/core/threads/thread.js';
import { threadedKernels } from '../../src/core/threads/threaded-kernels.js';
import { conv2d, matmul, relu, Stepper, Tensor, type DType } from '../../src/tensor/index.js';
import { expectedDigests, shippedCases } from '../../src/verify/index.js';

const plain = await openCore({ kernels: 'all' });
const THREADS = 5;

/** Computes parts one after the other in a shuffled order, each with the scratch of another thread. */
class Shuffling implements Sharing {
  readonly threads = THREADS;
  readonly shared = new Set<string>();
  #state = 1;

  run(name: KernelName, _args: readonly number[], cut: Cut, scratchStride = 0): number {
    this.shared.add(name);
    const results = new Float64Array(cut.parts);
    const left = Array.from({ length: cut.parts }, (_, part) => part);
    while (left.length > 0) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      const [part] = left.splice(this.#state % left.length, 1);
      computePart(plain.kernels, name, cut, part!, ((this.#state >>> 8) % THREADS) * scratchStride, results);
    }
    return results.reduce((total, result) => total + result, 0);
  }
}

const sharing = new Shuffling();
const cut = Object.assign(Object.create(Core.prototype) as Core, {
  kernels: threadedKernels(plain.kernels, sharing), memory: plain.memory, profile: plain.profile, kernelSet: plain.kernelSet, wasmHash: plain.wasmHash,
  scratch: (bytes: number, what: string) => plain.scratch(bytes, what),
});

/** Pseudo-random values in [-0.5, 0.5), of which `zeros` in 100 are zero. */
function filled(core: Core, shape: number[], dtype: DType, seed: number, zeros: number): Tensor {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.from(core, Array.from({ length: size }, () => (next() * 100 < zeros ? 0 : next() - 0.5)), shape, dtype);
}

describe('a call cut into parts', () => {
  it.each(shippedCases.map(({ name, run }) => [name, run] as const))('has the recorded digest: %s', async (name, run) => {
    expect(await run(cut)).toBe((expectedDigests.strict as Record<string, string>)[name]);
  });

  it('leaves no memory behind', async () => {
    const before = plain.memory.allocatedBytes;
    for (const { name, run } of shippedCases) if (!/^(run|alignment|byzantine):/.test(name)) await run(cut);
    expect(plain.memory.allocatedBytes).toBe(before);
  });

  it.each(['f32', 'f64'] as const)('kernels that no op of the cases calls (%s)', (suffix) => {
    const [bytes, count] = [suffix === 'f32' ? 4 : 8, 150_001];
    const x = filled(plain, [count], suffix === 'f32' ? 'float32' : 'float64', 3, 0);
    const output = plain.memory.allocate(count * bytes, 'output');
    const evaluate = ({ kernels }: Core) => {
      const taken: unknown[] = [kernels[`reduction_dot_${suffix}`](x.pointer, x.pointer, count)];
      kernels[`elementwise_tanh_${suffix}`](x.pointer, output, count);
      taken.push(createHash('sha256').update(plain.memory.u8(output, count * bytes)).digest('hex'));
      kernels[`arithmetic_add_scalar_${suffix}`](x.pointer, 0.1, output, count);
      taken.push(createHash('sha256').update(plain.memory.u8(output, count * bytes)).digest('hex'));
      return taken;
    };
    expect(evaluate(cut)).toEqual(evaluate(plain));
    plain.memory.free(output);
    x.dispose();
  });

  it('was tried for every kernel that has a cut', () => {
    expect(CUTS.map(([name]) => name).filter((name) => !sharing.shared.has(name))).toEqual([]);
  });

  const compare = (run: (core: Core) => Float32Array | Float64Array) => expect(run(cut)).toEqual(run(plain));

  it('products of any shape', () => {
    const shapes = fc.record({
      m: fc.integer({ min: 1, max: 400 }), n: fc.integer({ min: 1, max: 400 }), k: fc.integer({ min: 1, max: 900 }), seed: fc.nat(),
      zeros: fc.constantFrom(0, 60), transposeA: fc.boolean(), transposeB: fc.boolean(), dtype: fc.constantFrom<DType>('float32', 'float64'),
    });
    fc.assert(
      fc.property(shapes, ({ m, n, k, seed, zeros, transposeA, transposeB, dtype }) => {
        compare((core) => {
          const a = filled(core, transposeA ? [k, m] : [m, k], dtype, seed, zeros);
          const b = filled(core, transposeB ? [n, k] : [k, n], dtype, seed + 1, 60 - zeros);
          const out = new Stepper(core).step((tape) => matmul(tape, a, b, { transposeA, transposeB }).toArray());
          for (const tensor of [a, b]) tensor.dispose();
          return out;
        });
      }),
      { numRuns: 40 },
    );
  });

  it('convolutions of any geometry, with their gradients', () => {
    const geometries = fc.record({
      batch: fc.integer({ min: 1, max: 70 }), channels: fc.integer({ min: 1, max: 4 }), out: fc.integer({ min: 1, max: 9 }), side: fc.integer({ min: 5, max: 16 }),
      kernel: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 1, max: 3 }), padding: fc.integer({ min: 0, max: 2 }), seed: fc.nat(),
    });
    fc.assert(
      fc.property(geometries, ({ batch, channels, out, side, kernel, stride, padding, seed }) => {
        compare((core) => {
          const x = filled(core, [batch, channels, side, side + 1], 'float32', seed, 0);
          const w = filled(core, [out, channels, kernel, kernel], 'float32', seed + 1, 0);
          x.requiresGrad = true;
          w.requiresGrad = true;
          const values = new Stepper(core).step((tape) => {
            const y = relu(tape, conv2d(tape, x, w, null, { stride: [stride, stride], padding: [padding, padding] }));
            tape.backward(y);
            return Float32Array.from([...y.toArray(), ...x.grad!.toArray(), ...w.grad!.toArray()]);
          });
          for (const tensor of [x, w]) tensor.dispose();
          return values;
        });
      }),
      { numRuns: 25 },
    );
  });
});
