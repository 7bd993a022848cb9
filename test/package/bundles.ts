// The built package as a web project's bundler takes it in: by its name and exports, minified, without Node.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import ts from 'typescript';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Chunk {
  name: string;
  code: string;
  /** Bytes that a page downloads. */
  gzipped: number;
}

/**
 * The chunks of an entry, the entry's own first.
 * @throws Error for an import that cannot be resolved, Node's own among them
 */
export async function bundle(entry: string): Promise<Chunk[]> {
  // Inside the package, so that `isolab` means this package.
  await mkdir(join(repository, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(repository, '.cache/bundled-'));
  try {
    const input = join(folder, 'entry.mjs');
    await writeFile(input, entry);
    const build = await rolldown({
      input, platform: 'browser', tsconfig: false, preserveEntrySignatures: 'strict', external: [/\.wasm$/],
      onLog: (level, log) => {
        if (level === 'warn') throw new Error(log.message);
      },
    });
    const { output } = await build.generate({ format: 'esm', minify: true });
    return output.map((chunk) => {
      if (chunk.type !== 'chunk') throw new Error(`expected chunks of code only, got ${chunk.fileName}`);
      return { name: chunk.name, code: chunk.code, gzipped: gzipSync(chunk.code, { level: 9 }).length };
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const FORBIDDEN_NAMES = new Set(['eval', 'Function', 'process', 'Buffer', 'require', 'createRequire', 'XMLHttpRequest', 'importScripts', '__dirname']);
const FORBIDDEN_MEMBERS = new Set([
  'WebAssembly.compile', 'WebAssembly.compileStreaming', 'WebAssembly.instantiateStreaming', 'Math.random',
]);
const LONGEST_TEXT = 2000;

function findingsAt(node: ts.Node, inFunction: boolean): string[] {
  if (ts.isImportDeclaration(node) || (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)) {
    return [`import ${(node.moduleSpecifier as ts.StringLiteral).text}`];
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return ['import()'];
  if ((ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) && !inFunction) return ['top-level await'];
  if (ts.isNewExpression(node) && node.expression.getText() === 'WebAssembly.Module') return ['new WebAssembly.Module'];
  if (ts.isPropertyAccessExpression(node) && FORBIDDEN_MEMBERS.has(node.getText())) return [node.getText()];
  if (ts.isStringLiteralLike(node) && node.text.length > LONGEST_TEXT) return [`a text of ${node.text.length}`];
  const isProperty = node.parent !== undefined && ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
  return ts.isIdentifier(node) && !isProperty && FORBIDDEN_NAMES.has(node.text) ? [node.text] : [];
}

/** What a module imports, and what it uses that edge runtimes refuse: found in its syntax, sorted, each once. */
export function edgeFindings(code: string): string[] {
  const findings = new Set<string>();
  const visit = (node: ts.Node, inFunction: boolean) => {
    for (const finding of findingsAt(node, inFunction)) findings.add(finding);
    ts.forEachChild(node, (child) => visit(child, inFunction || ts.isFunctionLike(node)));
  };
  visit(ts.createSourceFile('bundle.js', code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS), false);
  return [...findings].sort();
}
