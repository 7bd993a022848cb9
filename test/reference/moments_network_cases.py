"""Cases of moments.json about whole networks: mean through a first layer, robustness, gradients, and the library's faults."""

import mpmath as mp
import torch
from torch import nn

import moments_library as library
import moments_statistics as statistics
from moments_arrays import entry, gaussian, normal
from moments_cases import describe, mlp

# ---- the mean through the first layer and its ReLU, then the network itself


def first_layer_mean(net, mu, var):
    """`var` is one number or the variance of every input; what follows the ReLU is applied to the mean."""
    layers = list(net)
    first = layers[0]
    if isinstance(first, nn.Linear):
        rest, mean, squares = layers[2:], first(mu), first.weight * first.weight
        deviation = ((squares.sum(1) * var) if var.numel() == 1 else squares.mv(var)).sqrt().unsqueeze(0)
    else:
        rest, mean = layers[3:], first(mu).flatten(1)
        var = var.repeat(1, *mu.shape[1:]) if var.numel() == 1 else var.view(1, *mu.shape[1:])
        deviation = nn.functional.conv2d(var, first.weight**2, stride=first.stride, padding=first.padding, dilation=first.dilation,
                                         groups=first.groups).sqrt().flatten(1)
    mean = library.relu_mean(mean, deviation, std=True)
    for layer in rest:
        mean = layer(mean)
    return mean


def first_layer_networks():
    torch.manual_seed(41)
    after = lambda n: (nn.Linear(n, 4), nn.ReLU(), nn.Linear(4, 2))
    convolution = lambda *size, **options: (nn.Conv2d(*size, **options), nn.Flatten(), nn.ReLU())
    yield "linear", nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4)), [5]
    yield "linear, then deep", nn.Sequential(nn.Linear(5, 6), nn.ReLU(), *after(6)), [5]
    yield "convolution", nn.Sequential(*convolution(2, 3, 3), nn.Linear(48, 4)), [2, 6, 6]
    yield "convolution with stride and padding, then deep", nn.Sequential(*convolution(2, 3, 3, stride=2, padding=1), *after(27)), [2, 6, 6]
    yield "convolution with dilation and groups", nn.Sequential(*convolution(2, 4, 3, dilation=2, groups=2), nn.Linear(16, 3)), [2, 6, 6]


def parameters(net):
    return {name: parameter for name, parameter in net.named_parameters()}


def gradients(value, net):
    """By the parameters' names."""
    named = parameters(net)
    return dict(zip(named, torch.autograd.grad(value, list(named.values()))))


def first_layer():
    """With the notebook's loss: the sum of outputs plus 0.4 times the sum of means, at a variance of 0.3.

    The notebook's own `loss` calls a method that does not exist, and its `mean` changes the deviations of a linear
    first layer in place after their square root was recorded, so that PyTorch refuses the gradient.
    """
    for name, net, shape in first_layer_networks():
        net = net.double()
        mu = normal(2, *shape)
        var, scalar = torch.rand(shape, dtype=torch.float64), torch.tensor(0.3, dtype=torch.float64)
        loss = net(mu).sum() + 0.4 * first_layer_mean(net, mu, scalar).sum()
        yield entry(name, layers=list(describe(net)), mean=mu, variance=var, scalar=scalar, forward=net(mu),
                    outputMean=first_layer_mean(net, mu, var.reshape(-1)), outputMeanOfScalar=first_layer_mean(net, mu, scalar),
                    loss=loss, gradients=gradients(loss, net))


def affine_relu_affine():
    torch.manual_seed(42)
    mean, covariance, _ = gaussian(1, 4, 2.0)
    a, c1, b, c2 = normal(6, 4), normal(6), normal(3, 6), normal(3)
    special, variance = library.affine_relu_affine_special(covariance, a, b)
    yield entry("4 to 6 to 3", mean=mean, covariance=covariance, first=a, firstOffset=c1, second=b, secondOffset=c2,
                outputMean=library.affine_relu_affine_mean(mean, covariance, a, c1, b, c2), zeroMeanCovariance=special, zeroMeanVariance=variance)


# ---- robustness


