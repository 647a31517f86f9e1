"""Lyon's passive model of the cochlea: a cascade of filters, hair cells, and gain control that spreads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import _kernels
from ...ops import into
from ...types import Array
from .frames import rows_of, silent_where_missing, whole_hops

BREAK = 1000.0  # [Hz] bandwidths are constant well below it, proportional to the frequency well above
OFFSET, SHARPNESS = 1.5, 5.0  # of the zeros: how many steps above the poles, and how much narrower
CORNER = 300.0  # [Hz] below which the outer ear lets less through
TARGETS = (0.0032, 0.0016, 0.0008, 0.0004)  # the level that each gain control aims at,
TIMES = (0.64, 0.16, 0.04, 0.01)  # [s] and how slowly
MOST = 0.9  # what one gain control takes away at most


class Adapted(NamedTuple):
    """The state of a LyonEar, float64; the stages are two of the outer ear and the channels."""

    filters: Array  # (*batch, stages, 2): what each filter of the cascade remembers
    gains: Array  # (*batch, 4, stages): what each gain control takes away
    low: Array  # (*batch, 2, stages): the low-pass filter


@dataclass(frozen=True)
class LyonEar:
    """The ear in front of most liquid state machines that heard speech: a cascade of notches and resonances.

    Sound runs through one filter after the other, each cutting off a little lower than the one before it, as along the
    membrane; channel c is what is above zero behind filter c, high frequencies first. Four gain controls in turn

        x <- x (1 - g_c),   g_c' = min(eps/target x + (1 - eps)/3 (g_{c-1} + g_c + g_{c+1}), 0.9)

    with 0.64 to 0.01 s; then max(0, x_{c-1} - x_c), a low-pass filter of the second order with `tau`, and every hop a
    frame. Frames are in units of the level that the last gain control aims at. The two filters of the outer ear before
    the first channel take part in gain control and difference, but are no channels.

        LyonEar(8000)(samples)     (time,) -> (frames, channels): a frame at the end of every whole hop
        pl.run(LyonEar(8000), ...) as a cell, ticks of one hop of samples: see Ear; no lag

    At 12 kHz there are 77 channels, as in Verstraeten's studies. A recording shorter than one hop is filled up with
    silence; a missing sample (NaN) is silence. float32 in, float32 out; computed in float64. Raises ValueError for
    settings that do not fit each other.

    Lyon 1982, A computational model of filtering, detection and compression in the cochlea; Slaney 1988, Lyon's
    cochlear model, Apple Technical Report 13.
    """

    rate: float  # [Hz] samples per second
    quality: float = 8.0  # of the filters, well above 1 kHz
    spacing: float = 0.25  # of the channels, in bandwidths
    hop: float = 0.010  # [s], rounded to whole samples
    tau: float = 0.030  # [s] of the low-pass filter

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate is in samples per second and must be positive, got {self.rate}")
        if self.inputs < 1 or not self.tau > 0:
            raise ValueError(
                f"a hop of {self.hop} s is {self.inputs} samples at {self.rate} Hz, and tau is {self.tau}: wanted at "
                "least one sample and a positive time"
            )
        if not (self.quality > 0.5 and self.spacing > 0 and self._count >= 2):
            raise ValueError(
                f"a quality of {self.quality} and a spacing of {self.spacing} at {self.rate} Hz leave no channels: "
                "wanted a quality above 0.5, a smaller spacing, or a higher rate"
            )

    @property
    def inputs(self) -> int:
        """Samples per hop."""
        return round(self.hop * self.rate)

    @property
    def outputs(self) -> int:
        return len(self.frequencies)

    @property
    def lag(self) -> int:
        """A frame is complete with its hop: no lag."""
        return 0

    @property
    def dt(self) -> float:
        """[s] per tick."""
        return self.inputs / self.rate

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """(channels,) [Hz], the resonance of each filter, high to low, `spacing` bandwidths apart.

        d c / d f = -1 / (spacing bandwidth(f)), bandwidth(f) = sqrt(f^2 + 1000^2) / quality, so that
        f + sqrt(f^2 + 1000^2) falls by exp(-spacing / quality) from channel to channel.
        """
        reach = self._reach(self._top) * np.exp(-self.spacing / self.quality * np.arange(1, self._count + 1))
        return np.asarray((reach - BREAK**2 / reach) / 2)

    @cached_property
    def sections(self) -> NDArray[np.float64]:
        """(2 + channels, 5): b0, b1, b2, a1, a2 of the filters of the outer ear and of the cascade."""
        f, width = self.frequencies, self._bandwidth(self.frequencies)
        zeros = f + width * self.spacing * OFFSET
        b = _second_order(zeros, SHARPNESS * zeros / width, self.rate)
        a = _second_order(f, f / width, self.rate)
        fall = f[:-1] / f[1:]  # a stage amplifies what is far below it, as a travelling wave grows
        b *= (np.concatenate((fall[:1], fall)) * a.sum(axis=1) / b.sum(axis=1))[:, None]
        quarter = np.exp(0.5j * np.pi)  # where the filters of the outer ear have gain 1: a quarter of the rate
        emphasis = np.array([0.0, 1.0, -np.exp(-2 * np.pi * CORNER / self.rate)])
        top, band = _second_order(self._top, f[0] / width[0], self.rate), np.array([1.0, 0.0, -1.0])
        outer = np.zeros((2, 5))
        outer[0, :3] = emphasis / abs(np.polyval(emphasis, quarter))
        outer[1] = *(band * abs(np.polyval(top, quarter) / np.polyval(band, quarter))), *top[1:]
        return np.concatenate((outer, np.hstack((b, a[:, 1:]))))

    def frames(self, samples: int) -> int:
        """How many frames a recording of so many samples has: the whole hops, at least one."""
        return max(1, samples // self.inputs)

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The frames (frames, channels) of a whole recording (time,), of floats in [-1, 1] or of whole numbers."""
        x = whole_hops(self, samples)
        return np.asarray(self.run(self.init(x[0]), x, self.dt)[1])

    def init(self, u: Array) -> Adapted:
        batch, stages = u.shape[:-1], len(self.sections)
        return Adapted(*(np.zeros((*batch, *shape)) for shape in ((stages, 2), (4, stages), (2, stages))))

    def step(self, state: Adapted, u: Array, dt: Array | float) -> tuple[Adapted, Array]:
        from scipy.signal import lfilter

        x, filters = silent_where_missing(u).astype(np.float64), state.filters.copy()
        ears = np.zeros((*x.shape, len(self.sections)))
        for k, (b, a) in enumerate(zip(self.sections[:, :3], self._a, strict=True)):
            x, filters[..., k, :] = lfilter(b, a, x, zi=filters[..., k, :])
            ears[..., k] = np.maximum(x, 0.0)
        gains, low = state.gains, state.low
        for ear in np.moveaxis(ears, -2, 0):
            gains, ear = self._controlled(gains, ear)
            low, smooth = self._smoothed(low, ear)
        return Adapted(filters, gains, low), (smooth[..., 2:] / TARGETS[-1]).astype(u.dtype)

    def tick(self, state: Adapted, u: Array, dt: Array | float) -> tuple[Adapted, Array]:
        """The compiled twin of one `step`."""
        state, frames = self.run(state, u[None], dt)
        return state, frames[0]

    def run(self, state: Adapted, u: Array, dt: Array | float, out: Array | None = None) -> tuple[Adapted, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs)."""
        if not len(u):
            return state, into(out, np.empty((*u.shape[:-1], self.outputs), u.dtype))
        heard = rows_of(u)
        after = [np.array(part, np.float64).reshape(len(heard), *part.shape[-2:]) for part in state]
        frames = np.empty((len(heard), len(u), len(self.sections)))
        laid = self.sections * [1, 1, 1, -1, -1]
        _kernels.lyon(heard, laid, self._gain, self._low * [1, -1, -1], *after, frames)
        frames = np.moveaxis(frames[..., 2:], 1, 0).reshape(*u.shape[:-1], self.outputs)
        made = Adapted(*(new.reshape(old.shape) for new, old in zip(after, state, strict=True)))
        return made, into(out, (frames / TARGETS[-1]).astype(u.dtype))

    def _controlled(self, gains: Array, ear: Array) -> tuple[Array, Array]:
        """One sample through the gain controls: their new gains (*batch, 4, stages) and what they leave."""
        after = []
        for (over_target, third), g in zip(self._gain, np.moveaxis(gains, -2, 0), strict=True):
            ear = ear * (1.0 - g)
            left, right = np.concatenate((g[..., :1], g[..., :-1]), -1), np.concatenate((g[..., 1:], g[..., -1:]), -1)
            after.append(np.minimum(over_target * ear + third * (left + g + right), MOST))
        return np.stack(after, axis=-2), ear

    def _smoothed(self, low: Array, ear: Array) -> tuple[Array, Array]:
        """What is more than in the channel after it, and the low-pass filter of one sample."""
        b2, a1, a2 = self._low
        more = np.maximum(0.0, np.concatenate((0.0 * ear[..., :1], ear[..., :-1] - ear[..., 1:]), axis=-1))
        y = low[..., 0, :]
        return np.stack((low[..., 1, :] - a1 * y, b2 * more - a2 * y), axis=-2), y

    @cached_property
    def _gain(self) -> NDArray[np.float64]:
        """(4, 2): eps / target and (1 - eps) / 3 of each gain control, eps = 1 - exp(-1 / (time rate))."""
        eps = -np.expm1(-1.0 / (np.array(TIMES) * self.rate))
        return np.stack((eps / np.array(TARGETS), (1.0 - eps) / 3.0), axis=1)

    @property
    def _low(self) -> NDArray[np.float64]:
        """b2, a1, a2 of the low-pass filter, with gain 1 at 0 Hz."""
        kept = np.exp(-1.0 / (self.tau * self.rate))
        return np.array([(1 - kept) ** 2, -2 * kept, kept**2])

    @property
    def _a(self) -> NDArray[np.float64]:
        return np.hstack((np.ones((len(self.sections), 1)), self.sections[:, 3:]))

    @property
    def _top(self) -> float:
        """[Hz] half the rate, less the room that the zeros of the first channel need."""
        return self.rate / 2 - (OFFSET - 1.0) * self.spacing * float(self._bandwidth(self.rate / 2))

    @property
    def _count(self) -> int:
        """Channels down to where a resonance has a quality of 1/2."""
        low = BREAK / np.sqrt(4 * self.quality**2 - 1)
        return int(self.quality / self.spacing * np.log(self._reach(self._top) / self._reach(low)))

    def _bandwidth(self, f: Array | float) -> Any:
        return np.hypot(f, BREAK) / self.quality

    def _reach(self, f: Array | float) -> Any:
        return f + np.hypot(f, BREAK)


def _second_order(f: Any, quality: Any, rate: float) -> NDArray[np.float64]:
    """(..., 3): 1, -2 rho cos theta, rho^2, the pair of zeros at f [Hz] with that quality."""
    rho = np.exp(-np.pi * f / (rate * quality))
    theta = 2 * np.pi * f / rate * np.sqrt(1.0 - 1.0 / (4.0 * quality**2))
    return np.stack((np.ones_like(rho), -2 * rho * np.cos(theta), rho**2), axis=-1)
