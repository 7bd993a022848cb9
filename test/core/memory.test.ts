import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, Memory, openCore } from '../../src/core/index.js';
import { Generator } from '../../src/random/index.js';
import { Adam, Linear } from '../../src/nn/index.js';
import { mse, relu, Stepper, Tensor } from '../../src/tensor/index.js';

const PAGE = 65_536;
const HEAP = 1000;

function makeMemory(pages = 2, most = 64): Memory {
  return new Memory(new WebAssembly.Memory({ initial: pages, maximum: most }), HEAP, most * PAGE);
}

const roundUp = (bytes: number) => Math.max(64, Math.ceil(bytes / 64) * 64);

describe('Memory', () => {
  it('hands out blocks that are aligned, apart, inside, and keep what is written into them', () => {
    const size = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 200_000 }));
    const action = fc.oneof({ weight: 3, arbitrary: fc.record({ bytes: size }) }, { weight: 2, arbitrary: fc.record({ freed: fc.nat() }) });
    fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const memory = makeMemory();
      const blocks: { start: number; bytes: number; mark: number }[] = [];
      actions.forEach((step, index) => {
        if ('bytes' in step) {
          if (blocks.reduce((sum, { bytes }) => sum + roundUp(bytes), 0) > 40 * PAGE) return;
          const start = memory.allocate(step.bytes, 'block');
          memory.u8(start, step.bytes).fill(index + 1);
          blocks.push({ start, bytes: step.bytes, mark: index + 1 });
        } else if (blocks.length > 0) {
          for (const { start } of blocks.splice(step.freed % blocks.length, 1)) memory.free(start);
        }
        expect(memory.allocatedBytes).toBe(blocks.reduce((sum, { bytes }) => sum + roundUp(bytes), 0));
        expect(memory.byteLength).toBe(memory.wasm.buffer.byteLength);
      });
      const sorted = [...blocks].sort((a, b) => a.start - b.start);
      sorted.forEach(({ start, bytes, mark }, index) => {
        expect(start % 64).toBe(0);
        expect(start).toBeGreaterThanOrEqual(HEAP);
        expect(start + roundUp(bytes)).toBeLessThanOrEqual(sorted[index + 1]?.start ?? memory.byteLength);
        expect(memory.u8(start, bytes).every((byte) => byte === mark)).toBe(true);
      });
      // Free blocks join again: all of it is one block afterwards.
      for (const { start } of blocks) memory.free(start);
      expect(memory.allocatedBytes).toBe(0);
      const before = memory.byteLength;
      memory.allocate(before - roundUp(HEAP), 'everything');
      expect(memory.byteLength).toBe(before);
    }));
  });

  it('joins free neighbours on both sides', () => {
    const memory = makeMemory();
    const [a, b, c] = [1, 2, 3].map(() => memory.allocate(64, 'block')) as [number, number, number];
    memory.allocate(64, 'wall');
    memory.free(a);
    memory.free(c);
    memory.free(b);
    expect(memory.allocate(192, 'three')).toBe(a);
  });

  it('grows by no more than is missing', () => {
    const memory = makeMemory(2);
    memory.allocate(PAGE, 'first');
    expect(memory.byteLength).toBe(2 * PAGE);
    memory.allocate(2 * PAGE, 'second');
    expect(memory.byteLength).toBe(4 * PAGE);
  });

  it('names the tensor and the bytes when its bound is reached, and stays as it was', () => {
    const memory = makeMemory(2, 4);
    memory.allocate(100, 'small');
    expect(() => memory.allocate(10 * PAGE, 'fc1.weight [640, 1024] float32')).toThrow(
      new RangeError(
        `fc1.weight [640, 1024] float32: needs ${10 * PAGE} bytes, 128 are in use and the bound is ${4 * PAGE}; ` +
          'use smaller batches or layers, or open the lab with a larger maximumBytes (at most 4 GiB)',
      ),
    );
    expect([memory.byteLength, memory.allocatedBytes]).toEqual([2 * PAGE, 128]);
    expect(memory.allocate(64, 'still')).toBeGreaterThan(0);
  });

  it('says so when the machine gives no more', () => {
    const wasm = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    expect(() => new Memory(wasm, 0, 100 * PAGE).allocate(10 * PAGE, 'x')).toThrow(/^x: needs 655360 bytes, 0 are in use and the machine gave no more; /);
  });

  it('refuses sizes that are none, and takes any that is merely too large for one that is', () => {
    const memory = makeMemory();
    for (const bytes of [-1, 1.5, NaN, Infinity]) expect(() => memory.allocate(bytes, 'x')).toThrow(new RangeError(`x: expected a whole number of bytes, got ${bytes}`));
    expect(() => memory.allocate(2 ** 60, 'x')).toThrow(/^x: needs 1152921504606847000 bytes, 0 are in use and the bound is 4194304; /);
  });

  it('gives back what a failed body had, and keeps what was there before', () => {
    const memory = makeMemory();
    const kept = memory.allocate(100, 'kept');
    const before = memory.allocatedBytes;
    expect(() => memory.allOrNothing(() => {
      memory.allocate(1000, 'first');
      memory.allocate(100 * PAGE, 'too large');
    })).toThrow('too large: needs 6553600 bytes');
    expect(memory.allocatedBytes).toBe(before);
    expect(memory.allOrNothing(() => memory.allocate(10, 'fine'))).toBeGreaterThan(kept);
  });

  it('refuses to free what is no live block', () => {
    const memory = makeMemory();
    const block = memory.allocate(64, 'block');
    memory.free(block);
    expect(() => memory.free(block)).toThrow(new RangeError(`free: expected the start of a live block, got address ${block}`));
    expect(() => memory.free(64)).toThrow(RangeError);
  });
});

