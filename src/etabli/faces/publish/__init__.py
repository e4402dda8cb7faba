"""`etabli publish FILE|RUN -o out.db`: a table, and what was found out about it, as a SQLite file and metadata that Datasette opens.

SQLite, because it is one file that every language reads and that Datasette serves as it is. A file gives its rows (typed, indexed where people will
facet) and what may go wrong in it; a run gives its leaderboard, each row's prediction by models that did not see it, and the card as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.sources import called, remote
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.faces.explore.opened import ROW
from etabli.faces.publish import database, metadata
from etabli.faces.publish.database import Sheet
from etabli.faces.words import pick, say
from etabli.faces.words.numbers import count
from etabli.records import Array, Table, Watch, quiet

RUN_TABLES = ("leaderboard", "predictions", "findings", "card")


@dataclass(frozen=True)
class Published:
    """database: the SQLite file. metadata: the JSON beside it. tables: name -> rows."""

    database: Path
    metadata: Path
    tables: Mapping[str, int]

    @property
    def command(self) -> str:
        """What serves it."""
        import shlex

        return shlex.join(["datasette", str(self.database), "--metadata", str(self.metadata)])

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"database": str(self.database), "metadata": str(self.metadata), "tables": dict(self.tables), "command": self.command}

    def words(self, lang: str = "en") -> str:
        """What was written and how it is served."""
        held = ", ".join(f"{name} ({count(rows, lang)})" for name, rows in self.tables.items())
        return say("publish.done", lang, tables=held, command=self.command)


def publish(
    what: str | Path,
    out: str | Path,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    title: str = "",
    licence: str = "",
    *,
    lang: str = "en",
    watch: Watch = quiet,
) -> Published:
    """Writes the database and `metadata.json` beside it; other databases that the metadata tells of stay in it. ignore: columns left out.

    UsageError: a place that cannot be written, or a file there that is not ours; DataError: a run that is not finished."""
    place = Path(out)
    database.may_write(place)
    told = metadata.kept(place.with_name(metadata.NAME))
    run = Path(what) if (Path(what) / "plan.json").is_file() else None
    table, findings, result = _run(run) if run else _file(what, target, kinds or {})
    name = _named(table, what)
    table = _without(table, ignore, str(what) if remote(what) else table.source)
    rows = database.rows(table, name)
    more = [_findings(findings, lang), *(_results(run, result, rows, lang) if run else ())]
    sheets = [rows, *(sheet for sheet in more if sheet.rows)]
    watch("reading", name=place.name)
    database.write(place, sheets)
    about = metadata.of(table, sheets, findings, result, title or name, licence, lang)
    metadata.write(place.with_name(metadata.NAME), told, place.stem, about)
    return Published(place, place.with_name(metadata.NAME), {sheet.name: sheet.count for sheet in sheets})


def _without(table: Table, ignored: Sequence[str], source: str) -> Table:
    names = [column.name for column in table.columns]
    for name in ignored:
        if name not in names:
            raise UsageError("--ignore names a column.", f'"{name}"', did_you_mean(name, names))
    return replace(table, columns=tuple(column for column in table.columns if column.name not in ignored), source=source)


def _file(what: str | Path, target: str | None, kinds: Mapping[str, str]) -> tuple[Table, Any, dict[str, Any]]:
    from etabli.work import intake

    table, findings = intake.looked(Path(what), target, dict(kinds), ())
    told = [{"code": f.code, "level": f.level, "columns": list(f.columns), "text": f.text, "cure": f.cure} for f in findings]
    return table, told, {}


def _run(folder: Path) -> tuple[Table, Any, dict[str, Any]]:
    from etabli.data.store import load

    path = folder / "result.json"
    if not path.is_file():
        raise DataError("A run is published when it is finished.", f"{folder} has no result yet", f"etabli resume {folder}")
    result = json.loads(path.read_text(encoding="utf-8"))
    return load(folder / "data"), result["warnings"], result


def _named(table: Table, what: str | Path) -> str:
    """The table's name: the source's without endings; none that SQLite or we keep for ourselves."""
    stem = called(table.source.rpartition("::")[2] or str(what)).split(".")[0]
    return "data" if not stem or stem.lower().startswith("sqlite_") or stem.lower() in RUN_TABLES else stem


def _findings(findings: Sequence[Mapping[str, Any]], lang: str) -> Sheet:
    rows = [
        (f["level"], f["code"], ", ".join(f["columns"]), pick(f["text"], lang), pick(f["cure"], lang) if f["cure"] else None)
        for f in findings
    ]
    return Sheet.of("findings", ("level", "code", "columns", "text", "cure"), rows)


def _results(run: Path, result: Mapping[str, Any], rows: Sheet, lang: str) -> Iterator[Sheet]:
    """What the run found out."""
    best = [
        (
            place, one["name"], one["family"], one["score"], one["difference"]["value"], one["difference"]["low"], one["difference"]["high"],
            int(bool(one["tied"])), one["folds"], one["seconds"],
        )
        for place, one in enumerate(result["leaderboard"], 1)
    ]  # fmt: skip
    columns = (
        "place",
        "name",
        "family",
        str(result["metric"]),
        "difference",
        "difference_low",
        "difference_high",
        "tied",
        "folds",
        "seconds",
    )
    yield Sheet.of("leaderboard", columns, best, key="place")
    judged = run / "data" / "judged.npz"
    if judged.is_file():
        with np.load(judged) as held:
            given = json.loads((run / "plan.json").read_text(encoding="utf-8"))["asked"].get("cost") or {}
            yield _predictions(result["classes"] or (), given, rows.name, {name: held[name] for name in held.files})
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    told = [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in card.items()
        if key != "sentence"
    ]
    yield Sheet.of("card", ("key", "value"), [("sentence", pick(result["sentence"], lang)), *told], key="key")


def _predictions(classes: Sequence[str], given: Mapping[str, float], rows: str, judged: Mapping[str, Array]) -> Sheet:
    """Each row's answer by models that did not see it, beside the truth. given: what wrong answers cost; rows: the table of the rows."""
    from etabli.judge import costs
    from etabli.judge.answers import probabilities

    scores, y = judged["scores"], judged["y"]
    known = np.isfinite(scores).all(axis=1)
    numbers, fold = judged["rows"][known].tolist(), judged["fold"][known].tolist()
    names, columns = [ROW, "fold", "truth", "prediction"], [numbers, fold]
    if classes:
        shares = probabilities(scores[known])
        answers = costs.decide(scores[known], costs.matrix(given, classes))
        columns += [[classes[i] for i in y[known].astype(int)], [classes[i] for i in answers]]
        columns += [(answers == y[known]).astype(int).tolist(), *(shares[:, k].tolist() for k in range(len(classes)))]
        names += ["right", *(f"p_{label}" for label in classes)]
    else:
        columns += [y[known].tolist(), scores[known, 0].tolist(), (y[known] - scores[known, 0]).tolist()]
        names += ["residual"]
    made = list(zip(*columns, strict=True))
    return Sheet.of("predictions", tuple(database.apart(names)), made, key=ROW, refers=rows, facets=("right",) if classes else ())
