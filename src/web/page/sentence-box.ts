// A box for sentences, and what a finished run's translator makes of them.
import type { TranslateOptions } from '../../experiments/translation/index.js';
import { TranslatorInWorker } from '../translator-in-worker.js';
import { element, fill } from './elements.js';

interface Way {
  words: string;
  /** @param asked how often the box was asked before, from 0: the seed of what is drawn */
  options(asked: number): TranslateOptions;
  /** Of `isolab translate run`. */
  flags(asked: number): string;
}

const BEAM = 5;

const WAYS: Readonly<Record<string, Way>> = {
  greedy: { words: 'the likeliest piece each time', options: () => ({}), flags: () => '' },
  beam: { words: `the best of a beam of ${BEAM}`, options: () => ({ beam: BEAM }), flags: () => ` --beam ${BEAM}` },
  sample: { words: 'drawn anew each time', options: (asked) => ({ sampleSeed: asked }), flags: (asked) => ` --sample --sample-seed ${asked}` },
};

export class SentenceBox {
  readonly root: HTMLElement;
  readonly #translator: TranslatorInWorker;
  readonly #sentence = element('input', { type: 'text', id: 'sentence', autocomplete: 'off', spellcheck: 'false', dir: 'auto', 'aria-describedby': 'sentence-error' });
  readonly #way = element('select', { id: 'way' }, ...Object.entries(WAYS).map(([name, { words }]) => element('option', { value: name }, words)));
  readonly #answer = element('p', { class: 'translation', id: 'translation', role: 'status', dir: 'auto' });
  readonly #how = element('p', { class: 'hint' });
  readonly #error = element('p', { class: 'error', id: 'sentence-error', role: 'alert' });
  #asked = 0;
  #isWaiting = false;

  /** @param run its name in the browser's store */
  constructor(run: string) {
    this.#translator = new TranslatorInWorker(run);
    const submit = (event: Event) => {
      event.preventDefault();
      void this.#ask();
    };
    this.root = element(
      'form', { class: 'ask', submit, novalidate: true, 'aria-labelledby': 'ask-title' }, element('h3', { id: 'ask-title' }, 'Translate a sentence'),
      element('label', { for: 'sentence' }, 'Sentence in the language it was trained to read'), this.#sentence,
      element('div', { class: 'actions' }, element('label', { for: 'way' }, 'Answer'), this.#way, element('button', { type: 'submit', id: 'translate' }, 'Translate')),
      this.#error, this.#answer, this.#how,
    );
  }

  async #ask(): Promise<void> {
    const sentence = this.#sentence.value.trim();
    this.#error.textContent = sentence === '' ? 'Type a sentence first.' : '';
    if (sentence === '') this.#sentence.focus();
    if (sentence === '' || this.#isWaiting) return;
    this.#isWaiting = true;
    const { options, flags } = WAYS[this.#way.value]!;
    const asked = this.#asked++;
    this.#how.textContent = 'Translating …';
    try {
      const answer = await this.#translator.translate(sentence, options(asked));
      this.#answer.textContent = answer === '' ? '(no words)' : answer;
      fill(this.#how, 'Of “', element('bdi', {}, sentence), '”, as ', element('code', {}, `isolab translate run${flags(asked)}`), ' says it.');
    } catch (error) {
      this.#answer.textContent = '';
      this.#how.textContent = '';
      this.#error.textContent = (error as Error).message;
    } finally {
      this.#isWaiting = false;
    }
  }

  dispose(): void {
    this.#translator.stop();
  }
}
