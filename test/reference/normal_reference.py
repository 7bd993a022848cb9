"""References for the normal distribution and the moments of functions of Gaussians, and the coefficients of assembly/math.

    /usr/bin/python3 test/reference/normal_reference.py               # writes fixtures/normal.json
    /usr/bin/python3 test/reference/normal_reference.py coefficients  # prints the fitted coefficients

Needs mpmath. A fixture's row is arguments and results as float64 numbers, from at least 25 correct digits.
"""

import json
import random
import sys
from pathlib import Path

import mpmath as mp

FIXTURE = Path(__file__).resolve().parent / "fixtures" / "normal.json"
mp.mp.dps = 34


def integral_over_correlation(h, k, start, end, weight=lambda s: 1):
    """Of weight(s) phi2(h, k; s) from s = start to end, by s = cos(w): the exponential is flat at w = 0 and pi."""

    def integrand(w):
        s, root = mp.cos(w), mp.sin(w)
        if root == 0:
            return mp.mpf(0)
        return weight(s) * mp.exp(-((h - k * s) ** 2 / root**2 + k * k) / 2)

    low, high = mp.acos(end), mp.acos(start)
    # Around |h - k| and |h + k| the exponential turns on, at either end.
    turns = [abs(h - k) * f for f in (0.03, 0.1, 0.3, 1)] + [mp.pi - abs(h + k) * f for f in (0.03, 0.1, 0.3, 1)]
    marks = sorted({low, high, *(t for t in turns if low < t < high), (low + high) / 2})
    return mp.quad(integrand, marks) / (2 * mp.pi)


def bivariate(h, k, r):
    """P(U <= h, V <= k), from whichever correlation of -1, 0 and 1 is near."""
    if r > 0.5:
        return mp.ncdf(min(h, k)) - integral_over_correlation(h, k, r, 1)
    if r < -0.5:
        low = mp.ncdf(h) - mp.ncdf(-k)
        return max(mp.mpf(0), low) + integral_over_correlation(h, k, -1, r)
    return mp.ncdf(h) * mp.ncdf(k) + (integral_over_correlation(h, k, 0, r) if r >= 0 else -integral_over_correlation(h, k, r, 0))


def relu_mean(h):
    return h * mp.ncdf(h) + mp.npdf(h)


def relu_covariance(h, k, r):
    """Of max(U + h, 0) and max(V + k, 0), by the second-moment identity with Phi2; 34 digits outlast its cancellation."""
    q = mp.sqrt((1 - r) * (1 + r))
    a, b = mp.ncdf((k - r * h) / q), mp.ncdf((h - r * k) / q)
    density = mp.exp(-((h - r * k) ** 2 / q**2 + k * k) / 2) / (2 * mp.pi * q)
    product = (h * k + r) * bivariate(h, k, r) + h * mp.npdf(k) * b + k * mp.npdf(h) * a + q * q * density
    return product - relu_mean(h) * relu_mean(k)


def gauss_expectation(f, mu, v):
    s = mp.sqrt(v)
    marks = sorted({mp.mpf(-14), mp.mpf(14), *(x for x in (-mu / s, -7, -3, 0, 3, 7) if -14 < x < 14)})
    return mp.quad(lambda u: f(mu + s * u) * mp.npdf(u), marks)


def gelu_covariance(mu1, mu2, v1, v2, c):
    """By conditioning on X: Y | X is Gaussian, and GELU's mean has a closed form."""
    g = lambda x: x * mp.ncdf(x)

    def mean(mu, v):
        s = mp.sqrt(1 + v)
        return mu * mp.ncdf(mu / s) + v / s * mp.npdf(mu / s)

    inner = lambda x: g(x) * mean(mu2 + c / v1 * (x - mu1), v2 - c * c / v1)
    return gauss_expectation(inner, mu1, v1) - mean(mu1, v1) * mean(mu2, v2)


