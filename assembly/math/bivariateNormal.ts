// Integrals of the bivariate normal density phi2(a, b; s) over its correlation s, from r > 0 to 1. With
// p = (1 - s) / (1 + s) = tau^2, P the same of r, delta = |a - b| and kappa = (a + b)^2 / 8,
//   phi2 ds = exp(-(a^2 + b^2) / 4) / pi  exp(-kappa p - delta^2 / (8 p)) / (1 + p) dtau.
// exp(-kappa p) / (1 + p) is a power series in p, and with y = delta / (2 sqrt(P))
//   int_0^sqrt(P) tau^(2 j) exp(-delta^2 / (8 tau^2)) dtau = P^(j + 1/2) exp(-y^2 / 2) g_j,
// g_0 = 1 - y R(y) (Mills' ratio R), (2 j + 1) g_j = 1 - y^2 g_(j - 1). The recurrence magnifies errors of g_j at most by
// exp(delta^2 / 8), which exp(-y^2 / 2) outweighs. For P <= 1/7 some 20 terms do, more where kappa P is large.
import { expDouble, expScalar } from './exp';
import { lossShare, millsLossScalar } from './normal';

const ONE_OVER_PI: f64 = 0.3183098861837907;
/** A term below this part of the sum adds nothing. */
const NEGLIGIBLE: f64 = 5e-19;
const MOST_TERMS: i32 = 120;

/** exp(-(a^2 + b^2) / 4 - y^2 / 2) sqrt(P) / pi: what stands before the series. */
// @ts-ignore: decorator
@inline
function sharedFactor(a: f64, b: f64, y: f64, p: f64): f64 {
  return expScalar(-0.25 * (a * a + b * b) - 0.5 * y * y) * sqrt<f64>(p) * ONE_OVER_PI;
}

/** delta / (2 sqrt(P)), at most 60, where its exponential is 0. */
// @ts-ignore: decorator
@inline
function boundary(a: f64, b: f64, p: f64): f64 {
  const delta = abs<f64>(a - b);
  const y = 0.5 * delta / sqrt<f64>(p);
  return delta == 0 ? 0 : min<f64>(y, 60);
}

/** The integral of phi2(a, b; s) ds from s = r to 1, P = (1 - r) / (1 + r) in [0, 1/7], a and b within 40 of 0. */
export function densityToOne(a: f64, b: f64, p: f64): f64 {
  const y = boundary(a, b, p);
  if (y >= 39 || p == 0) return 0;
  const square = y * y, decay = -0.125 * (a + b) * (a + b) * p;
  let g = millsLossScalar(y), exponential: f64 = 1, coefficient: f64 = 1, sum = g;
  for (let j = 1; j < MOST_TERMS; j++) {
    exponential *= decay * (1 / <f64>j);
    coefficient = exponential - p * coefficient;
    g = (1 - square * g) * (1 / <f64>(2 * j + 1));
    sum += coefficient * g;
    if (abs<f64>(coefficient) < NEGLIGIBLE && abs<f64>(exponential) < NEGLIGIBLE) break;
  }
  return sharedFactor(a, b, y, p) * sum;
}

/** The integral of (s - r) phi2(a, b; s) ds from s = r to 1, as above, of lanes. */
export function firstMomentToOne(a: v128, b: v128, p: v128): v128 {
  const zero = f64x2.splat(0), one = f64x2.splat(1);
  const delta = f64x2.abs(f64x2.sub(a, b)), sum = f64x2.add(a, b), root = f64x2.sqrt(p);
  const ratio = v128.andnot(f64x2.div(f64x2.mul(f64x2.splat(0.5), delta), root), f64x2.eq(delta, zero));
  const live = v128.and(f64x2.lt(ratio, f64x2.splat(39)), f64x2.gt(p, zero));
  const y = v128.and(ratio, live);
  const square = f64x2.mul(y, y), decay = f64x2.mul(f64x2.mul(f64x2.splat(-0.125), f64x2.mul(sum, sum)), p);
  let g = lossShare(y), exponential = v128.and(one, live), before = zero, coefficient = exponential, total = zero;
  for (let j = 1; j < MOST_TERMS; j++) {
    const following = f64x2.mul(f64x2.sub(one, f64x2.mul(square, g)), f64x2.splat(1 / <f64>(2 * j + 1)));
    total = f64x2.add(total, f64x2.mul(coefficient, f64x2.sub(g, following)));
    // A lane that has enough takes no more, whatever its neighbour needs.
    const going = f64x2.ge(f64x2.pmax(f64x2.abs(coefficient), f64x2.abs(exponential)), f64x2.splat(NEGLIGIBLE));
    if (!v128.any_true(going)) break;
    exponential = v128.and(going, f64x2.mul(exponential, f64x2.mul(decay, f64x2.splat(1 / <f64>j))));
    const doubled = f64x2.add(f64x2.add(coefficient, coefficient), f64x2.mul(p, before));
    before = coefficient;
    coefficient = v128.and(going, f64x2.sub(exponential, f64x2.mul(p, doubled)));
    g = following;
  }
  const squares = f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b));
  const exponent = f64x2.sub(f64x2.mul(f64x2.splat(-0.25), squares), f64x2.mul(f64x2.splat(0.5), square));
  const factor = f64x2.mul(f64x2.mul(expDouble(exponent), root), f64x2.splat(ONE_OVER_PI));
  const share = f64x2.div(f64x2.add(p, p), f64x2.add(one, p));
  return v128.and(live, f64x2.mul(f64x2.mul(factor, share), total));
}
