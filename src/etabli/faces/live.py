"""A fit called from Python: a notebook shows how far it is, in place; the first Ctrl-C asks for the best so far.

One display is updated, four times a second at most, and at the end it says in one line what was done: not two hundred lines that scroll the
study away. In a script nothing is shown: the steps and findings go to the logger `etabli` (INFO and WARNING), which the caller may listen to.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from html import escape
from typing import Any, final

from etabli.errors import EtabliWarning
from etabli.faces.small import learning
from etabli.faces.words import known, language, pick, plain, say
from etabli.faces.words.candidates import named
from etabli.faces.words.numbers import count, decimals, duration, number, real
from etabli.records import Watch

PAUSE = 0.25  # seconds between two pictures
LOG = logging.getLogger("etabli")


@contextmanager
def attended(
    watch: Watch | None, interrupted: Callable[[], bool] | None, lang: str | None = None
) -> Iterator[tuple[Watch, Callable[[], bool]]]:
    """The watch and the interruption of a call, where it left them to us. A study cut short by Ctrl-C is told by a warning."""
    shown = language(lang)
    display = Display(shown) if watch is None and in_notebook() else None
    with ExitStack() as stack:
        if display is not None:
            stack.callback(display.close)
        stop = stack.enter_context(Stop(shown)) if interrupted is None else interrupted
        yield watch or display or log, stop
    if isinstance(stop, Stop) and stop.asked:
        warnings.warn(say("live.interrupted", shown), EtabliWarning, stacklevel=4)


def in_notebook() -> bool:
    """Whether we run in a kernel that displays (Jupyter, VS Code, Colab). IPython is not imported to know it."""
    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None


def log(event: str, **facts: Any) -> None:
    """A watch that tells the logger `etabli`: steps and notes as INFO, findings that may go wrong as WARNING."""
    if event == "step":
        LOG.info("%s", pick(facts.get("name"), "en"))
    elif event == "finding":
        finding = facts["finding"]
        LOG.log(logging.INFO if finding.level == "note" else logging.WARNING, "%s", pick(finding.text, "en"))


@final
class Stop:
    """Whether Ctrl-C was pressed: once finishes with the best so far, twice is KeyboardInterrupt. Only in the main thread, and only where
    Python's own handler stands; a host that handles signals itself keeps doing so."""

    def __init__(self, lang: str) -> None:
        self.asked, self.lang, self._ours = False, lang, False

    def __enter__(self) -> Stop:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._ours = True
        return self

    def __exit__(self, *reason: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print(say("live.stopping", self.lang), file=sys.stderr, flush=True)

    def __call__(self) -> bool:
        """Whether it was asked for."""
        return self.asked


@final
class Display:
    """A watch that redraws one output of a notebook's cell. `close` leaves a line in its place."""

    def __init__(self, lang: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.lang, self.clock, self.start, self.drawn = lang, clock, clock(), -PAUSE
        self.step = self.best = self.training = ""
        self.done = self.total = self.fitted = 0
        self.left: float | None = None
        self._handle: Any = None

    def __call__(self, event: str, **facts: Any) -> None:
        """Notes one event and shows it."""
        fresh = event == "step"
        if fresh:
            self.step, self.left, self.fitted, self.done, self.total = (
                pick(facts.get("name"), self.lang),
                None,
                self.fitted + self.done,
                0,
                0,
            )
        elif event == "task":
            self.done, self.total, self.left = int(facts.get("done") or 0), int(facts.get("total") or 0), real(facts.get("left"))
            self.best = self._best(facts) or self.best
            self.training = learning(facts.get("training") or (), self.lang)
        if fresh or self.clock() - self.drawn >= PAUSE:
            self.draw()

    def _best(self, facts: Mapping[str, Any]) -> str:
        if not facts.get("best"):
            return ""
        score = real(facts.get("score"))
        value = "" if score is None else number(score, self.lang, min(6, decimals(None, None, score) + 1))
        return f"{known('metric', facts.get('metric') or '', self.lang)} {value} ({named(facts['best'], self.lang, 70)})"

    def lines(self) -> list[str]:
        """What is shown, as lines of text: the step with the clock, how many models are fitted, the best so far."""
        clock = duration(self.clock() - self.start, self.lang)
        left = [] if self.left is None else [say("live.left", self.lang, left=duration(self.left, self.lang))]
        made = [" · ".join([self.step or "…", clock, *left])]
        if self.total:
            made.append(say("live.fitted", self.lang, done=count(self.done, self.lang), total=count(self.total, self.lang)))
        if self.best:
            made.append(f"{say('live.best', self.lang)}: {self.best}")
        if self.training:
            made.append(f"{say('live.training', self.lang)}: {self.training}")
        return made

    def draw(self) -> None:
        """Redraws the output."""
        self.drawn = self.clock()
        self._show(self.lines(), self.done / self.total if self.total else None)

    def close(self) -> None:
        """One line stays: how many models, how long."""
        if self._handle is not None:
            said = [say("live.done", self.lang, time=duration(self.clock() - self.start, self.lang))]
            said += [say("live.made", self.lang, n=self.fitted, count=count(self.fitted, self.lang))] if self.fitted else []
            self._show([" · ".join(said)], None)

    def _show(self, lines: list[str], share: float | None) -> None:
        from IPython.display import display

        page = Page("\n".join(lines), html(lines, share))
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)


@final
class Page:
    """HTML with the same in plain text, for hosts that show none."""

    def __init__(self, text: str, page: str) -> None:
        self.text, self.page = text, page

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.page


def html(lines: list[str], share: float | None) -> str:
    """The lines with a bar, in the host's colours."""
    from etabli.faces.notebook import wrapped

    first, *rest = (escape(plain(line, 200)) for line in lines)
    bar = "" if share is None else f'<p class="bar"><span style="width:{100 * min(1.0, share):.0f}%"></span></p>'
    return wrapped(f'<p class="soft">{first}</p>{bar}' + "".join(f'<p class="soft">{line}</p>' for line in rest))
