import { Command, Option } from 'commander';
import { sha256 } from '../core/index.js';
import { drawSweepFigures, reportPage } from '../report/index.js';
import { SweepFolder } from '../runs/sweep-folder.js';
import type { CliContext } from './context.js';
import { addSweepOptions, planOptions, type SweepFlags } from './sweep.js';
import { collectRuns, writeCollected, type Collected } from './sweep-collect.js';
import { planSweep, readSweep, type SweepPlan } from './sweep-plan.js';
import { readSweepTable } from './sweep-table-file.js';

interface ReportFlags extends SweepFlags {
  table?: string;
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort();
}

function writePage(plan: SweepPlan, { table, digest, times, expected }: Collected) {
  const known = times.flatMap(({ times: own }) => (own === undefined ? [] : [own]));
  const [first] = table.rows;
  const figures = drawSweepFigures(plan.spec, table.rows);
  const page = reportPage(plan.spec, figures, {
    recorded: table.rows.length, expected, seeds: [...new Set(table.rows.map(({ seed }) => Number(seed)))].sort((a, b) => a - b),
    profile: String(first!.profile), wasmHash: String(first!.wasm_sha256),
    data: distinct(table.rows.map(({ dataset, data_sha256 }) => `${String(dataset)} ${String(data_sha256)}`)).map((text) => ({ name: text.split(' ')[0]!, sha256: text.split(' ')[1]! })),
    tableDigest: digest, seconds: known.length === 0 ? undefined : known.reduce((sum, { seconds }) => sum + seconds, 0),
    programs: distinct(known.map(({ program }) => program)), engines: distinct(known.map(({ engine }) => engine)),
  });
  return { figures, page };
}

async function report(context: CliContext, given: string, flags: ReportFlags): Promise<void> {
  const { files } = context.runtime;
  const plan = await planSweep(context, await readSweep(context, given), planOptions(flags));
  const folder = new SweepFolder(files, flags.outDir);
  const fromFile = flags.table === undefined ? undefined : await readSweepTable(files, flags.table, plan.spec);
  const collected = fromFile === undefined ? await collectRuns(folder, plan) : { ...fromFile, digest: await sha256(fromFile.csv), times: [], expected: plan.runs.length + plan.withoutData.length };
  if (collected.table.rows.length === 0) throw new Error(`report: expected recorded runs of ${plan.spec.name} in ${flags.table ?? folder.path}, got none; isolab sweep run computes them`);
  const { figures, page } = writePage(plan, collected);
  const sweep = plan.spec.name;
  const paths = fromFile === undefined ? await writeCollected(folder, sweep, collected) : [];
  for (const { name, svg } of figures) paths.push(await folder.writeForSweep(sweep, `figures/${name}.svg`, svg));
  paths.push(await folder.writeForSweep(sweep, 'report.html', page));
  for (const path of paths) context.stdout(`${path}\n`);
}

/** `isolab report`: the figures of a sweep in one HTML file, and as SVG files. */
export function reportCommand(context: CliContext): Command {
  return addSweepOptions(new Command('report').description("a sweep's figures with their numbers as one HTML file, and as SVG files"))
    .addOption(new Option('--table <FILE>', "draw the rows of a collected table.csv in place of the folder's runs"))
    .action((given: string, flags: ReportFlags) => report(context, given, flags));
}
