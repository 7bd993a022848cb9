import { Command, Option } from 'commander';
import { measureTable, type CalibrationKey, type Costs, type TableRow } from '../backend/index.js';
import type { Core } from '../core/index.js';
import { calibrate, calibrationKey, findBackends, slownessOf, type FoundBackend } from './backend-choice.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';

interface BackendOptions extends CoreFlags {
  json?: boolean;
}

interface Calibrated {
  key: CalibrationKey;
  path: string | null;
  costs: Costs;
  table: TableRow[];
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const found = await findBackends(context);
  if (json) {
    const entries = found.map(({ name, device, reason }) => (device === undefined ? { name, usable: false, reason } : { name, usable: true, tfjs: device.version, hardware: device.hardware }));
    return context.stdout(`${JSON.stringify([{ name: 'core', usable: true }, ...entries])}\n`);
  }
  const words = ({ device, reason }: FoundBackend) =>
    device === undefined ? `not here: ${reason}` : `usable: tfjs ${device.version}${device.hardware === '' ? '' : ` on ${device.hardware}`}`;
  const lines = found.map((each) => `${each.name.padEnd(12)} ${words(each)}`);
  context.stdout([`${'core'.padEnd(12)} usable: the same bits everywhere`, ...lines, ''].join('\n'));
}

function taken({ placed, placeable }: TableRow, device: string): string {
  if (placed === 0) return 'core';
  return placed === placeable ? device : `${device} for ${Math.round((100 * placed) / placeable)} % of ops`;
}

function printTable(context: CliContext, { key, table, path }: Calibrated): void {
  const row = (cells: string[]) => cells.map((cell, index) => (index === 4 ? ` ${cell.padEnd(30)}` : cell.padStart(index === 0 ? 6 : 13))).join('');
  const lines = table.map((each) => row([
    String(each.width), each.core.toFixed(2), `${each.isExtrapolated ? '~' : ''}${each.device.toFixed(2)}`, each.auto.toFixed(2), taken(each, key.backend),
    `${each.lossPercent >= 0 ? '+' : ''}${each.lossPercent.toFixed(1)} %`,
  ]));
  context.stdout([
    `${key.backend} (tfjs ${key.backendVersion}${key.hardware === '' ? '' : `, ${key.hardware}`}) beside the core (${key.profile}, ${key.threads} thread${key.threads === 1 ? '' : 's'}) on ${key.engine}, ${key.cpu}`,
    'milliseconds of a training step of one layer: 784 inputs, batch 1024',
    row(['width', 'core', key.backend, 'auto', 'auto takes', 'against the better']),
    ...lines,
    ...(table.some(({ isExtrapolated }) => isExtrapolated) ? ['~ too slow to be run: in proportion to the row above'] : []),
    path === null ? 'not kept' : `kept in ${path}`, '',
  ].join('\n'));
}

async function calibrateAll(context: CliContext, core: Core): Promise<Calibrated[]> {
  const results: Calibrated[] = [];
  for (const { device, name, reason } of await findBackends(context)) {
    if (device === undefined) {
      context.stderr(`${name}: not here: ${reason}\n`);
      continue;
    }
    const { costs, path } = await calibrate(context, core, device);
    const table: TableRow[] = [];
    for await (const row of measureTable(core, device, costs, () => context.runtime.now())) {
      context.stderr(`${name}: layers of ${row.width}\n`);
      table.push(row);
    }
    results.push({ key: calibrationKey(context, core, device), path: path ?? null, costs, table });
  }
  return results.sort((a, b) => slownessOf(a.costs) - slownessOf(b.costs));
}

/** `isolab backend`: what can be used here; `isolab backend calibrate`: what `--backend auto` goes by. */
export function backendCommand(context: CliContext): Command {
  const json = () => new Option('--json', 'print one line of JSON on stdout');
  const command = new Command('backend').description('lists the backends that can be used here; calibrate measures them for --backend auto');
  command.addOption(json()).action((options: BackendOptions) => list(context, options.json === true));
  const calibration = new Command('calibrate')
    .description('measures every usable backend beside the core, keeps the result and prints it for ten layer sizes');
  addCoreOptions(calibration, 'Running:')
    .addOption(json())
    .action(async (own: BackendOptions, { parent }: Command) => {
      const core = await openChosenCore(context, own);
      const results = await calibrateAll(context, core).finally(() => core.close());
      if (own.json === true || (parent!.opts() as BackendOptions).json === true) return context.stdout(`${JSON.stringify(results)}\n`);
      if (results.length === 0) return context.stdout('no tfjs backend can be used here: --backend auto is the core\n');
      for (const result of results) printTable(context, result);
      context.stdout(`--backend auto weighs the core against ${results[0]!.key.backend}\n`);
    });
  command.addCommand(calibration);
  return command;
}
