"""The captions beside the figures: Markdown to read and paste, TeX to \\input. What comes from the data is escaped in both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etabli.faces.words import say

Captions = Sequence[tuple[str, str, str]]  # file, name, caption
TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "−": r"\ensuremath{-}",
    "×": r"\ensuremath{\times}",
    "→": r"\ensuremath{\rightarrow}",
    "←": r"\ensuremath{\leftarrow}",
    "²": r"\textsuperscript{2}",
    "…": r"\ldots{}",
}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def markdown(captions: Captions, lang: str) -> str:
    """A heading, the file and the caption of each figure."""
    parts = [f"# {say('paper.captions', lang)}"]
    for place, (file, _, text) in enumerate(captions, 1):
        told = re.sub(r"([\\`*_$<>|#\[\]])", r"\\\1", text)
        parts.append(f"## {say('paper.figure', lang, number=place)}: [{file}]({file})\n\n{told}")
    return "\n\n".join(parts) + "\n"


def tex(captions: Captions, width: float) -> str:
    """A figure environment each (figure* where it goes over two columns), in the order of the files."""
    kind = "figure*" if width > 120 else "figure"
    parts = []
    for file, name, text in captions:
        parts.append(
            f"\\begin{{{kind}}}\n  \\centering\n  \\includegraphics[width={width:g}mm]{{{file}}}\n"
            f"  \\caption{{{escaped(text)}}}\n  \\label{{fig:{name}}}\n\\end{{{kind}}}\n"
        )
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Text that TeX prints as it is."""
    text = "".join(TEX.get(letter, letter) for letter in text)
    return re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: rf"\textsuperscript{{{found[0].translate(RAISED)}}}", text)
