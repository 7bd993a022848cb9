import { PIECE_TYPE, type ModelFile, type ModelPiece } from './model-file.js';
import { TokenizerError } from './tokenizer-error.js';

/** The piece that stands for a byte: `<0x0A>`. */
export function bytePiece(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

const BYTES = new Map(Array.from({ length: 256 }, (_, byte) => [bytePiece(byte), byte]));
const MODEL_TYPES = ['unigram', 'BPE', 'word', 'character'];

/** The byte that a piece such as `<0x0A>` stands for; undefined for any other. */
export function byteOfPiece(piece: string): number | undefined {
  return BYTES.get(piece);
}

function isReserved({ type }: ModelPiece): boolean {
  return type === PIECE_TYPE.unknown || type === PIECE_TYPE.control || type === PIECE_TYPE.byte;
}

/** Pieces by their text. A text may name a piece that stands in texts and a reserved one: the reserved one is found first. */
export class PieceIndex {
  readonly #reserved = new Map<string, number>();
  readonly #ordinary = new Map<string, number>();
  /** The id of the unknown piece. */
  readonly unknownId: number;

  /** @throws TokenizerError for pieces that contradict each other, as SentencePiece refuses them */
  constructor({ pieces, trainer }: ModelFile) {
    const modelType = trainer.modelType ?? 1;
    if (modelType !== 1) throw new TokenizerError(`model: expected a unigram model, got a ${MODEL_TYPES[modelType - 1] ?? `type ${modelType}`} one`);
    let unknownId: number | undefined;
    pieces.forEach((each, id) => {
      const index = isReserved(each) ? this.#reserved : this.#ordinary;
      if (index.has(each.piece)) throw new TokenizerError(`model: expected every piece once, got ${JSON.stringify(each.piece)} twice`);
      index.set(each.piece, id);
      if (each.type !== PIECE_TYPE.unknown) return;
      if (unknownId !== undefined) throw new TokenizerError(`model: expected one unknown piece, got ids ${unknownId} and ${id}`);
      unknownId = id;
    });
    if (unknownId === undefined) throw new TokenizerError('model: expected an unknown piece, got none');
    this.unknownId = unknownId;
    checkBytes(pieces, trainer.byteFallback ?? false);
  }

  /** The unknown piece's id for a text that is no piece. */
  idOf(piece: string): number {
    return this.#reserved.get(piece) ?? this.#ordinary.get(piece) ?? this.unknownId;
  }
}

function checkBytes(pieces: readonly ModelPiece[], byteFallback: boolean): void {
  const found = new Set<number | undefined>();
  for (const { piece, type } of pieces) {
    if (type !== PIECE_TYPE.byte) continue;
    if (!byteFallback || byteOfPiece(piece) === undefined) {
      throw new TokenizerError(`model: expected pieces of type byte such as "<0x0A>" with byte_fallback only, got ${JSON.stringify(piece)}`);
    }
    found.add(byteOfPiece(piece));
  }
  if (byteFallback && found.size !== 256) throw new TokenizerError(`model: expected 256 byte pieces with byte_fallback, got ${found.size}`);
}
