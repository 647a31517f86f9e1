"""Sequences scaled input by input, which scikit-learn's own scalers refuse to do."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..sequences import scale_of
from ..types import Array
from .door import sequences_in


class SequenceScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """(u - mean_) / scale_ for each input, over all ticks of all sequences: to mean 0 and spread 1.

    X: (n, time, inputs), (n, time) of one input, or a list of (time_i, inputs); what comes out has the same shape. NaN
    (not observed) stays NaN. An input that never changes keeps its spread.

    Fitted: mean_ (inputs,), scale_ (inputs,), n_features_in_.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any = None) -> SequenceScaler:
        """Mean and standard deviation of each input."""
        found = scale_of(sequences_in(self, X, reset=True))
        self.mean_, self.scale_ = found.center, found.spread
        return self

    def transform(self, X: Any) -> Any:
        """The sequences scaled: an array for an array, a list for a list."""
        return self._mapped(X, lambda u, mean, spread: (u - mean) / spread)

    def inverse_transform(self, X: Any) -> Any:
        """The sequences as they were."""
        return self._mapped(X, lambda u, mean, spread: u * spread + mean)

    def _mapped(self, X: Any, change: Any) -> Any:
        check_is_fitted(self)
        sequences = sequences_in(self, X, reset=False)
        return (
            [self._one(u, change) for u in sequences] if isinstance(sequences, list) else self._one(sequences, change)
        )

    def _one(self, u: Array, change: Any) -> Array:
        table = len(self.mean_) == 1  # (n, time): the last axis is time, not inputs
        mean, spread = (a.astype(u.dtype) if not table else u.dtype.type(a[0]) for a in (self.mean_, self.scale_))
        return np.asarray(change(u, mean, spread), u.dtype)
