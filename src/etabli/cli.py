"""The command line: one function a command, each a few lines over `study` or one step.

argparse and nothing else at import time, so that `etabli --help` answers at once and `etabli predict` runs where only numpy
and onnxruntime are installed. Data go to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from etabli import commands
from etabli.arguments import parser
from etabli.arguments.pairs import numbers, pair_list, pairs
from etabli.commands import BEGAN, families, tell
from etabli.errors import EtabliError, UsageError

# commands ------------------------------------------------------------------------------------------------------------


def fit(options: argparse.Namespace) -> int:
    """Look, warn, compare, calibrate, write, prove, report."""
    from etabli.job.budget import parse_time
    from etabli.study import establish
    from etabli.work.asked import asked

    question = asked(
        options.file,
        options.target,
        task=options.task,
        positive=options.positive,
        effort=options.effort,
        time=parse_time(options.time) if options.time else None,
        group=options.group,
        time_column=options.time_column,
        gap=options.gap,
        weights=options.weights,
        ignore=tuple(options.ignore),
        by=tuple(options.by),
        metric=options.metric,
        families=tuple(name for name in (options.families or "").split(",") if name),
        seed=options.seed,
        test=options.test,
        kinds=pairs(options.kind, "--kind"),
        missing={
            column: tuple(text for name, text in pair_list(options.missing, "--missing") if name == column)
            for column, _ in pair_list(options.missing, "--missing")
        },
        increasing=tuple(options.increasing),
        decreasing=tuple(options.decreasing),
        together=tuple(options.together),
        exposure=options.exposure,
        with_map=options.with_map,
        with_clusters=options.with_clusters,
        with_autoencoder=options.with_autoencoder,
        cost=numbers(options.cost, "--cost"),
        class_weight=numbers(options.class_weight, "--class-weight"),
        distribution=options.distribution,
        calibration=options.calibration,
        guarantee=options.guarantee,
        interval=options.interval,
        sets=options.sets,
        audit=options.audit,
        where=options.where,
        lang=options.lang,
        out=options.output,
    )
    return _establish(question, options, establish)


def _establish(question: Any, options: argparse.Namespace, run: Callable[..., Any]) -> int:
    from etabli.faces.events import Events
    from etabli.faces.terminal import Progress, summary
    from etabli.faces.words import language
    from etabli.job.interrupt import Interrupt

    lang = language(options.lang)
    with Interrupt() as stop, Events() if options.jsonl else Progress(lang, quiet=options.quiet) as watch:
        study = run(question, watch=watch, interrupted=stop, began=BEGAN)
    if options.json:
        from etabli.study import public

        tell(public(study.result))
    if not options.quiet and not options.jsonl:
        print(summary(study.result, lang), file=sys.stderr)
    if not options.json:
        print(study.result["report"])
    return 130 if stop.asked else int(study.status)


def adopt(options: argparse.Namespace) -> int:
    """A model fitted elsewhere as the same proven file, with calibration and intervals."""
    from etabli.adoption.loading import loaded, shaped
    from etabli.faces.terminal import Progress
    from etabli.faces.words import language
    from etabli.study import adopt as take

    lang = language(options.lang)
    with Progress(lang, quiet=options.quiet) as watch:
        study = take(
            loaded(options.model, options.trust_pickle),
            options.data,
            options.target,
            out=options.output,
            where=options.model,
            seen=options.seen,
            classes=options.classes.split(",") if options.classes else (),
            gives=options.gives,
            inputs=shaped(options.inputs),
            seed=options.seed,
            lang=lang,
            watch=watch,
        )
    if options.json:
        tell(dict(study.result))
    else:
        print(study.result["sentence"][lang], file=sys.stderr)
        print(study.folder / "model.onnx")
    return 0


def resume(options: argparse.Namespace) -> int:
    """Goes on with a run that was cut, from what lies in its folder."""
    from etabli import study, without
    from etabli.job.budget import parse_time

    find, run = (without.asked_of, without.established) if without.asks(options.run) else (study.asked_of, study.establish)
    question = find(options.run, time=parse_time(options.time) if options.time else None, lang=options.lang)
    return _establish(question, options, partial(run, resumed=True))


def status(options: argparse.Namespace) -> int:
    """What is done, what is running and what was set aside in a run folder."""
    from etabli.faces.standing import status as words
    from etabli.faces.words import language
    from etabli.work.status import status as look

    found = look(options.run)
    tell(found if options.json else words(found, language(options.lang)))
    return 0


def explore(options: argparse.Namespace) -> int:
    """Columns, kinds and what may go wrong, without training: a local page, or text, or JSON."""
    from etabli.faces.words import language

    if options.datasette:
        options.output, options.title, options.licence = options.datasette, "", ""
        return publish(options)
    kinds, ignore, lang = pairs(options.kind, "--kind"), tuple(options.ignore), language(options.lang)
    if options.html:
        from etabli.faces.explore.opening import opened
        from etabli.faces.explore.static import write

        print(write(opened(options.file, options.target, kinds, ignore, lang), options.html))
        return 0
    if not (options.text or options.json):
        from etabli.faces.explore.opening import Wish
        from etabli.faces.explore.server import serve

        serve(options.file, Wish(options.target, kinds, ignore, lang), options.host, options.port, not options.no_open)
        return 0
    from etabli.study import explore as look

    text, facts = look(options.file, target=options.target, kinds=kinds, ignore=ignore, lang=lang)
    tell(facts if options.json else text.rstrip("\n"))
    return 0


def publish(options: argparse.Namespace) -> int:
    """A table or a finished run as a SQLite file and metadata that Datasette opens."""
    from etabli.faces.publish import publish as write
    from etabli.faces.words import language

    kinds, lang = pairs(options.kind, "--kind"), language(options.lang)
    named = options.title or "", options.licence or ""
    done = write(options.file, options.output, options.target, kinds, options.ignore, *named, lang=lang)
    if options.json:
        print(json.dumps(done.to_json(), ensure_ascii=False))
    else:
        print(done.words(lang), file=sys.stderr)
        print(done.database)
    return 0


def predict(options: argparse.Namespace) -> int:
    """Answers for new rows, with intervals or sets and a flag on rows unlike the training data."""
    from etabli.faces.lines import as_data
    from etabli.faces.words import language
    from etabli.model.asked import levels
    from etabli.model.load import predict_file

    if options.json and options.output == "-":
        raise UsageError("--json puts the summary on the standard output, so the rows need a file", "-o -", "-o out.csv")

    if options.output == "-":
        as_data(sys.stdout)
    summary = predict_file(
        options.model,
        options.file,
        options.output,
        options.confidence,
        quantiles=levels(options.quantiles),
        at=options.at,
        half_width=options.half_width,
    )
    if options.json:
        tell(summary.to_json())
    elif not options.quiet:
        print(summary.words(language(options.lang)), file=sys.stderr)
    return 0


def explain(options: argparse.Namespace) -> int:
    """Why a row got its answer, and what would change it."""
    from etabli.faces.lines import as_data
    from etabli.faces.words import language
    from etabli.model.explain.command import explain_file

    if options.output == "-":
        as_data(sys.stdout)
    text = explain_file(
        options.model,
        options.file,
        row=options.row,
        label=options.label,
        background=options.background,
        scale=options.scale,
        budget=options.budget,
        want=options.want,
        fixed=tuple(options.fixed),
        out=options.output,
        lang=language(options.lang),
        as_json=options.json,
        quiet=options.quiet,
        seed=options.seed,
        method=options.method,
        grid=options.grid,
    )
    if text:
        tell(json.loads(text) if options.json else text)
    return 0


def check(options: argparse.Namespace) -> int:
    """Without a file: the model's own self-test. With new rows: are they like the training rows, and is the promise kept?"""
    from etabli.faces.words import language
    from etabli.model.check import check as look

    checked = look(options.model, options.file, training=options.training, by=options.by)
    tell(checked.to_json() if options.json else checked.text(language(options.lang)))
    return 0 if checked.fine else 1


