"""Cases of moments.json about Gaussians through ReLU, affine layers and networks."""

import math

import torch
from torch import nn

import moments_library as library
from moments_arrays import entry, gaussian, normal


# ---- ReLU


def relu_rows():
    torch.manual_seed(1)
    yield "ordinary", normal(4, 6), torch.rand(4, 6, dtype=torch.float64) + 0.05
    yield "one variance for a batch", normal(4, 6), torch.rand(1, 6, dtype=torch.float64) + 0.05
    yield "one mean for many variances", normal(1, 6), torch.rand(4, 6, dtype=torch.float64) + 0.05
    yield "one number for the variance", normal(3, 5), torch.tensor(0.3, dtype=torch.float64)
    yield "mean zero", torch.zeros(1, 5, dtype=torch.float64), torch.rand(1, 5, dtype=torch.float64) * 4
    ratios = torch.tensor([[-9.0, -6.0, -3.0, -1.0, -1e-3, 1e-3, 1.0, 3.0, 6.0, 9.0]], dtype=torch.float64)
    yield "mean from -9 to 9 deviations", ratios * 2, torch.full_like(ratios, 4.0)
    yield "large", normal(1, 5) * 1e6, torch.rand(1, 5, dtype=torch.float64) * 1e12
    yield "small", normal(1, 5) * 1e-6, torch.rand(1, 5, dtype=torch.float64) * 1e-12
    yield "variance zero, mean not", normal(1, 5), torch.zeros(1, 5, dtype=torch.float64)


def relu():
    for name, mu, var in relu_rows():
        mean, second, variance = library.relu_moments(mu, var)
        yield entry(name, mean=mu, variance=var, outputMean=mean, outputSecondMoment=second, outputVariance=variance)


def relu_standard_deviation():
    torch.manual_seed(2)
    mu, sigma = normal(2, 5), torch.rand(2, 5, dtype=torch.float64) + 0.1
    mean, second, variance = library.relu_moments(mu, sigma, std=True)
    yield entry("given deviations", mean=mu, deviation=sigma, outputMean=mean, outputSecondMoment=second, outputVariance=variance)


def covariances():
    torch.manual_seed(3)
    yield "definite", gaussian(1, 5)[1]
    yield "batch", gaussian(3, 4)[1]
    half = normal(5, 2)
    yield "rank 2 of 5", half.mm(half.t()).unsqueeze(0)
    yield "diagonal", torch.rand(1, 4, dtype=torch.float64).diag_embed()
    rows = gaussian(1, 4)[1]
    rows[0, 1], rows[0, :, 1] = 0, 0
    yield "a variance zero", rows
    yield "correlations 1 and -1", torch.tensor([[[4.0, 2.0, -6.0], [2.0, 1.0, -3.0], [-6.0, -3.0, 9.0]]], dtype=torch.float64)


def zero_mean_covariance():
    for name, covariance in covariances():
        for stability in (0.0, 1e-4):
            output = library.zero_mean_covariance(covariance, stability)
            yield entry(name, stability=stability, covariance=covariance, output=output)


def relu_batch_moments():
    for name, covariance in covariances():
        mu = normal(len(covariance), covariance.size(-1))
        mean, variance = library.relu_batch_moments(mu, covariance, diagonal=True)
        pasted = library.relu_batch_moments(mu, covariance)[1]
        yield entry(f"covariance: {name}", mean=mu, covariance=covariance, outputMean=mean, outputVariance=variance,
                    outputCovariance=pasted)
    torch.manual_seed(4)
    mu, var = normal(2, 4), torch.rand(2, 4, dtype=torch.float64)
    mean, variance = library.relu_batch_moments(mu, var, diagonal=True)
    diagonal = library.relu_batch_moments(mu, var)[1]
    yield entry("variance", mean=mu, variance=var, outputMean=mean, outputVariance=variance, outputCovariance=diagonal)


# ---- affine


def affine():
    """Matrix, diagonal and scalar variance; more outputs than inputs, and fewer."""
    torch.manual_seed(5)
    for m, n, batch in ((3, 5, 1), (6, 4, 1), (4, 4, 3)):
        a, b = normal(m, n), normal(m)
        mu, covariance, variance = gaussian(batch, n, 2.0)
        scalar = torch.tensor(0.3, dtype=torch.float64)
        everywhere = scalar.expand(batch, n)
        yield entry(
            f"{m} of {n}, batch of {batch}", matrix=a, offset=b, mean=mu, covariance=covariance, variance=variance, scalar=scalar,
            outputMean=library.affine_mean(mu, a, b), outputMeanWithoutOffset=library.affine_mean(mu, a),
            fromCovariance={"covariance": library.affine_covariance(covariance, a),
                            "variance": library.affine_variance(covariance, a)},
            fromVariance={"covariance": torch.stack([library.affine_covariance(v, a, True) for v in variance]),
                          "variance": library.affine_variance(variance, a, True)},
            fromScalar={"covariance": torch.stack([library.affine_covariance(v, a, True) for v in everywhere]),
                        "variance": library.affine_variance(everywhere, a, True)})


