// What the seeds of an alignment run say while they work: a bar for each on a terminal, plain lines elsewhere.
import { MultiBar, type SingleBar } from 'cli-progress';
import type { AlignmentEvent } from '../experiments/alignment/index.js';
import type { CliContext } from './context.js';

const FORMAT = 'seed {seed} {bar} {value}/{total} steps | {eta_formatted} left | {note}';

export class SeedProgress {
  readonly #context: CliContext;
  readonly #bars: MultiBar | undefined;
  readonly #barOf = new Map<number, SingleBar>();
  /** Last step that a line was printed for, by seed. */
  readonly #printed = new Map<number, number>();

  constructor(context: CliContext) {
    this.#context = context;
    if (!context.isTerminal || context.stderrStream === undefined) return;
    this.#bars = new MultiBar({ format: FORMAT, stream: context.stderrStream, hideCursor: true, fps: 5, etaBuffer: 50, barsize: 24 });
  }

  #line(text: string): void {
    if (this.#bars === undefined) this.#context.stderr(`${text}\n`);
    else this.#bars.log(`${text}\n`);
  }

  show(seed: number, event: AlignmentEvent): void {
    if (event.type === 'started') this.#start(seed, event);
    else if (event.type === 'progress') this.#advance(seed, event);
    else if (event.type === 'row' && event.table === 'teacher') this.#line(`[seed ${seed}] teacher_acc=${event.row.accuracy.toFixed(4)}`);
    else if (event.type === 'finished') {
      const { teacherAccuracy, studentAccuracy, rows, digest } = event.result;
      this.#barOf.get(seed)?.stop();
      this.#line(`[seed ${seed}] teacher_acc=${teacherAccuracy.toFixed(4)} student_acc=${studentAccuracy.toFixed(4)} rows=${rows.length} digest=${digest}`);
    }
  }

  #start(seed: number, { totalSteps, resumedAt }: AlignmentEvent & { type: 'started' }): void {
    if (resumedAt > 0) this.#line(`[seed ${seed}] goes on after step ${resumedAt} of ${totalSteps}`);
    this.#printed.set(seed, resumedAt);
    const bar = this.#bars?.create(totalSteps, resumedAt, { seed, note: '' });
    if (bar !== undefined) this.#barOf.set(seed, bar);
  }

  #advance(seed: number, event: AlignmentEvent & { type: 'progress' }): void {
    const { phase, epoch, epochs, loss, done, totalSteps } = event;
    const note = phase === 'noise' ? 'drawing noise' : `${phase} epoch ${epoch}/${epochs}, loss ${loss.toPrecision(4)}`;
    const bar = this.#barOf.get(seed);
    bar?.update(done, { note });
    if (bar !== undefined || phase === 'noise' || done - this.#printed.get(seed)! < 50) return;
    this.#printed.set(seed, done);
    this.#line(`[seed ${seed}] step ${done}/${totalSteps}, ${note}`);
  }

  stop(): void {
    this.#bars?.stop();
  }
}
