"""Errors that teach: the rule, what came, and the nearest right answer.

Everything a user can do wrong ends here and is printed as three short lines, never as a traceback.
This module imports nothing, because `model/load.py` must run where only numpy and onnxruntime are installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class EtabliError(Exception):
    """A rule that was broken. `status` is the exit status of the command.

    rule: what must hold, as a sentence. got: what came (file, line, column, value). hint: what to do about it.
    """

    status = 1

    def __init__(self, rule: str, got: str = "", hint: str = "") -> None:
        super().__init__(rule)
        self.rule, self.got, self.hint = rule, got, hint

    def __str__(self) -> str:
        return "\n".join(part for part in (self.rule, self.got and f"  got:  {self.got}", self.hint and f"  hint: {self.hint}") if part)


class UsageError(EtabliError):
    """The command or call itself is wrong (an unknown option, column or metric)."""

    status = 2


class DataError(EtabliError):
    """The data forbid it: nothing to learn, a damaged file, one class only."""

    status = 3


class StorageError(EtabliError):
    """The run folder cannot be written: a full disk, a quota, no permission. The run stops and can be resumed."""


class Interrupted(EtabliError):
    """Ctrl-C came before anything was complete."""

    status = 130


class ProofError(EtabliError):
    """The file does not equal the trained model: it is not written."""


class EtabliWarning(UserWarning):
    """What a caller from Python should know of a result that is there all the same (a fit that Ctrl-C cut short)."""


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known words most like `word`, best first; case, spaces and underscores hardly count."""
    from difflib import SequenceMatcher

    def plain(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalnum())

    scored = [(SequenceMatcher(None, plain(word), plain(name)).ratio(), name) for name in known]
    return [name for score, name in sorted(scored, key=lambda pair: -pair[0])[:count] if score >= 0.6]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """'did you mean "income"?', or '' when nothing is near."""
    names = nearest(word, known)
    return "did you mean " + " or ".join(f'"{name}"' for name in names) + "?" if names else ""


def columns_hint(option: str, name: str, known: Sequence[str]) -> str:
    """What helps who named a column that is not there: one option for each where several were named at once, else the nearest names, else those there are."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) > 1 and set(parts) <= set(known):
        return "one option a column: " + " ".join(f'{option} "{part}"' if " " in part else f"{option} {part}" for part in parts)
    return did_you_mean(name, known) or "columns: " + ", ".join(known[:20])
