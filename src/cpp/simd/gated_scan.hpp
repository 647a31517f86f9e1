// Gated units that hear inputs alone, forward and backward through long series: what they move to and how far is found
// for many ticks at once, which lie innermost as rows do elsewhere; only the scan goes tick by tick. See gated.hpp.
#pragma once

#include "../subnormals.hpp"
#include "gated_levels.hpp"

#include <algorithm>

namespace plashet::PLASHET_SET {
namespace {

template <class T>
constexpr std::int64_t whole_vectors(std::int64_t n) {
    return (n + width<T> - 1) / width<T> * width<T>;
}

// One row of a run.
template <class T>
class Scan {
    static constexpr int V = 2, W = width<T>, R = V * W;

  public:
    explicit Scan(const GatedNet<T> &net)
        : net_(net), padded_(whole_vectors<T>(net.units)), x_((1 + net.inputs) * R), a_(net.lanes * R), dt_(R),
          f_(padded_ * R), gain_(padded_ * R), by_tick_(2 * R * padded_), h_(padded_) {
        for (int r = 0; r < R; ++r) x_.get()[r] = T(1);
    }

    void run(const GatedSeries<T> &s, std::int64_t row) {
        const std::int64_t n = net_.units;
        T *const h = h_.get(), *const f = by_tick_.get(), *const gain = f + R * padded_;
        std::memcpy(h, s.h + row * n, sizeof(T) * n);
        for (std::int64_t t = 0; t < s.ticks; t += R) {
            const std::int64_t ticks = std::min<std::int64_t>(R, s.ticks - t);
            take_inputs<T, R>(s.u + t * s.u_tick + row * s.u_row, s.u_tick, ticks, net_.inputs, x_.get() + R);
            for (std::int64_t r = 0; r < ticks; ++r) dt_.get()[r] = s.dt[(t + r) * s.dt_tick + row * s.dt_row];
            paces();
            turn_all<T>(f_.get(), R, padded_, R, f, padded_);
            turn_all<T>(gain_.get(), R, padded_, R, gain, padded_);
            for (std::int64_t r = 0; r < ticks; ++r) {
                for (std::int64_t i = 0; i < padded_; i += W) {
                    const Vec<T> g = load<T>(gain + r * padded_ + i), to = load<T>(f + r * padded_ + i);
                    store<T>(h + i, fma<T>(all(T(1)) - g, load<T>(h + i), g * to));
                }
                std::memcpy(s.out + (t + r) * s.out_tick + row * s.out_row, h, sizeof(T) * n);
            }
        }
        std::memcpy(s.h + row * n, h, sizeof(T) * n);
    }

  private:
    void paces() {
        const LevelShape &level = net_.levels[0];
        sums<T, V, false>(level.forward, net_.forward, x_.get(), a_.get());
        for (std::int64_t i = 0; i < level.nodes; ++i)
            for (int at = 0; at < R; at += W) {
                Moment<T> m{};
                m.a[0] = load<T>(a_.get() + 2 * i * R + at), m.a[1] = load<T>(a_.get() + (2 * i + 1) * R + at);
                m.dt = load<T>(dt_.get() + at);
                m.p[0] = net_.constants[2 * i];
                const Pace<T> p = pace<Kind::gated, T>(level.bend, m);
                store<T>(f_.get() + i * R + at, p.f);
                store<T>(gain_.get() + i * R + at, p.gain);
            }
    }

    const GatedNet<T> &net_;
    const std::int64_t padded_;
    const Scratch<T> x_, a_, dt_, f_, gain_, by_tick_, h_;
};

// One row of a pull: blocks of some tiles of ticks each, from the last.
template <class T>
class PullScan {
    static constexpr int V = 2, W = width<T>, R = V * W;

  public:
    PullScan(const GatedNet<T> &net, const GatedSlopes<T> &s)
        : net_(net), s_(s), padded_(whole_vectors<T>(net.units)),
          tiles_(std::max<std::int64_t>(1, std::min<std::int64_t>(16, (s.ticks + R - 1) / R))), x_tile_(((1 + net.inputs) | 1) * R),
          a_tile_((net.lanes | 1) * R), x_(tiles_ * x_tile_), a_(tiles_ * a_tile_), dt_(R), ddt_(R), dx_(net.slots * R),
          h_(padded_ * R), d_(padded_ * R), gain_(padded_ * R), by_tick_(2 * R * padded_), carry_(padded_),
          dp_(net.constant_count * 2 * W) {}

    void pull(std::int64_t row) {
        const std::int64_t n = net_.units, block = tiles_ * R;
        std::memcpy(carry_.get(), s_.dh + row * n, sizeof(T) * n);
        for (std::int64_t begin = (s_.ticks - 1) / block * block; begin >= 0; begin -= block) {
            const std::int64_t tiles = (std::min(s_.ticks - begin, block) + R - 1) / R;
            for (std::int64_t k = tiles; k-- > 0;)
                back(row, begin + k * R, x_.get() + k * x_tile_, a_.get() + k * a_tile_);
            weight_slopes<T, V>(net_.levels[0].forward, x_.get(), x_tile_, a_.get(), a_tile_, tiles, s_.weights);
        }
        std::memcpy(s_.dh + row * n, carry_.get(), sizeof(T) * n);
    }

