// One control for each field of an experiment's schema: its words, its bounds, its error beside it.
import { flagOf, quote, textOf, type FieldType } from '../../experiments/configuration.js';
import { element } from './elements.js';

interface Definition {
  type: string;
  innerType?: FieldType;
  out?: FieldType;
  entries?: Record<string, string>;
}

const definitionOf = (type: FieldType) => (type as unknown as { _zod: { def: Definition } })._zod.def;

/** The type below defaults, null and what reads texts. */
function innermost(type: FieldType): Definition {
  const definition = definitionOf(type);
  const below = definition.innerType ?? (definition.type === 'pipe' ? definition.out : undefined);
  return below === undefined ? definition : innermost(below);
}

/** The names that a field chooses among; undefined where it takes anything else. */
export function choicesOf(type: FieldType): string[] | undefined {
  const { entries } = innermost(type);
  return entries === undefined ? undefined : Object.values(entries);
}

const isSwitch = (type: FieldType) => innermost(type).type === 'boolean';
const isJson = (type: FieldType) => textOf(type).value === 'JSON';

/** A value as a control's text: lists by commas, objects as JSON, nothing for none. */
export function formatValue(type: FieldType, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (isJson(type)) return Array.isArray(value) && value.length === 0 ? '' : JSON.stringify(value);
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** A control's text as a value; undefined for the default. @throws SyntaxError for a text that should be JSON */
export function parseValue(type: FieldType, text: string): unknown {
  if (text.trim() === '') return undefined;
  return isJson(type) ? JSON.parse(text) : text;
}

/** One field of the form. */
export class Field {
  readonly name: string;
  readonly type: FieldType;
  readonly row: HTMLElement;
  readonly #control: HTMLInputElement | HTMLSelectElement;
  readonly #error: HTMLElement;

  constructor(name: string, type: FieldType, changed: () => void) {
    this.name = name;
    this.type = type;
    const id = `field-${name}`;
    const { help, expects } = textOf(type);
    this.#control = this.#makeControl(id, changed);
    this.#error = element('p', { class: 'error', id: `${id}-error` });
    const label = element('label', { for: id }, element('code', {}, name));
    const hint = element('p', { class: 'hint', id: `${id}-help` }, isSwitch(type) || choicesOf(type) !== undefined ? help : `${help} (${expects})`);
    this.row = element('div', { class: isSwitch(type) ? 'field switch' : 'field' }, ...(isSwitch(type) ? [this.#control, label] : [label, this.#control]), hint, this.#error);
  }

  #makeControl(id: string, changed: () => void): HTMLInputElement | HTMLSelectElement {
    const changedHere = () => {
      this.check();
      changed();
    };
    const shared = { id, name: this.name, 'aria-describedby': `${id}-help ${id}-error`, change: changedHere };
    if (isSwitch(this.type)) return element('input', { ...shared, type: 'checkbox' });
    const choices = choicesOf(this.type);
    if (choices !== undefined) return element('select', shared, ...choices.map((choice) => element('option', { value: choice }, choice)));
    return element('input', { ...shared, type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: this.#placeholder });
  }

  get #placeholder(): string {
    const { shown } = textOf(this.type);
    return shown ?? (formatValue(this.type, this.type.safeParse(undefined).data) || 'none');
  }

  /** @param value undefined for the default */
  show(value: unknown): void {
    const given = value === undefined ? this.type.safeParse(undefined).data : value;
    if (this.#control instanceof HTMLInputElement && isSwitch(this.type)) this.#control.checked = given === true;
    else if (this.#control instanceof HTMLSelectElement) this.#control.value = String(given);
    else this.#control.value = value === undefined ? '' : formatValue(this.type, value);
    this.complain(undefined);
  }

  /** What stands in it; undefined for the default. @throws SyntaxError for a text that should be JSON */
  get value(): unknown {
    if (this.#control instanceof HTMLInputElement && isSwitch(this.type)) return this.#control.checked;
    return parseValue(this.type, this.#control.value);
  }

  /** Says what is wrong with the value, or nothing. @returns whether it is as expected */
  check(): boolean {
    let wrong: string | undefined;
    try {
      if (!this.type.safeParse(this.value).success) wrong = `${flagOf(this.name)}: expected ${textOf(this.type).expects}, got ${quote(this.value)}`;
    } catch (error) {
      wrong = `${flagOf(this.name)}: expected JSON, got ${quote(this.#control.value)} (${(error as Error).message})`;
    }
    this.complain(wrong);
    return wrong === undefined;
  }

  /** Puts a sentence under the field, or takes it away. */
  complain(sentence: string | undefined): void {
    this.#error.textContent = sentence ?? '';
    if (sentence === undefined) this.#control.removeAttribute('aria-invalid');
    else this.#control.setAttribute('aria-invalid', 'true');
  }

  focus(): void {
    for (let parent = this.row.parentElement; parent !== null; parent = parent.parentElement) if (parent instanceof HTMLDetailsElement) parent.open = true;
    this.#control.focus();
  }
}
