// The README's tables of flags, made from the experiments' schemas: `npm run docs` writes them, a test compares them.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { alignmentFields } from '../../dist/experiments/alignment/index.js';
import { byzantineFields } from '../../dist/experiments/byzantine/index.js';
import { flagOf, textOf } from '../../dist/experiments/configuration.js';
import {
  constrainedFields, covarianceFields, gaussianityFields, lenetFields, profileFields, robustnessFields, tightnessFields,
} from '../../dist/experiments/moments/index.js';
import { splitHeadFields } from '../../dist/experiments/splithead/index.js';
import { translationFields } from '../../dist/experiments/translation/index.js';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const EXPERIMENTS = {
  splithead: splitHeadFields, alignment: alignmentFields, byzantine: byzantineFields,
  'moments profile': profileFields, 'moments covariance': covarianceFields, 'moments tightness': tightnessFields, 'moments constrained': constrainedFields,
  'moments lenet': lenetFields, 'moments gaussianity': gaussianityFields, 'moments robustness': robustnessFields,
  'translate train': translationFields,
};
const END = '<!-- end of flags -->';

function defaultText(type) {
  const { shown } = textOf(type);
  if (shown !== undefined) return `\`${shown}\``;
  const value = type.safeParse(undefined).data;
  if (value === null || value === '') return '';
  if (value === false) return 'off';
  return `\`${Array.isArray(value) ? value.join(',') : value}\``;
}

/** Markdown, one table for each group. */
function flagTables(fields) {
  const groups = new Map();
  for (const [name, type] of Object.entries(fields)) {
    if (name === 'perturb_specs') continue;
    const { group, help, value } = textOf(type);
    const row = `| \`${flagOf(name)}${value === undefined ? '' : ` ${value.replaceAll('|', '\\|')}`}\` | ${defaultText(type)} | ${help} |`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups].map(([group, rows]) => `**${group}**\n\n| Flag | Default | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`).join('\n');
}

export function withFlagTables(text) {
  for (const [experiment, fields] of Object.entries(EXPERIMENTS)) {
    const begin = `<!-- flags of ${experiment}: made by npm run docs -->`;
    const start = text.indexOf(begin);
    const end = text.indexOf(END, start);
    if (start < 0 || end < start) throw new Error(`README.md: expected the marks ${begin} and ${END}, got none`);
    text = `${text.slice(0, start + begin.length)}\n\n${flagTables(fields)}\n${text.slice(end)}`;
  }
  return text;
}

if (process.argv.includes('--write')) await writeFile(readme, withFlagTables(await readFile(readme, 'utf8')));
