"""Options that several commands have, in the same words."""

from __future__ import annotations

from argparse import ArgumentParser


def examples(one: ArgumentParser, *lines: str) -> None:
    """The examples at the end of a command's help, a line each."""
    one.epilog = "examples:\n" + "\n".join("  " + line for line in lines)


def many(one: ArgumentParser, name: str, metavar: str, text: str) -> None:
    """An option that may be repeated: a list, empty where it is not given."""
    one.add_argument(name, metavar=metavar, action="append", default=[], help=text)


def table(one: ArgumentParser) -> None:
    """The table to learn from."""
    one.add_argument("file", help="CSV (any dialect, gzip, zstd), Parquet, SQLite (my.db::table), or a table's address in a Datasette")


def effort(one: ArgumentParser) -> None:
    """How much is tried, and for how long."""
    one.add_argument("--effort", default="standard", help="glance, standard or thorough: how much is tried (default: standard)")
    one.add_argument("--time", metavar="TIME", help="a cap such as 60s, 10m or 1h30m")


def seed(one: ArgumentParser) -> None:
    """The start of every chance."""
    one.add_argument("--seed", type=int, default=0, help="same seed, same answer (default: 0)")


def progress(one: ArgumentParser) -> None:
    """How a long command tells where it is."""
    one.add_argument("--jsonl", action="store_true", help="progress as JSON lines on stderr, one an event, and no summary")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")


def outcome(one: ArgumentParser) -> None:
    """The result as JSON."""
    one.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")


def colour(one: ArgumentParser) -> None:
    """Of a picture of rows."""
    one.add_argument(
        "--colour", metavar="COL", help="the column that colours the picture first; none: its page holds no cells of the table"
    )


def looked_at(one: ArgumentParser) -> None:
    """A table or a run folder to look at."""
    one.add_argument("file", help="CSV, Parquet, my.db::table of SQLite, a table's address in a Datasette, or a run folder")


def columns(one: ArgumentParser) -> None:
    """How the columns of a table that is looked at are taken."""
    one.add_argument("-t", "--target", metavar="COL", help="also look for leaks towards this column")
    many(one, "--kind", "COL=KIND", "override the kind of a column")
    many(one, "--ignore", "COL", "leave a column out")


def without(one: ArgumentParser, name: str) -> None:
    """What all commands without a target have."""
    table(one)
    one.add_argument("--methods", metavar="A,B", help="only these (default: all)")
    many(one, "--ignore", "COL", "a column not to look at (may be repeated)")
    many(one, "--kind", "COL=KIND", "number, category, flag, date, text, identifier")
    effort(one)
    seed(one)
    outcome(one)
    progress(one)
    one.add_argument("-o", "--output", metavar="RUN", help=f"the run folder (default: FILE.{name}.etabli here)")
