import type { Generator } from '../random/index.js';
import { gatherRows, mul, type Tape, type Tensor } from '../tensor/index.js';

/** Rows that are some of those that a mask is drawn for: packed sequences, of which padding was left away. */
export interface DropoutRows {
  /** Rows to draw for. */
  total: number;
  /** Which of them each row of the input is. */
  positions: Int32Array;
}

/**
 * PyTorch's nn.Dropout: zeroes values with probability p and scales the others by 1 / (1 - p).
 *
 * A mask is drawn value by value in the input's row-major order. That is also PyTorch's order for what comes out of
 * nn.LSTM(batch_first=True) and for sums that begin with it (`hs + skip`): there shape [batch, steps, hidden] lies in memory as
 * [steps, batch, hidden], which is the time-major layout here, and F.dropout fills its mask in memory order
 * (measured with PyTorch 1.13, in encoder and decoder, first layer and later ones: test/reference/recurrent.py).
 */
export class Dropout {
  readonly p: number;

  /** @throws RangeError unless 0 <= p <= 1 */
  constructor(p: number) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Dropout: expected a probability from 0 to 1, got ${p}`);
    this.p = p;
  }

  /**
   * x of any shape, of which a mask is drawn; for p = 0 or without a generator (evaluation), x itself.
   * @param rows for a matrix x whose rows are some of those to draw for: the stream then goes on as if all were there
   * @throws RangeError for rows that were not drawn for
   */
  forward(tape: Tape, x: Tensor, generator: Generator | null, rows?: DropoutRows): Tensor {
    if (generator === null || this.p === 0) return x;
    const mask = tape.empty(rows === undefined ? x.shape : [rows.total, ...x.shape.slice(1)], x.dtype, 'dropout mask');
    generator.fillDropoutMask(mask, this.p);
    return mul(tape, x, rows === undefined ? mask : gatherRows(tape, mask, rows.positions));
  }
}
