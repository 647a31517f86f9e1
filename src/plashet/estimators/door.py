"""What scikit-learn's users bring: arrays, tables and ragged lists; checked, and named as scikit-learn names them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ..sequences import series_list
from ..sequences.shape import heard


def is_ragged(X: Any) -> bool:
    """Whether X is a list (or an array of objects) of arrays, one for each sequence; equal rows are a table."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and np.ndim(X[0]) > 0
    if not isinstance(X, list | tuple) or not len(X):
        return False
    if isinstance(X[0], list | tuple):
        return len({len(row) for row in X}) > 1 or isinstance(X[0][0] if X[0] else 0, list | tuple)
    return len(getattr(X[0], "shape", ())) > 0


def sequences_in(estimator: Any, X: Any, *, reset: bool, front: Any = None) -> Any:
    """The sequences of X, one a row: (n, time), (n, time, inputs) or a ragged list; NaN passes, infinity does not.

    `n_features_in_` becomes the number of columns of a table, else the number of inputs; ValueError if it is another
    when the estimator has been fitted. With a front end the sequences are what that takes.
    """
    if front is not None:
        listed = series_list(X)
        if not len(listed):
            raise ValueError("found no sequences (0 samples), wanted at least one")
        return listed
    if is_ragged(X):
        listed = series_list(X)
        return _same_width(estimator, [heard(listed, i) for i in range(len(listed))], reset)
    if getattr(X, "ndim", 0) == 3:
        return _same_width(estimator, check_array(X, allow_nd=True, **_LENIENT), reset)
    return validate_data(estimator, X, reset=reset, **_LENIENT)


_LENIENT: dict[str, Any] = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}


def _same_width(estimator: Any, sequences: Any, reset: bool) -> Any:
    """Sequences all of one number of inputs, the same as in fit; there columns of a table are not meant."""
    widths = {int(u.shape[1]) for u in sequences}
    if len(widths) != 1:
        raise ValueError(f"the sequences have {sorted(widths)} inputs, wanted the same number in all")
    (width,) = widths
    if reset:
        estimator.n_features_in_ = width
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    return sequences
