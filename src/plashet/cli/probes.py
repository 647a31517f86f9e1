"""How a liquid found in a file is tried: what it is driven with, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NOISE_TICKS = 12  # of white noise for each unit of a rate liquid: memory is measured by least squares on half of them
UNIT_STEPS = 1e7  # grid steps times units of one drive, of which the report makes a dozen: a second or two in all
LINE_RATE = 20.0  # [Hz] on each event line, the paper's
HELD = 0.01  # [s] for which a current keeps its value


@dataclass(frozen=True)
class Probe:
    """One family of liquids."""

    family: str
    content: Callable[[Any], bytes | None]  # what tells it from others, None for what is not of this family
    inputs: Callable[[Any], tuple[Any, float]]  # u (time, inputs) and the tick [s]
    told: Callable[[dict[str, Any]], str]


def probes() -> tuple[Probe, ...]:
    """Every family that can be tried."""
    return (
        Probe("rate", _wired, _white_noise, _rate_told),
        Probe("spiking", _circuit, _spikes_and_currents, _spiking_told),
    )


def _wired(value: Any) -> bytes | None:
    from ..wiring import Wiring

    wiring = getattr(value, "wiring", None)
    return wiring.weights.tobytes() if isinstance(wiring, Wiring) else None


def _circuit(value: Any) -> bytes | None:
    from ..liquids import Spiking

    if not isinstance(value, Spiking):
        return None
    held = value.circuit
    return b"".join(a.tobytes() for a in (held.weight, held.inputs.w_current, held.inputs.w_events))


def _white_noise(cell: Any) -> tuple[Any, float]:
    import numpy as np

    ticks = max(600, NOISE_TICKS * cell.outputs)
    return np.random.default_rng(0).normal(size=(ticks, cell.inputs)), 1.0


def _spikes_and_currents(cell: Any) -> tuple[Any, float]:
    """Eight seconds of Poisson spikes on every line and normal currents, less of a liquid that is slow to drive."""
    import numpy as np

    dt, rng, currents = max(1e-3, cell.h), np.random.default_rng(0), cell.circuit.inputs.currents
    seconds = float(np.clip(UNIT_STEPS * cell.h / cell.outputs, 2.0, 8.0))
    ticks = int(np.ceil(seconds / dt))
    u = rng.poisson(LINE_RATE * dt, (ticks, cell.inputs)).astype(np.float64)
    held = max(round(HELD / dt), 1)
    u[:, :currents] = np.repeat(rng.normal(size=(ticks // held + 1, currents)), held, axis=0)[:ticks]
    return u, dt


def _rate_told(value: dict[str, Any]) -> str:
    from ..report import words

    radius = "" if value["radius"] is None else f", spectral radius {value['radius']:.3f}"
    fading = value["forgets_after"]
    forgets = f"forgets after {fading} ticks" if fading is not None else "does not forget within the test"
    return (
        f"{value['units']} units, inputs: {value['inputs']}{radius}; on white noise: rank {value['rank']:.0f}, "
        f"memory {words.number(value['memory'])} ticks, {forgets}"
    )


def _spiking_told(value: dict[str, Any]) -> str:
    from ..report import words

    drive = " and ".join(
        [f"Poisson spikes of {LINE_RATE:.0f} Hz on every line"] * (value["events"] > 0)
        + ["normal currents of deviation 1"] * (value["currents"] > 0)
    )
    fading = value["forgets_after"]
    said = [
        f"{value['units']} spiking units, {value['currents']} currents and {value['events']} event lines in",
        f"on {drive or 'no input'}: {words.number(value['rate'])} Hz, {words.percent(value['silent'], 0)} silent, "
        f"interval CV {words.number(value['interval_cv'])}, branching {words.number(value['branching'])}",
        f"of {value['inputs_compared']} inputs it parts {value['kernel']}, of as many jittered versions of one "
        f"{value['generalisation']}",
        f"memory {words.number(1e3 * value['memory'])} ms, "
        + (f"forgets after {words.number(fading)} s" if fading is not None else "does not forget within the test"),
    ]
    return "; ".join(said)
