// Times ops on both sides of a device, and moving between them.
import type { Core } from '../core/index.js';
import { Adam, Conv2d, Linear } from '../nn/index.js';
import { Generator } from '../random/index.js';
import { mse, scale, Stepper, type Tensor, type Device, type Pair, type Placement, type Tape } from '../tensor/index.js';
import { everythingOn, type Costs, type Curve, type Family, type Transfer } from './placement.js';

/** Monotonic milliseconds. */
export type Clock = () => number;

/** A cell of the calibration ends once it has taken so long, or had so many runs. */
const CELL_MILLISECONDS = 120;
const CELL_RUNS = 5;
/** A side that takes longer than this is not asked for more work: it is taken to go on in proportion. */
const TOO_LONG = 400;

/** Fraction of pixels that differ from the background in MNIST. */
const DENSITY = 0.19;

/** Shortest of several runs, after one that warms up. */
export async function shortestRun(clock: Clock, run: () => Promise<void>): Promise<number> {
  const timed = async () => {
    const start = clock();
    await run();
    return clock() - start;
  };
  const first = await timed();
  // The first run may have compiled a shader; a second one as long would tell nothing new.
  if (first > 4 * TOO_LONG) return first;
  let shortest = Infinity;
  let total = 0;
  for (let count = 0; count < CELL_RUNS && total < CELL_MILLISECONDS; count++) {
    const milliseconds = await timed();
    shortest = Math.min(shortest, milliseconds);
    total += milliseconds;
  }
  return shortest;
}

/** Something to train on one side: its forward pass, and a whole step with gradients and Adam. */
interface Workload {
  forward(): Promise<void>;
  step(): Promise<void>;
  dispose(): void;
}

function makeWorkload(core: Core, placement: Placement | undefined, layer: Linear | Conv2d, x: Tensor, apply: (tape: Tape) => Tensor): Workload {
  const stepper = new Stepper(core, placement);
  const optimizer = new Adam([layer.weight, layer.bias!]);
  const finish = async () => placement?.device.finish();
  return {
    forward: async () => {
      stepper.step((tape) => void apply(tape), { record: false });
      await finish();
    },
    step: async () => {
      stepper.step((tape) => {
        const output = apply(tape);
        tape.backward(output);
        optimizer.step();
      });
      await finish();
    },
    dispose: () => {
      for (const owned of [optimizer, layer, x, stepper]) owned.dispose();
    },
  };
}

/** Normal values; with `isSparse` as many of them zero as an image has background. */
function drawInput(core: Core, shape: number[], isSparse: boolean): Tensor {
  const generator = new Generator(core, 1);
  const x = generator.randn(shape);
  if (isSparse) {
    const { data } = x;
    const kept = generator.rand(shape);
    kept.data.forEach((value, index) => {
      if (value >= DENSITY) data[index] = 0;
    });
    kept.dispose();
  }
  generator.dispose();
  return x;
}

function linearWorkload(core: Core, placement: Placement | undefined, [batch, inputs, outputs]: readonly number[], isSparse: boolean): Workload {
  const layer = new Linear(core, inputs!, outputs!);
  const generator = new Generator(core, 2);
  layer.initialize(generator);
  generator.dispose();
  const x = drawInput(core, [batch!, inputs!], isSparse);
  const options = { activation: 'relu', inputOffset: isSparse ? -0.42 : 0 } as const;
  return makeWorkload(core, placement, layer, x, (tape) => layer.forward(tape, x, options));
}

function convolutionWorkload(core: Core, placement: Placement | undefined, [batch, inputs, outputs, side]: readonly number[]): Workload {
  const padding: Pair = [1, 1];
  const layer = new Conv2d(core, inputs!, outputs!, [3, 3], { padding });
  const x = drawInput(core, [batch!, inputs!, side!, side!], false);
  return makeWorkload(core, placement, layer, x, (tape) => layer.forward(tape, x, { activation: 'relu' }));
}

const LINEAR_SIZES = [[16, 16, 8], [1024, 784, 16], [1024, 784, 64], [1024, 784, 256], [1024, 784, 1024]];
const CONVOLUTION_SIZES = [[1, 1, 4, 8], [32, 1, 8, 28], [64, 8, 16, 28]];
const ELEMENTWISE_SIZES = [16, 65_536, 1_048_576];

interface PairOfCurves {
  forward: Curve;
  gradient: Curve;
}

/** Both curves of a layer, size by size, until a side takes too long. */
async function measureLayer(
  clock: Clock, sides: readonly (Placement | undefined)[], sizes: readonly (readonly number[])[], workOf: (size: readonly number[]) => number,
  make: (placement: Placement | undefined, size: readonly number[]) => Workload,
): Promise<PairOfCurves> {
  const work = sizes.map(workOf);
  const measured = sides.map(() => ({ forward: [] as number[], gradient: [] as number[] }));
  for (const [side, placement] of sides.entries()) {
    const { forward, gradient } = measured[side]!;
    for (const [index, size] of sizes.entries()) {
      const share = index === 0 ? 0 : work[index]! / work[index - 1]!;
      if (index > 0 && forward[index - 1]! + gradient[index - 1]! > TOO_LONG) {
        forward.push(forward[index - 1]! * share);
        gradient.push(gradient[index - 1]! * share);
        continue;
      }
      const workload = make(placement, size);
      forward.push(await shortestRun(clock, workload.forward));
      gradient.push(Math.max(0, (await shortestRun(clock, workload.step)) - forward[index]!));
      workload.dispose();
    }
  }
  const [core, device] = measured as [(typeof measured)[0], (typeof measured)[0]];
  return {
    forward: { work, core: core.forward, device: device.forward },
    gradient: { work, core: core.gradient, device: device.gradient },
  };
}