def affine_batch_moments():
    """A linear layer by its weight, as a function by its Jacobian, as a function by the trick."""
    torch.manual_seed(6)
    for means, variances in ((1, 1), (3, 3), (1, 3), (3, 1)):
        layer = nn.Linear(4, 3).double()
        mu, covariance, variance = gaussian(means, 4, 3.0, variances)
        hidden = lambda x: layer(x)
        for way, function in (("weight", layer), ("jacobian", hidden), ("trick", hidden)):
            for given, var in (("covariance", covariance), ("variance", variance)):
                mean, output = library.affine_batch_moments(function, mu, var, way == "jacobian")
                diagonal = library.affine_batch_moments(function, mu, var, way == "jacobian", diagonal=True)[1]
                yield entry(f"{way}, {means} means, {variances} of {given}", derivative=way, weight=layer.weight, bias=layer.bias, mean=mu,
                            **{given: var}, outputMean=mean, outputCovariance=output, outputVariance=diagonal)


# ---- networks


def describe(net):
    """The layers, as data."""
    for layer in net:
        if isinstance(layer, nn.Linear):
            yield {"kind": "linear", "weight": layer.weight, "bias": layer.bias}
        elif isinstance(layer, nn.Conv2d):
            yield {"kind": "conv2d", "weight": layer.weight, "bias": layer.bias, "stride": layer.stride[0],
                   "padding": layer.padding[0], "dilation": layer.dilation[0], "groups": layer.groups}
        elif isinstance(layer, nn.MaxPool2d):
            yield {"kind": "maxPool2d", "kernel": layer.kernel_size, "stride": layer.stride}
        elif isinstance(layer, nn.Flatten):
            yield {"kind": "flatten"}
        else:
            yield {"kind": "tanh" if isinstance(layer, nn.Tanh) else "relu"}


def mlp(sizes, first_bias=True):
    linear = [nn.Linear(n, m, bias=first_bias or i > 0) for i, (n, m) in enumerate(zip(sizes, sizes[1:]))]
    return nn.Sequential(*[layer for each in linear for layer in (each, nn.ReLU())][:-1]).double()


def bunched():
    """Two linear layers without a ReLU between: one affine layer for the library."""
    return nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).double()


def convolutional():
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)).double()


def networks():
    """Name, layers, input shape and Gaussians of each network."""
    torch.manual_seed(7)
    for name, net, shape, batch, spread in (
        ("4 linear layers", mlp([5, 7, 6, 4, 3]), [5], 1, 1.0),
        ("4 linear layers, batch of 3", mlp([5, 7, 6, 4, 3]), [5], 3, 2.0),
        ("no bias in the first layer", mlp([2, 2, 2], first_bias=False), [2], 1, 1.0),
        ("wide noise", mlp([3, 8, 2]), [3], 2, 10.0),
        ("two linear layers together", bunched(), [4], 2, 1.0),
        ("convolution and max-pooling together", convolutional(), [1, 4, 4], 2, 0.5),
    ):
        n = math.prod(shape)
        mean, covariance, variance = gaussian(batch, n, spread)
        yield name, net, mean.view(batch, *shape), covariance, variance


def forms(parts, mean, covariance, variance, derivative):
    """Everything the library can be asked for, with variances alone and with whole covariances."""
    jacobian = derivative == "jacobian"
    ask = lambda var, **options: library.adf(parts, mean, var, linearize=jacobian, **options)
    independent, from_covariance = ask(variance), ask(covariance)
    full = ask(covariance, independent=False, diagonal=False)
    full_from_variance = ask(variance, independent=False, diagonal=False)
    return {
        "derivative": derivative,
        "independent": {"mean": independent[0], "variance": independent[1],
                        "varianceFromCovariance": from_covariance[1], "meanFromCovariance": from_covariance[0]},
        "full": {"mean": full[0], "covariance": full[1],
                 "variance": ask(covariance, independent=False)[1], "covarianceFromVariance": full_from_variance[1],
                 "meanFromVariance": full_from_variance[0]},
    }


def both_forms(parts, mean, covariance, variance):
    return [forms(parts, mean, covariance, variance, derivative) for derivative in ("jacobian", "trick")]


def adf():
    for name, net, mean, covariance, variance in networks():
        parts = library.split_layers(net)
        yield entry(name, layers=list(describe(net)), mean=mean, covariance=covariance, variance=variance, forward=net(mean),
                    forms=both_forms(parts, mean, covariance, variance))


def two_stage():
    """Around each ReLU in turn; the networks are those of "adf"."""
    for name, net, mean, covariance, variance in networks():
        for index, layer in enumerate(net):
            if isinstance(layer, nn.ReLU):
                parts = library.two_stage_parts(net, index)
                yield entry(name, activation=index, forms=both_forms(parts, mean, covariance, variance))


def one_stage():
    """The whole network linearised; the networks are those of "adf"."""
    for name, net, mean, covariance, variance in networks():
        yield entry(name, forms=both_forms([lambda x: net(x)], mean, covariance, variance))


def cases():
    return {
        "relu": list(relu()), "reluStandardDeviation": list(relu_standard_deviation()), "zeroMeanCovariance": list(zero_mean_covariance()),
        "reluBatchMoments": list(relu_batch_moments()), "affine": list(affine()), "affineBatchMoments": list(affine_batch_moments()),
        "adf": list(adf()), "twoStage": list(two_stage()), "oneStage": list(one_stage()),
    }
