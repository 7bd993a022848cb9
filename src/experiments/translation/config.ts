// The notebook's settings (vocab_size, hidden_size, dropout, ...) with its values, and our choices after them.
import { z } from 'zod/mini';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, field as f, folder, orNone, positiveNumber, readBy, restricted, switchedOff, whole, withDefault } from '../field-types.js';

const data = 'Data';
const tokenizer = 'Tokenizers';
const model = 'Model';
const training = 'Training';

const fraction = (initial: number) => withDefault(restricted(positiveNumber, (value) => value > 0 && value < 1), initial);
const name = z.string().check(z.minLength(1));
const files = orNone(readBy((value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value), z.array(name).check(z.minLength(1), z.maxLength(2))));
const file = orNone(name);

export const translationFields = {
  data: f(files, data, 'FILE[,FILE]', 'one TSV or zip, or two aligned text files', 'sentence pairs: a TSV (Tatoeba; a zip with one too), or two aligned files, the source first (plain text, or train.tags of IWSLT2017)', { cosmetic: true }),
  format: f(choice(['auto', 'lines', 'tsv', 'iwslt'], 'auto'), data, 'NAME', 'auto, lines, tsv or iwslt', 'how the files are read; auto goes by their names'),
  source_column: f(whole(1, 2), data, 'N', count(1), "a TSV's column of the source sentence, from 1"),
  target_column: f(whole(1, 1), data, 'N', count(1), "a TSV's column of the target sentence, from 1"),
  train_fraction: f(fraction(0.8), data, 'X', 'a number between 0 and 1', 'part of the pairs that is trained on, drawn at random; the rest is held out'),
  max_tokens: f(whole(0, 0), data, 'N', count(0), 'leave out pairs with a longer sentence than N tokens; 0 for no limit'),

  vocab_size: f(whole(5, 8000), tokenizer, 'N', count(5), 'pieces of each tokenizer, trained on all pairs as the notebook does'),
  source_tokenizer: f(file, tokenizer, 'FILE', 'a SentencePiece .model with eos and pad', 'take the source tokenizer from a file', { cosmetic: true }),
  target_tokenizer: f(file, tokenizer, 'FILE', 'a SentencePiece .model with bos, eos and pad', 'take the target tokenizer from a file', { cosmetic: true }),

  embed_size: f(whole(1, 512), model, 'N', count(1), 'width of the embeddings'),
  hidden_size: f(whole(1, 512), model, 'N', count(1), 'width of the three LSTM layers of either side'),
  dropout: f(withDefault(restricted(positiveNumber, (value) => value < 1), 0.2), model, 'P', 'a number from 0 to below 1', "probability that a layer's output is dropped"),
  third_layer: f(choice(['zero', 'encoder'], 'zero'), model, 'START', 'zero or encoder', "state that the decoder's third layer starts from: zero, as in the notebook, or the encoder's, as its first two do"),
  attention: f(choice(['none', 'dot', 'residual'], 'none'), model, 'NAME', 'none, dot or residual', "attention of the decoder's states h over the encoder's: dot products, tanh(W [context; h]) (Luong et al. 2015); or residual, scaled dot products (Vaswani et al. 2017), h + W [context; h], which learns faster here"),
  tied_embeddings: f(switchedOff, model, undefined, 'true or false', "the decoder's embedding is also its output layer's weight (Press and Wolf 2017)"),

  epochs: f(whole(1, 20), training, 'N', count(1), 'epochs'),
  batch_size: f(whole(1, 32), training, 'N', count(1), 'pairs of a batch; a last batch that is not full is left out'),
  lr: f(withDefault(positiveNumber, 1e-4), training, 'RATE', 'a finite number of at least 0', "Adam's learning rate"),
  clip_norm: f(withDefault(positiveNumber, 0), training, 'X', 'a finite number of at least 0', "largest norm of all gradients together; 0 for no limit"),
  label_smoothing: f(withDefault(restricted(positiveNumber, (value) => value < 1), 0), training, 'X', 'a number from 0 to below 1', 'part of the target probability that is spread over all pieces'),
  bucketing: f(whole(0, 0), training, 'N', count(0), 'form batches among N batches of pairs sorted by length; 0 for the notebook\'s random batches'),
  early_stopping: f(whole(0, 0), training, 'N', count(0), 'stop after N epochs without a better test perplexity and keep the best; 0 for never'),
  seed: f(whole(0, 0), training, 'N', count(0), 'the split, initial parameters, batches and dropout, as torch.manual_seed'),
  out_dir: f(folder('./outputs/translation'), training, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type TranslationConfig = ValuesOf<typeof translationFields>;

/**
 * Fills in defaults and checks every value that needs no data.
 * @param source named when an unknown name is met
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveTranslationConfig(values: Record<string, unknown>, source = 'configuration'): TranslationConfig {
  const config = resolveFields(translationFields, values, source);
  const { tied_embeddings, embed_size, hidden_size, source_column, target_column } = config;
  if (tied_embeddings && embed_size !== hidden_size) {
    throw new ConfigurationError(`--tied-embeddings: expected --embed-size and --hidden-size to be equal, got ${embed_size} and ${hidden_size}`);
  }
  if (source_column === target_column) throw new ConfigurationError(`--target-column: expected another column than --source-column, got ${target_column} for both`);
  return config;
}
