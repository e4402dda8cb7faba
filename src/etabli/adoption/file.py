"""The file of an adopted model: heads learned on the rows given, the composition, its proof, the card and the result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.adoption.equal import Equal
from etabli.adoption.given import Given
from etabli.judge.sentence import number, places
from etabli.records import Array, Finding, Target, Watch, Words

if TYPE_CHECKING:
    from etabli.adoption import Asked
    from etabli.work.material import Material
    from etabli.work.verdict import Verdict

SELF_TEST_ROWS, PROOF_ROWS, PROBES = 32, 2_000, 500


def established(
    equal: Equal, rows: Given, target: Target, usable: Array, asked: Asked, estimator: Any, seen: str, watch: Watch
) -> dict[str, Any]:
    """Writes the file of a model that predicts a target. seen: why the rows are those of its fit ("" when they are not)."""
    from etabli.adoption import title
    from etabli.model.compose import Composition, Member, Part
    from etabli.model.prove import prove
    from etabli.work.heads import heads
    from etabli.work.material import Material
    from etabli.work.result import measured

    began = time.monotonic()
    material = Material(rows.table, target, rows.columns)
    verdict = judged(equal, rows, material, usable, asked, estimator, bool(seen))
    sure = heads(material, verdict.table, verdict.scores, asked.seed)
    part = Part(b"", b"", equal.graph, equal.link, len(rows.columns))
    plain = {verdict.members[0].calibration.calibrator.name, verdict.calibration.calibrator.name} == {"raw"}
    composition = Composition(
        columns=tuple(rows.table.column(name) for name in rows.columns),
        levels=rows.table.levels,
        target=target,
        members=(Member(title(estimator), "adopted", 1, (part,), verdict.members[0].calibration.calibrator),),
        calibrator=verdict.calibration.calibrator,
        interval=None if seen else sure.interval,
        known=None if seen else sure.known,
        novelty=sure.novelty,
        novelty_raw=sure.novelty_raw,
        novelty_coded=sure.novelty_coded,
        partial=equal.partial,
        own_label=plain and "label" in equal.outputs,
    )
    watch("step", name={"en": "proving it", "fr": "preuve"})
    model = composition.model()
    picked = usable[:: max(1, len(usable) // PROOF_ROWS)][:PROOF_ROWS]
    proof = prove(
        model.SerializeToString(deterministic=True),
        rows.table,
        picked,
        composition.answer,
        columns=composition.columns,
        probes=PROBES,
        seed=asked.seed,
        partial=composition.partial,
    ).to_json() | {"held_out": not seen, "estimator": equal.proof}
    result = told(equal, material, verdict, asked, estimator, seen, proof) | {
        "coverage": [] if seen else [measured(one) for one in sure.coverage],
        "interval": {"kind": getattr(sure.interval, "kind", "by class"), "width": _width(sure.coverage)} if not seen else None,
        "novelty": {"flagged_share": sure.flagged},
        "crps": None if seen or sure.crps is None else asdict(sure.crps),
        "bounds": None if seen or sure.gap is None else {"gap": sure.gap},
    }
    return write(model, composition.columns, rows, material, result, asked, picked, began)


def judged(equal: Equal, rows: Given, material: Material, usable: Array, asked: Asked, estimator: Any, seen: bool) -> Verdict:
    """The model's scores on the rows given, calibrated across parts of them, beside the constant."""
    from etabli.adoption import PARTS, setting
    from etabli.data.feeds import feeds
    from etabli.graph.run import run, session
    from etabli.judge import calibration, metrics
    from etabli.judge.honesty import Honest, interval
    from etabli.work.table import OutOfFold
    from etabli.work.verdict import Chosen, Ranked, Verdict

    target = material.target
    y = target.y[usable]
    ready = session(equal.graph)
    fed = feeds(rows.table, rows.columns, usable)
    needed = {value.name for value in ready.get_inputs()}
    raw = run(ready, {name: array for name, array in fed.items() if name in needed})["score"]
    fold = np.random.default_rng(asked.seed).permutation(len(usable)) % PARTS
    metric = metrics.metric(None, target.task)
    none = calibration.choose(y, raw, np.zeros(len(y), np.int64), target.task, cheap=True)  # one part only: as it is
    whole = none if seen else calibration.choose(y, raw, fold, target.task)
    losses = metric.rows(y, whole.column)
    found = interval(metric, y, whole.column, fold=fold, seed=asked.seed)
    constant = _constant(y, target, len(y))
    base = float(metric.rows(y, constant).mean())
    name = setting(estimator)
    table = OutOfFold((name,), usable, fold, y, raw[:, None], whole.column[:, None], losses[:, None], None, None)
    gain = metric.rows(y, constant) - losses
    half = 1.96 * float(gain.std()) / np.sqrt(len(gain))
    board = (
        Ranked(name.name, "adopted", metric.report(float(losses.mean())), 0.0, 0.0, 0.0, True, None),
        Ranked(
            "baseline",
            "baseline",
            metric.report(base),
            float(gain.mean()),
            float(gain.mean()) - half,
            float(gain.mean()) + half,
            False,
            None,
        ),
    )
    honest = Honest(value=found.value, low=found.low, high=found.high, leaderboard=found.value, winner=0, picks=np.ones(1))
    return Verdict(
        metric, honest, board, name.name, (Chosen(name, 1, none),), whole, table, whole.column, metric.report(base), name.name, 1
    )