    void give_constants() const {
        for (std::int64_t i = 0; i < 2 * net_.constant_count; ++i) s_.constants[i] += total<T>(load<T>(dp_.get() + i * W));
    }

  private:
    // Ticks t, ..., t + R - 1: their inputs to x, the slopes of their heads to a.
    void back(std::int64_t row, std::int64_t t, T *x, T *a) {
        const std::int64_t n = net_.units, ticks = std::min<std::int64_t>(R, s_.ticks - t);
        const LevelShape &level = net_.levels[0];
        const T *const u = s_.u + t * s_.u_tick + row * s_.u_row;
        for (int r = 0; r < R; ++r) x[r] = T(1);
        take_inputs<T, R>(u, s_.u_tick, ticks, net_.inputs, x + R);
        for (std::int64_t r = 0; r < ticks; ++r) dt_.get()[r] = s_.dt[(t + r) * s_.dt_tick + row * s_.dt_row];
        take_states(row, t, ticks);
        sums<T, V, false>(level.forward, net_.forward, x, a);
        for (std::int64_t i = 0; i < n; ++i)
            for (int at = 0; at < R; at += W) store<T>(gain_.get() + i * R + at, pace<Kind::gated, T>(level.bend, moment(i, a, at)).gain);
        scan(row, t, ticks);
        std::memset(ddt_.get(), 0, sizeof(T) * R);
        for (std::int64_t i = 0; i < n; ++i)
            for (int at = 0; at < R; at += W) {
                const Slopes<T> s =
                    slopes<Kind::gated, T>(level.bend, moment(i, a, at), Vec<T>{}, load<T>(d_.get() + i * R + at), Vec<T>{});
                for (int k = 0; k < 2; ++k) store<T>(a + (2 * i + k) * R + at, s.a[k]);
                store<T>(ddt_.get() + at, load<T>(ddt_.get() + at) + s.dt);
                T *const p = dp_.get() + 2 * i * W;
                store<T>(p, load<T>(p) + s.p[0]);
            }
        std::memset(dx_.get(), 0, sizeof(T) * x_tile_);
        sums<T, V, true>(level.backward, net_.backward, a, dx_.get());
        give_input_slopes<T, R>(u, s_.u_tick, ticks, net_.inputs, dx_.get() + R, s_.du + (t * s_.rows + row) * net_.inputs,
                                s_.rows * net_.inputs);
        for (std::int64_t r = 0; r < ticks; ++r) s_.ddt[(t + r) * s_.rows + row] = ddt_.get()[r];
    }

    Moment<T> moment(std::int64_t i, const T *a, int at) const {
        Moment<T> m{};
        m.a[0] = load<T>(a + 2 * i * R + at), m.a[1] = load<T>(a + (2 * i + 1) * R + at);
        m.h = load<T>(h_.get() + i * R + at), m.dt = load<T>(dt_.get() + at);
        m.p[0] = net_.constants[2 * i];
        return m;
    }

    // h (units, R) before each of the ticks
    void take_states(std::int64_t row, std::int64_t t, std::int64_t ticks) {
        T *const h = by_tick_.get();
        const std::int64_t n = net_.units;
        for (std::int64_t r = 0; r < ticks; ++r)
            std::memcpy(h + r * padded_, t + r ? s_.out + (t + r - 1) * s_.out_tick + row * s_.out_row : s_.h + row * n, sizeof(T) * n);
        turn_all<T>(h, padded_, R, padded_, h_.get(), R);
    }

    // Slopes (units, R) of the states after each of the ticks, and what they carry to before the first.
    void scan(std::int64_t row, std::int64_t t, std::int64_t ticks) {
        T *const gain = by_tick_.get(), *const d = gain + R * padded_, *const carry = carry_.get();
        turn_all<T>(gain_.get(), R, padded_, R, gain, padded_);
        std::memset(d, 0, sizeof(T) * R * padded_);
        for (std::int64_t r = ticks; r-- > 0;) {
            T *const now = d + r * padded_;
            std::memcpy(now, s_.slope + (t + r) * s_.slope_tick + row * s_.slope_row, sizeof(T) * net_.units);
            for (std::int64_t i = 0; i < padded_; i += W) {
                const Vec<T> slope = load<T>(now + i) + load<T>(carry + i);
                store<T>(now + i, slope);
                store<T>(carry + i, slope * (all(T(1)) - load<T>(gain + r * padded_ + i)));
            }
        }
        turn_all<T>(d, padded_, R, padded_, d_.get(), R);
    }

    const GatedNet<T> &net_;
    const GatedSlopes<T> &s_;
    const std::int64_t padded_, tiles_, x_tile_, a_tile_;
    const Scratch<T> x_, a_, dt_, ddt_, dx_, h_, d_, gain_, by_tick_, carry_, dp_;
};

template <class T>
void scan(const GatedNet<T> &net, const GatedSeries<T> &s, std::int64_t first, std::int64_t end) {
    const SubnormalsAreZero guard;
    Scan<T> one(net);
    for (; first < end; ++first) one.run(s, first);
}

template <class T>
void pull_scan(const GatedNet<T> &net, const GatedSlopes<T> &s, std::int64_t first, std::int64_t end) {
    const SubnormalsAreZero guard;
    PullScan<T> one(net, s);
    for (; first < end; ++first) one.pull(first);
    one.give_constants();
}

}  // namespace
}  // namespace plashet::PLASHET_SET
