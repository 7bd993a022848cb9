import { kernelOf, Tensor, type AdamNumbers, type Device } from '../tensor/index.js';

export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  lr?: number;
  /** Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** L2 penalty added to the gradient; default 0. */
  weightDecay?: number;
  /** Keep the running maximum of the second moment (Reddi et al. 2018); default false. */
  amsgrad?: boolean;
  /** Ascend instead of descend; default false. */
  maximize?: boolean;
}

interface Slot {
  parameter: Tensor;
  mean: Tensor;
  square: Tensor;
  largest: Tensor | undefined;
  steps: number;
  /** beta^steps by repeated multiplication: the same bits everywhere, unlike Math.pow. */
  powers: [number, number];
}

function requireOptions(options: Required<AdamOptions>): void {
  const { lr, betas, eps, weightDecay } = options;
  if (!(lr >= 0 && Number.isFinite(lr))) throw new RangeError(`Adam: expected lr of at least 0, got ${lr}`);
  if (!(eps >= 0 && Number.isFinite(eps))) throw new RangeError(`Adam: expected eps of at least 0, got ${eps}`);
  if (!(weightDecay >= 0)) throw new RangeError(`Adam: expected weightDecay of at least 0, got ${weightDecay}`);
  if (!betas.every((beta) => beta >= 0 && beta < 1)) throw new RangeError(`Adam: expected betas in [0, 1), got ${betas.join(', ')}`);
}

function updateOnCore({ parameter, mean, square, largest }: Slot, gradient: Tensor, numbers: AdamNumbers): void {
  const { decay, maximize, beta1, beta2, rootCorrection, epsilon, stepSize } = numbers;
  const spill = parameter.core.scratch(80, 'Adam');
  kernelOf(parameter, 'optimizer_adam')(
    parameter.pointer, gradient.source, mean.pointer, square.pointer, largest?.pointer ?? 0, parameter.size,
    decay, maximize ? 1 : 0, beta1, beta2, rootCorrection, epsilon, stepSize, spill,
  );
}

/** The gradient decides: parameter and moments follow it to its device, and stay there while gradients come from there. */
function updateOn(device: Device, { parameter, mean, square, largest }: Slot, gradient: Tensor, numbers: AdamNumbers): void {
  const state = { mean: mean.on(device), square: square.on(device), largest: largest?.on(device) };
  const next = device.adam(parameter.on(device), gradient.on(device), state, numbers);
  parameter.replace(device, next.parameter);
  mean.replace(device, next.mean);
  square.replace(device, next.square);
  if (next.largest !== undefined) largest!.replace(device, next.largest);
}

/** Adam (Kingma & Ba 2015) with PyTorch's defaults, options and order of operations. */
export class Adam {
  readonly options: Required<AdamOptions>;
  readonly #slots: Slot[];

  /** @throws RangeError for an option out of range or an empty parameter list */
  constructor(parameters: readonly Tensor[], options: AdamOptions = {}) {
    this.options = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false, ...options };
    requireOptions(this.options);
    if (parameters.length === 0) throw new RangeError('Adam: expected at least one parameter, got none');
    this.#slots = parameters.map((parameter) => ({
      parameter,
      mean: Tensor.zeros(parameter.core, parameter.shape, parameter.dtype, 'Adam first moment'),
      square: Tensor.zeros(parameter.core, parameter.shape, parameter.dtype, 'Adam second moment'),
      largest: this.options.amsgrad ? Tensor.zeros(parameter.core, parameter.shape, parameter.dtype, 'Adam maximum') : undefined,
      steps: 0,
      powers: [1, 1],
    }));
  }

  /** Updates every parameter that has a gradient in this step; the others, and their step counts, stay. */
  step(): void {
    for (const slot of this.#slots) {
      if (slot.parameter.grad !== undefined) this.#update(slot, slot.parameter.grad);
    }
  }

  #update(slot: Slot, gradient: Tensor): void {
    const { lr, betas, eps, weightDecay, maximize } = this.options;
    const { powers } = slot;
    slot.steps++;
    powers[0] *= betas[0];
    powers[1] *= betas[1];
    const numbers = {
      decay: weightDecay, maximize, beta1: betas[0], beta2: betas[1], rootCorrection: Math.sqrt(1 - powers[1]), epsilon: eps, stepSize: lr / (1 - powers[0]),
    };
    const maker = gradient.maker;
    if (maker !== undefined) updateOn(maker, slot, gradient, numbers);
    else updateOnCore(slot, gradient, numbers);
  }

  /** The state to save: step counts and the moment tensors, in the parameters' order. */
  state(): { steps: number[]; tensors: Tensor[] } {
    return {
      steps: this.#slots.map(({ steps }) => steps),
      tensors: this.#slots.flatMap(({ mean, square, largest }) => (largest === undefined ? [mean, square] : [mean, square, largest])),
    };
  }

  /** Takes the step counts back after the tensors of {@link Adam.state} were filled. */
  restoreSteps(steps: readonly number[]): void {
    if (steps.length !== this.#slots.length) {
      throw new RangeError(`Adam: expected ${this.#slots.length} step counts, got ${steps.length}`);
    }
    this.#slots.forEach((slot, index) => {
      slot.steps = steps[index]!;
      slot.powers = [1, 1];
      for (let i = 0; i < slot.steps; i++) {
        slot.powers[0] *= this.options.betas[0];
        slot.powers[1] *= this.options.betas[1];
      }
    });
  }

  dispose(): void {
    for (const tensor of this.state().tensors) tensor.dispose();
  }
}
