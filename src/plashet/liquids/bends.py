"""Functions of one number that a layer of a backbone may bend its sums with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import logistic, namespace, rectify
from ..types import Array


def lecun_tanh(x: Array) -> Array:
    """1.7159 tanh(0.666 x): about 1 at 1. LeCun et al. 1998, Efficient BackProp, with 2/3 as ncps rounds it."""
    return 1.7159 * namespace(x).tanh(0.666 * x)


def silu(x: Array) -> Array:
    return x * logistic(x)


def gelu(x: Array) -> Array:
    """x times the share of a normal distribution below x."""
    xp: Any = namespace(x)
    if xp is np:
        from scipy.special import ndtr  # here: most liquids need no SciPy

        return x * ndtr(x)
    return x * xp.special.ndtr(x)


BENDS: dict[str, Callable[[Array], Array]] = {
    "lecun_tanh": lecun_tanh,
    "tanh": lambda x: namespace(x).tanh(x),
    "relu": rectify,
    "silu": silu,
    "gelu": gelu,
}
