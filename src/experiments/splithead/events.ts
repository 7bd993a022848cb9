import type { LayerMetrics, Snapshot } from './layer-metrics.js';
import type { PerturbationRow } from './perturbation.js';
import type { RecordedSeeds } from './seeds.js';

export type Phase = 'teacher' | 'student';

/** What a run measures, under the original's column names. NaN where a phase had no batch. */
export interface SplitHeadMetrics {
  teacher_init_acc: number;
  teacher_final_acc: number;
  student_init_acc: number;
  student_final_acc: number;
  teacher_init_class_loss: number;
  teacher_final_class_loss: number;
  student_init_class_loss: number;
  student_final_class_loss: number;
  student_init_aux_loss: number;
  student_final_aux_loss: number;
  teacher_train_loss_last: number;
  student_train_aux_loss_last: number;
}

/** One side's model as the record describes it. */
export interface ModelDescription {
  /** As the original writes it: `{type, hidden_dims}` or `{type, feature_spec}`. */
  architecture: Record<string, unknown>;
  layerNames: string[];
  init: Record<string, string>;
  trainable: Record<string, boolean>;
  totalParameters: number;
  trainableParameters: number;
}

/** All that a finished run knows; what is written to files is made from it. */
export interface SplitHeadResult {
  metrics: SplitHeadMetrics;
  layerMetrics: LayerMetrics[];
  perturbations: PerturbationRow[];
  resolvedPerturbations: Record<string, unknown>[];
  seeds: RecordedSeeds;
  teacher: ModelDescription;
  student: ModelDescription;
  trainSize: number;
  testSize: number;
  classes: number;
  baseClasses: number;
  /** Final parameters of both models. */
  models: { teacher: Snapshot; student: Snapshot };
  /** SHA-256 over final parameters and metrics. */
  digest: string;
}

export type SplitHeadEvent =
  | { type: 'started'; seeds: RecordedSeeds; trainSize: number; testSize: number; classes: number; totalSteps: number; resumedAt: number }
  | { type: 'progress'; phase: Phase; epoch: number; epochs: number; step: number; steps: number; loss: number; done: number; totalSteps: number }
  | { type: 'row'; table: 'epochs'; row: { phase: Phase; epoch: number; epochs: number; loss: number } }
  | { type: 'row'; table: 'evaluations'; row: { model: Phase; state: 'initial' | 'final'; accuracy: number; classLoss: number; auxLoss: number | undefined } }
  | { type: 'row'; table: 'perturbations'; row: PerturbationRow }
  | { type: 'row'; table: 'layer_metrics'; row: LayerMetrics }
  /** What the student takes the first test images for, after so many of its epochs; only where `answers` asks for it. */
  | { type: 'answers'; epoch: number; answers: number[]; labels: number[] }
  | { type: 'checkpoint'; done: number; bytes: Uint8Array }
  | { type: 'finished'; result: SplitHeadResult };
