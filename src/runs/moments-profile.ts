import { profileFields, PROFILE_COLUMNS, resolveProfileConfig, runProfile, WAY_NAMES, type Duration, type ProfileConfig, type ProfileRow } from '../experiments/moments/index.js';
import { lineFigure } from '../figures/index.js';
import type { MomentExperiment } from './moment-experiment.js';
import { formatTable } from '../outputs/index.js';

const secondsOf = (durations: readonly Duration[], way: string, dims: number) => durations.find(({ part }) => part === `${way}, ${dims}`)!.seconds;

function draw(rows: readonly ProfileRow[], { layers, dim, trials }: ProfileConfig, durations: readonly Duration[]): string {
  return lineFigure({
    title: 'Profile of a linearised covariance',
    description: `Seconds to the output covariance of ${layers} layers of ${dim}, linearised, against the number of features; mean of ${trials} trials.`,
    panels: [{
      title: 'Covariance of a linearised network',
      x: { label: 'Number of dimensions', scale: 'log' },
      y: { label: 'Average time in seconds', scale: 'log' },
      series: WAY_NAMES.map((way) => ({ name: way, dots: true, points: rows.map(({ dims }) => ({ x: dims, y: secondsOf(durations, way, dims) })) })),
    }],
    panelWidth: 520, panelHeight: 340,
  });
}

function print(rows: readonly ProfileRow[], durations: readonly Duration[]): string {
  const columns = [
    { name: 'dims', kind: 'whole' as const }, ...WAY_NAMES.map((name) => ({ name: `${name} (s)`, kind: 'float' as const })),
    { name: 'trick_difference', kind: 'float' as const }, { name: 'cache_difference', kind: 'float' as const },
  ];
  return formatTable(columns, rows.map((row) => ({ ...row, ...Object.fromEntries(WAY_NAMES.map((way) => [`${way} (s)`, secondsOf(durations, way, row.dims)])) })));
}

/** `isolab moments profile` */
export const profileExperiment: MomentExperiment<ProfileConfig, ProfileRow> = {
  name: 'profile', description: "seconds to a linearised network's covariance: A S A^T, the trick of finite differences, a Jacobian known before",
  fields: profileFields, resolve: resolveProfileConfig, run: runProfile, columns: PROFILE_COLUMNS, print, draw,
};