describe('openCore', () => {
  it('bounds its memory', async () => {
    const core = await openCore({ maximumBytes: 2_000_000 });
    expect(() => Tensor.zeros(core, [1000, 1000], 'float32', 'fc1.weight')).toThrow(/^fc1\.weight \[1000, 1000\] float32: needs 4000000 bytes, \d+ are in use and the bound is 2000000; /);
  });

  it('refuses a bound that leaves no room, and an unknown profile', async () => {
    await expect(openCore({ maximumBytes: 1000 })).rejects.toThrow(new RangeError('maximumBytes: expected at least 1048576, got 1000'));
    await expect(openCore({ maximumBytes: NaN })).rejects.toThrow(RangeError);
    await expect(openCore({ profile: 'loose' as 'strict' })).rejects.toThrow(new TypeError("profile: expected 'strict' or 'fused', got \"loose\""));
  });
});

describe('Arena', () => {
  it('is flat over equal steps once the first is over, in one chunk', () => {
    const memory = makeMemory(2, 512);
    const arena = new Arena(memory);
    const sizes = [10, 2_000_000, 64, 900_000, 300_000, 5];
    const step = () => {
      const blocks = sizes.map((bytes) => arena.allocate(bytes, 'step'));
      arena.reset();
      return blocks;
    };
    step();
    const second = step();
    const held = memory.allocatedBytes;
    expect(held).toBe(sizes.reduce((total, bytes) => total + Math.ceil(bytes / 64) * 64, 0));
    for (let i = 0; i < 50; i++) expect(step()).toEqual(second);
    expect(memory.allocatedBytes).toBe(held);
    arena.dispose();
    expect(memory.allocatedBytes).toBe(0);
  });

  it('takes of the memory what its largest step takes, whatever the sizes of the others', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.nat({ max: 2_000_000 }), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 25 }), (steps) => {
      const memory = makeMemory(2, 1024);
      const arena = new Arena(memory);
      for (const sizes of steps) {
        for (const bytes of sizes) arena.allocate(bytes, 'step');
        arena.reset();
      }
      const taken = steps.map((sizes) => sizes.reduce((total, bytes) => total + Math.max(64, Math.ceil(bytes / 64) * 64), 0));
      // Within a step, pieces of a chunk that were too small for what came next, of which each is smaller than that; and pages.
      expect(memory.byteLength).toBeLessThanOrEqual(2 * Math.max(...taken) + 2_000_000 + 3 * 65_536);
    }), { numRuns: 60 });
  });

  it('goes on in pieces where no room is left for one', () => {
    const memory = makeMemory(2, 80);
    const arena = new Arena(memory);
    arena.allocate(1_500_000, 'first');
    const between = memory.allocate(64, 'between');
    arena.allocate(2_000_000, 'second');
    arena.reset();
    const bound = memory.byteLength;
    memory.allocate(memory.maximumBytes - bound, 'the rest');
    expect(() => [1_500_000, 2_000_000].map((bytes) => arena.allocate(bytes, 'again'))).not.toThrow();
    memory.free(between);
  });

  it('hands out aligned blocks that do not touch', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 400_000 }), { maxLength: 30 }), (sizes) => {
      const arena = new Arena(makeMemory(2, 1024));
      const blocks = sizes.map((bytes) => ({ start: arena.allocate(bytes, 'block'), bytes })).sort((a, b) => a.start - b.start);
      blocks.forEach(({ start, bytes }, index) => {
        expect(start % 64).toBe(0);
        expect(start + bytes).toBeLessThanOrEqual(blocks[index + 1]?.start ?? Infinity);
      });
    }), { numRuns: 30 });
  });
});

