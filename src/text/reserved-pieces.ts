// The pieces whose ids are fixed before training: TrainerInterface::InitMetaPieces of SentencePiece's src/trainer_interface.cc.
import { PIECE_TYPE, type PieceType } from './model-file.js';
import { bytePiece } from './model-pieces.js';
import { TokenizerError } from './tokenizer-error.js';
import type { TrainerSettings } from './trainer-options.js';

export type ReservedPieces = ReadonlyMap<number, { readonly piece: string; readonly type: PieceType }>;
type Trainer = TrainerSettings['trainer'];

/** The pieces that have an option for their id: its name, id, piece. */
function piecesWithIds(trainer: Trainer): (readonly [option: string, id: number, piece: string])[] {
  return [['unkId', trainer.unkId, trainer.unkPiece], ['bosId', trainer.bosId, trainer.bosPiece], ['eosId', trainer.eosId, trainer.eosPiece], ['padId', trainer.padId, trainer.padPiece]];
}

/**
 * Unknown, begin, end and padding piece at their ids; then control symbols, user-defined symbols and bytes at the least
 * ids that are free. A symbol that is one of the first four changes its type only.
 * @throws TokenizerError for ids or symbols that contradict each other
 */
export function reservePieces(trainer: Trainer): ReservedPieces {
  const reserved = new Map<number, { piece: string; type: PieceType }>();
  for (const [option, id, piece] of piecesWithIds(trainer)) {
    if (id < 0) continue;
    if (id >= trainer.vocabSize) throw new TokenizerError(`${option}: expected an id below the vocabulary size ${trainer.vocabSize}, got ${id}`);
    if (reserved.has(id)) throw new TokenizerError(`${option}: expected an id of its own, got ${id}, which is ${JSON.stringify(reserved.get(id)!.piece)}`);
    if ([...reserved.values()].some((other) => other.piece === piece)) throw new TokenizerError(`${option}: expected a piece of its own, got ${JSON.stringify(piece)} twice`);
    reserved.set(id, { piece, type: piece === trainer.unkPiece ? PIECE_TYPE.unknown : PIECE_TYPE.control });
  }
  if (trainer.unkId < 0) throw new TokenizerError(`unkId: expected an id from 0, since every model has an unknown piece, got ${trainer.unkId}`);
  addSymbols(reserved, trainer);
  return reserved;
}

function addSymbols(reserved: Map<number, { piece: string; type: PieceType }>, trainer: Trainer): void {
  const symbols = new Set<string>();
  let free = 0;
  const add = (option: string, piece: string, type: PieceType): void => {
    if (piece === '') throw new TokenizerError(`${option}: expected a text, got an empty one`);
    if (symbols.has(piece)) throw new TokenizerError(`${option}: expected every symbol once, got ${JSON.stringify(piece)} twice`);
    if (piece === trainer.unkPiece) throw new TokenizerError(`${option}: expected no unknown piece, got ${JSON.stringify(piece)}`);
    symbols.add(piece);
    const own = piecesWithIds(trainer).find(([, id, text]) => id >= 0 && text === piece);
    while (own === undefined && reserved.has(free)) free++;
    reserved.set(own?.[1] ?? free, { piece, type });
  };
  for (const piece of trainer.controlSymbols) add('controlSymbols', piece, PIECE_TYPE.control);
  for (const piece of trainer.userDefinedSymbols) add('userDefinedSymbols', piece, PIECE_TYPE.userDefined);
  if (trainer.byteFallback) for (let byte = 0; byte < 256; byte++) add('byteFallback', bytePiece(byte), PIECE_TYPE.byte);
}
