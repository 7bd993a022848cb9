// All ways to cut a text into pieces: Lattice of SentencePiece's src/unigram_model.cc, with its order of nodes (which
// decides ties and the last bits of sums) and its float32 arithmetic.
import { logSumExp } from './log-sum-exp.js';
import type { PieceTable } from './piece-table.js';

/**
 * The pieces that occur in a text, as nodes from one position between characters to another. Nodes are numbered by
 * where they begin, then by length; an unknown character comes last. One lattice serves many texts.
 */
export class Lattice {
  /** Characters of the text. */
  size = 0;
  /** Nodes that begin before position p are those below firstNode[p]: int32[size + 1]. */
  firstNode = new Int32Array(64);
  begins = new Int32Array(256);
  ends = new Int32Array(256);
  ids = new Int32Array(256);
  /** Log probabilities, float32. */
  scores = new Float32Array(256);
  /** Nodes that end at position p, in their order: endNodes[firstEnd[p]] to endNodes[firstEnd[p + 1] - 1]. */
  firstEnd = new Int32Array(64);
  endNodes = new Int32Array(256);
  /** After {@link forward}: log probability mass of what leads to each position. */
  alpha = new Float32Array(64);
  /** After {@link backward}: that of what leads on from it. */
  beta = new Float32Array(64);
  /** After {@link viterbi}: the best score up to and with each node, and the node before it (-1 at the start). */
  bestScores = new Float32Array(256);
  bestPrevious = new Int32Array(256);
  /** The largest size of a score. */
  #largestScore = 0;

  get nodes(): number {
    return this.firstNode[this.size]!;
  }

  /** Finds all pieces in the code points `from` to `to`. */
  populate(table: PieceTable, points: Int32Array, from: number, to: number): void {
    const { trie, scores } = table;
    const size = to - from;
    this.size = size;
    this.#largestScore = 0;
    if (size + 2 > this.firstNode.length) this.#growPositions(size + 2);
    let node = 0;
    for (let begin = 0; begin < size; begin++) {
      this.firstNode[begin] = node;
      let fitsOne = false;
      for (let end = begin, at = 0; end < size;) {
        const edge = trie.edge(at, points[from + end]!);
        if (edge < 0) break;
        end++;
        at = trie.childOf(edge);
        const id = trie.idOf(edge);
        if (id < 0) continue;
        this.#addNode(node++, begin, end, id, scores[id]!);
        if (end === begin + 1) fitsOne = true;
      }
      if (!fitsOne) this.#addNode(node++, begin, begin + 1, table.unknownId, table.unknownScore);
    }
    this.firstNode[size] = node;
    this.#indexEnds(node);
  }

  /** Fills {@link alpha}; returns the log of the whole text's mass under scores times theta. */
  forward(table: Float64Array, theta: number): number {
    const { size, alpha, scores, begins, endNodes, firstEnd } = this;
    alpha[0] = 0;
    for (let position = 1; position <= size; position++) {
      const first = firstEnd[position]!;
      const stop = firstEnd[position + 1]!;
      let sum = 0;
      for (let i = first; i < stop; i++) {
        const node = endNodes[i]!;
        const term = Math.fround(Math.fround(theta * scores[node]!) + alpha[begins[node]!]!);
        sum = i === first ? term : logSumExp(table, sum, term);
      }
      alpha[position] = sum;
    }
    return alpha[size]!;
  }

  /** Fills {@link beta}. */
  backward(table: Float64Array): void {
    const { size, beta, scores, ends, firstNode } = this;
    beta[size] = 0;
    for (let position = size - 1; position >= 0; position--) {
      const first = firstNode[position]!;
      const stop = firstNode[position + 1]!;
      let sum = 0;
      for (let node = first; node < stop; node++) {
        const term = Math.fround(scores[node]! + beta[ends[node]!]!);
        sum = node === first ? term : logSumExp(table, sum, term);
      }
      beta[position] = sum;
    }
  }

  /** Fills {@link bestScores} and {@link bestPrevious}. @returns the last node of the best path, -1 for an empty text */
  viterbi(): number {
    for (let position = 0; position < this.size; position++) {
      const only = this.#onlyCandidate(position);
      for (let node = this.firstNode[position]!; node < this.firstNode[position + 1]!; node++) {
        const previous = only ?? this.#bestBefore(position, this.scores[node]!);
        this.bestPrevious[node] = previous;
        this.bestScores[node] = previous < 0 ? this.scores[node]! : this.bestScores[previous]! + this.scores[node]!;
      }
    }
    return this.#bestBefore(this.size, 0);
  }

  /** The first node that ends at a position with the greatest rounded sum of its best score and `score`; -1 at the start. */
  #bestBefore(position: number, score: number): number {
    if (position === 0) return -1;
    let best = -1;
    let bestSum = 0;
    for (let i = this.firstEnd[position]!; i < this.firstEnd[position + 1]!; i++) {
      const sum = Math.fround(this.bestScores[this.endNodes[i]!]! + score);
      if (best >= 0 && !(sum > bestSum)) continue;
      best = this.endNodes[i]!;
      bestSum = sum;
    }
    return best;
  }

  /** The node that {@link #bestBefore} finds whatever the score, where no other is so near that rounding could hide it. */
  #onlyCandidate(position: number): number | undefined {
    const best = this.#bestBefore(position, 0);
    if (best < 0) return best;
    const greatest = this.bestScores[best]!;
    // Two units in the last place of the largest sum.
    const margin = (Math.abs(greatest) + this.#largestScore) / 4_194_304;
    for (let i = this.firstEnd[position]!; i < this.firstEnd[position + 1]!; i++) {
      const node = this.endNodes[i]!;
      if (node !== best && this.bestScores[node]! > greatest - margin) return undefined;
    }
    return best;
  }

  #addNode(node: number, begin: number, end: number, id: number, score: number): void {
    if (node === this.begins.length) this.#growNodes();
    this.begins[node] = begin;
    this.ends[node] = end;
    this.ids[node] = id;
    this.scores[node] = score;
    if (Math.abs(score) > this.#largestScore) this.#largestScore = Math.abs(score);
  }

  #indexEnds(nodes: number): void {
    const { size, firstEnd, ends, endNodes } = this;
    firstEnd.fill(0, 0, size + 2);
    for (let node = 0; node < nodes; node++) firstEnd[ends[node]! + 1]!++;
    for (let position = 0; position <= size; position++) firstEnd[position + 1]! += firstEnd[position]!;
    for (let node = 0; node < nodes; node++) endNodes[firstEnd[ends[node]!]!++] = node;
    for (let position = size + 1; position > 0; position--) firstEnd[position] = firstEnd[position - 1]!;
    firstEnd[0] = 0;
  }

  #growPositions(least: number): void {
    const length = Math.max(least, 2 * this.firstNode.length);
    this.firstNode = new Int32Array(length);
    this.firstEnd = new Int32Array(length);
    this.alpha = new Float32Array(length);
    this.beta = new Float32Array(length);
  }

  #growNodes(): void {
    const larger = <T extends Int32Array | Float32Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const length = 2 * this.begins.length;
    this.begins = larger(this.begins, new Int32Array(length));
    this.ends = larger(this.ends, new Int32Array(length));
    this.ids = larger(this.ids, new Int32Array(length));
    this.scores = larger(this.scores, new Float32Array(length));
    this.endNodes = new Int32Array(length);
    this.bestScores = new Float32Array(length);
    this.bestPrevious = new Int32Array(length);
  }
}
