"""Modules keep the contract of torch.nn.RNN, with time: shapes, layers, directions, packed sequences, masks."""

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from pools import PoolState, pool  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence  # noqa: E402

from plashet import nn, run  # noqa: E402

UNITS, INPUTS = 3, 2


def net(layers=1, directions=1, seed=0, **contract):
    """Pools in layers and directions, float64."""
    rows = []
    for k in range(layers):
        inputs = INPUTS if k == 0 else UNITS * directions
        cells = [pool(UNITS, inputs, seed=10 * seed + 2 * k + d) for d in range(directions)]
        rows.append([nn.Liquid(cell, dtype=torch.float64) for cell in cells])
    contract = nn.Contract(bidirectional=directions == 2, **contract)
    return nn.Recurrent(rows, contract, None, torch.float64)


def signal(batch=4, time=6, seed=0):
    make = torch.Generator().manual_seed(seed)
    u = torch.randn(batch, time, INPUTS, generator=make, dtype=torch.float64)
    return u, torch.rand(batch, time, generator=make, dtype=torch.float64)


def close(ours, theirs, tolerance=1e-12):
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def by_hand(model, u, dt):
    """One row, (time, inputs) and (time,), through the cells: the outputs, the states."""
    directions, after = model.directions, []
    for k in range(model.num_layers):
        found = []
        for d in range(directions):
            back = slice(None, None, -1) if d else slice(None)
            cell = model.layers[k * directions + d].cell()
            out, end = run(cell, u[back].copy(), dt[back].copy())
            found.append(out[back])
            after.append(end)
        u = np.concatenate(found, -1)
    return u, after


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2])
def test_layers_and_directions_are_the_cells_one_after_the_other(layers, directions):
    model = net(layers, directions)
    u, dt = signal()
    out, hx = model(u, timespans=dt)
    for row in range(4):
        ours, after = by_hand(model, u[row].numpy(), dt[row].numpy())
        np.testing.assert_allclose(out[row].detach(), ours, rtol=1e-12)
        for part in (0, 1):
            got = hx[part].detach().reshape(layers * directions, 4, UNITS)[:, row]
            np.testing.assert_allclose(got, [end[part] for end in after], rtol=1e-12)


def test_every_layer_and_direction_begins_at_its_own_state():
    model, (u, dt) = net(2, 2), signal()
    make = torch.Generator().manual_seed(5)
    hx = tuple(torch.randn(4, 4, UNITS, generator=make, dtype=u.dtype) for _ in range(2))
    out, _ = model(u, hx, timespans=dt)
    heard = u[1].numpy()
    for k in range(2):
        found = []
        for d, back in enumerate((slice(None), slice(None, None, -1))):
            place = 2 * k + d
            state = PoolState(*(h[place, 1].numpy() for h in hx))
            y, _ = run(model.layers[place].cell(), heard[back].copy(), dt[1].numpy()[back].copy(), state)
            found.append(y[back])
        heard = np.concatenate(found, -1)
    np.testing.assert_allclose(out[1].detach(), heard, rtol=1e-12)


def test_shapes_are_those_of_torchs_own():
    ours, theirs = net(2, 2), torch.nn.LSTM(INPUTS, UNITS, 2, bidirectional=True, batch_first=True).double()
    u, _ = signal()
    for given in (u, u[0]):
        a, b = ours(given), theirs(given)
        assert a[0].shape == b[0].shape
        assert [h.shape for h in a[1]] == [h.shape for h in b[1]]
    close(ours(u[0])[0], ours(u)[0][0])
    plain = net()
    assert plain(u)[1][0].shape == (4, UNITS)  # as in ncps where there is one layer
    assert plain(u[0])[1][0].shape == (UNITS,)


