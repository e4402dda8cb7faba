"""The cap is kept whatever the machine does, and a time that cannot be read is refused with the right answer beside it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.errors import UsageError
from etabli.job.budget import EFFORTS, Budget, Clock, budget, parse_time, write_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("10m", 600),
        ("1h30m", 5400),
        ("1h30", 5400),
        ("1.5h", 5400),
        ("1,5 h", 5400),
        ("2d", 172800),
        (" 1H ", 3600),
        ("90min", 5400),
        (12.5, 12.5),
    ],
)
def test_times_as_people_write_them(text: str | float, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "taught"),
    [
        ("60", '"60s" for seconds, "60m" for minutes'),
        ("1:30:00", '"1h30m0s"'),
        ("10 minuets", 'did you mean "min"?'),
        ("5hh", "h"),
        ("30m1h", "the larger unit first"),
        ("1h1h", "the larger unit first"),
        ("5s3", "the larger unit first"),
        ("", "units are"),
        ("soon", "units are"),
        ("-5m", "units are"),
        ("0s", "leave --time away"),
        (0, "leave --time away"),
        (math.nan, "leave --time away"),
        (math.inf, "leave --time away"),
        ("1..5h", "units are"),
    ],
)
def test_other_times_are_refused_with_the_right_answer(text: str | float, taught: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_time(text)
    assert taught in str(caught.value)
    assert str(text) in str(caught.value)


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_a_usage_error(text: str) -> None:
    try:
        assert 0 < parse_time(text) < math.inf
    except UsageError as error:
        assert error.hint


@given(st.integers(min_value=1, max_value=10**7))
def test_a_written_time_is_read_back(seconds: int) -> None:
    assert parse_time(write_time(seconds)) == seconds


def test_budget_from_the_command_line() -> None:
    assert budget() == Budget("standard", None)
    assert budget("glance", "1m") == Budget("glance", 60.0)
    with pytest.raises(UsageError, match="glance, standard or thorough") as caught:
        budget("standart")
    assert '"standard"' in caught.value.hint


def test_more_effort_is_never_less_of_anything() -> None:
    glance, standard, thorough = (EFFORTS[name] for name in ("glance", "standard", "thorough"))
    for less, more in ((glance, standard), (standard, thorough)):
        assert less.folds <= more.folds
        assert less.candidates < more.candidates
        assert less.trees < more.trees
        assert less.patience < more.patience


def test_patience_grows_with_the_rows() -> None:
    standard = EFFORTS["standard"]
    assert [standard.without_gain(rows) for rows in (10, 100, 500, 2_500, 10_000, 100_000, 10**9)] == [4, 4, 8, 15, 40, 100, 100]
    steps = [standard.without_gain(rows) for rows in range(50, 200_000, 777)]
    assert steps == sorted(steps)
    assert EFFORTS["glance"].without_gain(10) == 2


class Hand:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_without_a_cap_everything_fits() -> None:
    clock = Clock()
    assert clock.fits(1e12)
    assert clock.left() == math.inf
    assert not clock.over()
    assert not clock.cut


def test_a_task_that_cannot_finish_is_not_begun() -> None:
    hand = Hand()
    clock = Clock(60.0, spent=5.0, now=hand)
    assert clock.left() == 55
    assert clock.fits(40)
    assert not clock.cut
    clock.reserve = 10
    assert clock.room() == 45
    assert not clock.fits(40)  # 40 times the margin is more than 45
    assert clock.cut
    hand.time += 46
    assert clock.over()
    assert clock.left() == 9  # the reserve is still there


def test_estimates_are_corrected_by_what_was_measured() -> None:
    clock = Clock(1000.0, now=Hand())
    assert clock.expected(10) == 10
    for _ in range(20):
        clock.learn(10, 30, "slow")
    assert clock.expected(10, "slow") == pytest.approx(30, rel=0.02)
    assert clock.expected(10, "other") == pytest.approx(30, rel=0.02)  # a busy machine is busy for every kind
    for _ in range(20):
        clock.learn(10, 10, "other")
    assert clock.expected(10, "other") == pytest.approx(10, rel=0.05)
    assert clock.expected(10, "slow") == pytest.approx(30, rel=0.05)


def test_small_tasks_say_little_about_large_ones() -> None:
    clock = Clock(1000.0, now=Hand())
    for _ in range(5):
        clock.learn(0.001, 0.1, "ridge")  # all of it is the cost of starting
    assert clock.expected(100, "ridge") < 250


@given(
    st.lists(st.tuples(st.floats(0.01, 30), st.floats(0.3, 4.0)), min_size=1, max_size=60),
    st.floats(min_value=5, max_value=200),
    st.floats(min_value=0.5, max_value=3.5),
)
def test_the_cap_holds_on_a_machine_of_any_speed(tasks: list[tuple[float, float]], cap: float, speed: float) -> None:
    """Tasks take speed times their estimate, give or take a fifth, after a first one that tells the speed: the end stays in time."""
    hand = Hand()
    clock = Clock(cap, now=hand)
    clock.learn(100, 100 * speed)  # the baseline and the first candidates
    clock.reserve = 3.0
    for work, noise in tasks:
        if clock.fits(work):
            took = work * speed * min(1.2, max(0.8, noise))
            hand.time += took
            clock.learn(work, took)
    assert clock.left() >= 3.0
