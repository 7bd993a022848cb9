// The form of one experiment: presets, fields by group, import and export of the JSON that --config takes.
import { ConfigurationError, flagOf, textOf } from '../../experiments/configuration.js';
import type { LabExperiment } from '../experiment.js';
import { button, element, fill, offerDownload } from './elements.js';
import { Field } from './fields.js';

/** Bytes of the largest file that is read as a configuration. */
const LARGEST_CONFIG = 1_000_000;

export class ConfigurationForm {
  readonly experiment: LabExperiment;
  readonly root: HTMLFormElement;
  readonly #fields: readonly Field[];
  readonly #presets: HTMLSelectElement;
  readonly #sentence = element('p', { class: 'hint' });
  readonly #error = element('p', { class: 'error', role: 'alert' });

  /** @param run called with a configuration that is in order */
  constructor(experiment: LabExperiment, run: (config: Record<string, unknown>) => void) {
    this.experiment = experiment;
    this.#fields = Object.entries(experiment.fields).map(([name, type]) => new Field(name, type, () => this.#touched()));
    this.#presets = element(
      'select', { id: 'preset', change: () => this.choosePreset(Number(this.#presets.value)) },
      ...experiment.presets.map((preset, index) => element('option', { value: index }, preset.name)), element('option', { value: -1, hidden: true }, 'Your own'),
    );
    const submit = (event: Event) => {
      event.preventDefault();
      const config = this.resolve();
      if (config !== undefined) run(config);
    };
    this.root = element('form', { submit, novalidate: true }, this.#head(), ...this.#groups(), this.#foot());
    this.choosePreset(0);
  }

  #head(): HTMLElement {
    return element('div', { class: 'preset' }, element('label', { for: 'preset' }, 'Preset'), this.#presets, this.#sentence);
  }

  #groups(): HTMLElement[] {
    const names = [...new Set(this.#fields.map(({ type }) => textOf(type).group))];
    return names.map((name) => {
      const own = this.#fields.filter(({ type }) => textOf(type).group === name);
      return element('details', {}, element('summary', {}, name), element('div', { class: 'fields' }, ...own.map(({ row }) => row)));
    });
  }

  #foot(): HTMLElement {
    const file = element('input', { type: 'file', accept: '.json,application/json', class: 'hidden', 'aria-label': 'Configuration file', tabindex: -1, change: () => void this.#import(file) });
    return element(
      'div', { class: 'actions' },
      element('button', { type: 'submit', class: 'primary', id: 'run' }, 'Run'),
      button('Export JSON', () => this.#export(), { id: 'export' }), button('Import JSON', () => file.click(), { id: 'import' }), file, this.#error,
    );
  }

  #touched(): void {
    this.#presets.value = '-1';
    fill(this.#sentence, 'Your own values.');
    this.#error.textContent = '';
  }

  choosePreset(index: number): void {
    const preset = this.experiment.presets[index]!;
    this.show(preset.values);
    this.#presets.value = String(index);
    fill(this.#sentence, preset.sentence);
  }

  /** Puts values into the fields; those that are not given get their defaults. */
  show(values: Record<string, unknown>): void {
    for (const field of this.#fields) field.show(values[field.name]);
    this.#touched();
  }

  /** The resolved configuration; undefined after saying at its field what is wrong. */
  resolve(): Record<string, unknown> | undefined {
    this.#error.textContent = '';
    const wrong = this.#fields.filter((field) => !field.check());
    wrong[0]?.focus();
    if (wrong.length > 0) return undefined;
    try {
      const values = Object.fromEntries(this.#fields.map(({ name, value }) => [name, value] as const).filter(([, value]) => value !== undefined));
      return this.experiment.resolve(values, 'configuration');
    } catch (error) {
      this.#blame(error as Error);
      return undefined;
    }
  }

  /** Says an error at the field whose flag it begins with, or below the form. */
  #blame(error: Error): void {
    if (!(error instanceof ConfigurationError)) throw error;
    const flag = /^--[a-z0-9-]+/.exec(error.message)?.[0];
    const field = this.#fields.find(({ name }) => flagOf(name) === flag);
    if (field === undefined) this.#error.textContent = error.message;
    else {
      field.complain(error.message);
      field.focus();
    }
  }

  #export(): void {
    const config = this.resolve();
    if (config === undefined) return;
    offerDownload(`${this.experiment.name.replaceAll(' ', '-')}.json`, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`));
  }

  async #import(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (file === undefined) return;
    try {
      this.#take(await readConfiguration(file), file.name);
    } catch (error) {
      this.#error.textContent = (error as Error).message;
    }
    input.value = '';
  }

  #take(values: Record<string, unknown>, name: string): void {
    try {
      this.experiment.resolve(values, name);
    } finally {
      // What is wrong in it can be put right in the form.
      this.show(values);
    }
  }
}

/** @throws Error for a file that is too large or holds no JSON object */
async function readConfiguration(file: File): Promise<Record<string, unknown>> {
  if (file.size > LARGEST_CONFIG) throw new Error(`${file.name}: expected a configuration, at most 1 MB of JSON, got ${(file.size / 1e6).toFixed(0)} MB; nothing was read`);
  let values: unknown;
  try {
    values = JSON.parse(await file.text());
  } catch (error) {
    throw new Error(`${file.name}: expected JSON, got ${(error as Error).message}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new Error(`${file.name}: expected a JSON object, got ${JSON.stringify(values).slice(0, 80)}`);
  return values as Record<string, unknown>;
}