def robustness(net, batches, sigmas, input_range):
    """Area under the agreement with the clean predictions; the noise is of the default generator, seeded with 0.

    The tolerance of the ring is half a step of sigma and is not multiplied by the input range, as sigma is.
    """
    clean = [net(batch).argmax(-1) for batch in batches]
    agreement = torch.zeros(len(sigmas), dtype=sigmas.dtype)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for i, sigma in enumerate(sigmas):
            for batch, labels in zip(batches, clean):
                noise = library.ring(batch.shape[1:], float(sigma * input_range), float((sigmas[1] - sigmas[0]) / 2), len(batch), batch.dtype)
                agreement[i] += int(net(noise + batch).argmax(-1).eq(labels).sum())
    agreement /= sum(len(batch) for batch in batches)
    return statistics.trapezoids(agreement, sigmas) / (sigmas[-1] - sigmas[0]), agreement


def robustness_cases():
    """Sigmas by float64 and, as the library has them by default, by float32; batches of 5, the last one of 2."""
    torch.manual_seed(43)
    for name, shape, deviations, levels in (
        ("one channel", [1, 4, 4], [0.5], (0, 0.5, 30)), ("three channels", [3, 2, 2], [0.25, 0.5, 1.0], (0.1, 0.4, 4)),
        ("narrow range", [1, 3, 3], [2.0], (0, 2.0, 9)),
    ):
        n = shape[0] * shape[1] * shape[2]
        net = nn.Sequential(nn.Flatten(), nn.Linear(n, 8), nn.ReLU(), nn.Linear(8, 3)).double()
        images = normal(12, *shape)
        batches = images.split(5)
        input_range = sum(1 / deviation for deviation in deviations) / len(deviations)
        for precision in (torch.float64, torch.float32):
            sigmas = torch.linspace(*levels, dtype=precision)
            with torch.no_grad():
                area, agreement = robustness(net, batches, sigmas, input_range)
                labels = net(images).argmax(-1)
            yield entry(f"{name}, sigmas in {str(precision).split('.')[1]}", layers=list(describe(net)), images=images, batch=5,
                        inputDeviations=deviations, inputRange=input_range, levels=list(levels), sigmas=sigmas, labels=labels,
                        agreement=agreement, robustness=area)


# ---- gradients through the moments


def adf_gradients():
    """Of weights times the output mean plus weights times the output variance, by independent ADF."""
    torch.manual_seed(44)
    for name, sizes, batch in (("3 linear layers", [4, 5, 4, 2], 1), ("batch of 3", [3, 6, 3], 3)):
        net = mlp(sizes)
        mean, _, variance = gaussian(batch, sizes[0])
        mean.requires_grad_(True), variance.requires_grad_(True)
        output = library.adf(library.split_layers(net), mean, variance)
        weights = [normal(*part.shape) for part in output]
        value = sum((weight * part).sum() for weight, part in zip(weights, output))
        named = {**parameters(net), "mean": mean, "variance": variance}
        yield entry(name, layers=list(describe(net)), mean=mean, variance=variance, outputMean=output[0], outputVariance=output[1],
                    meanWeights=weights[0], varianceWeights=weights[1], value=value,
                    gradients=dict(zip(named, torch.autograd.grad(value, list(named.values())))))


# ---- where the library is wrong


def exact_relu(mu, var):
    """Mean and variance to 100 digits, rounded once."""
    with mp.workdps(100):
        mu, sigma = mp.mpf(mu), mp.sqrt(mp.mpf(var))
        pdf, cdf = mp.npdf(mu / sigma), mp.ncdf(mu / sigma)
        mean = mu * cdf + sigma * pdf
        return float(mean), float((mu**2 + sigma**2) * cdf + mu * sigma * pdf - mean**2)


def fault(name, why, **parts):
    return entry(name, why=why, **parts)


