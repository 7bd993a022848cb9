// The split-head networks: one feature extractor, a classification head and an auxiliary head.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import type { Tape, Tensor } from '../../tensor/index.js';
import { Network, type NetworkInput } from '../network.js';
import type { FeatureLayer } from '../specification.js';
import type { InitSource } from './layer-settings.js';
import { derivedSeed, type Seed } from './seeds.js';

/** Feature layers, `class_head` [classes, features] and `aux_head` [m, features], all float32. */
export class SplitHeadModel extends Network {
  /** @param width number of features that the heads see */
  constructor(core: Core, name: string, features: readonly FeatureLayer[], width: number, classes: number, m: number) {
    super(core, name, features, width, { class_head: classes, aux_head: m });
  }

  /** images [batch, 784] -> class logits [batch, classes] */
  classLogits(tape: Tape, input: NetworkInput): Tensor {
    return this.logits(tape, 'class_head', input);
  }

  /** images [batch, 784] -> auxiliary logits [batch, m] */
  auxiliaryLogits(tape: Tape, input: NetworkInput): Tensor {
    return this.logits(tape, 'aux_head', input);
  }
}

/**
 * Draws all parameters as the original does: the whole model under its own seed, in layer order, then
 * every layer whose source is A or B again under that source's seed.
 */
export async function initializeModel(
  core: Core, model: SplitHeadModel, modelSeed: Seed, sources: Record<string, InitSource>, seed: number,
): Promise<void> {
  const generator = new Generator(core, modelSeed);
  for (const layer of model.layers.values()) layer.initialize(generator);
  for (const [name, layer] of model.layers) {
    const source = sources[name]!;
    if (source === 'random') continue;
    generator.seed(await derivedSeed(seed, 'init_source', source, name));
    layer.initialize(generator);
  }
  generator.dispose();
}
