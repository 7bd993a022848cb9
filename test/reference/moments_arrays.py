"""How moments.json writes arrays and cases, and the Gaussians they are drawn from."""

import math

import torch

import encode
import moments_library as library


def written(value):
    """What JSON takes: an array as {shape, values} row by row, a tensor of no dimension as a number, NaN as null."""
    if isinstance(value, torch.Tensor):
        if value.dim() == 0:
            return written(value.item())
        return {"shape": list(value.shape), "values": written(encode.to_numpy(value).reshape(-1).tolist())}
    if isinstance(value, dict):
        return {key: written(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def entry(name, **parts):
    """One case."""
    return {"name": name, **written(parts)}


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def gaussian(batch, n, spread=1.0, covariances=None):
    """A mean [batch, n], a covariance [covariances or batch, n, n] of norm spread^2 and its diagonal."""
    mean = normal(batch, n) * spread
    covariance = torch.stack([library.definite(n, norm=spread**2) for _ in range(covariances or batch)])
    return mean, covariance, covariance.diagonal(dim1=-2, dim2=-1).clone()
