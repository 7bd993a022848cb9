// The reader's own files: IDX and LIBSVM, by file picker or drop. They stay in this browser's store.
import type { Files } from '../../runtime/runtime.js';
import { button, element, fill } from './elements.js';

/** Bytes of the largest file that is read: EMNIST's largest is a tenth of it. */
const LARGEST = 1 << 30;
/** Bytes that tell what a file is. */
const HEAD = 4096;

const megabytes = (bytes: number) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** What a file's beginning says it is; undefined for anything that no experiment reads. */
function kindOf(head: Uint8Array): string | undefined {
  if (head[0] === 0 && head[1] === 0 && head[2] === 8 && (head[3] === 1 || head[3] === 3)) return 'IDX';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzipped IDX';
  const [line = ''] = new TextDecoder().decode(head).split('\n', 1);
  return /^[+-]?[\d.]+(e[+-]?\d+)?(\s+\d+:[^\s]+)*\s*$/i.test(line) ? 'LIBSVM' : undefined;
}

/** @throws Error, before the file is read, when it is too large or nothing that an experiment reads */
async function requireReadable(file: File): Promise<string> {
  if (file.size > LARGEST) throw new Error(`${file.name}: expected a file of at most ${megabytes(LARGEST)}, got ${megabytes(file.size)}; nothing of it was read`);
  const kind = kindOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (kind === undefined) throw new Error(`${file.name}: expected an IDX file (MNIST, EMNIST; plain or .gz) or LIBSVM text, got something else; nothing was kept`);
  return kind;
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
    const words = element('p', { class: 'hint' }, 'MNIST is there already. EMNIST’s IDX files are found by their names; of a LIBSVM file write its name into the field dataset (or validation_file). Nothing leaves this machine.');
    this.root = element('details', { id: 'own-data' }, element('summary', {}, 'Your own data'), words, zone, this.#error, this.#list);
  }

  async #take(files: readonly File[]): Promise<void> {
    this.#error.textContent = '';
    for (const file of files) {
      try {
        await requireReadable(file);
        await this.#files.writeWhole(file.name, new Uint8Array(await file.arrayBuffer()));
      } catch (error) {
        this.#error.textContent = (error as Error).message;
      }
    }
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
