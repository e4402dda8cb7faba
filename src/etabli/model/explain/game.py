"""The game that Shapley values are values of: rows made of one row's cells and a background row's, answered by the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.model.explain.nodes import Unread, read, showing
from etabli.model.explain.structure import PROBE, Structure
from etabli.model.load import BLOCK, Model

Array = np.ndarray[Any, np.dtype[Any]]
Feeds = Mapping[str, Array]


@dataclass(frozen=True)
class Game:
    """model: the file, opened. source: its bytes. players: of each raw column it reads, its name, its input and its place there."""

    model: Model
    source: bytes
    players: tuple[tuple[str, str, int], ...]
    _sessions: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The raw columns in the order of the players."""
        return tuple(name for name, _, _ in self.players)

    def cells(self, feeds: Feeds, player: int) -> Array:
        """[rows] of one raw column."""
        _, source, place = self.players[player]
        return feeds[source][:, place]

    def tensors(self, feeds: Feeds, names: Sequence[str]) -> dict[str, Array]:
        """Any tensors of the file, by name, for rows. One thread a call keeps the sums of trees in their order."""
        key = tuple(names)
        if not key:
            return {}
        if key not in self._sessions:
            self._sessions[key] = _session(showing(self.source, key))
        session = self._sessions[key]
        wanted = {value.name for value in session.get_inputs()} & feeds.keys()
        rows = len(next(iter(feeds.values())))

        def part(start: int) -> list[Array]:
            return list(session.run(list(key), {name: feeds[name][start : start + BLOCK] for name in wanted}))

        starts = range(0, rows, BLOCK)
        if len(starts) == 1 or self.model.threads == 1:
            parts = [part(start) for start in starts]
        else:
            with ThreadPoolExecutor(self.model.threads) as pool:
                parts = list(pool.map(part, starts))
        return {name: np.concatenate([one[i] for one in parts]) for i, name in enumerate(key)}

    def differ(self, x: Feeds, row: int, z: Feeds) -> Array:
        """bool [background, players]: whose cells are not the same in that row of x and in each row of z."""
        made = [_differ(self.cells(x, player)[row], self.cells(z, player)) for player in range(len(self.players))]
        return np.stack(made, axis=1)

    def mixed(self, x: Feeds, row: int, z: Feeds, which: Array, take: Array) -> dict[str, Array]:
        """Rows of z, by number, with the cells `take` [rows, players] of that row of x."""
        made: dict[str, Array] = {}
        for player, (_, name, place) in enumerate(self.players):
            if name not in made:
                made[name] = z[name][which]
            made[name][take[:, player], place] = x[name][row, place]
        return made

    def structure(self, z: Feeds) -> Structure | None:
        """The file's own structure; None when its bytes hold what we never write."""
        try:
            nodes = read(self.source)
        except (Unread, IndexError, ValueError, KeyError, StopIteration, UnicodeDecodeError):
            return None
        rows = np.arange(PROBE) % len(next(iter(z.values())))
        names = [name for node in nodes.nodes for name in node.outputs if name]
        try:
            session = _session(showing(self.source, names))
            found = session.run(names, {value.name: z[value.name][rows] for value in session.get_inputs() if value.name in z})
        except Exception:  # onnxruntime's own exceptions share no base class; a tensor it cannot show is not worth more
            return None
        count = len(self.players)
        inputs = {name: np.zeros((values.shape[1], count), bool) for name, values in z.items()}
        for player, (_, name, place) in enumerate(self.players):
            inputs[name][place, player] = True
        shapes = {name: tuple(getattr(value, "shape", ())) for name, value in zip(names, found, strict=True)}
        decimal = {name for name, value in zip(names, found, strict=True) if getattr(value, "dtype", np.dtype(object)).kind == "f"}
        decimal |= {name for name, values in z.items() if values.dtype.kind == "f"}
        return Structure(nodes, shapes | {name: (PROBE, len(part)) for name, part in inputs.items()}, frozenset(decimal), inputs)


def game(model: Model) -> Game:
    """The game of a loaded file."""
    players = []
    for entry in model.card["inputs"]:
        players += [(str(name), str(entry["input"]), place) for place, name in enumerate(entry["columns"])]
    return Game(model, model.source(), tuple(players))


def _session(data: bytes) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _differ(cell: Any, cells: Array) -> Array:
    if cells.dtype == object:
        return np.array([other != cell for other in cells.tolist()], bool)
    return np.asarray((cells != cell) & ~(np.isnan(cells) & np.isnan(cell)))
