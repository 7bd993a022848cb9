// What a finished run offers: its numbers and digest, its files, all of them as a zip, and a link that carries it.
import { experimentNamed } from '../experiments/index.js';
import type { RunStore, StoredRun } from '../stored-run.js';
import { button, element, offerDownload } from './elements.js';
import { compareBits, fragmentOf } from './share.js';
import { zipOf } from './zip.js';

/** Numbers and digest; what the link that it came by says of it. */
export function resultSummary({ figures, digest, setting, expected, threads }: StoredRun): HTMLElement[] {
  if (digest === undefined || setting === undefined) return [];
  const list = element('dl', { class: 'figures' }, ...(figures ?? []).flatMap(({ name, value }) => [element('dt', {}, name), element('dd', {}, value)]));
  const bits = element('p', { class: 'digest' }, 'Digest ', element('code', { id: 'digest' }, digest));
  const how = element('p', { class: 'hint' }, `${setting.profile} profile, core ${setting.wasmHash.slice(0, 12)}${setting.dataHash === '' ? '' : `, data ${setting.dataHash.slice(0, 12)}`}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, which change no bit.`);
  if (expected === undefined) return [list, bits, how];
  const { same, sentence } = compareBits(expected, digest, setting);
  return [element('p', { class: same ? 'verdict same' : 'verdict other', id: 'verdict', role: 'status' }, `${same ? '✓' : '✗'} ${sentence}`), list, bits, how];
}

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1);

async function offerAll(store: RunStore, { id, experiment }: StoredRun): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for (const path of await store.results(id)) files[path] = await store.readResult(id, path);
  offerDownload(`${experiment.replaceAll(' ', '-')}-${id}.zip`, await zipOf(files));
}

async function linkOf({ experiment, config, digest, setting }: StoredRun): Promise<string> {
  return `${location.href.split('#')[0]!}${await fragmentOf({ experiment, config, digest: digest!, setting: setting! })}`;
}

/** A field that shows the link, for browsers that let nothing onto the clipboard. */
function shareControl(run: StoredRun): HTMLElement {
  const field = element('input', { type: 'text', readonly: true, id: 'link', class: 'link hidden', 'aria-label': 'Link to this run' });
  const said = element('span', { role: 'status', class: 'hint' });
  const share = button('Share', async () => {
    field.value = await linkOf(run);
    field.classList.remove('hidden');
    field.select();
    const isCopied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
    said.textContent = isCopied === true ? 'The link is on the clipboard.' : 'Copy the link.';
  }, { id: 'share' });
  return element('div', { class: 'share' }, share, field, said);
}

/** Keeps a file in the reader's own data. */
export type KeepFile = (name: string, bytes: Uint8Array) => Promise<void>;

/** What other experiments can read of the run's files. */
function offerControl(store: RunStore, { id }: StoredRun, names: readonly string[], keep: KeepFile): HTMLElement {
  const said = element('span', { role: 'status', class: 'hint' });
  const offer = async () => {
    for (const path of await store.results(id)) if (names.includes(lastPart(path))) await keep(lastPart(path), await store.readResult(id, path));
    said.textContent = `${names.join(' and ')}: in your own data.`;
  };
  const fail = (error: Error) => (said.textContent = error.message);
  return element('div', { class: 'share' }, button('Offer to other experiments', () => void offer().catch(fail), { id: 'offer' }), said);
}

/** Buttons: each file, a zip of all, the link, and what other experiments can read. */
export function resultActions(store: RunStore, run: StoredRun, keep: KeepFile): HTMLElement[] {
  const files = element('ul', { class: 'files' });
  void store.results(run.id).then((paths) => {
    for (const path of paths) {
      const offer = async () => offerDownload(lastPart(path), await store.readResult(run.id, path));
      files.append(element('li', {}, button(lastPart(path), () => void offer(), { class: 'file', title: path, 'data-path': path })));
    }
  });
  const { readable } = experimentNamed(run.experiment);
  const offers = readable === undefined ? [] : [offerControl(store, run, readable, keep)];
  return [element('div', { class: 'wide' }, element('h3', {}, 'Files'), files, button('All as a zip', () => void offerAll(store, run), { id: 'zip' })), ...offers, shareControl(run)];
}
