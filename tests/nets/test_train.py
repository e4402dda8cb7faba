"""One loop trains every network: the same bits alone or beside others, and after a kill."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etabli.families.tabm import Tabm, network
from etabli.nets import device, kept, live, room
from etabli.nets.block import Block, Chain, trained
from etabli.nets.blocks.dense import Dense, Dropout, Relu
from etabli.nets.device import jax
from etabli.nets.loss import Same, Squared
from etabli.nets.train import Learned, Lesson, Plan, _traced, ladder, split, train
from etabli.records import Facts

NETWORK = Chain((Dense(16), Relu(), Dropout(), Dense(1)))
PLAN = Plan(batch=64, epochs=12, patience=4)


def lessons(count: int, rate: float = 2e-2) -> list[Lesson]:
    x = np.random.default_rng(1).normal(size=(200, 4))
    return [
        Lesson(x, np.sin(x[:, :1]), np.ones(200), split(200, seed), NETWORK.start(np.random.default_rng(seed), (4,))[0], seed, rate)
        for seed in range(count)
    ]


def never() -> bool:
    return False


def same(one: Learned, two: Learned) -> bool:
    return (
        one.best == two.best
        and np.array_equal(one.curve, two.curve)
        and all(np.array_equal(one.weights[n], two.weights[n]) for n in one.weights)
    )


def test_the_same_lesson_is_learned_to_the_same_bits_alone_or_beside_others_on_any_number_of_threads() -> None:
    made = lessons(3)
    alone = train(NETWORK, Same(), made[1:2], PLAN, never)[0]
    beside = train(NETWORK, Same(), made, PLAN, never, threads=2)[1]
    assert same(alone, beside)


def test_rows_are_padded_a_little_and_held_rows_are_shared_out_by_class() -> None:
    for rows in (1, 33, 100, 1_000, 12_345, 200_001):
        assert rows <= ladder(rows) <= max(32, 1.125 * rows + 1)
    y = np.repeat([0, 1, 2], [50, 30, 10])
    held = split(90, 3, y)
    assert [int(held[y == k].sum()) for k in range(3)] == [10, 6, 2]


def test_copies_and_rows_of_one_group_are_held_together() -> None:
    units = np.random.default_rng(0).integers(0, 40, 300)
    held = split(300, 1, units=units)
    assert 40 <= held.sum() <= 60 and not set(units[held]) & set(units[~held])
    assert np.array_equal(split(300, 1, units=np.random.default_rng(0).permutation(300)), split(300, 1))  # nothing is together: as without
    large = split(300, 1, units=np.repeat([0, 1, 2, 3], 75))  # a quarter each: one of them
    assert large.sum() == 75 and large.reshape(4, 75).all(axis=1).sum() == 1
    assert np.array_equal(split(300, 1, units=np.repeat([0, 1], 150)), split(300, 1))  # two halves: by rows, as nothing else is possible
    y = np.repeat([0, 1], [240, 60])
    both = split(300, 1, y, units=np.arange(300) // 3)
    assert [int(both[y == k].sum()) for k in (0, 1)] == [48, 12]


def test_side_by_side_on_an_accelerator_they_learn_the_same_to_single_precision() -> None:
    """On a CPU too, where it is not faster."""
    made = lessons(3)
    alone = train(NETWORK, Same(), made, PLAN, never)
    beside = train(NETWORK, Same(), made, PLAN, never, together=True)
    for one, two in zip(alone, beside, strict=True):
        assert np.allclose(one.curve, two.curve, atol=1e-4)
        assert one.best == two.best
        assert all(np.allclose(one.weights[name], two.weights[name], atol=1e-3) for name in one.weights)


def test_a_kill_loses_what_came_after_the_last_keeping_and_changes_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "EVERY", -1.0)
    whole = train(NETWORK, Same(), lessons(1), PLAN, never)[0]

    class Killed(Exception):
        pass

    seen = []

    def told(lesson: int, epoch: int, loss: float, score: float) -> None:
        seen.append(epoch)
        if epoch == 6 and seen.count(6) == 1:
            raise Killed

    with pytest.raises(Killed):
        train(NETWORK, Same(), lessons(1), PLAN, never, told=told, aside=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    again = train(NETWORK, Same(), lessons(1), PLAN, never, told=told, aside=tmp_path)[0]
    assert seen[:8] == [0, 1, 2, 3, 4, 5, 6, 6]  # the sixth was kept, the seventh is learned anew
    assert same(again, whole)
    assert list(tmp_path.iterdir()) == []


def test_another_training_does_not_find_it_and_a_damaged_file_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "EVERY", -1.0)
    first = kept.Kept(tmp_path, (NETWORK, Same(), PLAN, lessons(1)))
    assert kept.Kept(tmp_path, (NETWORK, Same(), PLAN, lessons(1))).path == first.path
    assert kept.Kept(tmp_path, (NETWORK, Same(), PLAN, lessons(1, rate=1e-2))).path != first.path
    first.path.write_bytes(b"PK no such thing")
    whole = train(NETWORK, Same(), lessons(1), PLAN, never)[0]
    assert same(train(NETWORK, Same(), lessons(1), PLAN, never, aside=tmp_path)[0], whole)


def test_a_loss_that_is_no_number_ends_the_lesson_with_the_best_before_it() -> None:
    made = train(NETWORK, Same(), lessons(1, rate=1e30), PLAN, never)[0]
    assert all(np.isfinite(value).all() for value in made.weights.values())
    assert len(made.curve) < PLAN.epochs


def test_whoever_watches_the_folder_sees_how_far_it_is_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.0)
    seen = []

    def stop() -> bool:
        seen.append(live.running(tmp_path))
        return False

    (learned,) = train(NETWORK, Same(), lessons(1), PLAN, stop, aside=tmp_path)
    assert [one[0]["epoch"] for one in seen] == list(range(1, len(learned.curve) + 1)) and seen[-1][0]["epochs"] == 12
    assert seen[-1][0]["held"] == learned.curve[:, 1].tolist()
    assert live.running(tmp_path) == [] == list(tmp_path.iterdir())


def test_no_more_go_side_by_side_than_the_memory_holds_and_that_changes_rounding_alone() -> None:
    made = lessons(3)
    each = room.size(NETWORK, made[0], ladder(160), ladder(40), 64)
    assert room.together(each, math.inf, 64) == 64 and room.together(each, 2.5 * each, 64) == 2 and room.together(each, 1, 64) == 1
    groups: list[set[int]] = []

    def told(lesson: int, epoch: int, loss: float, score: float) -> None:
        if epoch == 0:
            if not groups or len(groups[-1]) == 2:
                groups.append(set())
            groups[-1].add(lesson)

    whole = train(NETWORK, Same(), made, PLAN, never, together=True)
    two = train(NETWORK, Same(), made, PLAN, never, told=told, together=True, memory=2.5 * each)
    assert groups == [{0, 1}, {2}]
    for one, other in zip(whole, two, strict=True):
        assert one.best == other.best and np.allclose(one.curve, other.curve, atol=1e-4)
        assert all(np.allclose(one.weights[name], other.weights[name], atol=1e-3) for name in one.weights)


def test_a_group_that_does_not_fit_after_all_is_halved_until_it_does() -> None:
    """XLA's own error: more memory is asked of it than there is."""
    made, tried = lessons(3), []

    def told(lesson: int, epoch: int, loss: float, score: float) -> None:
        if epoch == 0:
            tried.append(lesson)
            if len(tried) in (1, 2):
                jax().numpy.zeros(2**47).block_until_ready()

    halved = train(NETWORK, Same(), made, PLAN, never, told=told, together=True)
    assert tried == [0, 0, 0, 1, 2]  # three, then two, then one and one; then the third
    alone = train(NETWORK, Same(), made, PLAN, never)
    assert all(same(one, other) for one, other in zip(halved, alone, strict=True))
    tried.clear()
    with pytest.raises(MemoryError, match="RESOURCE_EXHAUSTED"):
        train(NETWORK, Same(), made[:1], PLAN, never, told=told, together=True)


