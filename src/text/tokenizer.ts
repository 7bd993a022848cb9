import type { Generator } from '../random/index.js';
import { bestPath, type Segmentation } from './best-path.js';
import { decodePieces } from './decoding.js';
import { Lattice } from './lattice.js';
import { PIECE_TYPE, readModelFile, writeModelFile, type ModelFile, type PieceType } from './model-file.js';
import { bytePiece, PieceIndex } from './model-pieces.js';
import { nBestPaths } from './n-best.js';
import { Normalizer } from './normalizer.js';
import { tableOfModel, type ModelPieceTable } from './piece-table.js';
import { drawIndex, samplePath } from './sampling.js';
import { codePointsOf, encodeUtf8, textOf } from './utf8.js';
import { vocabularyText } from './vocabulary-text.js';

/** One of the most probable encodings of a text. */
export interface ScoredEncoding {
  readonly ids: number[];
  /** Natural logarithm of its probability, float32. */
  readonly score: number;
}

export interface SampleOptions {
  /** Smoothing: probabilities to this power; 0 makes all cuts equally likely, 1 keeps the model's. */
  readonly alpha: number;
  /** Draw from so many of the best encodings only, at most 512; default: from all. 0 and 1 give the best one. */
  readonly nBest?: number;
  readonly generator: Generator;
}

interface Encoding {
  readonly ids: number[];
  readonly pieces: string[];
}

const MOST_N_BEST = 1024;
const MOST_SAMPLED_N_BEST = 512;

function requireWhole(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`${what}: expected a whole number from ${least} to ${most}, got ${value}`);
}

/**
 * A unigram tokenizer (Kudo 2018, arXiv:1804.10959) that gives what SentencePiece 0.1.97 gives for the same model.
 * Texts are strings or UTF-8 bytes; a lone surrogate of a string stands for the three bytes that Python's
 * `surrogatepass` writes, and every byte that is no UTF-8 is read as a U+FFFD.
 */
export class Tokenizer {
  /** Number of pieces. */
  readonly size: number;
  /** Ids of the unknown piece and of the model's begin, end and padding pieces; -1 where it has none. */
  readonly unkId: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly #model: ModelFile;
  readonly #index: PieceIndex;
  readonly #normalizer: Normalizer;
  readonly #table: ModelPieceTable;
  readonly #lattice = new Lattice();

