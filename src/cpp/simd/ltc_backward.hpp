// Liquid time-constant networks backward in time, a tile of rows at a time.
//
// Only the states at the ends of ticks are known; the unfolds of a tick are done again, their gates kept, and then the
// slopes go back through them. With d = I - G v and v' = v + r d, for the slope s of v':
//     of I: s r       of G: s (d dr/dG - r v)       of v: s (1 - r G) and what its synapses bring       of k: s d dr/dk
#pragma once

#include "../subnormals.hpp"
#include "ltc_steps.hpp"

#include <algorithm>

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

// What a tile needs to go back through one tick, and the sums that it gathers.
template <class T>
struct Back {
    Back(const LTCNet<T> &net)
        : V(net.units), side(V * ltc_tile), E(net.recurrent.edges), S(net.sensory.edges),
          scratch(Scratch<T>::room({net.inputs * ltc_tile, net.inputs * ltc_tile, side, side, side, side, side, side,
                                    side, side, side * (net.unfolds + 1), side * net.unfolds, side * net.unfolds,
                                    side * net.unfolds, side, E * ltc_tile * net.unfolds, S * ltc_tile,
                                    4 * (E + S) * width<T>, 3 * V * width<T>, 2 * net.inputs * width<T>, ltc_tile,
                                    ltc_tile, net.inputs * ltc_tile})) {
        x = scratch.take(net.inputs * ltc_tile), dx = scratch.take(net.inputs * ltc_tile);
        pulled = scratch.take(side), open = scratch.take(side), among = scratch.take(side), heard = scratch.take(side);
        dv = scratch.take(side), before = scratch.take(side), dI = scratch.take(side), dG = scratch.take(side);
        v = scratch.take(side * (net.unfolds + 1)), r = scratch.take(side * net.unfolds);
        total = scratch.take(side * net.unfolds), drive = scratch.take(side * net.unfolds), sensed = scratch.take(side);
        shares = scratch.take(E * ltc_tile * net.unfolds), sensory = scratch.take(S * ltc_tile);
        synapses = scratch.take(4 * (E + S) * width<T>), units = scratch.take(3 * V * width<T>);
        inputs = scratch.take(2 * net.inputs * width<T>), step = scratch.take(ltc_tile), dstep = scratch.take(ltc_tile);
        u = scratch.take(net.inputs * ltc_tile);
    }
    std::int64_t V, side, E, S;
    Scratch<T> scratch;
    T *x, *dx, *pulled, *open, *among, *heard, *dv, *before, *dI, *dG, *v, *r, *total, *drive, *sensed, *shares, *sensory;
    T *synapses, *units, *inputs, *step, *dstep, *u;
};

template <class T>
PLASHET_INLINE void add_to(T *sums, Vec<T> v) {
    store<T>(sums, load<T>(sums) + v);
}

// The unfolds of one tick again, with all that the way back needs.
template <class T>
void again(const LTCNet<T> &net, Back<T> &b) {
    constexpr int L = lanes<T>, W = width<T>;
    conduct<T, true, true>(net.sensory, b.V, b.x, b.pulled, b.open, b.sensory);
    for (std::int64_t n = 0; n < net.unfolds; ++n) {
        const T *v = b.v + n * b.side;
        T *next = b.v + (n + 1) * b.side, *rates = b.r + n * b.side, *totals = b.total + n * b.side;
        T *drives = b.drive + n * b.side;
        conduct<T, false, true>(net.recurrent, b.V, v, b.among, b.heard, b.shares + n * b.E * ltc_tile);
        for (std::int64_t i = 0; i < b.V; ++i)
            for (int l = 0; l < L; ++l) {
                const std::int64_t at = i * ltc_tile + l * W;
                const Vec<T> gleak = all(net.gleak[i]), now = load<T>(v + at);
                const Vec<T> current = gleak * all(net.vleak[i]) + load<T>(b.pulled + at) + load<T>(b.among + at);
                const Vec<T> total = gleak + load<T>(b.open + at) + load<T>(b.heard + at);
                const Vec<T> k = pace<T>(load<T>(b.step + l * W), all(net.cm[i]));
                const Vec<T> r = rate<T>(net.exponential, k, total);
                const Vec<T> drive = current - total * now;
                store<T>(rates + at, r);
                store<T>(totals + at, total);
                store<T>(drives + at, drive);
                store<T>(next + at, now + r * drive);
            }
    }
}

