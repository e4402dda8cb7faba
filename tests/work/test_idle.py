"""An accelerator that stands idle is told of, and only then."""

import tomllib
from pathlib import Path

import pytest

from etabli.families import families
from etabli.work.idle import idle

NETS = {"tabm": families()["tabm"], "ridge": families()["ridge"]}
H200 = ("NVIDIA H200", "NVIDIA H200")


def modules(*names: str):
    """What a machine with these modules finds."""
    return lambda name: object() if name in names else None


def test_an_accelerator_without_its_plugin_is_told_of():
    (finding,) = idle(NETS, "regression", H200, modules("jax"))
    assert (finding.code, finding.level) == ("accelerator", "note")
    assert "NVIDIA H200)" in finding.text["en"] and finding.evidence["families"] == ["tabm"]
    extra = finding.cure["en"].split("'")[1].removeprefix("etabli[").removesuffix("]")
    offered = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert offered[extra] and extra in finding.cure["fr"]


@pytest.mark.parametrize(
    ("chosen", "accelerators", "found"),
    [
        (NETS, (), modules("jax")),  # nothing to use
        (NETS, H200, modules("jax", "jax_plugins")),  # it is used
        (NETS, H200, modules()),  # no networks here
        ({"ridge": NETS["ridge"]}, H200, modules("jax")),  # none asked for
    ],
)
def test_nothing_is_said_otherwise(chosen, accelerators, found):
    assert idle(chosen, "regression", accelerators, found) == []
