"""What the terminal shows: progress while it works, a summary at the end, errors in three lines. All of it on standard error.

On a terminal a few live lines are redrawn; elsewhere (a pipe, a log, TERM=dumb) plain lines come now and then, so that a log stays
readable. NO_COLOR takes the colours away, FORCE_COLOR puts them where no terminal is; NO_COLOR wins. Names from the data are
made harmless first (`words.plain`) and are never read as markup. A progress display must not stop a fit: a stream that is closed
or cannot write a letter is borne in silence. rich is imported when the first line is drawn.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, TextIO, cast, final

from etabli.errors import EtabliError
from etabli.faces.lines import plainer
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.candidates import named
from etabli.faces.words.numbers import count, decimals, duration, number, real

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text


WIDEST, ENDLESS = 110, 100_000  # columns of a page that people read, and of one that nobody folds


def is_live(stream: Any, environ: Mapping[str, str] | None = None) -> bool:
    """Whether lines can be redrawn there: a terminal that is not dumb."""
    environ = os.environ if environ is None else environ
    try:
        return bool(stream.isatty()) and environ.get("TERM", "").casefold() not in ("dumb", "unknown")
    except (AttributeError, ValueError):
        return False


def has_colour(stream: Any, environ: Mapping[str, str] | None = None) -> bool:
    """Whether to use colour there (no-color.org, force-color.org)."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or is_live(stream, environ)


def console(stream: TextIO | None = None, width: int | None = None) -> Console:
    """A rich console that obeys NO_COLOR, FORCE_COLOR, TERM and COLUMNS, and reads no markup in what it prints."""
    from rich.console import Console

    target = sys.stderr if stream is None else stream
    colour = has_colour(target)
    return Console(
        file=cast(IO[str], _Safe(target)),
        force_terminal=colour or is_live(target),
        color_system="standard" if colour else None,
        no_color=not colour,
        markup=False,
        highlight=False,
        emoji=False,
        width=width,
    )


def error(problem: EtabliError, lang: str = "en", stream: TextIO | None = None) -> None:
    """Prints the rule, what came, and what to do: three short lines at most."""
    from rich.text import Text

    out = console(stream)
    colon = "\u00a0: " if lang == "fr" else ": "
    lines = [Text.assemble((say("error", lang) + colon, "bold red"), plain(problem.rule, 300))]
    for key, text in (("error.got", problem.got), ("error.hint", problem.hint)):
        if text:
            lines.append(Text.assemble((f"  {say(key, lang)}{colon}", "dim"), plain(text, 400)))
    for line in lines:
        out.print(line, soft_wrap=True)


def summary(
    result: Mapping[str, Any], lang: str = "en", width: int | None = None, stream: TextIO | None = None, every: bool = False
) -> str:
    """What was found, as text for a stream, by default standard error (colours only where they are wanted); see `faces/summary.py`.
    every: all findings, notes too."""
    from io import StringIO

    from etabli.faces.summary import lines

    buffer, target = StringIO(), sys.stderr if stream is None else stream
    bound = width or (is_live(target) or os.environ.get("COLUMNS", "").isdecimal())  # in a pipe a sentence is a line
    wide = width or (min(console(target).width, WIDEST) if bound else WIDEST)
    page = console(cast(TextIO, _Like(buffer, target)), wide if bound else ENDLESS)
    page.print(lines(result, lang, wide, every))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


