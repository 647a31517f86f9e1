// The neurons of spiking liquids: each moves all units of a row by one grid step. See plashet/liquids/neurons.py.
//
//     move(pushed, e, i, into_e, into_i): V under pushed + share_e e - share_i i; then e and i decay and take what
//         arrives, whose slots are cleared; whether any unit reached its threshold
//     spikes(which): the units that did, which are reset
#pragma once

#include "../spiking.hpp"

#include <cmath>

#if defined(_MSC_VER)
#define PLASHET_RESTRICT __restrict
#else
#define PLASHET_RESTRICT __restrict__
#endif

namespace plashet::PLASHET_SET {

// Currents after a step. Alone a unit, so that the compiler makes vectors of units.
template <class T>
PLASHET_INLINE void arrive(T &current, T decay, T &slot) {
    current = current * decay + slot;
    slot = T(0);
}

// p: gain, rest + background, threshold, reset
template <class T>
class Lif {
  public:
    Lif(const SpikingConstants<T> &c, const SpikingArrays<T> &a, std::int64_t row)
        : c_(c), v_(a.v + row * c.units), silent_(a.silent + row * c.units) {}

    bool move(const T *PLASHET_RESTRICT pushed, T *PLASHET_RESTRICT e, T *PLASHET_RESTRICT i, T *PLASHET_RESTRICT into_e,
              T *PLASHET_RESTRICT into_i) {
        T *PLASHET_RESTRICT v = v_;
        std::int32_t *PLASHET_RESTRICT silent = silent_;
        const T *gain = c_.p[0], *level = c_.p[1], *threshold = c_.p[2], *reset = c_.p[3];
        const T *share_e = c_.share_e, *share_i = c_.share_i, decay_e = c_.decay_e, decay_i = c_.decay_i;
        std::int32_t any = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            const T drive = pushed[k] + share_e[k] * e[k] - share_i[k] * i[k];
            const T moved = v[k] + (level[k] + drive - v[k]) * gain[k];
            const T now = silent[k] > 0 ? reset[k] : moved;
            silent[k] -= silent[k] > 0;
            v[k] = now;
            any |= now >= threshold[k];
            arrive(e[k], decay_e, into_e[k]);
            arrive(i[k], decay_i, into_i[k]);
        }
        return any;
    }

    std::int64_t spikes(std::int32_t *which) {
        const T *threshold = c_.p[2];
        std::int64_t n = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            which[n] = std::int32_t(k);
            n += v_[k] >= threshold[k];
        }
        for (std::int64_t s = 0; s < n; ++s) {
            v_[which[s]] = c_.p[3][which[s]];
            silent_[which[s]] = c_.refractory[which[s]];
        }
        return n;
    }

  private:
    const SpikingConstants<T> &c_;
    T *v_;
    std::int32_t *silent_;
};

// p: gain, rest + background, threshold, reset, what is kept of a, threshold_jump, weighed current_jump
template <class T>
class Alif {
  public:
    Alif(const SpikingConstants<T> &c, const SpikingArrays<T> &a, std::int64_t row)
        : c_(c), v_(a.v + row * c.units), silent_(a.silent + row * c.units), a_(a.extra + row * c.units) {}

    bool move(const T *PLASHET_RESTRICT pushed, T *PLASHET_RESTRICT e, T *PLASHET_RESTRICT i, T *PLASHET_RESTRICT into_e,
              T *PLASHET_RESTRICT into_i) {
        T *PLASHET_RESTRICT v = v_, *PLASHET_RESTRICT a = a_;
        std::int32_t *PLASHET_RESTRICT silent = silent_;
        const T *gain = c_.p[0], *level = c_.p[1], *threshold = c_.p[2], *reset = c_.p[3], *kept = c_.p[4];
        const T *raise = c_.p[5], *pull = c_.p[6], *share_e = c_.share_e, *share_i = c_.share_i;
        const T decay_e = c_.decay_e, decay_i = c_.decay_i;
        std::int32_t any = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            const T drive = pushed[k] + share_e[k] * e[k] - share_i[k] * i[k] - pull[k] * a[k];
            const T moved = v[k] + (level[k] + drive - v[k]) * gain[k];
            const T now = silent[k] > 0 ? reset[k] : moved;
            silent[k] -= silent[k] > 0;
            v[k] = now;
            a[k] *= kept[k];
            any |= now >= threshold[k] + raise[k] * a[k];
            arrive(e[k], decay_e, into_e[k]);
            arrive(i[k], decay_i, into_i[k]);
        }
        return any;
    }

    std::int64_t spikes(std::int32_t *which) {
        std::int64_t n = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            which[n] = std::int32_t(k);
            n += v_[k] >= c_.p[2][k] + c_.p[5][k] * a_[k];
        }
        for (std::int64_t s = 0; s < n; ++s) {
            v_[which[s]] = c_.p[3][which[s]];
            silent_[which[s]] = c_.refractory[which[s]];
            a_[which[s]] += T(1);
        }
        return n;
    }

  private:
    const SpikingConstants<T> &c_;
    T *v_;
    std::int32_t *silent_;
    T *a_;
};

// p: a, b, c, d, h in ms
template <class T>
class IzhikevichUnits {
  public:
    IzhikevichUnits(const SpikingConstants<T> &c, const SpikingArrays<T> &a, std::int64_t row)
        : c_(c), v_(a.v + row * c.units), w_(a.extra + row * c.units) {}

    bool move(const T *PLASHET_RESTRICT pushed, T *PLASHET_RESTRICT e, T *PLASHET_RESTRICT i, T *PLASHET_RESTRICT into_e,
              T *PLASHET_RESTRICT into_i) {
        T *PLASHET_RESTRICT v = v_, *PLASHET_RESTRICT w = w_;
        const T *a = c_.p[0], *b = c_.p[1], *ms = c_.p[4];
        const T *share_e = c_.share_e, *share_i = c_.share_i, decay_e = c_.decay_e, decay_i = c_.decay_i;
        std::int32_t any = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            const T drive = pushed[k] + share_e[k] * e[k] - share_i[k] * i[k], h = ms[k];
            const T half = half_step(v[k], w[k], drive, h), now = half_step(half, w[k], drive, h);
            v[k] = now;
            w[k] = w[k] + h * a[k] * (b[k] * now - w[k]);
            any |= now >= T(30);
            arrive(e[k], decay_e, into_e[k]);
            arrive(i[k], decay_i, into_i[k]);
        }
        return any;
    }

    std::int64_t spikes(std::int32_t *which) {
        std::int64_t n = 0;
        for (std::int64_t k = 0; k < c_.units; ++k) {
            which[n] = std::int32_t(k);
            n += v_[k] >= T(30);
        }
        for (std::int64_t s = 0; s < n; ++s) {
            v_[which[s]] = c_.p[2][which[s]];
            w_[which[s]] += c_.p[3][which[s]];
        }
        return n;
    }

  private:
    static PLASHET_INLINE T half_step(T v, T w, T drive, T h) {
        const T next = v + T(0.5) * h * ((T(0.04) * v + T(5)) * v + T(140) - w + drive);
        return next < T(30) ? next : T(30);
    }

    const SpikingConstants<T> &c_;
    T *v_, *w_;
};

}  // namespace plashet::PLASHET_SET
