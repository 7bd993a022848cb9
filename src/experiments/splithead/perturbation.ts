// Additive Gaussian perturbations of chosen layers at one of four moments of a run.
import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import type { Tensor } from '../../tensor/index.js';
import { ConfigurationError, parseBoolean, quote } from '../configuration.js';
import { cosine, differenceNorm, EPSILON, norm } from './layer-metrics.js';
import type { SplitHeadModel } from './model.js';
import { derivedSeed } from './seeds.js';

export const TIMINGS = ['before_teacher_training', 'after_teacher_training', 'before_student_training', 'after_student_training'] as const;
export type Timing = (typeof TIMINGS)[number];

/** A perturbation with every default filled in and its layers resolved. */
export interface Perturbation {
  index: number;
  target: 'teacher' | 'student';
  timing: Timing;
  layers: string[];
  std: number;
  include_weight: boolean;
  include_bias: boolean;
  distribution: 'normal';
}

const KEYS = ['target', 'layers', 'std', 'sigma', 'timing', 'include_weight', 'include_bias', 'distribution'];

/**
 * Reads `student:aux_head,std=0.1,timing=before_student_training,include_weight=true`.
 * @throws ConfigurationError naming --perturb, what was expected and what was given
 */
export function parsePerturbation(given: string): Record<string, unknown> {
  const [first = '', ...rest] = given.split(',').map((part) => part.trim()).filter((part) => part !== '');
  const colon = first.indexOf(':');
  if (colon < 0) {
    throw new ConfigurationError(`--perturb: expected target:layers first, such as student:aux_head,std=0.1; got ${quote(given)}`);
  }
  const entry: Record<string, unknown> = { target: first.slice(0, colon).trim(), layers: first.slice(colon + 1).trim() };
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals < 0) throw new ConfigurationError(`--perturb: expected key=value, got ${quote(part)}`);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (!KEYS.includes(key)) throw new ConfigurationError(`--perturb: expected keys among ${KEYS.join(', ')}, got ${quote(key)}`);
    const isNumber = (key === 'std' || key === 'sigma') && value !== '' && Number.isFinite(Number(value));
    entry[key === 'sigma' ? 'std' : key] = isNumber ? Number(value) : value;
  }
  return entry;
}

function selectLayers(where: string, given: unknown, available: readonly string[]): string[] {
  if (given === undefined || given === null || given === 'all') return [...available];
  const names = (Array.isArray(given) ? given.map(String) : String(given).split(/[+|,]/)).map((name) => name.trim()).filter((name) => name !== '');
  const unknown = names.filter((name) => !available.includes(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new ConfigurationError(`${where}: expected layers among ${available.join(', ')} (or all), got ${quote(unknown.length > 0 ? unknown.join(', ') : given)}`);
  }
  return names;
}

function oneOf<const T extends readonly string[]>(where: string, key: string, given: unknown, initial: T[number], values: T): T[number] {
  const value = given === undefined ? initial : String(given).toLowerCase();
  if (!values.includes(value)) throw new ConfigurationError(`${where}: expected ${key} to be ${values.join(' or ')}, got ${quote(given)}`);
  return value;
}

function flag(where: string, key: string, given: unknown): boolean {
  const value = given === undefined ? true : parseBoolean(given);
  if (value === undefined) throw new ConfigurationError(`${where}: expected ${key} to be true or false, got ${quote(given)}`);
  return value;
}

/** Checks a list of perturbations against the models' layers. @throws ConfigurationError naming the entry and what was expected */
export function resolvePerturbations(
  entries: readonly Record<string, unknown>[], layers: { teacher: readonly string[]; student: readonly string[] },
): Perturbation[] {
  return entries.map((entry, index) => {
    const where = `perturbation ${index + 1}`;
    const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) throw new ConfigurationError(`${where}: expected keys among ${KEYS.join(', ')}; got ${quote(unknown)}`);
    const target = oneOf(where, 'target', entry.target, 'student', ['teacher', 'student']);
    const given = 'std' in entry ? entry.std : 'sigma' in entry ? entry.sigma : 0;
    const std = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof std !== 'number' || !Number.isFinite(std) || std < 0) {
      throw new ConfigurationError(`${where}: expected std to be a finite number of at least 0, got ${quote(given)}`);
    }
    return {
      index,
      target,
      timing: oneOf(where, 'timing', entry.timing, 'before_student_training', TIMINGS),
      layers: selectLayers(where, entry.layers, layers[target]),
      std,
      include_weight: flag(where, 'include_weight', entry.include_weight),
      include_bias: flag(where, 'include_bias', entry.include_bias),
      distribution: oneOf(where, 'distribution', entry.distribution, 'normal', ['normal']),
    };
  });
}

function addNoise(generator: Generator, tensor: Tensor, std: number): void {
  const noise = generator.randn(tensor.shape);
  const scale = Math.fround(std);
  const values = tensor.data;
  const added = noise.data;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + Math.fround(added[i]! * scale);
  noise.dispose();
}

function describeChange(kind: 'weight' | 'bias', before: Float32Array | Float64Array | undefined, after: Tensor | null) {
  const columns = (values: number[]) =>
    Object.fromEntries(['delta_norm', 'before_norm', 'after_norm', 'delta_rel', 'before_after_cosine'].map((name, i) => [`${kind}_${name}`, values[i]!]));
  if (before === undefined || after === null) return columns([NaN, NaN, NaN, NaN, NaN]);
  const delta = differenceNorm(after.data, before);
  const beforeNorm = norm(before);
  return columns([delta, beforeNorm, norm(after.data), delta / (beforeNorm + EPSILON), cosine(before, after.data)]);
}

export type PerturbationRow = Record<string, string | number | bigint>;

/** Perturbs one layer, drawing weight noise and then bias noise from the perturbation's own seed. */
async function perturbLayer(core: Core, model: SplitHeadModel, perturbation: Perturbation, layerName: string, seed: number): Promise<PerturbationRow> {
  const { index, target, timing, std } = perturbation;
  const layer = model.layers.get(layerName)!;
  const perturbSeed = await derivedSeed(seed, 'perturb', index, timing, target, layerName);
  const before = { weight: (await layer.weight.fetch()).toArray(), bias: (await layer.bias?.fetch())?.toArray() };
  if (std > 0) {
    const generator = new Generator(core, perturbSeed);
    if (perturbation.include_weight) addNoise(generator, layer.weight, std);
    if (perturbation.include_bias && layer.bias !== null) addNoise(generator, layer.bias, std);
    generator.dispose();
  }
  return {
    timing,
    target,
    layer_name: layerName,
    std,
    include_weight: Number(perturbation.include_weight),
    include_bias: Number(perturbation.include_bias),
    distribution: perturbation.distribution,
    perturb_seed: perturbSeed,
    ...describeChange('weight', before.weight, layer.weight),
    ...describeChange('bias', before.bias, layer.bias),
  };
}

/** Applies, in order, every perturbation of one moment; one row for each layer it touches. */
export async function applyPerturbations(
  core: Core, timing: Timing, perturbations: readonly Perturbation[], models: { teacher: SplitHeadModel; student: SplitHeadModel }, seed: number,
): Promise<PerturbationRow[]> {
  const rows: PerturbationRow[] = [];
  for (const perturbation of perturbations) {
    if (perturbation.timing !== timing) continue;
    for (const layer of perturbation.layers) rows.push(await perturbLayer(core, models[perturbation.target], perturbation, layer, seed));
  }
  return rows;
}
