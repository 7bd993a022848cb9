// npm run digests: runs the shipped cases here and writes src/verify/expected.ts. Say in the commit why they changed.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCore } from '../../dist/core/index.js';
import { verifyCases } from '../../dist/verify/index.js';

const lines = [];
for (const profile of ['strict', 'fused']) {
  const core = await openCore({ profile, kernels: 'all' });
  lines.push(`  ${profile}: {`);
  for await (const { name, digest } of verifyCases(core)) lines.push(`    ${JSON.stringify(name).replaceAll("'", "\\'").replaceAll('"', "'")}: '${digest}',`);
  lines.push('  },');
}
const text = `// Digests of the shipped cases, made by \`npm run digests\`. They change only in a commit that says why.
export const expectedDigests: Record<'strict' | 'fused', Record<string, string>> = {
${lines.join('\n')}
};
`;
await writeFile(join(dirname(fileURLToPath(import.meta.url)), '../../src/verify/expected.ts'), text);
