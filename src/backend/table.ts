// The proof of a calibration: whole training steps of ten layer sizes by the core, by the device and by auto.
import type { Core } from '../core/index.js';
import type { Device, Placement } from '../tensor/index.js';
import { layerStep, type Clock } from './measurement.js';
import { byCosts, everythingOn, type Costs } from './placement.js';

export const TABLE_WIDTHS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
const BATCH = 1024;
const INPUTS = 784;
/** A row ends once it has taken so long, and each contestant has had two runs. */
const ROW_MILLISECONDS = 900;
const ROW_RUNS = 40;
/** A device expected to need longer than this for one step is not run. */
const TOO_LONG = 2500;

export interface TableRow {
  width: number;
  /** Milliseconds of a training step. */
  core: number;
  device: number;
  auto: number;
  /** The device's time is in proportion to the row before: it was too slow to be run. */
  isExtrapolated: boolean;
  /** Ops of auto's step that the device made, and all ops that it could have made. */
  placed: number;
  placeable: number;
  /** How much longer auto took than the better side, in percent; negative when it was faster than both. */
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

async function measureRow(core: Core, device: Device, costs: Costs, clock: Clock, width: number, expected: number): Promise<TableRow> {
  const auto = counted(byCosts(device, costs));
  const isExtrapolated = expected > TOO_LONG;
  const placements = isExtrapolated ? [undefined, auto] : [undefined, auto, everythingOn(device)];
  const contestants = placements.map((placement) => ({ ...layerStep(core, placement, BATCH, INPUTS, width), shortest: Infinity }));
  for (const { step } of contestants) await step();
  const start = clock();
  // In turns, so that what else the machine does meets all of them.
  for (let run = 0; run < ROW_RUNS && (run < 2 || clock() - start < ROW_MILLISECONDS); run++) {
    for (const contestant of contestants) {
      auto.placed = auto.placeable = 0;
      const began = clock();
      await contestant.step();
      contestant.shortest = Math.min(contestant.shortest, clock() - began);
      if (contestant === contestants[1]) Object.assign(contestant, { placed: auto.placed, placeable: auto.placeable });
    }
  }
  for (const { dispose } of contestants) dispose();
  const [onCore, byAuto, onDevice] = contestants.map(({ shortest }) => shortest) as [number, number, number?];
  const { placed, placeable } = contestants[1] as unknown as { placed: number; placeable: number };
  const deviceTime = onDevice ?? expected;
  return {
    width, core: onCore, device: deviceTime, auto: byAuto, isExtrapolated, placed, placeable, lossPercent: (byAuto / Math.min(onCore, deviceTime) - 1) * 100,
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
