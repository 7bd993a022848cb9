import type { Core } from '../core/index.js';
import { loadMnist } from '../data/index.js';
import {
  gaussianityFields, GAUSSIANITY_COLUMNS, resolveGaussianityConfig, runGaussianity, type FurtherTable, type GaussianityConfig, type GaussianityData, type GaussianityRow,
} from '../experiments/moments/index.js';
import { lineFigure } from '../figures/index.js';
import type { DataSource } from './data-source.js';
import type { Loaded, MomentExperiment } from './moment-experiment.js';
import { readNetworkFile } from './network-file.js';

async function load(source: DataSource, core: Core, { model, image, data_dir }: GaussianityConfig): Promise<Loaded<GaussianityData>> {
  const { files } = source;
  const network = model === null ? undefined : await readNetworkFile(core, files, '--model', model);
  const pair = image === null ? undefined : await loadMnist(files, source.mnistFolders(data_dir, gaussianityFields.data_dir.parse(undefined)));
  return { data: { model: network, images: pair?.train }, hash: [network?.hash, pair?.sha256].filter((hash) => hash !== undefined).join(' ') };
}

const percent = (part: number) => 100 * part;

function draw(rows: readonly GaussianityRow[], { count, sigma, image }: GaussianityConfig, fits: FurtherTable): string {
  const panels = rows.map(({ layer, kind, units, constant, mean_fit }) => {
    const points = fits.rows.filter((row) => row.layer === layer).map(({ from, to, units: found }) => ({ x: percent(((from as number) + (to as number)) / 2), y: found as number }));
    const still = constant === 0 ? '' : `, ${constant} constant`;
    return {
      title: `${layer} ${kind}: mean fit ${percent(mean_fit).toFixed(2)}%, ${units} units${still}`,
      x: { label: 'Gaussianity fit (%)', domain: [0, 100] as const }, y: { label: 'Number of units' }, series: [{ name: kind, points }],
    };
  });
  return lineFigure({
    title: 'Gaussianity of every layer',
    description: `Units by how well a Gaussian fits their distribution, layer by layer; ${count} samples about ${image === null ? 'a normal draw' : `image ${image}`}, covariance of norm ${sigma}^2.`,
    panels, columns: rows.length > 4 ? 3 : 2, panelWidth: 440, panelHeight: 240,
  });
}

/** `isolab moments gaussianity` */
export const gaussianityExperiment: MomentExperiment<GaussianityConfig, GaussianityRow, GaussianityData> = {
  name: 'gaussianity', description: 'how Gaussian every unit of every layer is under a Gaussian input',
  fields: gaussianityFields, resolve: resolveGaussianityConfig, load, run: (core, config, _now, data) => runGaussianity(core, config, data), columns: GAUSSIANITY_COLUMNS,
  draw: (rows, config, _durations, [fits]) => draw(rows, config, fits!),
};
