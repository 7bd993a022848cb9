// Moments of any function of Gaussian features, each by itself, by Gauss-Hermite quadrature. With x_k and w_k the nodes and
// weights of the standard normal density and h_j = He_j / sqrt(j!) its orthonormal polynomials, a_j = sum_k w_k g(mu + s x_k)
// h_j(x_k) are the coefficients of g: the mean is a_0, and Cov[g(X), g(Y)] = sum_(j>=1) r^j a_j(X) a_j(Y) (Mehler 1866), whose
// terms are positive semidefinite one by one (Schur). At r = 1 it is the quadrature's own variance.
import type { Core } from '../core/index.js';
import { symmetricEigen } from '../matrices/index.js';
import { add, div, matmul, mul, reshape, sqrt, Stepper, type Tape, type Tensor } from '../tensor/index.js';
import type { ActivationMoments } from './activations.js';
import { scaleColumns, symmetricSum, transposed } from './covariance-ops.js';
import { diagonal } from './diagonal.js';
import { sizesOfJoint, sizesOfMarginals, type Marginals } from './distribution.js';

/** More points would have weights that float64 does not tell from 0. */
const MOST_POINTS = 256;

/** A rule for E[g(U)], U standard normal. */
export interface HermiteRule {
  /** Ascending. */
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
  /** w_k h_j(x_k), row k, column j: values at the nodes times this are the coefficients. */
  readonly coefficients: Float64Array;
}

/**
 * The Gauss-Hermite rule of the standard normal density, exact for polynomials of degree up to 2 points - 1: nodes are the
 * eigenvalues of the polynomials' recurrence, and weights the squares of its eigenvectors' first values (Golub & Welsch 1969).
 * @throws RangeError unless points is a whole number from 1 to 256
 */
export function hermiteRule(core: Core, points: number): HermiteRule {
  requirePoints('hermiteRule', points);
  const recurrence = new Float64Array(points * points);
  for (let j = 1; j < points; j++) recurrence[(j - 1) * points + j] = recurrence[j * points + j - 1] = Math.sqrt(j);
  const stepper = new Stepper(core);
  try {
    return stepper.step((tape) => {
      const { values, vectors } = symmetricEigen(tape, tape.from(recurrence, [points, points], 'float64', 'recurrence'));
      const columns = vectors.toArray() as Float64Array;
      const coefficients = new Float64Array(points * points);
      for (let k = 0; k < points; k++) {
        for (let j = 0; j < points; j++) coefficients[k * points + j] = columns[k]! * columns[j * points + k]!;
      }
      const weights = Float64Array.from({ length: points }, (_, k) => coefficients[k * points]!);
      return { nodes: values.toArray() as Float64Array, weights, coefficients };
    });
  } finally {
    stepper.dispose();
  }
}

function requirePoints(op: string, points: number): void {
  if (!(Number.isInteger(points) && points >= 1 && points <= MOST_POINTS)) {
    throw new RangeError(`${op}: expected a whole number of points from 1 to ${MOST_POINTS}, got ${points}`);
  }
}

/** Deviations and their inverses [batch, n], both 0 where the variance is not above 0; their gradients there are 0. */
function deviations(tape: Tape, variance: Tensor): { deviation: Tensor; inverse: Tensor } {
  const values = variance.toArray();
  const constant = (fill: (value: number) => number) => tape.from(values.map(fill), variance.shape, 'float64', 'constants');
  const spread = constant((value) => (value > 0 ? 1 : 0));
  const root = sqrt(tape, add(tape, mul(tape, variance, spread), constant((value) => (value > 0 ? 0 : 1))));
  return { deviation: mul(tape, root, spread), inverse: div(tape, spread, root) };
}

