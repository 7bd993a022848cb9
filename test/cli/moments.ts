// Children that die at an exact moment of their work, however fast the machine is.
import { startCli } from './cli-fixture.js';

type Write = 'writeFile' | 'appendFile';
type Call = Write | 'open' | 'rename' | 'rm' | 'kernel';

/** The `nth` call (from 1) whose path, or kernel's name, has `of` in it; a renaming's path is the new one. dies.mjs waits for it. */
export interface Moment {
  when: 'before' | 'halfway' | 'after';
  call: Call;
  of: string;
  nth: number;
}

export const before = (call: Call, of: string, nth = 1): Moment => ({ when: 'before', call, of, nth });
export const after = (call: Call, of: string, nth = 1): Moment => ({ when: 'after', call, of, nth });
/** With half of the bytes in the file. */
export const halfway = (call: Write, of: string, nth = 1): Moment => ({ when: 'halfway', call, of, nth });

export function describeMoments(moments: readonly Moment[]): string {
  return moments.map(({ when, call, of, nth }) => `${when} ${call} ${nth} of ${JSON.stringify(of)}`).join(', then ');
}

/**
 * Runs the CLI until it dies at the last of `moments`, of which each is looked for after the one before it.
 * @returns what it said on stderr
 * @throws Error when it ended before
 */
export async function killAt(argv: readonly string[], ...moments: Moment[]): Promise<string> {
  const env = { ISOLAB_TEST_DIES_AT: JSON.stringify(moments) };
  const child = await startCli(argv, { env, nodeFlags: ['--import', new URL('./dies.mjs', import.meta.url).href] });
  const { code, signal, stderr } = await child.ended;
  if (signal === 'SIGKILL') return stderr;
  throw new Error(`expected death ${describeMoments(moments)}; got exit code ${code}, signal ${signal}: ${stderr}`);
}
