// Images as the experiments see them: Perlin noise, normalisation, batches of normalised pixels.
import { cosScalar, sinScalar } from './math/sine';

/** 6 t^5 - 15 t^4 + 10 t^3, Perlin's smooth step (2002), in float32 as the original program evaluates it. */
function fade(t: f32): f32 {
  const t2 = t * t, t3 = t2 * t, t4 = t2 * t2;
  return <f32>6 * (t4 * t) - <f32>15 * t4 + <f32>10 * t3;
}

// @ts-ignore: decorator
@inline
function mix(a: f32, b: f32, t: f32): f32 {
  return a + t * (b - a);
}

/** Per pixel column (or row): lower grid index, offset from it, smoothed offset; 12 bytes each. */
function gridAxis(extent: i32, resolution: i32, table: usize): void {
  const step = <f32>(<f64>resolution / <f64>extent);
  for (let i = 0; i < extent; i++) {
    const position = <f32>i * step;
    const cell = floor(position);
    store<i32>(table, <i32>cell);
    store<f32>(table, position - cell, 4);
    store<f32>(table, fade(position - cell), 8);
    table += 12;
  }
}

/** Turns uniforms [count] into unit vectors [count][2]: angle 2 pi u in float32, cosine and sine rounded once. */
function gridDirections(uniforms: usize, count: i32, directions: usize): void {
  for (let i = 0; i < count; i++) {
    const angle = <f64>(<f32>6.283185307179586 * load<f32>(uniforms));
    store<f32>(directions, <f32>cosScalar(angle));
    store<f32>(directions, <f32>sinScalar(angle), 4);
    uniforms += 4;
    directions += 8;
  }
}

/** Scratch for image_perlin_f32. */
export function image_perlin_scratch(resolution: i32, height: i32, width: i32): usize {
  return <usize>((resolution + 1) * (resolution + 1) * 8 + (height + width) * 12);
}

/**
 * output [batch, height, width]: Perlin noise on a grid of resolution x resolution cells from
 * uniforms [batch, resolution + 1, resolution + 1], each image divided by its largest magnitude.
 */
export function image_perlin_f32(uniforms: usize, output: usize, batch: i32, resolution: i32, height: i32, width: i32, scratch: usize): void {
  const side = resolution + 1, nodes = side * side;
  const directions = scratch;
  const rows = directions + <usize>(nodes * 8);
  const columns = rows + <usize>(height * 12);
  gridAxis(height, resolution, rows);
  gridAxis(width, resolution, columns);
  for (let n = 0; n < batch; n++) {
    gridDirections(uniforms, nodes, directions);
    let largest: f32 = 0;
    let to = output;
    for (let y = 0; y < height; y++) {
      const row = rows + <usize>(y * 12);
      const fy = load<f32>(row, 4), v = load<f32>(row, 8);
      const upper = directions + <usize>(load<i32>(row) * side * 8);
      for (let x = 0; x < width; x++) {
        const column = columns + <usize>(x * 12);
        const fx = load<f32>(column, 4);
        const a = upper + <usize>(load<i32>(column) * 8), c = a + <usize>(side * 8);
        const n00 = load<f32>(a) * fx + load<f32>(a, 4) * fy;
        const n10 = load<f32>(a, 8) * (fx - 1) + load<f32>(a, 12) * fy;
        const n01 = load<f32>(c) * fx + load<f32>(c, 4) * (fy - 1);
        const n11 = load<f32>(c, 8) * (fx - 1) + load<f32>(c, 12) * (fy - 1);
        const u = load<f32>(column, 8);
        const value = mix(mix(n00, n10, u), mix(n01, n11, u), v);
        store<f32>(to, value);
        largest = max(largest, abs(value));
        to += 4;
      }
    }
    const divisor = largest + <f32>1e-12;
    for (; output < to; output += 4) store<f32>(output, load<f32>(output) / divisor);
    uniforms += <usize>(nodes * 4);
  }
}

/** values = (values - mean) / deviation, in place, in float32. */
export function image_normalize_f32(values: usize, count: i32, mean: f32, deviation: f32): void {
  for (let i = 0; i < count; i++) {
    store<f32>(values, (load<f32>(values) - mean) / deviation);
    values += 4;
  }
}

/** output [count, pixels] float32: table[byte] of images [.., pixels] bytes at indices [count] int32. */
export function image_gather_f32(images: usize, indices: usize, table: usize, output: usize, count: i32, pixels: i32): void {
  for (let i = 0; i < count; i++) {
    let from = images + <usize>load<i32>(indices) * <usize>pixels;
    for (const end = from + <usize>pixels; from < end; from++) {
      store<f32>(output, load<f32>(table + (<usize>load<u8>(from) << 2)));
      output += 4;
    }
    indices += 4;
  }
}
