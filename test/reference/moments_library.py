"""Gaussian moments through networks as network_moments computes them, restated for PyTorch 1.13.

Source: github.com/ModarTensai/network_moments, PyTorch part, commit aadd4da. Where the library is wrong, so is this:
what the fixtures hold is what the library gives. Shapes: means [batch, *size], variances [batch, n], covariances
[batch, n, n] with n the product of size.
"""

import math

import torch
from torch import nn


def over_batch(function, *batches):
    """function of the i-th rows, stacked; a shorter batch repeats its last row."""
    count = max(len(batch) for batch in batches)
    rows = [function(*(batch[min(i, len(batch) - 1)] for batch in batches)) for i in range(count)]
    return rows[0].unsqueeze(0) if count == 1 else torch.stack(rows)


# ---- random matrices and noise


def eigenvalues(size, batch=None, norm=None, trace=None, positive=True, semi=False):
    values = torch.rand(size if batch is None else (batch, size), dtype=torch.float64)
    if not semi:
        values = 1.0 - values
    if not positive:
        values = -values
    if norm is not None:
        values *= norm / values.norm(dim=-1, keepdim=True)
    elif trace is not None:
        values *= trace / values.sum(dim=-1, keepdim=True)
    return values


def definite(size, **options):
    """Eigenvalues first, then one orthogonal matrix for the whole batch."""
    values = eigenvalues(size, **options)
    q, _ = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64))
    return (q * values.unsqueeze(-2)).matmul(q.t())


def ring(size, sigma=1.0, tolerance=0.0, batch=None, dtype=torch.float64):
    noise = torch.randn(list(size) if batch is None else [batch, *size], dtype=dtype)
    flat = noise.view(1 if batch is None else batch, -1)
    norms = flat.norm(dim=1, keepdim=True)
    if tolerance != 0:
        sigma = torch.rand_like(norms) * (2 * tolerance) + (sigma - tolerance)
    flat.mul_(sigma * flat.size(1) ** 0.5 / norms)
    return noise


class SquareRoot(torch.autograd.Function):
    """U diag(sqrt s) V^T; backward solves R X + X R = gradient for the root R."""

    @staticmethod
    def forward(context, matrix):
        u, s, vt = torch.linalg.svd(matrix.detach())
        root = s.sqrt()
        context.save_for_backward(u, root)
        return u.mm(vt.mul(root.unsqueeze(-1)))

    @staticmethod
    def backward(context, gradient):
        u, root = context.saved_tensors
        inner = u.t().mm(gradient.mm(u)) / (root.view(-1, 1) + root.view(1, -1))
        return u.mm(inner.mm(u.t()))


sqrtm = SquareRoot.apply


# ---- linearization


def step_size(x, eps):
    return x.detach().reshape(x.size(0), -1).abs().max(-1)[0].clamp(min=1.0) / eps


def like_rows(scale, rows):
    return scale.view(-1, *[1] * (rows.dim() - 1))


def jac_at_x(function, at, x, eps=1e-3):
    """Rows J x_i: a (f(at + x/a) - f(at)), a = max(1, max|x|) / eps a row."""
    scale = step_size(x, eps)
    difference = function(at + x / like_rows(scale, x)) - function(at)
    return like_rows(scale, difference) * difference


def lin_at_x(function, at, x, eps=1e-3):
    """(1 - a) f(at) + a f(at + (x - at)/a); `1 - a` is multiplied as a last dimension, right for one row only."""
    apart = x - at
    scale = step_size(apart, eps)
    moved = function(at + apart / like_rows(scale, apart))
    return (1 - scale) * function(at) + like_rows(scale, moved) * moved


def linearize(function, at, jacobian_only=False):
    """A [batch, m, n] and b [batch, m] with function(at) = A at + b."""
    with torch.enable_grad():
        inputs = at.detach().requires_grad_(True)
        outputs = function(inputs).flatten(1)
    with torch.no_grad():
        chosen = torch.empty_like(outputs)
        rows = torch.empty(outputs.size(1), *inputs.size(), dtype=inputs.dtype)
        for i in range(outputs.size(1)):
            chosen.zero_()
            chosen[:, i] = 1
            rows[i], = torch.autograd.grad(outputs, inputs, grad_outputs=chosen, retain_graph=i + 1 < outputs.size(1))
        jacobian = rows.transpose(0, 1).flatten(2)
        if jacobian_only:
            return jacobian
        return jacobian, outputs.detach() - jacobian.bmm(at.reshape(at.size(0), -1, 1)).squeeze(-1)


# ---- affine


def affine_mean(mean, a, b=None):
    product = mean.matmul(a.t())
    return product if b is None else product + b


def affine_covariance(covariance, a, variance=False):
    """A S A^T, or A diag(v) A^T."""
    if variance:
        return (a * covariance.unsqueeze(-2)).matmul(a.t())
    if a.size(0) > a.size(1):
        return a.matmul(covariance.matmul(a.t()))
    return a.matmul(covariance).matmul(a.t())


def affine_variance(covariance, a, variance=False):
    """The diagonal of A S A^T, or of A diag(v) A^T."""
    if not variance:
        return torch.sum(a.matmul(covariance) * a, -1)
    if covariance.dim() == 1:
        return (a * a).mv(covariance)
    return covariance.matmul((a * a).t())


