"""The notebook's experiments on Gaussian moments at small settings, as fixtures/moments_experiments.json.

    python3 test/reference/moments_experiments.py [--out FOLDER]

Networks, inputs and samples come from torch.manual_seed(seed), in the notebook's order; the library is moments_library.py's.
"""

import torch
from torch import nn

import encode
import moments_library as library

CONVENTIONS = {
    "config": "the experiment's configuration; rows are in its order",
    "errors": "mean absolute differences from Monte Carlo, by method",
    "repeats": "of constrained: estimates from as many samples as features; its error is their mean",
}


def network(widths, bias=True):
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers += [nn.Linear(inputs, outputs, bias=bias or index > 0), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).double().eval()


def gaussian(n, sigma=1.0, zero_mean=False):
    mean = torch.randn(1, n, dtype=torch.float64) * sigma
    if zero_mean:
        mean.zero_()
    covariance = library.definite(n, norm=sigma**2, batch=1)
    return mean, covariance, covariance.diagonal(dim1=-2, dim2=-1)


def samples(mean, covariance, count):
    return torch.distributions.MultivariateNormal(mean, covariance).sample((count,))


def error(a, b):
    return (a - b).abs().mean().item()


def covariance_case(n, sigma, count, seed):
    torch.manual_seed(seed)
    mean, covariance, variance = gaussian(n, sigma)
    out = samples(mean[0], covariance[0], count).clamp(min=0.0)
    right = torch.cov(out.t())
    zero_mean = library.zero_mean_covariance(covariance)[0]
    exact = library.relu_moments(mean, variance)[2][0]

    def replaced(matrix):
        matrix = matrix.clone()
        matrix.diagonal().copy_(exact)
        return matrix

    found = {"copy": covariance[0], "copy and replace": replaced(covariance[0]), "neither": zero_mean, "replace": replaced(zero_mean)}
    return {
        "config": {"n": n, "sigma": sigma, "count": count, "seed": seed},
        "errors": {name: error(right, matrix) for name, matrix in found.items()},
        "variance_errors": {name: error(right.diagonal(), matrix.diagonal()) for name, matrix in found.items()},
    }


def tightness_case(num_layers, dims, sigmas, samples_count, seed, no_first_bias=False, zero_mean=False):
    torch.manual_seed(seed)
    net = network([dims] * (num_layers + 1), not no_first_bias)
    mean, covariance, variance = gaussian(dims, 1.0, zero_mean)
    drawn = samples(mean[0] * 0, covariance[0], samples_count)
    relu = 2 * num_layers - 3
    layers, stages = library.split_layers(net), [net[:relu], net[relu], net[relu + 1:]]
    rows = []
    for sigma in sigmas:
        wider = sigma**2
        out = net(drawn * sigma + mean[0])
        right = out.mean(0, keepdim=True), out.var(0, keepdim=True)
        found = {
            "ADF": library.adf(layers, mean, variance * wider),
            "two-stage, independent": library.adf(stages, mean, covariance * wider, linearize=True),
            "two-stage": library.adf(stages, mean, covariance * wider, independent=False, linearize=True),
            "one-stage": library.adf([net], mean, covariance * wider, independent=False, linearize=True),
            "ADF, full covariance": library.adf(layers, mean, covariance * wider, independent=False),
        }
        rows += [{"sigma": sigma, "method": name, "mean_error": error(right[0], moments[0]), "variance_error": error(right[1], moments[1])}
                 for name, moments in found.items()]
    config = {"num_layers": num_layers, "dims": dims, "sigmas": sigmas, "samples_count": samples_count, "seed": seed,
              "no_first_bias": no_first_bias, "zero_mean": zero_mean}
    return {"config": config, "rows": rows}


def constrained_case(largest, dim, layers, sigma, count, repeats, seed):
    torch.manual_seed(seed)
    rows = []
    n = 2
    while n <= largest:
        net = network([n] + [dim] * (layers - 1) + [n])
        relu = 2 * layers - 3
        mean, covariance, _ = gaussian(n, sigma)
        claimed = library.adf([net[:relu], net[relu], net[relu + 1:]], mean, covariance, independent=False, linearize=True)[1]
        right = net(samples(mean[0], covariance[0], count)).var(0)
        few = [error(net(samples(mean[0], covariance[0], n)).var(0), right) for _ in range(repeats)]
        rows.append({"dims": n, "monte_carlo_error": sum(few) / repeats, "two_stage_error": error(claimed[0], right)})
        n *= 2
    return {"config": {"largest": largest, "dim": dim, "layers": layers, "sigma": sigma, "count": count, "repeats": repeats, "seed": seed}, "rows": rows}


def profile_case(dims, dim, layers, sigma, seed):
    torch.manual_seed(seed)
    rows = []
    for n in dims:
        net = network([n] + [dim] * (layers - 1) + [n])
        mean, covariance, _ = gaussian(n, sigma)
        jacobian = library.linearize(net, mean, True)[0]
        rows.append({"dims": n, "norm": (jacobian @ covariance[0] @ jacobian.t()).norm().item()})
    return {"config": {"dims": dims, "dim": dim, "layers": layers, "sigma": sigma, "seed": seed}, "rows": rows}


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    with torch.no_grad():
        cases = {
            "covariance": [covariance_case(6, 3.0, 640, 1)],
            "tightness": [tightness_case(3, 3, [1.0, 4.0], 480, 2), tightness_case(4, 5, [2.0], 480, 3, no_first_bias=True, zero_mean=True)],
            "constrained": [constrained_case(8, 10, 3, 1.5, 640, 2, 4)],
        }
    cases["profile"] = [profile_case([3, 6], 12, 4, 2.0, 5)]
    encode.write_fixture("moments_experiments", {"about": encode.about("moments_experiments.py"), "conventions": CONVENTIONS, **cases}, out)


if __name__ == "__main__":
    main()
