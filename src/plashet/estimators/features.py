"""A liquid's outputs as features for whatever comes next in a Pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..run import run
from ..sequences import sequence_model
from ..types import Array
from .defaults import liquid_for
from .door import sequences_in


class LiquidFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What a liquid makes of its input: a transformer.

    Without `pooling`, X (time, inputs) is one series, its rows are ticks in order, and the output is the liquid's at
    every tick, (time, outputs); each call begins at rest. So a row's features depend on the rows before it, and a
    shuffled cross-validation means nothing: use contiguous folds (TimeSeriesSplit).

    With `pooling`, such as Segments(5) of plashet.sequences, a row of X is a whole sequence: (n, time), (n, time,
    inputs) or a list of (time_i, inputs); and the output is one row of features for each.

    liquid: a Cell, rate or spiking, or a rule from the number of inputs to one; None: 300 leaky units of many time
    constants beside the input.   dt [s]: a tick.   scale: inputs to mean 0 and spread 1, as in `fit`.
    NaN is a missing value. The states of spiking liquids are drawn anew from their seed, so a transform repeats.

    Fitted: n_features_in_, liquid_ (the Cell driven, behind its scale). set_output("pandas") keeps the index.
    """

    def __init__(
        self, liquid: Any = None, *, pooling: Any = None, dt: float = 1.0, scale: bool = True, seed: int = 0
    ) -> None:
        self.liquid = liquid
        self.pooling = pooling
        self.dt = dt
        self.scale = scale
        self.seed = seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = self.pooling is not None
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any = None) -> LiquidFeatures:
        """Draw the liquid if none was given, and take the scale of the inputs. Nothing else is learnt."""
        if not self.dt > 0:
            raise ValueError(f"dt is {self.dt}, wanted the seconds of a tick, above 0")
        given = [self._series(X, reset=True)] if self.pooling is None else sequences_in(self, X, reset=True)
        ticks = float(np.median([len(u) for u in given]))
        ticks = min(ticks, 200.0) if self.pooling is None else ticks  # a series has no length of its own
        liquid = liquid_for(self.liquid, ticks, self.dt, self.seed)
        pooling = {} if self.pooling is None else {"pooling": self.pooling}
        self._model = sequence_model(given, liquid=liquid, dt=self.dt, scale=self.scale, **pooling)
        self.liquid_ = self._model.liquid
        rows = 1 if self.pooling is None else self.pooling.rows
        self._n_features_out = rows * self.liquid_.outputs
        return self

    def transform(self, X: Any) -> Array:
        """(time, outputs), or with pooling (n, pooling.rows * outputs)."""
        check_is_fitted(self)
        if self.pooling is not None:
            return self._model.features(sequences_in(self, X, reset=False))
        u = self._series(X, reset=False)
        return np.asarray(run(self.liquid_, u, self.dt)[0])

    def _series(self, X: Any, reset: bool) -> Array:
        if getattr(X, "ndim", 0) == 3 or (isinstance(X, list | tuple) and len(X) and getattr(X[0], "ndim", 0) == 2):
            raise ValueError(
                "found array with dim 3, or a list of arrays: without pooling X is one series (time, inputs); for a "
                "row of features for each sequence give pooling=plashet.sequences.Segments(5)"
            )
        lenient: dict[str, Any] = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
        return np.asarray(validate_data(self, X, reset=reset, **lenient))
