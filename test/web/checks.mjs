// What the page promises, each as something that its reader does in a browser. A check throws when it does not hold.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differenceOf, runCommandLine, translateByCommandLine } from './command-line.mjs';
import { LabReader } from './page-driver.mjs';
import { prepare } from './preparation.mjs';

/** A split-head run of seconds. */
export const SHORT = { teacher_epochs: 1, student_epochs: 1, noise_steps: 20, teacher_hidden_dims: [32], student_hidden_dims: [32] };

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** axe-core finds nothing wrong with the page as it stands. */
export async function requireAccessible(browser, where) {
  const violations = await browser.evaluate(async (source) => {
    // The page's own rules let no text become a script: the browser's driver may.
    if (globalThis.axe === undefined) (0, globalThis.eval)(source);
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  }, axe);
  assert.deepEqual(violations, [], `${browser.name}, axe-core, ${where}`);
}

/** Downloads are the command line's files, byte for byte. */
export async function requireFiles(browser, reader, files) {
  await reader.until('files', () => Promise.resolve(document.querySelector('button[data-path]') !== null), 10);
  const paths = await browser.evaluate(() => Promise.resolve([...document.querySelectorAll('button[data-path]')].map((button) => button.dataset.path)));
  assert.deepEqual([...paths].sort(), [...files.keys()].sort(), `${browser.name}: files of the page and of the command line`);
  for (const path of paths) assert.equal(differenceOf(path, await reader.download(path), files.get(path)), undefined);
}

/**
 * A preset, or values put in as JSON, from an empty profile to its end: the command line's digest and files.
 * @param first a run whose files it reads
 * @returns the link that carries it
 */
export async function checkRun(Browser, host, experiment, { preset, values, first }, commandLine) {
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await prepare(reader, first);
    await reader.choose(experiment);
    if (preset !== undefined) await reader.preset(preset);
    else await reader.importJson(values);
    const digest = await reader.run(900);
    assert.equal(digest, commandLine.digest, `${browser.name}, ${experiment}: digest`);
    await requireFiles(browser, reader, commandLine.files);
    await requireAccessible(browser, `${experiment} finished`);
    assert.deepEqual(browser.complaints, [], `${browser.name}, ${experiment}: errors and refusals`);
    return await reader.link();
  } finally {
    await browser.close();
  }
}

/** Sentences typed into the box of a finished translator, also of one opened again from the store: the command line's answers. */
export async function checkSentences(Browser, host, commandLine) {
  const profile = await mkdtemp(join(tmpdir(), 'isolab-profile-'));
  const sentence = '私は本を読みます。';
  const ways = { greedy: [], beam: ['--beam', '5'] };
  const answers = Object.fromEntries(await Promise.all(Object.entries(ways).map(async ([way, flags]) => [way, await translateByCommandLine(commandLine.files, sentence, flags)])));
  let browser = await Browser.open({ profile });
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await reader.choose('translate train');
    await reader.importJson(commandLine.config);
    await reader.run(300);
    for (const way of Object.keys(ways)) assert.equal(await reader.ask(sentence, way), answers[way], `${browser.name}: ${way}`);
    const drawn = await reader.ask(sentence, 'sample');
    assert.equal(drawn, await translateByCommandLine(commandLine.files, sentence, ['--sample', '--sample-seed', '2']), `${browser.name}: drawn`);
    await requireAccessible(browser, 'a sentence answered');
    await assert.rejects(reader.ask('本'.repeat(1000)), /sentence 1: expected fewer than 1000 tokens, got \d+; split it/);
    await assert.rejects(reader.ask('  '), /Type a sentence first/);
    await requireAccessible(browser, 'a sentence refused');
    await browser.close();
    browser = undefined;
    browser = await Browser.open({ profile });
    const again = new LabReader(browser);
    await again.open(host.address);
    await again.pressInRow(0, 'Open');
    assert.equal(await again.ask(sentence), answers.greedy, `${browser.name}: opened again`);
    assert.deepEqual(browser.complaints, [], `${browser.name}: errors and refusals`);
  } finally {
    await browser?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Two runs chosen in the list are laid over each other: the curves of both, what each was, and whether their bits are the same. */
export async function checkComparison(Browser, host) {
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await reader.importJson(SHORT);
    for (const seed of ['1', '1', '2']) {
      await reader.set('seed', seed);
      await reader.run(120);
    }
    const choose = (index) => browser.evaluate((place) => {
      document.querySelectorAll('#runs tbody input[type=checkbox]')[place].click();
      return Promise.resolve();
    }, index);
    const compared = () => browser.evaluate(() => Promise.resolve({
      verdict: document.querySelector('#comparison .verdict')?.textContent,
      runs: [...document.querySelectorAll('#comparison .legend li')].map((item) => item.textContent),
      series: [...document.querySelectorAll('#comparison #panel-loss .series li')].map((label) => label.textContent),
    }));
    await choose(1);
    assert.match(await reader.text('#comparison'), /Choose two or more runs of one experiment/);
    await choose(2);
    await reader.until('the curves of both', () => Promise.resolve(document.querySelector('#comparison #panel-loss svg') !== null), 20);
    assert.match((await compared()).verdict, /Same bits/);
    await choose(2);
    await choose(0);
    await reader.until('the curves of both', () => Promise.resolve(document.querySelector('#comparison #panel-loss svg') !== null), 20);
    const { verdict, runs, series } = await compared();
    assert.equal(verdict, undefined, 'runs of two seeds have other bits');
    assert.deepEqual(runs.map((words) => /^run (\d): .*seed (\d)\b.*; digest [0-9a-f]{12}$/.exec(words)?.slice(1)), [['1', '1'], ['2', '2']]);
    for (const run of ['run 1: ', 'run 2: ']) assert.equal(series.filter((name) => name.startsWith(run)).length, 2, `both losses of ${run}`);
    await requireAccessible(browser, 'two runs compared');
    assert.deepEqual(browser.complaints, []);
  } finally {
    await browser.close();
  }
}

