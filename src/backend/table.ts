// The proof of a calibration: whole training steps of ten layer sizes by the core, by the device and by auto.
import type { Core } from '../core/index.js';
import type { Device, Placement } from '../tensor/index.js';
import { layerStep, type Clock } from './measurement.js';
import { byCosts, everythingOn, type Costs } from './placement.js';

export const TABLE_WIDTHS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
const BATCH = 1024;
const INPUTS = 784;
/** A row ends once it has taken so long, and each contestant has had a few runs. */
const ROW_MILLISECONDS = 2500;
const LEAST_RUNS = 9;
const MOST_RUNS = 150;
/** A device expected to need longer than this for one step is not run. */
const TOO_LONG = 1200;
/** After so many rounds a device that is behind by this factor is asked no more: the rounds go to telling auto from the core. */
const ROUNDS_OF_LOSER = 3;
const BEHIND = 1.3;

export interface TableRow {
  width: number;
  /** Milliseconds of a training step. */
  core: number;
  device: number;
  auto: number;
  /** The device's time is in proportion to the row before: it was too slow to be run. */
  isExtrapolated: boolean;
  /** Ops of auto's steps that the device made, and all ops that it could have made. */
  placed: number;
  placeable: number;
  /** How much longer auto took than the better side, round by round, in percent. */
  lossPercent: number;
}

/** Counts what auto decides. */
function counted(placement: Placement): Placement & { placed: number; placeable: number } {
  const counting = {
    device: placement.device, placed: 0, placeable: 0,
    prefersDevice: (request: Parameters<Placement['prefersDevice']>[0]) => {
      const prefers = placement.prefersDevice(request);
      counting.placeable++;
      if (prefers) counting.placed++;
      return prefers;
    },
  };
  return counting;
}

interface Contestant {
  /** Everything by the device. */
  isDevice: boolean;
  step(): Promise<void>;
  dispose(): void;
  /** Milliseconds, round by round. */
  times: number[];
}

/** All contestants once a round, each round beginning with the next: nobody follows itself, whose data would still be in the caches. */
async function runRounds(contestants: readonly Contestant[], clock: Clock): Promise<void> {
  const timed = async ({ step, times }: Contestant) => {
    const began = clock();
    await step();
    times.push(clock() - began);
  };
  // The first step may compile shaders and moves the parameters, so it is not counted.
  for (const { step } of contestants) await step();
  const start = clock();
  for (const contestant of contestants) await timed(contestant);
  // Who is far too slow is not asked again.
  let going = contestants.filter(({ isDevice, times }) => !isDevice || times[0]! < TOO_LONG);
  for (let round = 0; round < MOST_RUNS && (round < LEAST_RUNS || clock() - start < ROW_MILLISECONDS); round++) {
    if (round === ROUNDS_OF_LOSER) going = going.filter(({ isDevice, times }) => !isDevice || Math.min(...times) < BEHIND * Math.min(...contestants[0]!.times));
    const first = round % going.length;
    for (const contestant of [...going.slice(first), ...going.slice(0, first)]) await timed(contestant);
  }
}

/** Median over rounds of one's time by another's in the same round: other load on the machine meets both. */
function medianRatio(times: readonly number[], others: readonly number[]): number {
  const ratios = times.slice(0, others.length).map((time, round) => time / others[round]!).sort((a, b) => a - b);
  return (ratios[Math.floor((ratios.length - 1) / 2)]! + ratios[Math.ceil((ratios.length - 1) / 2)]!) / 2;
}

async function measureRow(core: Core, device: Device, costs: Costs, clock: Clock, width: number, expected: number): Promise<TableRow> {
  const auto = counted(byCosts(device, costs));
  const isExtrapolated = expected > TOO_LONG;
  const contest = (placement: Placement | undefined, isDevice = false): Contestant => ({
    ...layerStep(core, placement, BATCH, INPUTS, width), isDevice, times: [],
  });
  const [onCore, byAuto, onDevice] = [contest(undefined), contest(auto), isExtrapolated ? undefined : contest(everythingOn(device), true)];
  const contestants = [onCore, byAuto, onDevice].filter((contestant) => contestant !== undefined);
  await runRounds(contestants, clock);
  for (const { dispose } of contestants) dispose();
  const deviceTime = onDevice === undefined ? expected : Math.min(...onDevice.times);
  const better = Math.min(...onCore.times) <= deviceTime || onDevice === undefined ? onCore : onDevice;
  return {
    width, core: Math.min(...onCore.times), device: deviceTime, auto: Math.min(...byAuto.times), isExtrapolated,
    placed: auto.placed, placeable: auto.placeable, lossPercent: (medianRatio(byAuto.times, better.times) - 1) * 100,
  };
}

/** Rows of {@link TABLE_WIDTHS}: layers of 784 inputs, batches of 1024, one training step each. */
export async function* measureTable(core: Core, device: Device, costs: Costs, clock: Clock, widths = TABLE_WIDTHS): AsyncGenerator<TableRow> {
  let before: TableRow | undefined;
  for (const width of widths) {
    const expected = before === undefined ? 0 : before.device * (width / before.width);
    before = await measureRow(core, device, costs, clock, width, expected);
    yield before;
  }
}
