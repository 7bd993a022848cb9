// workerd, Cloudflare's edge runtime, as a test starts it: its binary comes from npm into the cache folder.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { userCacheFolder } from '../../src/runtime/node.js';

const installed = '../engines/installed.mjs';

export interface Workerd {
  /** Of the socket `http`, without a slash at the end. */
  address: string;
  stop(): Promise<void>;
}

/**
 * Serves a configuration on a free port.
 * @throws Error with what workerd wrote when it ends before it listens
 */
export async function startWorkerd(config: string): Promise<Workerd> {
  const { enginePath } = (await import(installed)) as { enginePath(engine: string, cache: string): Promise<string> };
  const binary = await enginePath('workerd', join(userCacheFolder(), 'engines'));
  const child = spawn(binary, ['serve', config, '--socket-addr', 'http=127.0.0.1:0', '--control-fd=3'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (text) => (written += text));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let events = '';
    (child.stdio[3] as Readable).on('data', (text) => {
      events += text;
      const listening = /"event":"listen".*?"port":(\d+)/.exec(events);
      if (listening !== null) resolve(Number(listening[1]));
    });
    child.on('error', reject);
    void ended.then(() => reject(new Error(`workerd ended before it listened: ${written}`)));
  });
  return {
    address: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
