"""What rounding the inputs of products costs a network in its score, on a CPU that only acts as if.

    python -m benchmarks.products FOLDER adult_income 2000 --products bfloat16 [--seeds 3] [--setting 0]

An accelerator multiplies numbers of fewer bits and sums them in single precision (`src/etabli/nets/device.py`). Here the same is done by hand in every dense layer and in the heads, forth and back: the two inputs of
each product are rounded to float32 (23 bits of a fraction: nothing happens), TF32 (10) or bfloat16 (7), all else stays as it is. One line of JSON a seed, as `benchmarks/networks.py` prints them. What is
answered with is double precision throughout, as in the file.
"""

from __future__ import annotations

from typing import Any

from benchmarks.networks import asked, printed
from etabli.nets.blocks import dense, members
from etabli.nets.device import jax

BITS = {"float32": 23, "tensorfloat32": 10, "bfloat16": 7}  # of the fraction


def product(bits: int) -> Any:
    """a @ b of arrays of equally many axes, inputs rounded; of both gradients too."""
    lax, xp = jax().lax, jax().numpy

    def rounded(x: Any) -> Any:
        return lax.reduce_precision(x, 8, bits)

    def plain(a: Any, b: Any) -> Any:
        return rounded(a) @ rounded(b)

    made = jax().custom_vjp(plain)

    def forth(a: Any, b: Any) -> Any:
        return made(a, b), (a, b)

    def back(kept: Any, g: Any) -> Any:
        a, b = kept
        return rounded(g) @ xp.swapaxes(rounded(b), -1, -2), xp.swapaxes(rounded(a), -1, -2) @ rounded(g)

    made.defvjp(forth, back)
    return made


def rounding(bits: int) -> None:
    """Dense layers and heads multiply so from now on, while they learn."""
    made, usual, usual_heads = product(bits), dense.Dense.apply, members.Heads.apply

    def layer(self: Any, xp: Any, p: Any, x: Any, noise: Any = None) -> Any:
        if xp.__name__ == "numpy":
            return usual(self, xp, p, x)
        return made(x.reshape(-1, x.shape[-1]), p["weight"]).reshape(*x.shape[:-1], -1) + p["bias"]

    def heads(self: Any, xp: Any, p: Any, x: Any, noise: Any = None) -> Any:
        if xp.__name__ == "numpy":
            return usual_heads(self, xp, p, x)
        return xp.swapaxes(made(xp.swapaxes(x, 0, 1), p["weight"]), 0, 1) + p["bias"]

    dense.Dense.apply, members.Heads.apply = layer, heads  # type: ignore[method-assign]


def main() -> None:
    """See the module."""
    parser = asked(__doc__)
    parser.add_argument("--products", choices=BITS, required=True)
    options = parser.parse_args()
    rounding(BITS[options.products])
    printed(options, {"products": options.products})


if __name__ == "__main__":
    main()
