// What a sweep's figures show: which column against which axis.
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { ObjectReader } from './object-reader.js';
import type { Condition } from './specification.js';

/** What a run measures: the columns a figure can draw. */
export const MEASURES = [
  'teacher_init_acc', 'teacher_final_acc', 'student_init_acc', 'student_final_acc',
  'teacher_init_class_loss', 'teacher_final_class_loss', 'student_init_class_loss', 'student_final_class_loss',
  'student_init_aux_loss', 'student_final_aux_loss', 'teacher_train_loss_last', 'student_train_aux_loss_last',
] as const;
export type Measure = (typeof MEASURES)[number];

export interface FigureAxis {
  label: string;
  scale: 'linear' | 'log';
}

interface FigureParts {
  /** The SVG file's name without its end. */
  name: string;
  title: string;
  conditions: readonly string[];
  measures: readonly Measure[];
  y: FigureAxis;
  /** Draw the accuracy of guessing: 1 / number of classes. */
  chance: boolean;
}

/** Means against an axis, a line for each condition and measure. */
export type LinesFigure = FigureParts & { kind: 'lines'; axis: string; x: FigureAxis };
/** Means of conditions that have no axis, side by side. */
export type PointsFigure = FigureParts & { kind: 'points' };
/** Means over two axes as colours, a map for each condition. */
export type HeatFigure = FigureParts & { kind: 'heat'; axis: string; rows: string; x: FigureAxis; rowLabel: string };
export type SweepFigure = LinesFigure | PointsFigure | HeatFigure;

const COMMON = ['name', 'title', 'kind', 'conditions', 'measures', 'y_label', 'y_scale', 'chance'];
const KEYS = { points: COMMON, lines: [...COMMON, 'axis', 'x_label', 'x_scale'], heat: [...COMMON, 'axis', 'x_label', 'rows', 'row_label'] } as const;

function readMeasures(reader: ObjectReader): Measure[] {
  const measures = reader.texts('measures');
  const unknown = measures.find((measure) => !(MEASURES as readonly string[]).includes(measure));
  if (unknown !== undefined) throw new ConfigurationError(`${reader.where}: expected measures among ${MEASURES.join(', ')}; got ${quote(unknown)}`);
  return measures as Measure[];
}

function readConditionNames(reader: ObjectReader, conditions: readonly Condition[]): readonly string[] {
  const all = conditions.map(({ name }) => name);
  const names = reader.texts('conditions', all);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new ConfigurationError(`${reader.where}: expected conditions among ${all.join(', ')}; got ${quote(unknown)}`);
  return names;
}

/** An axis that every condition of the figure has. */
function readAxisName(reader: ObjectReader, key: string, conditions: readonly Condition[]): string {
  const name = reader.text(key);
  const without = conditions.find(({ axes }) => !axes.some((axis) => axis.name === name));
  if (without !== undefined) throw reader.fail(key, `an axis of condition ${without.name} (${without.axes.map((axis) => axis.name).join(', ') || 'it has none'})`);
  return name;
}

function readFigure(where: string, given: unknown, all: readonly Condition[]): SweepFigure {
  const kind = new ObjectReader(where, given, KEYS.lines.concat(KEYS.heat)).oneOf('kind', ['lines', 'points', 'heat'], 'lines');
  const reader = new ObjectReader(where, given, KEYS[kind]);
  const conditions = readConditionNames(reader, all);
  const drawn = all.filter(({ name }) => conditions.includes(name));
  const name = reader.name('name');
  const parts = {
    name, title: reader.text('title', name), conditions, measures: readMeasures(reader), chance: reader.boolean('chance', false),
    y: { label: reader.text('y_label', 'Test accuracy'), scale: reader.oneOf('y_scale', ['linear', 'log'], 'linear') },
  };
  if (kind === 'points') return { ...parts, kind };
  const axis = readAxisName(reader, 'axis', drawn);
  const x = { label: reader.text('x_label', axis), scale: kind === 'heat' ? ('linear' as const) : reader.oneOf('x_scale', ['linear', 'log'], 'linear') };
  if (kind === 'lines') return { ...parts, kind, axis, x };
  const rows = readAxisName(reader, 'rows', drawn);
  return { ...parts, kind, axis, x, rows, rowLabel: reader.text('row_label', rows) };
}

/** @throws ConfigurationError naming the figure, what was expected and what was given */
export function readFigures(source: string, given: unknown, conditions: readonly Condition[]): SweepFigure[] {
  if (!Array.isArray(given)) throw new ConfigurationError(`${source}: expected figures to be a list, got ${quote(given)}`);
  const figures = given.map((entry, index) => readFigure(`${source} figure ${index + 1}`, entry, conditions));
  const twice = figures.find(({ name }, index) => figures.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new ConfigurationError(`${source}: expected figures of different names, got ${quote(twice.name)} twice`);
  return figures;
}
