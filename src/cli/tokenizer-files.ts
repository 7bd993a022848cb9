import { Tokenizer, TokenizerError } from '../text/index.js';
import type { CliContext } from './context.js';
import { UsageError } from './usage-error.js';

/** The bytes of a file, or of standard input for `-`. @param flag that named it, for the error */
export async function readTextFile({ runtime }: CliContext, flag: string, path: string): Promise<Uint8Array> {
  if (path !== '-') {
    try {
      return await runtime.files.read(path);
    } catch (error) {
      throw new UsageError(`${flag}: expected a file that can be read, got ${JSON.stringify(path)} (${(error as Error).message})`);
    }
  }
  if (runtime.readStandardInput === undefined) throw new UsageError(`${flag}: expected a file, got none, and ${runtime.name} has no standard input here`);
  return runtime.readStandardInput();
}

export async function readTokenizer(context: CliContext, path: string): Promise<Tokenizer> {
  const bytes = await readTextFile(context, '--model', path);
  try {
    return Tokenizer.fromModel(bytes);
  } catch (error) {
    throw error instanceof TokenizerError ? new UsageError(`--model ${path}: ${error.message.replace(/^model: /, '')}`) : error;
  }
}
