"""The statistics of network_moments, restated for one column or columns side by side, and their cases in moments.json."""

import math

import torch

from moments_arrays import entry, normal

PERCENTAGES = (0, 1, 5, 25, 37.5, 50, 75, 90, 100)


def percentile(x, q):
    """Along the first dimension; 0 where the place is before the first value."""
    x = x.sort(0)[0]
    place = (q / 100) * len(x) - 1
    if place < 0:
        return torch.zeros_like(x[0])
    index = int(place)
    part = place - index
    return (1 - part) * x[index] + part * x[min(index + 1, len(x) - 1)]


def quartile_range(x):
    return percentile(x, 75) - percentile(x, 25)


def bin_count(x, least=1, most=1_000_000):
    """Freedman & Diaconis; a range over a quartile range of zero is no number and becomes `least`."""
    width = 2 * len(x) ** (-1 / 3) * quartile_range(x)
    count = ((x.max() - x.min()) / width).round().long()
    return int(count.clamp(min=least, max=most))


def trapezoids(y, x):
    return ((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum(-1)


def plain_area(values, bounds, total=None):
    """The plain sum over a grid that includes both bounds."""
    return (values.sum(0) if total is None else total) * (bounds[1] - bounds[0]) / (len(values) - 1)


def spaced_area(values, dx):
    return dx * (values.sum(0) - (values[0] + values[-1]) / 2)


def histogram(x, bins=None):
    counts = x.histc(bin_count(x) if bins is None else bins)
    bounds = (x.min(), x.max())
    area = plain_area(counts, bounds, len(x))
    if bounds[0] == bounds[1]:
        area = torch.where(counts == 0, torch.ones_like(counts), counts)
    return counts / area, bounds


def evaluate(values, bounds, points, filler):
    """The histogram as a function: linear between its values, which are at even steps from bound to bound."""
    lower, upper = bounds
    output = torch.full_like(points, filler)
    inside = (lower <= points) & (points <= upper)
    if upper == lower:
        output[inside] = values.sum()
        return output
    place = (points[inside] - lower) * ((len(values) - 1) / (upper - lower))
    index, part = place.long(), place % 1
    output[inside] = (1 - part) * values[index] + part * values[(index + 1).clamp(max=len(values) - 1)]
    return output


def similarity(first, second, bounds):
    return plain_area(torch.min(first, second), bounds)


def gaussian_density(x, mean, std):
    place = math.sqrt(0.5) * (x - mean) / std
    return 1.0 / (math.sqrt(2.0 * math.pi) * std) * torch.exp(-place**2), 0.5 + 0.5 * torch.erf(place)


def fit(x, sigmas=5, correct=True):
    std, mean = x.std(), x.mean()
    values, bounds = histogram(x)
    reach = (min(bounds[0], mean - sigmas * std), max(bounds[1], mean + sigmas * std))
    grid = torch.linspace(float(reach[0]), float(reach[1]), max(len(values), 100), dtype=x.dtype)
    pdf, gaussian = evaluate(values, bounds, grid, 0), gaussian_density(grid, mean, std)[0]
    if correct:
        pdf, gaussian = pdf / plain_area(pdf, reach), gaussian / plain_area(gaussian, reach)
    alike = similarity(pdf, gaussian, reach)
    if reach[0] == reach[1]:
        pdf[0] = gaussian[0] = alike = torch.ones((), dtype=x.dtype)
    return {"xs": grid, "pdf": pdf, "fit": gaussian, "mean": mean, "std": std, "similarity": alike}


def gaussianity(x, std_threshold=0.0):
    fits = [fit(column) for column in x.t()]
    return torch.stack([torch.zeros_like(f["std"]) if f["std"] < std_threshold else f["similarity"] for f in fits])


def sample_covariance(rows):
    centred = (rows - rows.mean(0)).t()
    return 1.0 / (len(rows) - 1) * centred.matmul(centred.t())


def two_sided(z):
    return 1 + torch.erf(-math.sqrt(0.5) * z.abs())


def skewness_score(x):
    n, x = len(x), x - x.mean(0)
    y = (x**3).mean(0) / (x**2).mean(0) ** 1.5 * math.sqrt((n + 1) * (n + 3) / (6.0 * (n - 2)))
    beta = 3.0 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2.0) * (n + 5) * (n + 7) * (n + 9))
    w = -1.0 + math.sqrt(2 * (beta - 1))
    scaled = torch.where(y == 0, torch.ones_like(y), y) / math.sqrt(2.0 / (w - 1))
    z = torch.log(scaled + torch.sqrt(scaled**2 + 1)) / math.sqrt(0.5 * math.log(w))
    return z, two_sided(z)


