"""What the pages show is what happens: marked blocks of README.md and docs/*.md are executed, in a temporary folder.

The convention, invisible to readers, is a comment on the line before a fenced block:

    <!-- run -->            a console block: each `$ ` line is a command that must end well; a python block: it must not raise
    <!-- run exit=3 -->     the block's last command must end with this status
    <!-- run compare -->    and what is printed must equal what the page shows; a line `...` stands for any lines, `...` in a line
                            for any text

The blocks of one page share one folder (with the bundled example data in it), one Python namespace, and their order. Python
blocks that are not marked must still be Python, and links to files must lead somewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import etabli.examples

ROOT = Path(__file__).resolve().parent.parent
PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()]
MARK = re.compile(r"<!--\s*run(?P<rules>[^>]*?)-->\s*$")
FENCE = re.compile(r"^(?P<bar>`{3,})(?P<language>\w*)\s*$")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, first line in the page, and the words of its mark (None: not marked)."""

    language: str
    text: str
    line: int
    rules: frozenset[str] | None

    @property
    def status(self) -> int:
        """The exit status that the last command must have."""
        return next((int(rule.removeprefix("exit=")) for rule in self.rules or () if rule.startswith("exit=")), 0)


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found, lines, n, rules = [], text.splitlines(), 0, None
    while n < len(lines):
        if mark := MARK.match(lines[n].strip()):
            rules = frozenset(mark["rules"].split())
        elif fence := FENCE.match(lines[n].strip()):
            end = next(m for m in range(n + 1, len(lines)) if lines[m].strip() == fence["bar"])
            found.append(Block(fence["language"], "\n".join(lines[n + 1 : end]) + "\n", n + 2, rules))
            n, rules = end, None
        elif lines[n].strip():
            rules = None  # a mark belongs to the very next block
        n += 1
    return found


def commands(block: Block) -> list[tuple[str, str]]:
    """(command, what is shown after it) of a console block; `\\` at the end of a line goes on with the next."""
    parts: list[tuple[str, str]] = []
    going = False
    for line in block.text.splitlines():
        if going:
            parts[-1] = (parts[-1][0] + "\n" + line.removeprefix("> "), "")
        elif line.startswith("$ "):
            parts.append((line[2:], ""))
        elif parts:
            parts[-1] = (parts[-1][0], parts[-1][1] + line + "\n")
        going = line.endswith("\\") and (going or line.startswith("$ "))
    return parts


def matches(shown: str, printed: str) -> bool:
    """Whether the text is what the page shows, with its `...`; spaces at line ends and blank lines at the end do not count."""
    pattern = ""
    for line in shown.rstrip().splitlines():
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + "\n"
    text = "".join(line.rstrip() + "\n" for line in printed.rstrip().splitlines())
    return re.fullmatch(pattern, text) is not None


def run_page(page: Path, folder: Path) -> int:
    """Executes the marked blocks of a page; AssertionError names the page, the line and what went otherwise. Returns how many."""
    for name in ("penguins.csv",):
        shutil.copy(etabli.examples.path(name), folder / name)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "120"}
    session: list[str] = []  # python blocks so far: each runs after those before it, in a process of its own
    count = 0
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.rules is None:
            continue
        count += 1
        if block.language == "python":
            before = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n exec(compile({!r}, 'before', 'exec'), globals())\n"
            code = before.format("\n".join(session)) + f"exec(compile({block.text!r}, {f'{page.name}:{block.line}'!r}, 'exec'), globals())"
            todo = [([sys.executable, "-c", code], "")]
            session.append(block.text)
        else:
            todo = [(["bash", "-c", command], shown) for command, shown in commands(block)]
            assert todo, f"{page.name}:{block.line}: no `$ ` line to run"
        for n, (arguments, shown) in enumerate(todo, 1):
            done = subprocess.run(
                arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
            )
            expected = block.status if n == len(todo) else 0
            what = f"{page.name}:{block.line}: {arguments[-1] if block.language != 'python' else 'python'}"
            assert done.returncode == expected, f"{what}: exit {done.returncode}, not {expected}\n{done.stdout[-3000:]}"
            if "compare" in block.rules and block.language != "python":
                assert matches(shown, done.stdout), f"{what}\n--- the page shows\n{shown}--- but it prints\n{done.stdout}"
    return count


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_happens(page: Path, tmp_path: Path) -> None:
    marked = sum(block.rules is not None for block in blocks(page.read_text(encoding="utf-8")))
    assert run_page(page, tmp_path) == marked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_is_python_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in blocks(text):
        if block.language == "python":
            compile(block.text, f"{page.name}:{block.line}", "exec")
    missing = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    assert missing == []


def test_the_readme_is_executed() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert any(block.rules is not None for block in blocks(readme))
    first, second = re.findall(r"^\$ (bash scripts/\w+)", readme, re.M)[:2]
    assert (first, second) == ("bash scripts/start", "bash scripts/test")


def page_of(tmp_path: Path, *lines: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text("\n".join(lines) + "\n")
    return page


@pytest.mark.parametrize(
    ("lines", "fails"),
    [
        (["<!-- run -->", "```console", "$ false", "```"], "exit 1, not 0"),
        (["<!-- run exit=3 -->", "```console", "$ true", "$ exit 3", "```"], ""),
        (["<!-- run exit=3 -->", "```console", "$ exit 3", "$ exit 3", "```"], "exit 3, not 0"),
        (["<!-- run compare -->", "```console", "$ printf 'a\\nb 12\\nc\\n'", "a", "b ...", "c", "```"], ""),
        (["<!-- run compare -->", "```console", "$ printf 'a\\nb\\nc\\nd\\n'", "a", "...", "d", "```"], ""),
        (["<!-- run compare -->", "```console", "$ echo a", "b", "```"], "but it prints"),
        (["<!-- run compare -->", "```console", "$ printf 'a\\nb\\n'", "a", "```"], "but it prints"),
        (["<!-- run -->", "```console", "$ head -n 1 \\", "    penguins.csv", "```"], ""),
        (["<!-- run -->", "```console", "nothing here", "```"], "no `$ ` line"),
        (["<!-- run -->", "```python", "x = 1", "```", "<!-- run -->", "```python", "assert x == 1", "```"], ""),
        (["<!-- run -->", "```python", "raise ValueError('odd')", "```"], "ValueError: odd"),
        (["<!-- run -->", "words between", "```console", "$ false", "```"], ""),  # not the next block: not marked
        (["```console", "$ false", "```"], ""),
    ],
)
def test_a_page_that_lies_is_found(tmp_path: Path, lines: list[str], fails: str) -> None:
    page = page_of(tmp_path, *lines)
    if fails:
        with pytest.raises(AssertionError, match=re.escape(fails)):
            run_page(page, tmp_path)
    else:
        assert run_page(page, tmp_path) == sum(line.startswith("<!--") for line in lines) - ("words between" in lines)
