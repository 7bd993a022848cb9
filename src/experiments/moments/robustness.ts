// The library's `gaussian_robustness`: what part of a classifier's predictions survives noise, level by level.
import type { Core } from '../../core/index.js';
import type { ImageDataset } from '../../data/index.js';
import { inputRange, robustnessLevels } from '../../moments/robustness.js';
import { Tensor } from '../../tensor/index.js';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { count, field as f, folder, positiveNumber, textOrNone, whole, withDefault } from '../field-types.js';
import { finished, type Column, type MomentEvent, type TableRow } from './events.js';
import { Float32Network } from './float32-network.js';
import { pixelFields, pixelsOf, requireImageNetwork, requireImages, type LoadedNetwork } from './loaded-network.js';

const data = 'Data';
const noise = 'Noise';

export const robustnessFields = {
  model: f(textOrNone, data, 'FILE', 'a network file, such as the lenet.json that isolab moments lenet writes', 'network file of the classifier: layers in JSON; computed in float32'),
  data_dir: f(folder('./MNIST'), data, 'DIR', 'a folder', 'folder with MNIST (torchvision layout or flat); it is found without it', { cosmetic: true }),
  count: f(whole(1, 10_000), data, 'N', count(1), 'test images, from the first'),
  ...pixelFields,

  from: f(withDefault(positiveNumber, 0), noise, 'SIGMA', 'a finite number of at least 0', 'lowest level, as a part of the range of the inputs'),
  to: f(withDefault(positiveNumber, 0.5), noise, 'SIGMA', 'a finite number above --from', 'highest level'),
  levels: f(whole(2, 30), noise, 'N', count(2), 'evenly spaced levels, both ends among them'),
  batch_size: f(whole(1, 100), noise, 'N', count(1), 'images that noise is drawn for at a time: another size draws other noise'),
  seed: f(whole(0, 0), noise, 'N', count(0), 'seed of the noise'),
  out_dir: f(folder('./outputs/moments/robustness'), noise, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type RobustnessConfig = ValuesOf<typeof robustnessFields> & { model: string };

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveRobustnessConfig(values: Record<string, unknown>, source = 'configuration'): RobustnessConfig {
  const config = resolveFields(robustnessFields, values, source);
  const { model, from, to } = config;
  if (model === null) throw new ConfigurationError('--model: expected a network file, such as the lenet.json that isolab moments lenet writes, got none');
  if (!(to > from)) throw new ConfigurationError(`--to: expected a number above --from, which is ${from}, got ${to}`);
  return { ...config, model };
}

export interface RobustnessRow extends TableRow {
  /** Part of the inputs' range. */
  sigma: number;
  /** Root mean square of the noise, in the inputs' own units: sigma times their range. */
  noise: number;
  agreement: number;
}

export const ROBUSTNESS_COLUMNS: readonly Column[] = [{ name: 'sigma', kind: 'float' }, { name: 'noise', kind: 'float' }, { name: 'agreement', kind: 'float' }];

/**
 * Computes the levels; beside them the table `summary` with the area under them.
 * @param data the classifier, and the images that are predicted
 * @throws ConfigurationError when they do not fit; RangeError when memory is exhausted
 */
export async function* runRobustness(
  core: Core, config: RobustnessConfig, { model, images }: { model: LoadedNetwork; images: ImageDataset },
): AsyncGenerator<MomentEvent<RobustnessRow>> {
  requireImageNetwork('--model', model.network);
  requireImages('--count', images, config.count, images.count);
  const pixels = pixelsOf(images, 0, config.count, config);
  const range = inputRange([config.pixel_deviation]);
  const [classifier, clean] = core.memory.allOrNothing(() => [
    new Float32Network(core, model.description, model.tensors), Tensor.from(core, pixels, [config.count, pixels.length / config.count], 'float32', 'images'),
  ] as const);
  try {
    yield { type: 'started', total: config.levels, title: `${config.levels} levels of noise on ${config.count} images` };
    const options = { levels: { from: config.from, to: config.to, count: config.levels }, inputRange: range, batch: config.batch_size, seed: config.seed };
    const levels = robustnessLevels((tape, x) => classifier.forward(tape, x), clean, options);
    const rows: RobustnessRow[] = [];
    for (;;) {
      const next = levels.next();
      if (next.done === true) {
        const summary = { name: 'summary', columns: [{ name: 'images', kind: 'whole' }, { name: 'robustness', kind: 'float' }], rows: [{ images: config.count, robustness: next.value.robustness }] } as const;
        yield await finished(ROBUSTNESS_COLUMNS, rows, [summary]);
        return;
      }
      const { sigma, agreement } = next.value;
      rows.push({ sigma, noise: sigma * range, agreement });
      yield { type: 'row', row: rows.at(-1)! };
      yield { type: 'progress', done: rows.length, total: config.levels, note: `agreement ${agreement}` };
    }
  } finally {
    classifier.dispose();
    clean.dispose();
  }
}
