"""JAX as établi uses it: imported once, quiet, with its compiled programs kept in the user's cache folder, one thread a program on a CPU.

On a CPU a job's cores are shared out over networks, not over the parts of a product (measured: docs/networks.md), so that the number of cores never
changes a bit of what is learned. Programs that were compiled once are found again in ~/.cache/etabli/jax (XDG_CACHE_HOME is heard): what they hold is
executable, so the folder is the user's own and never a shared one.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

FLAGS = "--xla_cpu_multi_thread_eigen=false --xla_backend_optimization_level=1"  # level 1 compiles a third faster and runs as fast


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
