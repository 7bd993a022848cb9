// Adam (Kingma & Ba 2015) in the operation order of PyTorch's torch/optim/adam.py, _single_tensor_adam.
import { lanes } from './profile';

/**
 * One vector's update; all state in place. `largest` is AMSGrad's running maximum, or 0 for plain Adam.
 * stepSize = lr / (1 - beta1^t), rootCorrection = sqrt(1 - beta2^t), both from the host.
 */
// @ts-ignore: decorator
@inline
function updateVector<T>(
  parameter: usize, gradient: usize, mean: usize, square: usize, largest: usize,
  decay: v128, sign: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, rootCorrection: v128, epsilon: v128, stepSize: v128,
): void {
  const p = v128.load(parameter);
  const g = v128.add<T>(v128.mul<T>(v128.load(gradient), sign), v128.mul<T>(p, decay));
  const m = v128.add<T>(v128.mul<T>(v128.load(mean), beta1), v128.mul<T>(g, rest1));
  const v = v128.add<T>(v128.mul<T>(v128.load(square), beta2), v128.mul<T>(v128.mul<T>(rest2, g), g));
  v128.store(mean, m);
  v128.store(square, v);
  let bound = v;
  if (largest != 0) {
    bound = v128.pmax<T>(v128.load(largest), v);
    v128.store(largest, bound);
  }
  const denominator = v128.add<T>(v128.div<T>(v128.sqrt<T>(bound), rootCorrection), epsilon);
  v128.store(parameter, v128.sub<T>(p, v128.div<T>(v128.mul<T>(stepSize, m), denominator)));
}

/** The last, partial vector goes through `spill`, 5 vectors of scratch, so that no lane reads past an end. */
function adam<T>(
  parameter: usize, gradient: usize, mean: usize, square: usize, largest: usize, count: i32,
  decay: f64, maximise: i32, beta1: f64, beta2: f64, rootCorrection: f64, epsilon: f64, stepSize: f64, spill: usize,
): void {
  const vDecay = v128.splat<T>(<T>decay), vSign = v128.splat<T>(maximise ? <T>-1 : <T>1);
  const vBeta1 = v128.splat<T>(<T>beta1), vRest1 = v128.splat<T>(<T>(1 - beta1));
  const vBeta2 = v128.splat<T>(<T>beta2), vRest2 = v128.splat<T>(<T>(1 - beta2));
  const vRoot = v128.splat<T>(<T>rootCorrection), vEpsilon = v128.splat<T>(<T>epsilon), vStep = v128.splat<T>(<T>stepSize);
  let i = 0;
  for (; i <= count - lanes<T>(); i += lanes<T>()) {
    updateVector<T>(parameter, gradient, mean, square, largest, vDecay, vSign, vBeta1, vRest1, vBeta2, vRest2, vRoot, vEpsilon, vStep);
    parameter += 16; gradient += 16; mean += 16; square += 16;
    if (largest != 0) largest += 16;
  }
  const bytes = <usize>(count - i) * sizeof<T>();
  if (bytes == 0) return;
  memory.fill(spill, 0, 80);
  memory.copy(spill, parameter, bytes);
  memory.copy(spill + 16, gradient, bytes);
  memory.copy(spill + 32, mean, bytes);
  memory.copy(spill + 48, square, bytes);
  if (largest != 0) memory.copy(spill + 64, largest, bytes);
  updateVector<T>(spill, spill + 16, spill + 32, spill + 48, largest != 0 ? spill + 64 : 0,
    vDecay, vSign, vBeta1, vRest1, vBeta2, vRest2, vRoot, vEpsilon, vStep);
  memory.copy(parameter, spill, bytes);
  memory.copy(mean, spill + 32, bytes);
  memory.copy(square, spill + 48, bytes);
  if (largest != 0) memory.copy(largest, spill + 64, bytes);
}

export function optimizer_adam_f32(
  parameter: usize, gradient: usize, mean: usize, square: usize, largest: usize, count: i32,
  decay: f64, maximise: i32, beta1: f64, beta2: f64, rootCorrection: f64, epsilon: f64, stepSize: f64, spill: usize,
): void {
  adam<f32>(parameter, gradient, mean, square, largest, count, decay, maximise, beta1, beta2, rootCorrection, epsilon, stepSize, spill);
}

export function optimizer_adam_f64(
  parameter: usize, gradient: usize, mean: usize, square: usize, largest: usize, count: i32,
  decay: f64, maximise: i32, beta1: f64, beta2: f64, rootCorrection: f64, epsilon: f64, stepSize: f64, spill: usize,
): void {
  adam<f64>(parameter, gradient, mean, square, largest, count, decay, maximise, beta1, beta2, rootCorrection, epsilon, stepSize, spill);
}
