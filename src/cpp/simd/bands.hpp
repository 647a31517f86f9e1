// The leaky liquid wired in bands.
#pragma once

#include "leak.hpp"

namespace plashet::PLASHET_SET {
namespace {

// One series of a liquid wired in bands. The first block of a state is repeated after the last unit, so that the reading
// of a block never wraps. (Several series at once, sharing the loads of the weights, were slower.)
template <class T, Activation A>
class Bands {
    static constexpr int W = width<T>, BLOCK = band_block<T>, PER_BLOCK = BLOCK / W;

  public:
    static constexpr int ROWS = 1;

    explicit Bands(const LeakyConstants<T> &c)
        : c_(c), decay_(c), length_(c.padded + BLOCK), memory_(2 * length_ + c.inputs), now_(memory_.get()),
          next_(now_ + length_), u_(next_ + length_) {}

    void load_state(int, const T *x) {
        std::memcpy(now_, x, sizeof(T) * c_.units);
        repeat_first_block(now_);
    }
    void save_state(int, T *x) const { std::memcpy(x, now_, sizeof(T) * c_.units); }
    void set_input(int, std::int64_t j, T u) { u_[j] = observed(u); }
    T input(int, std::int64_t j) const { return u_[j]; }
    void set_time(int, T dt) { decay_.update(dt); }

    // Moves on by a tick, and writes the new state to out[0].
    void step(T *const *out) {
        constexpr int at_once = PER_BLOCK < 4 ? PER_BLOCK : 4;
        const Reads reads{c_.drive, now_, decay_.gain, u_, c_.sources, c_.inputs, c_.degree};
        const std::int64_t units = c_.units, blocks = units / BLOCK, done = blocks * BLOCK, left = units - done;
        T *const next = next_, *const to = out[0];
        for (std::int64_t b = 0; b < blocks; ++b)
            for (int first = 0; first < PER_BLOCK; first += at_once) part<at_once, true>(reads, b, first, next, to);
        for (std::int64_t v = 0; v * W < left; v += left - v * W > W ? at_once : 1)  // computed past the last unit
            if (left - v * W > W) part<at_once, false>(reads, blocks, v, next, nullptr);
            else part<1, false>(reads, blocks, v, next, nullptr);
        for (std::int64_t i = done; i < units; ++i) to[i] = next[i];
        repeat_first_block(next);
        next_ = now_;
        now_ = next;
    }

  private:
    // What a tick reads, in a local copy: for all the compiler knows, a store of a vector may change any member.
    struct Reads {
        const T *drive, *now, *gain, *u;
        const std::int32_t *sources;
        std::int64_t inputs, degree;
    };

    void repeat_first_block(T *x) const {
        for (int i = 0; i < BLOCK; i += W) store<T>(x + c_.units + i, load(x + i));
    }

    // NV vectors of units, from vector `first` of block b on; the sums stay in registers until the state is new
    template <int NV, bool WRITE>
    static PLASHET_INLINE void part(const Reads &c, std::int64_t b, std::int64_t first, T *next, T *out) {
        const std::int64_t i = b * BLOCK + first * W;
        const T *w = c.drive + b * (1 + c.inputs + c.degree) * BLOCK + first * W;
        Vec<T> sum[NV];
        for (int v = 0; v < NV; ++v) sum[v] = load(w + v * W);
        w += BLOCK;
        for (std::int64_t j = 0; j < c.inputs; ++j, w += BLOCK)
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), all(c.u[j]), sum[v]);
        const std::int32_t *source = c.sources + b * c.degree;
        for (std::int64_t k = 0; k < c.degree; ++k, w += BLOCK) {
            const T *from = c.now + source[k] + first * W;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), load(from + v * W), sum[v]);
        }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = i + v * W;
            const Vec<T> x = blend<A, T>(sum[v], load(c.now + n), load(c.gain + n));
            store<T>(next + n, x);
            if constexpr (WRITE) store<T>(out + n, x);
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_, *next_, *u_;
};

}  // namespace
}  // namespace plashet::PLASHET_SET
