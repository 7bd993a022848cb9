// Text without a browser to measure it: widths are those of common sans-serif fonts, on the generous side.
import { element, escapeText, type Attributes } from './svg.js';

const NARROW = /[iljtfI.,:;'|!()[\] ]/;
const WIDE = /[mwMW@%—]/;

/** Width in pixels at a font size in pixels. */
export function textWidth(text: string, size = 12): number {
  let em = 0;
  for (const character of text) {
    if (character.codePointAt(0)! >= 0x2e80) em += 1;
    else if (NARROW.test(character)) em += 0.37;
    else if (WIDE.test(character)) em += 0.98;
    else em += /[A-Z]/.test(character) ? 0.72 : 0.62;
  }
  return em * size;
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitText(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size) > width) characters.pop();
  return `${characters.join('').trimEnd()}…`;
}

/** Lines broken between words; a word wider than a line is cut short. At least one line. */
export function wrapText(text: string, width: number, size = 12): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(joined, size) <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.map((line) => fitText(line, width, size));
}

/** Words, with a power of ten's exponent set above the line. */
export interface Label {
  text: string;
  exponent?: string;
}

export function labelWidth({ text, exponent = '' }: Label, size = 12): number {
  return textWidth(text, size) + textWidth(exponent, 0.75 * size);
}

/** A text element. `attributes` hold its place. */
export function drawText(label: string | Label, attributes: Attributes): string {
  const { text, exponent } = typeof label === 'string' ? { text: label } as Label : label;
  const raised = exponent === undefined ? '' : element('tspan', { dy: '-0.45em', 'font-size': '75%' }, escapeText(exponent));
  return text === '' && raised === '' ? '' : element('text', attributes, escapeText(text) + raised);
}
