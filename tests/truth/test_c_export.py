"""The exported C header: compiled as C99 and as C++11, it computes what the cell computes."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from exported import CELLS, MADE, series
from plashet import Chain, Model, Noisy, Readout, run, tree
from plashet.bridges import c
from plashet.bridges.c.page import literal
from plashet.cells import sweep
from plashet.encode import Hold
from zoo import ENCODERS, LIQUIDS, SPIKING, N, U

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-Wconversion", "-Wdouble-promotion", "-Wundef"]
LANGUAGES = {"C99": ["-x", "c", "-std=c99"], "C++11": ["-x", "c++", "-std=c++11"]}

NAMED = {re.sub(r"\W", "_", f"n{k}_{name}"): cell for k, (name, cell) in enumerate(CELLS.items())}

MAIN = """#include <stdio.h>
#include <stdlib.h>
#define RUN(NAME, INPUTS, OUTPUTS) if (k-- == 0) { \\
    float u[INPUTS ? INPUTS : 1], y[OUTPUTS], dt; NAME##_state s; NAME##_init(&s); \\
    while (fread(&dt, sizeof dt, 1, stdin) == 1) { \\
        if (fread(u, sizeof(float), INPUTS, stdin) != INPUTS) return 2; \\
        NAME##_step(&s, u, dt, y); fwrite(y, sizeof(float), OUTPUTS, stdout); } }
int main(int count, char **words)
{
    int k = count > 1 ? atoi(words[1]) : 0;
"""


def compiler():
    """The system's; that there is none is a failure, not a reason to skip: plashet itself is built by one."""
    found = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    assert found, "no C compiler: cc, gcc or clang"
    return found


def build(folder, headers, language, *options):
    """One program of many headers: the number of one of them, and (dt, u) on stdin, (y) on stdout, tick by tick."""
    lines = [f'#include "{name}.h"' for name in headers] + [MAIN]
    lines += [f"    RUN({name}, {name.upper()}_INPUTS, {name.upper()}_OUTPUTS)" for name in headers]
    (folder / "main.c").write_text("\n".join([*lines, "    return 0;", "}", ""]))
    for name, text in headers.items():
        (folder / f"{name}.h").write_text(text)
    program = folder / f"program_{language.replace('+', 'p')}"
    asked = [compiler(), *LANGUAGES[language], "-O1", *WARNINGS, *options, str(folder / "main.c"), "-o", str(program)]
    done = subprocess.run([*asked, "-lm"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def stepped(program, k, u, dt, outputs):
    given = np.column_stack((dt, u)).astype(np.float32).tobytes()
    done = subprocess.run([program, str(k)], input=given, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(len(u), outputs)


@pytest.fixture(scope="module", params=LANGUAGES)
def program(request, tmp_path_factory):
    headers = {name: c.header(cell, name) for name, cell in NAMED.items()}
    return build(tmp_path_factory.mktemp("c"), headers, request.param)


@pytest.mark.parametrize("name", NAMED)
def test_the_header_computes_what_the_cell_computes(program, name):
    cell, k = NAMED[name], list(NAMED).index(name)
    u, dt = series(cell.inputs)
    expected, _ = run(cell, u, dt)
    found = stepped(program, k, u, dt, cell.outputs)
    np.testing.assert_allclose(found, expected, rtol=5e-6, atol=5e-6 * max(1.0, np.nanmax(np.abs(expected))))


@pytest.mark.parametrize("name", [n for n, cell in NAMED.items() if hasattr(cell, "form")])
def test_a_tick_that_is_not_there_changes_nothing(program, name):
    """What dt < 0 means to the liquids with gates."""
    cell, k = NAMED[name], list(NAMED).index(name)
    u, dt = series(cell.inputs, 30)
    dt[::3] = -1
    found = stepped(program, k, u, dt, cell.outputs)
    np.testing.assert_array_equal(found[3::3], found[2:-1:3])
    np.testing.assert_allclose(found, sweep(cell, cell.init(u[0]), u, dt)[1], rtol=5e-6, atol=5e-6)


@pytest.mark.parametrize("name", ["LTC", "bands", "LTC, exponential"])
def test_no_time_is_no_change(program, name):
    k = list(CELLS).index(name)
    u, dt = series(U, 30)
    dt[1::2] = 0
    found = stepped(program, k, u, dt, CELLS[name].outputs)
    np.testing.assert_array_equal(found[1::2], found[::2])


@pytest.mark.parametrize("name", ["LTC", "LTC, exponential", "bands", "gated", "CfC"])
def test_any_time_and_any_input_keep_it_bounded(program, name):
    k = list(CELLS).index(name)
    rng = np.random.default_rng(1)
    u = (rng.choice([-1, 1], (60, U)) * 10 ** rng.uniform(-30, 30, (60, U))).astype(np.float32)
    dt = (10 ** rng.uniform(-40, 38.5, 60)).astype(np.float32)
    found = stepped(program, k, u, dt, CELLS[name].outputs)
    assert np.abs(found).max() <= 1.0 + 1e-6  # the reversal potentials of an LTC, and where tanh ends


def test_the_sizes_that_the_header_tells_are_those_of_the_compiled_tables(tmp_path):
    cell = MADE["policy"]
    told = c.write(tmp_path / "policy.h", cell)
    text = (tmp_path / "policy.h").read_text()
    tables = re.findall(r"static const .*? (policy_t\w+)\[", text)
    sizes = " + ".join(f"sizeof {name}" for name in tables)
    (tmp_path / "main.c").write_text(
        f'#include <stdio.h>\n#include "policy.h"\nint main(void) {{ printf("%lu %lu",'
        f" (unsigned long)({sizes}), (unsigned long)sizeof(policy_state)); return 0; }}\n"
    )
    flags = ["-Wno-unused-function"]
    subprocess.run(
        [compiler(), "-std=c99", *flags, str(tmp_path / "main.c"), "-lm", "-o", str(tmp_path / "a")], check=True
    )
    counted = subprocess.run([str(tmp_path / "a")], capture_output=True, text=True, check=True).stdout
    assert counted.split() == [str(told.weights), str(told.state)]
    assert f"weights {told.weights} bytes" in text
    net = cell.cells[2].connectome
    assert told.exponentials == 6 * net.recurrent.edges + net.sensory.edges  # one for each gate
    assert told.state == 4 * (20 + 4)  # v, and what is held


def test_every_export_begins_at_rest():
    for cell in CELLS.values():
        u = np.zeros(cell.inputs, np.float32)
        assert not any(array.any() for array in tree.arrays(cell.init(u)).values())


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        (SPIKING["LIF"], "Spiking cannot be exported to C: spiking circuits go out as NIR"),
        (Chain((Hold(U), SPIKING["LIF"])), r"Spiking at cells\.1 cannot be exported to C"),
        (Chain((ENCODERS["delta"],)), r"Delta at cells\.0 cannot .* encode outside"),
        (Noisy(LIQUIDS["ring"], 0.1, 0), r"Noisy cannot .* export the cell in it, cell\.cell"),
        (np.zeros(3), "this is a ndarray, wanted a frozen cell"),
        (None, "this is a NoneType, wanted a frozen cell"),
    ],
)
def test_what_cannot_be_exported_is_refused_by_name_with_the_way_out(cell, named):
    with pytest.raises(TypeError, match=named):
        c.header(cell)


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "a;int", "ä"])
def test_a_name_that_c_does_not_take_is_refused(name):
    with pytest.raises(ValueError, match="is no name in C"):
        c.header(LIQUIDS["ring"], name)


def test_numbers_that_float32_does_not_hold_are_refused_with_their_place():
    cell = Readout(np.full((N, 1), 1e39), np.zeros(1))
    with pytest.raises(ValueError, match=r"readout\.weights has values that float32 cannot hold"):
        c.header(Model(LIQUIDS["ring"], cell))


@pytest.mark.parametrize("value", [1.0, -1e-3, 16777216.0, 3.4028235e38, 1e-45, -1.17549435e-38, np.pi, 1 / 3, -0.0])
def test_a_number_is_written_so_that_it_is_read_back_exactly(value):
    text = literal(np.float32(value))
    assert text.endswith("f")
    assert "." in text or "e" in text
    assert np.float32(float(text[:-1])) == np.float32(value)
