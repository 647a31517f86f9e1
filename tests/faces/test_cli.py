"""The command line answers at once, speaks to machines on stdout alone, and says what is wrong without a traceback."""

import json
import subprocess
import sys

import pytest

from plashet.cli import COMMANDS, console, faults, run

LAZY = ("pandas", "sklearn", "torch", "scipy", "rich")


def plashet(*arguments, **options):
    """The command in a process of its own."""
    typed = [sys.executable, "-m", "plashet", *arguments]
    return subprocess.run(typed, capture_output=True, text=True, timeout=120, **options)


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys; from plashet.cli import run; code = run(['--help']); "
        f"print('loaded', [m for m in {LAZY!r} if m in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.endswith("loaded [] 0\n")
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    assert "Usage: plashet " + name in capsys.readouterr().out


@pytest.mark.parametrize("given", [[], ["data"]])
def test_a_command_without_its_command_explains_itself_and_calls_it_no_error(given, capsys):
    assert run(given) in (0, 2)
    said = capsys.readouterr()
    assert (said.out + said.err).startswith("Usage: plashet")


def test_the_version_is_the_package_version(capsys):
    import plashet as pl

    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"plashet {pl.__version__}"


def test_a_mistyped_command_is_answered_with_the_nearest(capsys):
    assert run(["forcast"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: there is no command 'forcast'\n  try: plashet forecast\n"


def test_a_mistyped_option_is_answered_with_the_nearest(capsys):
    assert run(["demo", "--sed", "1"]) == 2
    assert "--seed" in capsys.readouterr().err


def test_data_lists_shows_and_prints_the_embedded_sets(capsys):
    assert run(["data", "list", "--json"]) == 0
    names = [e["name"] for e in json.loads(capsys.readouterr().out)]
    assert "victoria_demand" in names
    for name in names:
        assert run(["data", "show", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == name
        assert run(["data", "show", name]) == 0
        assert name in capsys.readouterr().out
    assert run(["data", "show", "victoria_demand", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["time,demand_mw", "2012-01-01 00:00:00,7926.529376"]
    assert run(["data", "show", "brent_oil", "--licence"]) == 0
    assert "BSD 3-Clause" in capsys.readouterr().out


def test_an_unknown_set_is_answered_with_the_nearest(capsys):
    assert run(["data", "show", "victoria"]) == 2
    assert "try: plashet data show victoria_demand" in capsys.readouterr().err


def test_the_doctor_says_what_is_here_and_how_to_get_the_rest(capsys):
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["libraries"]["numpy"] != "missing"
    assert found["problems"] == []
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    missing = [name for name, version in found["extras"].items() if version is None]
    assert text.count("not installed: pip install") == len(missing)


def test_no_colour_and_no_more_than_eighty_columns_where_asked():
    import os

    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "FORCE_COLOR": ""}
    done = plashet("data", "list", env=env)
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_an_unforeseen_error_is_one_line_and_a_traceback_only_with_debug(capsys, monkeypatch):
    from plashet.cli import doctor

    def burst():
        raise RuntimeError("the pipe burst")

    monkeypatch.setattr(doctor, "examine", burst)
    assert run(["doctor"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: the run failed: RuntimeError: the pipe burst\n")
    assert "Traceback" not in said.err
    assert said.out == ""
    assert run(["doctor", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (faults.UsageFault("x"), 2),
        (faults.DataFault("x"), 3),
        (faults.ExtraFault("x"), 4),
        (ImportError('needs torch: pip install "plashet[torch]"'), 4),
        (KeyboardInterrupt(), 130),
        (FileNotFoundError(2, "no", "x.csv"), 2),
        (ZeroDivisionError(), 1),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error, code, capsys):
    assert faults.answer(error) == code
    assert capsys.readouterr().out == ""


def test_faults_are_the_errors_that_python_expects():
    assert issubclass(faults.DataFault, ValueError)
    assert issubclass(faults.UsageFault, LookupError)
    assert issubclass(faults.ExtraFault, ImportError)


def test_what_json_does_not_know_becomes_what_it_knows():
    import numpy as np

    given = {
        1: np.float64("nan"),
        "a": np.arange(2),
        "b": (np.int64(3), float("inf")),
        "c": np.datetime64("2026-01-01"),
    }
    assert json.loads(json.dumps(console.tidy(given))) == {"1": None, "a": [0, 1], "b": [3, None], "c": "2026-01-01"}


def test_the_nearest_word_is_found_in_any_case_and_as_a_part():
    assert faults.nearest("Demand", ["time", "demand_mw"], "--target {}") == "--target demand_mw"
    assert faults.nearest("qqq", ["time", "load"], "{}", "look") == "look"