// Slopes of the currents and conductances of one unfold, and of what the units have; dv becomes that of the v before,
// as far as the units themselves carry it.
template <class T>
void through_units(const LTCNet<T> &net, Back<T> &b, std::int64_t n) {
    constexpr int L = lanes<T>, W = width<T>;
    const T *v = b.v + n * b.side, *rates = b.r + n * b.side, *totals = b.total + n * b.side;
    const T *drives = b.drive + n * b.side;
    for (std::int64_t i = 0; i < b.V; ++i) {
        const Vec<T> per_cm = all(T(1) / net.cm[i]), vleak = all(net.vleak[i]), gleak = all(net.gleak[i]);
        Vec<T> of_gleak{}, of_vleak{}, of_cm{};
        for (int l = 0; l < L; ++l) {
            const std::int64_t at = i * ltc_tile + l * W;
            const Vec<T> slope = load<T>(b.dv + at), r = load<T>(rates + at), total = load<T>(totals + at);
            const Vec<T> drive = load<T>(drives + at), k = pace<T>(load<T>(b.step + l * W), all(net.cm[i]));
            const Vec<T> left = left_of<T>(net.exponential, k, total);
            const Vec<T> of_rate = net.exponential ? slope_of_rate<T>(k, total, r, left) : Vec<T>{} - r * r;
            const Vec<T> dI = slope * r, dG = slope * (drive * of_rate - r * load<T>(v + at));
            const Vec<T> dk = slope * drive * (net.exponential ? left : left * left);
            store<T>(b.dI + at, dI);
            store<T>(b.dG + at, dG);
            store<T>(b.before + at, slope * left);
            add_to<T>(b.pulled + at, dI);  // over the unfolds: the sensory sums are the same in all of them
            add_to<T>(b.open + at, dG);
            add_to<T>(b.dstep + l * W, dk * per_cm);
            of_gleak = of_gleak + (dI * vleak + dG);
            of_vleak = of_vleak + dI * gleak;
            of_cm = of_cm - dk * k * per_cm;
        }
        add_to<T>(b.units + (0 * b.V + i) * W, of_gleak);
        add_to<T>(b.units + (1 * b.V + i) * W, of_vleak);
        add_to<T>(b.units + (2 * b.V + i) * W, of_cm);
    }
    std::swap(b.dv, b.before);
}

// Through the gates of one unfold (or of the sensory synapses) to what they heard, and to their parameters: four sums a
// synapse, of share dI, share dg, dz and dz x, with dg = dI erev + dG and dz = dg w share (1 - share).
template <class T>
void through_gates(const LTCGates<T> &gates, std::int64_t units, const T *heard, const T *shares, const T *dI, const T *dG,
                   T *dheard, T *sums) {
    constexpr int L = lanes<T>, W = width<T>;
    for (std::int64_t i = 0; i < units; ++i)
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e) {
            const T *x = heard + gates.pre[e] * ltc_tile;
            T *dx = dheard + gates.pre[e] * ltc_tile;
            const Vec<T> w = all(gates.w[e]), sigma = all(gates.sigma[e]), erev = all(gates.erev[e]);
            Vec<T> of_erev{}, of_w{}, of_z{}, of_zx{};
            for (int l = 0; l < L; ++l) {
                const std::int64_t at = i * ltc_tile + l * W;
                const Vec<T> share = load<T>(shares + e * ltc_tile + l * W), current = load<T>(dI + at);
                const Vec<T> dg = fma<T>(current, erev, load<T>(dG + at)), open = dg * share;
                const Vec<T> dz = w * open * (all(T(1)) - share);
                of_erev = fma<T>(share, current, of_erev);
                of_w = of_w + open;
                of_z = of_z + dz;
                of_zx = fma<T>(dz, load<T>(x + l * W), of_zx);
                store<T>(dx + l * W, fma<T>(dz, sigma, load<T>(dx + l * W)));
            }
            T *to = sums + 4 * e * W;
            add_to<T>(to, of_erev);
            add_to<T>(to + W, of_w);
            add_to<T>(to + 2 * W, of_z);
            add_to<T>(to + 3 * W, of_zx);
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
    if (g.after) transpose_in(g.after + first * V, rows, V, b.dv);
    for (std::int64_t t = s.ticks; t-- > 0;) {
        const std::int64_t row = t * s.rows + first;
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t i = 0; i < V; ++i) b.dv[i * ltc_tile + r] += g.slope[(row + r) * V + i];
            b.step[r] = s.dt[t * s.dt_tick + (first + r) * s.dt_row] / T(net.unfolds);
        }
        transpose_in(t ? g.out + (row - s.rows) * V : s.v + first * V, rows, V, b.v);
        transpose_in(s.u + row * net.inputs, rows, net.inputs, b.u);
        hear(net, s.u + row * net.inputs, rows, b.x);
        again(net, b);
        heal(b.x, net.inputs * ltc_tile);
        heal(b.u, net.inputs * ltc_tile);
        std::fill(b.pulled, b.pulled + b.side, T(0));  // from here on the slopes of the sensory sums
        std::fill(b.open, b.open + b.side, T(0));
        std::fill(b.dx, b.dx + net.inputs * ltc_tile, T(0));
        std::fill(b.dstep, b.dstep + ltc_tile, T(0));
        for (std::int64_t n = net.unfolds; n-- > 0;) {
            through_units(net, b, n);
            through_gates(net.recurrent, V, b.v + n * b.side, b.shares + n * b.E * ltc_tile, b.dI, b.dG, b.dv, b.synapses);
        }
        through_gates(net.sensory, V, b.x, b.sensory, b.pulled, b.open, b.dx, b.synapses + 4 * b.E * width<T>);
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
