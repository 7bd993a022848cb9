// The notebook's Encoder, Decoder and Seq2Seq over packed batches: embedding, three LSTM layers with skip connections and dropout.
import type { Core } from '../../core/index.js';
import { Linear } from '../../nn/index.js';
import { Dropout, Embedding, Lstm } from '../../nn/sequences.js';
import type { Generator } from '../../random/index.js';
import { add, linear, scale, tanh, type Tape, type Tensor } from '../../tensor/index.js';
import { attend, concatColumns, embedding, type LstmSequence } from '../../tensor/sequences.js';
import type { TranslationConfig } from './config.js';
import { rowsOfSequences, type PackedTokens } from './packing.js';

export type ModelConfig = Pick<TranslationConfig, 'embed_size' | 'hidden_size' | 'dropout' | 'third_layer' | 'attention' | 'tied_embeddings'>;

/** A layer's state at the sequences of a batch: h and c [batch, hidden]; undefined for zeros. */
export interface LayerState {
  h: Tensor;
  c: Tensor | undefined;
}

/** What the decoder is given of the source sentences, in the batch's order. */
export interface Encoded {
  /** h of the three layers at each sentence's eos [batch, hidden]; the third only where something needs it. */
  states: (Tensor | undefined)[];
  keys: Keys | undefined;
}

/** What attention looks at: the encoder's third layer at every token. */
export interface Keys {
  /** [rows, hidden] */
  outputs: Tensor;
  /** Rows of each sentence. */
  rows: Int32Array[];
}

const LAYERS = 3;

/** What encoder and decoder share: the embedding, the layers and their skip connections. */
abstract class Stack {
  readonly embedding: Embedding;
  readonly lstms: Lstm[];
  readonly fc: Linear;
  readonly fcSkip: Linear;
  readonly name: string;
  readonly #dropout: Dropout;

  constructor(core: Core, name: string, vocabulary: number, outputs: number, { embed_size, hidden_size, dropout }: ModelConfig) {
    this.name = name;
    this.#dropout = new Dropout(dropout);
    this.embedding = new Embedding(core, vocabulary, embed_size, { name: `${name}.embedding` });
    this.lstms = Array.from({ length: LAYERS }, (_, layer) => new Lstm(core, layer === 0 ? embed_size : hidden_size, hidden_size, { name: `${name}.lstm${layer + 1}` }));
    this.fc = new Linear(core, hidden_size, outputs, { name: `${name}.fc` });
    this.fcSkip = new Linear(core, embed_size, hidden_size, { name: `${name}.fc_skip` });
  }

  /** Draws in the order of the notebook's constructors. */
  initialize(generator: Generator): void {
    this.embedding.initialize(generator);
    for (const lstm of this.lstms) lstm.initialize(generator);
    this.fc.initialize(generator);
    this.fcSkip.initialize(generator);
  }

  /** Masks are drawn for the padded batch, so that the stream is the notebook's. */
  protected drop(tape: Tape, x: Tensor, packed: PackedTokens, generator: Generator | null): Tensor {
    return this.#dropout.forward(tape, x, generator, { total: packed.padded, positions: packed.positions });
  }

  /** By PyTorch's names of the state dict, in its order. */
  *parameters(): IterableIterator<[string, Tensor]> {
    yield [`${this.name}.embedding.weight`, this.embedding.weight];
    for (const [layer, lstm] of this.lstms.entries()) for (const [name, tensor] of lstm.parameters()) yield [`${this.name}.lstm${layer + 1}.${name}`, tensor];
    for (const [name, { weight, bias }] of [['fc', this.fc], ['fc_skip', this.fcSkip]] as const) {
      yield [`${this.name}.${name}.weight`, weight];
      yield [`${this.name}.${name}.bias`, bias!];
    }
  }

  dispose(): void {
    for (const [, tensor] of this.parameters()) tensor.dispose();
  }
}

class Encoder extends Stack {
  /** Layers that something needs: without attention nor `third_layer` encoder, nothing sees the third. */
  readonly #used: number;
  readonly #attends: boolean;

  constructor(core: Core, vocabulary: number, config: ModelConfig) {
    super(core, 'encoder', vocabulary, config.hidden_size, config);
    this.#attends = config.attention !== 'none';
    this.#used = this.#attends || config.third_layer === 'encoder' ? LAYERS : LAYERS - 1;
  }

