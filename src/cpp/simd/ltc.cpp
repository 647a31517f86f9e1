// Liquid time-constant networks forward in time: tiles of rows, or a single row with the synapses in the lanes.
//
// Both ways do the same operations in the same order for each number, so a row alone equals the row in a batch bit by bit.
#include "../subnormals.hpp"
#include "ltc_backward.hpp"
#include "ltc_steps.hpp"

#include <algorithm>

namespace plashet::PLASHET_SET {
namespace {

constexpr std::int64_t few = 4;  // rows that are quicker one by one than as a tile

template <class T>
PLASHET_INLINE T dt_of(const LTCSeries<T> &s, std::int64_t t, std::int64_t row) {
    return s.dt[t * s.dt_tick + row * s.dt_row];
}

// ------------------------------------------------------------------------------------------------------ tiles of rows

template <class T>
void run_tile(const LTCNet<T> &net, const LTCSeries<T> &s, std::int64_t first, std::int64_t rows, T *out) {
    const std::int64_t V = net.units, side = V * ltc_tile, heard = net.inputs * ltc_tile;
    const std::int64_t edges = std::max(net.recurrent.edges, net.sensory.edges) * ltc_tile;
    const bool exponential = net.exponential;
    Scratch<T> scratch(Scratch<T>::room({heard, side, side, side, side, side, side, side, side, edges, ltc_tile}));
    T *x = scratch.take(heard), *v = scratch.take(side), *k = scratch.take(side), *shares = scratch.take(edges);
    T *step = scratch.take(ltc_tile);
    const Flow<T> leak{scratch.take(side), scratch.take(side)}, sensed{scratch.take(side), scratch.take(side)};
    const Flow<T> flow{scratch.take(side), scratch.take(side)};
    transpose_in(s.v + first * V, V, rows, V, v);
    leaks(net, leak);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        transpose_in(s.u + t * s.u_tick + first * s.u_row, s.u_row, rows, net.inputs, x);
        hear(net, x, x);
        for (std::int64_t r = 0; r < rows; ++r) step[r] = dt_of(s, t, first + r) / T(net.unfolds);
        paces(net, step, k);
        conduct<T, true>(net.sensory, V, x, leak, sensed, shares);
        for (std::int64_t n = 0; n < net.unfolds; ++n) {
            conduct<T, false>(net.recurrent, V, v, sensed, flow, shares);
            for (std::int64_t at = 0; at < side; at += width<T>) {
                const Vec<T> now = load<T>(v + at), total = load<T>(flow.total + at);
                Vec<T> left;
                const Vec<T> r = rate<T>(exponential, load<T>(k + at), total, left);
                store<T>(v + at, now + r * (load<T>(flow.current + at) - total * now));
            }
        }
        transpose_out(v, rows, V, out + (t * s.rows + first) * V);
    }
}

// ------------------------------------------------------------------------------------------------------- a single row

// The same sums, with the gates of several synapses in one vector; shares have room for all synapses.
template <class T, bool missing>
inline void conduct_row(const LTCGates<T> &gates, std::int64_t units, const T *heard, Flow<T> before, Flow<T> after,
                        T *shares) {
    constexpr int W = width<T>;
    for (std::int64_t e = 0; e < gates.edges; e += 2 * W) {
        T x[2 * W];
        for (int l = 0; l < 2 * W; ++l) x[l] = heard[gates.pre[e + l]];
        Vec<T> share[2];
        for (int k = 0; k < 2; ++k) {
            const std::int64_t at = e + k * W;
            share[k] = (load<T>(x + k * W) - load<T>(gates.mu + at)) * load<T>(gates.slope + at);
        }
        logistic_of_two<T>(share);
        for (int k = 0; k < 2; ++k) {
            if constexpr (missing) share[k] = select<T>(is_observed<T>(load<T>(x + k * W)), share[k], Vec<T>{});
            store<T>(shares + e + k * W, share[k]);
        }
    }
    for (std::int64_t i = 0; i < units; ++i) {
        T current = before.current[i], total = before.total[i];
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e) {
            current = fma_one<T>(gates.drive[e], shares[e], current);
            total = fma_one<T>(gates.w[e], shares[e], total);
        }
        after.current[i] = current;
        after.total[i] = total;
    }
}

template <class T>
void run_row(const LTCNet<T> &net, const LTCSeries<T> &s, std::int64_t row, T *out) {
    constexpr int W = width<T>;
    const std::int64_t V = net.units, room = V + ltc_room;
    const std::int64_t edges = std::max(net.recurrent.edges, net.sensory.edges) + ltc_room;
    Scratch<T> scratch(Scratch<T>::room({net.inputs + ltc_room, room, room, room, room, room, room, room, edges}));
    T *x = scratch.take(net.inputs + ltc_room), *v = scratch.take(room), *shares = scratch.take(edges);
    const Flow<T> leak{scratch.take(room), scratch.take(room)}, sensed{scratch.take(room), scratch.take(room)};
    const Flow<T> flow{scratch.take(room), scratch.take(room)};
    for (std::int64_t i = 0; i < V; ++i) leak.current[i] = net.gleak[i] * net.vleak[i], leak.total[i] = net.gleak[i];
    std::copy(s.v + row * V, s.v + (row + 1) * V, v);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        const T *u = s.u + t * s.u_tick + row * s.u_row;
        std::copy(u, u + net.inputs, x);
        for (std::int64_t i = 0; i < net.inputs; i += W)
            store<T>(x + i, load<T>(net.weight + i) * load<T>(x + i) + load<T>(net.bias + i));
        const Vec<T> step = all(T(dt_of(s, t, row) / T(net.unfolds)));
        conduct_row<T, true>(net.sensory, V, x, leak, sensed, shares);
        for (std::int64_t n = 0; n < net.unfolds; ++n) {
            conduct_row<T, false>(net.recurrent, V, v, sensed, flow, shares);
            for (std::int64_t i = 0; i < V; i += W) {
                const Vec<T> now = load<T>(v + i), total = load<T>(flow.total + i);
                Vec<T> left;
                const Vec<T> r = rate<T>(net.exponential, pace<T>(step, load<T>(net.cm + i)), total, left);
                store<T>(v + i, now + r * (load<T>(flow.current + i) - total * now));
            }
        }
        std::copy(v, v + V, out + (t * s.rows + row) * V);
    }
}

template <class T>
void run(const LTCNet<T> &net, const LTCSeries<T> &s, T *out) {
    const SubnormalsAreZero guard;
    for (std::int64_t first = s.first; first < s.end; first += ltc_tile) {
        const std::int64_t rows = std::min<std::int64_t>(ltc_tile, s.end - first);
        if (rows > few) run_tile(net, s, first, rows, out);
        else
            for (std::int64_t row = first; row < first + rows; ++row) run_row(net, s, row, out);
    }
}

}  // namespace

const LTCKernelSet &ltc_kernels() {
    static constexpr LTCKernelSet kernels{{run<float>, pull<float>}, {run<double>, pull<double>}};
    return kernels;
}

}  // namespace plashet::PLASHET_SET
