"""Numbers, names and times in the words that a reader expects: one place, so that table, page and terminal agree."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

_NAMES = {
    "plashet": "plashet",
    "persistence": "persistence",
    "daily_naive": "day before",
    "weekly_naive": "week before",
    "yearly_naive": "year before",
    "ridge_on_lags": "ridge on lags, trained once",
    "lags_refit_daily": "ridge on lags, refit daily",
    "ewma": "EWMA",
}


def name(key: str) -> str:
    """The reader's name of a method: `weekly_naive` -> `week before`."""
    return _NAMES.get(key, key.replace("_", " "))


def retold(text: str) -> str:
    """A text of the forecaster's with methods called as in the tables: `daily naive` -> `day before`."""
    known = {key.replace("_", " "): said for key, said in _NAMES.items() if key != "plashet"}
    return re.sub(r"\b(" + "|".join(sorted(known, key=len, reverse=True)) + r")\b", lambda m: known[m.group()], text)


def number(value: float | None, digits: int = 3) -> str:
    """At least `digits` significant digits, thousands separated, never in powers of ten for everyday sizes.

    >>> number(1548.2), number(75.63), number(1.2241), number(-0.00012345), number(float("nan"))
    ('1,548', '75.6', '1.22', '−0.000123', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e9 or size < 1e-5:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{value:,.{decimals}f}".replace("-", "−")


def percent(share: float | None, decimals: int = 1) -> str:
    """0.8123 -> `81.2 %`."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.{decimals}f} %".replace("-", "−")


def count(value: int) -> str:
    """2400 -> `2,400`."""
    return f"{value:,d}"


def size(bytes_: int) -> str:
    """33511 -> `33 kB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if bytes_ >= factor:
            return f"{bytes_ / factor:.3g} {unit}"
    return f"{bytes_} bytes"


def stamp(time: Any) -> str:
    """A datetime64 as `2012-05-29 23:00` (seconds only where there are any); anything else as it is."""
    time = np.asarray(time)
    if time.dtype.kind != "M":
        return str(time)
    if np.isnat(time):
        return "–"
    text = str(time.astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(":00")


def stamps(times: Any) -> list[str]:
    """Many of them in one form: `2012-05-29` where all are midnights, else with the clock."""
    texts = [stamp(t) for t in np.asarray(times)]
    if all(t.endswith(" 00:00") for t in texts):
        return [t.removesuffix(" 00:00") for t in texts]
    return texts


def step(seconds: float) -> tuple[str, str]:
    """The name of one step and of many, for steps of so many seconds: (`hour`, `hours`)."""
    named = {60: "minute", 1800: "half-hour", 3600: "hour", 86400: "day", 604800: "week"}
    word = named.get(round(seconds), "step")
    return word, word + "s"
