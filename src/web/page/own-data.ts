// The reader's own files: IDX, LIBSVM, sentence pairs, tokenizers, networks, by file picker or drop. They stay in this browser's store.
import type { Files } from '../../runtime/runtime.js';
import { button, element, fill } from './elements.js';

/** Bytes of the largest file that is read: EMNIST's largest is a tenth of it. */
const LARGEST = 1 << 30;
/** Bytes that tell what a file is. */
const HEAD = 4096;

const megabytes = (bytes: number) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** Text in UTF-8 without control characters but tab and line ends; a character may be cut off at the end. */
function isText(head: Uint8Array): boolean {
  try {
    return !/[\u0000-\u0008\u000e-\u001f]/.test(new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }));
  } catch {
    return false;
  }
}

/** What a file's beginning, and for texts its name, say it is; undefined for anything that no experiment reads. */
export function kindOf(head: Uint8Array, name: string): string | undefined {
  if (head[0] === 0 && head[1] === 0 && head[2] === 8 && (head[3] === 1 || head[3] === 3)) return 'IDX';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) return 'zip';
  if (head[0] === 0x0a && name.endsWith('.model')) return 'SentencePiece';
  if (head[8] === 0x7b && name.endsWith('.safetensors')) return 'safetensors';
  if (!isText(head)) return undefined;
  if (head[0] === 0x7b && name.endsWith('.json')) return 'network';
  const [line = ''] = new TextDecoder().decode(head).split('\n', 1);
  if (/^[+-]?[\d.]+(e[+-]?\d+)?(\s+\d+:[^\s]+)*\s*$/i.test(line)) return 'LIBSVM';
  return line.includes('\t') || /\.(txt|tsv|xml|[a-z]{2})$/i.test(name) ? 'sentences' : undefined;
}

/** @throws Error, before the file is read, when it is too large or nothing that an experiment reads */
async function requireReadable(file: File): Promise<void> {
  if (file.size > LARGEST) throw new Error(`${file.name}: expected a file of at most ${megabytes(LARGEST)}, got ${megabytes(file.size)}; nothing of it was read`);
  const kind = kindOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()), file.name);
  if (kind === undefined) throw new Error(`${file.name}: expected an IDX file (MNIST, EMNIST; plain or .gz), LIBSVM text, sentence pairs (TSV, two aligned texts, or a zip), a SentencePiece .model or a network (.json, .safetensors), got something else; nothing was kept`);
}

export class OwnData {
  readonly root: HTMLElement;
  readonly #files: Files;
  readonly #list = element('ul', { class: 'files' });
  readonly #error = element('p', { class: 'error', role: 'alert', id: 'data-error' });

  /** @param files of the folder that keeps them */
  constructor(files: Files) {
    this.#files = files;
    const picker = element('input', { type: 'file', multiple: true, class: 'hidden', id: 'own-files', 'aria-label': 'Data files', tabindex: -1, change: () => void this.#take([...(picker.files ?? [])]).then(() => (picker.value = '')) });
    const stop = (event: Event) => event.preventDefault();
    const drop = (event: Event) => {
      event.preventDefault();
      void this.#take([...((event as DragEvent).dataTransfer?.files ?? [])]);
    };
    const zone = element('div', { class: 'drop', dragover: stop, drop }, button('Add files', () => picker.click(), { id: 'add-files' }), picker, element('p', { class: 'hint' }, 'or drop them here.'));
    const words = element('p', { class: 'hint' }, 'MNIST and tatoeba-short.tsv are there already. EMNIST’s IDX files are found by their names; of a LIBSVM file write its name into the field dataset (or validation_file), of sentence pairs into data, of a tokenizer into source_tokenizer or target_tokenizer, of a network’s layers (.json) into model. Nothing leaves this machine.');
    this.root = element('details', { id: 'own-data' }, element('summary', {}, 'Your own data'), words, zone, this.#error, this.#list);
  }

  async #take(files: readonly File[]): Promise<void> {
    this.#error.textContent = '';
    for (const file of files) {
      try {
        await requireReadable(file);
        await this.keep(file.name, new Uint8Array(await file.arrayBuffer()));
      } catch (error) {
        this.#error.textContent = (error as Error).message;
      }
    }
  }

  async keep(name: string, bytes: Uint8Array): Promise<void> {
    await this.#files.writeWhole(name, bytes);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const names = await this.#files.list('');
    const items = await Promise.all(names.map(async (name) => {
      const remove = async () => {
        await this.#files.remove(name);
        await this.refresh();
      };
      return element('li', {}, `${name}, ${megabytes((await this.#files.size(name)) ?? 0)} `, button('Remove', () => void remove(), { 'aria-label': `Remove ${name}` }));
    }));
    fill(this.#list, ...items);
  }
}
