import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { Generator } from '../../src/random/index.js';
import { Tokenizer, TokenizerError, trainTokenizer, type TrainerEvent, type TrainerOptions } from '../../src/text/index.js';
import { compiledNormalization, type NormalizationName } from '../../src/text/normalization-rules.js';
import { fixture, inputOf, modelBytes } from './tokenizer-fixture.js';

const core = await openCore();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const models = Object.entries(fixture.models);
const load = (name: string) => Tokenizer.fromModel(modelBytes(fixture.models[name]!));

function train(sentences: Iterable<string | Uint8Array>, options: TrainerOptions = {}): { tokenizer: Tokenizer; events: TrainerEvent[] } {
  const events = [...trainTokenizer(core, sentences, options)];
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error(`expected the last event to be finished, got ${last.type}`);
  return { tokenizer: last.tokenizer, events };
}

describe('normalisation maps', () => {
  it.each(Object.entries(fixture.charsmaps))("%s has SentencePiece's bytes", (name, digest) => {
    expect(sha256(compiledNormalization(name as NormalizationName))).toBe(digest);
  });
});

describe.each(models)("SentencePiece's model %s", (name, recorded) => {
  const tokenizer = load(name);

  it('is read and written to the same bytes', () => {
    expect(sha256(tokenizer.toModel())).toBe(recorded.sha256);
    expect(tokenizer.toVocab()).toBe(recorded.vocabulary);
    expect([tokenizer.unkId, tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual(recorded.ids);
  });

  it('encodes and decodes as SentencePiece does', () => {
    for (const [text, ids, pieces, fromIds, fromPieces] of recorded.results) {
      const input = inputOf(text);
      expect([tokenizer.encode(input), tokenizer.encodePieces(input)], JSON.stringify(text)).toEqual([ids, pieces]);
      expect([tokenizer.decode(ids), tokenizer.decodePieces(pieces)], JSON.stringify(text)).toEqual([fromIds, fromPieces]);
    }
  });

  it('has its n best encodings, ties and float32 scores too', () => {
    const compared = recorded.results.filter(([, , , , , best]) => best !== undefined);
    expect(compared.length).toBeGreaterThan(20);
    for (const [text, , , , , best] of compared) {
      const own = tokenizer.nBest(inputOf(text), 6);
      expect(own.map(({ ids }) => ids), JSON.stringify(text)).toEqual(best!.map(([ids]) => ids));
      best!.forEach(([, score], i) => score === null || expect(own[i]!.score).toBe(Math.fround(score)));
    }
  });

  it('is what training on its corpus gives, byte for byte', () => {
    const trained = train(fixture.corpus, { ...recorded.options, input: ['corpus.txt'], modelPrefix: 'model' }).tokenizer;
    expect(trained.toVocab()).toBe(recorded.vocabulary);
    expect(sha256(trained.toModel())).toBe(recorded.sha256);
  });
});

describe('a model whose scores tie', () => {
  const tokenizer = Tokenizer.fromModel(new Uint8Array(Buffer.from(fixture.ties.model, 'base64')));

  it('is cut as SentencePiece cuts it, and its n best come in the same order', () => {
    for (const [text, ids, pieces, fromIds, , best] of fixture.ties.results) {
      const own = tokenizer.nBest(inputOf(text), 12);
      expect([tokenizer.encode(inputOf(text)), tokenizer.encodePieces(inputOf(text)), tokenizer.decode(ids)], JSON.stringify(text)).toEqual([ids, pieces, fromIds]);
      expect(own.map((each) => [each.ids, each.score]), JSON.stringify(text)).toEqual(best!.map(([each, score]) => [each, Math.fround(score!)]));
    }
  });
});

describe('encoding', () => {
  const tokenizer = load('default');
  const text = fc.string({ unit: fc.constantFrom('the', 'walk', 'ing', ' ', '　', '私は', '大学生', 'ｶﾞ', 'é', '\u0301', '<s>', '▁', '😀', '\ud800', '\t') });

  it('covers the normalised text, and only that', () => {
    fc.assert(fc.property(text, (given) => {
      expect(tokenizer.encodePieces(given).join('')).toBe(tokenizer.normalize(given));
    }));
  });

  it('does not change a text that is normalised already', () => {
    fc.assert(fc.property(text, (given) => {
      // A lone surrogate becomes U+FFFD, and a U+FFFD that is written becomes a space.
      fc.pre(!given.includes('\ud800'));
      const normalized = tokenizer.normalize(given);
      expect(tokenizer.normalize(normalized.replaceAll('▁', ' '))).toBe(normalized);
    }));
  });

  it('gives the best of the n best, in descending order without repeats', () => {
    fc.assert(fc.property(text, (given) => {
      const best = tokenizer.nBest(given, 20);
      const pieces = tokenizer.nBestPieces(given, 20).map((each) => each.join('|'));
      expect(new Set(pieces).size).toBe(best.length);
      // Float32 sums from either end: a few units in the last place of 100.
      for (let i = 1; i < best.length; i++) expect(best[i]!.score).toBeLessThanOrEqual(best[i - 1]!.score + 1e-4);
      // The best path adds float64 scores and the lattice float32 ones, so a near tie may fall either way: 1e-4 of the sums here.
      const score = (ids: readonly number[]) => ids.reduce((sum, id) => sum + (id === tokenizer.unkId ? -100 : tokenizer.scoreOf(id)), 0);
      if (!best[0]!.ids.includes(tokenizer.unkId)) expect(Math.abs(score(tokenizer.encode(given)) - score(best[0]!.ids))).toBeLessThan(1e-4);
    }));
  });

  it('draws encodings in proportion to their probability', () => {
    const generator = new Generator(core, 3);
    const alpha = 0.1;
    const given = 'the talking';
    const all = tokenizer.nBest(given, 1024);
    expect(all.length).toBeLessThan(1024);
    const weights = all.map(({ score }) => Math.exp(alpha * score));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const nBest of [undefined, 4]) {
      const counts = new Map<string, number>();
      const draws = 4000;
      for (let i = 0; i < draws; i++) {
        const key = tokenizer.sample(given, nBest === undefined ? { alpha, generator } : { alpha, generator, nBest }).join();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const among = nBest === undefined ? total : weights.slice(0, nBest).reduce((sum, weight) => sum + weight, 0);
      // Five standard deviations of a binomial share, and a draw.
      all.slice(0, 4).forEach(({ ids }, i) => {
        const share = weights[i]! / among;
        expect(Math.abs((counts.get(ids.join()) ?? 0) / draws - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / draws) + 1 / draws);
      });
      if (nBest !== undefined) expect(counts.size).toBe(nBest);
    }
  });

  it('draws the same from the same seed', () => {
    const draw = () => {
      const generator = new Generator(core, 7);
      return Array.from({ length: 20 }, () => tokenizer.sample('learning through noise', { alpha: 0.02, generator }));
    };
    expect(draw()).toEqual(draw());
    expect(new Set(draw().map((ids) => ids.join())).size).toBeGreaterThan(5);
  });

  it('names ids and counts that are out of range', () => {
    expect(() => tokenizer.decode([1, tokenizer.size])).toThrow(new RangeError(`decode: expected an id from 0 to ${tokenizer.size - 1}, got ${tokenizer.size}`));
    expect(() => tokenizer.pieceOf(-1)).toThrow(/^pieceOf: expected an id from 0/);
    expect(() => tokenizer.nBest('a', 0)).toThrow(new RangeError('nBest: n: expected a whole number from 1 to 1024, got 0'));
    expect(() => tokenizer.sample('a', { alpha: NaN, generator: new Generator(core, 0) })).toThrow(/^sample: alpha: expected a finite number/);
    expect(tokenizer.idOf('no such piece')).toBe(tokenizer.unkId);
  });
});

describe('a file that is no unigram model', () => {
  const good = modelBytes(fixture.models.default!);
  it.each([
    ['no bytes', new Uint8Array(0), 'model: expected a SentencePiece model, got no bytes'],
    ['text', new TextEncoder().encode('<!doctype html>\n<html>'), /^model: expected /],
    ['a model cut short', good.subarray(0, good.length - 1000), /^model: expected the fields of a SentencePiece model, got bytes that end or break off at byte \d+$/],
    ['its pieces alone cut short', good.subarray(0, 40), /^model: expected the fields/],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => Tokenizer.fromModel(bytes)).toThrow(TokenizerError);
    expect(() => Tokenizer.fromModel(bytes)).toThrow(message);
  });

  it('any damage is refused or read, never an error of the engine', () => {
    fc.assert(fc.property(fc.nat(3000), fc.nat(255), (at, byte) => {
      const damaged = good.slice();
      damaged[at] = byte;
      try {
        Tokenizer.fromModel(damaged).encode('the walk 私は');
      } catch (error) {
        expect(error).toBeInstanceOf(TokenizerError);
      }
    }), { numRuns: 300 });
  });
});

describe('training', () => {
  const corpus = fixture.corpus;
  it.each<[string, string[], TrainerOptions, string]>([
    ['an empty corpus', [], {}, 'corpus: expected sentences to train on, got none (0 empty, 0 over 4192 bytes, 0 with the reserved character U+2585)'],
    ['nothing but spaces', ['', ' ', '\u3000'], {}, 'corpus: expected sentences to train on, got none (3 empty, 0 over 4192 bytes, 0 with the reserved character U+2585)'],
    ['too large a vocabulary', corpus, { vocabSize: 5000 }, 'vocabSize: expected at most 321, which is all that this corpus gives, got 5000'],
    ['one smaller than the alphabet', corpus, { vocabSize: 20 }, 'vocabSize: expected at least 73 (70 characters and 3 reserved pieces), got 20; a smaller characterCoverage needs fewer characters'],
    ['a share out of range', corpus, { characterCoverage: 0.5 }, 'characterCoverage: expected a number from 0.98 to 1, got 0.5'],
    ['an id that is taken', corpus, { eosId: 1 }, 'eosId: expected an id of its own, got 1, which is "<s>"'],
    ['a symbol twice', corpus, { controlSymbols: ['<a>', '<a>'] }, 'controlSymbols: expected every symbol once, got "<a>" twice'],
    ['an unknown rule', corpus, { normalizationRuleName: 'nfd' as NormalizationName }, 'normalizationRuleName: expected one of nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf, identity, got "nfd"'],
  ])('refuses %s', (_what, sentences, options, message) => {
    expect(() => train(sentences, options)).toThrow(new TokenizerError(message));
  });

  it('says what it skipped and how far it is', () => {
    const { events, tokenizer } = train(corpus, { ...fixture.models.spaces!.options });
    const [loaded, seeded, ...rest] = events;
    expect(loaded).toMatchObject({ type: 'loaded', skipped: { reserved: 1 } });
    const tooLong = corpus.filter((line) => new TextEncoder().encode(line).length > 60).length;
    expect(tooLong).toBeGreaterThan(10);
    expect((loaded as Extract<TrainerEvent, { type: 'loaded' }>).skipped.tooLong).toBe(tooLong);
    expect(seeded!.type).toBe('seeded');
    const objectives = rest.flatMap((event) => (event.type === 'step' ? [event.objective] : []));
    expect(objectives.length).toBeGreaterThanOrEqual(2);
    expect(objectives[1]).toBeLessThan(objectives[0]!);
    expect(tokenizer.size).toBeLessThan(5000);
  });

  it('takes bytes for strings', () => {
    const bytes = corpus.map((line) => new TextEncoder().encode(line));
    expect(sha256(train(bytes, { vocabSize: 150 }).tokenizer.toModel())).toBe(sha256(train(corpus, { vocabSize: 150 }).tokenizer.toModel()));
  });
});
