"""How to predict, in lines that can be copied and run: the command, Python, and onnxruntime alone.

The last one works for every établi file, because it asks the file for its inputs: doubles are NaN and strings "" when a row lacks
them (also the one wide block of many number columns).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import items

EXAMPLES = {"number": 1.5, "flag": 1.0, "date": 1735689600.0}


def snippets(result: Mapping[str, Any]) -> dict[str, str]:
    """Code by way: "shell", "python", "onnxruntime". Names are quoted for the language they stand in."""
    model = model_file(result.get("model"))
    return {
        "shell": f"etabli predict {_quoted(model)} new.csv -o predictions.csv",
        "python": f"import etabli, pyarrow.csv\nmodel = etabli.load({literal(model)})\npredictions = model.predict(pyarrow.csv.read_csv('new.csv'))",
        "onnxruntime": "\n".join(
            (
                "import numpy as np, onnxruntime as ort",
                f"model = ort.InferenceSession({literal(model)})",
                f"row = {_row(result)}",
                'feed = {i.name: np.full((1, i.shape[1]), row.get(i.name, ""), object) if "string" in i.type'
                "\n        else np.full((1, i.shape[1]), row.get(i.name, np.nan), float) for i in model.get_inputs()}",
                "print(dict(zip([o.name for o in model.get_outputs()], model.run(None, feed))))",
            )
        ),
    }


def model_file(path: Any) -> str:
    """The file's own name: the page may be read on another machine."""
    return str(path or "model.onnx").replace("\\", "/").rsplit("/", 1)[-1] or "model.onnx"


def _row(result: Mapping[str, Any]) -> str:
    """A row of the first three used columns."""
    used = [c for c in items(result, "columns") if c.get("used", True) and c.get("name")][:3]
    cells = (f"{literal(str(c['name']))}: {EXAMPLES.get(str(c.get('kind')), '...')!r}" for c in used)
    return "{" + ", ".join(cells) + "}"


def literal(text: str) -> str:
    """A Python string literal that keeps readable letters and escapes the rest (control characters, surrogates)."""
    return repr(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote("".join(c if c.isprintable() else "?" for c in text))