async function measureElementwise(core: Core, clock: Clock, sides: readonly (Placement | undefined)[]): Promise<Curve> {
  const [onCore, onDevice] = [[] as number[], [] as number[]];
  for (const [side, placement] of sides.entries()) {
    for (const size of ELEMENTWISE_SIZES) {
      const x = drawInput(core, [size], false);
      const stepper = new Stepper(core, placement);
      const run = async () => {
        stepper.step((tape) => void scale(tape, x, 0.5), { record: false });
        await placement?.device.finish();
      };
      (side === 0 ? onCore : onDevice).push(await shortestRun(clock, run));
      x.dispose();
      stepper.dispose();
    }
  }
  return { work: ELEMENTWISE_SIZES, core: onCore, device: onDevice };
}

/** A line through the times of a small and a large tensor. */
async function measureTransfer(time: (values: Float32Array) => Promise<number>): Promise<Transfer> {
  const [few, many] = [16, 1_048_576];
  const [small, large] = [await time(new Float32Array(few).fill(1)), await time(new Float32Array(many).fill(1))];
  return { overhead: small, perByte: Math.max(0, large - small) / (4 * (many - few)) };
}

async function measureMoves(device: Device, clock: Clock): Promise<{ upload: Transfer; download: Transfer }> {
  /** An op on values there makes sure that they have arrived. */
  const use = async (handle: object, size: number) => {
    device.dispose(device.scale({ handle, shape: [size] }, 1));
    await device.finish();
  };
  const upload = await measureTransfer(async (values) => {
    const kept = device.upload(values, [values.length]);
    const resident = await shortestRun(clock, () => use(kept, values.length));
    device.dispose(kept);
    const sent = await shortestRun(clock, async () => {
      const handle = device.upload(values, [values.length]);
      await use(handle, values.length);
      device.dispose(handle);
    });
    return Math.max(0, sent - resident);
  });
  const download = await measureTransfer(async (values) => {
    const kept = { handle: device.upload(values, [values.length]), shape: [values.length] };
    const made = async (isRead: boolean) => {
      const handle = device.scale(kept, 1);
      if (isRead) values.set(await device.read(handle));
      else await device.finish();
      device.dispose(handle);
    };
    const unread = await shortestRun(clock, () => made(false));
    const read = await shortestRun(clock, () => made(true));
    device.dispose(kept.handle);
    return Math.max(0, read - unread);
  });
  return { upload, download };
}

/** Measures what {@link byCosts} needs. @param onProgress told what comes next */
export async function measureCosts(core: Core, device: Device, clock: Clock, onProgress: (what: string) => void = () => {}): Promise<Costs> {
  const sides = [undefined, everythingOn(device)];
  const products = ([batch, inputs, outputs]: readonly number[]) => batch! * inputs! * outputs!;
  const convolutions = ([batch, inputs, outputs, side]: readonly number[]) => batch! * inputs! * outputs! * 9 * side! * side!;
  onProgress(`${device.name}: products`);
  const dense = await measureLayer(clock, sides, LINEAR_SIZES, products, (placement, size) => linearWorkload(core, placement, size, false));
  onProgress(`${device.name}: products with images`);
  const sparse = await measureLayer(clock, sides, LINEAR_SIZES, products, (placement, size) => linearWorkload(core, placement, size, true));
  onProgress(`${device.name}: convolutions`);
  const convolution = await measureLayer(clock, sides, CONVOLUTION_SIZES, convolutions, (placement, size) => convolutionWorkload(core, placement, size));
  onProgress(`${device.name}: elementwise and moving`);
  const curves: Record<Family, Curve> = {
    product: dense.forward, 'product gradient': dense.gradient, 'sparse product': sparse.forward, 'sparse product gradient': sparse.gradient,
    convolution: convolution.forward, 'convolution gradient': convolution.gradient, elementwise: await measureElementwise(core, clock, sides),
  };
  return { curves, ...(await measureMoves(device, clock)) };
}

/** A training step of one layer of `width`, timed; it ends with the loss in the core, as a training loop's. */
export function layerStep(core: Core, placement: Placement | undefined, batch: number, inputs: number, width: number): { step(): Promise<void>; dispose(): void } {
  const layer = new Linear(core, inputs, width);
  const generator = new Generator(core, 3);
  layer.initialize(generator);
  const x = generator.randn([batch, inputs]);
  const target = generator.randn([batch, width]);
  generator.dispose();
  const stepper = new Stepper(core, placement);
  const optimizer = new Adam([layer.weight, layer.bias!]);
  return {
    step: () =>
      stepper.step(async (tape) => {
        const loss = mse(tape, layer.forward(tape, x, { activation: 'relu' }), target);
        tape.backward(loss);
        optimizer.step();
        await loss.fetch();
      }),
    dispose: () => {
      for (const owned of [optimizer, layer, x, target, stepper]) owned.dispose();
    },
  };
}
