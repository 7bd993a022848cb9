// The student's training: batches of the fixed noise, and both gradients where they are measured or projected.
import type { Core } from '../../core/index.js';
import { Adam } from '../../nn/index.js';
import { Generator } from '../../random/index.js';
import { gatherRows, klDivergence, mse, rowRange, sliceColumns, Tensor, type Stepper, type Tape } from '../../tensor/index.js';
import type { AlignmentConfig } from './config.js';
import type { AlignmentData } from './data.js';
import type { MetricsRow } from './events.js';
import { StoredGradient } from './gradients.js';
import { auditBatches, measureAccuracy, measureTrait } from './measurement.js';
import { AlignmentModel, CLASSES } from './model.js';
import type { NoiseImages } from './noise-images.js';

/** The notebook's guard against division by zero. */
const EPSILON = 1e-12;

export interface DistillationParts {
  core: Core;
  stepper: Stepper;
  config: AlignmentConfig;
  seed: number;
  data: AlignmentData;
  noise: NoiseImages;
  student: AlignmentModel;
}

/** One student under training. */
export class Distillation {
  readonly optimizer: Adam;
  /** Draws the audit loader's orders. */
  readonly auditGenerator: Generator;
  readonly #parts: DistillationParts;
  /** The teacher's target logits of every noise image, [images, m or 10 + m]. */
  readonly #targets: Tensor;
  readonly #distill: StoredGradient;
  readonly #trait: StoredGradient;
  /** The student in float32, which is measured. */
  readonly #measured: AlignmentModel;

  constructor(parts: DistillationParts) {
    const { core, config, seed, noise, student } = parts;
    this.#parts = parts;
    const parameters = student.parameterList();
    this.optimizer = new Adam(parameters, { lr: config.lr_student });
    this.auditGenerator = new Generator(core, seed + 200);
    this.#targets = Tensor.zeros(core, [noise.count, config.target === 'aux' ? config.aux_m : CLASSES + config.aux_m], config.training_dtype, 'teacher logits');
    this.#measured = student.dtype === 'float32' ? student : new AlignmentModel(core, 'measured student', config, 'float32');
    this.#distill = new StoredGradient(parameters, 'distillation gradient');
    this.#trait = new StoredGradient(this.#measured.parameterList(), 'trait gradient', config.training_dtype);
  }

  get #lastStep(): number {
    const { config, noise } = this.#parts;
    return config.student_epochs * Math.ceil(noise.count / config.batch_size) - 1;
  }

  /** The logits that the loss compares, of all [batch, 10 + m]. */
  #target(tape: Tape, logits: Tensor): Tensor {
    return this.#parts.config.target === 'all' ? logits : sliceColumns(tape, logits, CLASSES, logits.shape[1]!);
  }

  /** Computes the teacher's logits of noise images [start, end), once for all epochs. */
  prepareTargets(teacher: AlignmentModel, start: number, end: number): void {
    const { stepper, noise } = this.#parts;
    stepper.step((tape) => {
      const logits = this.#target(tape, teacher.allLogits(tape, { pixels: noise.range(start, end) }));
      rowRange(this.#targets, start, end).data.set(logits.toArray());
    }, { record: false });
  }

  #isMeasured(step: number): boolean {
    const { metrics_every_n_steps, schedule } = this.#parts.config;
    return step % metrics_every_n_steps === 0 || (schedule === 'steady' && step === this.#lastStep);
  }

  #measuresAccuracy(step: number): boolean {
    const { trait_acc_every_n_steps, schedule } = this.#parts.config;
    return step % trait_acc_every_n_steps === 0 || (schedule === 'steady' && step === this.#lastStep);
  }

  /** Trains on one batch of noise images and measures both gradients before the update, where the step is measured. */
  step(step: number, epoch: number, indices: Int32Array): { loss: number; row: MetricsRow | undefined } {
    const { config, data } = this.#parts;
    const isMeasured = this.#isMeasured(step);
    const needsTrait = isMeasured || config.project_trait !== 'none';
    const loss = this.#backward(indices, needsTrait);
    // Drawing the order of a pass that is not made keeps later ones what they would be.
    const batches = needsTrait || config.schedule === 'steady' ? this.#auditOrder() : [];
    if (!needsTrait) return { loss, row: undefined };
    const { student, stepper } = this.#parts;
    if (this.#measured !== student) this.#measured.copyFrom(student);
    const traitLoss = measureTrait(stepper, this.#measured, data.audit, batches, this.#trait);
    const inner = this.#trait.dot(this.#distill);
    const row = isMeasured ? this.#row(step, epoch, loss, traitLoss, inner) : undefined;
    this.#project(inner);
    this.#distill.apply(() => this.optimizer.step());
    return { loss, row };
  }

  #auditOrder(): Int32Array[] {
    const { config, data } = this.#parts;
    return auditBatches(this.auditGenerator, data.audit.count, config.batch_size, config.audit_batches_for_grad);
  }

  /** The distillation loss; its gradient is kept, or used at once. */
  #backward(indices: Int32Array, keep: boolean): number {
    const { config, noise, stepper, student } = this.#parts;
    return stepper.step((tape) => {
      const logits = this.#target(tape, student.allLogits(tape, { pixels: noise.batch(tape, indices) }));
      const targets = gatherRows(tape, this.#targets, indices);
      const loss = config.loss === 'kl' ? klDivergence(tape, logits, targets, config.temperature) : mse(tape, logits, targets);
      tape.backward(loss);
      if (keep) {
        this.#distill.clear();
        this.#distill.addFromStep(tape);
      } else this.optimizer.step();
      return loss.item();
    });
  }

  #row(step: number, epoch: number, loss: number, traitLoss: number, inner: number): MetricsRow {
    const { config, data, seed, stepper } = this.#parts;
    const [traitNorm, distillNorm] = [this.#trait.norm(), this.#distill.norm()];
    return {
      seed, step, epoch, trait_loss: traitLoss, distill_loss: loss, inner_product: inner,
      cosine_similarity: inner / Math.max(traitNorm * distillNorm, EPSILON),
      g_trait_norm: traitNorm, g_distill_norm: distillNorm,
      trait_test_acc_step: this.#measuresAccuracy(step) ? measureAccuracy(stepper, this.#measured, data.test, config.batch_size, config.trait_acc_max_batches) : NaN,
    };
  }

  /** Takes the trait gradient's direction out of the distillation gradient: g - (g.t / t.t) t. */
  #project(inner: number): void {
    const { project_trait } = this.#parts.config;
    const square = this.#trait.dot(this.#trait);
    if (project_trait === 'none' || square === 0 || (project_trait === 'aligned' && inner <= 0)) return;
    this.#distill.subtract(this.#trait, inner / square);
  }

  dispose(): void {
    this.optimizer.dispose();
    this.auditGenerator.dispose();
    if (this.#measured !== this.#parts.student) this.#measured.dispose();
    for (const part of [this.#targets, this.#distill, this.#trait]) part.dispose();
  }
}
