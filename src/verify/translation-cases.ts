// A short training of a translator on made-up sentences, and its greedy output.
import { Digest } from '../core/index.js';
import type { SentencePair } from '../data/texts.js';
import { encodeTranslator, resolveTranslationConfig, runTranslation, Translator } from '../experiments/translation/index.js';
import type { Case } from './operation-cases.js';

const SUBJECTS = [['ねこ', 'the hungry cat'], ['いぬ', 'the old dog'], ['とり', 'a little bird'], ['ひと', 'the tall man'], ['こども', 'a sleepy child']] as const;
const OBJECTS = [['さかな', 'fresh fish'], ['ごはん', 'white rice'], ['みず', 'cold water'], ['パン', 'warm bread']] as const;
const VERBS = [['たべる', 'always eats'], ['みる', 'sometimes sees'], ['すき', 'really likes'], ['ほしい', 'never wants']] as const;

/** 80 pairs in simple grammar. */
export const madeUpPairs: readonly SentencePair[] = SUBJECTS.flatMap(([s, subject]) => OBJECTS.flatMap(([o, object]) => VERBS.map(([v, verb]) => ({
  source: `${s}は${o}が${v}。`, target: `${subject} ${verb} ${object}.`,
}))));

function translationCase(name: string, values: Record<string, unknown>): Case {
  return {
    name,
    run: async (core) => {
      const config = resolveTranslationConfig({ vocab_size: 45, embed_size: 16, hidden_size: 20, epochs: 2, batch_size: 8, lr: 0.01, seed: 3, ...values });
      const data = { pairs: madeUpPairs, sha256: 'made-up' };
      let tokenizers: { source: Uint8Array; target: Uint8Array } | undefined;
      for await (const event of runTranslation(core, config, data)) {
        if (event.type === 'tokenizers') tokenizers = event;
        if (event.type !== 'finished') continue;
        const translator = Translator.open(core, encodeTranslator(config, { source: tokenizers!.source, target: tokenizers!.target }, event.result, name));
        const sentences = madeUpPairs.slice(0, 12).map(({ source }) => source);
        const texts = [...translator.translate(sentences), ...translator.translate(sentences.slice(0, 3), { beam: 3 }), ...translator.translate(sentences.slice(0, 3), { sampleSeed: 5 })];
        translator.dispose();
        return new Digest().add(event.result.digest, Array.from(new TextEncoder().encode(texts.join('\n')))).hex();
      }
      throw new Error(`${name}: expected an end, got none`);
    },
  };
}

export const translationCases: readonly Case[] = [
  translationCase('translation: as the notebook', {}),
  translationCase('translation: attention, tied embeddings, every option', {
    embed_size: 20, attention: 'dot', tied_embeddings: true, third_layer: 'encoder', clip_norm: 1, label_smoothing: 0.1, bucketing: 3, early_stopping: 1, max_tokens: 30,
  }),
];
