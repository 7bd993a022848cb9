// Integrals of the bivariate normal density phi2(a, b; s) over its correlation s, from r > 0 to 1. With
// p = (1 - s) / (1 + s) = tau^2, P the same of r, delta = |a - b| and kappa = (a + b)^2 / 8,
//   phi2 ds = exp(-(a^2 + b^2) / 4) / pi  exp(-kappa p - delta^2 / (8 p)) / (1 + p) dtau.
// exp(-kappa p) / (1 + p) is a power series in p, and with y = delta / (2 sqrt(P))
//   int_0^sqrt(P) tau^(2 j) exp(-delta^2 / (8 tau^2)) dtau = P^(j + 1/2) exp(-y^2 / 2) g_j,
// g_0 = 1 - y R(y) (Mills' ratio R), (2 j + 1) g_j = 1 - y^2 g_(j - 1). The recurrence magnifies errors of g_j at most by
// exp(delta^2 / 8), which exp(-y^2 / 2) outweighs. For P <= 1/7 some 20 terms do, more where kappa P is large.
import { expScalar } from './exp';
import { millsLossScalar } from './normal';

const ONE_OVER_PI: f64 = 0.3183098861837907;
/** A term below this part of the sum adds nothing. */
const NEGLIGIBLE: f64 = 5e-19;
const MOST_TERMS: i32 = 120;

/** exp(-(a^2 + b^2) / 4 - y^2 / 2) sqrt(P) / pi: what both integrals below share; 0 for P = 0. */
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
    exponential *= decay / <f64>j;
    coefficient = exponential - p * coefficient;
    g = (1 - square * g) / <f64>(2 * j + 1);
    const term = coefficient * g;
    sum += term;
    if (abs<f64>(coefficient) < NEGLIGIBLE && abs<f64>(exponential) < NEGLIGIBLE) break;
  }
  return sharedFactor(a, b, y, p) * sum;
}

/** The integral of (s - r) phi2(a, b; s) ds from s = r to 1, as above. */
export function firstMomentToOne(a: f64, b: f64, p: f64): f64 {
  const y = boundary(a, b, p);
  if (y >= 39 || p == 0) return 0;
  const square = y * y, decay = -0.125 * (a + b) * (a + b) * p;
  let g = millsLossScalar(y), exponential: f64 = 1, before: f64 = 0, coefficient: f64 = 1, sum: f64 = 0;
  for (let j = 1; j < MOST_TERMS; j++) {
    const following = (1 - square * g) / <f64>(2 * j + 1);
    sum += coefficient * (g - following);
    if (abs<f64>(coefficient) < NEGLIGIBLE && abs<f64>(exponential) < NEGLIGIBLE) break;
    exponential *= decay / <f64>j;
    const next = exponential - p * (2 * coefficient + p * before);
    before = coefficient;
    coefficient = next;
    g = following;
  }
  return sharedFactor(a, b, y, p) * (2 * p / (1 + p)) * sum;
}
