"""Folders and lists of sound files with what is heard in each: a folder per class, names that tell, or a manifest."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .sound import NoSoundFile, Sound, SoundError, read_sound, resampled

SUFFIXES = (".wav", ".flac", ".ogg")
FIELDS = ("label", "group", "speaker", "split", "index")


@dataclass(frozen=True, eq=False)
class Recordings:
    """Sound files and their labels; a file is read when it is asked for.

    groups: what must not be on both sides of a split, such as who speaks; None if nothing is known. split: the part
    that each belongs to ("train", "test"), if that was said.
    """

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    split: tuple[str, ...] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that there are, sorted."""
        return tuple(sorted(set(self.labels)))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> Sound:
        return read_sound(self.paths[i])

    def sounds(self, rate: int | None = None, resample: bool = False) -> Iterator[Sound]:
        """Each recording in turn, all of one rate [Hz]: `rate`, or that of the first.

        Raises RateError for a file of another rate, unless it is to be resampled.
        """
        for path in self.paths:
            sound = read_sound(path, rate if not resample else None)
            rate = sound.rate if rate is None else rate
            yield resampled(sound, rate)

    def select(self, which: Sequence[int] | NDArray[np.bool_]) -> Recordings:
        """Some of them, by index or by a mask."""
        places = np.arange(len(self))[np.asarray(which)]

        def some(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
            return None if values is None else tuple(values[i] for i in places)

        paths, labels = tuple(self.paths[i] for i in places), tuple(self.labels[i] for i in places)
        return Recordings(paths, labels, some(self.groups), some(self.split))


def recordings(path: str | os.PathLike[str], pattern: str | None = None) -> Recordings:
    """The recordings of a folder, with a sub-folder per class of WAV, FLAC or OGG files, or of a manifest CSV.

    pattern: what the name of each file in a folder tells, without its ending, such as "{label}_{speaker}_{index}":
    label (then the files need no sub-folders), group or speaker, split, index. With a "/" it is matched against the
    path within the folder.
    A manifest has a line for each file with the columns file (its place, relative to the manifest), label, and, if
    known, group or speaker, and split; comma or semicolon, UTF-8.
    Raises SoundError, naming file or line, for what does not fit, and NoSoundFile, also a FileNotFoundError.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path, pattern)
    if not path.exists():
        raise NoSoundFile(f"there is no folder or manifest {path}")
    if path.suffix.lower() in SUFFIXES:
        raise SoundError(f"{path} is one sound file; wanted a folder of them, or a manifest CSV")
    if pattern is not None:
        raise SoundError(f"{path} is a manifest, which tells labels and groups itself; a pattern is for folders")
    return _manifest(path)


def _folder(folder: Path, pattern: str | None) -> Recordings:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not _hidden(p, folder))
    if not found:
        raise SoundError(f"{folder} holds no sound files: wanted a sub-folder per class of {', '.join(SUFFIXES)}")
    told = [_told(file.relative_to(folder), pattern, folder) for file in found]
    return Recordings(tuple(found), tuple(t["label"] for t in told), _column(told, "group"), _column(told, "split"))


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts) or not file.is_file()


def _told(file: Path, pattern: str | None, folder: Path) -> dict[str, str]:
    """What the place of a file within the folder tells of it."""
    told = {"label": file.parts[0]} if len(file.parts) > 1 else {}
    if pattern is not None:
        name = file.with_suffix("").as_posix() if "/" in pattern else file.stem
        match = re.fullmatch(_expression(pattern), name)
        if match is None:
            raise SoundError(f"the name of {folder / file} does not fit the pattern {pattern!r}")
        told |= match.groupdict()
    if "label" not in told:
        raise SoundError(
            f"{folder / file} lies in no sub-folder that would tell its class; a pattern can tell it from the name: "
            '"{label}_{speaker}_{index}"'
        )
    return _grouped(told)


def _expression(pattern: str) -> str:
    pieces = re.split(r"\{([^{}]*)\}", pattern)
    unknown = [name for name in pieces[1::2] if name not in FIELDS]
    if unknown or len(pieces) < 2 or len(set(pieces[1::2])) < len(pieces[1::2]):
        raise SoundError(
            f"the pattern {pattern!r} needs each at most once of {', '.join('{' + f + '}' for f in FIELDS)}"
        )
    return "".join(f"(?P<{p}>[^/]+?)" if i % 2 else re.escape(p) for i, p in enumerate(pieces))


def _grouped(told: dict[str, str]) -> dict[str, str]:
    """A speaker is a group, unless another one is named."""
    return told | {"group": told["speaker"]} if "speaker" in told and "group" not in told else told


def _column(told: list[dict[str, str]], name: str) -> tuple[str, ...] | None:
    return tuple(t[name] for t in told) if name in told[0] else None


def _manifest(path: Path) -> Recordings:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SoundError(f"{path}, line {line}: not UTF-8 text") from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ",")
    told, paths, lines = [], [], dict[Path, int]()
    head: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not head:
                head = _head(row, path, reader.line_num)
                continue
            one = _row(row, head, path, reader.line_num)
            file = path.parent / one["file"]
            if file in lines:
                raise SoundError(f"{path}, line {reader.line_num}: {one['file']} was on line {lines[file]} already")
            if not file.is_file():
                raise NoSoundFile(f"{path}, line {reader.line_num}: there is no file {file}")
            lines[file] = reader.line_num
            paths.append(file)
            told.append(one)
    except csv.Error as error:
        raise SoundError(f"{path}, line {reader.line_num}: {error}") from None
    if not told:
        raise SoundError(f"{path} lists no files: wanted a header (file,label) and a line for each file")
    return Recordings(tuple(paths), tuple(t["label"] for t in told), _column(told, "group"), _column(told, "split"))


def _head(row: list[str], path: Path, line: int) -> list[str]:
    head = [cell.strip().lower() for cell in row]
    lacking = [name for name in ("file", "label") if name not in head]
    if lacking:
        raise SoundError(f"{path}, line {line}: no column {' or '.join(lacking)} among {', '.join(row)}")
    return head


def _row(row: list[str], head: list[str], path: Path, line: int) -> dict[str, str]:
    if len(row) != len(head):
        raise SoundError(f"{path}, line {line}: {len(row)} cells, but {len(head)} columns")
    one = {name: cell.strip() for name, cell in zip(head, row, strict=True)}
    empty = [name for name, cell in one.items() if not cell and name in ("file", *FIELDS)]
    if empty:
        raise SoundError(f"{path}, line {line}: {empty[0]} is empty")
    return _grouped(one)
