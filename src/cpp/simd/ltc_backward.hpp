// Liquid time-constant networks backward in time, a tile of rows at a time.
//
// Only the states at the ends of ticks are known; the unfolds of a tick are done again, their gates kept, and then the
// slopes go back through them. With d = I - G v and v' = v + r d, for the slope s of v':
//     of I: s r       of G: s (d dr/dG - r v)       of v: s (1 - r G) and what its synapses bring       of k: s d dr/dk
#pragma once

#include "../subnormals.hpp"
#include "ltc_steps.hpp"

#include <algorithm>

// An array that nothing else which a function is given overlaps
#if defined(_MSC_VER) || defined(__GNUC__)
#define PLASHET_ALONE __restrict
#else
#define PLASHET_ALONE
#endif

namespace plashet::PLASHET_SET {
namespace {

// phi'(z) for small z, phi(z) = (1 - exp(-z))/z = 1 - z/2 + z^2/6 - ...
template <class T>
PLASHET_INLINE Vec<T> slope_of_share(Vec<T> z) {
    constexpr T c[] = {T(-1. / 2),    T(1. / 3),      T(-1. / 8),      T(1. / 30),       T(-1. / 144),
                       T(1. / 840),   T(-1. / 5760),  T(1. / 45360),   T(-1. / 403200)};
    return polynomial<T>(z, c);
}

// dr/dG of the exponential step; left = 1 - r G
template <class T>
PLASHET_INLINE Vec<T> slope_of_rate(Vec<T> k, Vec<T> total, Vec<T> r, Vec<T> left) {
    const Vec<T> z = k * total;
    const auto large = above<T>(z, all(T(0.05)));
    const Vec<T> far = (k * left - r) / select<T>(large, total, all(T(1)));
    return select<T>(large, far, k * k * slope_of_share<T>(at_most<T>(z, T(0.05))));
}

// What a tile needs to go back through one tick, and the sums that it gathers. Of the unfolds of a tick all is kept.
template <class T>
struct Back {
    Back(const LTCNet<T> &net)
        : V(net.units), side(V * ltc_tile), E(net.recurrent.edges), S(net.sensory.edges), heard(net.inputs * ltc_tile),
          all(side * net.unfolds),
          scratch(Scratch<T>::room({heard, heard, heard, side, side, side, side, side, side, side, side, side, side, side,
                                    all, all, all, all, all + side, E * ltc_tile * net.unfolds, S * ltc_tile,
                                    4 * (E + S) * width<T>, 3 * V * width<T>, 2 * net.inputs * width<T>, ltc_tile,
                                    ltc_tile})) {
        u = scratch.take(heard), x = scratch.take(heard), dx = scratch.take(heard);
        leak = {scratch.take(side), scratch.take(side)}, sensed = {scratch.take(side), scratch.take(side)};
        dsensed = {scratch.take(side), scratch.take(side)};
        dI = scratch.take(side), dG = scratch.take(side), dv = scratch.take(side), dk = scratch.take(side);
        k = scratch.take(side), v = scratch.take(all + side);
        total = scratch.take(all), drive = scratch.take(all), left = scratch.take(all), rate = scratch.take(all);
        shares = scratch.take(E * ltc_tile * net.unfolds), sensory = scratch.take(S * ltc_tile);
        synapses = scratch.take(4 * (E + S) * width<T>), units = scratch.take(3 * V * width<T>);
        inputs = scratch.take(2 * net.inputs * width<T>), step = scratch.take(ltc_tile), dstep = scratch.take(ltc_tile);
        leaks(net, leak);
    }
    std::int64_t V, side, E, S, heard, all;
    Scratch<T> scratch;
    Flow<T> leak, sensed, dsensed;
    T *u, *x, *dx, *dI, *dG, *dv, *dk, *k, *v, *total, *drive, *left, *rate, *shares, *sensory;
    T *synapses, *units, *inputs, *step, *dstep;
};

template <class T>
PLASHET_INLINE void add_to(T *sums, Vec<T> v) {
    store<T>(sums, load<T>(sums) + v);
}

// The unfolds of one tick again, with all that the way back needs.
template <class T>
void again(const LTCNet<T> &net, Back<T> &b) {
    const std::int64_t side = b.side;
    const bool exponential = net.exponential;
    const T *k = b.k;
    paces(net, b.step, b.k);
    conduct<T, true>(net.sensory, b.V, b.x, b.leak, b.sensed, b.sensory);
    for (std::int64_t n = 0; n < net.unfolds; ++n) {
        T *v = b.v + n * side, *totals = b.total + n * side, *drives = b.drive + n * side;
        T *lefts = b.left + n * side, *rates = b.rate + n * side;
        conduct<T, false>(net.recurrent, b.V, v, b.sensed, {drives, totals}, b.shares + n * b.E * ltc_tile);
        for (std::int64_t at = 0; at < side; at += width<T>) {
            const Vec<T> now = load<T>(v + at), total = load<T>(totals + at);
            const Vec<T> drive = load<T>(drives + at) - total * now;
            Vec<T> left;
            const Vec<T> r = rate<T>(exponential, load<T>(k + at), total, left);
            store<T>(drives + at, drive);
            store<T>(lefts + at, left);
            store<T>(rates + at, r);
            store<T>(v + side + at, now + r * drive);
        }
    }
}

// Slopes of the currents and conductances of one unfold; dv becomes that of the v before, as far as the units
// themselves carry it. What is the same in all unfolds, the sensory sums and k, gathers its slopes over them.
template <class T>
PLASHET_APART void through_units(const LTCNet<T> &net, Back<T> &b, std::int64_t n) {
    const T *v = b.v + n * b.side, *rates = b.rate + n * b.side, *totals = b.total + n * b.side;
    const T *drives = b.drive + n * b.side, *lefts = b.left + n * b.side, *k = b.k;
    T *dv = b.dv, *dI = b.dI, *dG = b.dG, *dk = b.dk;
    const Flow<T> dsensed = b.dsensed;
    const std::int64_t side = b.side;
    const bool exponential = net.exponential;
    for (std::int64_t at = 0; at < side; at += width<T>) {
        const Vec<T> slope = load<T>(dv + at), r = load<T>(rates + at), drive = load<T>(drives + at);
        const Vec<T> left = load<T>(lefts + at);
        Vec<T> of_rate = Vec<T>{} - r * r, of_pace = left * left;
        if (exponential) {
            of_rate = slope_of_rate<T>(load<T>(k + at), load<T>(totals + at), r, left);
            of_pace = left;
        }
        const Vec<T> of_I = slope * r, of_G = slope * (drive * of_rate - r * load<T>(v + at));
        store<T>(dI + at, of_I);
        store<T>(dG + at, of_G);
        store<T>(dv + at, slope * left);
        add_to<T>(dsensed.current + at, of_I);
        add_to<T>(dsensed.total + at, of_G);
        add_to<T>(dk + at, slope * drive * of_pace);
    }
}

// From what a tick gathered to the slopes of what the units have, and of the length of a step
template <class T>
void through_membrane(const LTCNet<T> &net, Back<T> &b) {
    constexpr int L = lanes<T>, W = width<T>;
    Vec<T> dstep[L] = {};
    for (std::int64_t i = 0; i < b.V; ++i) {
        const Vec<T> per_cm = all(T(1) / net.cm[i]);
        Vec<T> of_current{}, of_total{}, of_cm{};
        for (int l = 0; l < L; ++l) {
            const std::int64_t at = i * ltc_tile + l * W;
            const Vec<T> dk = load<T>(b.dk + at) * per_cm;
            of_current = of_current + load<T>(b.dsensed.current + at);
            of_total = of_total + load<T>(b.dsensed.total + at);
            of_cm = of_cm - dk * load<T>(b.k + at);
            dstep[l] = dstep[l] + dk;
        }
        add_to<T>(b.units + (0 * b.V + i) * W, of_current * all(net.vleak[i]) + of_total);  // gleak
        add_to<T>(b.units + (1 * b.V + i) * W, of_current * all(net.gleak[i]));             // vleak
        add_to<T>(b.units + (2 * b.V + i) * W, of_cm);
    }
    for (int l = 0; l < L; ++l) store<T>(b.dstep + l * W, dstep[l]);
}

// Through the gates of one unfold (or of the sensory synapses) to what they heard, and to their parameters: four sums a
// synapse, of share dI, share dg, dz and dz x, with dg = dI erev + dG and dz = dg w share (1 - share).
template <class T>
PLASHET_APART void through_gates(const LTCGates<T> gates, std::int64_t units, const T *heard, const T *shares, const T *dI,
                                 const T *dG, T *PLASHET_ALONE dheard, T *PLASHET_ALONE sums) {
    constexpr int L = lanes<T>, W = width<T>;
    for (std::int64_t i = 0; i < units; ++i) {
        Vec<T> current[L], total[L];
        for (int l = 0; l < L; ++l) {
            current[l] = load<T>(dI + i * ltc_tile + l * W);
            total[l] = load<T>(dG + i * ltc_tile + l * W);
        }
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e) {
            const T *x = heard + gates.pre[e] * ltc_tile;
            T *dx = dheard + gates.pre[e] * ltc_tile;
            const Vec<T> w = all(gates.w[e]), sigma = all(gates.sigma[e]), erev = all(gates.erev[e]);
            T *to = sums + 4 * e * W;
            Vec<T> of_erev = load<T>(to), of_w = load<T>(to + W), of_z = load<T>(to + 2 * W), of_zx = load<T>(to + 3 * W);
            for (int l = 0; l < L; ++l) {
                const Vec<T> share = load<T>(shares + e * ltc_tile + l * W);
                const Vec<T> open = fma<T>(current[l], erev, total[l]) * share;
                const Vec<T> dz = w * open * (all(T(1)) - share);
                of_erev = fma<T>(share, current[l], of_erev);
                of_w = of_w + open;
                of_z = of_z + dz;
                of_zx = fma<T>(dz, load<T>(x + l * W), of_zx);
                store<T>(dx + l * W, fma<T>(dz, sigma, load<T>(dx + l * W)));
            }
            store<T>(to, of_erev);
            store<T>(to + W, of_w);
            store<T>(to + 2 * W, of_z);
            store<T>(to + 3 * W, of_zx);
        }
    }
}

template <class T>
PLASHET_INLINE T total_of(const T *lanes_of) {
    T sum = 0;
    for (int l = 0; l < width<T>; ++l) sum += lanes_of[l];
    return sum;
}

// From the sums to the slopes of w, sigma, mu, erev
template <class T>
T *give_gates(const LTCGates<T> &gates, const T *sums, T *to) {
    constexpr int W = width<T>;
    const std::int64_t n = gates.edges;
    for (std::int64_t e = 0; e < n; ++e) {
        const T *of = sums + 4 * e * W;
        const T dz = total_of<T>(of + 2 * W);
        to[e] += total_of<T>(of + W);
        to[n + e] += total_of<T>(of + 3 * W) - gates.mu[e] * dz;
        to[2 * n + e] -= gates.sigma[e] * dz;
        to[3 * n + e] += gates.w[e] * total_of<T>(of);
    }
    return to + 4 * n;
}

template <class T>
void give(const LTCNet<T> &net, const Back<T> &b, T *to) {
    constexpr int W = width<T>;
    to = give_gates(net.recurrent, b.synapses, to);
    to = give_gates(net.sensory, b.synapses + 4 * b.E * W, to);
    for (std::int64_t i = 0; i < 3 * b.V; ++i) *to++ += total_of<T>(b.units + i * W);
    for (std::int64_t i = 0; i < 2 * net.inputs; ++i) *to++ += total_of<T>(b.inputs + i * W);
}

// From the slopes of x' to those of u and of the affine map
template <class T>
void through_affine(const LTCNet<T> &net, Back<T> &b, std::int64_t rows, T *du) {
    constexpr int L = lanes<T>, W = width<T>;
    for (std::int64_t i = 0; i < net.inputs; ++i) {
        for (int l = 0; l < L; ++l) {
            const std::int64_t at = i * ltc_tile + l * W;
            const Vec<T> slope = load<T>(b.dx + at);
            add_to<T>(b.inputs + i * W, slope * load<T>(b.u + at));
            add_to<T>(b.inputs + (net.inputs + i) * W, slope);
        }
        for (std::int64_t r = 0; r < rows; ++r) du[r * net.inputs + i] = b.dx[i * ltc_tile + r] * net.weight[i];
    }
}

// Missing inputs as zeros: their gates are closed, so what stands here does not matter, but NaN would
template <class T>
void heal(T *x, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += width<T>) {
        const Vec<T> now = load<T>(x + i);
        store<T>(x + i, select<T>(is_observed<T>(now), now, Vec<T>{}));
    }
}

