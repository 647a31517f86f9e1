// The parts of a step of a liquid time-constant network that forward and backward share.
#pragma once

#include "../ltc.hpp"
#include "../simd.hpp"

#include <cstddef>
#include <vector>

namespace plashet::PLASHET_SET {
namespace {

template <class T> constexpr int lanes = ltc_tile / width<T>;  // vectors in a tile

// Memory on a cache line, handed out piece by piece.
template <class T>
class Scratch {
  public:
    explicit Scratch(std::size_t n) : memory_(n + 64, T(0)), next_(memory_.data()) {
        while (reinterpret_cast<std::uintptr_t>(next_) % 64) ++next_;
    }
    T *take(std::int64_t n) {
        T *piece = next_;
        next_ += (n + 15) / 16 * 16;
        return piece;
    }
    static std::size_t room(std::initializer_list<std::int64_t> pieces) {
        std::size_t n = 0;
        for (std::int64_t piece : pieces) n += std::size_t(piece + 15) / 16 * 16;
        return n;
    }

  private:
    std::vector<T> memory_;
    T *next_;
};

template <class T>
PLASHET_INLINE Vec<T> gate(Vec<T> x, Vec<T> sigma, Vec<T> mu) {
    return logistic<T>(sigma * (x - mu));
}

// All bits set where x was observed (is not NaN)
template <class T>
PLASHET_INLINE typename Traits<T>::Bits is_observed(Vec<T> x) {
    return at_or_above<T>(x, x);
}

// k = dt / (unfolds cm). A step beyond 2^100 (2^1000) is as good as endless, and k G shall not overflow.
template <class T>
PLASHET_INLINE Vec<T> pace(Vec<T> step, Vec<T> cm) {
    return at_most<T>(step / cm, sizeof(T) == 4 ? T(1.2676506002282294e30) : T(1.0715086071862673e301));
}

// v' = v + r (I - G v): r for k and the whole conductance G
template <class T>
PLASHET_INLINE Vec<T> rate(bool exponential, Vec<T> k, Vec<T> total) {
    const Vec<T> one = all(T(1)), z = k * total;
    if (!exponential) return k / (one + z);
    const auto some = above<T>(z, Vec<T>{});
    const Vec<T> share = (Vec<T>{} - expm1<T>(Vec<T>{} - z)) / select<T>(some, z, one);
    return k * select<T>(some, share, one);
}

// 1 - r G, what a step leaves of v: not as that difference, which is all rounding where little is left
template <class T>
PLASHET_INLINE Vec<T> left_of(bool exponential, Vec<T> k, Vec<T> total) {
    const Vec<T> one = all(T(1)), z = k * total;
    return exponential ? exp<T>(Vec<T>{} - z) : one / (one + z);
}

// u of one tick and tile, transposed to [input][row] and sent through the affine map; rows that are not there: zeros
template <class T>
inline void hear(const LTCNet<T> &net, const T *u, std::int64_t rows, T *x) {
    for (std::int64_t i = 0; i < net.inputs; ++i) {
        T *to = x + i * ltc_tile;
        for (std::int64_t r = 0; r < rows; ++r) to[r] = u[r * net.inputs + i];
        for (std::int64_t r = rows; r < ltc_tile; ++r) to[r] = T(0);
        for (int l = 0; l < lanes<T>; ++l)
            store<T>(to + l * width<T>, all(net.weight[i]) * load<T>(to + l * width<T>) + all(net.bias[i]));
    }
}

template <class T>
inline void transpose_in(const T *from, std::int64_t rows, std::int64_t units, T *to) {
    for (std::int64_t i = 0; i < units; ++i) {
        for (std::int64_t r = 0; r < rows; ++r) to[i * ltc_tile + r] = from[r * units + i];
        for (std::int64_t r = rows; r < ltc_tile; ++r) to[i * ltc_tile + r] = T(0);
    }
}

template <class T>
inline void transpose_out(const T *from, std::int64_t rows, std::int64_t units, T *to) {
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t i = 0; i < units; ++i) to[r * units + i] = from[i * ltc_tile + r];
}

// sum g erev and sum g over the synapses of each unit, [unit][row]; the open shares of the gates are kept if asked for.
// missing: what is heard may be NaN, and then the gate is closed.
template <class T, bool missing, bool keep>
inline void conduct(const LTCGates<T> &gates, std::int64_t units, const T *heard, T *pulled, T *open, T *kept) {
    constexpr int L = lanes<T>, W = width<T>;
    for (std::int64_t i = 0; i < units; ++i) {
        Vec<T> sum[L] = {}, towards[L] = {};
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e) {
            const T *x = heard + gates.pre[e] * ltc_tile;
            const Vec<T> w = all(gates.w[e]), sigma = all(gates.sigma[e]), mu = all(gates.mu[e]);
            const Vec<T> erev = all(gates.erev[e]);
            for (int l = 0; l < L; ++l) {
                const Vec<T> now = load<T>(x + l * W);
                Vec<T> share = gate<T>(now, sigma, mu);
                if constexpr (missing) share = select<T>(is_observed<T>(now), share, Vec<T>{});
                if constexpr (keep) store<T>(kept + e * ltc_tile + l * W, share);
                const Vec<T> g = w * share;
                sum[l] = sum[l] + g;
                towards[l] = towards[l] + g * erev;
            }
        }
        for (int l = 0; l < L; ++l) {
            store<T>(open + i * ltc_tile + l * W, sum[l]);
            store<T>(pulled + i * ltc_tile + l * W, towards[l]);
        }
    }
}

}  // namespace
}  // namespace plashet::PLASHET_SET
