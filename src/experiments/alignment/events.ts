import type { NamedArray } from '../../nn/index.js';

export type Phase = 'teacher' | 'noise' | 'student';

/** One measured step, under the notebook's column names. */
export interface MetricsRow {
  seed: number;
  step: number;
  epoch: number;
  trait_loss: number;
  distill_loss: number;
  inner_product: number;
  cosine_similarity: number;
  g_trait_norm: number;
  g_distill_norm: number;
  /** NaN where the accuracy was not measured. */
  trait_test_acc_step: number;
}

/** All that a finished seed knows; its files are made from it. */
export interface AlignmentResult {
  seed: number;
  /** Whose initial weights the student took. */
  studentSeed: number;
  rows: MetricsRow[];
  teacherAccuracy: number;
  studentAccuracy: number;
  totalSteps: number;
  /** Of the untrained reference, where asked for. */
  referenceAccuracy: number | undefined;
  /** Of the teacher that was distilled from, where that is not the last epoch's. */
  distilledTeacherAccuracy: number | undefined;
  models: { teacher: Map<string, NamedArray>; student: Map<string, NamedArray> };
  /** SHA-256 over both models' final parameters, the rows and the accuracies. */
  digest: string;
}

export type AlignmentEvent =
  | { type: 'started'; seed: number; trainSize: number; auditSize: number; testSize: number; totalSteps: number; resumedAt: number }
  | { type: 'progress'; phase: Phase; epoch: number; epochs: number; loss: number; done: number; totalSteps: number }
  | { type: 'row'; table: 'metrics'; row: MetricsRow }
  | { type: 'row'; table: 'teacher'; row: { accuracy: number } }
  /** What the student takes the first test images for, after so many of its epochs; only where `answers` asks for it. */
  | { type: 'answers'; epoch: number; answers: number[]; labels: number[] }
  | { type: 'checkpoint'; done: number; bytes: Uint8Array }
  | { type: 'finished'; result: AlignmentResult };