template <class T>
void pull_tile(const LTCNet<T> &net, const LTCSeries<T> &s, const LTCSlopes<T> &g, Back<T> &b, std::int64_t first,
               std::int64_t rows) {
    const std::int64_t V = b.V;
    std::fill(b.dv, b.dv + b.side, T(0));
    if (g.after) transpose_in(g.after + first * V, V, rows, V, b.dv);
    for (std::int64_t t = s.ticks; t-- > 0;) {
        const std::int64_t row = t * s.rows + first;
        for (std::int64_t r = 0; r < rows; ++r) {
            const T *slope = g.slope + t * g.slope_tick + (first + r) * g.slope_row;
            for (std::int64_t i = 0; i < V; ++i) b.dv[i * ltc_tile + r] += slope[i];
            b.step[r] = s.dt[t * s.dt_tick + (first + r) * s.dt_row] / T(net.unfolds);
        }
        transpose_in(t ? g.out + (row - s.rows) * V : s.v + first * V, V, rows, V, b.v);
        transpose_in(s.u + t * s.u_tick + first * s.u_row, s.u_row, rows, net.inputs, b.u);
        hear(net, b.u, b.x);
        again(net, b);
        heal(b.x, net.inputs * ltc_tile);
        heal(b.u, net.inputs * ltc_tile);
        std::fill(b.dsensed.current, b.dsensed.current + b.side, T(0));
        std::fill(b.dsensed.total, b.dsensed.total + b.side, T(0));
        std::fill(b.dx, b.dx + net.inputs * ltc_tile, T(0));
        std::fill(b.dk, b.dk + b.side, T(0));
        for (std::int64_t n = net.unfolds; n-- > 0;) {
            through_units(net, b, n);
            through_gates(net.recurrent, V, b.v + n * b.side, b.shares + n * b.E * ltc_tile, b.dI, b.dG, b.dv, b.synapses);
        }
        through_membrane(net, b);
        through_gates(net.sensory, V, b.x, b.sensory, b.dsensed.current, b.dsensed.total, b.dx,
                      b.synapses + 4 * b.E * width<T>);
        through_affine(net, b, rows, g.u + row * net.inputs);
        for (std::int64_t r = 0; r < rows; ++r) g.dt[row + r] = b.dstep[r] / T(net.unfolds);
    }
    transpose_out(b.dv, rows, V, g.v + first * V);
}

template <class T>
void pull(const LTCNet<T> &net, const LTCSeries<T> &s, const LTCSlopes<T> &g) {
    const SubnormalsAreZero guard;
    Back<T> b(net);
    for (std::int64_t first = s.first; first < s.end; first += ltc_tile)
        pull_tile(net, s, g, b, first, std::min<std::int64_t>(ltc_tile, s.end - first));
    give(net, b, g.parameters);
}

}  // namespace
}  // namespace plashet::PLASHET_SET
