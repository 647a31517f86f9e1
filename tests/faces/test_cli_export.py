"""`plashet export` from the files that plashet writes, and what it refuses."""

import json

import numpy as np
import onnx
import pytest

import plashet as pl
from plashet.bridges import c
from plashet.cli import run
from plashet.liquids import Motors, ltc

NET = pl.wiring.auto_ncp(12, 2, 3, seed=0)
POLICY = pl.Chain((ltc(NET, seed=1), Motors(12, np.ones(2), np.zeros(2))))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_saved_cell_becomes_a_header_named_like_its_file(here, capsys):
    pl.save("policy.plashet", POLICY)
    assert run(["export", "policy.plashet", "--to", "c"]) == 0
    assert (here / "policy.h").read_text() == c.header(POLICY, "policy")
    said = capsys.readouterr().out
    assert said.startswith("policy.h: policy_init, policy_step; 3 inputs, 2 outputs\n")
    assert "exponentials" in said


def test_a_live_is_exported_as_it_has_learnt(here, capsys):
    live = pl.Live(pl.unread(POLICY.cells[0], 1), pl.RLS(penalty=1e-2))
    for k in range(30):
        live.predict(np.sin([k, 2 * k, 3 * k]), 0.1)
        live.learn([np.cos(k)])
    live.save("live.plashet")
    assert run(["export", "live.plashet", "--to", "onnx", "--out", "a.onnx", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    made = onnx.load("a.onnx")
    assert told["ports"] == {"in": ["u", "dt", "state.inner.v"], "out": ["y", "state_after.inner.v"]}
    weights = next(a for a in made.graph.initializer if a.name.startswith("readout.weights"))
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(weights), live.model.readout.weights.astype(np.float32))


def test_of_an_estimator_the_liquid_is_exported_and_that_is_said(here, capsys):
    sequences = [np.sin(np.arange(30.0)[:, None] * k) for k in (1, 2, 3, 4)]
    cell = pl.Leaky(pl.wiring.bands(20, 1, seed=0), tau=2.0)
    pl.SequenceClassifier(cell).fit(sequences, [0, 1, 0, 1]).save("model.plashet")
    assert run(["export", "model.plashet", "--to", "c", "--name", "ear"]) == 0
    assert "its liquid is exported" in capsys.readouterr().err
    assert "ear_step" in (here / "model.h").read_text()


def test_a_name_that_begins_with_a_digit_is_given_a_letter(here):
    pl.save("1 st.plashet", POLICY)
    assert run(["export", "1 st.plashet", "--to", "c", "-q"]) == 0
    assert "net_1_st_step" in (here / "1 st.h").read_text()


def test_what_cannot_be_exported_is_told_with_the_way_out(here, capsys):
    pl.save("spikes.plashet", pl.liquids.maass2002(inputs=1, seed=0))
    for form in ("c", "onnx"):
        assert run(["export", "spikes.plashet", "--to", form]) == 3
        assert "Spiking cannot be exported" in capsys.readouterr().err
        assert not list(here.glob("*.h")) + list(here.glob("*.onnx"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing.plashet", "--to", "c"], 2, "there is no file nothing.plashet"),
        (["policy.plashet"], 2, "Missing option '--to'"),
        (["policy.plashet", "--to", "fortran"], 2, "'fortran' is not one of 'c', 'onnx'"),
        (["policy.plashet", "--to", "c", "--out", "no/policy.h"], 2, "there is no folder no"),
        (["policy.plashet", "--to", "c", "--out", "."], 2, "is a folder"),
        (["policy.plashet", "--to", "c", "--name", "a-b"], 2, "'a-b' is no name in C"),
        (["policy.plashet", "--to", "onnx", "--name", "a"], 2, "--name is for C"),
        (["text.plashet", "--to", "c"], 3, "not a plashet file"),
        (["numbers.plashet", "--to", "c"], 3, "holds a dict, which is not one net"),
    ],
)
def test_every_mistake_is_told_before_anything_is_written(here, capsys, arguments, code, said):
    pl.save("policy.plashet", POLICY)
    pl.save("numbers.plashet", {"a": np.zeros(3)})
    (here / "text.plashet").write_text("hello")
    before = sorted(here.iterdir())
    assert run(["export", *arguments]) == code
    assert said in capsys.readouterr().err
    assert sorted(here.iterdir()) == before


def test_a_forecaster_is_not_one_net(here, capsys):
    times = np.arange("2024-01-01", "2024-01-15", dtype="datetime64[h]")
    series = np.sin(np.arange(len(times)) / 24 * 2 * np.pi)
    import pandas as pd

    pl.Forecaster(horizon=3, units=20, seed=0).fit(pd.Series(series, times, name="x")).save("f.plashet")
    assert run(["export", "f.plashet", "--to", "c"]) == 3
    assert "holds a Forecaster, which is not one net" in capsys.readouterr().err