/** Values of the function at every feature's nodes: [batch * n, points]. */
function valuesAtNodes(tape: Tape, apply: ActivationMoments['apply'], mean: Tensor, deviation: Tensor, { nodes }: HermiteRule): Tensor {
  const row = (values: ArrayLike<number>) => tape.from(values, [1, nodes.length], 'float64', 'nodes');
  const column = (x: Tensor) => reshape(tape, x, [x.size, 1]);
  const centres = matmul(tape, column(mean), row(new Float64Array(nodes.length).fill(1)));
  const values = apply(tape, add(tape, centres, matmul(tape, column(deviation), row(nodes))));
  if (values.size !== mean.size * nodes.length) {
    throw new RangeError(`quadratureMoments: expected a function of each value by itself, got ${values.size} values from ${mean.size * nodes.length}`);
  }
  return values;
}

/** Coefficient j of every feature, [batch, n]. */
function coefficient(tape: Tape, values: Tensor, { nodes, coefficients }: HermiteRule, j: number, like: Tensor): Tensor {
  const points = nodes.length;
  const column = Float64Array.from({ length: points }, (_, k) => coefficients[k * points + j]!);
  return reshape(tape, matmul(tape, values, tape.from(column, [points, 1], 'float64', 'coefficients')), like.shape);
}

/**
 * The moments of a function of your own under Gaussian inputs, by quadrature with `points` nodes: mean and variance are exact for
 * polynomials of degree below `points`, converge fast for smooth functions, and for one with a kink or a jump within about
 * 0.3 / points or 0.5 / sqrt(points) deviations times its height. Covariances are the series in the correlation with as many terms:
 * positive semidefinite up to rounding for any function, with the marginals' variances on the diagonal. Gradients go to means,
 * variances and covariances; from a variance of 0 none comes.
 * @param apply the function, recorded on the tape: any shape, float64, each value by itself
 * @param points 1 to 256; one is the function linearised to a constant
 * @throws RangeError for another number of points, or later for a function that gives another number of values
 */
export function quadratureMoments(apply: ActivationMoments['apply'], points = 64): ActivationMoments {
  requirePoints('quadratureMoments', points);
  const rules = new WeakMap<Core, HermiteRule>();
  const expansion = (tape: Tape, { mean, variance }: Marginals) => {
    const rule = rules.get(tape.core) ?? hermiteRule(tape.core, points);
    rules.set(tape.core, rule);
    const { deviation, inverse } = deviations(tape, variance);
    const values = valuesAtNodes(tape, apply, mean, deviation, rule);
    return { inverse, term: (j: number) => coefficient(tape, values, rule, j, mean) };
  };
  const zeros = (tape: Tape, like: Tensor) => tape.from(new Float64Array(like.size), like.shape, 'float64', 'zeros');
  return {
    name: `quadrature:points=${points}`,
    apply,
    marginals(tape, input) {
      sizesOfMarginals('quadratureMoments', input);
      const { term } = expansion(tape, input);
      let variance = zeros(tape, input.mean);
      for (let j = points - 1; j > 0; j--) {
        const value = term(j);
        variance = add(tape, variance, mul(tape, value, value));
      }
      return { mean: term(0), variance };
    },
    joint(tape, input) {
      sizesOfJoint('quadratureMoments', input);
      const symmetric = symmetricSum(tape, input.covariance, 0.5);
      const { inverse, term } = expansion(tape, { mean: input.mean, variance: diagonal(tape, symmetric) });
      const scaleBoth = (x: Tensor, by: Tensor) => scaleColumns(tape, transposed(tape, scaleColumns(tape, x, by)), by);
      const correlation = scaleBoth(symmetric, inverse);
      let sum = zeros(tape, correlation), power = correlation;
      for (let j = 1; j < points; j++) {
        sum = add(tape, sum, scaleBoth(power, term(j)));
        if (j + 1 < points) power = mul(tape, power, correlation);
      }
      return { mean: term(0), covariance: symmetricSum(tape, sum, 0.5) };
    },
    // Stein: E[g'(u)] = E[g(u) U] / s. Where s is 0 no covariance asks for it.
    slope(tape, input) {
      sizesOfMarginals('quadratureMoments', input);
      const { inverse, term } = expansion(tape, input);
      return points === 1 ? zeros(tape, input.mean) : mul(tape, term(1), inverse);
    },
  };
}