def _constant(y: Array, target: Target, rows: int) -> Array:
    if target.task == "regression":
        return np.full((rows, 1), y.mean())
    share = np.bincount(y, minlength=len(target.classes)) / rows
    return np.repeat(share[None, 1:] if target.task == "binary" else share[None], rows, axis=0)


def told(
    equal: Equal, material: Material, verdict: Verdict, asked: Asked, estimator: Any, seen: str, proof: Mapping[str, Any]
) -> dict[str, Any]:
    """The result, with the keys of docs/result.md that mean something for one model."""
    from etabli.adoption import title
    from etabli.job.hardware import hardware
    from etabli.work.asked import versions
    from etabli.work.pictures import pictures
    from etabli.work.result import SCHEMA, described

    target, honest, metric = material.target, verdict.honest, verdict.metric
    rows = len(verdict.table.y)
    warnings = [_word(seen)] if seen else []
    return {
        "schema": SCHEMA,
        "run": str(asked.out),
        "model": str(asked.out / "model.onnx"),
        "report": str(asked.out / "report.html"),
        "task": target.task,
        "target": target.name,
        "classes": list(target.classes),
        "rows": material.table.rows,
        "columns": [described(column, material) for column in material.table.columns],
        "metric": metric.name,
        "greater_is_better": metric.greater_is_better,
        "honest": None if seen else {"value": honest.value, "low": honest.low, "high": honest.high},
        "baseline": {"name": "baseline", "value": verdict.baseline},
        "winner": {
            "name": title(estimator),
            "members": [{"name": title(estimator), "family": "adopted", "weight": 1.0}],
            "final": "adopted",
        },
        "tied": [verdict.winner],
        "simplest": verdict.winner,
        "tried": 1,
        "network": _network(estimator),
        "leaderboard": [] if seen else [_row(row, verdict) for row in verdict.leaderboard],
        **({} if seen else pictures(material, verdict)),
        "proof": dict(proof),
        "warnings": [
            {"code": f.code, "columns": list(f.columns), "text": dict(f.text), "cure": dict(f.cure), "level": f.level} for f in warnings
        ],
        "sentence": sentence(title(estimator), verdict, rows, seen),
        "adopted": {"estimator": title(estimator), "where": asked.where, "seen": seen, "link": equal.link},
        "cut": False,
        "ended": "adopted",
        "seed": asked.seed,
        "command": asked.command,
        "python_call": _call(asked),
        "predict_command": f"etabli predict {asked.out / 'model.onnx'} new.csv -o out.csv",
        "versions": versions() | _version(estimator),
        "hardware": {"cores": hardware().cores, "memory": hardware().memory, "description": hardware().description},
        "citations": [],
    }


