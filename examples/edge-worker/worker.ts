// The entry for workerd and Cloudflare Workers: the bundler leaves the two files below as modules of their own.
import { openLab } from 'isolab/edge';
import strict from 'isolab/strict.wasm';
import { createHandler } from './handler.js';
import weights from './model.safetensors';

// Made by the first request and kept: nothing may be awaited at the top level of a worker.
let ready: Promise<ReturnType<typeof createHandler>> | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    ready ??= openLab({ module: strict }).then((lab) => createHandler(lab, new Uint8Array(weights)));
    return (await ready)(request);
  },
};
