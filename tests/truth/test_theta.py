"""What learning may change as one vector: there and back, and positive parameters by the chain rule."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from plashet.learn.theta import LEAST, packing


@dataclass(frozen=True, eq=False)
class Part:
    w: np.ndarray
    tau: np.ndarray
    fixed: np.ndarray
    parameters: ClassVar[tuple[str, ...]] = ("w", "tau")
    positive: ClassVar[tuple[str, ...]] = ("tau",)


@dataclass(frozen=True, eq=False)
class Whole:
    parts: tuple
    readout: Part


def part(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return Part(rng.normal(size=(2, 3)).astype(dtype), rng.uniform(0.1, 30, 4).astype(dtype), np.arange(3))


WHOLE = Whole((part(0), part(1, np.float32)), part(2))


def test_a_model_is_its_vector_and_the_vector_the_model():
    packed = packing(WHOLE)
    assert packed.paths == ("parts.0.w", "parts.0.tau", "parts.1.w", "parts.1.tau", "readout.w", "readout.tau")
    assert packed.size == 30
    again = packed.put(WHOLE, packed.of(WHOLE))
    for old, new in zip((*WHOLE.parts, WHOLE.readout), (*again.parts, again.readout), strict=True):
        assert new.w.dtype == old.w.dtype
        assert np.array_equal(new.w, old.w)
        assert new.fixed is old.fixed
        np.testing.assert_allclose(new.tau, old.tau, rtol=1e-14 if old.tau.dtype == np.float64 else 1e-7)


def test_what_lies_elsewhere_is_left_out():
    assert packing(WHOLE, without="readout.").paths == ("parts.0.w", "parts.0.tau", "parts.1.w", "parts.1.tau")


def test_slopes_follow_the_chain_rule():
    packed = packing(WHOLE)
    raw, push = packed.of(WHOLE), np.random.default_rng(3).normal(size=30)
    loss = lambda r: push @ packed.effective(r) ** 2
    slopes = packed.chain(raw, 2 * push * packed.effective(raw))
    for k in range(30):
        step = np.zeros(30)
        step[k] = 1e-6
        assert slopes[k] == pytest.approx((loss(raw + step) - loss(raw - step)) / 2e-6, rel=1e-6, abs=1e-6)


def test_any_raw_vector_makes_positive_parameters():
    packed = packing(WHOLE)
    for far in (-600.0, 600.0):
        effective = packed.effective(np.full(30, far))
        assert (effective[packed.bounded] > 0).all()
        assert np.isfinite(packed.chain(np.full(30, far), np.ones(30))).all()


def test_zero_counts_as_the_least_and_less_is_refused_by_name():
    none = Part(WHOLE.readout.w, np.array([0.0, 1.0, 2.0, 3.0]), WHOLE.readout.fixed)
    packed = packing(none)
    assert packed.put(none, packed.of(none)).tau[0] == pytest.approx(LEAST)
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="tau must be positive"):
            packed.of(Part(none.w, np.array([1.0, bad, 1.0, 1.0]), none.fixed))


def test_named_arrays_lie_in_the_order_of_their_paths():
    packed = packing(WHOLE)
    flat = np.arange(30.0)
    assert np.array_equal(packed.flat(packed.named(flat)), flat)
    assert packed.named(flat)["parts.1.tau"].tolist() == [16.0, 17.0, 18.0, 19.0]
    with pytest.raises(KeyError):
        packed.flat({"parts.0.w": np.zeros((2, 3))})
