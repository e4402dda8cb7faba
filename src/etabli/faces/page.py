"""The report as a value: a path that a notebook shows as the page itself, in a frame of its own.

The page goes into the frame's `srcdoc`, so that neither its style nor its scripts meet the notebook's; the frame is sandboxed (scripts run, with no
origin: they reach neither the notebook nor its cookies). Where frames are taken out (GitHub), the line above it stays.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import final

from etabli.faces.notebook import wrapped
from etabli.faces.words import language, plain, say

HEIGHT = 720  # pixels


@final
@dataclass(frozen=True)
class Report(os.PathLike[str]):
    """A written report. path: of its one HTML file."""

    path: Path

    def open(self) -> bool:
        """Opens it in the browser of this machine; False where there is none."""
        import webbrowser

        return webbrowser.open(self.path.resolve().as_uri())

    def read_text(self, encoding: str = "utf-8") -> str:
        """The page."""
        return self.path.read_text(encoding)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        said = f'<p class="soft">{escape(say("end.report", language()))}: <code>{escape(plain(str(self.path)))}</code></p>'
        if not self.path.exists():
            return wrapped(said)
        frame = f'<iframe sandbox="allow-scripts" title="{escape(say("frame.title", language()))}" srcdoc="{escape(self.read_text())}"></iframe>'
        return wrapped(said + frame)
