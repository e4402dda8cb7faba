"""A check in plain words, English and French."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from etabli.judge.metrics import title
from etabli.judge.worth import REFUSE
from etabli.model.amount import amount
from etabli.model.by_table import by_table
from etabli.model.drift import RARE, Drift

if TYPE_CHECKING:
    from etabli.model.check import Checked, Value

SHOWN = 10  # changed columns that are told
Pair = tuple[str, str]  # a sentence in English and in French

_VERDICTS = {
    "sound": ("The file is sound.", "Le fichier est sain."),
    "few": ("Too few labelled rows to tell whether the model keeps its promises.", "Trop peu de lignes étiquetées pour dire si le modèle tient ses promesses."),
    "as promised": ("The model keeps its promises on these rows.", "Le modèle tient ses promesses sur ces lignes."),
    "worse": ("The model does worse on these rows than it promised.", "Le modèle fait moins bien sur ces lignes qu'annoncé."),
    "better": ("The model does better on these rows than it promised.", "Le modèle fait mieux sur ces lignes qu'annoncé."),
    "changed": ("The rows differ from the training rows.", "Ces lignes diffèrent de celles d'apprentissage."),
    "changed but kept": ("No score is worse than promised, but the rows differ from the training rows.", "Aucun score n'est pire qu'annoncé, mais ces lignes diffèrent de celles d'apprentissage."),
    "alike": ("These rows look like the training rows.", "Ces lignes ressemblent à celles d'apprentissage."),
    "unlike": ("These rows are not like the training rows: the score promised does not hold for them.", "Ces lignes ne ressemblent pas à celles d'apprentissage : le score annoncé ne vaut pas pour elles."),
    "unlike without a target": ("These rows are not like the training rows: what was found there may not hold for them.", "Ces lignes ne ressemblent pas à celles d'apprentissage : ce qui y fut trouvé peut ne pas valoir pour elles."),
    "broken": ("The file is not what it was: do not use it here.", "Le fichier n'est pas ce qu'il était : ne pas l'utiliser ici."),
}  # fmt: skip


def told(seen: Checked, language: str) -> str:
    """The verdict and what it rests on, one sentence a line. language: "en" or "fr"."""
    french = language == "fr"

    def said(pairs: Iterable[Pair]) -> list[str]:
        return [_typed(autre) if french else english for english, autre in pairs]

    verdict = "changed but kept" if seen.verdict == "changed" and seen.rows else seen.verdict
    lines = [_VERDICTS["unlike without a target" if verdict == "unlike" and not seen.target else verdict][french]]
    lines += said(_file(seen))
    if not seen.new_rows:
        return "\n".join(lines)
    lines += said(_rows(seen))
    lines += [_typed(_score(value, True)) if french else _score(value, False) for value in seen.scores]
    lines += said((note["en"], note["fr"]) for note in seen.terms)
    lines += said(_promises(seen))
    lines += said(_strangers(seen))
    lines += [_typed(text) if french else text for text in _shift(seen, french)]
    lines += said(_columns(seen))
    for entry in seen.by:
        lines += by_table(entry, seen.scores[0].title["fr" if french else "en"], french)
    return "\n".join(lines)


def _file(seen: Checked) -> Iterator[Pair]:
    """The file by itself."""
    test = seen.self_test
    if test is not None and test.equal:
        yield f"Self-test: {test.rows} rows answered here bit for bit as when the file was proven.", f"Auto-test : {test.rows} lignes, réponses identiques au bit près à celles de la preuve."  # fmt: skip
    elif test is not None:
        yield f"Self-test: {test.rows} rows, largest difference {test.difference:.2g}, {test.labels} labels differ.", f"Auto-test : {test.rows} lignes, plus grand écart {test.difference:.2g}, {test.labels} étiquettes diffèrent."  # fmt: skip
    if seen.foreign:
        names = ", ".join(seen.foreign)
        yield f"Operators outside the closed set: {names}.", f"Opérateurs hors de l'ensemble clos : {names}."


def _rows(seen: Checked) -> Iterator[Pair]:
    """How many rows there are, and whether they are those it learned from."""
    s = "" if (seen.rows or seen.new_rows) == 1 else "s"
    if seen.rows:
        yield f"{seen.rows} labelled row{s}.", f"{seen.rows} ligne{s} étiquetée{s}."
    elif seen.target:
        yield f"{seen.new_rows} row{s} without labels.", f"{seen.new_rows} ligne{s} sans étiquette."
    else:
        yield f"{seen.new_rows} row{s}.", f"{seen.new_rows} ligne{s}."
    if seen.learned and not seen.target:
        yield "These are the very rows the model learned from.", "Ce sont les lignes mêmes de l'apprentissage."
    elif seen.learned:
        yield "These are the very rows the model learned from: their scores flatter it.", "Ce sont les lignes mêmes de l'apprentissage : leurs scores flattent le modèle."  # fmt: skip
    if seen.left_out and seen.rows:
        yield f"Left out, without a usable label: {seen.left_out}.", f"Écartées, sans étiquette utilisable : {seen.left_out}."


def _promises(seen: Checked) -> Iterator[Pair]:
    """Coverage, calibration and shares of groups, each beside what chance allows."""
    for one in seen.coverage:
        fine = ("within chance", "conforme au hasard")
        if not one.kept:
            fine = ("more than asked", "plus que demandé") if one.got > one.high else ("less than asked", "moins que demandé")
        yield f"Coverage asked {one.level:.0%}, got {one.got:.1%} (chance allows {one.low:.1%} to {one.high:.1%}): {fine[0]}.", f"Couverture demandée {one.level:.0%}, obtenue {one.got:.1%} (le hasard permet {one.low:.1%} à {one.high:.1%}) : {fine[1]}."  # fmt: skip
    if seen.calibration is not None:
        one = seen.calibration
        fine = ("calibrated", "calibré") if one.kept else ("not calibrated on these rows", "non calibré sur ces lignes")
        yield f"Calibration error {one.got:.3f} (chance alone gives up to {one.high:.3f}): {fine[0]}.", f"Erreur de calibration {one.got:.3f} (le hasard seul donne jusqu'à {one.high:.3f}) : {fine[1]}."  # fmt: skip
    if seen.groups is None:
        return
    for part in seen.groups.every[:SHOWN]:
        yield f'Group "{part.label}": {part.got:.1%} of the rows, {part.usual:.1%} at training (chance allows {part.low:.1%} to {part.high:.1%}).', f"Groupe « {part.label} » : {part.got:.1%} des lignes, {part.usual:.1%} à l'apprentissage (le hasard permet {part.low:.1%} à {part.high:.1%})."  # fmt: skip
    if seen.groups.changed:
        yield "The rows fall among the groups otherwise than the training rows did.", "Les lignes se répartissent entre les groupes autrement que celles d'apprentissage."  # fmt: skip


def _strangers(seen: Checked) -> Iterator[Pair]:
    """Rows unlike the training rows, one by one and as a whole."""
    if seen.unlike is not None:
        yield f"Rows unlike the training rows: {seen.unlike.got:.1%} (1 % expected, up to {seen.unlike.high:.1%} by chance).", f"Lignes différentes de l'apprentissage : {seen.unlike.got:.1%} (1 % attendu, jusqu'à {seen.unlike.high:.1%} par hasard)."  # fmt: skip
    # the test looks at every level; where rows repeat it may find a rise elsewhere, which the share told here would belie
    if seen.novelty is not None and seen.novelty.p < 0.01 and seen.novelty.below["0.1"] > 0.1:
        got, p = seen.novelty.below["0.1"], f"p = {seen.novelty.p:.1g}" if seen.novelty.p > 1e-9 else "p < 1e-9"
        yield f"Rows are stranger than training rows as a whole: {got:.1%} have a novelty up to 0.1 (10 % expected; {p}).", f"Ensemble de lignes plus étranges qu'à l'apprentissage : {got:.1%} ont une nouveauté d'au plus 0.1 (10 % attendus ; {p})."  # fmt: skip


def _columns(seen: Checked) -> Iterator[Pair]:
    """The columns that changed, those that moved most."""
    changed = [drift for drift in seen.drift if drift.changed]
    if len(changed) > SHOWN:
        yield f"{len(changed)} of {len(seen.drift)} columns changed; the {SHOWN} that moved most:", f"{len(changed)} colonnes sur {len(seen.drift)} ont changé ; les {SHOWN} qui ont le plus bougé :"  # fmt: skip
    for drift in changed[:SHOWN]:
        name, parts = _named(drift.column), list(_changes(drift))
        yield f'Column "{name}" changed: {", ".join(part[0] for part in parts)}.', f"La colonne « {name} » a changé : {', '.join(part[1] for part in parts)}."  # fmt: skip


def _changes(drift: Drift) -> Iterator[Pair]:
    if drift.unseen:
        yield f"{drift.unseen:.1%} levels never seen", f"{drift.unseen:.1%} de modalités jamais vues"
    if drift.outside:
        yield f"{drift.outside:.1%} outside the range seen", f"{drift.outside:.1%} hors de l'étendue vue"
    if drift.missing_before is not None and abs(drift.missing - drift.missing_before) > RARE:
        yield (
            f"missing {drift.missing:.1%}, was {drift.missing_before:.1%}",
            f"manquants {drift.missing:.1%}, naguère {drift.missing_before:.1%}",
        )
    if drift.psi is not None:
        far = "" if drift.distance is None else f"{drift.distance:.2f}, "
        yield f"shape moved (distance {far}PSI {drift.psi:.2f})", f"forme changée (distance {far}PSI {drift.psi:.2f})"


def _shift(seen: Checked, french: bool) -> list[str]:
    """All columns together, what the training rows are worth, and the score to expect."""
    found = seen.shift
    if found is None:
        return []
    french_ = int(french)
    ends = f"{found.auc:.2f} ({found.low:.2f} {'à' if french else 'to'} {found.high:.2f}"
    if found.high < 0.5:
        # a row's copy lies on the other side, mostly in a fold learned from: the model learns to call it by the wrong side
        degree = (
            "below 0.5, as where these rows or copies of them are among the training rows",
            "sous 0.5, comme lorsque ces lignes ou leurs copies sont parmi celles d'apprentissage",
        )
    elif not found.differs:
        degree = ("no more than chance", "pas plus que le hasard")
    elif not found.warns:
        degree = ("they differ a little", "elles diffèrent un peu")
    else:
        degree = (
            ("they are drawn otherwise", "elles sont tirées autrement")
            if found.auc <= REFUSE
            else ("they are far apart", "elles sont très différentes")
        )
    lines = [
        f"Distinguer ces lignes de celles d'apprentissage : AUC {ends} ; 0.5 : semblables), {degree[1]}."
        if french
        else f"Telling these rows from training rows: AUC {ends}; 0.5: alike), {degree[0]}."
    ]
    if found.differs and found.columns:
        names = [f"« {_named(one['column'])} »" if french else f'"{_named(one["column"])}"' for one in found.columns]
        lines.append((f"Carried by {', '.join(names)}.", f"Porté par {', '.join(names)}.")[french_])
    if found.differs:
        lines.append(
            (
                f"On rows like these the {found.rows} training rows are worth {found.effective:.0f} ({found.share:.0%}).",
                f"Sur de telles lignes, les {found.rows} lignes d'apprentissage en valent {found.effective:.0f} ({found.share:.0%}).",
            )[french_]
        )
        if found.alone >= 0.01:
            lines.append(
                (
                    f"Hardly any training row is like {found.alone:.0%} of these rows.",
                    f"Presque aucune ligne d'apprentissage ne ressemble à {found.alone:.0%} de ces lignes.",
                )[french_]
            )
    if found.word == "nothing":
        old = (
            ("the old score says", "l'ancien score ne dit") if seen.target else ("what was found there says", "ce qui y fut trouvé ne dit")
        )
        lines.append(
            (
                f"Too few training rows are like these ({found.effective:.0f} of {found.rows}): {old[0]} nothing here.",
                f"Trop peu de lignes d'apprentissage ressemblent à celles-ci ({found.effective:.0f} sur {found.rows}) : {old[1]} rien ici.",
            )[french_]
        )
    elif seen.worth is not None:
        lines += _worth(seen, french)
    return lines


def _worth(seen: Checked, french: bool) -> list[str]:
    worth, found = seen.worth, seen.shift
    assert worth is not None and found is not None
    name = title(worth.metric, "fr" if french else "en") or worth.metric
    text = f"{name} {amount(worth.value, french)} ({amount(worth.low, french)} {'à' if french else 'to'} {amount(worth.high, french)})"
    if worth.word == "expected":
        lines = [f"Score attendu ici, l'ancien repesé : {text}." if french else f"Expected here, the old score reweighed: {text}."]
    else:
        lines = [
            f"Trop loin pour attendre un score ; l'ancien repesé donnerait {text}."
            if french
            else f"Too far apart to expect a score; the old one reweighed would be {text}."
        ]
    if seen.foretold is not None and not seen.learned:
        kept = (("It came out as foretold.", "Il s'est vérifié."), ("It came out otherwise: the answers themselves have changed, not only the rows.", "Il ne s'est pas vérifié : les réponses mêmes ont changé, pas seulement les lignes."))  # fmt: skip
        lines.append(kept[not seen.foretold][french])
    return lines


def _typed(text: str) -> str:
    """Numbers as French writes them: 0,31 and 90 %."""
    return re.sub(r"(?<=\d)%", "\u202f%", re.sub(r"(?<=\d)\.(?=\d)", ",", text))


def _score(value: Value, french: bool) -> str:
    title = value.title["fr" if french else "en"]
    text = f"{title} {amount(value.value, french)}"
    if value.low < value.high:
        text += f" ({amount(value.low, french)} {'à' if french else 'to'} {amount(value.high, french)})"
    if value.promised:
        kept = value.promised
        word = "annoncé" if french else "promised"
        was, low, high = (amount(float(kept[name]), french) for name in ("value", "low", "high"))
        text += f", {word} {was} ({low} {'à' if french else 'to'} {high})"
    return text + "."


def _named(column: str) -> str:
    """A column's name on one line, without control characters."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(str(column).split()))
    return text if len(text) <= 60 else text[:40] + "…" + text[-19:]
