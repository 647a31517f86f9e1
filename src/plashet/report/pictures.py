"""Pictures without a script or a library: maps as masks that take the page's colours, rasters as paths of SVG."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

QUIET = 0.25  # share of the values of a map that are drawn as nothing
MOST_EVENTS, MOST_UNITS = 9000, 160  # of a raster; of more, some units are shown


def mask(values: Any) -> str:
    """(rows, columns) from 0 to 1 as a PNG whose opacity they are, in a data URI; row 0 on top."""
    opacity = np.round(255 * np.clip(np.nan_to_num(np.asarray(values, np.float64)), 0, 1)).astype(np.uint8)
    rows, columns = opacity.shape
    pixels = np.zeros((rows, 1 + 2 * columns), np.uint8)  # each row: filter 0, then grey 0 and opacity of each pixel
    pixels[:, 2::2] = opacity
    head = struct.pack(">IIBBBBB", columns, rows, 8, 4, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(pixels.tobytes(), 9)), _chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def heat(values: Any, said: str, kind: str = "") -> str:
    """A map of values (time, rows from below): no colour up to a quarter of all values, full colour at the largest."""
    v = np.asarray(values, np.float64)
    low, high = np.nanquantile(v, QUIET), np.nanmax(v)
    return _map((_layer((v - low) / ((high - low) or 1.0), "full"),), said, kind)


def diverging(values: Any, said: str, kind: str = "") -> str:
    """The same around zero: warm above, cold below."""
    v = np.asarray(values, np.float64)
    top = np.nanmax(np.abs(v)) or 1.0
    return _map((_layer(v / top, "warm"), _layer(-v / top, "cold")), said, kind)


def _layer(values: Any, kind: str) -> str:
    uri = mask(values.T[::-1])
    return f'<i class="{kind}" style="-webkit-mask-image:url({uri});mask-image:url({uri})"></i>'


def _map(layers: Sequence[str], said: str, kind: str) -> str:
    return f'<div class="map {kind}" role="img" aria-label="{escape(said)}">{"".join(layers)}</div>'


def raster(events: Any, units: int, steps: int, inhibitory: Any, said: str) -> str:
    """Spikes (n, 2) of (step, unit) as short strokes, those of inhibitory units in another colour, the rate below."""
    every = np.asarray(events, np.int64)
    events, kept = _some(every, units)
    place = np.full(units, -1)
    place[kept] = np.arange(len(kept))
    marks = []
    inhibits = np.zeros(units, bool) if inhibitory is None else np.asarray(inhibitory, bool)
    for kind, wanted in (("e", ~inhibits), ("i", inhibits)):
        own = events[wanted[events[:, 1]]]
        x, y = 1000.0 * own[:, 0] / max(steps, 1), place[own[:, 1]]
        path = "".join(f"M{a:.1f} {b}v1" for a, b in zip(x, y, strict=True))
        marks.append(f'<path class="{kind}" d="{path}"/>')
    high = max(len(kept), 1)
    drawn = f'<svg class="spikes" viewBox="0 0 1000 {high}" preserveAspectRatio="none">{"".join(marks)}</svg>'
    return f'<div class="raster" role="img" aria-label="{escape(said)}">{drawn}{_rate(every, steps)}</div>'


def _some(events: Any, units: int) -> tuple[Any, Any]:
    """All events, or those of as many units, evenly picked, as can be drawn; and the units."""
    every = max(1, -(-len(events) // MOST_EVENTS), -(-units // MOST_UNITS))
    kept = np.arange(0, units, every)
    return events[events[:, 1] % every == 0], kept


def _rate(events: Any, steps: int, bins: int = 100) -> str:
    counts = np.histogram(events[:, 0], bins=min(bins, max(steps, 1)), range=(0, max(steps, 1)))[0]
    top = counts.max(initial=1)
    width = 1000 / len(counts)
    line = "".join(f"L{k * width:.1f} {40 - 38 * c / top:.1f}h{width:.1f}" for k, c in enumerate(counts))
    path = f'<path d="M0 40{line}V40Z"/>'
    return f'<svg class="rate" viewBox="0 0 1000 40" preserveAspectRatio="none">{path}</svg>'