def _call(asked: Asked) -> str:
    """The Python call that asks the same."""
    more = f", classes={list(asked.classes)!r}" if asked.classes else ""
    more += f", gives={asked.gives!r}" if asked.gives else ""
    more += f", inputs={dict(asked.inputs)!r}" if asked.inputs else ""
    return f"etabli.adopt(model, {asked.data!r}, target={asked.target!r}{more})"


def _network(estimator: Any) -> dict[str, Any] | None:
    """The layers of a network, drawn as those of our own; None for any other model."""
    layers = getattr(estimator, "layers", ()) if type(estimator).__module__ == "etabli.estimators.networks.network" else ()
    if not layers:
        return None
    made = [{"block": one.block, "shape": list(one.shape), "weights": one.weights} for one in layers]
    return {"candidate": str(estimator.title), "family": "adopted", "winner": True, "layers": made, "sees": None, "folds": []}


def _version(estimator: Any) -> dict[str, str]:
    from etabli.model.raw import text

    library = type(estimator).__module__.partition(".")[0]
    import sys

    return {library: text(getattr(sys.modules.get(library), "__version__", "?"))}


def _row(row: Any, verdict: Verdict) -> dict[str, Any]:
    first = verdict.leaderboard[0]
    return {
        "name": row.name,
        "family": row.family,
        "score": row.score,
        "low": row.score,
        "high": row.score,
        "seconds": None,
        "folds": None,
        "difference": {"value": row.score - first.score, "low": row.low, "high": row.high},
        "tied": row.tied,
        "dropped": False,
    }


def _word(reason: str) -> Finding:
    from etabli.adoption import finding

    return finding(
        "rows-of-the-fit",
        {
            "en": f"The model was fitted on these very rows ({reason}): no score, no calibration and no interval can be learned from them.",
            "fr": f"Le modèle a été ajusté sur ces lignes mêmes ({reason}) : on n'en peut tirer ni score, ni calibration, ni intervalle.",
        },
        {"en": "adopt it again with rows it never saw", "fr": "l'adopter de nouveau avec des lignes qu'il n'a jamais vues"},
    )


def sentence(name: str, verdict: Verdict, rows: int, seen: str) -> Words:
    """What was found, in one sentence."""
    if seen:
        return {
            "en": f"{_capital(name)} was adopted: the file equals it. Nothing is said of how good it is, because the rows are those of its fit.",
            "fr": f"{_capital(name)} est adopté : le fichier lui est égal. Rien n'est dit de sa qualité, car les lignes sont celles de son ajustement.",
        }
    honest, title = verdict.honest, verdict.metric.title
    low, high = sorted((honest.low, honest.high))
    decimals = places(low, high)
    en, fr = ([number(value, decimals, lang) for value in (honest.value, low, high, verdict.baseline)] for lang in ("en", "fr"))
    worse = high < verdict.baseline if verdict.metric.greater_is_better else low > verdict.baseline
    better = low > verdict.baseline if verdict.metric.greater_is_better else high < verdict.baseline
    doubt_en, doubt_fr = _doubt(worse, better)
    return {
        "en": f"{_capital(name)} was adopted: the file equals it. On {number(rows, 0, 'en')} rows that, by your word, it was not fitted on: "
        f"{title['en']} {en[0]} ({en[1]} to {en[2]}); a constant has {en[3]}.{doubt_en}",
        "fr": f"{_capital(name)} est adopté : le fichier lui est égal. Sur {number(rows, 0, 'fr')} lignes qui, selon vous, n'ont pas servi à "
        f"l'ajuster : {title.get('fr', title['en'])} {fr[0]} ({fr[1]} à {fr[2]}) ; une constante a {fr[3]}.{doubt_fr}",
    }


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _doubt(worse: bool, better: bool) -> tuple[str, str]:
    """What is said, in English and in French, of a model that a constant beats or may beat: equal is not good, and mixed up columns are the usual reason."""
    if better:
        return "", ""
    if worse:
        return (
            " That is worse than knowing nothing: does it take these columns in this order, scaled as here, and answer in the unit (or the order of classes) of the target?",
            " C'est pire que ne rien savoir : prend-il ces colonnes dans cet ordre, à cette échelle, et répond-il dans l'unité (ou l'ordre des classes) de la cible ?",
        )
    return (
        " So nothing shows that it is better than knowing nothing.",
        " Rien ne montre donc qu'il vaille mieux que ne rien savoir.",
    )


