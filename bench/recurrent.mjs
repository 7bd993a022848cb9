// One training step of the translation model (test/reference/seq2seq.py), float32, batch 32, 30 tokens, beside PyTorch; then what
// memory a process that does it takes. Isolab packs its sequences: what padding there is costs it nothing.
//     node [--experimental-wasm-relaxed-simd] bench/recurrent.mjs [--quick] [--size small|notebook] [--lengths full|spread]
import { fileURLToPath } from 'node:url';
import { choose, runAlone } from './command.mjs';
import { contest } from './step-contest.mjs';
import { runMeasured } from './process-usage.mjs';
import { drawBatch, isolabSeq2Seq, LENGTHS, SIZES, TRAINING } from './seq2seq-step.mjs';
import { withTorch } from './torch-process.mjs';

async function torchContestant(process_, size, batch) {
  await process_.ask({ do: 'prepare', job: 'seq2seq-step', ...size, ...TRAINING, batch });
  const { name, threads, run } = process_;
  return { name, threads, step: async () => (await process_.result())[0], run, dispose: () => {} };
}

/** Most resident memory of three steps, in processes that do nothing else. */
async function printMemory(torches, size, lengths) {
  const { peakMegabytes } = await runMeasured(process.execPath, [fileURLToPath(new URL('seq2seq-step.mjs', import.meta.url)), size, lengths], {});
  console.log(`most resident memory: isolab strict, 1 thread: ${peakMegabytes.toFixed(0)} MB`);
  for (const torch of torches) {
    const { peak_megabytes: peak } = await torch.ask({ do: 'memory' });
    console.log(`most resident memory: ${torch.name}: ${peak.toFixed(0)} MB`);
  }
}

async function benchmarkSize(cores, torch, rule, size, lengths) {
  return withTorch(torch, async (torches) => {
    const batch = drawBatch(cores[0], SIZES[size], lengths);
    const contestants = cores.map((core) => isolabSeq2Seq(core, SIZES[size], batch));
    for (const each of torches) contestants.push(await torchContestant(each, SIZES[size], batch));
    const { hidden, vocabulary } = SIZES[size];
    const result = await contest('seq2seq step', `hidden ${hidden}, vocabulary ${vocabulary}, lengths ${lengths}`, contestants, rule);
    await printMemory(torches, size, lengths);
    return result;
  });
}

/** @returns entries for results.json, one for each size and each kind of lengths */
export async function benchmarkRecurrent(cores, peers, rule, { size, lengths } = {}) {
  const results = [];
  for (const eachSize of choose('size', Object.keys(SIZES), size)) {
    for (const each of choose('lengths', Object.keys(LENGTHS), lengths)) results.push(await benchmarkSize(cores, peers.torch, rule, eachSize, each));
  }
  return results;
}

await runAlone(import.meta.url, benchmarkRecurrent, { size: { type: 'string' }, lengths: { type: 'string' } }, 'all');
