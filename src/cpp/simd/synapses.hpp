// The leaky liquid wired by a list of synapses: one series, and several side by side.
#pragma once

#include "leak.hpp"

namespace plashet::PLASHET_SET {
namespace {

// One series of a liquid wired by a list of synapses: eight units at once, their sources gathered one by one (the
// gather instructions are no faster on many machines).
template <class T, Activation A>
class Synapses {
    static constexpr int W = width<T>, BLOCK = synapse_block, NV = BLOCK / W;
    static_assert(BLOCK % W == 0, "a block holds whole vectors");

  public:
    static constexpr int ROWS = 1;

    explicit Synapses(const LeakyConstants<T> &c)
        : c_(c), decay_(c), length_(c.padded + 16), memory_(2 * length_ + c.inputs), now_(memory_.get()),
          next_(now_ + length_), u_(next_ + length_) {}

    void load_state(int, const T *x) {
        for (std::int64_t i = 0; i < c_.units; ++i) now_[i] = x[c_.order ? c_.order[i] : i];
    }
    void save_state(int, T *x) const { unsorted(now_, x); }
    void set_input(int, std::int64_t j, T u) { u_[j] = observed(u); }
    T input(int, std::int64_t j) const { return u_[j]; }
    void set_time(int, T dt) { decay_.update(dt); }

    void step(T *const *out) {
        const LeakyConstants<T> c = c_;  // local copies: for all the compiler knows, a store of a vector changes members
        const T *const now = now_, *const gain = decay_.gain, *const u = u_;
        T *const next = next_;
        for (std::int64_t b = 0; b < c.padded / BLOCK; ++b) block(c, b, now, gain, u, next);
        unsorted(next, out[0]);
        next_ = now_;
        now_ = next;
    }

  private:
    void unsorted(const T *x, T *to) const {
        if (!c_.order) std::memcpy(to, x, sizeof(T) * c_.units);
        else
            for (std::int64_t i = 0; i < c_.units; ++i) to[c_.order[i]] = x[i];
    }

    static PLASHET_INLINE void block(const LeakyConstants<T> &c, std::int64_t b, const T *now, const T *gain, const T *u,
                                     T *next) {
        Vec<T> sum[NV];
        const T *w = c.drive + b * (1 + c.inputs) * BLOCK;
        for (int v = 0; v < NV; ++v) sum[v] = load(w + v * W);
        for (std::int64_t j = 0; j < c.inputs; ++j) {
            w += BLOCK;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), all(u[j]), sum[v]);
        }
        const std::int64_t first = c.starts[b], end = c.starts[b + 1];
        const T *weight = c.weights + first * BLOCK;
        const std::uint32_t *pre = c.pre + first * BLOCK;
        for (std::int64_t e = first; e < end; ++e, weight += BLOCK, pre += BLOCK)
            for (int v = 0; v < NV; ++v) {
                Vec<T> x{};
                for (int l = 0; l < W; ++l) x[l] = now[pre[v * W + l]];
                sum[v] = fma<T>(load(weight + v * W), x, sum[v]);
            }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = b * BLOCK + v * W;
            store<T>(next + n, blend<A, T>(sum[v], load(now + n), load(gain + n)));
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_, *next_, *u_;
};

// Several series of a liquid wired by a list of synapses, the series innermost: a source is one contiguous read.
template <class T, Activation A>
class SynapsesOfRows {
    static constexpr int W = width<T>, NV = 2, BLOCK = synapse_block;

  public:
    static constexpr int ROWS = NV * W;

    explicit SynapsesOfRows(const LeakyConstants<T> &c)
        : c_(c), decay_(c), memory_((3 * (c.padded + 1) + c.inputs) * ROWS), now_(memory_.get()),
          next_(now_ + (c.padded + 1) * ROWS), gain_(next_ + (c.padded + 1) * ROWS),
          u_(gain_ + c.padded * ROWS) {}

    void load_state(int r, const T *x) {
        for (std::int64_t i = 0; i < c_.units; ++i) now_[i * ROWS + r] = x[unit(i)];
    }
    void save_state(int r, T *x) const {
        for (std::int64_t i = 0; i < c_.units; ++i) x[unit(i)] = now_[i * ROWS + r];
    }
    void set_input(int r, std::int64_t j, T u) { u_[j * ROWS + r] = observed(u); }
    void set_time(int r, T dt) {
        if (timed_[r] && dt == dt_[r]) return;
        timed_[r] = true;
        dt_[r] = dt;
        decay_.update(dt);
        for (std::int64_t i = 0; i < c_.padded; ++i) gain_[i * ROWS + r] = decay_.gain[i];
    }

    void step(T *const *out) {
        const LeakyConstants<T> c = c_;
        const T *const now = now_, *const gain = gain_, *const u = u_;
        T *const next = next_;
        for (std::int64_t i = 0; i < c.units; ++i) one(c, i, now, gain, u, next);
        for (std::int64_t first = 0; first < c_.units; first += 16) {  // a few cache lines at a time
            const std::int64_t end = first + 16 < c_.units ? first + 16 : c_.units;
            for (int r = 0; r < ROWS && out[r]; ++r)
                for (std::int64_t i = first; i < end; ++i) out[r][unit(i)] = next[i * ROWS + r];
        }
        next_ = now_;
        now_ = next;
    }

  private:
    std::int64_t unit(std::int64_t place) const { return c_.order ? c_.order[place] : place; }

    static PLASHET_INLINE void one(const LeakyConstants<T> &c, std::int64_t i, const T *now, const T *gain, const T *u,
                                   T *next) {
        const std::int64_t b = i / BLOCK, l = i % BLOCK, end = c.starts[b + 1] * BLOCK;
        const T *w = c.drive + b * (1 + c.inputs) * BLOCK + l;
        Vec<T> sum[NV];
        for (int v = 0; v < NV; ++v) sum[v] = all(*w);
        for (std::int64_t j = 0; j < c.inputs; ++j)
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(all(w[(1 + j) * BLOCK]), load(u + j * ROWS + v * W), sum[v]);
        for (std::int64_t e = c.starts[b] * BLOCK + l; e < end; e += BLOCK) {
            const T *x = now + std::int64_t(c.pre[e]) * ROWS;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(all(c.weights[e]), load(x + v * W), sum[v]);
        }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = i * ROWS + v * W;
            store<T>(next + n, blend<A, T>(sum[v], load(now + n), load(gain + n)));
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    Scratch<T> memory_;
    T *now_, *next_, *gain_, *u_;
    T dt_[ROWS];
    bool timed_[ROWS] = {};
};

}  // namespace
}  // namespace plashet::PLASHET_SET