def report(options: argparse.Namespace) -> int:
    """Writes the report of a run again, in another language if asked; --text prints it in short, --figures draws it for a paper."""
    from etabli.faces.words import language
    from etabli.study import load_study

    if options.figures:
        only = [name for name in (options.only or "").split(",") if name]
        made = load_study(options.run).figures(
            options.figures, options.output, lang=language(options.lang), width=options.width or "85mm", only=only, colour=options.colour
        )
        print("\n".join(map(str, made)))
        return 0
    if named := next((name for name in ("output", "width", "only") if getattr(options, name)), ""):
        raise UsageError("-o, --width and --only are about figures", f"--{named} without --figures", "etabli report RUN --figures pdf")
    if options.text:
        from etabli.faces.terminal import summary

        print(summary(load_study(options.run).result, language(options.lang), stream=sys.stdout, every=True).lstrip("\n"))
        return 0
    from etabli.study import report as again

    written = again(options.run, options.lang, options.live, options.colour)
    print(written)
    if options.open and not written.open():
        raise UsageError("--open needs a browser", "none was found here", f"open {written} yourself")
    return 0


def completion(options: argparse.Namespace) -> int:
    """A completion script for bash, zsh or fish: commands, options, files, and the columns of the file at hand."""
    from etabli.faces.completion import script

    print(script(options.shell))
    return 0


def man(options: argparse.Namespace) -> int:
    """The manual: every command, option, exit status and file on one page."""
    from etabli.faces.manual import show

    show(parser(ACTS), options.roff)
    return 0


ACTS = {
    act.__name__: act
    for act in (
        fit,
        commands.cluster,
        commands.map,
        commands.anomalies,
        adopt,
        resume,
        status,
        explore,
        publish,
        predict,
        explain,
        check,
        report,
        families,
        completion,
        man,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:2] == ["completion", "words"]:  # a shell asks what may come next
            from etabli.faces.completion import answer

            print(answer(words[2:], parser(ACTS)))
            return 0
        if words and words[0] not in ACTS and os.path.isfile(words[0]):
            words = ["fit", *words]  # a data file and no verb: the main job
        options = parser(ACTS).parse_args(words)
        if not options.command:
            parser(ACTS).print_help()
            return 0
        return int(options.act(options))
    except EtabliError as error:
        if "--debug" in words:
            raise
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # the reader of our output went away (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if "--debug" in words:
            raise
        print(f"error: {error.strerror or error}\n  got:  {error.filename or ''}", file=sys.stderr)
        return 1
    except Exception as error:
        if "--debug" in words:
            raise
        print(
            f"error: this is a fault of ours, not yours\n  got:  {type(error).__name__}: {error}\n  hint: run the same command with `etabli --debug ...` and send us what it prints",
            file=sys.stderr,
        )
        return 1


def program() -> NoReturn:
    """The program: `main`, then out at once. A reading thread of Arrow that is still about when an error ends us would meet an
    interpreter that is being taken down, and abort ("terminate called without an active exception")."""
    from etabli.faces.lines import bear

    bear(sys.stdout, sys.stderr)
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
