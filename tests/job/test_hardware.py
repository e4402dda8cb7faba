"""The smallest limit wins, and the answer names it. The trees of /proc and /sys are small copies of real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etabli.job.hardware import hardware

GIB = 2**30


def tree(root: Path, **files: str) -> Path:
    """A small machine: 64 GiB and a processor, and the files given (path with / for __)."""
    base = {"proc/meminfo": f"MemTotal:       {64 * 2**20} kB\nMemFree: 1 kB\n", "proc/cpuinfo": "processor : 0\nmodel name\t: Some Xeon\n"}
    for name, text in (base | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_this_machine_never_exceeds_the_affinity_mask() -> None:
    here = hardware({})
    assert 1 <= here.cores <= len(os.sched_getaffinity(0))
    assert 2**28 < here.memory <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert f"{here.cores} core" in here.description


def test_affinity_of_a_pinned_process() -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this machine gives the tests one core only")
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); from etabli.job.hardware import hardware; print(hardware({}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "cores=1," in shown
    assert "1 core (affinity mask)" in shown


def test_limit_of_the_address_space_counts() -> None:
    code = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({GIB}, {GIB})); from etabli.job.hardware import hardware; print(hardware({{}}).memory)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(shown) == GIB


def test_group_of_version_2_and_the_groups_above_it(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        **{
            "proc/self/cgroup": "0::/system.slice/job_7/step_0\n",
            "sys/fs/cgroup/system.slice/job_7/step_0/cpu.max": "max 100000\n",
            "sys/fs/cgroup/system.slice/job_7/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/system.slice/job_7/step_0/memory.max": "max\n",
            "sys/fs/cgroup/system.slice/job_7/memory.max": f"{3 * GIB}\n",
            "sys/fs/cgroup/system.slice/memory.max": f"{8 * GIB}\n",
        },
    )
    found = hardware({}, root)
    assert found.cores == 1  # a quota of 1.5 keeps one thread busy, not two
    assert found.memory == 3 * GIB
    assert "Some Xeon" in found.description
    assert "3.0 GiB (control group)" in found.description


def test_container_whose_group_is_named_as_the_host_sees_it(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        **{
            "proc/self/cgroup": "0::/kubepods/pod1/c2\n",
            "sys/fs/cgroup/memory.max": f"{2 * GIB}",
            "sys/fs/cgroup/cpu.max": "100000 100000",
        },
    )
    assert (hardware({}, root).cores, hardware({}, root).memory) == (1, 2 * GIB)


def test_groups_of_version_1(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        **{
            "proc/self/cgroup": "4:memory:/slurm/uid_1/job_2\n3:cpuset:/\n2:cpu,cpuacct:/slurm/uid_1/job_2\n",
            "sys/fs/cgroup/memory/slurm/uid_1/job_2/memory.limit_in_bytes": f"{5 * GIB}\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/job_2/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/job_2/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    assert (hardware({}, root).cores, hardware({}, root).memory) == (1, 5 * GIB)


@pytest.mark.parametrize(
    ("environment", "memory"),
    [
        ({"SLURM_MEM_PER_NODE": "2048"}, 2 * GIB),
        ({"SLURM_MEM_PER_CPU": "512", "SLURM_CPUS_PER_TASK": "1"}, GIB // 2),
        ({"SLURM_MEM_PER_NODE": "0"}, 64 * GIB),  # all of the node
        ({"SLURM_MEM_PER_NODE": "nonsense"}, 64 * GIB),
    ],
)
def test_memory_that_slurm_gave(tmp_path: Path, environment: dict[str, str], memory: int) -> None:
    assert hardware(environment, tree(tmp_path)).memory == memory


@pytest.mark.parametrize(
    ("environment", "reason"),
    [({"SLURM_CPUS_PER_TASK": "1", "SLURM_CPUS_ON_NODE": "2"}, "SLURM_CPUS_PER_TASK"), ({"OMP_NUM_THREADS": "1,4"}, "OMP_NUM_THREADS")],
)
def test_cores_that_the_job_asked_for(tmp_path: Path, environment: dict[str, str], reason: str) -> None:
    found = hardware(environment, tree(tmp_path))
    assert found.cores == 1
    if len(os.sched_getaffinity(0)) > 1:
        assert f"1 core ({reason})" in found.description


def test_unreadable_limits_are_no_limits(tmp_path: Path) -> None:
    plain = hardware({}, tree(tmp_path))
    odd = {"OMP_NUM_THREADS": "many", "SLURM_CPUS_PER_TASK": "-3", "SLURM_MEM_PER_CPU": ""}
    (tmp_path / "proc" / "self").mkdir()
    (tmp_path / "proc" / "self" / "cgroup").write_text("garbage\n5:memory\n::\n")
    assert hardware(odd, tmp_path) == plain


def test_accelerators_and_those_that_are_hidden(tmp_path: Path) -> None:
    gpus = "proc/driver/nvidia/gpus"
    root = tree(
        tmp_path,
        **{
            f"{gpus}/0000:17:00.0/information": "Model: \t\t NVIDIA H100\nIRQ: 1\nGPU UUID: \t GPU-aaaa-1\n",
            f"{gpus}/0000:65:00.0/information": "Model: \t\t NVIDIA A40\nGPU UUID: \t GPU-bbbb-2\n",
        },
    )
    assert hardware({}, root).accelerators == ("NVIDIA H100", "NVIDIA A40")
    assert hardware({"CUDA_VISIBLE_DEVICES": "1"}, root).accelerators == ("NVIDIA A40",)
    assert hardware({"CUDA_VISIBLE_DEVICES": "GPU-bbbb,0"}, root).accelerators == ("NVIDIA A40", "NVIDIA H100")
    assert hardware({"CUDA_VISIBLE_DEVICES": "7,0"}, root).accelerators == ()
    assert hardware({"CUDA_VISIBLE_DEVICES": ""}, root).accelerators == ()
