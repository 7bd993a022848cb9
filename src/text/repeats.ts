// The substrings that repeat, as inner nodes of the suffix tree, in the order of esaxx (Okanohara), which SentencePiece
// takes its seeds from.

/** For each suffix in order: characters that it shares with the one before; -1 for the first. PLCP (Kärkkäinen et al. 2009). */
function sharedLengths(text: Int32Array, suffixes: Int32Array): Int32Array {
  const size = text.length;
  const before = new Int32Array(size);
  before[suffixes[0]!] = suffixes[size - 1]!;
  for (let i = 1; i < size; i++) before[suffixes[i]!] = suffixes[i - 1]!;
  let shared = 0;
  for (let i = 0; i < size; i++) {
    const j = before[i]!;
    while (i + shared < size && j + shared < size && text[i + shared] === text[j + shared]) shared++;
    before[i] = shared;
    if (shared > 0) shared--;
  }
  const lengths = new Int32Array(size);
  for (let i = 0; i < size; i++) lengths[i] = before[suffixes[i]!]!;
  lengths[0] = -1;
  return lengths;
}

/** A substring of some length that is followed by different characters: it begins the suffixes `from` to `to` - 1 of the order. */
export type VisitRepeat = (from: number, to: number, length: number) => void;

/** Visits every right-maximal repeat, inner ones before those that begin them. */
export function visitRepeats(text: Int32Array, suffixes: Int32Array, visit: VisitRepeat): void {
  const size = text.length;
  if (size === 0) return;
  const shared = sharedLengths(text, suffixes);
  // Open intervals of suffixes: where each begins, and how many characters its suffixes share.
  const lefts = [-1];
  const depths = [-1];
  for (let i = 0; ; i++) {
    const depth = i === size ? -1 : shared[i]!;
    let left = i;
    while (depths[depths.length - 1]! > depth) {
      left = lefts.pop()!;
      const length = depths.pop()!;
      if (i - left > 1) visit(left, i, length);
    }
    if (depths[depths.length - 1]! < depth) {
      lefts.push(left);
      depths.push(depth);
    }
    if (i === size) return;
    lefts.push(i);
    depths.push(size - suffixes[i]! + 1);
  }
}
