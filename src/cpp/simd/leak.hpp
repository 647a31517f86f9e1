// What both wirings of the leaky liquid share: scratch memory, the activation, the blend of old and new, the decay.
#pragma once

#include "../leaky.hpp"

#include <cstdlib>
#include <cstring>

#include "../simd.hpp"

namespace plashet::PLASHET_SET {
namespace {

template <class T> constexpr T largest_value = T(1.2676506002282294e30);  // 2^100
template <> constexpr double largest_value<double> = 1.0715086071862673e301;  // 2^1000

// Zeroed scratch memory on a cache line.
template <class T>
class Scratch {
  public:
    explicit Scratch(std::int64_t n) : raw_(std::calloc(std::size_t(n) * sizeof(T) + 64, 1)) {
        first_ = reinterpret_cast<T *>((reinterpret_cast<std::uintptr_t>(raw_) + 63) & ~std::uintptr_t(63));
    }
    ~Scratch() { std::free(raw_); }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;
    T *get() const { return first_; }

  private:
    void *raw_;
    T *first_;
};

template <Activation A, class T>
PLASHET_INLINE Vec<T> act(Vec<T> v) {
    constexpr T limit = largest_value<T>;
    if constexpr (A == Activation::tanh) return tanh<T>(v);
    else if constexpr (A == Activation::logistic) return logistic<T>(v);
    else if constexpr (A == Activation::relu) return at_most<T>(at_least<T>(v, T(0)), limit);
    else return at_most<T>(at_least<T>(v, -limit), limit);
}

// f g + x (1 - g): exactly x where g = 0 and exactly f where g = 1
template <Activation A, class T>
PLASHET_INLINE Vec<T> blend(Vec<T> sum, Vec<T> x, Vec<T> gain) {
    return fma<T>(all(T(1)) - gain, x, gain * act<A, T>(sum));
}

template <class T>
PLASHET_INLINE T observed(T u) {
    constexpr T limit = largest_value<T>;
    if (u != u) return T(0);
    return u > limit ? limit : u < -limit ? -limit : u;
}

// gain = 1 - exp(-dt / tau) of each unit; computed anew when dt changes.
template <class T>
class Decay {
  public:
    explicit Decay(const LeakyConstants<T> &c) : c_(c), memory_(c.padded), gain(memory_.get()) {}

    void update(T dt) {
        constexpr T most = sizeof(T) == 4 ? T(3e38) : T(1e308);  // an endless tick of an endless tau is no NaN
        if (dt > most) dt = most;
        if (fresh_ && dt == dt_) return;
        fresh_ = true;
        dt_ = dt;
        Vec<T> loss{};
        for (std::int64_t i = 0; i < c_.padded; i += width<T>) {
            if (i == 0 || !c_.one_rate) loss = expm1<T>(all(-dt) * load(c_.rates + i));
            store<T>(gain + i, Vec<T>{} - loss);
        }
    }

  private:
    const LeakyConstants<T> &c_;
    Scratch<T> memory_;
    T dt_ = 0;
    bool fresh_ = false;

  public:
    T *const gain;
};

}  // namespace
}  // namespace plashet::PLASHET_SET
