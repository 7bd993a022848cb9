// A Slurm cluster of this one machine, in a folder of its own: munged, slurmctld and slurmd on loopback, stopped by their process ids.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAMS = ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/bin/sbatch'];

/** Why no cluster can be started here; undefined where one can. */
export function whyNoSlurm(): string | undefined {
  const missing = PROGRAMS.filter((path) => !existsSync(path));
  if (missing.length > 0) return `${missing.join(', ')} not there: apt-get install slurm-wlm munge`;
  return process.getuid?.() === 0 ? undefined : 'slurmd runs jobs as root alone here';
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

function configuration(folder: string, socket: string, ports: readonly [number, number]): string {
  return `ClusterName=isolab
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
JobRequeue=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

export class SlurmCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'isolab-slurm-'));
  readonly #daemons: ChildProcess[] = [];

  /** For every program that speaks to this cluster. */
  get env(): Record<string, string> {
    return { SLURM_CONF: join(this.folder, 'slurm.conf') };
  }

  static async start(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster();
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start(): Promise<void> {
    const { folder } = this;
    const at = (name: string) => join(folder, name);
    // munged wants its socket's folder open to everyone.
    chmodSync(folder, 0o755);
    for (const name of ['state', 'spool']) mkdirSync(at(name));
    writeFileSync(at('munge.key'), randomBytes(128), { mode: 0o600 });
    writeFileSync(at('slurm.conf'), configuration(folder, at('munge.sock'), [await freePort(), await freePort()]));
    this.#daemon('/usr/sbin/munged', [
      '-F', `--key-file=${at('munge.key')}`, `--socket=${at('munge.sock')}`, `--pid-file=${at('munge.pid')}`, `--log-file=${at('munge.log')}`, `--seed-file=${at('munge.seed')}`,
    ]);
    await this.until('munged to listen', () => existsSync(at('munge.sock')));
    this.#daemon('/usr/sbin/slurmctld', ['-D', '-f', at('slurm.conf')]);
    this.#daemon('/usr/sbin/slurmd', ['-D', '-f', at('slurm.conf'), '-N', hostname()]);
    await this.until('the node to be idle', () => this.ask('sinfo', '--noheader', '--format=%T').trim() === 'idle');
  }

  #daemon(program: string, argv: readonly string[]): void {
    const daemon = spawn(program, argv, { stdio: 'ignore', env: { ...process.env, ...this.env } });
    daemon.on('error', () => {});
    this.#daemons.push(daemon);
  }

  /** What a program of Slurm's prints; nothing where it fails, as before the controller listens. */
  ask(program: string, ...argv: string[]): string {
    try {
      return execFileSync(program, argv, { env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
    } catch {
      return '';
    }
  }

  /** @throws Error with the daemons' words when it has not come within two minutes */
  async until(what: string, has: () => boolean): Promise<void> {
    for (let tries = 0; tries < 1200; tries++) {
      if (has()) return;
      await sleep(100);
    }
    const logs = ['slurmctld.log', 'slurmd.log'].map((name) => join(this.folder, name)).filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8').slice(-2000));
    throw new Error(`expected ${what} within two minutes, got none: ${logs.join('\n')}`);
  }

  /** Waits until no job is in the queue. */
  async untilEmpty(): Promise<void> {
    await this.until('an empty queue', () => this.ask('squeue', '--noheader').trim() === '' && this.ask('sinfo', '--noheader', '--format=%T').trim() === 'idle');
  }

  async stop(): Promise<void> {
    this.ask('scancel', '--user=root');
    for (const daemon of this.#daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.pid === undefined) continue;
      const ended = new Promise((done) => daemon.once('exit', done));
      daemon.kill('SIGTERM');
      const isGone = await Promise.race([ended.then(() => true), sleep(5000).then(() => false)]);
      if (!isGone) daemon.kill('SIGKILL');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
