"""The house stays tidy: short files, a docstring at every door, and nothing of the machine it was built on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "etabli"
LONGEST = 400

SKIPPED = {".git", ".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "build", "dist"}
BINARY = {".onnx", ".png", ".npy", ".npz", ".parquet", ".zip", ".pdf", ".woff2", ".ico", ".jpg"}

# Written in pieces, so that this file does not contain what it looks for.
FOREIGN = re.compile(
    "|".join(
        (
            "/wor" + "k/",
            "/roo" + "t/",
            "/hom" + r"e/\w+/",
            "/User" + r"s/\w+/",
            r"py" + r"pi\.org",
            "python" + "hosted",
            "index" + r"-url\s*[= ]\s*\S",
            r"registry\.npm" + "js",
            r"conda\.ana" + "conda",
            '"resol' + 'ved":',
        )
    )
)


def files(root: Path) -> Iterator[Path]:
    """The files of a checkout, less what is built or downloaded (.gitignore names the same)."""
    for path in sorted(root.iterdir()):
        if path.name in SKIPPED or path.name.endswith((".egg-info", ".etabli")):
            continue
        if path.is_dir():
            yield from files(path)
        elif path.is_file() and path.suffix not in BINARY:
            yield path


def foreign(path: Path) -> list[str]:
    """The lines that hold a path of a machine or the address of a package index."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [f"{path.name}:{n}: {found.group()}" for n, line in enumerate(lines, 1) if (found := FOREIGN.search(line))]


def bare(path: Path) -> list[str]:
    """The public module, classes and functions at the top of a file that have no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [] if ast.get_docstring(tree) or (path.name.startswith("_") and path.name != "__init__.py") else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            names += [] if ast.get_docstring(node) else [node.name]
    return names


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_public_name_says_what_it_is() -> None:
    found = {str(path.relative_to(SOURCE)): bare(path) for path in SOURCE.rglob("*.py")}
    assert {name: names for name, names in found.items() if names} == {}


def test_nothing_of_this_machine_is_written_down() -> None:
    assert [line for path in files(ROOT) for line in foreign(path)] == []


def test_pins_are_plain_and_complete() -> None:
    """Name and version only; every distribution that the project names is among them."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r'[\w.-]+==[\w.]+(; python_version (<|>=) "3\.\d+")?', line)] == []
    assert lines == sorted(set(lines), key=str.casefold)
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project["dependencies"] + project["optional-dependencies"]["test"]
    pinned = {line.split("==")[0].casefold() for line in lines}
    assert {re.split(r"[<>=!~\[ ]", name)[0].casefold() for name in named} - pinned == set()


def test_every_installed_requirement_is_pinned() -> None:
    """What pip really brought for the package and its tests, followed from requirement to requirement."""
    from importlib.metadata import PackageNotFoundError, distribution

    pinned = {_plain(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    seen, waiting = set(), ["etabli"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another system or version of Python
            seen.discard(name)
            continue
        wanted = [line for line in requires if "extra ==" not in line or (name == "etabli" and '"test"' in line)]
        waiting += [_plain(re.split(r"[<>=!~\[ (;]", line)[0]) for line in wanted]
    assert len(seen) > 20
    assert seen - pinned - {"etabli", "pip", "setuptools"} == set()  # the installers come with the environment


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


@pytest.mark.parametrize("text", ["cd /wor" + "k/main", "see https://py" + "pi.org/x", "pip install --index" + "-url http://here"])
def test_the_look_sees_what_it_looks_for(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text(f"fine\n{text}\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "b.md").write_text(text)
    found = [line for path in files(tmp_path) for line in foreign(path)]
    assert len(found) == 1
    assert found[0].startswith("a.md:2:")


def test_the_look_sees_a_bare_name(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Doc."""\nclass A:\n    pass\ndef _b():\n    pass\n')
    (tmp_path / "b.py").write_text("X = 1\n")
    assert bare(tmp_path / "a.py") == ["A"]
    assert bare(tmp_path / "b.py") == ["the module"]