def test_a_state_is_taken_in_either_form_and_given_back_in_it():
    model, (u, dt) = net(), signal()
    whole, end = model(u, timespans=dt)
    first, hx = model(u[:, :2], timespans=dt[:, :2])
    rest, after = model(u[:, 2:], hx, timespans=dt[:, 2:])
    close(torch.cat((first, rest), 1), whole)
    close(after, end)
    rest, stacked = model(u[:, 2:], tuple(h[None] for h in hx), timespans=dt[:, 2:])
    close(rest, whole[:, 2:])
    close(stacked, tuple(h[None] for h in end))
    deep = net(2)
    whole, end = deep(u)
    close(deep(u[:, 3:], deep(u[:, :3])[1])[1], end)


@pytest.mark.parametrize("batch", [4, UNITS, 6, 1])
def test_every_form_of_timespans_means_its_row_and_tick(batch):
    """batch = units and batch = time among them: nothing is told apart by its size."""
    model, (u, dt) = net(), signal(batch)
    out, hx = model(u, timespans=dt)
    close(model(u, timespans=dt[..., None])[0], out)
    for row in range(batch):
        alone, _ = model(u[row], timespans=dt[row])
        close(alone, out[row])
        close(model(u[row], timespans=dt[row, :, None])[0], out[row])
    close(model(u, timespans=0.7)[0], model(u, timespans=torch.full((batch, 6), 0.7, dtype=u.dtype))[0])
    close(model(u, timespans=dt[0])[0], model(u, timespans=dt[:1].expand(batch, -1))[0])
    close(model(u)[0], model(u, timespans=torch.tensor(1.0))[0])
    across = net(batch_first=False)
    turned, after = across(u.transpose(0, 1), timespans=dt.T)
    close(turned.transpose(0, 1), out)
    close(after, hx)
    close(across(u.transpose(0, 1), timespans=dt.T[..., None])[0].transpose(0, 1), out)
    close(across(u[:, 0])[0].shape, (batch, UNITS))  # (time, inputs) without a batch


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("batch_first", [True, False])
def test_packed_sequences_are_their_sequences(directions, batch_first):
    model = net(2, directions, batch_first=batch_first)
    u, dt = signal(5)
    lengths = [3, 6, 1, 6, 4]
    packed = pack_sequence([u[k, :n] for k, n in enumerate(lengths)], enforce_sorted=False)
    times = pack_sequence([dt[k, :n] for k, n in enumerate(lengths)], enforce_sorted=False)
    out, hx = model(packed, timespans=times)
    padded, same = pad_packed_sequence(out, batch_first=True)
    assert same.tolist() == lengths
    hidden = [h.reshape(2 * directions, 5, UNITS) for h in hx]
    for row, n in enumerate(lengths):
        alone, end = by_hand(model, u[row, :n].numpy(), dt[row, :n].numpy())
        np.testing.assert_allclose(padded[row, :n].detach(), alone, rtol=1e-12)
        for part in (0, 1):
            np.testing.assert_allclose(hidden[part][:, row].detach(), [e[part] for e in end], rtol=1e-12)
    both = (dt if batch_first else dt.T, model)
    close(both[1](packed, timespans=both[0])[0].data, out.data)
    order = [1, 3, 4, 0, 2]  # sorted: without indices of its own
    flat = pack_padded_sequence(u[order], sorted(lengths, reverse=True), batch_first=True)
    again, _ = model(flat, timespans=dt[order] if batch_first else dt[order].T)
    close(pad_packed_sequence(again, batch_first=True)[0], padded[order])
    assert again.sorted_indices is None


