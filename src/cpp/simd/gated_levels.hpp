// A tick of one level, forward and backward, in a tile of rows. See gated.hpp.
#pragma once

#include "gated_nodes.hpp"
#include "gated_sums.hpp"
#include "gated_tiles.hpp"

namespace plashet::PLASHET_SET {
namespace {

template <Kind K, class T, int V>
PLASHET_INLINE Moment<T> moment(const GatedNet<T> &net, const LevelShape &level, std::int64_t n, const T *a, const T *x,
                                const T *dt, int at) {
    constexpr int R = V * width<T>, heads = heads_of(K);
    Moment<T> m{};
    const T *const first = a + (level.lane + n * heads) * R + at;
    for (int k = 0; k < heads; ++k) m.a[k] = load<T>(first + k * R);
    if constexpr (K != Kind::value) {
        m.h = load<T>(x + std::int64_t(level.own[n]) * R + at);
        m.dt = load<T>(dt + at);
        const T *const p = net.constants + 2 * (level.constants + n);
        m.p[0] = p[0], m.p[1] = p[1];
    }
    if constexpr (K == Kind::lstm) m.c = load<T>(x + (net.c + n) * R + at);
    return m;
}

template <Kind K, class T, int V>
void make(const GatedNet<T> &net, const LevelShape &level, const T *a, T *x, const T *dt) {
    constexpr int W = width<T>, R = V * W;
    for (std::int64_t n = 0; n < level.nodes; ++n)
        for (int at = 0; at < R; at += W) {
            const Made<T> now = made<K, T>(level.bend, moment<K, T, V>(net, level, n, a, x, dt, at));
            store<T>(x + std::int64_t(level.to[n]) * R + at, now.y);
            if constexpr (K == Kind::lstm) store<T>(x + (net.c_after + n) * R + at, now.c);
        }
}

// Slopes of the heads in place of the heads; adds to dx, ddt (R) and dp (nodes, 2, W).
template <Kind K, class T, int V>
void unmake(const GatedNet<T> &net, const LevelShape &level, T *a, const T *x, const T *dt, T *dx, T *ddt, T *dp) {
    constexpr int W = width<T>, R = V * W, heads = heads_of(K);
    for (std::int64_t n = 0; n < level.nodes; ++n)
        for (int at = 0; at < R; at += W) {
            const std::int64_t to = std::int64_t(level.to[n]) * R + at;
            const Moment<T> m = moment<K, T, V>(net, level, n, a, x, dt, at);
            Vec<T> dc{};
            if constexpr (K == Kind::lstm) dc = load<T>(dx + (net.c_after + n) * R + at);
            const Slopes<T> s = slopes<K, T>(level.bend, m, load<T>(x + to), load<T>(dx + to), dc);
            for (int k = 0; k < heads; ++k) store<T>(a + (level.lane + n * heads + k) * R + at, s.a[k]);
            if constexpr (K == Kind::value) continue;
            T *const own = dx + std::int64_t(level.own[n]) * R + at;
            store<T>(own, load<T>(own) + s.h);
            store<T>(ddt + at, load<T>(ddt + at) + s.dt);
            if constexpr (K == Kind::lstm) store<T>(dx + (net.c + n) * R + at, s.c);
            if constexpr (K == Kind::gated || K == Kind::leaky || K == Kind::pure) {
                T *const p = dp + (level.constants + n) * 2 * W;
                store<T>(p, load<T>(p) + s.p[0]);
                if constexpr (K == Kind::pure) store<T>(p + W, load<T>(p + W) + s.p[1]);
            }
        }
}

#define PLASHET_BY_KIND(function, ...)                                             \
    switch (level.kind) {                                                          \
        case Kind::value: function<Kind::value, T, V>(__VA_ARGS__); break;         \
        case Kind::gated: function<Kind::gated, T, V>(__VA_ARGS__); break;         \
        case Kind::leaky: function<Kind::leaky, T, V>(__VA_ARGS__); break;         \
        case Kind::full: function<Kind::full, T, V>(__VA_ARGS__); break;           \
        case Kind::no_gate: function<Kind::no_gate, T, V>(__VA_ARGS__); break;     \
        case Kind::pure: function<Kind::pure, T, V>(__VA_ARGS__); break;           \
        case Kind::lstm: function<Kind::lstm, T, V>(__VA_ARGS__); break;           \
    }

// A tick of one level: its heads, and what its nodes make of them if that is not known.
template <class T, int V>
void level_tick(const GatedNet<T> &net, const LevelShape &level, T *a, T *x, const T *dt, bool known) {
    sums<T, V, false>(level.forward, net.forward, x, a);
    if (!known) PLASHET_BY_KIND(make, net, level, a, x, dt)
}

}  // namespace
}  // namespace plashet::PLASHET_SET
