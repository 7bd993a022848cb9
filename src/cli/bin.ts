#!/usr/bin/env node
import process from 'node:process';
import { nodeRuntime, packagedMnistFolder, userCacheFolder } from '../runtime/node.js';
import { main } from './main.js';

// A reader that has gone (`isolab ... | head`) stops nothing; a stdout that cannot be written is a failure.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`isolab: stdout: expected to be written, got ${error.message}\n`);
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2), {
  runtime: nodeRuntime(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stderrStream: process.stderr,
  isTerminal: process.stderr.isTTY === true,
  cacheDir: userCacheFolder(),
  packagedMnistDir: packagedMnistFolder(),
});
