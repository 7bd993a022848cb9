// The file of a SentencePiece model: sentencepiece_model.proto of google/sentencepiece 0.1.97.
import { MessageReader, MessageWriter, type Field } from './protobuf.js';
import { TokenizerError } from './tokenizer-error.js';
import { encodeUtf8 } from './utf8.js';

/** ModelProto.SentencePiece.Type. */
export const PIECE_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
export type PieceType = (typeof PIECE_TYPE)[keyof typeof PIECE_TYPE];

export interface ModelPiece {
  readonly piece: string;
  /** Natural logarithm of its probability, float32; 0 for pieces that are not normal. */
  readonly score: number;
  readonly type: PieceType;
}

/** The fields of TrainerSpec that this reads and writes: [number, name, type], in the order of the file. */
const TRAINER_FIELDS = [
  [1, 'input', 'strings'], [2, 'modelPrefix', 'string'], [3, 'modelType', 'integer'], [4, 'vocabSize', 'integer'], [5, 'acceptLanguage', 'strings'],
  [6, 'selfTestSampleSize', 'integer'], [7, 'inputFormat', 'string'], [10, 'characterCoverage', 'float'], [11, 'inputSentenceSize', 'integer'],
  [14, 'seedSentencepieceSize', 'integer'], [15, 'shrinkingFactor', 'float'], [16, 'numThreads', 'integer'], [17, 'numSubIterations', 'integer'],
  [18, 'maxSentenceLength', 'integer'], [19, 'shuffleInputSentence', 'boolean'], [20, 'maxSentencepieceLength', 'integer'],
  [21, 'splitByUnicodeScript', 'boolean'], [22, 'splitByWhitespace', 'boolean'], [23, 'splitByNumber', 'boolean'], [24, 'treatWhitespaceAsSuffix', 'boolean'],
  [25, 'splitDigits', 'boolean'], [26, 'allowWhitespaceOnlyPieces', 'boolean'], [30, 'controlSymbols', 'strings'], [31, 'userDefinedSymbols', 'strings'],
  [32, 'vocabularyOutputPieceScore', 'boolean'], [33, 'hardVocabLimit', 'boolean'], [34, 'useAllVocab', 'boolean'], [35, 'byteFallback', 'boolean'],
  [36, 'requiredChars', 'string'], [40, 'unkId', 'integer'], [41, 'bosId', 'integer'], [42, 'eosId', 'integer'], [43, 'padId', 'integer'],
  [44, 'unkSurface', 'string'], [45, 'unkPiece', 'string'], [46, 'bosPiece', 'string'], [47, 'eosPiece', 'string'], [48, 'padPiece', 'string'],
  [49, 'trainExtremelyLargeCorpus', 'boolean'], [50, 'enableDifferentialPrivacy', 'boolean'], [51, 'differentialPrivacyNoiseLevel', 'float'],
  [52, 'differentialPrivacyClippingThreshold', 'integer'],
] as const;

const NORMALIZER_FIELDS = [
  [1, 'name', 'string'], [2, 'precompiledCharsmap', 'bytes'], [3, 'addDummyPrefix', 'boolean'], [4, 'removeExtraWhitespaces', 'boolean'],
  [5, 'escapeWhitespaces', 'boolean'], [6, 'normalizationRuleTsv', 'string'],
] as const;

interface FieldValues {
  string: string;
  strings: readonly string[];
  bytes: Uint8Array;
  integer: number;
  float: number;
  boolean: boolean;
}
type FieldDeclaration = readonly [number: number, name: string, type: keyof FieldValues];
type Message<Fields extends readonly FieldDeclaration[]> = { readonly [F in Fields[number] as F[1]]?: FieldValues[F[2]] };

/** TrainerSpec; a field that the file lacks is absent. */
export type TrainerSpec = Message<typeof TRAINER_FIELDS>;
/** NormalizerSpec; a field that the file lacks is absent. */
export type NormalizerSpec = Message<typeof NORMALIZER_FIELDS>;

export interface ModelFile {
  readonly pieces: readonly ModelPiece[];
  readonly trainer: TrainerSpec;
  readonly normalizer: NormalizerSpec;
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readString(what: string, bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new TokenizerError(`model: expected UTF-8 in ${what}, got bytes that are not`);
  }
}

function valueOf(field: Field, type: keyof FieldValues, name: string): FieldValues[keyof FieldValues] {
  const kind = type === 'float' ? 'float' : type === 'integer' || type === 'boolean' ? 'varint' : 'bytes';
  if (field.kind !== kind) throw new TokenizerError(`model: expected ${type} in field ${name}, got ${field.kind}`);
  if (field.kind === 'bytes') return type === 'bytes' ? field.value : readString(name, field.value);
  return type === 'boolean' ? field.value !== 0 : field.value;
}

