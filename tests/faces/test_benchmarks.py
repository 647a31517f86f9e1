"""The benchmarks run, at toy sizes and without the peers, so that they do not rot; and they say what is absent."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import common  # noqa: E402
import driving  # noqa: E402
import fitting  # noqa: E402
import known_peers  # noqa: E402
import memory  # noqa: E402
import plasticity  # noqa: E402
import run  # noqa: E402
import spiking_speed  # noqa: E402
import summary  # noqa: E402
import tick  # noqa: E402
import windup  # noqa: E402
from common import Result  # noqa: E402


def tiny(units: int, ticks: int) -> Namespace:
    return Namespace(units=[units], ticks=ticks, repetitions=1, seed=0, peers=False, command="python benchmarks/x.py")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(fitting, "TEST", 100)
    monkeypatch.setattr(fitting, "LEAST", 0.0)
    monkeypatch.setattr(driving, "LEAST", 0.0)
    monkeypatch.setattr(tick, "TURN", 20)
    monkeypatch.setattr(known_peers, "SEEDS", 1)
    monkeypatch.setattr(spiking_speed, "LEAST", 0.0)
    monkeypatch.setattr(spiking_speed, "CUBA", 100)
    monkeypatch.setattr(spiking_speed, "ROWS", 2)
    monkeypatch.setattr(spiking_speed, "_in_a_child", lambda seed: (90.0, 10_000, 1.0))
    monkeypatch.delenv("PLASHET_BENCH_DATA", raising=False)
    monkeypatch.setattr(memory, "_in_a_child", lambda who, units, ticks, seed: (10.0, 10.5))


@pytest.mark.parametrize(
    ("question", "units", "ticks"),
    [
        (driving, 20, 200),
        (fitting, 20, 300),
        (tick, 10, 40),
        (memory, 10, 1000),
        (windup, 10, 400),
        (spiking_speed, 27, 0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_question_is_answered_with_a_command_and_a_table(question, units, ticks):
    results = question.measure(tiny(units, ticks))
    assert any(r.who.startswith("plashet") for r in results)
    assert all(r.command.startswith("python benchmarks/") and r.least <= r.value <= r.most for r in results)
    assert question.show(results).count("\n") > len(results) // 2
    json.dumps([vars(r) for r in results])


def test_the_known_results_have_a_way_beside_the_peers():
    narma = known_peers.Narma(0, units=20)
    assert 0 < narma.plashet() < 1
    glass = known_peers.Glass(0, units=30, blocks=1)
    assert np.isfinite(glass.plashet())


def test_absent_libraries_are_named(monkeypatch):
    monkeypatch.setattr(common, "version", lambda name: None if name == "rclib" else "1.0")
    assert common.present() == ["reservoirpy", "resdag"]
    assert "rclib" in common.absent()
    monkeypatch.setattr(common, "version", lambda name: "1.0")
    assert common.absent() == ""
    assert "reservoirpy, rclib, resdag" in common.absent(wanted=False)


def test_a_ratio_pairs_the_repetitions_and_a_table_says_what_falls_short():
    assert common.ratio([10.0, 30.0, 20.0], [1.0, 2.0, 1.0]) == (15.0, 10.0, 20.0)
    assert common.times((15.0, 10.0, 20.0)) == "15.0x [10.0, 20.0]"
    short = Result("tick", 100, "plashet", 25.0, "µs", 20.0, 30.0, "python", wanted="≤ 20 µs", met=False)
    machine = dict.fromkeys((*common.LIBRARIES, "date", "cores", "processor", "load", "python"), "1")
    text = summary.short({"machine": machine, "absent": "", "known_results": None}, [short])
    assert "**no**" in text
    assert "Short of what was wanted: predict and learn, p50 at 100 units" in text


def test_a_part_that_is_kept_takes_the_place_of_what_was_found_for_it_and_of_nothing_else():
    def result(question, value):
        return {"question": question, "value": value}

    before = {"machine": {"numpy": "1", "torch": "2"}, "absent": "", "command": "c", "known_results": "old",
              "results": [result("driving", 1), result("spiking speed", 1), result("known peers", 1)]}  # fmt: skip
    found = {"machine": {"numpy": "2", "torch": "not installed", "nest": "3"}, "results": [result("spiking speed", 2)],
             "known_results": None}  # fmt: skip
    kept = run.beside(before, found, ["spiking_speed"])
    assert [(one["question"], one["value"]) for one in kept["results"]] == [
        ("driving", 1),
        ("spiking speed", 2),
        ("known peers", 1),
    ]
    assert kept["machine"] == {"numpy": "1", "torch": "2", "nest": "3"}
    assert kept["known_results"] == "old"


def test_everyone_gets_one_thread_and_a_blas_that_is_not_slowed(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    clean = common.clean_environment()
    assert "OPENBLAS_CORETYPE" not in clean
    assert clean["OMP_NUM_THREADS"] == clean["OPENBLAS_NUM_THREADS"] == "1"


def test_the_table_goes_between_the_markers_and_nowhere_else(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    summary.into_readme(page, "new\n")
    assert page.read_text() == "before\n<!-- bench -->\nnew\n<!-- /bench -->\nafter\n"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        summary.into_readme(page, "new")


def test_a_script_answers_from_the_command_line(tmp_path):
    kept = tmp_path / "found.json"
    command = [sys.executable, BENCHMARKS / "driving.py", "--units", "10", "--ticks", "50", "--repetitions", "1"]
    done = subprocess.run(
        [*command, "--no-peers", "--json", kept], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert "Absent, so not measured: reservoirpy" in done.stdout
    assert run.results({"results": json.loads(kept.read_text())})[0].question == "driving"


def test_plasticity_is_judged_beside_the_liquid_as_drawn(monkeypatch):
    for name, value in {"UNLABELLED": 2, "TAUGHT": 20, "TESTED": 20}.items():
        monkeypatch.setattr(plasticity, name, value)
    monkeypatch.setattr(plasticity, "RULES", {name: plasticity.RULES[name] for name in ("STDP", "both to 10 Hz")})
    found = plasticity.trial(3)
    assert set(found) == {"no liquid", "as drawn", *(f"{r}{s}" for r in plasticity.RULES for s in ("", ", shuffled"))}
    assert plasticity.show([found, found]).count("\n") == 8
