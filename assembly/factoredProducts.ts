// Inner products of the messages of one linear layer with other rows, from the messages' factors: the messages are not written
// out, and flat ones (factors.ts) cost nothing, since offset times the sums of deltas is a part of every message, and its product
// with a row needs only the row's sums over the columns.
//
// A chunk is a group of columns of some units, and goes the way of aggregationGram.ts' chunks: products are added in T, a lane a
// column, units ascending; then lanes, and chunks, in float64.
//
// Measured (Ice Lake 2.8 GHz, Node 20, one thread): 50 workers of 5 MNIST images, 784 x 50, with 20 rows in 3.7 ms, where
// writing the messages takes 1.0 and multiplying them 3.9; of it 1.5 multiply and 0.9 copy the rows, a page from one unit to the next.
import { LINE_BYTES, multiplyChunk, roundedToFour } from './aggregationGram';
import { factorsScratchBytes, flatCount, GROUPS, Layer, layerOf, listColumns, loadColumns, takeGroup, UNITS, workerAt, writeLines } from './factors';
import { lanes } from './profile';

/** Units of a chunk. */
const CHUNK: i32 = <i32>(LINE_BYTES / 16);
/** Groups of columns that are packed at once: a unit's columns are pages from the next one's, so each visit takes two cache lines. */
const PACKED: i32 = 2 * GROUPS;
/** Bytes of a line of UNITS vectors. */
const UNITS_BYTES: usize = <usize>UNITS * 16;

/** The other rows and the scratch; lies in scratch. */
@unmanaged
class Products {
  /** [count] rows of a layer's weight [outputs, inputs] and bias [outputs], `apart` bytes apart. */
  rows: usize;
  count: i32;
  apart: usize;
  /** float64 [workers, count], `outputApart` bytes from row to row. */
  output: usize;
  outputApart: usize;
  /** What messages without their flat part begin with. */
  zeros: usize;
  /** The rows' sums over the groups of columns, a vector each: [count, outputs]. */
  totals: usize;
  /** A chunk of the messages, and of each group packed at once one of the rows; float64 products [workers, count], both extents rounded up to four. */
  messages: usize;
  others: usize;
  products: usize;
}

