"""THE PAGE TO READ FIRST: from a data file to an established model, in a dozen calls.

    look at the data -> warn -> split fairly -> compare every family -> judge -> combine -> one file -> prove -> report

Each call takes records and gives records; what it does is one module away. The run folder holds everything that was done, so the
same call (or `resume`) after a kill goes on where it stopped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

from etabli.errors import UsageError
from etabli.records import Watch, quiet
from etabli.work.asked import FREE, Asked, asked
from etabli.work.journal import Journal

if TYPE_CHECKING:
    from etabli.faces.page import Report

Steps = Mapping[str, str]


def never() -> bool:
    """The interruption that never comes."""
    return False


@dataclass(frozen=True)
class Study:
    """A finished run. result: the mapping that `fit --json` prints (docs/result.md)."""

    folder: Path
    result: Mapping[str, Any]

    @property
    def leaderboard(self) -> Sequence[Mapping[str, Any]]:
        """Candidates, best first: name, family, score, difference to the winner with its interval, tied. A list that a notebook shows as a table."""
        from etabli.faces.notebook import Leaderboard
        from etabli.faces.words import language

        return Leaderboard(self.result, language())

    @cached_property
    def model(self) -> Any:
        """The model file, loaded: `study.model.predict(frame)`."""
        from etabli.model.load import load

        return load(self.folder / "model.onnx")

    @property
    def findings(self) -> Sequence[Mapping[str, Any]]:
        """What may go wrong with the data and the models, the gravest first: code, level, columns, text, cure, evidence."""
        from etabli.faces.audit import Findings
        from etabli.faces.words import language

        return Findings(self.result.get("warnings", ()), language())

    @property
    def report(self) -> Report:
        """The report: `.path`, `.open()` in a browser; a notebook shows the whole page in a frame."""
        from etabli.faces.page import Report

        return Report(self.folder / "report.html")

    def figures(
        self,
        kind: str = "pdf",
        folder: str | Path | None = None,
        *,
        lang: str | None = None,
        width: str | float = 85,
        only: Sequence[str] = (),
        colour: str | None = None,
    ) -> list[Path]:
        """Figures for a paper, one file each ("pdf", "png" or "svg"), with captions.md and captions.tex; their paths. folder: by default
        `figures` in the run folder. width: 85 (mm, one column), 170 (two), "3.35in". only: names such as "calibration"; by default all that the
        result has. colour: of a map or of groups, the column of the picture. Errors: UsageError, StorageError. See docs/figures.md."""
        from etabli.faces.paper import write
        from etabli.faces.report.tinted import first
        from etabli.faces.words import language

        return write(first(self.result, colour), kind, self.folder / "figures" if folder is None else folder, language(lang), width, only)

    def figure(self, name: str, *, lang: str | None = None, width: str | float = 85) -> Any:
        """One of these as a matplotlib Figure, to be restyled or placed elsewhere. UsageError for a name that the result has nothing for."""
        from etabli.faces.paper import figure
        from etabli.faces.words import language

        return figure(self.result, name, language(lang), width)

    @property
    def status(self) -> int:
        """The exit status: 4 when nothing beat the constant."""
        members = self.result["winner"].get("members", []) if "winner" in self.result else []
        return 4 if members and members[0]["family"] == "baseline" else 0

    def __str__(self) -> str:
        return str(self.result["sentence"]["en"])

    def __repr__(self) -> str:
        from etabli.faces.notebook import text
        from etabli.faces.words import language

        return text(self.result, language(), str(self.folder))

    def _repr_html_(self) -> str:
        """The sentence, the one plot and the findings, for a notebook."""
        from etabli.faces.notebook import study
        from etabli.faces.words import language

        return study(self.result, language(), str(self.report) if self.report.path.exists() else "")


def fit(file: Any, target: str, *, watch: Watch | None = None, interrupted: Callable[[], bool] | None = None, **options: Any) -> Study:
    """The main job. file: the path of a CSV or Parquet file, or a frame (pandas, polars, pyarrow, DuckDB, a dict of columns, an array), which
    is kept in the run folder; `out` then defaults to the target's name with .etabli. options: those of the command line (effort, time in
    seconds, group, time_column, weights, ignore, kinds, metric, families, seed, test, out, ...).

    watch: hears what is done (`quiet` for nothing); by default a notebook shows how far it is, in place. interrupted: whether to finish with
    the best so far; by default the first Ctrl-C says so and the study comes with a warning, the second ends at once.
    Errors: EtabliError and its children, each with the rule, what came, and a hint."""
    from etabli.faces.live import attended

    with attended(watch, interrupted, options.get("lang")) as (see, stop), _kept(file, target, options) as (path, told):
        return establish(asked(path, target, **told), watch=see, interrupted=stop)


@contextmanager
def _kept(file: Any, target: str, options: dict[str, Any]) -> Iterator[tuple[str | Path, dict[str, Any]]]:
    """The path and options of a call in which the data, or the rows of the test, may be frames."""
    from etabli.work.handed import FRAME, TEST, kept

    frames = {
        name: data for name, data in ((FRAME, file), (TEST, options.get("test"))) if data is not None and not isinstance(data, str | Path)
    }
    if not frames:
        yield file, options
        return
    name = re.sub(r"[^\w-]+", "_", str(target)) if FRAME in frames else str(file)
    folder = Asked(name, "", out=options.get("out")).folder
    with kept(frames, folder) as kinds:
        kinds = {name: kind for name, kind in kinds.items() if name != target}
        told = options | {"out": str(folder), "kinds": kinds | dict(options.get("kinds") or {})}
        yield (folder / FRAME if FRAME in frames else file), told | ({"test": str(folder / TEST)} if TEST in frames else {})


def establish(
    question: Asked, *, watch: Watch = quiet, interrupted: Callable[[], bool] = never, began: float | None = None, resumed: bool = False
) -> Study:
    """The whole story. began: when the cap's clock started, by time.monotonic(); None: now. resumed: the last round of the run folder goes
    on, whatever ideas are asked for."""
    from etabli.faces.report import write
    from etabli.faces.words import language
    from etabli.work import file, intake, stages
    from etabli.work.alarms import unanswered
    from etabli.work.run import opened

    with opened(question, watch, interrupted, monotonic() if began is None else began, resumed) as run:
        watch("step", name={"en": "reading the data", "fr": "lecture des données"})
        table, target = intake.read(run)
        watch("step", name={"en": "looking for what may go wrong", "fr": "recherche de ce qui peut mal tourner"})
        findings = intake.audited(run, table, target)
        material = intake.material(run, table, target, findings)
        watch("step", name={"en": "baseline first", "fr": "le niveau zéro d'abord"})
        material, split, alarms = stages.split(run, material)
        watch("step", name={"en": "comparing", "fr": "comparaison"})
        standing, scores = stages.compared(run, material, split)
        watch("step", name={"en": "repeating the best", "fr": "répétition des meilleurs"})
        repeats = stages.repeated(run, material, split, standing)
        verdict = stages.judged(run, scores, standing, repeats)
        alarms += stages.late(run, material, split, verdict)
        verdict = stages.confirmed(run, material, split, verdict, standing)
        watch("step", name={"en": "composing one file", "fr": "composition d'un seul fichier"})
        assembled = stages.assembled(run, material, split, verdict, standing)
        watch("step", name={"en": "proving it", "fr": "preuve"})
        model, proof, test = file.proven(run, material, split, standing, verdict, assembled)
        watch("step", name={"en": "explaining it", "fr": "explication"})
        explanation = stages.explained(run, material, split, verdict, standing, assembled)
        watch("step", name={"en": "would more rows help?", "fr": "plus de lignes aideraient-elles ?"})
        learning = stages.learned(run, material, split, verdict, standing)
        tree = stages.readable(run, material, split, verdict, standing)
        network = stages.networked(run, material, split, verdict, standing)
        watch("step", name={"en": "writing the report", "fr": "écriture du rapport"})
        result = file.written(
            run,
            material,
            split,
            standing,
            verdict,
            assembled,
            [*unanswered(findings, alarms), *assembled.notes, *stages.settled_chains(run, material, split, verdict, standing)],
            model,
            proof,
            test,
            {"explanation": explanation, "learning": learning, "tree": tree, "network": network},
        )
        write(result, question.folder / "report.html", language(question.lang))
    return Study(question.folder, result)


def adopt(
    estimator: Any,
    data: Any,
    target: str | None = None,
    *,
    y: Sequence[Any] | None = None,
    out: str | Path | None = None,
    where: str = "",
    seen: bool = False,
    classes: Sequence[Any] = (),
    gives: str = "",
    inputs: Mapping[str, int | str | Sequence[int | str]] | None = None,
    seed: int = 0,
    lang: str | None = None,
    watch: Watch = quiet,
) -> Study:
    """A model fitted elsewhere as the same proven file: `etabli.adopt(pipeline, "held_out.csv", target="price")`.

    estimator: a fitted scikit-learn estimator or pipeline, a booster of XGBoost, LightGBM or CatBoost, a torch.nn.Module, an ONNX
    network (ModelProto, bytes or path), or one that a plug-in writes. data: a
    path, a frame, or an array [rows, features], with rows that the model was not fitted on (calibration and intervals are learned
    from them); y: the target's values, where data have no column for it. Without a target the file holds the model alone. seen: the
    rows are those of the fit, no interval is wanted. classes: the labels of a network's outputs, in their order (of one output: of 0 and 1); gives: "logits", "shares" or
    "number", where it cannot be told; inputs: of a network with several, the columns each gets, by name, or how many, or the shape they take, in this order. Errors: Refused, ProofError, UsageError, DataError; nothing is written then.
    """
    from etabli.adoption import Asked as AdoptAsked
    from etabli.adoption import adopted, named, title
    from etabli.estimators.networks.network import brought
    from etabli.faces.report import write
    from etabli.faces.words import language

    estimator = brought(estimator)
    path = str(data) if isinstance(data, str | Path) else "data"
    folder = Path(out) if out is not None else Path(f"{named(estimator)}.etabli")
    question = AdoptAsked(where or title(estimator), path, target, folder, seen, seed, tuple(map(str, classes)), gives, _shapes(inputs))
    result = adopted(estimator, data, question, y, watch)
    if target is not None:
        write(result, folder / "report.html", language(lang))
    return Study(folder, result)


def _shapes(inputs: Mapping[str, Any] | None) -> tuple[tuple[str, tuple[int | str, ...]], ...]:
    return tuple((name, (taken,) if isinstance(taken, int | str) else tuple(taken)) for name, taken in (inputs or {}).items())


def asked_of(run: str | Path, time: float | None = None, lang: str | None = None) -> Asked:
    """What was asked of a run folder, for `resume`: the same, with another cap or language."""
    plan = Journal(Path(run)).plan()
    options = plan["asked"] | {"time": time, "lang": lang, "out": str(run)}
    options |= {name: tuple(options[name]) for name in ("ignore", "by", "families", "increasing", "decreasing", "together")}
    options["missing"] = {column: tuple(texts) for column, texts in options["missing"].items()}
    file, target = options.pop("file"), options.pop("target")
    return asked(file, target, there=False, **options)


def resume(run: str | Path, *, time: float | None = None, watch: Watch = quiet, interrupted: Callable[[], bool] = never) -> Study:
    """Goes on with a run that was cut; nothing finished is done again."""
    return establish(asked_of(run, time), watch=watch, interrupted=interrupted, resumed=True)


def load_study(run: str | Path) -> Study:
    """A finished run, read from its folder."""
    path = Path(run) / "result.json"
    if not path.exists():
        Journal(Path(run)).plan()  # says what is wrong if it is no run at all
        raise UsageError("the run must be finished", f"{run} has no result yet", f"etabli resume {run}")
    return Study(Path(run), json.loads(path.read_text(encoding="utf-8")))


def report(run: str | Path, lang: str | None = None, live: bool | None = None, colour: str | None = None) -> Report:
    """Writes the report of a finished run again, in "en" or "fr". live: whether the page holds the model, to answer rows (None: when it is small).
    colour: of a map or of groups, the column that the picture is coloured by first; UsageError when none of its cells were kept."""
    from etabli.faces.report import write
    from etabli.faces.report.tinted import first
    from etabli.faces.words import language

    done = load_study(run)
    write(first(done.result, colour), done.report.path, language(lang), live)
    return done.report


def explore(
    file: Any, target: str | None = None, kinds: Mapping[str, str] | None = None, ignore: Sequence[str] = (), lang: str = "en"
) -> tuple[str, dict[str, Any]]:
    """Columns and what may go wrong, without training, of a file or a frame: (text, mapping that JSON takes). A notebook shows it as a table."""
    from etabli.faces.audit import Audit
    from etabli.faces.explore_text import explore_json, explore_text
    from etabli.work import handed, intake

    with TemporaryDirectory() as aside:
        if not isinstance(file, str | Path):
            table = handed.arrow(file)
            kinds = {**handed.declared(table), **(kinds or {})}
            file = Path(aside) / handed.FRAME
            handed.stored(table, file)
        looked, findings = intake.looked(Path(file), target, dict(kinds or {}), ignore)
    return Audit(explore_text(looked, findings, lang), explore_json(looked, findings), explore_json(looked, findings, lang), lang)


def public(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without what only pictures need."""
    return {key: value for key, value in result.items() if key not in ("residuals", "curves")}


__all__ = ["FREE", "Study", "adopt", "asked_of", "establish", "explore", "fit", "load_study", "public", "report", "resume"]
