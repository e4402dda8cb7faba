"""The options of the commands that tell of établi itself."""

from __future__ import annotations

from argparse import ArgumentParser

from etabli.arguments.shared import examples


def families(one: ArgumentParser) -> None:
    """The options of `etabli families`."""
    examples(
        one,
        "etabli families",
        "etabli families --job cluster",
    )
    one.add_argument("--job", choices=("fit", "cluster", "map", "anomalies"), default="fit", help="those of that command (default: fit)")
    one.add_argument("--json", action="store_true", help="as JSON")
    one.add_argument("--check", metavar="PACKAGE", help="hold the families of an installed package to the contract")


def completion(one: ArgumentParser) -> None:
    """The options of `etabli completion`."""
    examples(
        one,
        'eval "$(etabli completion bash)"',
    )
    one.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to write it for")


def man(one: ArgumentParser) -> None:
    """The options of `etabli man`."""
    examples(
        one,
        "etabli man",
        "etabli man --roff > etabli.1",
    )
    one.add_argument("--roff", action="store_true", help="as roff on the standard output, for man and mandoc")
