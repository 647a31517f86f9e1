"""Any value of this library to one file and back, without pickle.

The file is a safetensors file: the arrays by name, and in its metadata a JSON description of the value they belong
to. Loading builds plashet's own types and those that the caller passes, by name from a table; nothing in a file is
ever imported or run.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterable
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from . import tree

FORMAT = 1
HOMES = (
    "cells",
    "model",
    "wiring",
    "encode",
    "liquids",
    "learn",
    "training",
    "sequences",
    "classify",
)  # where the types of any model live


class FileError(ValueError):
    """A file that is not ours, is damaged, is from a newer plashet, or holds a type that was not passed."""


def save(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value to one file, atomically: a crash leaves the old file or the new one, never half of one.

    Raises TypeError for a value that plashet cannot describe, naming the place.
    """
    _write(Path(path), to_bytes(value))


def to_bytes(value: Any) -> bytes:
    """What `save` writes. Raises as `save` does."""
    from safetensors.numpy import save as packed

    arrays: dict[str, Any] = {}
    names: dict[int, str] = {}
    description = _describe(value, "value", arrays, names)
    about = {"format": FORMAT, "plashet": _version(), "numpy": np.__version__, "value": description}
    return packed(arrays, metadata={"plashet": json.dumps(about)})


def load(path: str | os.PathLike[str], types: Iterable[type] = ()) -> Any:
    """Read a value back. `types`: your own dataclasses or NamedTuples that the file may hold.

    Raises FileError (a ValueError) if the file is not one of plashet's, is damaged, comes from a newer format, or
    holds a type that is neither plashet's nor among `types`; FileNotFoundError if there is none.
    """
    return _value(path, *_read(Path(path)), types)


def from_bytes(content: bytes, types: Iterable[type] = ()) -> Any:
    """The value of `to_bytes`. Raises FileError as `load` does."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpacked

    try:
        arrays = {name: np.array(array) for name, array in unpacked(content).items()}
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about = json.loads(header["__metadata__"]["plashet"])
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise FileError(f"these bytes are no value of plashet ({error})") from error
    return _value("the content", about, arrays, types)


def _value(path: Any, about: dict[str, Any], arrays: dict[str, Any], types: Iterable[type]) -> Any:
    if about.get("format", 0) > FORMAT:
        raise FileError(
            f"{path} has format {about['format']} (plashet {about.get('plashet')}), this plashet reads up to {FORMAT}: "
            "pip install --upgrade plashet"
        )
    known = known_types() | {kind.__name__: kind for kind in types}
    try:
        return _build(about["value"], arrays, known)
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise FileError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def known_types() -> dict[str, type]:
    """Every dataclass and NamedTuple that plashet's loaded modules define, by name."""
    for home in HOMES:
        import_module(f"{__package__}.{home}")
    modules = [m for name, m in sorted(sys.modules.items()) if name.startswith(f"{__package__}.")]
    return {name: kind for module in modules for name, kind in vars(module).items() if _ours(kind, name)}


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file says of itself, without building anything: format, versions, and the description of the value."""
    return _read(Path(path))[0]


def _ours(kind: Any, name: str) -> bool:
    return _buildable(kind) and kind.__name__ == name and kind.__module__.startswith(f"{__package__}.")


def _buildable(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields")))


def _version() -> str:
    from . import __version__

    return __version__


def _describe(value: Any, path: str, arrays: dict[str, Any], names: dict[int, str]) -> Any:
    """A JSON description; arrays are collected, the same array only once."""
    if tree.is_array(value):
        if id(value) not in names:
            names[id(value)] = path
            array = np.asarray(value)
            if array.dtype.kind not in "fiub":
                raise TypeError(f"{path} is an array of {array.dtype}; numbers and truth values can be saved")
            arrays[path] = np.ascontiguousarray(array).reshape(array.shape)
        return {"number" if isinstance(value, np.generic) else "array": names[id(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return {"is": value}
    children = tree.parts(value)
    if children is None:
        raise TypeError(f"{path} is a {type(value).__name__}, which plashet cannot save: hold arrays, numbers or text")
    made = [_describe(child, f"{path}.{name}", arrays, names) for name, child in children]
    if isinstance(value, dict):
        return {"dict": [[{"is": _key(key, path)}, child] for key, child in zip(value, made, strict=True)]}
    if _buildable(type(value)):
        return {"type": type(value).__name__, "parts": dict(zip((n for n, _ in children), made, strict=True))}
    return {"list" if isinstance(value, list) else "tuple": made}


def _key(key: Any, path: str) -> Any:
    plain = key.item() if isinstance(key, np.generic) else key
    if plain is None or isinstance(plain, bool | int | float | str):
        return plain
    raise TypeError(f"{path} has the key {key!r}, which plashet cannot save: use numbers or text")


def _build(node: Any, arrays: dict[str, Any], known: dict[str, type]) -> Any:
    if "array" in node:
        return arrays[node["array"]]
    if "number" in node:
        return arrays[node["number"]][()]
    if "is" in node:
        return node["is"]
    if "dict" in node:
        return {key["is"]: _build(child, arrays, known) for key, child in node["dict"]}
    if "list" in node:
        return [_build(child, arrays, known) for child in node["list"]]
    if "tuple" in node:
        return tuple(_build(child, arrays, known) for child in node["tuple"])
    if node["type"] not in known:
        raise FileError(
            f"the file holds a {node['type']!r}, which is not one of plashet's types: load(path, types=(...,))"
        )
    return known[node["type"]](**{name: _build(child, arrays, known) for name, child in node["parts"].items()})


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}")
    try:
        with safe_open(path, framework="np") as held:
            metadata = held.metadata() or {}
            if "plashet" not in metadata:
                raise FileError(f"{path} is not a plashet file but safetensors that something else saved")
            about = json.loads(metadata["plashet"])
            arrays = {name: np.array(held.get_tensor(name)) for name in held.keys()}  # noqa: SIM118 - not a dict
    except FileError:
        raise
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise FileError(f"{path} is not a plashet file ({error}); pickle and other formats are never opened") from error
    if not isinstance(about, dict) or "value" not in about or not isinstance(about.get("format", 0), int):
        raise FileError(f"{path} is not a plashet file: it describes no value of a numbered format")
    return about, arrays


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # with the permissions of any new file
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
