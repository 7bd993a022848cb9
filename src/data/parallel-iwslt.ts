// The sentences of IWSLT's TED talks (Cettolo et al. 2012, WIT3): training files with tagged lines between the sentences,
// development and test files with one `<seg id="n"> sentence </seg>` a line.
//
// Sentences are those of the Hugging Face loader `iwslt2017`, trimmed; entities such as `&amp;` stay as they are written. A
// segment goes on to its `</seg>`, as in sacreBLEU, where that loader stops at a `<` or `>` within.
import { DataError } from './data-error.js';
import { firstLanguageOf, isXmlName } from './parallel-files.js';

/** A text file in one language. */
export interface LanguageLines {
  /** For errors. */
  readonly name: string;
  readonly language: string;
  readonly lines: readonly string[];
}

/** A sentence and the number of its line, from 1. */
export interface NumberedSentence {
  readonly text: string;
  readonly line: number;
}

interface Segment extends NumberedSentence {
  readonly id: string;
}

/** @throws DataError naming both files and both counts unless they have as many lines */
export function requireSameLength(source: LanguageLines, target: LanguageLines): void {
  if (source.lines.length !== target.lines.length) {
    throw new DataError(
      `${target.name}: expected ${source.lines.length} lines, as many as ${source.name} has, got ${target.lines.length}; `
      + 'take both files from one corpus, line by line translations of each other',
    );
  }
}

/**
 * Lines beside `<url>`, `<talkid>`, `<title>` and other tags. A line is a tag's where the file of the pair's first language
 * (en in `train.tags.en-ja.ja`) has `<` first, as the Hugging Face loader decides it.
 */
function taggedPairs(source: LanguageLines, target: LanguageLines): [NumberedSentence[], NumberedSentence[]] {
  requireSameLength(source, target);
  const deciding = firstLanguageOf(source.name) === target.language ? target : source;
  const kept = deciding.lines.flatMap((line, index) => (line.trim().startsWith('<') ? [] : [index]));
  const taken = ({ lines }: LanguageLines) => kept.map((index) => ({ text: lines[index].trim(), line: index + 1 }));
  return [taken(source), taken(target)];
}

function segmentsOf({ name, lines }: LanguageLines): Segment[] {
  return lines.flatMap((line, index) => {
    if (!/^\s*<seg\b/.test(line)) return [];
    const [, id, text] = /^\s*<seg\s+id="([^"]*)"\s*>(.*)<\/seg>\s*$/.exec(line) ?? [];
    if (id === undefined) {
      throw new DataError(`${name}: expected <seg id="..."> sentence </seg> in line ${index + 1}, got ${JSON.stringify(line.slice(0, 60))}; get the file again`);
    }
    return [{ id, text: text.trim(), line: index + 1 }];
  });
}

function requireSameIds(source: { name: string; segments: Segment[] }, target: { name: string; segments: Segment[] }): void {
  const different = source.segments.findIndex((segment, index) => segment.id !== target.segments[index]?.id);
  const at = different < 0 && target.segments.length > source.segments.length ? source.segments.length : different;
  if (at < 0) return;
  const got = (segment: Segment | undefined) => (segment === undefined ? 'no more segments' : `segment ${segment.id} in line ${segment.line}`);
  throw new DataError(
    `${target.name}: expected ${source.segments.length} segments in the order of ${source.name}, which has ${got(source.segments[at])} as number ${at + 1}, `
    + `got ${target.segments.length} and there ${got(target.segments[at])}; take both files from one set`,
  );
}

/**
 * The aligned sentences of a pair of IWSLT files: of `.xml` files the segments, of others the lines without a tag.
 *
 * @throws DataError for files of different lengths, segments with other ids or in another order, a segment not closed in its line
 */
export function iwsltPairs(source: LanguageLines, target: LanguageLines): [NumberedSentence[], NumberedSentence[]] {
  if (isXmlName(source.name) !== isXmlName(target.name)) {
    throw new DataError(`${target.name}: expected two .xml files or two of tagged lines, got it beside ${source.name}; name two of one kind`);
  }
  if (!isXmlName(source.name)) return taggedPairs(source, target);
  const [sources, targets] = [source, target].map((file) => ({ name: file.name, segments: segmentsOf(file) }));
  requireSameIds(sources, targets);
  return [sources.segments, targets.segments];
}
