// What must have been run before some experiments: those that read another one's files.
import assert from 'node:assert/strict';
import { experimentNamed } from '../../dist/web/experiments/index.js';
import { runCommandLine } from './command-line.mjs';

/** Short, but enough to tell most digits. */
const FIRST = { 'moments robustness': { experiment: 'moments lenet', values: { train_size: 640, test_size: 64, batch_size: 32, epochs: 1 } } };

/** That run by the command line, and the files of it that are read; undefined for an experiment that reads none. */
export async function firstOf(name) {
  if (FIRST[name] === undefined) return undefined;
  const { experiment, values } = FIRST[name];
  const { resolve, readable } = experimentNamed(experiment);
  const config = resolve(values, 'test');
  const { digest, files } = await runCommandLine(experiment, config);
  return { experiment, config, digest, offers: new Map(readable.map((file) => [file, [...files].find(([path]) => path.endsWith(`/${file}`))[1]])) };
}

/** Runs it on the page, and offers its files to other experiments. @param first undefined where nothing is read */
export async function prepare(reader, first) {
  if (first === undefined) return;
  await reader.choose(first.experiment);
  await reader.importJson(first.config);
  assert.equal(await reader.run(300), first.digest);
  await reader.click('#offer');
  await reader.until('the files in the list', (names) => Promise.resolve(names.every((name) => document.querySelector('#own-data ul').textContent.includes(name))), 20, [...first.offers.keys()]);
}
