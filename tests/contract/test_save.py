"""Files: everything comes back, and a hostile file gets nothing done."""

import contextlib
import json
import os
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from plashet import FORCE, RLS, Live, load, save, tree, unread
from plashet.save import FORMAT, FileError, describe
from zoo import CELLS, LEARNERS

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_plain_values_come_back_as_they_were(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "plain.plashet"
    save(path, value)
    assert load(path) == value


@pytest.mark.parametrize("value", [*CELLS.values(), *LEARNERS.values()], ids=[*CELLS, *LEARNERS])
def test_every_cell_and_learner_comes_back_bit_equal(value, tmp_path):
    save(tmp_path / "v", value)
    again = load(tmp_path / "v")
    assert type(again) is type(value)
    ours, theirs = tree.arrays(value), tree.arrays(again)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[k], theirs[k]) and ours[k].dtype == theirs[k].dtype for k in ours)


def test_odd_arrays_come_back(tmp_path):
    held = (
        np.zeros((0, 3)),
        np.array(3),
        np.arange(6.0).reshape(2, 3).T,
        np.array([True]),
        np.float32([np.nan, np.inf]),
    )
    save(tmp_path / "v", held)
    for a, b in zip(held, load(tmp_path / "v"), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


class MyState(NamedTuple):
    x: Any


def test_a_users_own_type_is_built_only_when_passed(tmp_path):
    save(tmp_path / "v", MyState(np.ones(3)))
    with pytest.raises(FileError, match=r"'MyState', which is not one of plashet's types: load\(path, types="):
        load(tmp_path / "v")
    assert isinstance(load(tmp_path / "v", types=(MyState,)), MyState)


def test_a_value_that_cannot_be_saved_says_where(tmp_path):
    with pytest.raises(TypeError, match=r"value\.0\.a is a function"):
        save(tmp_path / "v", [{"a": len.__call__ and (lambda: 0)}])
    with pytest.raises(TypeError, match="is an array of object"):
        save(tmp_path / "v", np.array([object()]))
    assert not list(tmp_path.iterdir())  # nothing half written stays behind


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    save(tmp_path / "v", (1.0,))

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save(tmp_path / "v", (2.0,))
    assert load(tmp_path / "v") == (1.0,)
    assert [p.name for p in tmp_path.iterdir()] == ["v"]


def forged(path, about, arrays=None):
    save_file(arrays or {"a": np.zeros(2)}, path, metadata={"plashet": json.dumps(about)})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"type": "os.system", "parts": {"command": {"is": "true"}}}, "not one of plashet's types"),
        ({"type": "subprocess:Popen", "parts": {"args": {"is": ["true"]}}}, "not one of plashet's types"),
        ({"type": "Path", "parts": {}}, "not one of plashet's types"),
        ({"type": "Leaky", "parts": {"evil": {"is": 1}}}, "damaged"),
        ({"type": "Leaky", "parts": {"wiring": {"is": 1}, "tau": {"is": -1.0}}}, "damaged"),
        ({"type": "Bands", "parts": {"shifts": {"array": "missing"}, "units": {"is": 3}}}, "damaged"),
        ({"type": ["Leaky"], "parts": {}}, "damaged"),
        ({"tuple": 3}, "damaged"),
        ({}, "damaged"),
        ([1], "damaged"),
        (None, "damaged"),
        ({"type": "RLS", "parts": {"memory": {"is": -5.0}, "penalty": {"is": 1.0}}}, "damaged"),
    ],
)
def test_a_forged_description_builds_nothing(tmp_path, value, says):
    forged(tmp_path / "f", {"format": FORMAT, "value": value})
    with pytest.raises(FileError, match=says):
        load(tmp_path / "f")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04\x95", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_is_not_ours_is_refused(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(FileError, match="is not a plashet file"):
        load(tmp_path / "f")


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 3000), flip=st.integers(0, 255))
def test_a_damaged_file_is_an_error_or_harmless(tmp_path_factory, cut, flip):
    path = tmp_path_factory.getbasetemp() / "damaged"
    save(path, Live(unread(CELLS["bands"]), RLS()).snapshot().model)
    content = bytearray(path.read_bytes())
    content[cut % len(content)] ^= flip
    path.write_bytes(content[: len(content) - (flip % 3)])
    with contextlib.suppress(FileError, MemoryError):
        load(path)


@pytest.mark.parametrize("number", ["1", None, [1], 1.5])
def test_a_format_that_is_no_number_is_refused(tmp_path, number):
    forged(tmp_path / "f", {"format": number, "value": {"is": 1}})
    with pytest.raises(FileError, match="numbered format"):
        load(tmp_path / "f")


def test_weights_that_others_saved_are_called_what_they_are(tmp_path):
    save_file({"x": np.ones(3)}, tmp_path / "f")
    with pytest.raises(FileError, match="safetensors that something else saved"):
        load(tmp_path / "f")


def test_a_newer_format_names_the_remedy(tmp_path):
    forged(tmp_path / "f", {"format": FORMAT + 1, "plashet": "9.0", "value": {"is": 1}})
    with pytest.raises(FileError, match=r"plashet 9\.0.*pip install --upgrade plashet"):
        load(tmp_path / "f")


def test_what_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file at"):
        load(tmp_path / "f")


def test_a_file_that_holds_no_live_says_what_it_holds(tmp_path):
    save(tmp_path / "f", CELLS["bands"])
    with pytest.raises(FileError, match="holds a Leaky, not a Live"):
        Live.load(tmp_path / "f")


def test_a_file_says_what_it_is_without_building_anything(tmp_path):
    save(tmp_path / "f", MyState(np.ones(3)))
    about = describe(tmp_path / "f")
    assert about["format"] == FORMAT
    assert about["value"]["type"] == "MyState"


def test_numbers_of_numpy_come_back_as_they_were(tmp_path):
    held = (RLS(memory=np.float64(3), penalty=np.float32(0.1)), FORCE(every=np.int64(2)), {np.int64(5): np.int32(1)})
    save(tmp_path / "v", held)
    again = load(tmp_path / "v")
    assert again == held
    assert repr(again[:2]) == repr(held[:2])


def test_a_key_that_cannot_be_saved_is_refused_before_it_is_too_late(tmp_path):
    with pytest.raises(TypeError, match=r"value has the key \('a', 1\), which plashet cannot save"):
        save(tmp_path / "v", {("a", 1): 2.0})
