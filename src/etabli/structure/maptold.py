"""What is told of a map: the result, and in words what of the picture may be believed.

A coordinate is read by the columns that go with it: correlations, so that straight and bent methods are told alike. A column of free text is read by its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.judge.components import Components
from etabli.judge.sentence import number
from etabli.records import Array, Table, Words
from etabli.structure.begins import begins
from etabli.structure.colours import colours, first
from etabli.structure.doubted import where
from etabli.structure.linear import Linear
from etabli.structure.methods import projections
from etabli.structure.projections.autoencoder import trained
from etabli.structure.rebuilt import rebuilt
from etabli.structure.space import Space

if TYPE_CHECKING:
    from etabli.structure.map import Candidate, Drawn, Dropped
    from etabli.structure.placement import Placement
    from etabli.structure.run import Run

FRENCH = {
    "pca": "composantes principales",
    "svd": "valeurs singulières tronquées",
    "ica": "composantes indépendantes",
    "nmf": "facteurs non négatifs",
    "kpca": "composantes principales à noyau",
    "random": "projection aléatoire",
    "autoencoder": "auto-encodeur",
    "umap": "UMAP",
    "tsne": "t-SNE",
}
NAMED = 4  # columns named for a coordinate, each way
WELL = 0.9  # from here on a measure is called good
FEW = 20  # rows below which nothing is said of chance
WEAK = 0.3  # correlations below it are not named, nor those below half the strongest
WORD = 0.1  # the same of a word: few texts have it


def told(
    one: Run,
    table: Table,
    space: Space,
    candidates: Sequence[Candidate],
    best: Candidate,
    head: Placement,
    found: Components,
    drawn: Drawn,
    findings: Sequence[Any],
    dropped: Sequence[Dropped],
    learned: int,
) -> dict[str, Any]:
    """The result of the run (docs/map.md says what each key is)."""
    question, known = one.question, projections()
    linear = isinstance(known[best.method], Linear)
    answer = head.apply(space.turn(drawn.plain))
    made = begins(question, table, (column.name for column in space.columns), learned, findings)
    if nothing_shared(found, space, learned):
        made["warnings"].append(_apart())
    made["warnings"] += _put(head.found.arrays)
    back = head.found.arrays["back"] if linear else None
    return {
        **made,
        "winner": {"family": best.method, "title": title(best.method), "values": _values(best)},
        "leaderboard": [_ranked(c, candidates[0], head.components) for c in sorted(candidates, key=lambda c: c is not best)],
        "dropped": [{"name": d.name, "title": title(d.name), "reason": dict(d.reason)} for d in dropped],
        "sentence": _sentence(title(best.method), head.components, best, found, space, learned),
        "network": trained(head.found),
        "citations": sorted({known[c.method].citation for c in candidates}),
        "map": {
            "components": _components(found, head.components, question.components, space),
            "explained": shares(drawn.plain, drawn.z).tolist(),
            "linear": linear,
            "loadings": loadings(drawn.plain, drawn.z, space, back, _words(table, space, drawn.rows)),
            "rebuilt": rebuilt(space, head, drawn.plain, drawn.z, answer["error"][:, 0], drawn.rows.tolist()),
            "trust": {"coordinates": dict(best.trust), "picture": dict(best.picture)},
            "believe": believed(best, head.components, linear),
            "where": where(drawn.z, best.kept),
        },
        "points": {
            "row": drawn.rows.tolist(),
            "x": drawn.z[:, 0].tolist(),
            "y": drawn.z[:, 1].tolist() if head.components > 1 else [0.0] * len(drawn.z),
            "kept": best.kept.tolist(),
            "moved": best.moved.tolist(),
            "error": answer["error"][:, 0].tolist(),
            "certainty": answer["certainty"][:, 0].tolist(),
            "colour": question.colour,
            **colours(table, drawn.rows, drawn.z[:, :2], made["used"], first(question.colour)),
        },
    }


def _ranked(one: Candidate, best: Candidate, components: int) -> dict[str, Any]:
    """A row of the leaderboard. best: the one in front."""
    from etabli.structure.map import tied

    return {
        "name": one.method,
        "title": title(one.method),
        "values": _values(one),
        "faithfulness": one.score,
        **one.trust,
        "rebuilt": one.rebuilt,
        "stability": one.stability,
        "tied": tied(one, best),
        "seconds": one.seconds,
        "believe": believe(one.trust, one.stability, one.rebuilt, isinstance(projections()[one.method], Linear), components),
    }


def _components(found: Components, used: int, asked: int | None, space: Space) -> dict[str, Any]:
    """How many coordinates there are, by which rule, and by how far chance is left behind."""
    return {
        "used": used,
        "asked": asked,
        "parallel": found.parallel,
        "beyond": found.beyond,
        "held_out": found.held_out,
        "variances": found.values.tolist(),
        "chance": found.chance.tolist(),
        "errors": [float(e) if np.isfinite(e) else None for e in found.errors],
        "text": _counted(found, used, asked, space),
    }


def _put(arrays: Mapping[str, Array]) -> list[dict[str, Any]]:
    """How well a method that embeds landmarks alone puts other rows on its map, measured on landmarks put there by the others."""
    if "placed" not in arrays or not np.isfinite(arrays["placed"]):
        return []
    error, recall = float(arrays["placed"]), float(arrays["recall"])
    text = {
        "en": "This method has no rule of its own for a new row: it is put between the training rows most like it. Tried on training rows that were "
        f"left out, this misses the place that the method gave them by {error:.1%} of the picture's spread (median); of their ten nearest on the map "
        f"{recall:.0%} stay their ten nearest.",
        "fr": "La méthode n'a pas de règle propre pour une ligne nouvelle : celle-ci est posée entre les lignes apprises qui lui ressemblent le plus. "
        f"Essayé sur des lignes apprises mises à part, cela manque la place que la méthode leur avait donnée de {100 * error:.1f}\u202f% de l'étendue "
        f"de l'image (médiane) ; de leurs dix plus proches sur la carte, {100 * recall:.0f}\u202f% le restent.".replace(
            f"{100 * error:.1f}", f"{100 * error:.1f}".replace(".", ",")
        ),
    }
    return [{"code": "placed-rows", "level": "note", "columns": [], "text": text, "cure": {}}]


def title(method: str) -> Words:
    """A method's name for people."""
    english = projections()[method].title
    return {"en": english, "fr": FRENCH.get(method, english)}


