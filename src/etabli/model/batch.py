"""Predicting a whole file: read in blocks, predicted on all cores, written aside and renamed, with a word on what was unusual.

What deserves a second look is counted on the way: rows unlike the training rows, categories nobody saw, values outside the
seen range, cells that could not be read. A category counts as unseen when no look-up of the model's own graph knows it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.model import tables, writers
from etabli.model.card import plain
from etabli.model.frames import Frame
from etabli.model.load import Model, load
from etabli.model.rows import Note, Rows
from etabli.model.wire import inside

Array = np.ndarray[Any, np.dtype[Any]]
UNLIKE = 0.01  # a novelty below this marks a row as unlike the training rows: one training row in a hundred falls below it too
_BLOCK = 20_000


@dataclass
class Summary:
    """What was unusual in the rows that were predicted; filled block by block.

    unlike: rows with a novelty below 0.01, None when the file gives none. unseen: by column, {"count", "share", "examples"} of
    levels no training row had. outside: by column, {"count", "share", "low", "high" (seen), "lowest", "highest" (here)}.
    notes: absent, unknown and unreadable columns, counted over all blocks.
    """

    rows: int = 0
    unlike: int | None = None
    unseen: dict[str, dict[str, Any]] = field(default_factory=dict)
    outside: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    notes: dict[tuple[str, str], Note] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words()

    @property
    def unlike_share(self) -> float | None:
        """The share of rows unlike the training rows; about 0.01 where nothing has changed."""
        return None if self.unlike is None or not self.rows else self.unlike / self.rows

    def add(self, model: Model, known: Mapping[str, frozenset[str]], read: Rows, outputs: Mapping[str, Array]) -> None:
        """Counts one block."""
        self.rows += read.rows
        if "novelty" in outputs:
            self.unlike = (self.unlike or 0) + int(np.sum(outputs["novelty"] < UNLIKE))
        for name, array in read.feeds.items():
            if array.dtype == object:
                self._strings(name, array, known.get(name))
        for raw, values in doubles(model, read.feeds):
            self.missing[raw.name] = self.missing.get(raw.name, 0) + int(np.sum(np.isnan(values)))
            if raw.low is None or raw.high is None:
                continue
            off = (values < raw.low) | (values > raw.high)
            if off.any():
                told = self.outside.setdefault(
                    raw.name,
                    {"count": 0, "low": raw.low, "high": raw.high, "lowest": np.inf, "highest": -np.inf}
                    | ({"date": True} if raw.kind == "date" else {}),
                )
                told["count"] += int(off.sum())
                told["lowest"] = min(told["lowest"], float(np.nanmin(values)))
                told["highest"] = max(told["highest"], float(np.nanmax(values)))
        for note in read.notes:
            before = self.notes.get((note.code, note.column))
            self.notes[note.code, note.column] = note if before is None else _sum(before, note)

    def _strings(self, name: str, array: Array, known: frozenset[str] | None) -> None:
        cells = array[:, 0].tolist()
        blank = cells.count("")
        self.missing[name] = self.missing.get(name, 0) + blank
        if known is None:
            return
        new = set(cells) - known - {""}
        if new:
            told = self.unseen.setdefault(name, {"count": 0, "examples": []})
            counts = Counter(cell for cell in cells if cell in new)
            told["count"] += counts.total()
            told["examples"] = list(dict.fromkeys([*told["examples"], *(cell for cell, _ in counts.most_common(5))]))[:5]

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""

        def shares(table: dict[str, dict[str, Any]]) -> dict[str, Any]:
            return {name: {**told, "share": told["count"] / self.rows} for name, told in table.items()}

        made = {
            "rows": self.rows,
            "unlike": self.unlike,
            "unlike_share": self.unlike_share,
            "unseen": shares(self.unseen),
            "outside": shares(self.outside),
            "notes": [asdict(note) for note in self.notes.values()],
        }
        return dict(plain(made))

    def found(self) -> list[Note]:
        """A note for each column with levels never seen or values outside the range seen, with examples."""
        made = []
        for name, told in self.unseen.items():
            three, count = ", ".join(f'"{str(example)[:40]}"' for example in told["examples"][:3]), told["count"]
            made.append(
                Note(
                    "unseen",
                    name,
                    count,
                    {
                        "en": f'"{name}": {count} {_some(count, "cell")} of levels never seen ({three})',
                        "fr": f"« {name} » : {count} {_some(count, 'cellule')} de modalités jamais vues ({three})",
                    },
                )
            )
        for name, told in self.outside.items():
            show = _moment if told.get("date") else _short
            seen, here = f"{show(told['low'])} … {show(told['high'])}", f"{show(told['lowest'])} … {show(told['highest'])}"
            count = told["count"]
            made.append(
                Note(
                    "outside",
                    name,
                    count,
                    {
                        "en": f'"{name}": {count} {_some(count, "value")} outside the range seen ({seen}); here {here}',
                        "fr": f"« {name} » : {count} {_some(count, 'valeur')} hors de l'étendue vue ({seen}) ; ici {here}",
                    },
                )
            )
        return made

    def words(self, language: str = "en") -> str:
        """A few plain lines for people. language: "en" or "fr"."""
        french = language == "fr"

        def some(count: int, noun: str, more: str = "") -> str:
            return " ".join(word + ("s" if count > 1 or (count == 0 and not french) else "") for word in f"{noun} {more}".split())

        lines = [f"{self.rows} {some(self.rows, 'ligne', 'prédite')}" if french else f"{self.rows} {some(self.rows, 'row')} predicted"]
        if self.unlike and self.unlike_share is not None:
            share = f"{100 * self.unlike_share:.1f} %"
            lines.append(
                f"sans ressemblance avec l'apprentissage (nouveauté < 0,01) : {self.unlike} {some(self.unlike, 'ligne')} ({share.replace('.', ',')})"
                if french
                else f"unlike the training rows (novelty < 0.01): {self.unlike} {some(self.unlike, 'row')} ({share})"
            )
        lines += [note.text["fr" if french else "en"] for note in self.found()]
        extra = [note.column for note in self.notes.values() if note.code == "extra"]
        if extra:
            five = ", ".join(f'"{name}"' for name in extra[:5]) + (", …" if len(extra) > 5 else "")
            lines.append(
                f"{len(extra)} {some(len(extra), 'colonne', 'inconnue')} du modèle, sans usage : {five}"
                if french
                else f"ignored, not known to the model: {len(extra)} {some(len(extra), 'column')}: {five}"
            )
        lines += [note.text[language if language in note.text else "en"] for note in self.notes.values() if note.code != "extra"]
        return "\n".join(lines)


def unusual(model: Model, read: Rows) -> tuple[Note, ...]:
    """Levels never seen and values outside the range seen, a note a column (codes "unseen" and "outside")."""
    seen = Summary()
    seen.add(model, model.levels if any(array.dtype == object for array in read.feeds.values()) else {}, read, {})
    return tuple(seen.found())


def _some(count: int, noun: str) -> str:
    return noun + ("s" if count > 1 else "")


def _short(value: float) -> str:
    return f"{value:g}"


def _moment(seconds: float) -> str:
    """A date as people write it; days alone where there is nothing finer."""
    try:
        text = str(np.datetime64(round(seconds), "s"))
    except (OverflowError, ValueError):
        return f"{seconds:g}"
    return text.removesuffix("T00:00:00")


def doubles(model: Model, feeds: Mapping[str, Array]) -> list[tuple[Any, Array]]:
    """Each number column the model reads with its values [rows], whether it enters alone or in a block."""
    found = []
    columns = {raw.name: raw for raw in model.columns}
    for entry in model.card["inputs"]:
        if entry["type"] == "double":
            found += [(columns[str(name)], feeds[str(entry["input"])][:, i]) for i, name in enumerate(entry["columns"])]
    return found


def predict_file(
    model_path: str | os.PathLike[str],
    data_path: str | os.PathLike[str],
    out: str | os.PathLike[str] = "-",
    confidence: float | None = None,
    threads: int | None = None,
    quantiles: Sequence[float] | None = None,
    at: float | None = None,
    half_width: float | None = None,
) -> Summary:
    """Predicts every row of a CSV or Parquet file and writes the rows with the answers after them.

    The new columns are `prediction` first, then `probability_<class>`, `set` ("a|b"), `lower`, `upper`, `cdf`, `novelty`,
    `quantile_<level>`, as the model has them; the columns of the source stay before them, unchanged. out: a .csv or .parquet file, or "-" for CSV on the standard
    output. Memory does not grow with the file. Errors: as `load` and `Model.predict`; then no output is written.
    """
    model = load(model_path, threads)
    source, target = Path(data_path), Path(out)
    if str(out) != "-" and target.exists() and any(target.samefile(other) for other in (source, Path(model.path)) if other.exists()):
        raise UsageError(
            "the output must not be the input: it would be overwritten", str(out), f"for example -o {source.stem}_predicted.csv"
        )
    known = inside(Path(model.path).read_bytes()).levels
    summary = Summary()
    with writers.writer(out) as write:
        for table in tables.blocks(source, _BLOCK):
            read = model.rows(table)
            outputs = model.run(read.feeds, read.rows, confidence, quantiles, at, half_width)
            summary.add(model, known, read, outputs)
            names = writers.names(outputs, model.classes, table.headers, model.quantiles if quantiles is None else quantiles)
            write.write(table.headers, _kept(table, write), names, writers.columns(outputs, model.classes))
    return summary


def _kept(table: Frame, write: writers.Writer) -> list[Any]:
    if table.original is None:
        return table.columns
    return [_texts(column) for column in table.original] if isinstance(write, writers.Csv) else list(table.original)


def _texts(column: Any) -> list[str]:
    """The cells of an arrow column as texts, "" for missing."""
    import pyarrow as pa

    try:
        cells = column.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        cells = [None if cell is None else str(cell) for cell in column.to_pylist()]
    return ["" if cell is None else cell for cell in cells]


def _sum(before: Note, note: Note) -> Note:
    """The same note over two blocks."""
    first = {
        language: text.replace(str(before.count), str(before.count + note.count), 1) if note.code == "unread" else text
        for language, text in before.text.items()
    }
    return Note(note.code, note.column, before.count + note.count, first)
