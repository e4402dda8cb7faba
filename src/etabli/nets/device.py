"""JAX as établi uses it: imported once, quiet, with its compiled programs kept in the user's cache folder, one thread a program on a CPU.

On a CPU a job's cores are shared out over networks, not over the parts of a product (measured: docs/networks.md), so that the number of cores never
changes a bit of what is learned. Programs that were compiled once are found again in ~/.cache/etabli/jax (XDG_CACHE_HOME is heard): what they hold is
executable, so the folder is the user's own and never a shared one.

Mixed precision is that of products alone: their inputs are rounded to PRODUCTS, where the device multiplies such numbers several times faster; sums within a product, all other steps, weights and
moments are single throughout, so that no scaling of the loss is needed (Micikevicius et al. 2018 keep single weights for the same reason). On a CPU it would be slower.
What a network learned on, and at which precision, is told with it (`network.device`, `network.products` of the result).
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

FLAGS = "--xla_cpu_multi_thread_eigen=false --xla_backend_optimization_level=1"  # level 1 compiles a third faster and runs as fast

PRODUCTS = {"gpu": "tensorfloat32", "tpu": "bfloat16"}  # bits of a number's fraction: 10, 7; single has 23


@cache
def jax() -> Any:
    """The module, set up. ImportError where it is not installed. JAX that a user's program has set up already stays as it is."""
    if "jax" not in sys.modules:
        if "XLA_FLAGS" not in os.environ:
            os.environ["XLA_FLAGS"] = FLAGS
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # a worker does not own the whole accelerator
    import jax as module

    if not module.config.jax_compilation_cache_dir:
        home = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(home) if home else Path.home() / ".cache") / "etabli" / "jax"
        module.config.update("jax_compilation_cache_dir", str(folder))
        module.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    return module


def platform() -> str:
    """ "cpu", "gpu" or "tpu": where networks are trained."""
    return str(jax().default_backend())


def products(where: str | None = None) -> str:
    """To what the inputs of products are rounded while a network learns there, as `jax.default_matmul_precision` names it."""
    return PRODUCTS.get(platform() if where is None else where, "float32")


def name() -> str:
    """Where networks are trained: "CPU", or the accelerator's own name ("NVIDIA H200")."""
    return "CPU" if platform() == "cpu" else str(jax().local_devices()[0].device_kind)


def full(error: BaseException) -> bool:
    """Whether XLA had no memory left on the device."""
    return isinstance(error, jax().errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