def _values(one: Candidate) -> dict[str, Any]:
    """What people may read of a setting: a number for each column is none of it."""
    return {key: value for key, value in one.values.items() if key != "origin"}


def shares(plain: Array, z: Array) -> Array:
    """[components]: what each coordinate adds to the share of the columns' spread that a straight line in the coordinates so far gives."""
    plain, z = plain - plain.mean(axis=0), z - z.mean(axis=0)
    total = float((plain**2).sum())
    if not total:
        return np.zeros(z.shape[1])
    q, r = np.linalg.qr(z)
    alive = np.abs(np.diag(r)) > 1e-9 * max(1e-300, float(np.abs(r).max()))
    return np.where(alive, ((q.T @ plain) ** 2).sum(axis=1) / total, 0.0)


def _words(table: Table, space: Space, rows: Array) -> list[tuple[str, str, Array]]:
    """(feature, column, what it weighs in each of those rows) of every word of every text."""
    made = []
    for said in space.texts:
        weighed = said.weighed(table, rows).toarray()
        made += [(feature.name, said.name, weighed[:, k]) for k, feature in enumerate(said.counts.features)]
    return made


def loadings(
    plain: Array, z: Array, space: Space, back: Array | None = None, words: Sequence[tuple[str, str, Array]] = ()
) -> list[dict[str, Any]]:
    """Each coordinate in words, and its correlations with the features it goes with. back: [components, features] of a linear method: then its
    largest loadings too, by how much a feature (each column has the spread 1) changes as the coordinate goes up by its deviation. words: of columns of
    free text, (feature, column, [rows]) each; they stand for the axes of the text."""
    said = {one.name for one in space.texts} if words else set()
    own = [i for i in range(plain.shape[1]) if space.columns[int(space.owner[i])].name not in said]
    names = [*(space.names[i] for i in own), *(name for name, _, _ in words)]
    owners = [*(space.columns[int(space.owner[i])].name for i in own), *(column for _, column, _ in words)]
    looked = np.hstack([plain[:, own], *([np.column_stack([x for _, _, x in words])] if words else [])])
    made = []
    for j in range(z.shape[1]):
        r = correlations(looked, z[:, j])
        order = np.argsort(-np.abs(r), kind="stable")
        half = 0.5 * float(np.abs(r).max(initial=0.0))
        strong = [int(i) for i in order if abs(r[i]) >= max(WEAK if i < len(own) else WORD, half)]
        up, down = ([names[i] for i in strong if (r[i] > 0) == positive][:NAMED] for positive in (True, False))
        made.append(
            {
                "coordinate": f"x{j + 1}",
                "text": _named(f"x{j + 1}", up, down),
                "columns": [{"feature": names[i], "column": owners[i], "correlation": float(r[i])} for i in order[:12]],
                **({"loadings": _largest(back[j] * float(z[:, j].std()), space)} if back is not None else {}),
            }
        )
    return made


