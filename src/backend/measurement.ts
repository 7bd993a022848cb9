// Times ops on both sides of a device, and moving between them.
import type { Core } from '../core/index.js';
import { Adam, Conv2d, Linear } from '../nn/index.js';
import { Generator } from '../random/index.js';
import { mse, scale, Stepper, type Tensor, type Device, type Pair, type Placement, type Tape } from '../tensor/index.js';
import { everythingOn, type Costs, type Family, type Line, type SidedCosts } from './placement.js';

/** Monotonic milliseconds. */
export type Clock = () => number;

/** A cell of the calibration ends once it has taken so long, and each side has had a few runs. */
const CELL_MILLISECONDS = 250;
const LEAST_RUNS = 4;
const MOST_RUNS = 30;
/** A side that takes longer than this is not asked for more work: it is taken to go on in proportion. */
const TOO_LONG = 400;

/** Fraction of pixels that differ from the background in MNIST. */
const DENSITY = 0.19;

/** A part of a run, in milliseconds. */
type Parts = readonly number[];

function total(parts: Parts): number {
  return parts.reduce((sum, part) => sum + part, 0);
}

/** The shortest of every part over runs of all contestants in turns, so that what else the machine does meets all of them. */
export async function shortestParts(clock: Clock, contestants: readonly (() => Promise<Parts>)[]): Promise<Parts[]> {
  const shortest: Parts[] = [];
  const slow: boolean[] = [];
  for (const run of contestants) {
    // The first run may have compiled a shader; where the second takes as long, two are enough.
    const first = await run();
    const parts = total(first) > TOO_LONG ? await run() : first;
    slow.push(total(parts) > TOO_LONG);
    shortest.push(slow.at(-1) === true ? parts : parts.map(() => Infinity));
  }
  const start = clock();
  if (slow.every((isSlow) => isSlow)) return shortest;
  for (let count = 0; count < MOST_RUNS && (count < LEAST_RUNS || clock() - start < CELL_MILLISECONDS); count++) {
    for (const [index, run] of contestants.entries()) {
      if (slow[index] !== true) shortest[index] = (await run()).map((part, at) => Math.min(part, shortest[index]![at]!));
    }
  }
  return shortest;
}

async function shortestRun(clock: Clock, run: () => Promise<void>): Promise<number> {
  const timed = async () => {
    const start = clock();
    await run();
    return [clock() - start];
  };
  return (await shortestParts(clock, [timed]))[0]![0]!;
}

/** Where ops are timed: the core, or a device that is waited for, which takes `waiting` milliseconds by itself. */
interface Side {
  placement: Placement | undefined;
  waiting: number;
}

const finish = async ({ placement }: Side) => placement?.device.finish();

/** Something to train on one side; a run gives the milliseconds of its forward pass, and of its gradients with Adam. */
interface Workload {
  run(): Promise<Parts>;
  dispose(): void;
}

