"""What the readout learners share: the objective's constants, the constant feature, checks, the taught model.

Every readout learner minimises  |X W + 1 b - Y|^2 + penalty |W|^2 + BIAS_SHARE penalty |b|^2 , sums over rows. The bias
is one more feature, the last, that is always 1; its penalty is there only to keep the problem well posed.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from ..model import Readout
from ..types import Array

BIAS_SHARE = 1e-4  # the bias' penalty, as a share of the weights'


def augmented(features: Array) -> Array:
    """[x, 1] in float64: (*batch, features + 1)."""
    x = np.asarray(features)
    out = np.empty((*x.shape[:-1], x.shape[-1] + 1))
    out[..., :-1] = x
    out[..., -1] = 1.0
    return out


def penalties(features: int, penalty: float) -> Array:
    """The penalty of each coordinate of [W; b]: (features + 1,)."""
    each = np.full(features + 1, float(penalty))
    each[-1] *= BIAS_SHARE
    return each


def stacked(readout: Readout) -> Array:
    """[W; b] as a float64 array of its own: (features + 1, outputs)."""
    return np.concatenate([np.asarray(readout.weights, np.float64), np.asarray(readout.bias, np.float64)[None]])


def taught(untaught: Any, w: Array) -> Any:
    """The model with the readout [W; b], whose arrays are views of `w`.

    Asked for at every tick of a Live, where a learner that moves `w` in place is given the model made before.
    """
    made = getattr(untaught, "_taught", None)
    if made is not None and made[0] is w:
        return made[1]
    model = replace(untaught, readout=Readout(w[:-1], w[-1]))
    if hasattr(untaught, "__dict__"):
        vars(untaught)["_taught"] = w, model  # no field, so neither copied nor saved
    return model


def labels(y: Array, features: Array, w: Array) -> Array:
    """`y` as contiguous float64 (*batch, outputs), one row for each row of features, which must fit w."""
    y = np.ascontiguousarray(y, np.float64)
    shape = features.shape
    if y.shape != shape[:-1] + w.shape[1:] or shape[-1] != len(w) - 1:
        d, m = w.shape
        raise ValueError(
            f"y is {y.shape} and the features are {shape}, wanted (*batch, {m}) and (*batch, {d - 1}); "
            "y is NaN where a target is not known"
        )
    return y


def refuse_infinite(y: Array) -> None:
    """Raise ValueError naming row and output of the first infinite target, or of one too large to be squared."""
    rows = np.reshape(y, (-1, np.shape(y)[-1]))
    with np.errstate(over="ignore"):
        bad = np.argwhere(np.isinf(rows * rows))
    if len(bad):
        row, output = bad[0]
        raise ValueError(
            f"the target of output {output} is {rows[row, output]} (row {row}); pass NaN for a target that is not known"
        )


def positive(name: str, value: float, unit: str = "") -> None:
    """Raise ValueError unless the setting is a finite number above zero."""
    if not 0 < value < inf:
        raise ValueError(f"{name} is {value!r}, wanted a finite number above 0{unit}")
