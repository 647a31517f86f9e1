// The parts of a step of a liquid time-constant network that forward and backward share.
#pragma once

#include "../ltc.hpp"
#include "../simd.hpp"

#include <algorithm>
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

// v' = v + r (I - G v): r for k and the whole conductance G, and what the step leaves of v, 1 - r G: not as that
// difference, which is all rounding where little is left
template <class T>
PLASHET_INLINE Vec<T> rate(bool exponential, Vec<T> k, Vec<T> total, Vec<T> &left) {
    const Vec<T> one = all(T(1)), z = k * total;
    if (!exponential) {
        left = one / (one + z);
        return k * left;
    }
    const auto some = above<T>(z, Vec<T>{});
    const Vec<T> share = (Vec<T>{} - expm1<T>(Vec<T>{} - z)) / select<T>(some, z, one);
    left = exp<T>(Vec<T>{} - z);
    return k * select<T>(some, share, one);
}

// Rows of `columns` numbers to [column][row of the tile], zeros for rows that are not there; from one row to the next, `row`
template <class T>
inline void transpose_in(const T *from, std::int64_t row, std::int64_t rows, std::int64_t columns, T *to) {
    for (std::int64_t i = 0; i < columns; ++i) {
        for (std::int64_t r = 0; r < rows; ++r) to[i * ltc_tile + r] = from[r * row + i];
        for (std::int64_t r = rows; r < ltc_tile; ++r) to[i * ltc_tile + r] = T(0);
    }
}

// The inputs of a tile, [input][row], sent through the affine map
template <class T>
inline void hear(const LTCNet<T> &net, const T *u, T *x) {
    for (std::int64_t i = 0; i < net.inputs; ++i)
        for (int l = 0; l < lanes<T>; ++l) {
            const std::int64_t at = i * ltc_tile + l * width<T>;
            store<T>(x + at, all(net.weight[i]) * load<T>(u + at) + all(net.bias[i]));
        }
}

template <class T>
inline void transpose_out(const T *from, std::int64_t rows, std::int64_t units, T *to) {
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t i = 0; i < units; ++i) to[r * units + i] = from[i * ltc_tile + r];
}

// The open shares of the gates of S synapses from e on, [synapse][row].
// missing: what is heard may be NaN, and then the gate is closed.
template <class T, int S, bool missing>
PLASHET_INLINE void open_shares(const LTCGates<T> &gates, std::int64_t e, const T *heard, Vec<T> (&share)[S * lanes<T>]) {
    constexpr int L = lanes<T>, W = width<T>;
    for (int k = 0; k < S; ++k) {
        const T *x = heard + gates.pre[e + k] * ltc_tile;
        for (int l = 0; l < L; ++l) share[k * L + l] = (load<T>(x + l * W) - all(gates.mu[e + k])) * all(gates.slope[e + k]);
    }
    logistic_of_two<T>(share);
    if constexpr (missing)
        for (int k = 0; k < S; ++k)
            for (int l = 0; l < L; ++l) {
                const Vec<T> x = load<T>(heard + gates.pre[e + k] * ltc_tile + l * W);
                share[k * L + l] = select<T>(is_observed<T>(x), share[k * L + l], Vec<T>{});
            }
}

// A current and a conductance of each unit, [unit][row].
template <class T>
struct Flow {
    T *current, *total;
};

// `before`, and sum g erev and sum g over the synapses of each unit; shares: room for the open shares of all gates.
template <class T, bool missing>
PLASHET_APART void conduct(const LTCGates<T> gates, std::int64_t units, const T *heard, Flow<T> before, Flow<T> after,
                           T *shares) {
    constexpr int L = lanes<T>, W = width<T>, S = L < 4 ? 4 / L : 1;  // four vectors are enough to keep it busy
    std::int64_t e = 0;
    for (; e + S <= gates.edges; e += S) {
        Vec<T> share[S * L];
        open_shares<T, S, missing>(gates, e, heard, share);
        for (int k = 0; k < S * L; ++k) store<T>(shares + e * ltc_tile + k * W, share[k]);
    }
    for (; e < gates.edges; ++e) {
        Vec<T> share[L];
        open_shares<T, 1, missing>(gates, e, heard, share);
        for (int k = 0; k < L; ++k) store<T>(shares + e * ltc_tile + k * W, share[k]);
    }
    for (std::int64_t i = 0; i < units; ++i) {
        Vec<T> current[L], total[L];
        for (int l = 0; l < L; ++l) {
            current[l] = load<T>(before.current + i * ltc_tile + l * W);
            total[l] = load<T>(before.total + i * ltc_tile + l * W);
        }
        for (std::int64_t e = gates.start[i]; e < gates.start[i + 1]; ++e)
            for (int l = 0; l < L; ++l) {
                const Vec<T> share = load<T>(shares + e * ltc_tile + l * W);
                current[l] = fma<T>(all(gates.drive[e]), share, current[l]);
                total[l] = fma<T>(all(gates.w[e]), share, total[l]);
            }
        for (int l = 0; l < L; ++l) {
            store<T>(after.current + i * ltc_tile + l * W, current[l]);
            store<T>(after.total + i * ltc_tile + l * W, total[l]);
        }
    }
}

// What flows through the leaks
template <class T>
inline void leaks(const LTCNet<T> &net, Flow<T> leak) {
    for (std::int64_t i = 0; i < net.units; ++i) {
        std::fill_n(leak.current + i * ltc_tile, ltc_tile, net.gleak[i] * net.vleak[i]);
        std::fill_n(leak.total + i * ltc_tile, ltc_tile, net.gleak[i]);
    }
}

// k of every unit and row of a tile for one tick
template <class T>
inline void paces(const LTCNet<T> &net, const T *step, T *k) {
    for (std::int64_t i = 0; i < net.units; ++i)
        for (int l = 0; l < lanes<T>; ++l)
            store<T>(k + i * ltc_tile + l * width<T>, pace<T>(load<T>(step + l * width<T>), all(net.cm[i])));
}

}  // namespace
}  // namespace plashet::PLASHET_SET
