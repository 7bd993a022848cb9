import { defineConfig } from 'vitest/config';

// Node 20 has relaxed SIMD, which the fused build needs, behind a flag.
const execArgv = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

export default defineConfig({
  test: {
    projects: [
      // Everything that needs neither the whole of MNIST nor a child process.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/experiments/**', 'test/cli/**', 'test/engines/**', 'test/threads/**'], testTimeout: 60_000, execArgv } },
      { test: { name: 'whole', include: ['test/experiments/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/threads/**/*.test.ts'], testTimeout: 240_000 } },
    ],
  },
});
