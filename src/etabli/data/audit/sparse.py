"""Which few columns make another one, by sums and differences: the tool of the findings that look for arithmetic.

All pairs are regressed at once: the least-squares fit of y on two columns needs only sums of products, and those of all pairs, each
over the rows where both columns are filled, are seven matrix products (200 columns and 4 000 rows: about a tenth of a second). Larger
sets are found by backward elimination from the fit on all columns, because what cancels (a total and its parts) is not found by
adding the best column first.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array

FEWEST = 30  # rows that a fit rests on


def scaled(x: Array) -> Array:
    """float64 [rows, columns]: mean 0 and standard deviation 1 over the filled cells; NaN stays; a constant column becomes 0."""
    present = ~np.isnan(x)
    count = np.maximum(present.sum(0), 1)
    x = x - np.where(present, x, 0).sum(0) / count
    spread = np.sqrt(np.where(present, x * x, 0).sum(0) / count)
    return np.asarray(x / np.where(spread > 0, spread, np.inf))


def pair_r2(x: Array, y: Array) -> Array:
    """float64 [columns, columns]: share of the variance of y that two columns explain together (least squares with a constant),
    over the rows where both are filled; NaN on the diagonal and for two columns that are one. x: `scaled`; y: [rows]."""
    filled = ~np.isnan(x)
    m, z = filled.astype(np.float64), np.where(filled, x, 0.0)
    y = (y - y.mean()) / (y.std() or 1.0)
    rows, total, square, cross = m.T @ m, z.T @ m, (z * z).T @ m, z.T @ z
    y_total, y_square, with_y = (m * y[:, None]).T @ m, (m * (y * y)[:, None]).T @ m, (z * y[:, None]).T @ m
    with np.errstate(divide="ignore", invalid="ignore"):
        own = square - total**2 / rows
        both = cross - total * total.T / rows
        one = with_y - total * y_total / rows
        spread = own * own.T - both**2
        explained = (one**2 * own.T + one.T**2 * own - 2 * one * one.T * both) / spread
        found = explained / (y_square - y_total**2 / rows)
        bad = ~(spread > 1e-10 * own * own.T) | (rows < FEWEST)
    found[bad] = np.nan
    np.fill_diagonal(found, np.nan)
    return np.asarray(found)


def held_out_r2(x: Array, y: Array) -> tuple[float, Array]:
    """(share of the variance of y's odd rows that a fit on the even rows explains, the coefficients of the columns); rows with a
    missing cell are left out; (-1, zeros) where fewer than 30 are left or the columns are as many as half of them."""
    whole = ~np.isnan(x).any(1) & ~np.isnan(y)
    x, y = x[whole], y[whole]
    if y.size < max(FEWEST, 4 * x.shape[1]):
        return -1.0, np.zeros(x.shape[1])
    design = np.column_stack([x, np.ones(y.size)])
    weights = np.linalg.lstsq(design[::2], y[::2], rcond=1e-10)[0]
    left, about = y[1::2] - design[1::2] @ weights, y[1::2].var()
    return (1 - float((left**2).mean() / about) if about > 0 else -1.0), weights[:-1]


def few(x: Array, y: Array, least: float, most: int = 6) -> list[int]:
    """The columns that are left when all that y can do without are taken away, so long as the held-out share stays above `least`;
    [] when it never was, or more than `most` are left. x: `scaled`."""
    kept = list(range(x.shape[1]))
    score, weights = held_out_r2(x, y)
    if score < least:
        return []
    while len(kept) > 1:
        for at in np.argsort(np.abs(weights))[:3].tolist():  # the least, or the next two, can go
            rest = kept[:at] + kept[at + 1 :]
            score, fewer = held_out_r2(x[:, rest], y)
            if score >= least:
                kept, weights = rest, fewer
                break
        else:
            break
    return kept if len(kept) <= most else []
