"""Cases of moments.json about random matrices, square roots and linearization."""

import torch
from torch import nn

import moments_library as library
from moments_arrays import entry, gaussian, normal
from moments_cases import convolutional, describe, mlp


def definite():
    """torch.manual_seed(seed) before each; the eigenvalues are drawn first, then the normal matrix whose Q turns them."""
    options = [
        ("no scale", 4, {}), ("norm", 3, {"norm": 10.0}), ("trace", 5, {"trace": 2.0}), ("norm before trace", 4, {"norm": 1.0, "trace": 9.0}),
        ("semidefinite", 4, {"semi": True, "norm": 1.0}), ("negative", 4, {"positive": False, "norm": 1.0}),
        ("negative semidefinite by its trace", 3, {"positive": False, "semi": True, "trace": -3.0}),
        ("batch: one orthogonal matrix for all", 4, {"batch": 3, "norm": 2.0}), ("batch of one", 6, {"batch": 1}), ("one", 1, {"norm": 5.0}),
        ("twenty", 20, {"norm": 4.0}),
    ]
    for seed, (name, size, chosen) in enumerate(options):
        torch.manual_seed(seed)
        values = library.eigenvalues(size, **chosen)
        torch.manual_seed(seed)
        yield entry(name, seed=seed, size=size, options=chosen, eigenvalues=values, matrix=library.definite(size, **chosen))


def ring():
    """torch.manual_seed(seed) before each; the uniform factors are drawn after the normals, none without a tolerance."""
    options = [
        ("a vector", [7], {}), ("sigma", [20], {"sigma": 3.0}), ("tolerance", [10], {"sigma": 2.0, "tolerance": 0.5}),
        ("batch", [6], {"sigma": 0.7, "batch": 4}), ("batch of images with a tolerance", [1, 4, 4], {"sigma": 1.5, "tolerance": 0.25, "batch": 3}),
        ("sigma zero with a tolerance", [5], {"sigma": 0.0, "tolerance": 0.1, "batch": 4}), ("one", [1], {"sigma": 2.0}),
    ]
    for seed, (name, size, chosen) in enumerate(options):
        torch.manual_seed(100 + seed)
        yield entry(name, seed=100 + seed, size=size, options=chosen, noise=library.ring(size, **chosen))


def roots():
    torch.manual_seed(31)
    for n in (1, 2, 5, 9):
        yield f"definite of {n}", library.definite(n, norm=3.0)
    yield "eigenvalues from 0.1 to 100", turned(torch.logspace(-1, 2, 4, dtype=torch.float64))
    yield "a diagonal", torch.diag(torch.tensor([4.0, 0.25, 9.0], dtype=torch.float64))
    yield "equal eigenvalues", 2.5 * torch.eye(3, dtype=torch.float64)
    half = normal(4, 2)
    yield "rank 2 of 4", half.mm(half.t())
    yield "zero", torch.zeros(3, 3, dtype=torch.float64)


def turned(values):
    q, _ = torch.linalg.qr(normal(len(values), len(values)))
    return (q * values).mm(q.t())


def square_root():
    """The root, and the gradient of the sum of weights times the root; singular matrices have a root and no gradient."""
    for name, matrix in roots():
        weights = normal(*matrix.shape)
        given = matrix.clone().requires_grad_(True)
        root = library.sqrtm(given)
        gradient, = torch.autograd.grad((root * weights).sum(), given)
        regular = torch.linalg.eigvalsh(matrix)[0] > 1e-9
        yield entry(name, matrix=matrix, root=root, weights=weights, gradient=gradient if regular else None)


def smooth():
    """tanh, so that a finite step shows."""
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def directional_derivatives():
    """Rows J x_i at one point, by a step of eps / max(1, max |x_i|)."""
    torch.manual_seed(32)
    for name, net, n in (("ReLU network", mlp([4, 6, 5, 3]), 4), ("tanh network", smooth(), 4)):
        at, x = normal(1, n), normal(5, n) * torch.tensor([[1e-3], [0.1], [1.0], [30.0], [1e4]], dtype=torch.float64)
        for eps in (1e-3, 1e-4):
            exact = library.linearize(net, at, jacobian_only=True)[0]
            yield entry(name, layers=list(describe(net)), at=at, x=x, eps=eps, output=library.jac_at_x(net, at, x, eps),
                        exact=x.mm(exact.t()), linearization=library.lin_at_x(net, at, x[:1], eps),
                        exactLinearization=net(at) + (x[:1] - at).mm(exact.t()))


def linearize():
    torch.manual_seed(33)
    networks = [("one row", mlp([4, 6, 3]), [4], 1), ("batch of 4", mlp([4, 6, 5, 3]), [4], 4), ("tanh, batch of 3", smooth(), [4], 3),
                ("convolution, batch of 2", convolutional(), [1, 4, 4], 2), ("affine", nn.Sequential(nn.Linear(3, 5)).double(), [3], 2)]
    for name, net, shape, batch in networks:
        at = normal(batch, *shape)
        jacobian, offset = library.linearize(net, at)
        yield entry(name, layers=list(describe(net)), at=at, jacobian=jacobian, offset=offset)


def covariance_by_three_ways():
    """The notebook's profile: J S J^T with the Jacobian, with the trick on the root of S, and with a Jacobian kept."""
    torch.manual_seed(34)
    for n, hidden in ((3, 5), (8, 6)):
        net = mlp([n, hidden, hidden, n])
        mean, covariance, _ = gaussian(1, n, 2.0)
        kept = library.linearize(net, mean, jacobian_only=True)[0]
        rows = library.jac_at_x(net, mean[0], library.sqrtm(covariance[0]))
        yield entry(f"{n} inputs", layers=list(describe(net)), mean=mean[0], covariance=covariance[0], jacobian=kept,
                    byJacobian=kept.mm(covariance[0]).mm(kept.t()), byTrick=rows.t().mm(rows))


def cases():
    return {
        "definite": list(definite()), "ring": list(ring()), "squareRoot": list(square_root()),
        "directionalDerivatives": list(directional_derivatives()), "linearize": list(linearize()),
        "covarianceByThreeWays": list(covariance_by_three_ways()),
    }
