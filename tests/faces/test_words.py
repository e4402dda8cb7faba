"""Words and numbers: both languages complete, nothing harmful passes, digits as the interval supports."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import etabli.faces
from etabli.errors import UsageError
from etabli.faces.words import JOINER, LANGUAGES, cell, language, pick, plain, say, vocabulary
from etabli.faces.words.numbers import count, decimals, duration, number, share, signed

FACES = Path(etabli.faces.__file__).parent


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_fields():
    english, french = (vocabulary(lang) for lang in LANGUAGES)
    assert set(english) == set(french)
    for key in english:
        allowed = _fields(vocabulary("en")[key.removesuffix(".one")])  # "1 label differs" need not repeat the count
        if key.endswith(".one"):
            assert _fields(english[key]) <= allowed and _fields(french[key]) <= allowed, key
        else:
            assert _fields(english[key]) == _fields(french[key]), key
        assert english[key].strip() and french[key].strip(), key


def test_every_key_in_use_exists():
    used = set()
    for path in [*FACES.rglob("*.py"), *FACES.rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"""\b(?:say|t)\(\s*"([a-z.]+)\"""", text)) | set(re.findall(r'"((?:limit|tile|error)\.[a-z]+)"', text))
    assert len(used) > 80
    assert not {key for key in used if key not in vocabulary("en") and not key.endswith(".")}


@pytest.mark.parametrize(
    ("asked", "environ", "expected"),
    [
        ("fr", {}, "fr"),
        ("EN", {"LANG": "fr_FR.UTF-8"}, "en"),
        (None, {"LC_ALL": "fr_CA", "LANG": "en_US"}, "fr"),
        (None, {"LC_ALL": "", "LANG": "fr_FR"}, "fr"),
        (None, {"LANG": "C"}, "en"),
        (None, {"LANG": "de_DE"}, "en"),
        (None, {}, "en"),
    ],
)
def test_language(asked, environ, expected):
    assert language(asked, environ) == expected


def test_an_unknown_language_is_a_usage_error():
    with pytest.raises(UsageError) as caught:
        language("klingon")
    assert "klingon" in caught.value.got


def test_plural_and_french_spacing():
    assert say("tile.labels", "en", n=0, count="0").endswith("labels differ")
    assert say("tile.labels", "en", n=1, count="1") == "1 label differs"
    assert say("tile.labels", "fr", n=0, count="0") == "0 étiquette diffère"
    assert say("head.proof", "fr").endswith("\u00a0?")
    assert "’" in say("head.coverage", "fr")


def test_values_are_not_formats():
    assert say("live.dropped", "en", name="{name}{0}") == "dropped early: {name}{0}"
    with pytest.raises(KeyError):
        say("no.such.key")


@given(st.text())
def test_plain_is_one_harmless_line(text):
    shown = plain(text)
    assert "\x1b" not in shown and "\n" not in shown and "\u202e" not in shown
    shown.encode("utf-8")
    assert len(plain(text, 20)) <= 20
    assert plain(shown) == shown


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3"])
def test_a_formula_stays_text(text):
    assert cell(text) == JOINER + text


@pytest.mark.parametrize("text", ["-1", "+1.5", "-1e-3", "a=b", ""])
def test_a_number_stays_as_it_is(text):
    assert cell(text) == text


def test_pick():
    assert pick({"en": "a", "fr": "b"}, "fr") == "b"
    assert pick({"en": "a"}, "fr") == "a"
    assert (pick("same", "fr"), pick(None), pick({})) == ("same", "", "")


@pytest.mark.parametrize(
    ("low", "high", "value", "shown"),
    [(0.272, 0.296, 0.28412, "0.284"), (0.31, 0.35, 0.3312, "0.33"), (4300, 4740, 4521.3, "4,500"), (0.0212, 0.0719, 0.0431, "0.04")],
)
def test_no_more_digits_than_the_interval_supports(low, high, value, shown):
    assert number(value, "en", decimals(low, high, value)) == shown