// @ts-ignore: decorator
@inline
function wholeLines(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

// @ts-ignore: decorator
@inline
function chunkBytes(rows: i32): usize {
  return <usize>roundedToFour(rows) * LINE_BYTES;
}

function scratchBytes<T>(workers: i32, batch: i32, outputs: i32, count: i32): usize {
  return factorsScratchBytes<T>(workers, batch, outputs) + wholeLines(offsetof<Products>()) + UNITS_BYTES + wholeLines(<usize>(count * outputs) * 16)
    + chunkBytes(workers) + PACKED * chunkBytes(count) + <usize>(roundedToFour(workers) * roundedToFour(count)) * 8;
}

function productsIn<T>(rows: usize, count: i32, stride: i32, output: usize, outputStride: i32, layer: Layer, scratch: usize): Products {
  const products = changetype<Products>(scratch);
  products.output = output; products.outputApart = <usize>outputStride * 8;
  products.rows = rows; products.count = count; products.apart = <usize>stride * sizeof<T>();
  products.zeros = scratch + wholeLines(offsetof<Products>());
  products.totals = products.zeros + UNITS_BYTES;
  products.messages = products.totals + wholeLines(<usize>(count * layer.outputs) * 16);
  products.others = products.messages + chunkBytes(layer.workers);
  products.products = products.others + PACKED * chunkBytes(count);
  memory.fill(products.zeros, 0, products.messages - products.zeros);
  return products;
}

/** Copies the rows' values of the units [first, end) at PACKED groups of columns to the groups' chunks, and adds them to the totals. */
function packOthers<T>(products: Products, layer: Layer, column: i32, first: i32, end: i32): void {
  const row = <usize>layer.inputs * sizeof<T>(), apart = chunkBytes(products.count);
  let from = products.rows + (<usize>(first * layer.inputs) + <usize>column) * sizeof<T>(), to = products.others, total = products.totals + <usize>first * 16;
  for (let index = 0; index < products.count; index++) {
    let source = from;
    for (let at: usize = 0; at < <usize>(end - first) * 16; at += 16) {
      let sum = v128.load(total + at), available = layer.inputs - column;
      for (let group: usize = 0; group < <usize>PACKED; group++) {
        const values = loadColumns<T>(source + group * 16, available);
        v128.store(to + group * apart + at, values);
        sum = v128.add<T>(sum, values);
        available -= lanes<T>();
      }
      v128.store(total + at, sum);
      source += row;
    }
    from += products.apart;
    to += LINE_BYTES;
    total += <usize>layer.outputs * 16;
  }
}

/** Adds the products, at a group of columns and the units [first, end), of all messages that are not flat there. */
function addGroup<T>(products: Products, layer: Layer, others: usize, first: i32, end: i32): void {
  const flat = flatCount(layer), active = layer.workers - flat, count = products.count;
  for (let unit = first; unit < end; unit += UNITS) {
    writeLines<T>(layer, flat, layer.workers, unit, products.zeros, 0, products.messages + <usize>(unit - first) * 16, LINE_BYTES);
  }
  multiplyChunk<T>(products.messages, active, others, count, count, <usize>(end - first) * 16, products.products, false);
  for (let place = 0; place < active; place++) {
    const to = products.output + workerAt(layer, flat + place) * products.outputApart, from = products.products + <usize>(place * roundedToFour(count)) * 8;
    for (let at: usize = 0; at < <usize>count * 8; at += 8) store<f64>(to + at, load<f64>(to + at) + load<f64>(from + at));
  }
}

/** A vector's lanes, added in float64. */
// @ts-ignore: decorator
@inline
function sumOfLanes<T>(vector: usize): f64 {
  let sum: f64 = 0;
  for (let at: usize = 0; at < 16; at += sizeof<T>()) sum += <f64>load<T>(vector + at);
  return sum;
}

/** Adds the products with offset * sums in the weights and sums in the bias. */
function addFlatParts<T>(products: Products, layer: Layer, offset: f64): void {
  const size = sizeof<T>(), count = products.count;
  let bias = products.rows + <usize>(layer.outputs * layer.inputs) * size;
  for (let index = 0; index < count; index++) {
    const totals = products.totals + <usize>(index * layer.outputs) * 16;
    for (let unit = 0; unit < layer.outputs; unit++) {
      const along = offset * sumOfLanes<T>(totals + <usize>unit * 16) + <f64>load<T>(bias + <usize>unit * size);
      let sum = layer.sums + <usize>unit * size, to = products.output + <usize>index * 8;
      for (let worker = 0; worker < layer.workers; worker++) {
        store<f64>(to, load<f64>(to) + <f64>load<T>(sum) * along);
        sum += layer.rowBytes;
        to += products.outputApart;
      }
    }
    bias += products.apart;
  }
}

function factoredProducts<T>(
  delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: f64, rows: usize, count: i32, stride: i32,
  output: usize, outputStride: i32, scratch: usize,
): void {
  const layer = layerOf<T>(delta, input, workers, batch, outputs, inputs, scratch);
  const products = productsIn<T>(rows, count, stride, output, outputStride, layer, scratch + factorsScratchBytes<T>(workers, batch, outputs));
  for (let column = 0; column < inputs; column += PACKED * lanes<T>()) {
    for (let first = 0; first < outputs; first += CHUNK) {
      const end = min(first + CHUNK, outputs);
      packOthers<T>(products, layer, column, first, end);
      for (let group = 0; group < PACKED && column + group * lanes<T>() < inputs; group++) {
        if (group % GROUPS == 0) listColumns<T>(layer, column + group * lanes<T>());
        takeGroup(layer, group % GROUPS);
        addGroup<T>(products, layer, products.others + <usize>group * chunkBytes(count), first, end);
      }
    }
  }
  addFlatParts<T>(products, layer, offset);
}

/** Bytes of scratch, 64-byte aligned, of `factored_products` with `count` rows. */
export function factored_products_scratch_f32(workers: i32, batch: i32, outputs: i32, count: i32): usize {
  return scratchBytes<f32>(workers, batch, outputs, count);
}

/**
 * float64 output [workers, count], `outputStride` values from row to row, += the inner products of the messages that `outer_rows` writes of a layer with rows [count] of its weight
 * [outputs, inputs] and bias [outputs], `stride` values apart. delta [workers * batch, outputs], input [workers * batch, inputs] less `offset`.
 */
export function factored_products_f32(
  delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: f64, rows: usize, count: i32, stride: i32,
  output: usize, outputStride: i32, scratch: usize,
): void {
  factoredProducts<f32>(delta, input, workers, batch, outputs, inputs, offset, rows, count, stride, output, outputStride, scratch);
}