@pytest.mark.parametrize("directions", [1, 2])
def test_lengths_are_cuts(directions):
    """What stands in the padding changes nothing, not even where it is no number; outputs there are held."""
    model = net(2, directions)
    u, dt = signal(5)
    lengths = torch.tensor([3, 6, 1, 0, 4])
    for row, n in enumerate(lengths):
        u[row, n:] = torch.nan
    out, hx = model(u, timespans=dt, lengths=lengths)
    last, _ = net(2, directions, return_sequences=False)(u, timespans=dt, lengths=lengths)
    for row, n in enumerate(lengths):
        if n:
            alone, end = model(u[row, :n], timespans=dt[row, :n])
            close(out[row, :n], alone)
            close(tuple(h[:, row] if h.dim() == 3 else h[row] for h in hx), end)
            ends = alone[-1, :UNITS] if directions == 1 else torch.cat((alone[-1, :UNITS], alone[0, UNITS:]))
            close(last[row], ends)
    if directions == 1:
        there = torch.arange(6) < lengths[:, None]
        close(model(u, timespans=dt, mask=there)[0], out)
        close(out[0, 3:], out[0, 2].expand(3, -1))


def test_a_mask_may_have_holes_and_its_slopes_are_finite():
    model, (u, dt) = net(), signal()
    there = torch.rand(4, 6, generator=torch.Generator().manual_seed(3)) > 0.4
    u = torch.where(there[..., None], u, torch.inf).requires_grad_()
    out, _ = model(u, timespans=dt, mask=there)
    for row in range(4):
        seen = there[row]
        close(out[row][seen], model(u[row][seen], timespans=dt[row][seen])[0])
    (slope,) = torch.autograd.grad(out.sum(), u)
    assert slope.isfinite().all()
    assert (slope[~there] == 0).all()
    across = net(batch_first=False)
    close(across(u.transpose(0, 1), timespans=dt.T, mask=there.T)[0].transpose(0, 1), out)


def test_dropout_is_between_layers_and_only_in_training():
    model, (u, _) = net(2, dropout=0.5), signal()
    torch.manual_seed(0)
    a, b = model(u)[0], model(u)[0]
    assert not torch.equal(a, b)
    model.eval()
    close(model(u)[0], net(2)(u)[0])
    one = net(1, dropout=0.5)
    close(one(u)[0], one(u)[0])


def test_a_projection_is_of_the_outputs_alone():
    torch.manual_seed(0)
    model, (u, _) = net(2, proj_size=4), signal()
    out, hx = model(u)
    plain, same = net(2)(u)
    close(hx, same)
    close(out, plain @ model.proj.weight.T + model.proj.bias)
    ours, _ = run(model.cell(), u[0].numpy(), 1.0)
    np.testing.assert_allclose(out[0].detach(), ours, rtol=1e-10)


def test_a_stream_is_the_sequence_tick_by_tick():
    for model in (net(), net(2), net(return_sequences=False)):
        u, dt = signal()
        whole, end = model(u, timespans=dt)
        state = None
        for t in range(6):
            y, state = model.step(u[:, t], state, dt[:, t])
            if model.contract.return_sequences:
                close(y, whole[:, t])
        close(state, end)
        one = None
        for t in range(6):
            y, one = model.step(u[1, t], one, dt[1, t])
        close(y, whole[1, -1] if model.contract.return_sequences else whole[1])
        state = tuple(h.detach() for h in state)
        model.step(u[:, 0], state)[0].sum().backward()
    with pytest.raises(ValueError, match="bidirectional"):
        net(1, 2).step(u[:, 0])


def test_the_cell_goes_to_numpy_and_back():
    model, other, (u, _) = net(2, proj_size=3), net(2, seed=1, proj_size=3), signal()
    other.load_cell(model.cell())
    close(other(u)[0], model(u)[0])
    with pytest.raises(ValueError, match="has a proj_size; got a Chain"):
        other.load_cell(net(2).cell())
    with pytest.raises(ValueError, match="2 layers"):
        net(2).load_cell(net(3).cell())
    with pytest.raises(ValueError, match="bidirectional"):
        net(1, 2).cell()


