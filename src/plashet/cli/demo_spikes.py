"""`plashet demo spikes`: who speaks? Nine men say a vowel, spiking units hear it, and a readout sees how they end."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from .console import Say

UNITS, FEW = 400, 150
DT, TRACE = 0.0064, 0.1  # [s] a frame; of the filter of the spikes, chosen inside the training part
DATA = "japanese_vowels"


def show(say: Say, run: Any, quick: bool, seed: int) -> None:
    """Teach on the training part of the set, ask for its test part, and leave everything in the run's folder."""
    from .learnt import finish

    began = time.perf_counter()
    with say.waiting("hearing 640 utterances"):
        learnt = _learnt(FEW if quick else UNITS, seed)
    finish(say, run, learnt, _told(learnt, seed, quick, time.perf_counter() - began), _config(quick, seed))
    say.show(f"\nNext: plashet inspect {run.folder / 'model.plashet'}")


def _learnt(units: int, seed: int) -> Any:
    from ..cells import Pass
    from ..classify import fit_recogniser
    from ..data import japanese_vowels
    from ..sequences import Last, Segments
    from .learnt import Learnt
    from .trials import Trial, run_trial

    data = japanese_vowels()
    labels = [str(k) for k in data.labels]
    test = data.split == 1
    how = Trial(f"the set's own split: {(~test).sum()} taught, {test.sum()} asked", test=test)
    fit = partial(fit_recogniser, liquid=partial(_liquid, units=units, seed=seed), dt=DT, pooling=Last())
    rivals = {"no liquid, all parts": partial(fit, liquid=Pass, pooling=Segments(5))}
    tried = run_trial(fit, data.sequences, labels, how, seed, rivals)
    taught = np.flatnonzero(~test)
    recogniser = fit([data.sequences[i] for i in taught], [labels[i] for i in taught])
    names = [f"utterance {i + 1}" for i in range(len(labels))]
    about = {
        "what is heard": f"12 cepstral coefficients a frame, as currents, a frame every {1000 * DT:.1f} ms",
        "liquid": f"{units} leaky integrate-and-fire units on a grid of 1 ms, a fifth of them inhibitory, with delays",
        "what is kept": f"the spikes of each unit, filtered with {1000 * TRACE:.0f} ms, as they are when the man stops",
        "readout": "ridge regression, its penalty chosen inside the training part",
    }
    return Learnt(recogniser, tried, data.sequences, labels, names, about, None, "utterance")


def _liquid(inputs: int, units: int, seed: int) -> Any:
    from ..classify.recipes import spiking_units

    return replace(spiking_units(inputs, units=units, seed=seed), tau_trace=TRACE)


def _told(learnt: Any, seed: int, quick: bool, seconds: float) -> Any:
    from ..data import entry
    from ..report import About
    from .learnt import Told
    from .results import facts

    typed = f"plashet demo spikes --seed {seed}" + (" --quick" if quick else "")
    lead = (
        "Nine men say two vowels, in 7 to 29 frames. A network of spiking units hears a man frame by frame, and the "
        "readout sees only how the network is left at the end: what he said before must still ring in it. "
        f"Tried with {learnt.tried.words}."
    )
    notes = (
        "“No liquid” is the same readout on the last frame itself, which is all it would have if nothing rang on.",
        "“No liquid, all parts” is the same readout shown the whole utterance, as means over five parts of it: that "
        "needs to store what was said and to know where it begins and ends, and is hard to beat on this set.",
        "Source: Kudo, Toyama and Shimbo 1999; the split is the archive's.",
    )
    known = facts(seed, f"{DATA} ({entry(DATA).about})", _digest())
    about = About("Who speaks? Nine men, heard by spiking units", "", lead, typed, known, notes)
    frames = sum(map(len, learnt.frames))
    return Told(about, f"{frames:,} frames", seconds)


def _digest() -> str:
    from importlib.resources import files

    from ..data import entry

    return hashlib.sha256((files("plashet.data") / "embedded" / entry(DATA).file).read_bytes()).hexdigest()


def _config(quick: bool, seed: int) -> dict[str, Any]:
    return {"command": "demo spikes", "data": DATA, "quick": quick, "seed": seed}
