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
    constexpr int L = lanes<T>, W = width<T>;
    const std::int64_t V = net.units, side = V * ltc_tile;
    Scratch<T> scratch(Scratch<T>::room({net.inputs * ltc_tile, side, side, side, side, side, ltc_tile}));
    T *x = scratch.take(net.inputs * ltc_tile), *v = scratch.take(side), *pulled = scratch.take(side);
    T *open = scratch.take(side), *among = scratch.take(side), *heard = scratch.take(side), *step = scratch.take(ltc_tile);
    transpose_in(s.v + first * V, rows, V, v);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        hear(net, s.u + (t * s.rows + first) * net.inputs, rows, x);
        for (std::int64_t r = 0; r < rows; ++r) step[r] = dt_of(s, t, first + r) / T(net.unfolds);
        conduct<T, true, false>(net.sensory, V, x, pulled, open, nullptr);
        for (std::int64_t n = 0; n < net.unfolds; ++n) {
            conduct<T, false, false>(net.recurrent, V, v, among, heard, nullptr);
            for (std::int64_t i = 0; i < V; ++i)
                for (int l = 0; l < L; ++l) {
                    const std::int64_t at = i * ltc_tile + l * W;
                    const Vec<T> gleak = all(net.gleak[i]), now = load<T>(v + at);
                    const Vec<T> current = gleak * all(net.vleak[i]) + load<T>(pulled + at) + load<T>(among + at);
                    const Vec<T> total = gleak + load<T>(open + at) + load<T>(heard + at);
                    const Vec<T> k = pace<T>(load<T>(step + l * W), all(net.cm[i]));
                    store<T>(v + at, now + rate<T>(net.exponential, k, total) * (current - total * now));
                }
        }
        transpose_out(v, rows, V, out + (t * s.rows + first) * V);
    }
}

// ------------------------------------------------------------------------------------------------------- a single row

// The same sums, with the gates of several synapses in one vector; conductance and pull have room for all synapses.
template <class T, bool missing>
inline void conduct_row(const LTCGates<T> &gates, std::int64_t units, const T *heard, T *conductance, T *pull, T *pulled,
                        T *open) {
    constexpr int W = width<T>;
    for (std::int64_t e = 0; e < gates.edges; e += W) {
        T gathered[W];
        for (int l = 0; l < W; ++l) gathered[l] = heard[gates.pre[e + l]];
        const Vec<T> now = load<T>(gathered);
        Vec<T> share = gate<T>(now, load<T>(gates.sigma + e), load<T>(gates.mu + e));
        if constexpr (missing) share = select<T>(is_observed<T>(now), share, Vec<T>{});
        const Vec<T> g = load<T>(gates.w + e) * share;
        store<T>(conductance + e, g);
        store<T>(pull + e, g * load<T>(gates.erev + e));
    }
    for (std::int64_t i = 0; i < units; ++i) {
        T sum = 0, towards = 0;
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e) {
            sum += conductance[e];
            towards += pull[e];
        }
        open[i] = sum;
        pulled[i] = towards;
    }
}

template <class T>
void run_row(const LTCNet<T> &net, const LTCSeries<T> &s, std::int64_t row, T *out) {
    constexpr int W = width<T>;
    const std::int64_t V = net.units, room = V + ltc_room;
    const std::int64_t edges = std::max(net.recurrent.edges, net.sensory.edges) + ltc_room;
    Scratch<T> scratch(Scratch<T>::room({net.inputs + ltc_room, room, room, room, room, room, edges, edges}));
    T *x = scratch.take(net.inputs + ltc_room), *v = scratch.take(room), *pulled = scratch.take(room);
    T *open = scratch.take(room), *among = scratch.take(room), *heard = scratch.take(room);
    T *conductance = scratch.take(edges), *pull = scratch.take(edges);
    std::copy(s.v + row * V, s.v + (row + 1) * V, v);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        const T *u = s.u + (t * s.rows + row) * net.inputs;
        std::copy(u, u + net.inputs, x);
        for (std::int64_t i = 0; i < net.inputs; i += W)
            store<T>(x + i, load<T>(net.weight + i) * load<T>(x + i) + load<T>(net.bias + i));
        const Vec<T> step = all(T(dt_of(s, t, row) / T(net.unfolds)));
        conduct_row<T, true>(net.sensory, V, x, conductance, pull, pulled, open);
        for (std::int64_t n = 0; n < net.unfolds; ++n) {
            conduct_row<T, false>(net.recurrent, V, v, conductance, pull, among, heard);
            for (std::int64_t i = 0; i < V; i += W) {
                const Vec<T> gleak = load<T>(net.gleak + i), now = load<T>(v + i);
                const Vec<T> current = gleak * load<T>(net.vleak + i) + load<T>(pulled + i) + load<T>(among + i);
                const Vec<T> total = gleak + load<T>(open + i) + load<T>(heard + i);
                const Vec<T> k = pace<T>(step, load<T>(net.cm + i));
                store<T>(v + i, now + rate<T>(net.exponential, k, total) * (current - total * now));
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