/** A link opened in another browser is run there, and gives the same bits. @param first a run whose files it reads */
export async function checkLink(Browser, link, digest, first) {
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    if (first !== undefined) await reader.open(link.slice(0, link.indexOf('#')));
    await prepare(reader, first);
    await reader.open(link);
    await requireAccessible(browser, 'a link opened');
    await reader.click('#run-shared');
    assert.equal(await reader.finish(900), digest);
    assert.match(await reader.text('#verdict'), /Same bits/);
  } finally {
    await browser.close();
  }
}

/** A tab that is closed in mid-run, by its browser's sudden end, and opened again: the identical end. */
export async function checkClosed(Browser, host, profile, { experiment, values, commandLine, part }) {
  const first = await Browser.open({ profile });
  const before = new LabReader(first);
  await before.open(host.address);
  await before.choose(experiment);
  await before.importJson(values);
  await before.click('#run');
  await before.until('a part of the run', (least) => Promise.resolve(document.querySelector('.run progress')?.value > least), 600, part);
  await first.close();
  const second = await Browser.open({ profile });
  try {
    const reader = new LabReader(second);
    await reader.open(host.address);
    // It goes on by itself.
    assert.equal(await reader.finish(900), commandLine.digest, `${second.name}: digest after the tab was closed`);
    assert.match(await second.evaluate(() => Promise.resolve(document.querySelector('.lines').textContent)), /goes on where it was/);
    await requireFiles(second, reader, commandLine.files);
  } finally {
    await second.close();
  }
}

/** Wrong values, wrong files and a file of 2 GB get a sentence each. */
export async function checkWrongInput(Browser, host) {
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await reader.set('m', '-1');
    assert.equal(await reader.text('#field-m-error'), '--m: expected a whole number of at least 1, got "-1"');
    await reader.click('#run');
    assert.equal(await browser.evaluate(() => Promise.resolve(document.activeElement.id)), 'field-m');
    await requireAccessible(browser, 'a wrong value');
    await reader.set('m', '10');
    await reader.set('teacher_init', 'A,nonsense');
    await reader.click('#run');
    assert.match(await reader.text('#field-teacher_init-error'), /^--teacher-init: expected .*, got/);
    await reader.importJson([1]);
    await reader.until('a refusal', () => Promise.resolve(document.querySelector('form .actions .error').textContent === 'config.json: expected a JSON object, got [1]'), 5);
    await giveFile(browser, { name: 'holiday.jpg', parts: ['not data'], times: 1 });
    await reader.until('a refusal', () => Promise.resolve(/^holiday.jpg: expected an IDX file/.test(document.getElementById('data-error').textContent)), 5);
    await giveFile(browser, { name: 'huge.idx', parts: ['0'.repeat(1 << 20)], times: 2048 });
    await reader.until('a refusal', () => Promise.resolve(/^huge.idx: expected a file of at most 1.1 GB, got 2.1 GB; nothing of it was read/.test(document.getElementById('data-error').textContent)), 5);
    await requireAccessible(browser, 'files refused');
  } finally {
    await browser.close();
  }
}