def _width(covered: Any) -> float | None:
    return next((float(one.size) for one in covered if one.level == 0.9), None)


def bare(equal: Equal, rows: Given, asked: Asked, estimator: Any) -> dict[str, Any]:
    """Writes the file of a model without a target: its values (or scores), proven equal, and nothing more."""
    import onnx

    from etabli.adoption import title
    from etabli.work.asked import versions

    began = time.monotonic()
    model = onnx.load_from_string(equal.graph)
    name = title(estimator)
    result = {
        "schema": 1,
        "run": str(asked.out),
        "model": str(asked.out / "model.onnx"),
        "task": "values",
        "target": None,
        "classes": [str(label) for label in np.asarray(equal.classes).tolist()],
        "rows": rows.table.rows,
        "outputs": list(equal.outputs),
        "proof": equal.proof,
        "warnings": [],
        "sentence": {
            "en": f"{_capital(name)} was adopted: the file equals it. Without a target nothing is said of how good it is.",
            "fr": f"{_capital(name)} est adopté : le fichier lui est égal. Sans cible, rien n'est dit de sa qualité.",
        },
        "adopted": {"estimator": name, "where": asked.where, "seen": "", "link": equal.link},
        "seed": asked.seed,
        "command": asked.command,
        "versions": versions() | _version(estimator),
    }
    columns = tuple(rows.table.column(name) for name in rows.columns)
    return write(model, columns, rows, None, result, asked, np.arange(rows.table.rows), began)


def write(
    model: Any,
    columns: Any,
    rows: Given,
    material: Material | None,
    result: dict[str, Any],
    asked: Asked,
    picked: Array,
    began: float,
) -> dict[str, Any]:
    """model.onnx with its card and self-test, card.json, result.json, each in one piece."""
    from onnx import helper

    from etabli.data.feeds import feeds
    from etabli.errors import EtabliError
    from etabli.graph.run import run, session
    from etabli.model.card import dumps, self_test
    from etabli.model.load import load
    from etabli.work.card import card
    from etabli.work.file import inputs, latency
    from etabli.work.journal import write as write_file
    from etabli.work.journal import write_json
    from etabli.work.material import Material as Seen
    from etabli.work.result import finite

    ready = session(model)
    wanted = {value.name for value in ready.get_inputs()}
    few = picked[:: max(1, len(picked) // SELF_TEST_ROWS)][:SELF_TEST_ROWS]
    fed = {name: array for name, array in feeds(rows.table, columns, few).items() if name in wanted}
    answers = run(ready, fed)
    result = dict(finite(result | {"latency": {"row_us": latency(ready, fed)}}))
    shown = material or Seen(rows.table, Target("", "regression", np.zeros(0)), rows.columns)
    facts = card(_nameless(result, asked), shown, inputs(model, columns), [value.name for value in model.graph.output])
    facts["adopted"] = result["adopted"]
    helper.set_model_props(model, {"etabli.card": dumps(facts), "etabli.selftest": self_test(fed, answers)})
    asked.out.mkdir(parents=True, exist_ok=True)
    write_file(asked.out / "model.onnx", lambda file: file.write(model.SerializeToString(deterministic=True)))
    tested = load(asked.out / "model.onnx").self_test()
    if not tested.passed:
        (asked.out / "model.onnx").unlink()
        raise EtabliError("the written file passes its own self-test", str(tested), "this is a fault of ours: please report it")
    result["seconds"] = time.monotonic() - began
    write_json(asked.out / "card.json", facts)
    write_json(asked.out / "result.json", result)
    return result


def _nameless(result: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The result for the card: no folder of ours travels in the file."""
    named = replace(asked, data=Path(asked.data).name, out=Path(asked.out.name))
    return dict(result) | {"command": named.command}
