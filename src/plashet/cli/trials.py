"""How a recogniser is tried: which sequences are kept from it, and what it says of them beside what it must beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .faults import DataFault

MOST_GROUPS = 10  # left out one by one; of more, five parts of whole groups


@dataclass(frozen=True, eq=False)
class Trial:
    """Which sequences are kept from a recogniser in turn."""

    words: str
    groups: Any = None  # what is left out whole
    folds: int | None = None  # None: each group in turn
    test: Any = None  # (n,) true: taught the others once, asked for these


@dataclass(frozen=True, eq=False)
class Tried:
    """What came of a trial: classify.Validation by method, "liquid" and "no liquid" among them; which were asked."""

    by_method: Mapping[str, Any]
    asked: Any  # (m,) places of the sequences
    parts: tuple[str, ...]  # what was left out in each fold
    words: str


def trial(found: Any, folds: int | None, note: Callable[[str], None]) -> Trial:
    """The split that was given, else groups left out whole, else shares of each class. Refuses what cannot be tried."""
    counts = Counter(found.labels)
    if len(counts) < 2:
        only = next(iter(counts))
        raise DataFault(f"there is one class, {only!r}: wanted at least two", "a sub-folder for each class")
    if found.split is not None and folds is None:
        return _given(found)
    if found.groups is not None and len(set(found.groups)) > 1:
        return _grouped(found, folds, note)
    if found.groups is not None:
        note(f"all recordings are of one group, {found.groups[0]!r}: nothing is known of others")
    least = min(counts, key=lambda name: counts[name])
    wanted = folds or max(2, min(5, counts[least]))
    if counts[least] < wanted:
        said = f"class {least!r} has {_times(counts[least])}, but {wanted} parts need at least {wanted}"
        raise DataFault(said, "--folds 2" if counts[least] > 1 else f"more recordings of {least!r}")
    return Trial(f"{wanted} parts with a share of every class, each left out once", None, wanted)


def _given(found: Any) -> Trial:
    """The parts `train` and `test` of the split column."""
    unknown = sorted(set(found.split) - {"train", "test"})
    if unknown:
        raise DataFault(f"split says {unknown[0]!r}; wanted train or test", "--folds N leaves the split aside")
    test = np.asarray(found.split) == "test"
    taught = {label for label, out in zip(found.labels, test, strict=True) if not out}
    lacking = sorted(set(found.labels) - taught)
    if not test.any() or len(taught) < 2 or lacking:
        said = (
            "no recording is for testing" if not test.any() else f"no recording of {lacking or 'two classes'} is taught"
        )
        raise DataFault(f"the split cannot be used: {said}", "--folds N leaves the split aside")
    words = f"the split that was given: {(~test).sum():,} taught, {test.sum():,} asked"
    groups = None if found.groups is None or len(set(found.groups)) < 2 else list(found.groups)
    return Trial(words, groups, None, test)


def _grouped(found: Any, folds: int | None, note: Callable[[str], None]) -> Trial:
    groups = sorted(set(found.groups))
    for name in found.classes:
        within = {g for g, label in zip(found.groups, found.labels, strict=True) if label == name}
        if len(within) == 1:
            note(f"class {name!r} is heard in group {within.pop()!r} alone: it cannot be recognised without that one")
    if folds is not None and folds > len(groups):
        said = f"--folds {folds} of whole groups, but there are {len(groups)} groups"
        raise DataFault(said, f"--folds {len(groups)}")
    if folds is None and len(groups) <= MOST_GROUPS:
        return Trial(f"each of {len(groups)} groups left out whole in turn", list(found.groups))
    parts = folds or 5
    return Trial(f"{parts} parts of whole groups ({len(groups)} groups), each left out once", list(found.groups), parts)


def run_trial(
    fit: Callable[..., Any],
    sequences: Sequence[Any],
    labels: Sequence[Any],
    how: Trial,
    seed: int,
    rivals: Mapping[str, Callable[..., Any]] | None = None,
) -> Tried:
    """The trial of "liquid" (fit), of "no liquid", of further rivals and of the majority class, on the same parts."""
    from functools import partial

    from ..cells import Pass
    from ..classify import Majority, cross_validate

    fits: dict[str, Callable[..., Any]] = {"liquid": fit, "no liquid": partial(fit, liquid=Pass)}
    fits |= {**(rivals or {}), "majority class": lambda taught, names, groups=None: Majority(names)}
    if how.test is not None:
        tried = {name: _held_out(one, sequences, labels, how) for name, one in fits.items()}
        return Tried(tried, np.flatnonzero(how.test), ("test",), how.words)
    settings = {"groups": how.groups, "folds": how.folds, "seed": seed}
    tried = {name: cross_validate(one, sequences, labels, **settings) for name, one in fits.items()}
    return Tried(tried, np.arange(len(labels)), _names(tried["liquid"], how), how.words)


def _held_out(fit: Callable[..., Any], sequences: Sequence[Any], labels: Sequence[Any], how: Trial) -> Any:
    """One fold: taught what is not for testing."""
    from ..classify import Validation

    given = np.asarray(labels)
    taught, asked = (np.flatnonzero(how.test == out).tolist() for out in (False, True))
    within = None if how.groups is None else np.asarray(how.groups)[taught]
    within = None if within is None or len(set(within.tolist())) < 2 else within
    model = fit([sequences[i] for i in taught], given[taught], groups=within)
    guesses = model.predict([sequences[i] for i in asked])
    classes = tuple(np.unique(given).tolist())
    return Validation(classes, given[asked], guesses, np.zeros(len(asked), np.int64))


def _names(one: Any, how: Trial) -> tuple[str, ...]:
    """What was left out: the groups of each part, or its number."""
    folds = range(len(one.by_fold))
    if how.groups is None:
        return tuple(f"part {k + 1}" for k in folds)
    known = np.asarray(how.groups)
    return tuple(", ".join(sorted(set(known[one.fold == k].tolist()))) for k in folds)


def _times(count: int) -> str:
    return f"{count} recording{'' if count == 1 else 's'}"
