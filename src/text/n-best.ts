// The n most probable cuts: A* backwards over a lattice (Lattice::NBest of SentencePiece's src/unigram_model.cc).
import type { Lattice } from './lattice.js';

/** A path through a lattice, its nodes in order, and its score (float32). */
export interface ScoredPath {
  readonly nodes: number[];
  readonly score: number;
}

const LARGEST_AGENDA = 10_000;
const SMALLEST_AGENDA = 512;

/**
 * Hypotheses by priority. Of equal priorities it hands out the one that libstdc++'s std::priority_queue would: the
 * sifts are those of its push_heap and pop_heap.
 */
class Agenda {
  readonly #heap: number[] = [];
  readonly #priorities: readonly number[];

  constructor(priorities: readonly number[]) {
    this.#priorities = priorities;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(hypothesis: number): void {
    this.#heap.push(hypothesis);
    this.#siftUp(this.#heap.length - 1, hypothesis);
  }

  pop(): number {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    const length = heap.length;
    if (length === 0) return top;
    let hole = 0;
    let child = 0;
    // The hole goes down to a leaf, along the greater children; only then the last one is put in and rises.
    while (child < Math.floor((length - 1) / 2)) {
      child = 2 * (child + 1);
      if (this.#priorities[heap[child]!]! < this.#priorities[heap[child - 1]!]!) child--;
      heap[hole] = heap[child]!;
      hole = child;
    }
    if (length % 2 === 0 && child === Math.floor((length - 2) / 2)) {
      child = 2 * child + 1;
      heap[hole] = heap[child]!;
      hole = child;
    }
    this.#siftUp(hole, last);
    return top;
  }

  #siftUp(from: number, hypothesis: number): void {
    const heap = this.#heap;
    let hole = from;
    while (hole > 0) {
      const parent = Math.floor((hole - 1) / 2);
      if (!(this.#priorities[heap[parent]!]! < this.#priorities[hypothesis]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = hypothesis;
  }
}

/** The node at which a hypothesis that reached the start stands. */
const START = -1;

/** Partial paths that end where the text does: node, what follows it, score of what follows, priority. */
class Hypotheses {
  readonly nodes: number[] = [];
  readonly nexts: number[] = [];
  readonly scores: number[] = [];
  readonly priorities: number[] = [];

  add(node: number, next: number, score: number, priority: number): number {
    this.nodes.push(node);
    this.nexts.push(next);
    this.scores.push(score);
    this.priorities.push(priority);
    return this.nodes.length - 1;
  }

  /** The nodes after a hypothesis; its first ancestor stands for the end. */
  pathAfter(hypothesis: number): number[] {
    const path: number[] = [];
    for (let i = this.nexts[hypothesis]!; this.nexts[i]! >= 0; i = this.nexts[i]!) path.push(this.nodes[i]!);
    return path;
  }
}

/** The best `count` paths of a populated lattice, the best first; fewer where there are fewer. */
export function nBestPaths(lattice: Lattice, count: number): ScoredPath[] {
  const { size, scores, begins, bestScores, endNodes, firstEnd } = lattice;
  const last = lattice.viterbi();
  const hypotheses = new Hypotheses();
  let agenda = new Agenda(hypotheses.priorities);
  agenda.push(hypotheses.add(size, -1, 0, last < 0 ? 0 : bestScores[last]!));
  const results: ScoredPath[] = [];
  for (let isEnd = true; agenda.size > 0; isEnd = false) {
    const top = agenda.pop();
    const node = hypotheses.nodes[top]!;
    if (node === START) {
      results.push({ nodes: hypotheses.pathAfter(top), score: hypotheses.priorities[top]! });
      if (results.length === count) break;
      continue;
    }
    const position = isEnd ? size : begins[node]!;
    const after = hypotheses.scores[top]!;
    if (position === 0) agenda.push(hypotheses.add(START, top, after, after));
    for (let i = firstEnd[position]!; i < firstEnd[position + 1]!; i++) {
      const before = endNodes[i]!;
      agenda.push(hypotheses.add(before, top, Math.fround(scores[before]! + after), Math.fround(bestScores[before]! + after)));
    }
    if (agenda.size < LARGEST_AGENDA) continue;
    // A long or repetitive text: only the most promising go on.
    const kept = new Agenda(hypotheses.priorities);
    for (let i = Math.min(SMALLEST_AGENDA, count * 10); i > 0; i--) kept.push(agenda.pop());
    agenda = kept;
  }
  return results;
}