def _largest(load: Array, space: Space) -> list[dict[str, Any]]:
    return [
        {"feature": space.names[i], "column": space.columns[int(space.owner[i])].name, "loading": float(load[i])}
        for i in np.argsort(-np.abs(load), kind="stable")[:12]
    ]


def correlations(plain: Array, z: Array) -> Array:
    """[features]: the correlation of each with one coordinate; 0 where one of them does not vary."""
    plain, z = plain - plain.mean(axis=0), z - z.mean()
    size = np.sqrt((plain**2).sum(axis=0) * (z**2).sum())
    return np.asarray(np.divide(plain.T @ z, size, out=np.zeros(plain.shape[1]), where=size > 1e-12))


def _named(coordinate: str, up: Sequence[str], down: Sequence[str]) -> Words:
    english = [f"{', '.join(names)} {way}" for names, way in ((up, "up"), (down, "down")) if names]
    french = [f"{', '.join(names)} en {way}" for names, way in ((up, "hausse"), (down, "baisse")) if names]
    return {
        "en": f"{coordinate}: {'; '.join(english) or 'a little of many columns'}",
        "fr": f"{coordinate} : {' ; '.join(french) or 'un peu de beaucoup de colonnes'}",
    }


def believe(trust: Mapping[str, Any], stability: float, rebuilt: float, linear: bool, components: int) -> Words:
    """What may be read off a map, on rows it did not learn from."""
    recall = trust["recall"]
    if not recall:
        return {"en": "Too few rows to say what may be believed.", "fr": "Trop peu de lignes pour dire ce qui peut être cru."}
    size = max((size for size in recall if int(size) <= max(trust["near"], 5)), key=int, default=next(iter(recall)))
    safe, whole, again = trust["trustworthiness"] >= WELL, trust["continuity"] >= WELL, stability >= WELL
    counted = int(size) * recall[size], int(size) * trust["chance"][size]
    shares = trust["trustworthiness"], trust["continuity"], stability
    kept, chance = (number(value, 1, "en") for value in counted)
    true, near, same = (number(value, 2, "en") for value in shares)
    held = f"all {components} coordinates hold" if components > 2 else "the coordinates hold" if components > 1 else "the coordinate holds"
    gardent = f"les {components} coordonnées gardent" if components > 1 else "la coordonnée garde"
    english = [
        f"Of the {size} rows nearest to a row, {kept} are among its {size} nearest on the map ({chance} by chance)",
        f"rows shown side by side are {'alike' if safe else 'often not alike'} (trustworthiness {true})",
        f"rows that are alike are {'shown close' if whole else 'often shown apart'} (continuity {near})",
        f"two halves of the rows draw {'the same map' if again else 'different maps'} ({same})",
        f"distances and directions are those of the table, of which {held} {rebuilt:.0%}"
        if linear
        else "only who is beside whom may be read: empty space, sizes of groups and distances between far groups mean nothing",
    ]
    kept, chance = (number(value, 1, "fr") for value in counted)
    true, near, same = (number(value, 2, "fr") for value in shares)
    french = [
        f"Des {size} lignes les plus proches d'une ligne, {kept} sont parmi ses {size} plus proches sur la carte ({chance} au hasard)",
        f"les lignes montrées côte à côte {'se ressemblent' if safe else 'souvent ne se ressemblent pas'} (fidélité {true})",
        f"les lignes qui se ressemblent sont {'montrées proches' if whole else 'souvent montrées loin'} (continuité {near})",
        f"deux moitiés des lignes dessinent {'la même carte' if again else 'des cartes différentes'} ({same})",
        f"distances et directions sont celles du tableau, dont {gardent} {100 * rebuilt:.0f}\u202f%"
        if linear
        else "seul se lit qui est à côté de qui : le vide, la taille des groupes et les distances entre groupes éloignés ne disent rien",
    ]
    return {"en": "; ".join(english) + ".", "fr": " ; ".join(french) + "."}