describe('tensors of a step', () => {
  it('cannot be used when their step is over', async () => {
    const core = await openCore();
    const stepper = new Stepper(core);
    const kept = stepper.step((tape) => relu(tape, tape.from([1, -2], [2])));
    expect(() => kept.toArray()).toThrow('tensor [2]: its step has ended and its memory is reused; copy it inside the step with toArray() or item()');
    expect(() => kept.view([2, 1])).toThrow('its step has ended');
    const persistent = Tensor.from(core, [1], [1]);
    persistent.dispose();
    expect(() => persistent.item()).toThrow('tensor [1]: used after dispose()');
    persistent.dispose();
  });

  it('are freed when the step throws, and a step inside a step is refused', async () => {
    const core = await openCore();
    const stepper = new Stepper(core);
    expect(() => stepper.step(() => stepper.step(() => 1))).toThrow('step: expected one step at a time, got a step inside a step');
    expect(stepper.step((tape) => tape.from([7], [1]).item())).toBe(7);
    stepper.dispose();
    expect(core.memory.allocatedBytes).toBe(0);
  });
});

it('two hundred training steps leave the memory as the first did', async () => {
  const core = await openCore();
  const stepper = new Stepper(core);
  const generator = new Generator(core, 1);
  const layers = [new Linear(core, 50, 30), new Linear(core, 30, 4)];
  for (const layer of layers) layer.initialize(generator);
  const adam = new Adam(layers.flatMap(({ weight, bias }) => [weight, bias!]));
  const losses: number[] = [];
  const train = () =>
    losses.push(stepper.step((tape) => {
      const x = tape.empty([64, 50], 'float32', 'x');
      generator.fillUniform(x, -1, 1);
      const loss = mse(tape, layers[1]!.forward(tape, layers[0]!.forward(tape, x, { activation: 'tanh' })), tape.from(new Float32Array(256), [64, 4]));
      tape.backward(loss);
      adam.step();
      return loss.item();
    }));
  train();
  const { byteLength, allocatedBytes } = core.memory;
  for (let i = 0; i < 200; i++) {
    train();
    expect([core.memory.byteLength, core.memory.allocatedBytes]).toEqual([byteLength, allocatedBytes]);
  }
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
});
