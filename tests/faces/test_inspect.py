"""`plashet inspect` of files that hold spiking liquids."""

from __future__ import annotations

import json

import plashet as pl
from plashet.cli import run
from plashet.liquids import maass2002


def test_inspect_tries_the_spiking_liquid_of_a_file(tmp_path, capsys):
    pl.save(tmp_path / "model.plashet", pl.unread(maass2002(2, seed=0), outputs=1))
    assert run(["inspect", str(tmp_path / "model.plashet"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["liquid 1"]
    assert (found["family"], found["units"], found["events"], found["currents"]) == ("spiking", 135, 2, 0)
    assert found["rate"] > 1
    assert run(["inspect", str(tmp_path / "model.plashet")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "135 spiking units, 0 currents and 2 event lines in; on Poisson spikes of 20 Hz on every line" in said
    pl.save(tmp_path / "silent.plashet", pl.measure.tune.input_weights.turn(maass2002(2, seed=0), 1e-3))
    assert run(["inspect", str(tmp_path / "silent.plashet")]) == 0
    assert "no unit spikes: raise the input's weights" in " ".join(capsys.readouterr().out.split())
