// The attacks. mu and sigma are the mean and the standard deviation of the honest rows, coordinate by coordinate.
import { type AttackDefinition, deviationOfRows } from './attack.js';
import { normalQuantile } from './normal-quantile.js';
import type { OptionDeclaration, OptionValue } from '../core/index.js';
import { meanOfRows, rowOf, type Vectors } from './vectors.js';

/** sigma's divisor, as an option. */
export const DEVIATION: OptionDeclaration = {
  default: 'sample', choices: ['sample', 'population'], help: "sigma's divisor: one less than the honest rows (ByzFL), or their number",
};

/** sigma by the option {@link DEVIATION}, or as the context gives it. */
export function sigmaOf(honest: Vectors, given: Float64Array | undefined, deviation: OptionValue): Float64Array {
  return given ?? deviationOfRows(honest, deviation === 'population' ? 'population' : 'sample');
}

function sumOfRows({ count, dimension, values }: Vectors): Float64Array {
  const sum = new Float64Array(dimension);
  for (let row = 0; row < count; row++) for (let column = 0; column < dimension; column++) sum[column]! += values[row * dimension + column]!;
  return sum;
}

const white: AttackDefinition = {
  name: 'white',
  help: 'mu and normal noise, each row its own',
  source: 'Wu, Ling, Chen and Giannakis 2020 (the code, where 30 is the standard deviation)',
  options: { deviation: { default: 30, number: { least: 0 }, help: 'standard deviation of the noise' } },
  usual: 'deviation',
  compute: (honest, byzantine, { generator }, { deviation }) => {
    const mean = meanOfRows(honest);
    return generator.normals(byzantine * honest.dimension).map((normal, at) => mean[at % honest.dimension]! + Number(deviation) * normal);
  },
};

const maxValue: AttackDefinition = {
  name: 'max-value',
  help: 'mu times a factor',
  source: 'Wu, Ling, Chen and Giannakis 2020 (the code; -3 in the paper)',
  options: { scale: { default: -10, number: {}, help: 'the factor' } },
  usual: 'scale',
  compute: (honest, _, __, { scale }) => meanOfRows(honest).map((value) => Number(scale) * value),
};

const zeroGradient: AttackDefinition = {
  name: 'zero-gradient',
  help: '-(sum of the honest rows) / B, so that the mean of all rows is 0',
  source: 'Wu, Ling, Chen and Giannakis 2020',
  options: {},
  compute: (honest, byzantine) => sumOfRows(honest).map((value) => -value / byzantine),
};

const signFlip: AttackDefinition = {
  name: 'sign-flip',
  help: '-mu',
  source: 'Allen-Zhu, Ebrahimianghazani, Li and Alistarh 2020; ByzFL',
  options: {},
  compute: (honest) => meanOfRows(honest).map((value) => -value),
};

const ipm: AttackDefinition = {
  name: 'ipm',
  help: 'inner product manipulation: -tau mu',
  source: 'Xie, Koyejo and Gupta 2020',
  options: { tau: { default: 2, number: {}, help: 'the factor' } },
  usual: 'tau',
  compute: (honest, _, __, { tau }) => meanOfRows(honest).map((value) => -Number(tau) * value),
};

/**
 * ALIE's own factor: the largest shift that s = floor(n / 2) + 1 - m honest workers hide, Phi^-1((n - m - s) / (n - m)).
 * @param count n, all workers
 * @param byzantine m
 * @throws RangeError where that is no probability between 0 and 1
 */
export function alieFactor(count: number, byzantine: number): number {
  const honest = count - byzantine;
  const supporters = Math.floor(count / 2) + 1 - byzantine;
  if (supporters < 1 || supporters >= honest) {
    throw new RangeError(`alie: expected 1 <= floor(n / 2) + 1 - m < n - m for tau=z, got n = ${count} workers with m = ${byzantine} Byzantine; give tau a number`);
  }
  return normalQuantile((honest - supporters) / honest);
}

const alie: AttackDefinition = {
  name: 'alie',
  help: 'a little is enough: mu + tau sigma',
  source: 'Baruch, Baruch and Goldberg 2019',
  options: {
    tau: { default: 1.5, choices: ['z'], number: {}, help: "the factor; z: the paper's, from the numbers of workers" },
    deviation: DEVIATION,
  },
  usual: 'tau',
  compute: (honest, byzantine, { deviation: given }, { tau, deviation }) => {
    const factor = tau === 'z' ? alieFactor(honest.count + byzantine, byzantine) : Number(tau);
    const sigma = sigmaOf(honest, given, deviation!);
    return meanOfRows(honest).map((value, column) => value + factor * sigma[column]!);
  },
};

const mimic: AttackDefinition = {
  name: 'mimic',
  help: 'copies of one honest worker',
  source: 'Karimireddy, He and Jaggi 2022',
  options: { worker: { default: 0, number: { whole: true, least: 0 }, help: 'which honest row, counting from 0' } },
  usual: 'worker',
  compute: (honest, _, __, { worker }) => {
    if (Number(worker) >= honest.count) throw new RangeError(`mimic: expected a worker from 0 to ${honest.count - 1}, got ${worker}`);
    return rowOf(honest, Number(worker)).slice();
  },
};

const isolation: AttackDefinition = {
  name: 'isolation',
  help: '(target H - sum of the H honest rows) / B: the mean of all rows becomes target H / (H + B)',
  source: 'Song, Luo, Peng and Ling; ByrdLab',
  options: { target: { default: 0, number: {}, help: "every coordinate's target" } },
  usual: 'target',
  compute: (honest, byzantine, _, { target }) => sumOfRows(honest).map((value) => (Number(target) * honest.count - value) / byzantine),
};

const labelFlip: AttackDefinition = {
  name: 'label-flip',
  help: "labels C - 1 - y in the Byzantine workers' data; their messages are computed honestly",
  source: 'Bernstein, Zhao, Azizzadenesheli and Anandkumar 2019; ByzFL',
  options: {},
  kind: 'data',
  compute: () => {
    throw new RangeError('label-flip: expected an attack on messages, got one on data; flip the labels of the Byzantine workers instead');
  },
};

export const ATTACKS: readonly AttackDefinition[] = [white, maxValue, zeroGradient, signFlip, ipm, alie, mimic, isolation, labelFlip];
