import type { Generator } from '../random/index.js';
import { gatherRows, mul, type Tape, type Tensor } from '../tensor/index.js';

/** Where an input's rows stand among those that a mask is drawn for, when they lie in another order or padding is left away. */
export interface DropoutRows {
  /** Rows to draw for: batch x steps, padding among them. */
  total: number;
  /** For each row of the input, its row among those: b * steps + t for step t of sequence b. */
  positions: Int32Array;
}

/**
 * PyTorch's nn.Dropout: zeroes values with probability p and scales the others by 1 / (1 - p).
 *
 * A mask is drawn value by value in row-major order of its shape. Of [batch, steps, hidden] that holds for what comes out of
 * nn.LSTM(batch_first=True) and for sums that begin with it too, though it lies in memory as [steps, batch, hidden] (PyTorch 1.13:
 * test/reference/recurrent.py), so time-major rows here say by `rows` where they stand in the mask.
 */
export class Dropout {
  readonly p: number;

  /** @throws RangeError unless 0 <= p <= 1 */
  constructor(p: number) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Dropout: expected a probability from 0 to 1, got ${p}`);
    this.p = p;
  }

  /**
   * x of any shape, times a mask drawn for it; x itself for p = 0 or without a generator (evaluation), which draws nothing.
   * @param rows for a matrix x [rows, hidden]; by default its rows are those of the mask
   * @throws RangeError for rows that were not drawn for
   */
  forward(tape: Tape, x: Tensor, generator: Generator | null, rows?: DropoutRows): Tensor {
    if (generator === null || this.p === 0) return x;
    const mask = tape.empty(rows === undefined ? x.shape : [rows.total, ...x.shape.slice(1)], x.dtype, 'dropout mask');
    generator.fillDropoutMask(mask, this.p);
    return mul(tape, x, rows === undefined ? mask : gatherRows(tape, mask, rows.positions));
  }
}
