// Runs of the experiments on Gaussian moments, as their tests look at them.
import type { MomentEvent, MomentResult, TableRow } from '../../src/experiments/moments/index.js';

export async function eventsOf<R extends TableRow>(run: AsyncIterable<MomentEvent<R>>): Promise<MomentEvent<R>[]> {
  const events: MomentEvent<R>[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** What a run's last event gives. @throws Error when that is another event */
export async function resultOf<R extends TableRow>(run: AsyncIterable<MomentEvent<R>>): Promise<MomentResult<R>> {
  const last = (await eventsOf(run)).at(-1);
  if (last?.type !== 'finished') throw new Error(`expected a run that ends with finished, got ${last?.type}`);
  return last.result;
}
