// Token sequences of one batch without their padding: every row is a token that counts.
import { packSequences, type PackedSequences } from '../../nn/sequences.js';

export interface PackedTokens extends PackedSequences {
  /** Tokens [rows], step after step, the longest sequence first. */
  ids: Int32Array;
  /** Places of the padded batch: sequences times steps of the longest. */
  padded: number;
}

/** @throws RangeError for no sequences, or an empty one */
export function packTokens(sequences: readonly ArrayLike<number>[]): PackedTokens {
  const packed = packSequences(Int32Array.from(sequences, ({ length }) => length));
  const steps = packed.batchSizes.length;
  const ids = packed.positions.map((position) => sequences[Math.floor(position / steps)]![position % steps]!);
  return { ...packed, ids, padded: steps * sequences.length };
}

/** Rows of each sequence, in the batch's order. */
export function rowsOfSequences({ batchSizes, order }: PackedSequences): Int32Array[] {
  const rows: number[][] = Array.from(order, () => []);
  let row = 0;
  for (const count of batchSizes) for (const sequence of order.subarray(0, count)) rows[sequence]!.push(row++);
  return rows.map((own) => Int32Array.from(own));
}
