// A part of the README that a command writes, between its marks.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('../../', import.meta.url));

/** Puts `text` between `<!-- reproduction: made by COMMAND -->` and the next `<!-- end of reproduction -->`. @throws Error without the marks */
export async function writeReadmePart(command, text) {
  const path = join(project, 'README.md');
  const readme = await readFile(path, 'utf8');
  const begin = `<!-- reproduction: made by ${command} -->`;
  const start = readme.indexOf(begin);
  const end = readme.indexOf('<!-- end of reproduction -->', start);
  if (start < 0 || end < start) throw new Error(`README.md: expected the marks ${begin} and <!-- end of reproduction -->, got none`);
  await writeFile(path, `${readme.slice(0, start + begin.length)}\n\n${text}\n\n${readme.slice(end)}`);
}
