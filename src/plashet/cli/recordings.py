"""Recordings for a command: read, heard and checked, with the faults of a folder of sound in plain words."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import DataFault, UsageFault, nearest

MOST_GROUPS = 10  # left out one by one; of more, five parts of whole groups


@dataclass(frozen=True, eq=False)
class Heard:
    """What is known of a folder: its recordings, how long each is, their frames, and a digest of the files."""

    recordings: Any
    frames: list[Any]  # (time_i, features) of each
    seconds: list[float]
    rate: int
    digest: str

    @property
    def labels(self) -> list[str]:
        return list(self.recordings.labels)


@contextmanager
def sound_door(remedy: str = "") -> Iterator[None]:
    """What the library says of a sound that cannot be had, as a fault of the data."""
    from ..data.sound import RateError, SoundError

    try:
        yield
    except RateError as error:
        said = f"{error.path} has {error.rate} samples per second, expected {error.wanted} as in the others"
        raise DataFault(said, f"--rate {min(error.rate, error.wanted)}") from None
    except SoundError as error:
        raise DataFault(str(error), remedy) from None


def find(data: str, names: str | None) -> Any:
    """The recordings of a folder or manifest; what is not there is wrong usage, what does not fit is bad data."""
    from ..data import recordings

    path = Path(data)
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, beside, str(path.parent / "{}"))
        raise UsageFault(f"there is no folder or manifest {data}", near or "a folder with a sub-folder per class")
    with sound_door():
        return recordings(path, names)


def hear(found: Any, rate: int | None, front_of: Callable[[int], Any], moved: Callable[[int], None]) -> Heard:
    """Read every file once and keep its frames, so many at a time as there are cores; samples are not kept.

    rate: resample to it; None: the rate of the first file, which all must have.
    """
    from ..data import read_sound, resampled
    from ..data.sound import RateError
    from ..threads import each

    with sound_door():
        wanted = rate if rate is not None else found[0].rate
        front, done = front_of(wanted), Counter[str]()

        def one(path: Any) -> tuple[Any, float, bytes]:
            sound = read_sound(path)
            if rate is None and sound.rate != wanted:
                raise RateError(path, sound.rate, wanted)
            sound = resampled(sound, wanted)
            done["files"] += 1
            moved(done["files"])
            return front(sound.samples), sound.seconds, hashlib.sha256(sound.samples.tobytes()).digest()

        told = each(one, found.paths)
    digest = hashlib.sha256(b"".join(t[2] for t in told)).hexdigest()
    return Heard(found, [t[0] for t in told], [t[1] for t in told], wanted, digest)


@dataclass(frozen=True)
class Trial:
    """How a recogniser is to be tried: which recordings are kept from it in turn."""

    groups: Any  # what is left out whole, or None
    folds: int | None  # None: each group in turn
    words: str


def trial(found: Any, folds: int | None, note: Callable[[str], None]) -> Trial:
    """Groups left out whole where there are any, else shares of each class; a folder too small for it is refused."""
    counts = Counter(found.labels)
    if len(counts) < 2:
        only = next(iter(counts))
        raise DataFault(f"there is one class, {only!r}: wanted at least two", "a sub-folder for each class")
    least = min(counts, key=lambda name: counts[name])
    if found.groups is not None and len(set(found.groups)) > 1:
        return _grouped(found, folds, note)
    if found.groups is not None:
        note(f"all recordings are of one group, {found.groups[0]!r}: nothing is known of others")
    wanted = folds or min(5, counts[least])
    if counts[least] < max(2, wanted):
        need = max(2, wanted)
        said = f"class {least!r} has {_times(counts[least])}, but {need} parts need at least {need}"
        raise DataFault(said, "--folds 2" if counts[least] > 1 else "more recordings of it")
    return Trial(None, wanted, f"{wanted} parts with a share of every class, each left out once")


def _grouped(found: Any, folds: int | None, note: Callable[[str], None]) -> Trial:
    groups = sorted(set(found.groups))
    for name in found.classes:
        within = {g for g, label in zip(found.groups, found.labels, strict=True) if label == name}
        if len(within) == 1:
            note(
                f"class {name!r} is only heard in group {within.pop()!r}: it cannot be recognised when that is left out"
            )
    if folds is not None and folds > len(groups):
        raise DataFault(
            f"--folds {folds} of whole groups, but there are {len(groups)} groups", f"--folds {len(groups)}"
        )
    parts = folds if folds is not None else None if len(groups) <= MOST_GROUPS else 5
    each = f"each of {len(groups)} groups left out whole" if parts is None else f"{parts} parts of whole groups"
    return Trial(
        list(found.groups), parts, each + (", one after the other" if parts is None else ", each left out once")
    )


def _times(count: int) -> str:
    return f"{count} recording{'' if count == 1 else 's'}"