def arguments(chain: Block, start: dict[str, Any], rows: int, held: int) -> Any:
    """Shapes of what an epoch takes."""
    shape = jax().ShapeDtypeStruct
    weights = {name: shape(value.shape, np.float32) for name, value in start.items() if trained(name)}
    fixed = {name: shape(value.shape, np.float32) for name, value in start.items() if not trained(name)}
    tails = (("x", (4,)), ("y", (1,)), ("w", ()))
    arrays = {a + b: shape((n, *tail), np.float32) for a, n in (("", rows), ("v", held)) for b, tail in tails}
    hyper = {name: shape((), np.float32) for name in ("rate", "decay", "dropout")}
    return (weights, weights, weights, shape((), np.float32)), fixed, arrays, hyper, jax().random.key(0)


@pytest.mark.parametrize("place", [0, 3], ids=["tabm", "perceptron"])
def test_the_estimate_of_a_network_s_memory_is_of_the_order_of_xla_s_own(place: int) -> None:
    chain = network(Tabm().settings(Facts("regression", 2, 2_000, 4))[place].values, (0, 1, 2, 3), (), 1)
    x = np.random.default_rng(0).normal(size=(2_000, 4))
    lesson = Lesson(x, x[:, :1], np.ones(2_000), split(2_000, 0), chain.start(np.random.default_rng(0), (4,))[0])
    told = (
        _traced(chain, Squared(), 256, False, arguments(chain, dict(lesson.start), 1_664, 416), "float32")
        .lower()
        .compile()
        .memory_analysis()
    )
    own = told.argument_size_in_bytes + told.output_size_in_bytes + told.temp_size_in_bytes
    assert 0.7 <= room.size(chain, lesson, 1_664, 416, 256) / own <= 3


def test_the_precision_of_products_is_named_for_every_platform_and_reaches_each_of_them() -> None:
    assert [device.products(where) for where in ("cpu", "gpu", "tpu")] == ["float32", "tensorfloat32", "bfloat16"]
    assert (device.name(), device.products()) == ("CPU", "float32")
    given = arguments(NETWORK, dict(lessons(1)[0].start), 160, 64)
    for where, named in (("cpu", "HIGHEST"), ("gpu", "HIGH"), ("tpu", "DEFAULT")):  # as JAX calls them; HIGH is TF32 on a GPU
        steps = str(_traced(NETWORK, Same(), 64, False, given, device.products(where)).jaxpr)
        assert steps.count("= dot_general") == steps.count(f"precision=(Precision.{named}, Precision.{named})") > 4
