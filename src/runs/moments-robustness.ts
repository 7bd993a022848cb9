import type { Core } from '../core/index.js';
import { loadMnist, type ImageDataset } from '../data/index.js';
import {
  resolveRobustnessConfig, robustnessFields, ROBUSTNESS_COLUMNS, runRobustness, type FurtherTable, type LoadedNetwork, type RobustnessConfig, type RobustnessRow,
} from '../experiments/moments/index.js';
import { lineFigure } from '../figures/index.js';
import type { DataSource } from './data-source.js';
import type { Loaded, MomentExperiment } from './moment-experiment.js';
import { readNetworkFile } from './network-file.js';
import { formatTable } from '../outputs/index.js';

interface Data {
  model: LoadedNetwork;
  images: ImageDataset;
}

async function load(source: DataSource, core: Core, { model, data_dir }: RobustnessConfig): Promise<Loaded<Data>> {
  const { files } = source;
  const network = await readNetworkFile(core, files, '--model', model);
  const pair = await loadMnist(files, source.mnistFolders(data_dir, robustnessFields.data_dir.parse(undefined)));
  return { data: { model: network, images: pair.test }, hash: `${network.hash} ${pair.sha256}` };
}

function areaOf([summary]: readonly FurtherTable[]): number {
  return summary!.rows[0]!.robustness as number;
}

function draw(rows: readonly RobustnessRow[], { count }: RobustnessConfig, area: number): string {
  return lineFigure({
    title: 'Robustness to Gaussian noise',
    description: `Part of the predictions for ${count} images that noise leaves as they are, against its level; the area under the curve is ${area}.`,
    panels: [{
      title: `Robustness ${area.toFixed(4)}, ${count} images`, x: { label: "Noise, part of the inputs' range" }, y: { label: 'Predictions that stay', domain: [0, 1] },
      series: [{ name: 'agreement', points: rows.map(({ sigma, agreement }) => ({ x: sigma, y: agreement })), dots: true }],
    }],
    panelWidth: 520, panelHeight: 340,
  });
}

/** `isolab moments robustness` */
export const robustnessExperiment: MomentExperiment<RobustnessConfig, RobustnessRow, Data> = {
  name: 'robustness', description: "what part of a classifier's predictions survives Gaussian noise, level by level, and the area under it",
  fields: robustnessFields, resolve: resolveRobustnessConfig, load, run: (core, config, _now, data) => runRobustness(core, config, data), columns: ROBUSTNESS_COLUMNS,
  print: (rows, _durations, further) => `${formatTable(ROBUSTNESS_COLUMNS, rows)}robustness ${areaOf(further)}\n`,
  draw: (rows, config, _durations, further) => draw(rows, config, areaOf(further)),
};
