"""Gaussian moments through networks by network_moments, as fixtures/moments.json.

    python3 test/reference/moments.py [--out FOLDER]

moments_library.py and moments_statistics.py restate the library. float64 throughout.

Needs mpmath (Debian: python3-mpmath).
"""

import torch

import encode
import moments_cases
import moments_matrix_cases
import moments_network_cases
import moments_statistics

CONVENTIONS = {
    "arrays": "{shape, values}, row by row; NaN is null; a tensor of no dimension is a number",
    "names": "mean, covariance, variance are the input; outputMean and so on what comes out; networks are lists of layers",
    "adf, twoStage, oneStage": "forms: by the Jacobian and by the trick, from the same Gaussian; twoStage and oneStage name the networks of adf; "
                               "activation is the index of the ReLU that is kept",
    "full": "whole covariances between layers, the library's pasted ones after a ReLU; variance is their diagonal at the end",
    "trick": "rounds f at a point a = max(1, max|x|)/eps times nearer: known to about a times 2e-16 times |f|",
    "squareRoot": "of a singular matrix: known to about the square root of 2e-16 times the norm",
    "seeds": "definite and ring: torch.manual_seed(seed) first; robustness: 0",
    "faults": "faulty is what the library gives, right what it ought to",
}


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    encode.write_fixture("moments", {
        "about": {**encode.about("moments.py"), "library": "github.com/ModarTensai/network_moments, aadd4da"},
        "conventions": CONVENTIONS, **moments_cases.cases(), **moments_matrix_cases.cases(), **moments_statistics.cases(),
        **moments_network_cases.cases(),
    }, out)


if __name__ == "__main__":
    main()
