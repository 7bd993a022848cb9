// A sweep's report: one HTML file that asks for nothing else.
import { durationText, type SweepSpecification } from '../sweep/index.js';
import type { DrawnFigure, FigureNumbers } from './drawing.js';

/** What a reader needs in order to trust the figures, and to compute them again. */
export interface ReportFacts {
  /** Runs in the table, and in the whole selection. */
  recorded: number;
  expected: number;
  seeds: readonly number[];
  profile: string;
  wasmHash: string;
  /** SHA-256 of each dataset, by its name. */
  data: readonly { name: string; sha256: string }[];
  /** SHA-256 of the table's CSV. */
  tableDigest: string;
  /** Of all runs together, one thread each; undefined where times are not known. */
  seconds: number | undefined;
  programs: readonly string[];
  engines: readonly string[];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}figure{margin:1rem 0}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
pre{background:#f6f6f6;padding:.8rem;overflow-x:auto;font-size:.8rem}`;

function numbersTable({ columns, rows }: FigureNumbers): string {
  const line = (cells: readonly string[], tag: 'th' | 'td') => `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table><thead>${line(columns, 'th')}</thead><tbody>\n${rows.map((row) => line(row, 'td')).join('\n')}\n</tbody></table></div>`;
}

function figureSection({ title, svg, numbers }: DrawnFigure): string {
  return `<section><h2>${escape(title)}</h2>\n<figure>${svg}</figure>\n${numbersTable(numbers)}</section>`;
}

function factsList(facts: ReportFacts): string {
  const { recorded, expected, seeds, profile, wasmHash, data, tableDigest, seconds, programs, engines } = facts;
  const items: [string, string][] = [
    ['Runs', recorded === expected ? String(recorded) : `${recorded} of ${expected}; the others are not computed yet`],
    ['Seeds', seeds.join(', ')],
    ['Time', seconds === undefined ? 'not recorded' : `${durationText(seconds)} of one thread in all, ${durationText(seconds / Math.max(1, recorded))} a run`],
    ['Program', programs.join(', ') || 'not recorded'],
    ['Engine', engines.join(', ') || 'not recorded'],
    ['Profile', profile],
    ['Core (SHA-256)', wasmHash],
    ...data.map(({ name, sha256 }): [string, string] => [`${name} (SHA-256)`, sha256]),
    ['Table (SHA-256)', tableDigest],
  ];
  return `<dl>${items.map(([term, text]) => `<dt>${escape(term)}</dt><dd>${escape(text)}</dd>`).join('\n')}</dl>`;
}

/** The whole page, as HTML text. */
export function reportPage(spec: SweepSpecification, figures: readonly DrawnFigure[], facts: ReportFacts): string {
  const note = spec.note === '' ? '' : `<p>${escape(spec.note)}</p>`;
  const method = '<p>Bands and brackets: the percentile bootstrap\'s 95% interval of the mean over seeds, 2000 resamples.</p>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(spec.title)}</title>
<style>${STYLE}</style></head><body>
<h1>${escape(spec.title)}</h1>
${note}${method}
${figures.map(figureSection).join('\n')}
<section><h2>What was computed</h2>
${factsList(facts)}
<h2>The sweep</h2>
<pre>${escape(JSON.stringify(spec.source, null, 2))}</pre></section>
</body></html>
`;
}
