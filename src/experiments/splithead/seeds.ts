import { sha256 } from '../../core/index.js';

/** A seed: a number where that is exact, a bigint beyond. */
export type Seed = number | bigint;

function exact(value: bigint): Seed {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/**
 * The original's derived seed: 100,000 * seed plus the first 12 hexadecimal digits of
 * SHA-256("part:part:...") modulo 900,000,000.
 */
export async function derivedSeed(seed: number, ...parts: (string | number)[]): Promise<Seed> {
  const digest = await sha256(parts.join(':'));
  return exact(100_000n * BigInt(seed) + (BigInt(`0x${digest.slice(0, 12)}`) % 900_000_000n));
}

/** The seeds that a run record names. */
export async function recordedSeeds(seed: number) {
  return {
    rng_base: exact(100_000n * BigInt(seed)),
    teacher_model_seed: await derivedSeed(seed, 'teacher', 'model_random_init'),
    student_model_seed: await derivedSeed(seed, 'student', 'model_random_init'),
    teacher_training_seed: await derivedSeed(seed, 'teacher_training'),
    student_training_seed: await derivedSeed(seed, 'student_training_noise'),
    dataloader_seed: await derivedSeed(seed, 'dataloader_shuffle'),
  };
}

export type RecordedSeeds = Awaited<ReturnType<typeof recordedSeeds>>;
