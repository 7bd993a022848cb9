// The engines' jobs as an edge worker: POST { job, address } gives an EngineReport.
import fused from 'isolab/fused-all.wasm';
import strict from 'isolab/strict-all.wasm';
import type { Profile } from '../../src/core/index.js';
import { openLab } from '../../src/edge.js';
import { runJobOn, type Job } from './cases.js';

const modules: Record<Profile, WebAssembly.Module> = { strict, fused };

export default {
  async fetch(request: Request): Promise<Response> {
    const { job, address } = (await request.json()) as { job: Job; address: string };
    return Response.json(await runJobOn(job, address, async () => (await openLab({ module: modules[job.profile] })).core));
  },
};