  /** @throws TokenizerError when the model contradicts itself or is not a unigram model */
  constructor(model: ModelFile) {
    const { pieces, trainer, normalizer } = model;
    this.#model = model;
    this.#index = new PieceIndex(model);
    this.#normalizer = new Normalizer({
      spec: normalizer,
      treatWhitespaceAsSuffix: trainer.treatWhitespaceAsSuffix ?? false,
      verbatim: pieces.filter(({ type }) => type === PIECE_TYPE.userDefined).map(({ piece }) => piece),
    });
    this.#table = tableOfModel(pieces, this.#index.unknownId);
    this.size = pieces.length;
    this.unkId = this.#idOfType(trainer.unkPiece ?? '<unk>', PIECE_TYPE.unknown);
    this.bosId = this.#idOfType(trainer.bosPiece ?? '<s>', PIECE_TYPE.control);
    this.eosId = this.#idOfType(trainer.eosPiece ?? '</s>', PIECE_TYPE.control);
    this.padId = this.#idOfType(trainer.padPiece ?? '<pad>', PIECE_TYPE.control);
  }

  /**
   * Reads a SentencePiece `.model` file.
   * @throws TokenizerError for bytes that are none, for models of another type than unigram, and for one with a denormaliser
   */
  static fromModel(bytes: Uint8Array): Tokenizer {
    return new Tokenizer(readModelFile(bytes));
  }

  /** @throws RangeError for an id that is none */
  pieceOf(id: number): string {
    return this.#pieceAt('pieceOf', id).piece;
  }

  /** The id of a piece, {@link unkId} for a text that is none. */
  idOf(piece: string): number {
    return this.#index.idOf(piece);
  }

  /** Natural logarithm of a piece's probability, float32; 0 for control, unknown and user-defined pieces. @throws RangeError for an id that is none */
  scoreOf(id: number): number {
    return this.#pieceAt('scoreOf', id).score;
  }

  /** True for pieces such as `<s>` that stand for no text. @throws RangeError for an id that is none */
  isControl(id: number): boolean {
    return this.#pieceAt('isControl', id).type === PIECE_TYPE.control;
  }

  /** The text as pieces are looked for in it: U+2581 for spaces. */
  normalize(text: string | Uint8Array): string {
    const points = this.#points(text);
    return textOf(points, 0, points.length);
  }

  /** The most probable encoding. */
  encode(text: string | Uint8Array): number[] {
    return this.#bestEncoding(text).ids;
  }

  /** The pieces of {@link encode}; a run of unknown characters is one piece with those characters. */
  encodePieces(text: string | Uint8Array): string[] {
    return this.#bestEncoding(text).pieces;
  }

  /**
   * The n most probable encodings, the best first; fewer where there are fewer. For n = 1, and for a text that is empty
   * when normalised, the score is 0 as SentencePiece has it.
   * @throws RangeError unless n is a whole number from 1 to 1024
   */
  nBest(text: string | Uint8Array, n: number): ScoredEncoding[] {
    return this.#nBestEncodings('nBest: n', text, n, MOST_N_BEST).map(({ ids, score }) => ({ ids, score }));
  }

  /** The pieces of {@link nBest}. @throws RangeError as there */
  nBestPieces(text: string | Uint8Array, n: number): string[][] {
    return this.#nBestEncodings('nBestPieces: n', text, n, MOST_N_BEST).map(({ pieces }) => pieces);
  }

  /**
   * An encoding at random, for subword regularisation: cut by cut from the end, each with its share of the probability
   * (SampleEncode), or among the n best. Takes a float64 of the generator's stream for every piece, or one.
   * @throws RangeError unless alpha is finite and nBest a whole number from 0 to 512
   */
  sample(text: string | Uint8Array, options: SampleOptions): number[] {
    return this.#sampleEncoding(text, options).ids;
  }

  /** The pieces of {@link sample}. @throws RangeError as there */
  samplePieces(text: string | Uint8Array, options: SampleOptions): string[] {
    return this.#sampleEncoding(text, options).pieces;
  }

  /** The text that ids stand for. @throws RangeError for an id that is none */
  decode(ids: ArrayLike<number>): string {
    return this.decodePieces(Array.from(ids, (id) => this.#pieceAt('decode', id).piece));
  }

  /** The text that pieces stand for; what is no piece stands for itself. */
  decodePieces(pieces: readonly string[]): string {
    return decodePieces(this.#model, this.#index, pieces);
  }

  /** A `.model` file that SentencePiece reads. */
  toModel(): Uint8Array {
    return writeModelFile(this.#model);
  }

  /** The `.vocab` file that spm_train writes beside it. */
  toVocab(): string {
    return vocabularyText(this.#model);
  }

  #pieceAt(what: string, id: number) {
    const piece = this.#model.pieces[id];
    if (piece === undefined) throw new RangeError(`${what}: expected an id from 0 to ${this.size - 1}, got ${id}`);
    return piece;
  }

  #idOfType(piece: string, type: PieceType): number {
    const id = this.#index.idOf(piece);
    return this.#model.pieces[id]!.type === type ? id : -1;
  }

  #points(text: string | Uint8Array): Int32Array {
    return codePointsOf(this.#normalizer.normalize(typeof text === 'string' ? encodeUtf8(text) : text));
  }

  #bestEncoding(text: string | Uint8Array): Encoding {
    const points = this.#points(text);
    return this.#encoding(points, bestPath(this.#table, points));
  }

  #nBestEncodings(what: string, text: string | Uint8Array, n: number, most: number): (Encoding & { score: number })[] {
    requireWhole(what, n, 1, most);
    const points = this.#points(text);
    if (n === 1 || points.length === 0) return [{ ...this.#encoding(points, bestPath(this.#table, points)), score: 0 }];
    this.#lattice.populate(this.#table, points, 0, points.length);
    return nBestPaths(this.#lattice, n).map(({ nodes, score }) => ({ ...this.#encoding(points, this.#cutAlong(nodes)), score }));
  }

  #sampleEncoding(text: string | Uint8Array, { alpha, nBest, generator }: SampleOptions): Encoding {
    if (!Number.isFinite(alpha)) throw new RangeError(`sample: alpha: expected a finite number, got ${alpha}`);
    const theta = Math.fround(alpha);
    if (nBest !== undefined) {
      requireWhole('sample: nBest', nBest, 0, MOST_SAMPLED_N_BEST);
      const best = this.#nBestEncodings('sample: nBest', text, Math.max(1, nBest), MOST_SAMPLED_N_BEST);
      return nBest <= 1 ? best[0]! : best[drawIndex(generator, best.map(({ score }) => Math.fround(theta * score)))]!;
    }
    const points = this.#points(text);
    this.#lattice.populate(this.#table, points, 0, points.length);
    return this.#encoding(points, this.#cutAlong(samplePath(this.#lattice, theta, generator)));
  }

  #cutAlong(nodes: readonly number[]): Segmentation {
    return { ids: nodes.map((node) => this.#lattice.ids[node]!), ends: nodes.map((node) => this.#lattice.ends[node]!) };
  }

  /** Joins unknown neighbours, or takes unknown characters apart into bytes. */
  #encoding(points: Int32Array, { ids, ends }: Segmentation): Encoding {
    const byteFallback = this.#model.trainer.byteFallback ?? false;
    const { unknownId } = this.#index;
    const encoding: Encoding = { ids: [], pieces: [] };
    let from = 0;
    ids.forEach((id, i) => {
      const text = textOf(points, from, ends[i]!);
      const isUnknown = id === unknownId;
      if (isUnknown && byteFallback) for (const byte of encodeUtf8(text)) this.#push(encoding, this.#index.idOf(bytePiece(byte)), bytePiece(byte));
      else if (isUnknown && i > 0 && ids[i - 1] === unknownId) encoding.pieces[encoding.pieces.length - 1] += text;
      else this.#push(encoding, id, text);
      from = ends[i]!;
    });
    return encoding;
  }

  #push(encoding: Encoding, id: number, piece: string): void {
    encoding.ids.push(id);
    encoding.pieces.push(piece);
  }
}