def believed(best: Candidate, components: int, linear: bool) -> Words:
    """What may be read off the picture, and where a map has more coordinates than it shows, how much more those keep."""
    said, recall = dict(believe(best.picture, best.stability, best.rebuilt, linear, components)), best.trust["recall"]
    size = max((size for size in recall if int(size) <= max(best.trust["near"], 5)), key=int, default=None)
    if components > 2 and size is not None:
        kept = int(size) * recall[size]
        said["en"] += (
            f" Neighbours are those in the picture, of the first two; all {components} coordinates keep {number(kept, 1, 'en')} of the {size}."
        )
        said["fr"] += (
            f" Les voisins sont ceux de l'image, des deux premières ; les {components} coordonnées en gardent {number(kept, 1, 'fr')} sur {size}."
        )
    return said


def nothing_shared(found: Components, space: Space, rows: int) -> bool:
    """Whether it may be said that no component is larger than by chance: of few rows, or one column, nothing can be said."""
    return not found.parallel and len(space.columns) > 1 and rows >= FEW


def _sentence(named: Words, components: int, best: Candidate, found: Components, space: Space, rows: int) -> Words:
    used = len(space.columns)
    english = f"{components} coordinate{'s' if components > 1 else ''} by {named['en']} for {used} column{'s' if used > 1 else ''}"
    french = f"{components} coordonnée{'s' if components > 1 else ''} ({named['fr']}) pour {used} colonne{'s' if used > 1 else ''}"
    if best.each:
        english += f": on rows not learned from they give back {best.rebuilt:.0%} of what the columns hold"
        french += f" : sur des lignes non apprises, elles rendent {100 * best.rebuilt:.0f}\u202f% de ce que les colonnes contiennent"
    if nothing_shared(found, space, rows):
        english += ". But the columns hardly go together: shuffled apart, they give components as large"
        french += ". Mais les colonnes ne vont guère ensemble : mélangées séparément, elles donnent des composantes aussi grandes"
    return {"en": english + ".", "fr": french + "."}


def _counted(found: Components, used: int, wanted: int | None, space: Space) -> Words:
    if len(space.columns) == 1 and space.texts:
        axes = space.texts[0].axes.shape[1]
        return {
            "en": f"{used} {'were asked for' if wanted is not None else 'are kept, for a picture'}, of {axes} axes of the text's words.",
            "fr": f"{used} {'demandées' if wanted is not None else 'sont gardées, pour une image'}, de {axes} axes des mots du texte.",
        }
    from etabli.structure.map import MOST  # looked at: there may be more

    whole = [f"{count} or more" if count == MOST else str(count) for count in (found.parallel, found.beyond, found.held_out)]
    tout = [f"{count} ou plus" if count == MOST else str(count) for count in (found.parallel, found.beyond, found.held_out)]
    more = found.beyond > found.parallel
    behind = f"; {whole[1]} are more than chance once the stronger ones are set aside" if more else ""
    hidden = f" ; {tout[1]} dépassent le hasard une fois les plus fortes mises de côté" if more else ""
    english = f"How many: {whole[0]} by parallel analysis (larger than in shuffled columns{behind}), {whole[2]} by the reconstruction of held-out cells"
    french = (
        f"Combien : {tout[0]} par analyse parallèle (plus grandes qu'avec des colonnes mélangées{hidden}), "
        f"{tout[2]} par la reconstruction de cellules écartées"
    )
    if wanted is not None:
        return {"en": f"{english}; {used} were asked for.", "fr": f"{french} ; {used} demandées."}
    if used != found.parallel:
        return {"en": f"{english}; {used} are kept, for a picture.", "fr": f"{french} ; {used} sont gardées, pour une image."}
    return {"en": f"{english}.", "fr": f"{french}."}


def _apart() -> dict[str, Any]:
    return {
        "code": "no_common_structure",
        "level": "warn",
        "columns": [],
        "text": {
            "en": "No component is larger than in columns shuffled apart: the columns hold nothing in common that a map could show.",
            "fr": "Aucune composante n'est plus grande qu'avec des colonnes mélangées : les colonnes n'ont rien en commun qu'une carte puisse montrer.",
        },
        "cure": {"en": "read the columns one by one: etabli explore", "fr": "lire les colonnes une à une : etabli explore"},
    }
