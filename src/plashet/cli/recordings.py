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


@dataclass(frozen=True, eq=False)
class Heard:
    """What is known of a folder: its recordings, how long each is, their frames, and a digest of the files."""

    recordings: Any
    frames: list[Any]  # (time_i, features) of each
    copies: list[Any] | None  # the same of noisy copies
    seconds: list[float]
    rate: int
    digest: str

    @property
    def labels(self) -> list[str]:
        return list(self.recordings.labels)

    def samples(self, place: int) -> Any:
        """One recording read again, (time,) at the rate of all."""
        from ..data import resampled

        return resampled(self.recordings[place], self.rate).samples


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


def hear(
    found: Any,
    rate: int | None,
    front_of: Callable[[int], Any],
    moved: Callable[[int], None],
    noise: int | None = None,
) -> Heard:
    """Read every file once and keep its frames, so many at a time as there are cores; samples are not kept.

    rate: resample to it; None: the rate of the first file, which all must have. noise: a seed, for noisy copies too.
    """
    from ..classify.noisy import noisy
    from ..data import read_sound, resampled
    from ..data.sound import RateError
    from ..threads import each

    with sound_door():
        wanted = rate if rate is not None else found[0].rate
        front, done = front_of(wanted), Counter[str]()

        def one(place: int) -> tuple[Any, Any, float, bytes]:
            path = found.paths[place]
            sound = read_sound(path)
            if rate is None and sound.rate != wanted:
                raise RateError(path, sound.rate, wanted)
            sound = resampled(sound, wanted)
            done["files"] += 1
            moved(done["files"])
            copy = None if noise is None else front(noisy(sound.samples, wanted, (noise, place)))
            return front(sound.samples), copy, sound.seconds, hashlib.sha256(sound.samples.tobytes()).digest()

        told = each(one, range(len(found)))
    frames, copies, seconds, digests = (list(column) for column in zip(*told, strict=True))
    digest = hashlib.sha256(b"".join(digests)).hexdigest()
    return Heard(found, frames, None if noise is None else copies, seconds, wanted, digest)