U, DT = signal()
HX = (torch.zeros(4, UNITS, dtype=U.dtype), torch.zeros(4, UNITS, dtype=U.dtype))
WRONG = {
    "input is": lambda m: m(U[..., :1]),
    r"input is \(4,\)": lambda m: m(U[:, 0, 0]),
    r"timespans are \(6, 4\), wanted \(batch, time\)": lambda m: m(U, timespans=DT.T),
    r"timespans are \(4,\)": lambda m: m(U, timespans=DT[:, 0]),
    r"timespans are \(4, 6, 2\)": lambda m: m(U, timespans=U),
    "0 or more; one is -0": lambda m: m(U, timespans=-DT),
    "one is nan": lambda m: m(U, timespans=DT * torch.nan),
    "one is inf": lambda m: m(U, timespans=torch.inf),
    "give one of them": lambda m: m(U, mask=DT > 0, lengths=[1, 1, 1, 1]),
    "mask is torch.float64": lambda m: m(U, mask=DT),
    "mask is torch.bool": lambda m: m(U, mask=DT.T > 0),
    "wanted 0 to 6": lambda m: m(U, lengths=[1, 2, 3, 7]),
    "an integer for each of 4": lambda m: m(U, lengths=[1, 2, 3]),
    "a tuple of 2": lambda m: m(U, HX[0]),
    "hx is": lambda m: m(U, (HX[0][:2], HX[1])),
    r"hx is torch\.float32": lambda m: m(U, tuple(h.float() for h in HX)),
    r"input is torch\.float32": lambda m: m(U.float()),
    "lengths of their own": lambda m: m(pack_sequence([U[0], U[1]]), lengths=[1, 2]),
    "other lengths": lambda m: m(pack_sequence([U[0], U[1, :3]]), timespans=pack_sequence([DT[0], DT[1, :2]])),
    r"x is \(4, 1\)": lambda m: m.step(U[:, 0, :1]),
    "one is -1": lambda m: m.step(U[:, 0], None, -1.0),
    r"dt is \(3,\), wanted a number": lambda m: m.step(U[:, 0], None, DT[0, :3]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_told(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message](net())


def test_what_is_no_tensor_is_told():
    for message, call in {
        "input is a tensor .* a ndarray": lambda m: m(U.numpy()),
        "hx is a tensor .* a ndarray": lambda m: m(U, tuple(h.numpy() for h in HX)),
        "timespans are seconds: .* got '1s'": lambda m: m(U, timespans="1s"),
    }.items():
        with pytest.raises(TypeError, match=message):
            call(net())


def test_without_a_tick_there_is_no_last_output():
    u = torch.zeros(4, 0, 2)
    assert nn.LTC(2, 3)(u)[0].shape == (4, 0, 3)
    with pytest.raises(ValueError, match="no ticks"):
        nn.LTC(2, 3, return_sequences=False)(u)


def test_layers_and_projections_are_at_least_one():
    for wrong, message in (({"num_layers": 0}, "no layers"), ({"proj_size": 0}, "proj_size is 0")):
        with pytest.raises(ValueError, match=message):
            nn.CfC(2, 3, **wrong)


def test_weights_of_ncps_are_told_how_to_come():
    with pytest.raises(RuntimeError, match=r"from_ncps\(its module\)"):
        nn.LTC(2, 3).load_state_dict({"rnn_cell.gleak": torch.ones(3)})


def test_shapes_are_known_without_numbers():
    out, hx = nn.LTC(2, 3, device="meta")(torch.empty(4, 6, 2, device="meta"))
    assert (out.shape, hx.shape, out.device.type) == ((4, 6, 3), (4, 3), "meta")


def test_dropout_is_a_share():
    with pytest.raises(ValueError, match="share left out"):
        net(dropout=1.0)


def test_autocast_leaves_a_liquid_its_precision():
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, INPUTS), net().float())
    u = signal()[0].float()
    plain, _ = model(u)
    with torch.autocast("cpu", torch.bfloat16):
        out, _ = model(u)
        y, _ = model[1].step(model[0](u[:, 0]))
    assert out.dtype == y.dtype == torch.float32
    close(out, plain, 0.05)