def faults():
    torch.manual_seed(45)
    one = lambda *values: torch.tensor([values], dtype=torch.float64)
    net = mlp([3, 4, 2])
    mean, covariance, variance = gaussian(1, 3)
    parts = library.split_layers(net)
    right = library.adf(parts, mean, variance)
    yield fault("ADF: mean alone, covariance alone", "the two branches are swapped: nothing comes back", layers=list(describe(net)),
                mean=mean, variance=variance, faulty={"mean": library.adf(parts, mean, variance, covariance=False),
                                                      "covariance": library.adf(parts, mean, variance, mean=False)},
                right={"mean": right[0], "covariance": right[1]})

    square = mlp([3, 5, 3])
    at, x = normal(1, 3), normal(3, 3)
    jacobian, offset = library.linearize(square, at)
    yield fault("lin_at_x: as many rows as outputs", "1 - a is multiplied along the outputs instead of the rows", layers=list(describe(square)),
                at=at, x=x, faulty=library.lin_at_x(square, at, x), right=x.mm(jacobian[0].t()) + offset)

    output = library.relu_moments(one(0.0, 0.0, 1.0), one(0.0, 1.0, 0.0))
    yield fault("ReLU: mean and variance zero", "0/0", mean=one(0.0, 0.0, 1.0), variance=one(0.0, 1.0, 0.0),
                faulty={"mean": output[0], "variance": output[2]})

    low, high = one(-6.0, -8.0, -8.25, -9.0, -20.0), one(1e3, 1e5, 1e8)
    for name, why, mu, var in (
        ("far below zero", "the normal CDF as 1/2 + erf/2 has no digit left in the tail", low, torch.ones_like(low)),
        ("far above zero", "the second moment minus the squared mean cancels", high, torch.full_like(high, 1e-4)),
    ):
        output, exact = library.relu_moments(mu, var), [exact_relu(m, v) for m, v in zip(mu[0].tolist(), var[0].tolist())]
        yield fault(f"ReLU: {name}", why, mean=mu, variance=var, faulty={"mean": output[0], "variance": output[2]},
                    right={"mean": [pair[0] for pair in exact], "variance": [pair[1] for pair in exact]})

    mu, skewed = one(-2.0, 1.0), torch.tensor([[[1.0, 0.9], [0.9, 1.0]]], dtype=torch.float64)
    pasted = library.relu_batch_moments(mu, skewed)[1]
    yield fault("ReLU: pasted covariance", "exact variances beside covariances of mean zero: an eigenvalue is negative", mean=mu,
                covariance=skewed, faulty={"covariance": pasted, "eigenvalues": torch.linalg.eigvalsh(pasted)})

    total = sum(part.sum() for part in library.adf(parts, mean, covariance, independent=False))
    yield fault("ADF, full covariance: gradient", "zero times the derivative of acos, infinite where rounding leaves a correlation at 1: some are NaN", layers=list(describe(net)),
                mean=mean, covariance=covariance, value=total, faulty={"gradients": gradients(total, net)})

    singular = torch.diag(one(4.0, 1.0, 0.0)[0]).requires_grad_(True)
    gradient, = torch.autograd.grad(library.sqrtm(singular).diagonal()[:2].sum(), singular)
    yield fault("sqrtm: gradient at a singular matrix", "0/0 where two eigenvalues are zero", matrix=singular, faulty={"gradient": gradient})

    yield fault("a slice up to the length", "the stop is taken modulo the length", layers=5, start=1, stop=5,
                faulty=library.sliced(range(5), 1, 5), right=list(range(5))[1:5])

    ties = torch.cat([torch.zeros(50, dtype=torch.float64), normal(10).abs()])
    values, bounds = statistics.histogram(ties)
    yield fault("histogram: quartile range zero", "a range over zero becomes one bin, a bin of width 1/0 has density 0, the similarity is 0/0",
                sample=ties, faulty={"bins": statistics.bin_count(ties), "histogram": values, "similarity": statistics.fit(ties)["similarity"]})

    constant = torch.full((30,), 2.5, dtype=torch.float64)
    yield fault("histogram: constant sample", "fits a Gaussian entirely; a threshold on the deviation makes it 0", sample=constant,
                faulty={"bins": statistics.bin_count(constant), "histogram": statistics.histogram(constant)[0],
                        "similarity": statistics.fit(constant)["similarity"], "above1e-5": statistics.gaussianity(constant.view(-1, 1), 1e-5)})

    few = normal(3)
    yield fault("percentile: before the first value", "0, not the first value", sample=few, percentage=25, faulty=statistics.percentile(few, 25))


def cases():
    return {
        "firstLayerMean": list(first_layer()), "affineReluAffine": list(affine_relu_affine()), "robustness": list(robustness_cases()),
        "adfGradients": list(adf_gradients()), "faults": list(faults()),
    }
