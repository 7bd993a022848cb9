import { defineConfig } from 'vitest/config';

// Node 20 has relaxed SIMD, which the fused build needs, behind a flag.
const execArgv = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

const WHOLE = ['test/experiments/**', 'test/cli/**', 'test/engines/**', 'test/threads/**', 'test/edge/**', 'test/package/**'];
/** They need packages, a software GPU or a browser. */
const BACKENDS = ['test/backend/agreement.test.ts', 'test/backend/browser.test.ts', 'test/experiments/backend.test.ts', 'test/web/page.test.ts'];

export default defineConfig({
  test: {
    // Every processor: the default leaves one idle, which of two is half.
    maxWorkers: '100%',
    projects: [
      // Everything that needs neither the whole of MNIST nor a child process.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...WHOLE, ...BACKENDS], testTimeout: 60_000, hookTimeout: 60_000, execArgv } },
      {
        // The example imports the package by its name.
        resolve: { alias: { 'isolab/edge': new URL('src/edge.ts', import.meta.url).pathname } },
        test: { name: 'whole', include: WHOLE.map((folder) => `${folder}/*.test.ts`), exclude: BACKENDS, testTimeout: 240_000, hookTimeout: 60_000 },
      },
      // Last and by itself: a software GPU takes every CPU.
      { test: { name: 'backends', include: BACKENDS, testTimeout: 240_000, fileParallelism: false, sequence: { groupOrder: 1 } } },
    ],
  },
});