function makeWorkload(core: Core, clock: Clock, side: Side, layer: Linear | Conv2d, x: Tensor, apply: (tape: Tape) => Tensor): Workload {
  const stepper = new Stepper(core, side.placement);
  const optimizer = new Adam([layer.weight, layer.bias!]);
  return {
    run: () =>
      stepper.step(async (tape) => {
        const start = clock();
        const output = apply(tape);
        await finish(side);
        const middle = clock();
        tape.backward(output);
        optimizer.step();
        await finish(side);
        return [middle - start, clock() - middle].map((part) => Math.max(0, part - side.waiting));
      }),
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

function linearWorkload(core: Core, clock: Clock, side: Side, [batch, inputs, outputs]: readonly number[], isSparse: boolean): Workload {
  const layer = new Linear(core, inputs!, outputs!);
  const generator = new Generator(core, 2);
  layer.initialize(generator);
  generator.dispose();
  const x = drawInput(core, [batch!, inputs!], isSparse);
  const options = { activation: 'relu', inputOffset: isSparse ? -0.42 : 0 } as const;
  return makeWorkload(core, clock, side, layer, x, (tape) => layer.forward(tape, x, options));
}

function convolutionWorkload(core: Core, clock: Clock, side: Side, [batch, inputs, outputs, extent]: readonly number[]): Workload {
  const padding: Pair = [1, 1];
  const layer = new Conv2d(core, inputs!, outputs!, [3, 3], { padding });
  const x = drawInput(core, [batch!, inputs!, extent!, extent!], false);
  return makeWorkload(core, clock, side, layer, x, (tape) => layer.forward(tape, x, { activation: 'relu' }));
}

const LINEAR_SIZES = [[16, 16, 8], [128, 784, 16], [1024, 784, 32], [1024, 784, 128], [1024, 784, 512]];
const CONVOLUTION_SIZES = [[1, 1, 4, 8], [32, 1, 8, 28], [64, 8, 16, 28]];
const ELEMENTWISE_SIZES = [[16], [65_536], [1_048_576]];

/** A workload's times on both sides at one size. */
interface Point {
  work: number;
  /** Forward pass and gradients, for each side; none where a side was too slow to be run. */
  sides: (Parts | undefined)[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** The smallest size gives the overhead, the median of the others the rate: one disturbed timing changes neither. */
function lineOf(points: readonly Point[], side: number, part: number): Line {
  const known = points.map(({ work, sides }) => ({ work, milliseconds: sides[side]?.[part] })).filter(({ milliseconds }) => milliseconds !== undefined);
  const overhead = known[0]!.milliseconds!;
  return { overhead, perUnit: median(known.slice(1).map(({ work, milliseconds }) => Math.max(0, milliseconds! - overhead) / work)) };
}

function costsOf(points: readonly Point[], part: number): SidedCosts {
  return { core: lineOf(points, 0, part), device: lineOf(points, 1, part) };
}

async function measureSizes(
  clock: Clock, sides: readonly Side[], sizes: readonly (readonly number[])[], workOf: (size: readonly number[]) => number,
  make: (side: Side, size: readonly number[]) => Workload,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const size of sizes) {
    const before = points.at(-1)?.sides ?? [[], []];
    // Two points at least: the overhead's and one for the rate.
    const isRun = before.map((parts) => points.length < 2 || (parts !== undefined && total(parts) < TOO_LONG));
    const workloads = sides.map((side, index) => (isRun[index] ? make(side, size) : undefined));
    const present = workloads.filter((workload) => workload !== undefined);
    const shortest = await shortestParts(clock, present.map(({ run }) => run));
    for (const workload of present) workload.dispose();
    points.push({ work: workOf(size), sides: workloads.map((workload) => (workload === undefined ? undefined : shortest[present.indexOf(workload)])) });
  }
  return points;
}

function elementwiseWorkload(core: Core, clock: Clock, side: Side, size: number): Workload {
  const x = drawInput(core, [size], false);
  const stepper = new Stepper(core, side.placement);
  return {
    run: () =>
      stepper.step(async (tape) => {
        const start = clock();
        scale(tape, x, 0.5);
        await finish(side);
        return [Math.max(0, clock() - start - side.waiting)];
      }, { record: false }),
    dispose: () => {
      x.dispose();
      stepper.dispose();
    },
  };
}

/** A line through the times of a small and a large tensor. */
async function measureTransfer(time: (values: Float32Array) => Promise<number>): Promise<Line> {
  const [few, many] = [16, 1_048_576];
  const [small, large] = [await time(new Float32Array(few).fill(1)), await time(new Float32Array(many).fill(1))];
  return { overhead: small, perUnit: Math.max(0, large - small) / (4 * (many - few)) };
}

async function measureMoves(device: Device, clock: Clock): Promise<{ upload: Line; download: Line }> {
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
  const sides: Side[] = [{ placement: undefined, waiting: 0 }, { placement: everythingOn(device), waiting: await shortestRun(clock, () => device.finish()) }];
  const products = ([batch, inputs, outputs]: readonly number[]) => batch! * inputs! * outputs!;
  const convolutions = ([batch, inputs, outputs, extent]: readonly number[]) => batch! * inputs! * outputs! * 9 * extent! * extent!;
  onProgress(`${device.name}: products`);
  const dense = await measureSizes(clock, sides, LINEAR_SIZES, products, (side, size) => linearWorkload(core, clock, side, size, false));
  onProgress(`${device.name}: products with images`);
  const sparse = await measureSizes(clock, sides, LINEAR_SIZES, products, (side, size) => linearWorkload(core, clock, side, size, true));
  onProgress(`${device.name}: convolutions`);
  const convolution = await measureSizes(clock, sides, CONVOLUTION_SIZES, convolutions, (side, size) => convolutionWorkload(core, clock, side, size));
  onProgress(`${device.name}: elementwise and moving`);
  const elementwise = await measureSizes(clock, sides, ELEMENTWISE_SIZES, ([size]) => size!, (side, [size]) => elementwiseWorkload(core, clock, side, size!));
  const families: Record<Family, SidedCosts> = {
    product: costsOf(dense, 0), 'product gradient': costsOf(dense, 1), 'sparse product': costsOf(sparse, 0), 'sparse product gradient': costsOf(sparse, 1),
    convolution: costsOf(convolution, 0), 'convolution gradient': costsOf(convolution, 1), elementwise: costsOf(elementwise, 0),
  };
  return { families, ...(await measureMoves(device, clock)) };
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
