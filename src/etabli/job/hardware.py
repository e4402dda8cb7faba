"""What this *job* owns: cores, memory and accelerators.

A job on a shared machine owns less than the machine has, and a program that counts the machine's cores starts 128 threads on
the 4 that a scheduler gave it. So every limit that may hold is asked, the smallest wins, and the answer says which one it was:
the affinity mask, control groups (version 1 and 2, from the job's own group up to the root), what Slurm handed out,
`OMP_NUM_THREADS`, and the limit of the address space. Everything is read, nothing is measured, and only the standard library is
used; `environment` and `root` are parameters so that any machine can be described to a test.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

UNKNOWN_MEMORY = 4 * 2**30  # assumed where the system does not say how much there is
UNLIMITED = 2**60  # control groups of version 1 write "no limit" as a number near 2**63


@dataclass(frozen=True)
class Hardware:
    """cores: at least 1. memory: bytes. accelerators: a name each, in the driver's order. description: one line, for the model's
    card and the report: the processor, and which limit gave each figure."""

    cores: int
    memory: int
    accelerators: tuple[str, ...]
    description: str


def hardware(environment: Mapping[str, str] | None = None, root: Path = Path("/")) -> Hardware:
    """The smallest of all limits that this process finds; never an error, as an unreadable limit is no limit."""
    env = os.environ if environment is None else environment
    cores, why_cores = min(_cores(env, root), key=itemgetter(0))  # of equal limits, the first
    memory, why_memory = min(_memory(env, root, cores), key=itemgetter(0))
    accelerators = _accelerators(env, root)
    parts = [
        _processor(root),
        f"{cores} core{'s' * (cores > 1)} ({why_cores})",
        f"{memory / 2**30:.1f} GiB ({why_memory})",
        *accelerators,
    ]
    return Hardware(cores, memory, accelerators, ", ".join(part for part in parts if part))


def _cores(env: Mapping[str, str], root: Path) -> Iterator[tuple[int, str]]:
    yield os.cpu_count() or 1, "all of this machine"
    if hasattr(os, "sched_getaffinity"):
        mine = len(os.sched_getaffinity(0))
        if mine < (os.cpu_count() or 1):
            yield mine, "affinity mask"
    for quota in _core_quotas(root):  # rounded down: a thread above the quota makes all of them wait
        yield max(1, int(quota)), "control group"
    # a task's own share; the node's share holds where the job did not ask for cores by task
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        if count := _count(env.get(name, "")):
            yield count, name
            break
    if count := _count(env.get("OMP_NUM_THREADS", "").split(",")[0]):  # a list gives one number a nesting level
        yield count, "OMP_NUM_THREADS"


def _memory(env: Mapping[str, str], root: Path, cores: int) -> Iterator[tuple[int, str]]:
    yield _physical(root), "all of this machine"
    for name in ("memory.max", "memory.limit_in_bytes"):
        for text in _group_files(root, "memory", name):
            if (limit := _count(text)) and limit < UNLIMITED:
                yield limit, "control group"
    if megabytes := _count(env.get("SLURM_MEM_PER_NODE", "")):  # 0 asks for all of the node
        yield megabytes * 2**20, "SLURM_MEM_PER_NODE"
    elif megabytes := _count(env.get("SLURM_MEM_PER_CPU", "")):
        yield megabytes * 2**20 * cores, "SLURM_MEM_PER_CPU"
    if limit := _address_space():
        yield limit, "ulimit -v"


def _count(text: str) -> int:
    """A whole number above 0, or 0 for anything else ("max", "", "abc")."""
    text = text.strip()
    return int(text) if text.isdecimal() else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _group_files(root: Path, controller: str, name: str) -> Iterator[str]:
    """The contents of `name` in the job's group and in every group above it (a limit of any of them holds).

    Inside a container /proc names the group as the host sees it while only the lower part is mounted: what is not there is passed
    over, and the mount's own root, where the container's limit then stands, is always read.
    """
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":  # version 2; "unified" where both are mounted
            tops = [mounted, mounted / "unified"]
        elif controller in controllers.split(","):
            tops = [mounted / controller, mounted / controllers]
        else:
            continue
        inner = Path(path.lstrip("/"))
        for top in dict.fromkeys(tops):
            for folder in (inner, *inner.parents):
                if text := _read(top / folder / name):
                    yield text


def _core_quotas(root: Path) -> Iterator[float]:
    for text in _group_files(root, "cpu", "cpu.max"):  # "150000 100000", or "max 100000"
        quota, period = [*text.split(), "", ""][:2]
        if _count(quota) and _count(period):
            yield _count(quota) / _count(period)
    quotas = _group_files(root, "cpu", "cpu.cfs_quota_us")  # -1: none
    for quota, period in zip(quotas, _group_files(root, "cpu", "cpu.cfs_period_us"), strict=False):
        if _count(quota) and _count(period):
            yield _count(quota) / _count(period)


def _physical(root: Path) -> int:
    for line in _read(root / "proc" / "meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return _count(line.split()[1]) * 1024 or UNKNOWN_MEMORY
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return UNKNOWN_MEMORY


def _address_space() -> int:
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return limit if 0 < limit < UNLIMITED else 0


def _processor(root: Path) -> str:
    for line in _read(root / "proc" / "cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _accelerators(env: Mapping[str, str], root: Path) -> tuple[str, ...]:
    """NVIDIA devices as the driver lists them, less those that CUDA_VISIBLE_DEVICES hides (numbers or the head of a UUID)."""
    devices = []
    for path in sorted((root / "proc" / "driver" / "nvidia" / "gpus").glob("*/information")):
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in _read(path).splitlines())}
        devices.append((facts.get("Model", "NVIDIA device"), facts.get("GPU UUID", "")))
    visible = env.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(name for name, _ in devices)
    kept = []
    for token in (part.strip() for part in visible.split(",")):
        found = [n for n, (_, uuid) in enumerate(devices) if token == str(n) or (token.startswith("GPU-") and uuid.startswith(token))]
        if not found:  # as CUDA does: what follows a device that is not there is hidden too
            break
        kept.append(devices[found[0]][0])
    return tuple(kept)
