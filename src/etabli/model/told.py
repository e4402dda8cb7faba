"""A check in plain words, English and French."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etabli.model.check import Checked, Value

_VERDICTS = {
    "sound": ("The file is sound.", "Le fichier est sain."),
    "few": ("Too few labelled rows to tell whether the model keeps its promises.", "Trop peu de lignes étiquetées pour dire si le modèle tient ses promesses."),
    "as promised": ("The model keeps its promises on these rows.", "Le modèle tient ses promesses sur ces lignes."),
    "worse": ("The model does worse on these rows than it promised.", "Le modèle fait moins bien sur ces lignes qu'annoncé."),
    "better": ("The model does better on these rows than it promised.", "Le modèle fait mieux sur ces lignes qu'annoncé."),
    "changed": ("No score is worse than promised, but the rows differ from the training rows.", "Aucun score n'est pire qu'annoncé, mais ces lignes diffèrent de celles d'apprentissage."),
    "broken": ("The file is not what it was: do not use it here.", "Le fichier n'est pas ce qu'il était : ne pas l'utiliser ici."),
}  # fmt: skip


def told(seen: Checked, language: str) -> str:
    """The verdict and what it rests on, one sentence a line. language: "en" or "fr"."""
    french = language == "fr"

    def say(english: str, autre: str) -> None:
        lines.append(_typed(autre) if french else english)

    lines = [_VERDICTS[seen.verdict][french]]
    test = seen.self_test
    if test is not None:
        if test.equal:
            say(f"Self-test: {test.rows} rows answered here bit for bit as when the file was proven.", f"Auto-test : {test.rows} lignes, réponses identiques au bit près à celles de la preuve.")  # fmt: skip
        else:
            say(f"Self-test: {test.rows} rows, largest difference {test.difference:.2g}, {test.labels} labels differ.", f"Auto-test : {test.rows} lignes, plus grand écart {test.difference:.2g}, {test.labels} étiquettes diffèrent.")  # fmt: skip
    if seen.foreign:
        names = ", ".join(seen.foreign)
        say(f"Operators outside the closed set: {names}.", f"Opérateurs hors de l'ensemble clos : {names}.")
    if not seen.rows:
        return "\n".join(lines)
    s = "" if seen.rows == 1 else "s"
    say(f"{seen.rows} labelled row{s}.", f"{seen.rows} ligne{s} étiquetée{s}.")
    if seen.learned:
        say("These are the very rows the model learned from: their scores flatter it.", "Ce sont les lignes mêmes de l'apprentissage : leurs scores flattent le modèle.")  # fmt: skip
    if seen.left_out:
        say(
            f"Left out, without a usable label: {seen.left_out}.",
            f"Écartées, sans étiquette utilisable : {seen.left_out}.",
        )
    for value in seen.scores:
        lines.append(_typed(_score(value, True)) if french else _score(value, False))
    for one in seen.coverage:
        fine = ("within chance", "conforme au hasard")
        if not one.kept:
            fine = ("more than asked", "plus que demandé") if one.got > one.high else ("less than asked", "moins que demandé")
        say(f"Coverage asked {one.level:.0%}, got {one.got:.1%} (chance allows {one.low:.1%} to {one.high:.1%}): {fine[0]}.", f"Couverture demandée {one.level:.0%}, obtenue {one.got:.1%} (le hasard permet {one.low:.1%} à {one.high:.1%}) : {fine[1]}.")  # fmt: skip
    if seen.calibration is not None:
        one = seen.calibration
        fine = ("calibrated", "calibré") if one.kept else ("not calibrated on these rows", "non calibré sur ces lignes")
        say(f"Calibration error {one.got:.3f} (chance alone gives up to {one.high:.3f}): {fine[0]}.", f"Erreur de calibration {one.got:.3f} (le hasard seul donne jusqu'à {one.high:.3f}) : {fine[1]}.")  # fmt: skip
    if seen.unlike is not None:
        say(f"Rows unlike the training rows: {seen.unlike.got:.1%} (1 % expected, up to {seen.unlike.high:.1%} by chance).", f"Lignes différentes de l'apprentissage : {seen.unlike.got:.1%} (1 % attendu, jusqu'à {seen.unlike.high:.1%} par hasard).")  # fmt: skip
    for drift in seen.drift:
        if not drift.changed:
            continue
        parts = []
        if drift.unseen:
            parts.append((f"{drift.unseen:.1%} levels never seen", f"{drift.unseen:.1%} de modalités jamais vues"))
        if drift.outside:
            parts.append((f"{drift.outside:.1%} outside the range seen", f"{drift.outside:.1%} hors de l'étendue vue"))
        if drift.missing_before is not None and drift.missing != drift.missing_before:
            parts.append(
                (
                    f"missing {drift.missing:.1%}, was {drift.missing_before:.1%}",
                    f"manquants {drift.missing:.1%}, naguère {drift.missing_before:.1%}",
                )
            )
        if drift.psi is not None:
            parts.append((f"shape moved (PSI {drift.psi:.2f})", f"forme changée (PSI {drift.psi:.2f})"))
        say(f'Column "{drift.column}" changed: {", ".join(part[0] for part in parts)}.', f"La colonne « {drift.column} » a changé : {', '.join(part[1] for part in parts)}.")  # fmt: skip
    return "\n".join(lines)


def _typed(text: str) -> str:
    """Numbers as French writes them: 0,31 and 90 %."""
    return re.sub(r"(?<=\d)%", "\u202f%", re.sub(r"(?<=\d)\.(?=\d)", ",", text))


def _score(value: Value, french: bool) -> str:
    title = value.title["fr" if french else "en"]
    text = f"{title} {value.value:.4g}"
    if value.low < value.high:
        text += f" ({value.low:.4g} {'à' if french else 'to'} {value.high:.4g})"
    if value.promised:
        kept = value.promised
        word = "annoncé" if french else "promised"
        text += f", {word} {float(kept['value']):.4g} ({float(kept['low']):.4g} {'à' if french else 'to'} {float(kept['high']):.4g})"
    return text + "."
