// The most probable cut of a text into pieces: EncodeOptimized of src/unigram_model.cc, with its float32 sums and its ties.
import type { ModelPieceTable } from './piece-table.js';

/** A cut: piece i has id ids[i] and ends before code point ends[i]. */
export interface Segmentation {
  readonly ids: number[];
  readonly ends: number[];
}

/** Cuts all code points; where no piece of one character fits, it is unknown. */
export function bestPath(table: ModelPieceTable, points: Int32Array): Segmentation {
  const { trie, bestPathScores, unknownScore, unknownId } = table;
  const size = points.length;
  const scores = new Float32Array(size + 1);
  const starts = new Int32Array(size + 1).fill(-1);
  const ids = new Int32Array(size + 1);
  for (let start = 0; start < size; start++) {
    const before = scores[start]!;
    let fitsOne = false;
    for (let end = start, node = 0; end < size;) {
      const edge = trie.edge(node, points[end]!);
      if (edge < 0) break;
      end++;
      node = trie.childOf(edge);
      const id = trie.idOf(edge);
      if (id < 0) continue;
      // A float64 sum against a float32 one: as in the original, where the score is a double.
      const score = bestPathScores[id]! + before;
      if (starts[end] === -1 || score > scores[end]!) {
        scores[end] = score;
        starts[end] = start;
        ids[end] = id;
      }
      if (end === start + 1) fitsOne = true;
    }
    if (fitsOne) continue;
    const score = Math.fround(unknownScore + before);
    if (starts[start + 1] === -1 || score > scores[start + 1]!) {
      scores[start + 1] = score;
      starts[start + 1] = start;
      ids[start + 1] = unknownId;
    }
  }
  const path: Segmentation = { ids: [], ends: [] };
  for (let end = size; end > 0; end = starts[end]!) {
    path.ids.push(ids[end]!);
    path.ends.push(end);
  }
  path.ids.reverse();
  path.ends.reverse();
  return path;
}
