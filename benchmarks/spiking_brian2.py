"""What spiking_speed.py asks of Brian2, run by the Python of an environment that has it: prints one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from importlib import metadata

import numpy as np
import spiking_nets as nets

from plashet.bridges import brian2

SHORT, LONG = 0.02, 0.12  # [s] of biology: what a run takes however short it is falls out of the difference


def main(units: int, seed: int) -> None:
    case = nets.column_case(units, seed, 1e-4)
    u, dt = case.inputs("float64")
    taken = {}
    for seconds in (SHORT, SHORT, LONG):  # the first is to warm up
        ticks = round(seconds / nets.TICK)
        made = brian2.twin(case.cell, u[:ticks], dt[:ticks])
        begun = time.process_time()
        brian2.run(made)
        taken[seconds] = time.process_time() - begun
    steps = np.rint(np.asarray(made.monitor.t_[:]) / case.cell.h).astype(int)
    theirs = {*zip(steps.tolist(), np.asarray(made.monitor.i[:]).tolist(), strict=True)}
    ours = {tuple(s) for s in nets.plashet_spikes(replace(case, events=case.events[case.events < ticks], seconds=LONG))
            .tolist()}  # fmt: skip
    found = {"seconds per second": (taken[LONG] - taken[SHORT]) / (LONG - SHORT), "version": metadata.version("brian2"),
             "same": len(ours & theirs) / max(len(ours | theirs), 1)}  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
