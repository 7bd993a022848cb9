// From pieces back to text: SentencePieceProcessor::Decode of src/sentencepiece_processor.cc.
import { PIECE_TYPE, type ModelFile } from './model-file.js';
import { byteOfPiece, type PieceIndex } from './model-pieces.js';
import { SPACE_SYMBOL } from './normalizer.js';
import { decodeCharacter, isMalformed } from './utf8.js';

/** What an unknown piece is written as where the model does not say: a double question mark between spaces. */
const DEFAULT_UNKNOWN_SURFACE = ' \u2047 ';

/** Bytes as text, with one U+FFFD for each byte that is no UTF-8. */
function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const character = decodeCharacter(bytes, at, bytes.length);
    text += isMalformed(character) ? '\ufffd' : String.fromCodePoint(character >>> 3);
    at += character & 7;
  }
  return text;
}

/** Writes pieces out as text: spaces for U+2581, bytes joined, control pieces left out. */
export function decodePieces({ pieces: vocabulary, trainer, normalizer }: ModelFile, index: PieceIndex, pieces: readonly string[]): string {
  const stripsAll = normalizer.removeExtraWhitespaces ?? true;
  const stripsSpace = stripsAll || (normalizer.addDummyPrefix ?? true);
  let text = '';
  let bytes: number[] = [];
  // The space that normalising put in front goes again; where extra spaces are removed, all that lead.
  let isAtStart = true;
  let spaceSeen = false;
  for (const piece of pieces) {
    const id = index.idOf(piece);
    const { type, piece: own } = vocabulary[id]!;
    if (type === PIECE_TYPE.byte) {
      bytes.push(byteOfPiece(piece)!);
      continue;
    }
    text += textOfBytes(Uint8Array.from(bytes));
    bytes = [];
    if (spaceSeen || text !== '') isAtStart = false;
    spaceSeen = false;
    if (type === PIECE_TYPE.control) continue;
    if (type === PIECE_TYPE.unknown) {
      text += piece === own ? (trainer.unkSurface ?? DEFAULT_UNKNOWN_SURFACE) : piece;
      continue;
    }
    const strips = isAtStart && stripsSpace && piece.startsWith(SPACE_SYMBOL);
    spaceSeen = strips && !stripsAll;
    text += (strips ? piece.slice(SPACE_SYMBOL.length) : piece).replaceAll(SPACE_SYMBOL, ' ');
  }
  return text + textOfBytes(Uint8Array.from(bytes));
}
