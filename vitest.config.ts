import { defineConfig } from 'vitest/config';

// Node 20 has relaxed SIMD, which the fused build needs, behind a flag.
const execArgv = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

/** They need packages, a software GPU or a browser. */
const BACKENDS = ['test/backend/agreement.test.ts', 'test/backend/browser.test.ts', 'test/experiments/backend.test.ts'];

export default defineConfig({
  test: {
    projects: [
      // Everything that needs neither the whole of MNIST nor a child process.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/experiments/**', 'test/cli/**', 'test/engines/**', ...BACKENDS], testTimeout: 60_000, execArgv } },
      { test: { name: 'whole', include: ['test/experiments/**/*.test.ts', 'test/cli/**/*.test.ts'], exclude: BACKENDS, testTimeout: 240_000 } },
      // Last and by itself: a software GPU takes every CPU, and tests that kill processes at set moments would miss them.
      { test: { name: 'backends', include: BACKENDS, testTimeout: 240_000, fileParallelism: false, sequence: { groupOrder: 1 } } },
    ],
  },
});
