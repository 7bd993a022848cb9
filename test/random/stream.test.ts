import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import {
  Generator, randomSplit, replacementOrderFromGlobal, shuffledOrder, shuffledOrderFromGlobal,
} from '../../src/random/index.js';
import { sizeOf, type DType, type Tensor } from '../../src/tensor/tensor.js';
import { expectExactly, fixture, largestDifference, type Call, type Parameter } from './fixture.js';

// float64 normals go through glibc's log, sin and cos in PyTorch; ours differ in the last bits.
const FLOAT64_NORMALS = 1e-14;

function taken(tensor: Tensor) {
  const values = tensor.toArray();
  tensor.dispose();
  return values;
}

function expectNormals(tensor: Tensor, { result }: Call, what: string): void {
  if (tensor.dtype === 'float32') expectExactly(taken(tensor), result, what);
  else expect(largestDifference(taken(tensor), result), what).toBeLessThanOrEqual(FLOAT64_NORMALS);
}

function expectLayer(generator: Generator, layer: string, parameters: Parameter[]): void {
  for (const { name, shape, ...expected } of parameters) {
    const what = `${layer} ${name}`;
    if (layer.startsWith('embedding')) {
      expectExactly(taken(generator.randn(shape)), expected, what);
      continue;
    }
    const fanIn = sizeOf(parameters[0]!.shape.slice(1));
    let bound = 1 / Math.sqrt(fanIn);
    if (layer.startsWith('lstm')) bound = 1 / Math.sqrt(parameters[1]!.shape[1]!);
    else if (name === 'weight') bound = Math.sqrt(3) * (Math.sqrt(2 / (1 + Math.sqrt(5) ** 2)) / Math.sqrt(fanIn));
    expectExactly(taken(generator.uniform(shape, -bound, bound)), expected, what);
  }
}

function expectCall(generator: Generator, call: Call, what: string): void {
  const { op, result, size } = call;
  const args = call.args as Record<string, unknown> as Record<string, number>;
  const dtype = call.dtype as DType;
  switch (op) {
    case 'rand': return expectExactly(taken(generator.rand([size], dtype)), result, what);
    case 'uniform_': return expectExactly(taken(generator.uniform([size], args.low!, args.high!, dtype)), result, what);
    case 'randn': return expectNormals(generator.randn([size], dtype), call, what);
    case 'normal_': return expectNormals(generator.normal([size], args.mean!, args.std!, dtype), call, what);
    case 'randperm': return expectExactly(generator.randperm(args.n!), result, what);
    case 'randint': return expectExactly(generator.randint(args.low!, args.high!, size), result, what);
    case 'random_': return expectExactly(Array.from({ length: size }, () => generator.randomInt64()), result, what);
    case 'bernoulli_': return expectExactly(taken(generator.bernoulli(args.p!, [size])), result, what);
    case 'dropout': return expectExactly(taken(generator.dropoutMask(args.p!, [size])), result, what);
    case 'get_state': {
      // The twin is a normal: its last bits may differ, everything else may not.
      const [mine, theirs] = [generator.state(), new Uint8Array(Buffer.from(result.base64, 'base64'))];
      const twin = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(5024, true);
      expect(Math.abs(twin(mine) - twin(theirs)), what).toBeLessThanOrEqual(FLOAT64_NORMALS);
      mine.set(theirs.subarray(5024, 5032), 5024);
      return expect(Buffer.from(mine).equals(Buffer.from(theirs)), what).toBe(true);
    }
    case 'layer_init': return expectLayer(generator, String(args.layer), result.parameters);
    case 'random_split': {
      const sizes = args.sizes as unknown as number[];
      const parts = randomSplit(generator, sizes.reduce((a, b) => a + b, 0), sizes);
      return parts.forEach((part, i) => expectExactly(part, result.parts[i]!, `${what} part ${i}`));
    }
    case 'loader_shuffle':
      return result.epochs.forEach((epoch, i) => {
        const order = args.generator ? shuffledOrder(generator, args.n!) : shuffledOrderFromGlobal(generator, args.n!);
        expectExactly(order, epoch, `${what} epoch ${i}`);
      });
    case 'loader_replacement':
      return result.epochs.forEach((epoch, i) => {
        expectExactly(replacementOrderFromGlobal(generator, args.n!, args.num_samples!), epoch, `${what} epoch ${i}`);
      });
    default: throw new Error(`random.json: no test for op ${op}`);
  }
}

describe.each(['strict'] as const)('PyTorch 1.13, %s build', (profile) => {
  let core: Core;
  beforeAll(async () => {
    core = await openCore({ profile });
    expect(core.profile).toBe(profile);
  });

  it.each(fixture.cases)('$name', ({ seed, calls }) => {
    const generator = new Generator(core, seed);
    calls.forEach((call, i) => expectCall(generator, call, `call ${i}: ${call.op} ${JSON.stringify(call.args)} ${call.dtype} ${call.size}`));
    generator.dispose();
  });
});
