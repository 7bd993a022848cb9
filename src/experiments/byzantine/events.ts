import type { MessagePlane } from './message-plane.js';

/** What is measured after a round; round 0 is before the first step, where there are no messages (NaN). */
export interface RoundRow {
  round: number;
  step: number;
  train_loss: number;
  train_accuracy: number;
  validation_loss: number;
  validation_accuracy: number;
  /** (1/H) sum ||m_h - mean||^2 over the honest messages of the round's last step. */
  variance: number;
  /** Norm of that step's aggregate less the honest mean. */
  distance_to_honest_mean: number;
}

export interface ByzantineResult {
  rows: RoundRow[];
  /** Final parameters [dimension], in PyTorch's order. */
  parameters: Float32Array | Float64Array;
  /** SHA-256 over the final parameters and the rows. */
  digest: string;
}

export type ByzantineEvent =
  /** `tableBytes`: SAGA's table and averages, 0 for other methods. */
  | { type: 'started'; dimension: number; trainSize: number; validationSize: number; tableBytes: number; rounds: number; totalSteps: number; resumedAt: number }
  | { type: 'progress'; round: number; rounds: number; done: number; totalSteps: number }
  | { type: 'row'; table: 'rounds'; row: RoundRow }
  /** The messages of a round's last step on a plane; only where `messages` asks for it, and where all are finite. */
  | { type: 'messages'; round: number; plane: MessagePlane }
  | { type: 'checkpoint'; done: number; bytes: Uint8Array }
  | { type: 'finished'; result: ByzantineResult };
