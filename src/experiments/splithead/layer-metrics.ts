// Snapshots of a model's parameters and the layer-by-layer comparison of two of them.
import type { NamedArray } from '../../nn/index.js';
import type { SplitHeadModel } from './model.js';

/** Parameters by name (`fc1.weight`), copied out of the core. */
export type Snapshot = Map<string, NamedArray>;

/** The original's guard against division by zero. */
export const EPSILON = 1e-12;

export async function snapshotModel(model: SplitHeadModel): Promise<Snapshot> {
  const snapshot: Snapshot = new Map();
  for (const [name, parameter] of model.parameters()) {
    const { dtype, shape } = parameter;
    snapshot.set(name, { dtype, shape, values: (await parameter.fetch()).toArray() });
  }
  return snapshot;
}

type Values = Float32Array | Float64Array;

/** Euclidean norm, summed in float64 in index order. */
export function norm(values: Values): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * values[i]!;
  return Math.sqrt(total);
}

/** Norm of a - b, the difference rounded to float32 as the original's. */
export function differenceNorm(a: Values, b: Values): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.fround(a[i]! - b[i]!);
    total += difference * difference;
  }
  return Math.sqrt(total);
}

/** Cosine of the angle between a and b; NaN for empty or zero vectors. */
export function cosine(a: Values, b: Values): number {
  const normA = norm(a);
  const normB = norm(b);
  if (a.length === 0 || !(normA >= EPSILON) || !(normB >= EPSILON)) return NaN;
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += a[i]! * b[i]!;
  return dot / (normA * normB);
}

type Side = 'teacher' | 'student';
type State = 'initial' | 'final';

export interface LayerMetrics {
  comparison: string;
  reference_model: Side;
  other_model: Side;
  reference_state: State;
  other_state: State;
  layer_name: string;
  tensor_kind: 'weight' | 'bias';
  reference_shape: string;
  other_shape: string;
  status: string;
  cosine: number;
  diff_norm: number;
  reference_norm: number;
  other_norm: number;
  relative_diff_reference: number;
  relative_diff_symmetric: number;
}

/** The four snapshots that a run compares, and the layer names of both models. */
export interface RunSnapshots {
  teacher: { layers: readonly string[]; initial: Snapshot; final: Snapshot };
  student: { layers: readonly string[]; initial: Snapshot; final: Snapshot };
}

type Endpoint = [model: Side, state: State];

function shapeText(array: NamedArray | undefined): string {
  return array === undefined ? '' : array.shape.join('x');
}

function missing(where: readonly Side[], prefix: string): string {
  return where.length === 2 ? `${prefix}_both` : `${prefix}_in_${where[0]}`;
}

function statusOf(hasLayer: [boolean, boolean], tensors: [NamedArray | undefined, NamedArray | undefined], models: [Side, Side]): string {
  const lacksLayer = models.filter((_, index) => !hasLayer[index]);
  if (lacksLayer.length > 0) return missing(lacksLayer, 'missing');
  const lacksTensor = models.filter((_, index) => tensors[index] === undefined);
  if (lacksTensor.length > 0) return missing(lacksTensor, 'missing_tensor');
  return shapeText(tensors[0]) === shapeText(tensors[1]) ? 'comparable' : 'shape_mismatch';
}

function measure(reference: Values, other: Values) {
  const referenceNorm = norm(reference);
  const otherNorm = norm(other);
  const difference = differenceNorm(reference, other);
  return {
    cosine: cosine(reference, other),
    diff_norm: difference,
    reference_norm: referenceNorm,
    other_norm: otherNorm,
    relative_diff_reference: difference / (referenceNorm + EPSILON),
    relative_diff_symmetric: (2 * difference) / (referenceNorm + otherNorm + EPSILON),
  };
}

const NOTHING = { cosine: NaN, diff_norm: NaN, reference_norm: NaN, other_norm: NaN, relative_diff_reference: NaN, relative_diff_symmetric: NaN };

function compare(snapshots: RunSnapshots, comparison: string, reference: Endpoint, other: Endpoint, layers: readonly string[]): LayerMetrics[] {
  const [referenceModel, referenceState] = reference;
  const [otherModel, otherState] = other;
  return layers.flatMap((layer) =>
    (['weight', 'bias'] as const).map((kind) => {
      const tensors: [NamedArray | undefined, NamedArray | undefined] = [
        snapshots[referenceModel][referenceState].get(`${layer}.${kind}`),
        snapshots[otherModel][otherState].get(`${layer}.${kind}`),
      ];
      const hasLayer: [boolean, boolean] = [snapshots[referenceModel].layers.includes(layer), snapshots[otherModel].layers.includes(layer)];
      const status = statusOf(hasLayer, tensors, [referenceModel, otherModel]);
      return {
        comparison,
        reference_model: referenceModel,
        other_model: otherModel,
        reference_state: referenceState,
        other_state: otherState,
        layer_name: layer,
        tensor_kind: kind,
        reference_shape: shapeText(tensors[0]),
        other_shape: shapeText(tensors[1]),
        status,
        ...(status === 'comparable' ? measure(tensors[0]!.values, tensors[1]!.values) : NOTHING),
      };
    }),
  );
}

/** Teacher against student before and after, and each model against its own beginning: the original's rows in its order. */
export function compareSnapshots(snapshots: RunSnapshots): LayerMetrics[] {
  const both = [...new Set([...snapshots.teacher.layers, ...snapshots.student.layers])];
  return [
    ...compare(snapshots, 'teacher_student_init', ['teacher', 'initial'], ['student', 'initial'], both),
    ...compare(snapshots, 'teacher_student_final', ['teacher', 'final'], ['student', 'final'], both),
    ...compare(snapshots, 'teacher_init_final', ['teacher', 'initial'], ['teacher', 'final'], snapshots.teacher.layers),
    ...compare(snapshots, 'student_init_final', ['student', 'initial'], ['student', 'final'], snapshots.student.layers),
  ];
}
