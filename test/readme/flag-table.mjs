// The README's table of split-head flags, made from the schema: `npm run docs` writes it, a test compares it.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { flagOf, textOf } from '../../dist/experiments/configuration.js';
import { splitHeadFields } from '../../dist/experiments/splithead/index.js';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const BEGIN = '<!-- flags: made by npm run docs -->';
const END = '<!-- end of flags -->';

function defaultText(type) {
  const value = type.safeParse(undefined).data;
  if (value === null || value === '') return '';
  if (value === false) return 'off';
  return `\`${Array.isArray(value) ? value.join(',') : value}\``;
}

/** Markdown, one table for each group. */
export function flagTables() {
  const groups = new Map();
  for (const [name, type] of Object.entries(splitHeadFields)) {
    if (name === 'perturb_specs') continue;
    const { group, help, value } = textOf(type);
    const row = `| \`${flagOf(name)}${value === undefined ? '' : ` ${value}`}\` | ${defaultText(type)} | ${help} |`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups].map(([group, rows]) => `**${group}**\n\n| Flag | Default | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`).join('\n');
}

export function withFlagTables(text) {
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md: expected the marks ${BEGIN} and ${END}, got none`);
  return `${text.slice(0, start + BEGIN.length)}\n\n${flagTables()}\n${text.slice(end)}`;
}

if (process.argv.includes('--write')) await writeFile(readme, withFlagTables(await readFile(readme, 'utf8')));
