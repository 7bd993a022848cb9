#!/usr/bin/env node
import process from 'node:process';
import { nodeRuntime, packagedMnistFolder, userCacheFolder } from '../runtime/node.js';
import { main } from './main.js';

process.exitCode = await main(process.argv.slice(2), {
  runtime: nodeRuntime(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stderrStream: process.stderr,
  isTerminal: process.stderr.isTTY === true,
  cacheDir: userCacheFolder(),
  packagedMnistDir: packagedMnistFolder(),
});
