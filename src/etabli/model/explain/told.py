"""An explanation in a terminal: bars from the base to the answer, and what would change it, in English and French."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from etabli.model.explain.cells import cell, figure, places, plain

if TYPE_CHECKING:
    from etabli.model.explain.counterfactual import Change
    from etabli.model.explain.explained import Explained

SHOWN, HALF = 12, 12  # columns with a bar; cells of half a bar
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def told(seen: Explained, row: int, lang: str = "en") -> str:
    """One row: the base, the largest values with their 95 % intervals, and the answer."""
    french = lang == "fr"
    values, error = seen.values[row], seen.error[row]
    digits = places(float(seen.base[row]), float(seen.output[row])) + (1 if seen.labels else 0)
    title = subject(seen, row, lang)
    lines = [f"{title} : {figure(float(seen.output[row]), lang, digits)}" if french else f"{title}: {figure(float(seen.output[row]), lang, digits)}"]  # fmt: skip
    if np.isnan(values).any():
        lines.append(
            "Sans réponse du fichier, rien à expliquer." if french else "The file gives no answer, so there is nothing to explain."
        )
        return "\n".join(lines)
    order = np.argsort(-np.abs(values), kind="stable")
    least = 1e-12 * max(abs(float(seen.base[row])), abs(float(seen.output[row])))  # less is rounding
    first = order[:SHOWN][np.abs(values[order[:SHOWN]]) > least]
    raws = {raw.name: raw for raw in seen.raws}
    names = [f"{plain(seen.columns[at], 30)} = {cell(raws[seen.columns[at]], seen.cells[seen.columns[at]][row], lang, 30)}" for at in first]
    rest = [at for at in range(len(values)) if at not in set(first.tolist())]
    base = f"moyenne de {seen.background} lignes de référence" if french else f"mean of {seen.background} background rows"
    width = max(len(name) for name in [*names, base])
    longest = float(np.abs(values).max(initial=0.0)) or 1.0
    sampled = bool(error.any())
    figures = [figure(float(values[at]), lang, digits, sign=True) for at in first]
    others = figure(float(values[rest].sum()), lang, digits, sign=True)
    ends = [figure(float(end), lang, digits) for end in (seen.base[row], seen.output[row])]
    wide = max(map(len, [*figures, others, *ends]))
    wider = 1.0 if seen.method == "gradients" else 1.96
    around = [f" ± {figure(wider * float(error[at]), lang, digits)}" if sampled else "" for at in first]
    behind = max(map(len, around), default=0)
    lines.append(f"  {base:<{width}}  {ends[0]:>{wide}}")
    for name, text, plus, at in zip(names, figures, around, first, strict=True):
        lines.append(f"  {name:<{width}}  {text:>{wide}}{plus:<{behind}}  {bar(float(values[at]) / longest)}".rstrip())
    if rest:
        name = (f"{len(rest)} autres" if len(rest) > 1 else "1 autre") if french else f"{len(rest)} other" + "s" * (len(rest) > 1)
        lines.append(f"  {name:<{width}}  {others:>{wide}}")
    lines.append(f"  {'réponse' if french else 'answer':<{width}}  {ends[1]:>{wide}}")
    lines.append(_how(seen, row, lang))
    return "\n".join(lines)


def subject(seen: Explained, row: int, lang: str) -> str:
    """What is explained: the target, or the probability of a class of it."""
    title = plain(seen.target, 40)
    if seen.labels:
        label = plain(seen.labels[row], 40)
        title = f"probabilité de {title} = {label}" if lang == "fr" else f"probability of {title} = {label}"
    if seen.scale == "margin":
        title = f"marge, {title}" if lang == "fr" else f"margin, {title}"
    return title


def _how(seen: Explained, row: int, lang: str) -> str:
    asked = figure(float(seen.asked[row]), lang, 0)
    if seen.method == "gradients":
        if lang == "fr":
            return (
                f"Gradients attendus ({asked} points sur les chemins depuis le fond), ± ce que leur somme a manqué ; leur somme est exacte."
            )
        return (
            f"Expected gradients ({asked} points on the ways from the background), ± what their sum missed, shared out; their sum is exact."
        )
    if seen.exact[row]:
        return "Valeurs de Shapley exactes." if lang == "fr" else "Exact Shapley values."
    if lang == "fr":
        return f"Valeurs de Shapley échantillonnées ({asked} questions au fichier), ± intervalle à 95\u202f% ; leur somme est exacte."
    return f"Sampled Shapley values ({asked} questions to the file), ± the 95 % interval; their sum is exact."


def bar(share: float) -> str:
    """A bar to the left (minus) or to the right (plus) of a line in the middle; share: -1 to 1."""
    length = round(min(abs(share), 1.0) * HALF * 8)
    if share < 0:
        return " " * (HALF - round(length / 8)) + "█" * round(length / 8) + "│"
    return " " * HALF + "│" + "█" * (length // 8) + _EIGHTHS[length % 8].strip()


def changed(change: Change, lang: str = "en") -> str:
    """A change in one sentence."""
    french = lang == "fr"
    parts = []
    for move in change.moves:
        name, old, new = plain(move.raw.name, 40), cell(move.raw, move.old, lang), cell(move.raw, move.new, lang)
        parts.append(f"{name} valait {new} au lieu de {old}" if french else f"{name} were {new} instead of {old}")
    both = (" et " if french else " and ").join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    text = (f"Si {both}, la réponse serait " if french else f"If {both}, the answer would be ") + answer(change, lang)
    if not change.plausible:
        text += ", mais une telle ligne ne ressemble pas à l'apprentissage" if french else ", but such a row is unlike the training rows"
    return text + "."


def answer(change: Change, lang: str) -> str:
    """What the file answers for the changed row, with its probability and set, or its interval."""
    got, french = change.answers, lang == "fr"
    value = got["prediction"][0]
    if isinstance(value, str):
        text, more = plain(value, 40), []
        if "probability" in got:
            more.append(("probabilité " if french else "probability ") + figure(float(np.max(got["probability"])), lang, 2))
        if "set" in got:
            more.append(_set(change, lang))
        return text + (f" ({', '.join(more)})" if more else "")
    text = figure(float(value), lang, places(float(value)))
    if "lower" in got:
        low, high = (figure(float(got[name][0]), lang, places(float(value))) for name in ("lower", "upper"))
        text += f" ({low} {'à' if french else 'to'} {high})"
    return text


def _set(change: Change, lang: str) -> str:
    labels = [plain(label, 30) for label, inside in zip(change.classes, change.answers["set"], strict=True) if inside]
    return ("ensemble " if lang == "fr" else "set ") + "{" + ", ".join(labels) + "}"


def advice(found: Sequence[Change], lang: str, asked: str, reached: bool, number: bool) -> list[str]:
    """What would change the answer, a line each; or why there is nothing to say."""
    french = lang == "fr"
    if number and not asked:
        return [
            'Ce qui l\'amènerait ailleurs : --want ">VALEUR" ou "<VALEUR".'
            if french
            else 'What would bring it elsewhere: --want ">VALUE" or "<VALUE".'
        ]
    if reached:
        return ["La réponse est déjà celle qui est demandée." if french else "The answer is what is wanted already."]
    if not found:
        return [
            "Aucun changement de quatre colonnes au plus, dans les étendues et modalités vues, n'y mène."
            if french
            else "No change of up to four columns, within the ranges and levels seen, leads there."
        ]
    return [("Ce qui changerait la réponse :" if french else "What would change the answer:"), *("  " + one.text(lang) for one in found)]