def kurtosis_score(x):
    n, x = len(x), x - x.mean(0)
    expected = 3.0 * (n - 1) / (n + 1)
    variance = 24.0 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    moved = ((x**4).mean(0) / (x**2).mean(0) ** 2 - expected) / math.sqrt(variance)
    skew = 6.0 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * math.sqrt(6.0 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6.0 + 8.0 / skew * (2.0 / skew + math.sqrt(1 + 4.0 / skew**2))
    below = 1 + moved * math.sqrt(2 / (a - 4.0))
    root = torch.sign(below) * torch.pow((1 - 2.0 / a) / below.abs(), 1 / 3.0)
    z = (1 - 2 / (9.0 * a) - root) / math.sqrt(2 / (9.0 * a))
    return z, two_sided(z)


def hypothesis_test(x):
    statistic = skewness_score(x)[0] ** 2 + kurtosis_score(x)[0] ** 2
    return statistic, torch.exp(-statistic / 2.0)


# ---- cases


def samples():
    torch.manual_seed(21)
    yield "normal", normal(200) * 2 + 1
    yield "uniform", torch.rand(50, dtype=torch.float64)
    yield "squares of normals", normal(101) ** 2
    yield "two humps", torch.cat([normal(60) - 4, normal(90) + 4])
    yield "four values", normal(4)
    yield "half of them zero", torch.cat([torch.zeros(40, dtype=torch.float64), normal(40).abs()])
    yield "far from zero", normal(64) + 100


def written_histogram(x, bins=None):
    values, (lower, upper) = histogram(x, bins)
    return {"values": values, "lower": lower, "upper": upper}


def statistics():
    for name, x in samples():
        values, bounds = histogram(x)
        points = torch.linspace(float(bounds[0]) - 0.5, float(bounds[1]) + 0.5, 23, dtype=torch.float64)
        points[5], points[17] = bounds
        uncorrected = fit(x, sigmas=3, correct=False)
        yield entry(
            name, sample=x, percentages=list(PERCENTAGES), percentiles=[percentile(x, q) for q in PERCENTAGES],
            quartileRange=quartile_range(x), bins=bin_count(x), binsAtLeast50=bin_count(x, 50), histogram=written_histogram(x),
            histogramOf12=written_histogram(x, 12), points=points, histogramAtPoints=evaluate(values, bounds, points, 0),
            fit=fit(x),
            fitOf3SigmasUncorrected={"similarity": uncorrected["similarity"], "pdf": uncorrected["pdf"],
                                     "fit": uncorrected["fit"]})


def areas():
    torch.manual_seed(22)
    first, second = torch.rand(12, dtype=torch.float64), torch.rand(12, dtype=torch.float64)
    places = torch.rand(12, dtype=torch.float64).sort()[0]
    bounds = (-1.5, 2.0)
    yield entry("twelve values", values=first, others=second, places=places, bounds=list(bounds), spacing=0.3,
                plainArea=plain_area(first, bounds), spacedArea=spaced_area(first, 0.3),
                trapezoids=trapezoids(first, places), similarity=similarity(first, second, bounds))


def densities():
    x = torch.linspace(-4, 6, 21, dtype=torch.float64)
    pdf, cdf = gaussian_density(x, 0.5, 1.7)
    yield entry("mean 0.5, deviation 1.7", points=x, mean=0.5, std=1.7, pdf=pdf, cdf=cdf)


def columns(count):
    """Normal, uniform, rectified, skewed, two humps, nearly zero."""
    base = normal(count, 6)
    base[:, 1] = torch.rand(count, dtype=torch.float64)
    base[:, 2] = (base[:, 2] + 0.3).clamp(min=0)
    base[:, 3] = base[:, 3] ** 2
    base[::2, 4] += 5
    base[:, 5] *= 1e-7
    return base


def gaussianities():
    torch.manual_seed(23)
    for count in (30, 300):
        rows = columns(count)
        yield entry(f"{count} rows", rows=rows, gaussianity=gaussianity(rows), threshold=1e-5,
                    gaussianityAboveThreshold=gaussianity(rows, 1e-5), covariance=sample_covariance(rows))


def tests_of_normality():
    torch.manual_seed(24)
    for count in (20, 21, 100, 400):
        rows = columns(count)
        scores = {"skewness": skewness_score, "kurtosis": kurtosis_score, "hypothesis": hypothesis_test}
        parts = {key: dict(zip(("statistic", "probability"), score(rows))) for key, score in scores.items()}
        # All the numbers as one sample.
        whole = {key: score(rows.reshape(-1)) for key, score in scores.items()}
        yield entry(f"{count} rows", rows=rows, **parts, ofAll=whole)


def cases():
    return {
        "statistics": list(statistics()), "areas": list(areas()), "densities": list(densities()), "gaussianity": list(gaussianities()),
        "normality": list(tests_of_normality()),
    }
