"""Kills, Ctrl-C, full disks and broken families, with real processes and real signals: nothing finished is lost, the file is the
same bit for bit, no half file and no process is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etabli import examples

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]

RUN = "run.etabli"
FAMILIES = "logistic,tree"
FIT = ("fit", "penguins.csv", "-t", "species", "-o", RUN, "--effort", "glance", "--families", FAMILIES, "--lang", "en")
RESUME = ("resume", RUN, "--lang", "en")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A working folder with the data; afterwards no process may still work in it."""
    shutil.copy(examples.path("penguins.csv"), tmp_path)
    yield tmp_path
    wait(lambda: not workers(tmp_path), "no process is left", 10)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(examples.path("penguins.csv"), folder)
    end(start(folder, *FIT), 0)
    return (folder / RUN / "model.onnx").read_bytes()


def start(
    place: Path, *words: str, before: Callable[[], None] | None = None, path: str = "", prefix: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | ({"PYTHONPATH": path} if path else {})
    return subprocess.Popen(
        [*prefix, sys.executable, "-P", "-m", "etabli", *words],
        cwd=place,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=before,
    )


def end(process: subprocess.Popen[str], status: int | None = None) -> str:
    """What it said on standard error."""
    _, said = process.communicate(timeout=120)
    assert status is None or process.returncode == status, said
    assert "Traceback" not in said and "fault of ours" not in said
    return said


def wait(happened: Callable[[], object], what: str, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, f"waited in vain until {what}"
        time.sleep(0.01)


def workers(place: Path) -> dict[int, int]:
    """Processes that work in that folder, with their parents: worker servers and their tasks (drivers have no such argument)."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"etabli.work.worker" in words and os.readlink(folder / "cwd").startswith(str(place)):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def done(place: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime_ns for path in (place / RUN / "done").glob("*.json")}


def has(place: Path, count: int) -> Callable[[], bool]:
    return lambda: len(done(place)) >= count


def model(place: Path) -> bytes:
    return (place / RUN / "model.onnx").read_bytes()


def result(place: Path) -> dict[str, object]:
    return dict(json.loads((place / RUN / "result.json").read_text(encoding="utf-8")))


def leftovers(place: Path) -> list[str]:
    return [str(path) for path in (place / RUN).rglob(".*")]


# kills -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [FIT, RESUME], ids=["the same command", "resume"])
def test_killing_the_driver_loses_nothing(place: Path, whole: bytes, last: tuple[str, ...]) -> None:
    for count in (0, 1, 1, 1, 5):  # three times while the same first tasks run: none of them is to blame
        before = done(place)
        process = start(place, *FIT)
        wait(has(place, len(before) + count), f"{count} more tasks are done") if count else wait((place / RUN / "lock").exists, "it began")
        process.kill()
        process.communicate()
        wait(lambda: not workers(place), "its worker ended with it", 10)
        assert before.items() <= done(place).items()
    before, said = (
        done(place),
        subprocess.check_output([sys.executable, "-m", "etabli", "status", RUN, "--lang", "en"], cwd=place, text=True),
    )
    assert "not finished" in said and "resume" in said and f"{len(before)} tasks" in said
    end(start(place, *last), 0)
    assert before.items() <= done(place).items()
    assert model(place) == whole
    assert leftovers(place) == [] and result(place)["set_aside"] == []


def test_killing_workers_and_tasks_changes_nothing(place: Path, whole: bytes) -> None:
    process = start(place, *FIT)
    for count in (1, 3):
        wait(has(place, count), f"{count} tasks are done")
        server = next(pid for pid, parent in workers(place).items() if parent == process.pid)
        os.kill(server, signal.SIGKILL)
        wait(lambda old=server: old not in workers(place), "the worker is dead")

    def tasks() -> list[int]:
        found = workers(place)
        return [pid for pid, parent in found.items() if parent in found]

    killed = []
    while process.poll() is None and len(killed) < 2:
        for pid in tasks()[:1]:
            if pid not in killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
    end(process, 0)
    assert killed and model(place) == whole and result(place)["set_aside"] == []


def test_the_file_does_not_depend_on_slots_or_places(place: Path, whole: bytes) -> None:
    (place / "elsewhere").mkdir()
    (place / RUN).symlink_to(place / "elsewhere")
    words = [str(place / word) if word.endswith(".csv") else word for word in FIT]
    end(start(place, *words, "--where", "local?workers=1"), 0)
    assert model(place) == whole


def test_two_drivers_do_not_share_a_folder(place: Path) -> None:
    longer = [word.replace("glance", "standard") for word in FIT]  # the first must still work when the second comes
    first = start(place, *longer)
    wait(has(place, 1), "the first works")
    second, looking = start(place, *longer), start(place, "status", RUN)
    assert "running" in looking.communicate(timeout=60)[0]
    said = end(second, 2)
    assert "one command at a time" in said and "etabli status" in said
    end(first, 0)
    assert result(place)["ended"] != "interrupted"


# Ctrl-C ----------------------------------------------------------------------------------------------------------------


def test_the_first_interruption_ends_with_the_best_so_far(place: Path, whole: bytes) -> None:
    process = start(place, *FIT)
    wait(has(place, 9), "some candidates are complete")
    process.send_signal(signal.SIGINT)
    said = end(process, 130)
    assert "best so far" in said and "resume" in said
    if result(place)["cut"]:
        assert result(place)["ended"] == "interrupted" and model(place) != whole
        assert "cut short" in subprocess.check_output([sys.executable, "-m", "etabli", "status", RUN], cwd=place, text=True)
    end(start(place, "check", f"{RUN}/model.onnx"), 0)
    before = done(place)
    end(start(place, *RESUME), 0)
    assert before.items() <= done(place).items()
    assert model(place) == whole and result(place)["cut"] is False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_before_anything_is_complete_says_so(place: Path, number: signal.Signals) -> None:
    process = start(place, *FIT)
    wait((place / RUN / "lock").exists, "it began")
    process.send_signal(number)
    said = end(process, 130)
    assert "before any model was complete" in said and "resume" in said
    assert not (place / RUN / "model.onnx").exists()


def test_the_second_interruption_ends_at_once(place: Path, whole: bytes) -> None:
    process = start(place, *FIT)
    wait(has(place, 3), "some tasks are done")
    process.send_signal(signal.SIGINT)
    wait(lambda: "best so far" in (process.stderr.readline() if process.stderr else ""), "it was heard")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.communicate()
    end(start(place, *RESUME), 0)
    assert model(place) == whole


# disks -----------------------------------------------------------------------------------------------------------------


def three_lines(said: str) -> str:
    """The error at the end of what was said."""
    error = said[said.index("error: ") :].strip().splitlines()
    assert len(error) == 3 and error[1].startswith("  got:  ") and error[2].startswith("  hint: "), said
    return "\n".join(error)


def test_a_full_disk_stops_the_run_and_leaves_no_half_file(place: Path, whole: bytes) -> None:
    disk = place / RUN
    disk.mkdir()

    def mount(kilobytes: int, *more: str) -> None:
        options = ",".join([f"size={kilobytes}k", *more])
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")

    mount(8)
    try:
        stages = set()
        for kilobytes in (8, 40, *range(100, 1600, 100)):  # where it fills up depends on every file's size
            mount(kilobytes, "remount")
            process = start(place, *FIT)
            _, said = process.communicate(timeout=120)
            if process.returncode == 0:
                break
            assert process.returncode == 1 and "Traceback" not in said, said
            error = three_lines(said)
            assert "No space left" in error or "no room left" in error, said
            assert leftovers(place) == [] and not (disk / "report.html").exists()
            assert all(json.loads(path.read_text(encoding="utf-8")).get("error") is None for path in (disk / "done").glob("*.json"))
            stages.add(re.sub(r".*run.etabli/?|[0-9a-f]{10}\S*| failed.*", "", error.splitlines()[0]))
            if len(stages) == 3:
                break
        mount(100_000, "remount")
        end(start(place, *RESUME), 0)
        assert model(place) == whole and result(place)["set_aside"] == []
        assert len(stages) == 3, stages
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_limit_of_file_size_is_an_error_and_no_familys_fault(place: Path, whole: bytes) -> None:
    process = start(place, *FIT, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)))
    error = three_lines(end(process, 1))
    assert "File too large" in error or "no room left" in error
    assert leftovers(place) == []
    end(start(place, *RESUME), 0)
    assert model(place) == whole


def test_a_folder_that_may_not_be_written_is_an_error(place: Path) -> None:
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write anywhere, and there is no setpriv")
        for folder in (place, *place.parents[:2]):
            folder.chmod(0o755)
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        can = subprocess.run([*prefix, sys.executable, "-c", "import etabli, os; os.stat('penguins.csv')"], cwd=place, capture_output=True)
        if can.returncode:
            pytest.skip("another user cannot read this checkout")
    place.chmod(0o555)
    try:
        assert "Permission denied" in three_lines(end(start(place, *FIT, prefix=prefix), 1))
        assert not (place / RUN).exists()
    finally:
        place.chmod(0o755)
    (place / RUN).mkdir(mode=0o555)
    assert "Permission denied" in three_lines(end(start(place, *FIT, prefix=prefix), 1))
    assert list((place / RUN).iterdir()) == []


def test_a_folder_of_the_users_own_is_left_alone(place: Path) -> None:
    (place / RUN / "data").mkdir(parents=True)
    (place / RUN / "data" / "precious.txt").write_text("mine")
    said = end(start(place, *FIT), 2)
    assert "new, empty, or a run already" in said
    assert sorted(path.name for path in (place / RUN).rglob("*")) == ["data", "precious.txt"]


# broken families -------------------------------------------------------------------------------------------------------

STRANGE = """
import os, signal, time
import numpy as np
from etabli.families.family import Family
from etabli.records import Cost, Fitted, Setting, Wants


class Strange(Family):
    tasks = ("binary", "multiclass", "regression")
    citation, rank, doc = "nobody", 1, "It breaks."

    def settings(self, facts):
        return [Setting(self.name, {}, Wants(numbers="scaled", filled=True, categories="one-hot"))]

    def cost(self, setting, facts):
        return Cost(0.05, 1e6)

    def fit(self, setting, data, stop):
        weights = np.zeros((data.x.shape[1], data.classes))
        return Fitted(setting, {"weights": weights}, "softmax", lambda x: x @ weights)

    def write(self, fitted, graph, x):
        return graph.op("MatMul", x, graph.const(fitted.arrays["weights"] + getattr(self, "wrong", 0.0)))


class Raises(Strange):
    name = title = "raises"

    def fit(self, setting, data, stop):
        raise ValueError("I do not like these data")


class Dies(Strange):
    name = title = "dies"

    def fit(self, setting, data, stop):
        os.kill(os.getpid(), signal.SIGSEGV)


class Eats(Strange):
    name = title = "eats"

    def fit(self, setting, data, stop):
        kept = []
        while True:
            kept.append(np.empty(1 << 25))


class Lies(Strange):
    name = title = "lies"
    wrong = 1e-6


class Mute(Strange):
    name = title = "mute"

    def settings(self, facts):
        raise RuntimeError("I do not know what I want")


class Sleeps(Strange):
    name = title = "sleeps"

    def fit(self, setting, data, stop):
        time.sleep(3600)
"""


def plugins(place: Path, *names: str) -> str:
    """Announces those families as an installed package would; returns the folder for PYTHONPATH."""
    folder = place / "plugins"
    about = folder / "strange-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "strange.py").write_text(STRANGE)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    points = "\n".join(f"{name} = strange:{name.title()}" for name in names)
    (about / "entry_points.txt").write_text(f"[etabli.families]\n{points}\n")
    return str(folder)


def board(place: Path, family: str) -> dict[object, object]:
    rows = result(place)["leaderboard"]
    assert isinstance(rows, list)
    return {row["name"]: row["score"] for row in rows if row["family"] == family}


def test_broken_families_are_set_aside_and_named(place: Path) -> None:
    names = ("raises", "dies", "eats", "lies", "mute")
    command = [*FIT[:-4], "--families", "tree", "--lang", "en"]
    end(start(place, *command), 0)
    alone = board(place, "tree")
    (place / RUN).rename(place / "alone.etabli")
    command[command.index("tree")] = ",".join(("tree", *names))
    path = plugins(place, *names)
    process = start(place, *command, path=path, before=lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)))
    end(process, 0)
    aside = result(place)["set_aside"]
    assert isinstance(aside, list)
    reasons = {row["name"].split()[0].split(":")[0]: row["reason"] for row in aside}
    assert set(reasons) == set(names), aside
    assert "I do not like these data" in reasons["raises"]
    assert "died 3 times" in reasons["dies"]
    assert "memory" in reasons["eats"]
    assert "the graph must equal the fitted model" in reasons["lies"]
    assert "I do not know what I want" in reasons["mute"]
    page = (place / RUN / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in names)
    assert board(place, "tree") == alone and alone


def test_a_family_that_sleeps_is_set_aside_under_a_cap(place: Path) -> None:
    command = [*FIT[:-4], "--families", "tree,sleeps", "--lang", "en", "--time", "40s"]
    end(start(place, *command, path=plugins(place, "sleeps")), 0)
    aside = result(place)["set_aside"]
    assert isinstance(aside, list) and "still running" in aside[0]["reason"] and "sleeps" in aside[0]["name"]
    assert board(place, "tree")
    page = (place / RUN / "report.html").read_text(encoding="utf-8")
    assert "sleeps" in page


# callers ---------------------------------------------------------------------------------------------------------------

CALL = 'etabli.fit("penguins.csv", "species", effort="glance", families=("tree",), out="run.etabli")'


@pytest.mark.parametrize(
    "script",
    [
        f"import etabli\nprint({CALL})",
        f"import threading, etabli\nthread = threading.Thread(target=lambda: print({CALL}))\nthread.start(); thread.join()",
        f"import sys; sys.stdin = sys.stderr = None\nexec(compile('import etabli; print({CALL})', '<cell>', 'exec'), {{'__name__': '__main__'}})",
        "import threading\nfrom etabli.cli import main\nwords = 'fit penguins.csv -t species --effort glance --families tree -o run.etabli'.split()\n"
        "thread = threading.Thread(target=main, args=(words,))\nthread.start(); thread.join()",
    ],
    ids=["a script without a guard", "a thread", "a notebook's cell", "the command in a thread"],
)
def test_it_can_be_called_from_anywhere(place: Path, script: str) -> None:
    for name in ("random", "json", "numpy"):  # what lies in the working folder is not taken for a library
        (place / f"{name}.py").write_text("raise ImportError('the wrong one')")
    (place / "scripts").mkdir()
    (place / "scripts" / "script.py").write_text(textwrap.dedent(script))
    process = subprocess.run([sys.executable, "scripts/script.py"], cwd=place, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0 and process.stdout.strip(), process.stderr
    assert (place / RUN / "model.onnx").exists()
