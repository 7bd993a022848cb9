// What a configuration means before any number is drawn: layers, sources, trainability, perturbations.
// Making a plan checks everything that needs no data.
import { ConfigurationError, flagOf } from '../configuration.js';
import type { SplitHeadConfig } from './config.js';
import type { Phase } from './events.js';
import { parseInitSources, parseTrainability, type InitSource } from './layer-settings.js';
import { resolvePerturbations, type Perturbation } from './perturbation.js';
import { defaultCnnSpecification, readSpecification, type FeatureLayer } from '../specification.js';
import { mlpLayers } from '../network.js';

export interface ModelPlan {
  features: FeatureLayer[];
  /** Features that the heads see. */
  width: number;
  layerNames: string[];
  init: Record<string, InitSource>;
  trainable: Record<string, boolean>;
  /** The description that the original records. */
  architecture: Record<string, unknown>;
}

export interface SplitHeadPlan {
  teacher: ModelPlan;
  student: ModelPlan;
  perturbations: Perturbation[];
}

function planArchitecture(config: SplitHeadConfig, side: Phase): Pick<ModelPlan, 'features' | 'width' | 'architecture'> {
  const hidden = config[`${side}_hidden_dims`];
  if (config[`${side}_type`] === 'mlp') {
    const { layers, features } = mlpLayers(hidden);
    return { features: layers, width: features, architecture: { type: 'mlp', hidden_dims: hidden } };
  }
  const specification = config[`${side}_arch_spec`] ?? defaultCnnSpecification(hidden.at(-1) ?? 256);
  const { layers, features } = readSpecification(flagOf(`${side}_arch_spec`), specification);
  return { features: layers, width: features, architecture: { type: 'cnn', feature_spec: specification } };
}

/** Training moves only what its loss reaches: the other side's head does not count. */
function requireTrainable(side: Phase, plan: ModelPlan, epochs: number, unreached: string): void {
  const reached = plan.layerNames.filter((layer) => layer !== unreached && plan.trainable[layer]);
  if (epochs > 0 && reached.length === 0) {
    const layers = plan.layerNames.filter((layer) => layer !== unreached).join(', ');
    throw new ConfigurationError(`--${side}-trainable: expected at least one of ${layers} to be trainable, got none`);
  }
}

function planModel(config: SplitHeadConfig, side: Phase): ModelPlan {
  const architecture = planArchitecture(config, side);
  const layerNames = [...architecture.features.map(({ name }) => name), 'class_head', 'aux_head'];
  return {
    ...architecture,
    layerNames,
    init: parseInitSources(flagOf(`${side}_init`), config[`${side}_init`], layerNames),
    trainable: parseTrainability(flagOf(`${side}_trainable`), config[`${side}_trainable`], layerNames),
  };
}

/** Classes of a dataset before truncation. */
export function baseClassCount({ dataset, emnist_split }: SplitHeadConfig): number {
  if (dataset === 'mnist') return 10;
  return emnist_split === 'balanced' ? 47 : 26;
}

function requireClassCount(config: SplitHeadConfig): void {
  const classes = baseClassCount(config);
  if (config.class_count !== null && config.class_count > classes) {
    const title = config.dataset === 'mnist' ? 'mnist' : `emnist ${config.emnist_split}`;
    throw new ConfigurationError(`--class-count: expected 2 to ${classes} for ${title}, got ${config.class_count}`);
  }
}

/** @throws ConfigurationError naming the flag, the layer, what was expected and what was given */
export function planSplitHead(config: SplitHeadConfig): SplitHeadPlan {
  requireClassCount(config);
  const teacher = planModel(config, 'teacher');
  const student = planModel(config, 'student');
  requireTrainable('teacher', teacher, config.teacher_epochs, 'aux_head');
  requireTrainable('student', student, config.student_epochs, 'class_head');
  const layers = { teacher: teacher.layerNames, student: student.layerNames };
  return { teacher, student, perturbations: resolvePerturbations(config.perturb_specs, layers) };
}