def affine_batch_moments(function, mu, var, jacobian=False, diagonal=False):
    """The weight of a linear layer, else the Jacobian at mu, else the trick on the rows of the square root."""
    matrix = None
    if isinstance(function, nn.Linear):
        matrix = function.weight.unsqueeze(0)
    elif jacobian:
        matrix = linearize(function, mu, jacobian_only=True)
    if matrix is not None:
        moment, is_variance = affine_variance if diagonal else affine_covariance, var.dim() <= 2
        return function(mu), over_batch(lambda v, a: moment(v, a, variance=is_variance), var, matrix)
    root = over_batch((lambda v: v.sqrt().diag()) if var.dim() <= 2 else sqrtm, var)
    root = root.view(-1, root.size(1), *mu.size()[1:])
    rows = over_batch(lambda at, x: jac_at_x(function, at, x), mu.unsqueeze(1), root).flatten(2)
    return function(mu), (rows**2).sum(1) if diagonal else rows.transpose(-1, -2).bmm(rows)


# ---- ReLU


def normal_density(x):
    scaled = math.sqrt(0.5) * x
    return 1.0 / math.sqrt(2.0 * math.pi) * torch.exp(-torch.pow(scaled, 2.0)), 0.5 + 0.5 * torch.erf(scaled)


def relu_moments(mu, var, std=False):
    """Mean, second moment and variance; `var` may be one number for all, or the standard deviations (std)."""
    sigma = var if std else torch.sqrt(var)
    pdf, cdf = normal_density(mu / sigma)
    spread = sigma * pdf
    mean = mu * cdf + spread
    second = (mu**2.0 + (var**2.0 if std else var)) * cdf + mu * spread
    return mean, second, (second - mean**2.0).clamp_(min=0)


def relu_mean(mu, var, std=False):
    sigma = var if std else torch.sqrt(var)
    pdf, cdf = normal_density(mu / sigma)
    return mu * cdf + sigma * pdf


def zero_mean_covariance(covariance, stability=0.0):
    deviations = torch.sqrt(torch.diagonal(covariance, 0, -2, -1))
    scale = deviations.unsqueeze(-1) * deviations.unsqueeze(-2)
    r = (covariance / scale).clamp_(stability - 1.0, 1.0 - stability)
    output = scale * (torch.acos(-r) * r + torch.sqrt(1.0 - r**2.0) - 1.0) * (1.0 / (2.0 * math.pi))
    output[output != output] = 0
    return output


def relu_batch_moments(mu, var, diagonal=False):
    """The covariance off the diagonal is that of mean zero, whatever the mean; the exact variances are pasted on it."""
    flat = mu.view(len(mu), -1)
    mean, _, variance = relu_moments(flat, var.diagonal(dim1=-2, dim2=-1) if var.dim() > 2 else var)
    if not diagonal and var.dim() > 2:
        covariance = zero_mean_covariance(var)
        covariance.diagonal(dim1=-2, dim2=-1).copy_(variance)
        variance = covariance
    elif not diagonal:
        variance = over_batch(torch.diag, variance)
    return mean.view(*mu.size()), variance


# ---- networks


def compose(layers):
    """One layer as it is, several as one function."""
    if len(layers) == 1:
        return layers[0]

    def composed(x):
        for layer in layers:
            x = layer(x)
        return x

    return composed


def split_layers(layers):
    """ReLU and Flatten by themselves, what is between them as one function."""
    parts, bunch = [], []
    for layer in layers:
        if isinstance(layer, (nn.ReLU, nn.Flatten)):
            parts += [*([compose(bunch)] if bunch else []), layer]
            bunch = []
        else:
            bunch.append(layer)
    return parts + ([compose(bunch)] if bunch else [])


def sliced(layers, start, stop):
    """The library's net[start:stop]: both modulo the length, so that a stop equal to it is 0."""
    return list(layers)[start % len(layers):stop % len(layers)]


def two_stage_parts(layers, index):
    """What is before layer `index`, the layer, what is after it."""
    layers = list(layers)
    return [compose(part) for part in (layers[:index], layers[index:index + 1], layers[index + 1:]) if part]


def adf(layers, mu, var, mean=True, covariance=True, diagonal=True, independent=True, linearize=False):
    for i, layer in enumerate(layers):
        last = i == len(layers) - 1
        only_variance = independent or (last and diagonal)
        if isinstance(layer, nn.Flatten):
            mu = layer(mu)
        elif isinstance(layer, nn.ReLU):
            mu, var = relu_batch_moments(mu, var, only_variance)
        else:
            mu, var = affine_batch_moments(layer, mu, var, linearize, only_variance)
        # The library's two branches are swapped: the one that was asked for is lost.
        if last and mean != covariance and not isinstance(layer, nn.Flatten):
            mu, var = (None, var) if mean else (mu, None)
    if mean != covariance:
        return mu if mean else var
    return mu, var


def affine_relu_affine_mean(mean, covariance, a, c1, b, c2):
    return affine_mean(relu_mean(affine_mean(mean, a, c1), affine_variance(covariance, a)), b, c2)


def affine_relu_affine_special(covariance, a, b):
    """Covariance and variance of b relu(a x + c) where c makes the mean before the ReLU zero."""
    inner = zero_mean_covariance(affine_covariance(covariance, a))
    return affine_covariance(inner, b), affine_variance(inner, b)
