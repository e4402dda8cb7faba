"""The options of the commands that make pages, figures and files for people to look at."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction

from etabli.arguments.shared import columns, examples, looked_at


def explore(one: ArgumentParser) -> None:
    """The options of `etabli explore`."""
    examples(
        one,
        "etabli explore census.csv                        a local page: rows, columns, relations, what may go wrong",
        "etabli explore census.csv --target income        with the target drawn over each column, and leaks towards it",
        "etabli explore census.etabli                     the data of a run, as it was read",
        "etabli explore my.db::penguins                   a table of a SQLite file",
        'etabli explore "http://host/zoo/penguins?sex=male"  a table of a Datasette, with its filters',
        "etabli explore census.csv --html out.html        one file instead of a server: columns, relations, warnings",
        "etabli explore census.csv --text                 in the terminal; --json for programs",
    )
    looked_at(one)
    columns(one)
    one.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1: this machine alone)")
    one.add_argument("--port", type=int, default=0, metavar="N", help="a port (default: one that is free)")
    one.add_argument("--no-open", action="store_true", help="print the address, open no browser")
    one.add_argument("--html", metavar="OUT.html", help="write one file that opens without a server instead")
    one.add_argument("--text", action="store_true", help="as text instead of a page")
    one.add_argument("--json", action="store_true", help="as JSON instead of a page")
    one.add_argument("--datasette", metavar="OUT.db", help="write a SQLite file for Datasette instead (as: etabli publish FILE -o OUT.db)")


def publish(one: ArgumentParser) -> None:
    """The options of `etabli publish`."""
    examples(
        one,
        "etabli publish census.csv -o census.db           then: datasette census.db --metadata metadata.json",
        "etabli publish census.etabli -o census.db        with the leaderboard, each row's prediction, the findings and the card",
    )
    looked_at(one)
    one.add_argument("-o", "--output", required=True, metavar="OUT.db", help="the SQLite file; metadata.json is written beside it")
    columns(one)
    one.add_argument("--title", metavar="TEXT", help="what the table is called (default: its file's name)")
    one.add_argument("--license", dest="licence", metavar="TEXT", help="under which terms the rows may be used")
    one.add_argument("--json", action="store_true", help="what was written, as JSON on stdout")


def report(one: ArgumentParser) -> None:
    """The options of `etabli report`."""
    examples(
        one,
        "etabli report census.etabli --lang fr --open",
        "etabli report census.etabli --text",
        "etabli report census.etabli --figures pdf -o figures --width 170mm",
    )
    one.add_argument("run", help="a run folder")
    one.add_argument("--text", action="store_true", help="print the sentence, the plot and the findings; write nothing")
    one.add_argument(
        "--try",
        dest="live",
        action=BooleanOptionalAction,
        help="the page holds the model, and a form that answers rows (default: when the model is small)",
    )
    one.add_argument("--open", action="store_true", help="and show it in the browser")
    one.add_argument("--figures", choices=("pdf", "png", "svg"), help="figures for a paper, one file each, and their captions")
    one.add_argument("-o", "--output", metavar="DIR", help="with --figures: where to (default: figures in the run folder)")
    one.add_argument("--width", metavar="WIDTH", help="with --figures: 85mm (one column, the default), 170mm (two), or another")
    one.add_argument("--only", metavar="A,B", help="with --figures: only these, such as leaderboard,calibration")
    one.add_argument("--colour", metavar="COL", help="of a map or of groups: the column that colours the picture first")
