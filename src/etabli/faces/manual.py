"""The manual page, made from the parser so that it cannot lag behind: as roff for man(1) and mandoc, or as plain text where neither is.

`src/etabli/etabli.1` is what `etabli man --roff` prints, and is installed under share/man/man1; a test compares the two.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etabli import __version__

DATE = "2026-11-28"  # of the page; no clock, the same page every time
INDENT, WIDTH = 7, 80

INTRODUCTION = (
    "From a data file to an established model, in one command: etabli reads a CSV or Parquet file, says what may go wrong with it, compares families of models fairly, "
    "calibrates the best, writes one ONNX file that is proven equal to what was trained, and reports what to expect of it on new rows.",
    "A data file in the place of a command is fitted: etabli census.csv --target income. Data go to the standard output, everything else to the standard error.",
)
STATUSES = (
    ("0", "All went well."),
    ("1", "An error of ours, a check that failed, or a folder that cannot be written."),
    ("2", "The command is wrong: an unknown option, column, metric or file."),
    ("3", "The data forbid it: nothing to learn, a damaged file, one class only."),
    ("4", "No model beat the constant (fit and resume; everything was written)."),
    ("130", "Interrupted by Ctrl-C or SIGTERM; the best so far was written where there was one."),
)
ENVIRONMENT = (
    ("LC_ALL, LC_MESSAGES, LANG", "French where the first of these that is set begins with fr, else English; --lang goes before them."),
    ("NO_COLOR, FORCE_COLOR", "No colours; or colours where no terminal is. NO_COLOR goes first."),
    ("TERM", "With dumb, lines are written one after another instead of redrawn."),
    ("COLUMNS", "The width of tables and plots."),
    ("BROWSER", "What explore and report --open open a page with."),
)
FILES = (
    ("NAME.etabli/", "The run folder of NAME.csv: what was done, so that a killed run goes on (etabli resume)."),
    ("NAME.etabli/model.onnx", "The model: one file that needs onnxruntime alone."),
    ("NAME.etabli/report.html", "The report: one page, without outside requests."),
    ("NAME.etabli/result.json", "Everything the report says, for programs."),
    ("NAME.etabli/card.json", "What the model file says of itself."),
    ("NAME.etabli/figures/", "Figures of etabli report --figures, with their captions."),
)


@dataclass(frozen=True)
class Part:
    """A piece of the page. kind: "section", "heading", "text", "item" (text under a term) or "code"."""

    kind: str
    text: str
    term: Sequence[str] = field(default=())


def parts(parser: argparse.ArgumentParser) -> Iterator[Part]:
    """The page from top to bottom."""
    group = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    told = {one.dest: one.help or "" for one in group._choices_actions}
    yield Part("section", "NAME")
    yield Part("text", "etabli - from a data file to an established model")
    yield Part("section", "SYNOPSIS")
    yield Part("code", "etabli [--debug] COMMAND [OPTION]...\netabli FILE --target COL [OPTION]...")
    yield Part("section", "DESCRIPTION")
    yield from (Part("text", text) for text in INTRODUCTION)
    yield Part("section", "OPTIONS")
    yield from _options(parser, ())
    yield Part("section", "COMMANDS")
    for name, command in group.choices.items():
        yield Part("heading", f"etabli {name}")
        yield Part("code", _synopsis(name, command))
        yield Part("text", told.get(name, ""))
        yield from _options(command, ("--help", "--lang"))
        if command.epilog:
            yield Part("text", "Examples:")
            yield Part("code", _plain_block(command.epilog))
    yield Part("text", "Every command takes -h and --help, and --lang en or fr: the language of what people read.")
    for title, items in (("EXIT STATUS", STATUSES), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        yield Part("section", title)
        yield from (Part("item", text, (term,)) for term, text in items)
    yield Part("section", "EXAMPLES")
    yield Part("code", _plain_block((parser.epilog or "").partition("\nexit status")[0]))


def _options(parser: argparse.ArgumentParser, without: Sequence[str]) -> Iterator[Part]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or any(option in without for option in action.option_strings):
            continue
        text = (action.help or "").strip()
        if action.choices and not any(str(choice) in text for choice in action.choices):
            text = f"{text} ({', '.join(map(str, action.choices))})".strip()
        yield Part("item", text, _terms(action))


def _terms(action: argparse.Action) -> tuple[str, ...]:
    value = "" if action.nargs == 0 else " " + str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return (value.strip(),)
    return tuple(f"{option}{value}" for option in action.option_strings)


def _synopsis(name: str, command: argparse.ArgumentParser) -> str:
    """The command with what must be given; a place that may be left out in brackets."""
    must = [
        f"{action.option_strings[-1]} {action.metavar or action.dest.upper()}"
        for action in command._actions
        if action.option_strings and action.required
    ]
    places = [action for action in command._actions if not action.option_strings]
    named = [f"[{one.dest.upper()}]" if one.nargs == "?" else str(one.metavar or one.dest.upper()) for one in places]
    return " ".join(["etabli", name, *named, *must, "[OPTION]..."])


def _plain_block(text: str) -> str:
    """Examples without their heading and indent."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("examples:")]
    return "\n".join(line.removeprefix("  ") for line in lines)