def fixture():
    random.seed(18)
    near = [mp.mpf(10) ** -e for e in (1, 2, 3, 4, 6, 8, 10, 12)]
    correlations = [0, 1e-9, 0.1, 0.3, 0.5, 0.7, 0.7499999, 0.75, 0.8, *(float(1 - e) for e in near)]
    points = [(random.uniform(-8, 8), random.uniform(-8, 8)) for _ in range(6)]
    points += [(0.0, 0.0), (1.0, 1.0), (-3.0, -3.0), (-8.0, -8.0), (8.0, 8.0), (8.0, -8.0), (0.5, 0.5000001), (-2.0, 2.0), (0.7 / 1.3, -0.5), (-5.0, -5.1)]
    signed = sorted({s * r for r in correlations for s in (1, -1)})
    bivariate_rows, relu_rows = [], []
    for h, k in points:
        for r in signed:
            exact = mp.mpf(h), mp.mpf(k), mp.mpf(r)
            bivariate_rows.append([h, k, r, float(bivariate(*exact))])
            relu_rows.append([h, k, r, float(relu_covariance(*exact))])
    arguments = [x / 4 for x in range(-150, 151, 3)]
    normal_rows = [[x, float(mp.npdf(x)), float(mp.ncdf(x))] for x in arguments]
    relu_marginals = []
    for h in arguments:
        exact = mp.mpf(h)
        with mp.workdps(700):
            mean = relu_mean(exact)
            variance = (exact**2 + 1) * mp.ncdf(exact) + exact * mp.npdf(exact) - mean**2
            relu_marginals.append([h, float(mean), float(variance)])
    gelu = []
    for mu1, mu2, v1, v2, r in [(0.3, -0.7, 0.5, 1.5, 0.6), (1.2, 0.4, 2, 3, -0.8), (-2.5, -1.5, 0.1, 0.2, 0.9), (0, 0, 1, 1, 0.3), (3, -1, 1e-6, 1e-6, 0.5), (0.5, 0.5, 9, 16, 0.9)]:
        c = r * (v1 * v2) ** 0.5
        variance = float(gelu_variance(mp.mpf(mu1), mp.mpf(v1)))
        gelu.append([mu1, mu2, v1, v2, c, variance, float(gelu_covariance(*map(mp.mpf, (mu1, mu2, v1, v2, c))))])
    return {"normal": normal_rows, "bivariate": bivariate_rows, "relu": relu_marginals, "reluCovariance": relu_rows, "gelu": gelu}


def gelu_variance(mu, v):
    g = lambda x: x * mp.ncdf(x)
    return gauss_expectation(lambda x: g(x) ** 2, mu, v) - gauss_expectation(g, mu, v) ** 2


def mills(z):
    return mp.sqrt(mp.pi / 2) * mp.exp(z * z / 2) * mp.erfc(z / mp.sqrt(2))


def mills_fit(degree=11, farthest=40, middle=2, points=160):
    """N and Q with N_0 = Q_0 = 1 and G(z) = 1 - z R(z) near N / Q: the error relative to G, and to z R, is levelled."""
    end = mp.mpf(farthest - middle) / (farthest + middle)
    nodes = [(end + 1) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * points)) + (end - 1) / 2 for i in range(points)]
    z = [middle * (1 + t) / (1 - t) for t in nodes]
    ratio = [mills(x) for x in z]
    loss = [1 - x * r for x, r in zip(z, ratio)]
    weight = [1 / g + 1 / (x * r) for g, x, r in zip(loss, z, ratio)]
    below, level = [(1 + x) ** (degree + 1) for x in z], [mp.mpf(1)] * points
    for round_number in range(14):
        system, right = mp.matrix(points, 2 * degree), mp.matrix(points, 1)
        for i, x in enumerate(z):
            size = weight[i] / below[i] * level[i]
            for j in range(1, degree):
                system[i, j - 1] = size * x**j
            for j in range(1, degree + 2):
                system[i, degree - 2 + j] = -size * loss[i] * x**j
            right[i] = -size * (1 - loss[i])
        solution = list(mp.qr_solve(system, right)[0])
        top, bottom = [mp.mpf(1)] + solution[: degree - 1], [mp.mpf(1)] + solution[degree - 1:]
        below = [mp.polyval(bottom[::-1], x) for x in z]
        error = [abs(mp.polyval(top[::-1], x) / b - g) * w for x, b, g, w in zip(z, below, loss, weight)]
        if round_number >= 3:
            level = [l * mp.sqrt(e / max(error) + mp.mpf("1e-3")) for l, e in zip(level, error)]
    return top, bottom, max(error)


def coefficients():
    from math_reference import fit

    mp.mp.dps = 60
    top, bottom, error = mills_fit()
    tail = [bottom[j + 1] - (top[j + 1] if j + 1 < len(top) else 0) for j in range(len(bottom) - 1)]
    print(f"Mills' ratio, 0 <= z <= 40: error {mp.nstr(error, 4)}")
    for name, values in (("N", top), ("P", tail), ("Q", bottom)):
        print(f"  {name}: " + ", ".join(repr(float(v)) for v in values))
    arcsine = lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z
    powers, _, error = fit(arcsine, mp.mpf(10) ** -9, "0.2501", 12, 0, lambda z: z)
    print(f"(asin(t) / t - 1) / t^2 in t^2, t <= 1/2: error {mp.nstr(error, 4)}\n  " + ", ".join(repr(float(v)) for v in powers))


if __name__ == "__main__":
    if sys.argv[1:] == ["coefficients"]:
        coefficients()
    else:
        sections = [f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]" for name, rows in fixture().items()]
        FIXTURE.write_text("{\n" + ",\n".join(sections) + "\n}\n")
        print(f"{FIXTURE.name}: {FIXTURE.stat().st_size} bytes")
