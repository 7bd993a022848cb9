// workerd, Cloudflare's edge runtime: serving a configuration, and the shipped cases as a worker of it.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { enginePath } from './installed.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Serves a configuration on a free port. `address` is that of its socket `http`, without a slash at the end.
 * Throws with what workerd wrote when it ends before it listens.
 */
export async function startWorkerd(config, cache) {
  const binary = await enginePath('workerd', cache);
  const child = spawn(binary, ['serve', config, '--socket-addr', 'http=127.0.0.1:0', '--control-fd=3'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (written += text));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const port = await new Promise((resolve, reject) => {
    let events = '';
    child.stdio[3].on('data', (text) => {
      events += text;
      const listening = /"event":"listen".*?"port":(\d+)/.exec(events);
      if (listening !== null) resolve(Number(listening[1]));
    });
    child.on('error', reject);
    ended.then(() => reject(new Error(`workerd ended before it listened: ${written}`)));
  });
  return {
    address: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "isolab/strict-all.wasm", wasm = embed "strict.wasm"),
    (name = "isolab/fused-all.wasm", wasm = embed "fused.wasm"),
  ],
);
`;

/** Runs jobs in workerd, whose worker may fetch data from the server at `address`. */
export async function runInWorkerd(folder, cache, address, jobs) {
  const build = await rolldown({ input: join(here, 'worker-cases.ts'), platform: 'browser', external: [/\.wasm$/], logLevel: 'warn' });
  await mkdir(folder, { recursive: true });
  await build.write({ file: join(folder, 'worker.js'), format: 'esm' });
  for (const profile of ['strict', 'fused']) await copyFile(join(here, `../../dist/isolab-${profile}-all.wasm`), join(folder, `${profile}.wasm`));
  await writeFile(join(folder, 'config.capnp'), CONFIG);
  const workerd = await startWorkerd(join(folder, 'config.capnp'), cache);
  try {
    const reports = [];
    for (const job of jobs) {
      const response = await fetch(workerd.address, { method: 'POST', body: JSON.stringify({ job, address }) });
      if (!response.ok) throw new Error(`HTTP ${response.status} ${await response.text()}`);
      reports.push(await response.json());
    }
    return reports;
  } finally {
    await workerd.stop();
  }
}