@final
class Progress:
    """A `records.Watch` that shows how far the work is. Use it as a context manager, or call `close` at the end.

    Events: step(name), column(name, done, total), audit(finding, done, total), task(done, total, running, best, metric, score, left, training), finding(finding),
    dropped(name), aside(name, reason), cut(). Unknown events and missing facts are ignored; calls may come from several threads.
    every: seconds between plain lines. clock: for tests.
    """

    def __init__(
        self,
        lang: str = "en",
        quiet: bool = False,
        stream: TextIO | None = None,
        every: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lang, self.quiet, self.every, self.clock = lang, quiet, every, clock
        self.stream = sys.stderr if stream is None else stream
        self.start, self.said = clock(), -every
        self.step = self.best = self.running = self.score = self.training = ""
        self.shown: tuple[str, int, int] = ("", 0, 0)
        self.done = self.total = 0
        self.left: float | None = None
        self._lock = threading.RLock()
        self._console: Console | None = None
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes the live lines away; what was printed above them stays."""
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            live.stop()

    def __call__(self, event: str, **facts: Any) -> None:
        """Notes one event and shows it."""
        hear = getattr(self, f"_on_{event}", None)
        if self.quiet or hear is None:
            return
        with self._lock:
            self._open()
            hear(facts)

    # what happens --------------------------------------------------------------------------------------------------

    def _on_step(self, facts: Mapping[str, Any]) -> None:
        self.step, self.done, self.total, self.running, self.left = pick(facts.get("name"), self.lang), 0, 0, "", None
        self.training = ""
        if self._live is None:
            self._line(self.step)

    def _on_audit(self, facts: Mapping[str, Any]) -> None:
        self.step = self.step or say("live.audit", self.lang)
        self.done, self.total, self.running = _whole(facts.get("done")), _whole(facts.get("total")), plain(facts.get("finding") or "", 40)

    def _on_column(self, facts: Mapping[str, Any]) -> None:
        self._on_audit({**facts, "finding": facts.get("name")})

    def _on_task(self, facts: Mapping[str, Any]) -> None:
        self.done, self.total, self.left = _whole(facts.get("done")), _whole(facts.get("total")), real(facts.get("left"))
        self.running = ", ".join(named(name, self.lang, 48) for name in facts.get("running") or ())
        self.training = _training(facts, self.lang)
        if facts.get("best"):
            score = real(facts.get("score"))
            value = "" if score is None else number(score, self.lang, min(6, decimals(None, None, score) + 1))
            self.best = named(facts["best"], self.lang, 70)
            self.score = f"{known('metric', facts.get('metric') or '', self.lang)} {value}".strip()
        if self._live is not None:
            return
        moment = self.clock()
        fresh = (self.best, self.done, self.total) != self.shown
        pause = self.every if fresh else 6 * self.every  # a log needs no line that says what the last one said
        if self.best != self.shown[0] or moment - self.said >= pause or (fresh and self.done and self.done == self.total):
            self.said, self.shown = moment, (self.best, self.done, self.total)
            parts = [say("live.fitted", self.lang, done=count(self.done, self.lang), total=count(self.total, self.lang))]
            if self.best:
                parts.append(f"{say('live.best', self.lang)}: {self.score} ({self.best})")
            if self.left is not None:
                parts.append(say("live.left", self.lang, left=duration(self.left, self.lang)))
            self._line(" · ".join(parts))

    def _on_finding(self, facts: Mapping[str, Any]) -> None:
        finding = facts.get("finding")
        level = getattr(finding, "level", "note")
        if level in ("warn", "refuse"):
            cure = pick(getattr(finding, "cure", None), self.lang)
            text = pick(getattr(finding, "text", None), self.lang)
            self._line(f"{text} → {cure}" if cure else text, "■ " if level == "refuse" else "▲ ", "red" if level == "refuse" else "yellow")

    def _on_dropped(self, facts: Mapping[str, Any]) -> None:
        """Being dropped early is ordinary: the leaderboard says it."""

    def _on_aside(self, facts: Mapping[str, Any]) -> None:
        reason = pick(facts.get("reason"), self.lang)
        text = say("live.aside", self.lang, name=plain(facts.get("name") or "?", 80))
        self._line(f"{text} ({plain(reason, 120)})" if reason else text, "× ", "yellow")

    def _on_cut(self, facts: Mapping[str, Any]) -> None:
        self._line(say("live.cut", self.lang), "▲ ", "yellow")

    # how it is shown -----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._console is not None:
            return
        self._console = console(self.stream)
        if is_live(self.stream):
            from rich.live import Live

            self._live = Live(
                console=self._console,
                get_renderable=self.picture,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _line(self, text: str, mark: str = "", style: str = "") -> None:
        from rich.text import Text

        if self._console is not None and text:
            clock = f"[{duration(self.clock() - self.start, self.lang)}] " if self._live is None else ""
            self._console.print(Text.assemble((clock, "dim"), (mark, style), text), soft_wrap=self._live is None)

    def picture(self) -> Group:
        """The live lines as they are now."""
        from rich.console import Group
        from rich.text import Text

        wide = self._console.width if self._console is not None else 80
        clock = duration(self.clock() - self.start, self.lang)
        left = "" if self.left is None else " · " + say("live.left", self.lang, left=duration(self.left, self.lang))
        rows = [Text.assemble((self.step or "…", "bold"), (f"  {clock}{left}", "dim"))]
        if self.total:
            rows.append(_bar(self.done, self.total, min(40, wide - 16), say("live.of", self.lang, done=self.done, total=self.total)))
        if self.best:
            rows.append(Text.assemble((say("live.best", self.lang) + "  ", "dim"), (self.score, "bold green"), "  ", self.best))
        if self.running:
            rows.append(Text.assemble((say("live.now", self.lang) + "  ", "dim"), self.running))
        if self.training:
            rows.append(Text.assemble((say("live.training", self.lang) + "  ", "dim"), self.training))
        for row in rows:
            row.no_wrap, row.overflow = True, "ellipsis"
            row.truncate(max(8, wide - 1), overflow="ellipsis")
        return Group(*rows)


def _bar(done: int, total: int, width: int, label: str) -> Text:
    from rich.text import Text

    full = max(0, min(width, round(width * done / total))) if total else 0
    return Text.assemble(("━" * full, "cyan"), ("─" * (width - full), "dim"), f"  {label}")


def _training(facts: Mapping[str, Any], lang: str) -> str:
    """How far the networks at work are, in a line."""
    if not facts.get("training"):
        return ""
    from etabli.faces.small import learning

    return learning(facts["training"], lang)


def _whole(value: Any) -> int:
    return int(real(value) or 0)


@final
class _Safe:
    """A stream that can be written to whatever happens: letters it lacks are replaced, a closed pipe is ignored."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes what can be written."""
        with suppress(OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(plainer(text, getattr(self._stream, "encoding", None) or "ascii"))
        return len(text)

    def flush(self) -> None:
        """Flushes, if it can."""
        with suppress(OSError, ValueError):
            self._stream.flush()


@final
class _Like:
    """A text buffer that says of itself what another stream would say (whether it is a terminal, its encoding)."""

    def __init__(self, buffer: Any, other: Any) -> None:
        self._buffer, self._other = buffer, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer, name)

    def isatty(self) -> bool:
        """As the other stream."""
        return is_live(self._other)

    @property
    def encoding(self) -> str:
        """As the other stream."""
        return str(getattr(self._other, "encoding", None) or "utf-8")

    def write(self, text: str) -> int:
        """Keeps the text, in letters that the other stream can write."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            text = plainer(text, self.encoding)
        return int(self._buffer.write(text))
