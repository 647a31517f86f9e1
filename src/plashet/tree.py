"""Frozen values as trees of arrays: name the parts, list the arrays, exchange some, copy all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

V = TypeVar("V")


def is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def parts(value: Any) -> list[tuple[str, Any]] | None:
    """[(name, child)] of a value that is made of others, None for a leaf."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None) or map(str, range(len(value)))
        return list(zip(names, value, strict=True))
    if isinstance(value, list):
        return [(str(i), child) for i, child in enumerate(value)]
    if isinstance(value, dict):
        return [(str(key), child) for key, child in value.items()]
    return None


def rebuild(value: V, children: list[Any]) -> V:
    """A value of the same kind, made of other children."""
    kind: Any = type(value)
    if isinstance(value, dict):
        return kind(zip(value, children, strict=True))  # type: ignore[no-any-return]
    if is_dataclass(value) or hasattr(value, "_fields"):
        return kind(*children)  # type: ignore[no-any-return]
    return kind(children)  # type: ignore[no-any-return]


def arrays(value: Any, path: str = "") -> dict[str, Any]:
    """{"wiring.w_in": array, ...}: every array of a value under its path."""
    children = parts(value)
    if children is None:
        return {path: value} if is_array(value) else {}
    found: dict[str, Any] = {}
    for name, child in children:
        found |= arrays(child, f"{path}.{name}" if path else name)
    return found


def map_arrays(change: Callable[[str, Any], Any], value: V, path: str = "") -> V:
    """The same value with `change(path, array)` in place of every array."""
    children = parts(value)
    if children is None:
        return change(path, value) if is_array(value) else value
    changed = [map_arrays(change, child, f"{path}.{name}" if path else name) for name, child in children]
    if _frozen(value) and all(new is old for new, (_, old) in zip(changed, children, strict=True)):
        return value  # with its caches: what follows from integers alone need not be found anew with other weights
    return rebuild(value, changed)


def _frozen(value: Any) -> bool:
    params = getattr(type(value), "__dataclass_params__", None)
    return params.frozen if params is not None else isinstance(value, tuple)


def replace(value: V, new: Mapping[str, Any]) -> V:
    """The same value with some arrays exchanged, by path."""
    unknown = set(new) - set(arrays(value))
    if unknown:
        raise KeyError(f"no array at {sorted(unknown)}; there are {sorted(arrays(value))}")
    return map_arrays(lambda path, array: new.get(path, array), value)


def copy(value: V) -> V:
    """A value that shares no array with the given one."""
    return map_arrays(lambda _, array: array.copy() if hasattr(array, "copy") else array.clone(), value)
