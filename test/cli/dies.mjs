// Loaded into a child before its program: kills it at the moment that ISOLAB_TEST_DIES_AT names (`Moment[]` in
// moments.ts), which is a call and not a time, so that it comes on every machine.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

const moments = JSON.parse(process.env.ISOLAB_TEST_DIES_AT);

/** Whether this is the last moment of the list; those before it are crossed off as they come. */
function isTheEnd(when, call, of) {
  const [next] = moments;
  if (next === undefined || next.when !== when || next.call !== call || !of.includes(next.of) || --next.nth > 0) return false;
  moments.shift();
  return moments.length === 0;
}

const die = () => process.kill(process.pid, 'SIGKILL');

function dieIfNow(when, call, of) {
  if (isTheEnd(when, call, of)) die();
}

/** @param of what the call's arguments say it is done to */
function watched(call, original, of) {
  return async function (...given) {
    dieIfNow('before', call, of(...given));
    const result = await original.apply(this, given);
    dieIfNow('after', call, of(...given));
    return result;
  };
}

function watchFile(file, path) {
  for (const call of ['writeFile', 'appendFile']) {
    const write = watched(call, file[call], () => path);
    file[call] = async (bytes, ...options) => {
      if (!isTheEnd('halfway', call, path)) return write.call(file, bytes, ...options);
      await file.write(bytes.subarray(0, bytes.length >> 1));
      die();
    };
  }
  return file;
}

function watchFiles() {
  const { open, rename, rm } = fs.promises;
  const openWatched = watched('open', open, (path) => path);
  fs.promises.open = async (path, ...options) => watchFile(await openWatched(path, ...options), path);
  fs.promises.rename = watched('rename', rename, (_, to) => to);
  fs.promises.rm = watched('rm', rm, (path) => path);
  syncBuiltinESMExports();
}

function watchedExports(exports) {
  const watchedCall = ([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    return [name, (...given) => {
      dieIfNow('before', 'kernel', name);
      return value(...given);
    }];
  };
  return Object.fromEntries(Object.entries(exports).map(watchedCall));
}

function watchKernels() {
  const seen = new WeakMap();
  const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, 'exports');
  const exports = function () {
    if (!seen.has(this)) seen.set(this, watchedExports(get.call(this)));
    return seen.get(this);
  };
  Object.defineProperty(WebAssembly.Instance.prototype, 'exports', { configurable: true, get: exports });
}

if (isMainThread) {
  watchFiles();
  watchKernels();
}
