"""The studies without a target: `etabli.cluster`, and its sisters.

As `study.fit`: a file or a frame in, a run folder with one proven file out. The stories are in `structure/`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from etabli import study
from etabli.records import Watch, quiet
from etabli.study import Study, never
from etabli.work.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etabli.structure.asked import Job, Question


def cluster(file: Any, *, watch: Watch | None = None, interrupted: Callable[[], bool] | None = None, **options: Any) -> Study:
    """Which rows belong together, how many groups there are, and whether there are any: `etabli.cluster("penguins.csv")`.

    file: the path of a CSV or Parquet file, or a frame. options: those of the command line (clusters, methods, label, colour, ignore, kinds,
    effort, time in seconds, seed, out). watch, interrupted: as for `fit`. The study's `model` answers new rows; `result` is described in
    docs/cluster.md. Errors: EtabliError and its children.
    """
    return _asked("cluster", file, watch, interrupted, options)


def map(file: Any, *, watch: Watch | None = None, interrupted: Callable[[], bool] | None = None, **options: Any) -> Study:
    """Few coordinates for many columns, and what may be believed of them: `etabli.map("penguins.csv")`.

    options: components, methods, colour, ignore, kinds, effort, time in seconds, seed, out; else as `cluster`. `result` is described in docs/map.md.
    """
    return _asked("map", file, watch, interrupted, options)


def anomalies(file: Any, *, watch: Watch | None = None, interrupted: Callable[[], bool] | None = None, **options: Any) -> Study:
    """Which rows are odd, how surely, and by which columns: `etabli.anomalies("penguins.csv")`.

    options: rate, label, odd, methods, ignore, kinds, effort, time in seconds, seed, out; else as `cluster`. `result` is described in docs/anomalies.md.
    """
    return _asked("anomalies", file, watch, interrupted, options)


def established(
    question: Question, *, watch: Watch = quiet, interrupted: Callable[[], bool] = never, began: float | None = None, resumed: bool = False
) -> Study:
    """The whole story of what was asked. began: when the cap's clock started, by time.monotonic(); None: now. resumed: told for the sake of
    `study.establish`; a run without a target goes on by itself from what its folder holds."""
    from importlib import import_module

    from etabli.faces.report import write
    from etabli.faces.words import language

    story = getattr(import_module(f"etabli.structure.{question.job}"), question.job)
    done = Study(question.folder, story(question, watch, interrupted, monotonic() if began is None else began))
    write(done.result, done.report.path, language(question.lang))
    return done


def asks(run: str | Path) -> bool:
    """Whether that run folder is of a study without a target."""
    return "job" in Journal(Path(run)).plan()["asked"]


def asked_of(run: str | Path, time: float | None = None, lang: str | None = None) -> Question:
    """What was asked of a run folder, for `resume`: the same, with another cap or language."""
    from etabli.structure.asked import Question

    kept = Journal(Path(run)).plan()["asked"]
    lists = {name: tuple(value) for name, value in kept.items() if isinstance(value, list)}
    return Question(**{**kept, **lists, "time": time, "lang": lang, "out": str(run)})


def resume(run: str | Path, *, time: float | None = None, watch: Watch = quiet, interrupted: Callable[[], bool] = never) -> Study:
    """Goes on with a run that was cut, with a target or without; nothing finished is done again. time: another cap, in seconds."""
    if asks(run):
        return established(asked_of(run, time), watch=watch, interrupted=interrupted)
    return study.resume(run, time=time, watch=watch, interrupted=interrupted)


def _asked(job: Job, file: Any, watch: Watch | None, interrupted: Callable[[], bool] | None, options: dict[str, Any]) -> Study:
    from etabli.faces.live import attended
    from etabli.structure.asked import asked

    with attended(watch, interrupted, options.get("lang")) as (see, stop), _kept(job, file, options) as (path, told):
        return established(asked(job, path, **told), watch=see, interrupted=stop)


@contextmanager
def _kept(job: Job, file: Any, options: dict[str, Any]) -> Iterator[tuple[str | Path, dict[str, Any]]]:
    """The path and options of a call in which the data may be a frame, which is then kept in the run folder."""
    from etabli.work.handed import FRAME, kept

    if isinstance(file, str | Path):
        yield file, options
        return
    folder = Path(options.get("out") or f"frame.{job}.etabli")
    with kept({FRAME: file}, folder) as kinds:
        yield folder / FRAME, options | {"out": str(folder), "kinds": kinds | dict(options.get("kinds") or {})}