def test_numbers_by_language():
    assert (count(48842), count(48842, "fr"), count(None)) == ("48,842", "48\u202f842", "–")
    assert (number(-0.28, "en", 2), number(0.28, "fr", 2)) == ("−0.28", "0,28")
    assert number(1.11e-16) == "1.1 × 10⁻¹⁶"
    assert number(-0.0001, places=2) == "0.00"
    assert (number(float("nan")), number("x"), number(True)) == ("–", "–", "–")
    assert (signed(0.5, places=1), signed(-0.5, places=1), signed(0.00003, places=3)) == ("+0.5", "−0.5", "0.000")
    assert share(0.902) == "90.2\u00a0%"
    assert [duration(s) for s in (0.01, 5, 12.4, 200, 7500, None)] == [
        "<\xa00.1\xa0s",
        "5.0\xa0s",
        "12\xa0s",
        "3\xa0min\xa020\xa0s",
        "2\xa0h\xa005\xa0min",
        "–",
    ]


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(), st.floats())
def test_numbers_never_fail(value, low, high):
    places = decimals(low, high, value)
    for lang in LANGUAGES:
        assert number(value, lang, places) and signed(value, lang, places) and count(value, lang) and duration(value, lang)


def test_a_candidates_name_is_its_family_in_words_and_its_setting():
    from etabli.faces.words.candidates import bracketed, named, titled, together
    from etabli.families import family
    from etabli.records import Facts

    network = "tabm 8 members, 3 × 128 (rank, one-hot)"
    assert titled(network, "en") == ("neural network", "8 members, 3 × 128 (rank, one-hot)")
    assert (
        bracketed(network, "en", 90) == "neural network (8 members, 3 × 128; rank, one-hot)"
        and bracketed("ols (scaled)", "en", 90) == "linear regression (scaled)"
    )
    assert named(network, "fr") == "réseau de neurones 8 membres, 3 × 128 (rangs, indicatrices)"
    assert named("lightgbm RF-1, 100 trees", "fr") == "LightGBM RF-1, 100 arbres"
    assert named("combination of 3", "fr") == "combinaison de 3" and titled("mine a=1", "en") == ("mine", "a=1")
    ridges = ["ridge penalty=0.1 (scaled, one-hot)", "ridge penalty=0.1 (rank, one-hot)", "ridge penalty=1 (rank, one-hot, map 3)"]
    assert together(ridges, "en", 60)[0] == "ridge regression penalty=0.1 (scaled, one-hot)"
    first, second, third = together(ridges, "en", 35)  # two differ in nothing else, so it stays
    assert "…" in first and first != second and third == "ridge regression penalty=1 (map 3)"
    assert together([network], "en", 36) == ["neural network 8 members, 3 × 128"]
    for task in ("binary", "multiclass", "regression"):  # the shipped ones are told apart
        names = [one.name for one in family("tabm").settings(Facts(task, 3, 2_000, 9))]
        assert len(set(names)) == len(names) and not any("=" in name for name in names)


def test_families_that_have_no_line_are_told_with_the_reason():
    from etabli.faces.report.left import left

    late, beaten = "no time left for it", "cannot win (bootstrap on the folds so far)"
    gone = [("tabm 8 members, 3 × 128", late), ("lda a=1", beaten), ("lda a=2", late), ("tree a=1", beaten)]
    result = {
        "task": "binary",
        "leaderboard": [{"name": "tree a=2", "family": "tree"}, {"name": "combination", "family": "combination"}],
        "dropped": [{"name": name, "reason": reason, "late": reason == late} for name, reason in gone],
        "rounds": [{"families": ["tree", "lda", "tabm", "ridge", "hierarchical"]}],
    }
    assert left(result, "en") == [
        "Left early, since none of it could win: discriminant analysis.",
        "No time was left for: neural network.",
        "Had nothing to try on this table: hierarchical model.",  # ridge is told by a finding: it is for numbers
    ]
    assert len(left(result, "fr")) == 3 and left({"leaderboard": [], "dropped": [], "rounds": [{"families": []}]}, "en") == []


def test_every_reason_of_a_columns_kind_is_said_in_french():
    from etabli.data import columns
    from etabli.faces.words.reasons import reason

    source = Path(columns.__file__).read_text(encoding="utf-8")
    made = re.findall(r'return "\w+", f?"([^"]+)"(?: if [^"]+ else "([^"]+)")?', source)
    said = [re.sub(r"\{[^}]+\}", "7", text) for pair in made for text in pair if text]
    said += ["numbers, 7 different (codes? --kind NAME=category)"]
    assert len(said) > 15
    for text in said:
        assert reason(text, "fr") != text and reason(text, "en") == text, text
    assert reason("as you said", "fr") == "as you said"
    assert reason("combination of 3", "fr") == "combinaison de 3" and reason("fifth 5 of the prediction", "fr").startswith("le cinquième")
