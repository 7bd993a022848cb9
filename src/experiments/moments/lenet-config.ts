// How LeNet is trained.
import { resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, field as f, folder, orNone, positiveNumber, whole, wholeNumber, withDefault } from '../field-types.js';

const data = 'Data';
const training = 'Training';

export const lenetFields = {
  data_dir: f(folder('./MNIST'), data, 'DIR', 'a folder', 'folder with MNIST (torchvision layout or flat); it is found without it', { cosmetic: true }),
  train_size: f(orNone(wholeNumber(1)), data, 'N', count(1), 'train on the first N images; default: all'),
  test_size: f(orNone(wholeNumber(1)), data, 'N', count(1), 'test on the first N images; default: all'),

  epochs: f(whole(1, 2), training, 'N', count(1), 'passes over the training images'),
  batch_size: f(whole(1, 64), training, 'N', count(1), 'images of a step'),
  lr: f(withDefault(positiveNumber, 1e-3), training, 'RATE', 'a finite number of at least 0', "Adam's step size at the start"),
  decay: f(choice(['linear', 'none'], 'linear'), training, 'HOW', 'linear or none', 'linear: the step size falls evenly to 0 over all steps'),
  seed: f(whole(0, 0), training, 'N', count(0), 'initial weights and batches, as after torch.manual_seed'),
  out_dir: f(folder('./outputs/moments/lenet'), training, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type LenetConfig = ValuesOf<typeof lenetFields>;

/**
 * Fills in defaults and checks every value.
 * @param source named when an unknown name is met
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveLenetConfig(values: Record<string, unknown>, source = 'configuration'): LenetConfig {
  return resolveFields(lenetFields, values, source);
}