function readMessage<Fields extends readonly FieldDeclaration[]>(bytes: Uint8Array, declarations: Fields): Message<Fields> {
  const reader = new MessageReader(bytes);
  const message: Record<string, unknown> = {};
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    const declaration = declarations.find(([number]) => number === field.number);
    if (declaration === undefined) continue;
    const [, name, type] = declaration;
    const value = valueOf(field, type, name);
    message[name] = type === 'strings' ? [...((message[name] as string[] | undefined) ?? []), value] : value;
  }
  return message as Message<Fields>;
}

function writeMessage<Fields extends readonly FieldDeclaration[]>(message: Message<Fields>, declarations: Fields): Uint8Array {
  const writer = new MessageWriter();
  for (const [number, name, type] of declarations) {
    const value = (message as Record<string, FieldValues[keyof FieldValues] | undefined>)[name];
    if (value === undefined) continue;
    if (type === 'float') writer.float(number, value as number);
    else if (type === 'integer' || type === 'boolean') writer.varint(number, Number(value));
    else if (type === 'bytes') writer.bytes(number, value as Uint8Array);
    else for (const text of type === 'strings' ? (value as readonly string[]) : [value as string]) writer.bytes(number, encodeUtf8(text));
  }
  return writer.finish();
}

function readPiece(bytes: Uint8Array, id: number): ModelPiece {
  const reader = new MessageReader(bytes);
  let [piece, score, type]: [string, number, number] = ['', 0, PIECE_TYPE.normal];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field.number === 1) piece = valueOf(field, 'string', `piece ${id}`) as string;
    else if (field.number === 2) score = valueOf(field, 'float', `piece ${id}'s score`) as number;
    else if (field.number === 3) type = valueOf(field, 'integer', `piece ${id}'s type`) as number;
  }
  if (piece === '') throw new TokenizerError(`model: expected a text for piece ${id}, got none`);
  if (!Number.isFinite(score)) throw new TokenizerError(`model: expected a finite score for piece ${id}, got ${score}`);
  if (!(type >= PIECE_TYPE.normal && type <= PIECE_TYPE.byte)) throw new TokenizerError(`model: expected a type from 1 to 6 for piece ${id}, got ${type}`);
  return { piece, score, type: type as PieceType };
}

// Field numbers of ModelProto.
const PIECES = 1;
const TRAINER_SPEC = 2;
const NORMALIZER_SPEC = 3;
const DENORMALIZER_SPEC = 5;

/**
 * Reads a `.model` file. Fields that 0.1.97 does not know, and its self-test data, are left out.
 * @throws TokenizerError for bytes that are no model, and for a model with a denormaliser, which nothing here applies
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  if (bytes.length === 0) throw new TokenizerError('model: expected a SentencePiece model, got no bytes');
  const reader = new MessageReader(bytes);
  const pieces: ModelPiece[] = [];
  let trainer: TrainerSpec = {};
  let normalizer: NormalizerSpec = {};
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field.kind !== 'bytes') {
      if (field.number <= DENORMALIZER_SPEC) throw new TokenizerError(`model: expected messages in a SentencePiece model, got ${field.kind} in field ${field.number}`);
    } else if (field.number === PIECES) pieces.push(readPiece(field.value, pieces.length));
    else if (field.number === TRAINER_SPEC) trainer = readMessage(field.value, TRAINER_FIELDS);
    else if (field.number === NORMALIZER_SPEC) normalizer = readMessage(field.value, NORMALIZER_FIELDS);
    else if (field.number === DENORMALIZER_SPEC && (readMessage(field.value, NORMALIZER_FIELDS).precompiledCharsmap?.length ?? 0) > 0) {
      throw new TokenizerError('model: expected no denormaliser (the rules of spm_train --denormalization_rule_tsv are not supported), got one');
    }
  }
  if (pieces.length === 0) throw new TokenizerError('model: expected a SentencePiece model, got a file without pieces');
  return { pieces, trainer, normalizer };
}

/** The bytes of a `.model` file, as protobuf's own writer orders them. */
export function writeModelFile({ pieces, trainer, normalizer }: ModelFile): Uint8Array {
  const model = new MessageWriter();
  for (const { piece, score, type } of pieces) {
    const message = new MessageWriter();
    message.bytes(1, encodeUtf8(piece));
    message.float(2, score);
    // As spm_train has it: the default type is left out.
    if (type !== PIECE_TYPE.normal) message.varint(3, type);
    model.bytes(PIECES, message.finish());
  }
  model.bytes(TRAINER_SPEC, writeMessage(trainer, TRAINER_FIELDS));
  model.bytes(NORMALIZER_SPEC, writeMessage(normalizer, NORMALIZER_FIELDS));
  return model.finish();
}