# as roff ---------------------------------------------------------------------------------------------------------------


def roff(parser: argparse.ArgumentParser) -> str:
    """The page for man(1), in the macros that groff and mandoc share."""
    lines = [f'.TH ETABLI 1 "{DATE}" "etabli {__version__}" "User Commands"', ".nh", ".ad l"]
    after = ""
    for part in parts(parser):
        if part.kind == "section":
            lines.append(f'.SH "{_escaped(part.text)}"')
        elif part.kind == "heading":
            lines.append(f'.SS "{_escaped(part.text)}"')
        elif part.kind == "item":
            terms = ", ".join(_bold(term) for term in part.term)
            lines += [".TP", terms, *_filled(part.text)]
        elif part.kind == "code":
            lines += [
                *([".PP"] if after not in ("section", "heading") else []),
                ".nf",
                *(_line(line) for line in part.text.splitlines()),
                ".fi",
            ]
        else:
            lines += [*([".PP"] if after not in ("section", "heading") else []), *_filled(part.text)]
        after = part.kind
    return "\n".join(lines) + "\n"


def _bold(term: str) -> str:
    """An option in bold, its value in italics."""
    name, blank, value = term.partition(" ")
    if not name.startswith("-"):
        return rf"\fB{_escaped(term)}\fR"
    return rf"\fB{_escaped(name)}\fR" + (rf" \fI{_escaped(value)}\fR" if blank else "")


def _filled(text: str) -> list[str]:
    """Lines of a source that people can read, which the formatter fills again."""
    import textwrap

    return [_line(line) for line in textwrap.wrap(text, 66, break_long_words=False, break_on_hyphens=False)]


def _line(text: str) -> str:
    """A line of text that begins no request."""
    text = _escaped(text)
    return rf"\&{text}" if text[:1] in (".", "'") or text.startswith(r"\(aq") else text


def _escaped(text: str) -> str:
    text = (
        text.replace("\\", "\\e")
        .replace("'", r"\(aq")
        .replace('"', r"\(dq")
        .replace("`", r"\(ga")
        .replace("^", r"\(ha")
        .replace("~", r"\(ti")
    )
    text = re.sub(r"(?<![\w])-+(?=\w)", lambda found: r"\-" * len(found[0]), text)
    return "".join(letter if letter.isascii() else rf"\[u{ord(letter):04X}]" for letter in text)


# as text ---------------------------------------------------------------------------------------------------------------


def plain(parser: argparse.ArgumentParser) -> str:
    """The page as lines of at most 80 columns."""
    import textwrap

    def filled(text: str, indent: int) -> list[str]:
        return textwrap.wrap(
            text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
        )

    lines: list[str] = []
    for part in parts(parser):
        if part.kind == "section":
            lines += ["", part.text]
        elif part.kind == "heading":
            lines += ["", f"   {part.text}"]
        elif part.kind == "item":
            lines += [" " * INDENT + ", ".join(part.term), *filled(part.text, 2 * INDENT)]
        elif part.kind == "code":
            lines += [*(" " * INDENT + line for line in part.text.splitlines()), ""]
        else:
            lines += [*filled(part.text, INDENT), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def show(parser: argparse.ArgumentParser, as_roff: bool = False) -> None:
    """Prints the page; at a terminal that has man(1), in its pager."""
    page = roff(parser)
    if as_roff:
        sys.stdout.write(page)
    elif sys.stdout.isatty() and shutil.which("man"):
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".1", encoding="ascii") as file:
            file.write(page)
            file.flush()
            if subprocess.run(["man", file.name], check=False).returncode:
                print(plain(parser))
    else:
        print(plain(parser))
