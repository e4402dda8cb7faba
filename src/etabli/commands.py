"""Commands without a target: `cluster`, and its sisters, and the list of all methods. `cli.py` has the rest and the entry point."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from etabli.arguments.pairs import pairs

BEGAN = time.monotonic()  # what was imported before belongs to the cap of --time as well


def tell(told: Any, indent: int = 2) -> None:
    """Text, folded at a terminal; or facts as JSON, escaped where the stream lacks letters."""
    from etabli.faces.lines import folded

    if isinstance(told, str):
        print(folded(told, sys.stdout, indent))
    else:
        print(json.dumps(told, ensure_ascii=not (sys.stdout.encoding or "").casefold().startswith("utf")))


def cluster(options: argparse.Namespace) -> int:
    """Which rows belong together, how many groups there are, and whether there are any; one file that places new rows."""
    return _established("cluster", options, clusters=options.clusters, label=options.label, colour=options.colour)


def map(options: argparse.Namespace) -> int:
    """Few coordinates for many columns, how many there should be, and what of the picture may be believed; one file that places new rows."""
    return _established("map", options, components=options.components, colour=options.colour)


def families(options: argparse.Namespace) -> int:
    """What is there, what each needs, its citation; --job: the methods without a target; --check PACKAGE holds a plug-in to the contract."""
    from etabli.families import families as found
    from etabli.structure.asked import KNOWN

    if options.check:
        from etabli.families.conformance import check_package

        for line in check_package(options.check):
            print(line)
        return 0
    tasks = {f.name: list(f.tasks) for f in found().values()} if options.job == "fit" else {}
    facts = [
        {
            "name": f.name,
            "title": f.title,
            "tasks": tasks.get(f.name, [options.job]),
            "needs": list(f.needs),
            "citation": f.citation,
            "doc": f.doc,
        }
        for f in (found() if options.job == "fit" else KNOWN[options.job]()).values()
    ]
    if options.json:
        tell(facts)
    else:
        wide = max((len(str(one["name"])) for one in facts), default=0)
        for one in facts:
            tell(f"{one['name']:<{wide}}  {one['title']} ({', '.join(one['tasks'])}). {one['doc']} {one['citation']}.", wide + 2)
    return 0


def anomalies(options: argparse.Namespace) -> int:
    """Which rows are odd, how surely, and by which columns; one file that answers for new rows."""
    return _established("anomalies", options, rate=options.rate, label=options.label, odd=options.odd, usual=options.usual)


def _established(job: Any, options: argparse.Namespace, **own: Any) -> int:
    """own: options of that command alone."""
    from etabli.faces.events import Events
    from etabli.faces.terminal import Progress, summary
    from etabli.faces.words import language
    from etabli.job.budget import parse_time
    from etabli.job.interrupt import Interrupt
    from etabli.structure.asked import asked
    from etabli.without import established

    question = asked(
        job,
        options.file,
        ignore=tuple(options.ignore),
        kinds=pairs(options.kind, "--kind"),
        methods=tuple(name for name in (options.methods or "").split(",") if name),
        effort=options.effort,
        time=parse_time(options.time) if options.time else None,
        seed=options.seed,
        lang=options.lang,
        out=options.output,
        **own,
    )
    lang, stop = language(options.lang), Interrupt()
    with Events() if options.jsonl else Progress(lang, quiet=options.quiet) as watch:
        study = established(question, watch=watch, interrupted=stop, began=BEGAN)
    if options.json:
        tell(dict(study.result))
    if not options.quiet and not options.jsonl:
        print(summary(study.result, lang), file=sys.stderr)
    if not options.json:
        print(study.result.get("report") or study.result["model"])
    return 130 if stop.asked else study.status
