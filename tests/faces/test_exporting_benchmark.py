"""The benchmark of exported nets runs, at a toy size and without onnxruntime, so that it does not rot."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import exporting


def test_it_times_every_net_and_tells_what_its_header_takes():
    asked = Namespace(units=[12], ticks=100, repetitions=1, seed=0, peers=False, command="python benchmarks/x.py")
    results = exporting.measure(asked)
    assert {r.who for r in results} == {"Python tick", "C header"}
    assert len(results) == 2 * len(exporting.nets(12, 0))
    assert all(r.value > 0 and r.notes["weights"] > 0 for r in results)
    assert exporting.show(results).count("\n") >= len(results)
