"""The attention of one row: arrays, the same as plain JSON values, in words and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.explain.cells import figure, plain

Array = np.ndarray[Any, np.dtype[Any]]
SHOWN, LONG = 5, 20  # places told of a layer; cells of a whole bar
NAMED = 34  # letters of the columns behind a place


@dataclass(frozen=True)
class Layer:
    """weights [heads, from, to]: how much each place takes from each, 1 in all over `to`. columns: of each place of `to`, the raw columns its values rest on;
    () where that is not told apart."""

    weights: Array
    columns: tuple[tuple[str, ...], ...] = ()

    @property
    def mean(self) -> Array:
        """[from, to], over heads."""
        return np.asarray(self.weights.mean(axis=0))

    def place(self, at: int, lang: str = "en") -> str:
        """A place by its number, from 1, with what stands behind it."""
        return f"{at + 1}" + (f" ({behind})" if (behind := self.behind(at, lang)) else "")

    def behind(self, at: int, lang: str = "en") -> str:
        """The columns behind a place in short; "" where they are not known."""
        if not self.columns:
            return ""
        names = self.columns[at]
        if not names:
            return "aucune colonne" if lang == "fr" else "no column"
        half = (NAMED - 3) // 2
        return plain(names[0], NAMED) if len(names) == 1 else f"{plain(names[0], half)} … {plain(names[-1], half)}"


@dataclass(frozen=True, repr=False)
class Attended:
    """layers: in the order of the graph. rollout [places, places]: how much of each place's input reaches each place after the last layer (Abnar & Zuidema 2020), None where layers do
    not follow one another over the same places. target, answer: what the row was answered."""

    layers: tuple[Layer, ...]
    rollout: Array | None
    target: str
    answer: Any

    def __repr__(self) -> str:
        shapes = ", ".join(" x ".join(map(str, one.weights.shape)) for one in self.layers)
        return f"Attended({len(self.layers)} layer{'s' * (len(self.layers) != 1)}: {shapes})"

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values (docs/explain.md)."""
        layers = []
        for one in self.layers:
            layers.append(
                {
                    "shape": list(one.weights.shape),
                    "weights": one.weights.tolist(),
                    "looked_at": one.mean.mean(axis=0).tolist(),
                    "columns": [list(names) for names in one.columns],
                }
            )
        answer = self.answer.item() if isinstance(self.answer, np.generic) else self.answer
        rollout = None if self.rollout is None else self.rollout.tolist()
        return {"target": self.target, "answer": answer, "axes": ["head", "from", "to"], "layers": layers, "rollout": rollout}

    def title(self, lang: str = "en") -> str:
        """One line: what was answered, and that this is where it looked."""
        said = self.answer if isinstance(self.answer, str) else "" if self.answer is None else figure(float(f"{self.answer:.4g}"), lang)
        head = f"{plain(self.target, 40)} = {plain(str(said), 40)}" if self.target and said else plain(self.target, 40)
        words = "poids d'attention" if lang == "fr" else "attention weights"
        return (f"{head} : {words}" if lang == "fr" else f"{head}: {words}") if head else words

    def told(self, lang: str = "en") -> str:
        """Of each layer the places that are looked at most (mean over heads and over the places that look), and by rollout."""
        french = lang == "fr"
        lines = [self.title(lang)]
        for number, one in enumerate(self.layers, 1):
            heads, count = one.weights.shape[0], one.weights.shape[2]
            over = f"{heads} tête{'s' * (heads > 1)}" if french else f"{heads} head{'s' * (heads > 1)}"
            places = f"{count} place{'s' * (count > 1)}"
            lines += ["", f"{'Couche' if french else 'Layer'} {number} ({over}, {places})" + (" :" if french else ":")]
            lines += self._most(one, one.mean.mean(axis=0), lang)
        if self.rollout is not None:
            where = "Toutes les couches (rollout) :" if french else "All layers (rollout):"
            lines += ["", where, *self._most(self.layers[0], self.rollout.mean(axis=0), lang)]
        rule = (
            "Où chaque couche prend ses valeurs, en moyenne sur les têtes et sur les places ; ce qui porte la réponse, --method gradients le dit."
            if french
            else "Where each layer takes its values from, mean over heads and places; what the answer leans on is told by --method gradients."
        )
        return "\n".join([*lines, "", rule])

    def _most(self, layer: Layer, shares: Array, lang: str) -> list[str]:
        order = np.argsort(-shares, kind="stable")[:SHOWN]
        names = [layer.place(int(at), lang) for at in order]
        width, largest = max(map(len, names)), float(shares.max()) or 1.0
        made = []
        for name, at in zip(names, order, strict=True):
            bar = "█" * max(1, round(LONG * float(shares[at]) / largest))
            made.append(f"  {name:<{width}}  {figure(100 * float(shares[at]), lang, 1):>5}{chr(0x202F) if lang == 'fr' else ' '}%  {bar}")
        if len(shares) > SHOWN:
            rest = figure(100 * float(1 - shares[order].sum() / shares.sum()), lang, 1)
            more = len(shares) - SHOWN
            word = (f"{more} autres" if more > 1 else "1 autre") if lang == "fr" else f"{more} other{'s' * (more > 1)}"
            made.append(f"  {word:<{width}}  {rest:>5}{chr(0x202F) if lang == 'fr' else ' '}%")
        return made

    def picture(self, lang: str = "en") -> str:
        """Every head of every layer as a heat map, SVG text (light and dark, wide and narrow). UsageError for more cells than a picture holds."""
        from etabli.model.explain.heatmaps import picture

        return picture(self, lang)

    def _repr_html_(self) -> str:
        from etabli.model.explain.heatmaps import picture
        from etabli.model.shown import scrolled, wrapped

        return wrapped(scrolled(picture(self)))


def facts(seen: Attended, row: int) -> Mapping[str, Any]:
    """What `--json` prints, with the number of the row."""
    return {"row": row} | seen.to_dict()