  /** @param generator draws the dropout masks; null while evaluating */
  forward(tape: Tape, source: PackedTokens, generator: Generator | null): Encoded {
    const x = this.embedding.forward(tape, source.ids);
    const states: (Tensor | undefined)[] = [];
    let input = x;
    let skip = this.fcSkip.forward(tape, x);
    for (const lstm of this.lstms.slice(0, this.#used)) {
      const { output } = lstm.forward(tape, input, sequenceOf(source));
      input = this.drop(tape, add(tape, output, skip), source, generator);
      skip = input;
      states.push(embedding(tape, input, source.lastRows));
    }
    // The notebook computes the layers that nothing needs, and draws their masks.
    for (let layer = this.#used; layer < LAYERS; layer++) this.drop(tape, input, source, generator);
    return { states, keys: this.#attends ? { outputs: input, rows: rowsOfSequences(source) } : undefined };
  }
}

/** A batch as the layers take it. */
function sequenceOf({ batchSizes }: PackedTokens): LstmSequence {
  return { batchSizes };
}

class Decoder extends Stack {
  /** W [context; h] + b where there is attention. */
  readonly combine: Linear | undefined;
  readonly #attention: ModelConfig['attention'];
  readonly #tied: boolean;

  constructor(core: Core, vocabulary: number, config: ModelConfig) {
    super(core, 'decoder', vocabulary, vocabulary, config);
    this.#tied = config.tied_embeddings;
    this.#attention = config.attention;
    if (config.attention !== 'none') this.combine = new Linear(core, 2 * config.hidden_size, config.hidden_size, { name: 'decoder.combine' });
  }

  override initialize(generator: Generator): void {
    super.initialize(generator);
    this.combine?.initialize(generator);
  }

  override *parameters(): IterableIterator<[string, Tensor]> {
    for (const entry of super.parameters()) if (!(this.#tied && entry[0] === 'decoder.fc.weight')) yield entry;
    if (this.combine !== undefined) yield* [['decoder.combine.weight', this.combine.weight], ['decoder.combine.bias', this.combine.bias!]] as [string, Tensor][];
  }

  override dispose(): void {
    super.dispose();
    if (this.#tied) this.fc.weight.dispose();
  }

  /**
   * @param target tokens from bos on
   * @param states of the three layers at the sequences of `target`, the longest first
   * @returns logits [rows, vocabulary], and the layers' states after each sequence's last token
   */
  forward(
    tape: Tape, target: PackedTokens, states: readonly (LayerState | undefined)[], keys: Keys | undefined, generator: Generator | null,
  ): { logits: Tensor; states: LayerState[] } {
    const x = this.embedding.forward(tape, target.ids);
    const after: LayerState[] = [];
    let input = x;
    let skip = this.fcSkip.forward(tape, x);
    for (const [layer, lstm] of this.lstms.entries()) {
      const { output, h, c } = lstm.forward(tape, input, { ...sequenceOf(target), ...initialOf(tape, states[layer]) });
      after.push({ h, c });
      input = this.drop(tape, add(tape, output, skip), target, generator);
      skip = input;
    }
    if (this.combine !== undefined) input = this.#attend(tape, input, target, keys!);
    const weight = this.#tied ? this.embedding.weight : this.fc.weight;
    return { logits: linear(tape, input, weight, this.fc.bias), states: after };
  }

  /** What the output layer sees [rows, hidden]: dot, tanh(combined); residual, h + combined, as the layers' skip connections have it. */
  #attend(tape: Tape, hidden: Tensor, target: PackedTokens, { outputs, rows }: Keys): Tensor {
    const isResidual = this.#attention === 'residual';
    const query = isResidual ? scale(tape, hidden, 1 / Math.sqrt(hidden.shape[1]!)) : hidden;
    const { context } = attend(tape, query, outputs, { queryRows: rowsOfSequences(target), keyRows: rows });
    const combined = this.combine!.forward(tape, concatColumns(tape, context, hidden));
    return isResidual ? add(tape, hidden, combined) : tanh(tape, combined);
  }
}

function initialOf(tape: Tape, state: LayerState | undefined): { initial?: { h: Tensor; c: Tensor } } {
  if (state === undefined) return {};
  const { h, c } = state;
  if (c !== undefined) return { initial: { h, c } };
  return { initial: { h, c: tape.from(new Float32Array(h.size), h.shape, 'float32', 'initial cells') } };
}

/** The notebook's Seq2Seq. */
export class Seq2Seq {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly #config: ModelConfig;

  constructor(core: Core, vocabularies: { source: number; target: number }, config: ModelConfig) {
    this.#config = config;
    this.encoder = new Encoder(core, vocabularies.source, config);
    this.decoder = new Decoder(core, vocabularies.target, config);
  }

  initialize(generator: Generator): void {
    this.encoder.initialize(generator);
    this.decoder.initialize(generator);
  }

  *parameters(): IterableIterator<[string, Tensor]> {
    yield* this.encoder.parameters();
    yield* this.decoder.parameters();
  }

  get parameterCount(): number {
    return [...this.parameters()].reduce((total, [, { size }]) => total + size, 0);
  }

  /**
   * The decoder's states before its first token: each layer's h from the encoder, c zero (the notebook's get_hc).
   * @param order sentences, as the decoder takes them
   */
  firstStates(tape: Tape, encoded: Encoded, order: Int32Array): (LayerState | undefined)[] {
    return Array.from({ length: LAYERS }, (_, layer) => {
      const h = encoded.states[layer];
      if (h === undefined || (layer === LAYERS - 1 && this.#config.third_layer === 'zero')) return undefined;
      return { h: embedding(tape, h, order), c: undefined };
    });
  }

  /** Logits of every target token [rows of target, vocabulary]. @param generator draws the dropout masks; null while evaluating */
  forward(tape: Tape, source: PackedTokens, target: PackedTokens, generator: Generator | null): Tensor {
    const encoded = this.encoder.forward(tape, source, generator);
    return this.decoder.forward(tape, target, this.firstStates(tape, encoded, target.order), encoded.keys, generator).logits;
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }
}
