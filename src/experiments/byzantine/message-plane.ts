// The messages of a step and their aggregate on the plane of the messages' first two principal axes: for pictures.
import { symmetricEigen } from '../../matrices/index.js';
import { rowRange, type Tape, type Tensor } from '../../tensor/index.js';
import { gramOf } from './messages.js';

export interface MessagePlane {
  /** Coordinates of the honest workers' messages, then of the Byzantine ones, about the mean of all. */
  honest: [number, number][];
  byzantine: [number, number][];
  aggregate: [number, number];
  /** Part of the messages' variance that each axis has. */
  explained: [number, number];
}

/** Inner products about the mean of the first `count` of the vectors whose inner products are `gram` [size, size]. */
function centred(gram: Float64Array, size: number, count: number): Float64Array {
  const means = Float64Array.from({ length: size }, (_, row) => {
    let total = 0;
    for (let column = 0; column < count; column++) total += gram[row * size + column]!;
    return total / count;
  });
  let whole = 0;
  for (let row = 0; row < count; row++) whole += means[row]! / count;
  return gram.map((value, at) => value - means[Math.floor(at / size)]! - means[at % size]! + whole);
}

/** The sign that makes an axis's largest coordinate positive. */
function orientation(coordinates: readonly number[]): number {
  let largest = 0;
  for (const value of coordinates) if (Math.abs(value) > Math.abs(largest)) largest = value;
  return largest < 0 ? -1 : 1;
}

/**
 * Principal coordinates of n messages from their inner products; the aggregate is projected onto the same axes.
 * @param messages [n, dimension], the honest ones first @param aggregate [dimension]
 * @returns undefined where a value is not finite, or fewer than 3 messages span no plane
 */
export function messagePlane(tape: Tape, messages: Tensor, aggregate: Tensor, honest: number): MessagePlane | undefined {
  const [count, dimension] = messages.shape as [number, number];
  if (count < 3) return undefined;
  const size = count + 1;
  const all = tape.empty([size, dimension], messages.dtype, 'messages and aggregate');
  rowRange(all, 0, count).data.set(messages.data);
  rowRange(all, count, size).data.set(aggregate.data);
  const gram = gramOf(all);
  if (!gram.every(Number.isFinite)) return undefined;
  const inner = centred(gram, size, count);
  const square = Float64Array.from({ length: count * count }, (_, at) => inner[Math.floor(at / count) * size + (at % count)]!);
  const { values, vectors } = symmetricEigen(tape, tape.from(square, [count, count], 'float64', 'inner products'));
  const spread = Array.from(values.data).reduce((total, value) => total + Math.max(0, value), 0);
  const axes = [count - 1, count - 2].map((place) => {
    const variance = Math.max(0, values.data[place]!);
    const scale = Math.sqrt(variance);
    const vector = Array.from({ length: count }, (_, row) => vectors.data[row * count + place]!);
    const along = vector.reduce((total, value, row) => total + value * inner[count * size + row]!, 0);
    const coordinates = [...vector.map((value) => value * scale), scale === 0 ? 0 : along / scale];
    const sign = orientation(coordinates);
    return { coordinates: coordinates.map((value) => sign * value), part: spread === 0 ? 0 : variance / spread };
  });
  const points = Array.from({ length: size }, (_, row): [number, number] => [axes[0]!.coordinates[row]!, axes[1]!.coordinates[row]!]);
  return { honest: points.slice(0, honest), byzantine: points.slice(honest, count), aggregate: points[count]!, explained: [axes[0]!.part, axes[1]!.part] };
}
