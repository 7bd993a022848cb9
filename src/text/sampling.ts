import type { Generator } from '../random/index.js';
import type { Lattice } from './lattice.js';
import { expAll, logSumExpTable } from './log-sum-exp.js';

/** An index drawn in proportion to e^logits; takes one float64 from the generator. */
export function drawIndex(generator: Generator, logits: readonly number[]): number {
  let greatest = -Infinity;
  for (const logit of logits) greatest = Math.max(greatest, logit);
  const weights = expAll(generator.core, Float64Array.from(logits, (logit) => logit - greatest));
  let total = 0;
  for (const weight of weights) total += weight;
  const uniform = generator.rand([1], 'float64');
  const threshold = uniform.data[0]! * total;
  uniform.dispose();
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    if (threshold < sum) return i;
  }
  return weights.length - 1;
}

/**
 * A path through a populated lattice, drawn with probability proportional to e^(theta score): backwards from the end,
 * each node by the mass of all paths that lead through it (Lattice::Sample of SentencePiece's src/unigram_model.cc).
 */
export function samplePath(lattice: Lattice, theta: number, generator: Generator): number[] {
  const { alpha, scores, begins, endNodes, firstEnd } = lattice;
  lattice.forward(logSumExpTable(generator.core), theta);
  const path: number[] = [];
  for (let position = lattice.size; position > 0;) {
    const candidates = endNodes.subarray(firstEnd[position]!, firstEnd[position + 1]!);
    const logits = Array.from(candidates, (node) => Math.fround(alpha[begins[node]!]! + Math.fround(theta * scores[node]!)));
    const node = candidates[drawIndex(generator, logits)]!;
    path.push(node);
    position = begins[node]!;
  }
  return path.reverse();
}
