"""What is asked of a model file beside the rows: a confidence, quantiles, a value; checked, and made inputs of the graph.

Imports errors, numpy and the standard library alone: it runs wherever the file runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etabli.errors import UsageError

Array = np.ndarray[Any, np.dtype[Any]]
At = float | Sequence[float] | Array | None


def given(
    card: Mapping[str, Any],
    known: frozenset[str],
    rows: int,
    confidence: float | None = None,
    quantiles: Sequence[float] | None = None,
    at: At = None,
    half_width: float | None = None,
) -> dict[str, Array]:
    """The inputs for what is asked. known: names of the file's optional inputs. UsageError for what this file cannot answer."""
    made: dict[str, Array] = {}
    if confidence is not None:
        _fine(card, known, confidence)
        made["confidence"] = np.array(confidence, np.float64)
    if (quantiles is not None or at is not None) and "quantiles" not in known:
        asked = "quantiles" if quantiles is not None else "at"
        hint = "it is for answers that are numbers" if card.get("classes") else "fit with --distribution (distribution=True)"
        raise UsageError("this model file has no predictive distribution", asked, hint)
    if quantiles is not None:
        wanted = np.atleast_1d(np.asarray(quantiles, np.float64))
        if wanted.ndim > 1 or not wanted.size or not ((wanted > 0) & (wanted < 1)).all():
            raise UsageError("quantiles are levels between 0 and 1", str(wanted.ravel().tolist()), "for instance 0.1, 0.5, 0.9")
        made["quantiles"] = wanted
    if at is not None:
        values = np.asarray(at, np.float64)
        if values.size not in (1, rows) or not np.isfinite(values).all():
            raise UsageError("`at` is one finite number, or one a row", f"{values.size} values for {rows} rows", "for instance 100")
        made["at"] = values.reshape(()) if values.size == 1 else values.reshape(-1, 1)
    if half_width is not None:
        if "half_width" not in known:
            rule = "a factor on the half-widths is for intervals of a number learned forward in time"
            raise UsageError(rule, f"half_width {half_width:g}", "fit with --time-column COL, or leave it out")
        if not 0 < half_width < np.inf:
            raise UsageError("the factor on the half-widths is a number above 0", f"{half_width:g}", "1 leaves them as they are")
        made["half_width"] = np.array(half_width, np.float64)
    return made


def _fine(card: Mapping[str, Any], known: frozenset[str], confidence: float) -> None:
    if "confidence" not in known:
        raise UsageError("this model file gives no sets or intervals, so it takes no confidence", f"{confidence:g}", "leave it out")
    if not 0 < confidence < 1:
        hint = f"for {confidence:g} % say {confidence / 100:g}" if 1 < confidence < 100 else "0.9 is usual"
        raise UsageError("the confidence lies between 0 and 1", f"{confidence:g}", hint)
    promised = card.get("guarantee") or {}
    if confidence > promised.get("most", 1.0) + 1e-12:
        rule = f"the {promised['cell']} rows behind the guarantee carry {promised['most']:.4g} at most"
        raise UsageError(rule, f"{confidence:g}", "ask for less, or fit again with more rows")


def levels(text: str | None) -> list[float] | None:
    """The levels of `--quantiles 0.1,0.5,0.9`."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError("--quantiles takes levels between 0 and 1, with commas between", f'"{text}"', "for instance 0.1,0.5,0.9") from None
