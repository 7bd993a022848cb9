// A translation run's folder, without a command line: what it writes, and what it says of what is missing in it.
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { resolveTranslationConfig, runTranslation, Translator } from '../../src/experiments/translation/index.js';
import { loadTranslationData } from '../../src/runs/translation-data.js';
import { readModelFolder, TranslationFolder, translationRunId, type TranslationOutcome } from '../../src/runs/translation-folder.js';
import { madeUpPairs } from '../../src/verify/translation-cases.js';
import { MemoryFiles } from '../../src/web/memory-files.js';

const core = await openCore({ kernels: 'all' });
const config = resolveTranslationConfig({ data: 'pairs.tsv', vocab_size: 45, embed_size: 8, hidden_size: 8, batch_size: 8, epochs: 1, out_dir: 'out' });
const files = new MemoryFiles();
await files.writeWhole('pairs.tsv', new TextEncoder().encode(madeUpPairs.map(({ source, target }) => `${target}\t${source}\n`).join('')));
const { data, text } = await loadTranslationData(files, config);
const setting = { profile: core.profile, wasmHash: core.wasmHash, dataHash: data.sha256 };
const runId = await translationRunId(config, setting);
const folder = new TranslationFolder(files, config.out_dir, runId);

async function train(): Promise<TranslationOutcome> {
  let tokenizers: TranslationOutcome['tokenizers'] | undefined;
  for await (const event of runTranslation(core, config, data)) {
    if (event.type === 'tokenizers') tokenizers = event;
    if (event.type === 'finished') return { result: event.result, tokenizers: tokenizers!, seconds: new Map([[1, 2.5]]) };
  }
  throw new Error('expected an end, got none');
}

describe('a translation run’s folder', () => {
  it('is named by what its bits depend on, not by where files lie', async () => {
    expect(runId).toMatch(/^[0-9a-f]{12}$/);
    expect(await translationRunId({ ...config, data: ['elsewhere/pairs.tsv'], out_dir: 'other' }, setting)).toBe(runId);
    expect(await translationRunId({ ...config, seed: 1 }, setting)).not.toBe(runId);
    expect(await translationRunId(config, { ...setting, dataHash: 'other' })).not.toBe(runId);
    expect(text.pairs).toHaveLength(80);
  });

  it('holds the model, curves and record; a checkpoint goes when the record is there', async () => {
    expect(await folder.readRecord()).toBeUndefined();
    await folder.writeCheckpoint(Uint8Array.of(1, 2, 3));
    expect(await folder.resumption()).toEqual({ resume: Uint8Array.of(1, 2, 3), resumeName: `${folder.path}/.checkpoint.safetensors` });
    const outcome = await train();
    const record = await folder.record(config, outcome, setting);
    expect(record).toMatchObject({ run_id: runId, config, epoch: 1, result_digest: outcome.result.digest, data_sha256: data.sha256 });
    expect(await files.list(folder.path)).toEqual([
      'curves.svg', 'epochs.csv', 'model.safetensors', 'record.json', 'seconds.csv', 'source.model', 'source.vocab', 'target.model', 'target.vocab', 'translation.json',
    ]);
    expect(new TextDecoder().decode(await files.read(`${folder.path}/seconds.csv`))).toBe('epoch,seconds\n1,2.5\n');
    await folder.writeCheckpoint(Uint8Array.of(1));
    expect(await folder.readRecord()).toEqual(JSON.parse(JSON.stringify(record)));
    expect(await folder.resumption()).toEqual({});
  });

  it('opens as a translator, and names the file that is missing or damaged', async () => {
    const { saved, record } = await readModelFolder(files, folder.path);
    expect(record!.run_id).toBe(runId);
    const translator = Translator.open(core, saved, folder.path);
    expect(translator.translate([madeUpPairs[0]!.source])).toHaveLength(1);
    translator.dispose();
    await expect(readModelFolder(files, 'nowhere')).rejects.toThrow('--model: expected a folder with translation.json, model.safetensors, source.model, target.model, got "nowhere" without translation.json');
    await files.writeWhole(`${folder.path}/record.json`, new TextEncoder().encode('{'));
    await expect(folder.readRecord()).rejects.toThrow(/record\.json: expected the JSON that isolab wrote, got .*; remove the file to compute it again$/);
  });
});
