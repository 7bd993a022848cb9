// The words of a corpus and their counts: SplitSentencesByWhitespace of SentencePiece's src/trainer_interface.cc.
import type { Texts } from './corpus.js';
import { StretchCounts } from './stretches.js';

/** Stretches without the character that follows them, as words: the most frequent first, then by code points. */
export function wordsOf(stretches: StretchCounts): Texts {
  const found = new StretchCounts(stretches.points);
  stretches.counts.forEach((count, i) => found.add(stretches.starts[i]!, stretches.ends[i]! - 1, count));
  const order = found.starts.map((_, i) => i).sort((a, b) => found.counts[b]! - found.counts[a]! || found.compare(a, b));
  const starts = new Int32Array(order.length + 1);
  order.forEach((word, i) => (starts[i + 1] = starts[i]! + found.ends[word]! - found.starts[word]!));
  const points = new Int32Array(starts[order.length]!);
  order.forEach((word, i) => points.set(found.points.subarray(found.starts[word]!, found.ends[word]!), starts[i]!));
  return { points, starts, counts: Float64Array.from(order, (word) => found.counts[word]!) };
}
