"""Gaussian moments through networks by network_moments, as fixtures/moments.json.

    python3 test/reference/moments.py [--out FOLDER]

moments_library.py restates the library; the cases are in moments_cases.py. float64 throughout. Arrays are
{shape, values}, row by row; NaN is null.
"""

import torch

import encode
import moments_cases


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    encode.write_fixture("moments", {
        "about": {**encode.about("moments.py"), "library": "github.com/ModarTensai/network_moments, aadd4da"}, **moments_cases.cases(),
    }, out)


if __name__ == "__main__":
    main()
