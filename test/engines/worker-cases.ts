// The shipped cases as an edge worker: GET /strict or /fused gives an EngineReport.
import fused from 'isolab/fused.wasm';
import strict from 'isolab/strict.wasm';
import type { Profile } from '../../src/core/index.js';
import { openLab } from '../../src/edge.js';
import { runShippedCases } from './cases.js';

const modules: Record<Profile, WebAssembly.Module> = { strict, fused };

export default {
  async fetch(request: Request): Promise<Response> {
    const profile = new URL(request.url).pathname.slice(1) as Profile;
    const open = async () => (await openLab({ module: modules[profile] })).core;
    return Response.json(await runShippedCases(profile, open, false));
  },
};