/** Hands a file to the picker of own data; many times the same part makes a large one out of little. */
function giveFile(browser, file) {
  return browser.evaluate(({ name, parts, times }) => {
    const part = new Blob(parts);
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array.from({ length: times }, () => part), name));
    const input = document.getElementById('own-files');
    document.getElementById('own-data').open = true;
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
    return Promise.resolve();
  }, file);
}

/** A LIBSVM file of the reader's own, through a run whose digest does not depend on where it was. */
export async function checkOwnFile(Browser, host) {
  const rows = Array.from({ length: 60 }, (_, row) => `${row % 2 === 0 ? '+1' : '-1'} 1:${(row % 7) / 7} 2:${(row % 5) / 5} 3:${row % 2}`).join('\n');
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await giveFile(browser, { name: 'small.txt', parts: [`${rows}\n`], times: 1 });
    await reader.until('the file in the list', () => Promise.resolve(/small.txt/.test(document.querySelector('#own-data ul').textContent)), 5);
    await reader.choose('byzantine');
    await reader.importJson({ dataset: 'small.txt', model: 'logistic', honest_size: 4, rounds: 2, display_interval: 5 });
    assert.match(await reader.run(60), /^[0-9a-f]{64}$/);
  } finally {
    await browser.close();
  }
}

/** Pause, go on, stop, go on: the same end. */
export async function checkPause(Browser, host, commandLine) {
  const browser = await Browser.open();
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await reader.importJson(commandLine.config);
    // A run under way is in the list.
    await reader.start();
    await reader.until('progress', () => Promise.resolve(document.querySelector('.run progress')?.value > 0.1), 120);
    await requireAccessible(browser, 'running');
    await reader.click('#pause');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const place = await browser.evaluate(() => Promise.resolve(document.querySelector('.run progress').value));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(await browser.evaluate(() => Promise.resolve(document.querySelector('.run progress').value)), place, 'a paused run stands still');
    assert.match(await reader.text('.run .status'), /^Paused/);
    await reader.click('#go-on');
    await reader.until('progress', (before) => Promise.resolve(document.querySelector('.run progress').value > before), 60, place);
    await reader.click('#stop');
    await reader.until('a stopped run', () => Promise.resolve(/^Stopped/.test(document.querySelector('.run .status').textContent)), 10);
    await reader.click('#go-on');
    assert.equal(await reader.finish(300), commandLine.digest);
  } finally {
    await browser.close();
  }
}

/** A host without headers: isolated by the service worker, or one thread; the same bits, and after that without any host. */
export async function checkStaticHost(Browser, serveStatically, commandLine) {
  for (const withoutServiceWorker of [false, true]) {
    const host = await serveStatically({ withoutServiceWorker });
    const browser = await Browser.open();
    try {
      const reader = new LabReader(browser);
      await reader.open(host.address);
      if (withoutServiceWorker) assert.match(await reader.text('#threads'), /^One thread computes here/);
      else await reader.until('an isolated page', () => Promise.resolve(globalThis.crossOriginIsolated && document.documentElement?.dataset.ready === 'yes'), 20);
      await reader.importJson(commandLine.config);
      assert.equal(await reader.run(300), commandLine.digest);
      if (withoutServiceWorker) continue;
      await host.close();
      await reader.open(host.address);
      await reader.importJson(commandLine.config);
      assert.equal(await reader.run(300), commandLine.digest, 'without a network');
    } finally {
      await browser.close();
      await host.close();
    }
  }
}

/** An engine that lacks something says so in a sentence. @param options of the browser */
export async function checkMissing(Browser, host, options, sentence) {
  const browser = await Browser.open(options);
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    assert.match(await reader.text('#notice'), sentence);
    await reader.click('#run');
    assert.match(await reader.text('#notice'), sentence);
  } finally {
    await browser.close();
  }
}

/** Nothing is asked of another origin. Chromium tells all that a page asks for. */
export async function checkRequests(Chromium, host, config) {
  const browser = await Chromium.open();
  browser.requested = [];
  try {
    const reader = new LabReader(browser);
    await reader.open(host.address);
    await reader.importJson(config);
    await reader.run(300);
    assert.deepEqual(browser.requested.filter((url) => !url.startsWith(host.address) && !/^(about|blob|data):/.test(url)), []);
    assert.ok(browser.requested.length > 3);
  } finally {
    await browser.close();
  }
}

export { runCommandLine };
