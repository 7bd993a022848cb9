/** A batch of sequences of several lengths, laid out so that a step holds only those that reach it. */
export interface PackedSequences {
  /** The sequences from the longest to the shortest, of equal ones the first first. */
  order: Int32Array;
  /** Sequences that reach each step, as {@link LstmSequence} takes them. */
  batchSizes: Int32Array;
  /** For each packed row, its place b * steps + t in the padded batch [batch, steps]: of ids, or of a mask's rows. */
  positions: Int32Array;
  /** For each sequence of the batch, in the batch's order, its last packed row. */
  lastRows: Int32Array;
}

/**
 * Where the steps of a batch lie when padding is left away: step after step, in each the sequences that reach it, the longest first.
 * PyTorch's `pack_padded_sequence(enforce_sorted=False)`.
 * @param lengths steps of each sequence, at least 1
 * @param steps of the padded batch; default: those of the longest
 * @throws RangeError for no sequences, one without steps, or one of more steps than the batch
 */
export function packSequences(lengths: Int32Array, steps = lengths.reduce((most, length) => Math.max(most, length), 0)): PackedSequences {
  const wrong = lengths.find((length) => length < 1 || length > steps);
  if (lengths.length === 0 || wrong !== undefined) throw new RangeError(`packSequences: expected lengths from 1 to ${steps}, got ${wrong ?? 'none'}`);
  const order = Int32Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const batchSizes = Int32Array.from({ length: lengths[order[0]!]! }, (_, t) => lengths.reduce((count, length) => count + Number(length > t), 0));
  const positions = new Int32Array(lengths.reduce((total, length) => total + length, 0));
  const lastRows = new Int32Array(lengths.length);
  let row = 0;
  batchSizes.forEach((count, t) => {
    for (const b of order.subarray(0, count)) {
      if (lengths[b] === t + 1) lastRows[b] = row;
      positions[row++] = b * steps + t;
    }
  });
  return { order, batchSizes, positions, lastRows };
}
