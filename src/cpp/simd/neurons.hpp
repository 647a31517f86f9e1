// The neurons of spiking liquids: each moves a vector of units by one grid step. See plashet/liquids/neurons.py.
//
//     move(k, drive): the units from k on under drive, a current; a mask of those that reached their threshold
//     fire(unit): what a spike does to the unit
#pragma once

#include "../spiking.hpp"
#include "../simd.hpp"

namespace plashet::PLASHET_SET {

template <class T> using Mask = typename Traits<T>::Bits;

// A row's own arrays, padded to whole vectors.
template <class T>
struct UnitArrays {
    T *v, *silent, *extra;
};

// What is left of the refractory time, in grid steps, a step later.
template <class T>
PLASHET_INLINE Vec<T> a_step_less(Vec<T> silent) {
    return at_least<T>(silent - all(T(1)), T(0));
}

// p: gain, rest + background, threshold, reset, refractory steps
template <class T>
class Lif {
  public:
    Lif(const SpikingConstants<T> &c, const UnitArrays<T> &a) : p_(c.p), a_(a) {}

    PLASHET_INLINE Mask<T> move(std::int64_t k, Vec<T> drive) {
        const Vec<T> v = load(a_.v + k), silent = load(a_.silent + k), aim = load(p_[1] + k) + drive;
        const Vec<T> moved = fma<T>(aim - v, load(p_[0] + k), v);
        const Vec<T> now = select<T>(above<T>(silent, Vec<T>{}), load(p_[3] + k), moved);
        store<T>(a_.silent + k, a_step_less<T>(silent));
        store<T>(a_.v + k, now);
        return at_or_above<T>(now, load(p_[2] + k));
    }

    void fire(std::int64_t unit) {
        a_.v[unit] = p_[3][unit];
        a_.silent[unit] = p_[4][unit];
    }

  private:
    const T *const *p_;
    UnitArrays<T> a_;
};

// p: as Lif, then what is kept of a, threshold_jump, weighed current_jump
template <class T>
class Alif {
  public:
    Alif(const SpikingConstants<T> &c, const UnitArrays<T> &a) : p_(c.p), a_(a) {}

    PLASHET_INLINE Mask<T> move(std::int64_t k, Vec<T> drive) {
        const Vec<T> v = load(a_.v + k), silent = load(a_.silent + k), tired = load(a_.extra + k);
        const Vec<T> aim = load(p_[1] + k) + (drive - load(p_[7] + k) * tired);
        const Vec<T> moved = fma<T>(aim - v, load(p_[0] + k), v);
        const Vec<T> now = select<T>(above<T>(silent, Vec<T>{}), load(p_[3] + k), moved);
        const Vec<T> left = tired * load(p_[5] + k);
        store<T>(a_.silent + k, a_step_less<T>(silent));
        store<T>(a_.v + k, now);
        store<T>(a_.extra + k, left);
        return at_or_above<T>(now, fma<T>(load(p_[6] + k), left, load(p_[2] + k)));
    }

    void fire(std::int64_t unit) {
        a_.v[unit] = p_[3][unit];
        a_.silent[unit] = p_[4][unit];
        a_.extra[unit] += T(1);
    }

  private:
    const T *const *p_;
    UnitArrays<T> a_;
};

// p: a, b, c, d, h in ms; the units beyond the last have h = 0 and stay where they are
template <class T>
class IzhikevichUnits {
  public:
    IzhikevichUnits(const SpikingConstants<T> &c, const UnitArrays<T> &a) : p_(c.p), a_(a) {}

    PLASHET_INLINE Mask<T> move(std::int64_t k, Vec<T> drive) {
        const Vec<T> w = load(a_.extra + k), h = load(p_[4] + k);
        const Vec<T> now = half_step(half_step(load(a_.v + k), w, drive, h), w, drive, h);
        store<T>(a_.v + k, now);
        store<T>(a_.extra + k, w + h * load(p_[0] + k) * (load(p_[1] + k) * now - w));
        return at_or_above<T>(now, all(T(30)));
    }

    void fire(std::int64_t unit) {
        a_.v[unit] = p_[2][unit];
        a_.extra[unit] += p_[3][unit];
    }

  private:
    static PLASHET_INLINE Vec<T> half_step(Vec<T> v, Vec<T> w, Vec<T> drive, Vec<T> h) {
        const Vec<T> slope = (all(T(0.04)) * v + all(T(5))) * v + all(T(140)) - w + drive;
        return at_most<T>(v + all(T(0.5)) * h * slope, T(30));
    }

    const T *const *p_;
    UnitArrays<T> a_;
};

}  // namespace plashet::PLASHET_SET
