// Vectors of floats or doubles, and exp, tanh and the logistic function on them.
//
// A file that includes this header is compiled once for each instruction set (see CMakeLists.txt); PLASHET_SET names
// the set and is the namespace of everything here, so that no inline function of one set can be linked into another.
// Every operation is written out in its order (the files are compiled with -ffp-contract=off and without
// -fassociative-math): on one instruction set a number depends on its own operands only, never on the loop, the batch
// or the lane in which it was computed.
//
// Maximal errors in units in the last place (tests/truth/test_simd.py holds them; every float32 was tried once, but of the last):
//
//   function   domain                     float32   float64
//   exp        [-87, 88], [-708, 709]     1.5       1.5       beyond it as at its ends
//   tanh       all                        4         4         in absolute terms 1.6e-7, 3e-16
//   logistic   all                        3         3         below 1e-37 (1e-307) it is about 1e-38 (1e-308)
//   logistic_of_two  [-126, 126], [-1022, 1022]   3   3       beyond it as at its ends
//
// NaN passes through. No tanh lies outside [-1, 1], no logistic outside [0, 1].
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__)
#include <arm_neon.h>
#endif

#ifndef PLASHET_SET
#define PLASHET_SET plain
#endif

#ifndef PLASHET_VECTOR_BYTES
#if defined(__AVX2__) && defined(__FMA__)
#define PLASHET_VECTOR_BYTES 32
#else
#define PLASHET_VECTOR_BYTES 16
#endif
#endif

// PLASHET_APART: a loop that shall have all registers to itself
#if defined(__GNUC__)
#define PLASHET_INLINE inline __attribute__((always_inline))
#define PLASHET_APART __attribute__((noinline))
#else
#define PLASHET_INLINE inline
#define PLASHET_APART
#endif

namespace plashet::PLASHET_SET {

// ---------------------------------------------------------------------------------------------------------- the types

#if defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
typedef float Floats __attribute__((vector_size(PLASHET_VECTOR_BYTES)));
typedef double Doubles __attribute__((vector_size(PLASHET_VECTOR_BYTES)));
typedef int32_t Ints32 __attribute__((vector_size(PLASHET_VECTOR_BYTES)));
typedef int64_t Ints64 __attribute__((vector_size(PLASHET_VECTOR_BYTES)));
#else
// For compilers without vector types: the same operators as loops, which the compiler may vectorise.
template <class T>
struct Lanes {
    static constexpr int width = PLASHET_VECTOR_BYTES / sizeof(T);
    T lane[width];
    T &operator[](int i) { return lane[i]; }
    T operator[](int i) const { return lane[i]; }
    template <class F>
    static Lanes each(F f) {
        Lanes r;
        for (int i = 0; i < width; ++i) r.lane[i] = f(i);
        return r;
    }
    friend Lanes operator+(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] + b[i]); }); }
    friend Lanes operator-(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] - b[i]); }); }
    friend Lanes operator*(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] * b[i]); }); }
    friend Lanes operator/(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] / b[i]); }); }
    friend Lanes operator&(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] & b[i]); }); }
    friend Lanes operator|(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] | b[i]); }); }
    friend Lanes operator^(Lanes a, Lanes b) { return each([&](int i) { return T(a[i] ^ b[i]); }); }
    friend Lanes operator<<(Lanes a, int n) {
        return each([&](int i) { return T(std::uint64_t(a[i]) << n); });
    }
};
using Floats = Lanes<float>;
using Doubles = Lanes<double>;
using Ints32 = Lanes<std::int32_t>;
using Ints64 = Lanes<std::int64_t>;
#endif

template <class T> struct Traits;
template <> struct Traits<float> {
    using Vector = Floats;
    using Bits = Ints32;
    using Bit = std::int32_t;
};
template <> struct Traits<double> {
    using Vector = Doubles;
    using Bits = Ints64;
    using Bit = std::int64_t;
};
template <class T> using Vec = typename Traits<T>::Vector;
template <class T> constexpr int width = PLASHET_VECTOR_BYTES / sizeof(T);

// ----------------------------------------------------------------------------------------------- the first operations

template <class To, class From>
PLASHET_INLINE To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "a reinterpretation keeps the size");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

template <class T>
PLASHET_INLINE Vec<T> load(const T *from) {
    Vec<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
PLASHET_INLINE void store(T *to, Vec<T> v) {
    std::memcpy(to, &v, sizeof v);
}

template <class T>
PLASHET_INLINE Vec<T> all(T value) {
#if defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
    return value - Vec<T>{};
#else
    return Vec<T>::each([&](int) { return value; });
#endif
}

// a * b + c, rounded once where the instruction set can
template <class T>
PLASHET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c);

// v, but not above (below) the limit; NaN stays NaN, as x86's min and max return their second operand then
template <class T>
PLASHET_INLINE Vec<T> at_most(Vec<T> v, T limit);
template <class T>
PLASHET_INLINE Vec<T> at_least(Vec<T> v, T limit);

#define PLASHET_X86_OPERATIONS(T, suffix, prefix)                                                                   \
    template <> PLASHET_INLINE Vec<T> at_most<T>(Vec<T> v, T limit) { return prefix##_min_##suffix(all(limit), v); } \
    template <> PLASHET_INLINE Vec<T> at_least<T>(Vec<T> v, T limit) { return prefix##_max_##suffix(all(limit), v); }

#if defined(PLASHET_PLAIN_VECTORS) || !defined(__GNUC__) || !(defined(__SSE2__) || defined(__aarch64__))
#define PLASHET_OPERATIONS_BY_LANE 1
#elif defined(__AVX2__) && defined(__FMA__) && PLASHET_VECTOR_BYTES == 32
#define PLASHET_FUSED 1
PLASHET_X86_OPERATIONS(float, ps, _mm256)
PLASHET_X86_OPERATIONS(double, pd, _mm256)
template <> PLASHET_INLINE Floats fma<float>(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
template <> PLASHET_INLINE Doubles fma<double>(Doubles a, Doubles b, Doubles c) { return _mm256_fmadd_pd(a, b, c); }
#elif defined(__SSE2__) && PLASHET_VECTOR_BYTES == 16
PLASHET_X86_OPERATIONS(float, ps, _mm)
PLASHET_X86_OPERATIONS(double, pd, _mm)
template <> PLASHET_INLINE Floats fma<float>(Floats a, Floats b, Floats c) { return a * b + c; }
template <> PLASHET_INLINE Doubles fma<double>(Doubles a, Doubles b, Doubles c) { return a * b + c; }
#elif defined(__aarch64__) && PLASHET_VECTOR_BYTES == 16
#define PLASHET_FUSED 1
template <> PLASHET_INLINE Floats fma<float>(Floats a, Floats b, Floats c) {
    return (Floats)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
template <> PLASHET_INLINE Doubles fma<double>(Doubles a, Doubles b, Doubles c) {
    return (Doubles)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
template <> PLASHET_INLINE Floats at_most<float>(Floats v, float limit) {
    return (Floats)vminq_f32((float32x4_t)v, vdupq_n_f32(limit));
}
template <> PLASHET_INLINE Floats at_least<float>(Floats v, float limit) {
    return (Floats)vmaxq_f32((float32x4_t)v, vdupq_n_f32(limit));
}
template <> PLASHET_INLINE Doubles at_most<double>(Doubles v, double limit) {
    return (Doubles)vminq_f64((float64x2_t)v, vdupq_n_f64(limit));
}
template <> PLASHET_INLINE Doubles at_least<double>(Doubles v, double limit) {
    return (Doubles)vmaxq_f64((float64x2_t)v, vdupq_n_f64(limit));
}
#else
#define PLASHET_OPERATIONS_BY_LANE 1
#endif

#ifdef PLASHET_OPERATIONS_BY_LANE
template <class T>
PLASHET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
    return a * b + c;
}
template <class T>
PLASHET_INLINE Vec<T> at_most(Vec<T> v, T limit) {
    for (int i = 0; i < width<T>; ++i) v[i] = v[i] > limit ? limit : v[i];
    return v;
}
template <class T>
PLASHET_INLINE Vec<T> at_least(Vec<T> v, T limit) {
    for (int i = 0; i < width<T>; ++i) v[i] = v[i] < limit ? limit : v[i];
    return v;
}
#endif
#undef PLASHET_X86_OPERATIONS

// The same for one number, rounded as a lane of fma is
template <class T>
PLASHET_INLINE T fma_one(T a, T b, T c) {
#ifdef PLASHET_FUSED
    if constexpr (sizeof(T) == 4) return __builtin_fmaf(a, b, c);
    else return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

// Masks: all bits of a lane set where it holds
template <class T>
PLASHET_INLINE typename Traits<T>::Bits at_or_above(Vec<T> a, Vec<T> b) {
#if defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
    return a >= b;
#else
    return Traits<T>::Bits::each([&](int i) { return typename Traits<T>::Bit(a[i] >= b[i] ? -1 : 0); });
#endif
}
template <class T>
PLASHET_INLINE typename Traits<T>::Bits above(Vec<T> a, Vec<T> b) {
#if defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
    return a > b;
#else
    return Traits<T>::Bits::each([&](int i) { return typename Traits<T>::Bit(a[i] > b[i] ? -1 : 0); });
#endif
}
template <class T>
PLASHET_INLINE Vec<T> select(typename Traits<T>::Bits mask, Vec<T> yes, Vec<T> no) {
#if defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
    return mask ? yes : no;
#else
    return Vec<T>::each([&](int i) { return mask[i] ? yes[i] : no[i]; });
#endif
}
template <class T>
PLASHET_INLINE bool anywhere(typename Traits<T>::Bits mask) {
#if defined(__AVX2__) && PLASHET_VECTOR_BYTES == 32 && !defined(PLASHET_PLAIN_VECTORS)
    return _mm256_movemask_epi8((__m256i)mask) != 0;
#elif defined(__SSE2__) && PLASHET_VECTOR_BYTES == 16 && !defined(PLASHET_PLAIN_VECTORS) && defined(__GNUC__)
    return _mm_movemask_epi8((__m128i)mask) != 0;
#else
    bool any = false;
    for (int i = 0; i < width<T>; ++i) any = any || mask[i] != 0;
    return any;
#endif
}

// The polynomial c[0] + c[1] x + c[2] x^2 + ...
template <class T, std::size_t N>
PLASHET_INLINE Vec<T> polynomial(Vec<T> x, const T (&c)[N]) {
    Vec<T> sum = all(c[N - 1]);
    for (std::size_t i = N - 1; i-- > 0;) sum = fma<T>(sum, x, all(c[i]));
    return sum;
}

// ------------------------------------------------------------------------------------------------------- exp and expm1

// The constants below are minimax fits of our own (a reweighted least squares fit in 60 digits).
template <class T> struct Exponential;
template <> struct Exponential<float> {
    static constexpr float lowest = -87.0f, highest = 88.0f;
    static constexpr float to_integer = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, in the last bits
    static constexpr int mantissa = 23;
    static constexpr float per_ln2 = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    // expm1(r) = r + r^2 (c[0] + c[1] r + ...), relative error 1.3e-8 on |r| <= ln(2) / 2
    static constexpr float c[] = {0.49999998153f, 0.16666543611f, 0.041667200109f, 0.0083665215176f, 0.0013882504361f};
    // 2^r - 1 = r (of_two[0] + of_two[1] r + ...), relative error 1.1e-8 on |r| <= 1/2
    static constexpr float of_two[] = {0.69314718793f,   0.24022649794f,   0.055503574296f,
                                       0.0096182375816f, 0.0013390737669f, 0.00015403487341f};
};
template <> struct Exponential<double> {
    static constexpr double lowest = -708.0, highest = 709.0;
    static constexpr double to_integer = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr int mantissa = 52;
    static constexpr double per_ln2 = 1.4426950408889634074;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    // relative errors 1.8e-17
    static constexpr double c[] = {
        0.5000000000000005186,   0.1666666666666658958,    0.04166666666657670174,   0.008333333333389342931,
        0.001388888893157813603, 0.00019841269719485456,   0.00002480150526070431762, 2.755740709793060854e-6,
        2.762604234384645529e-7, 2.505391998122168932e-8,
    };
    static constexpr double of_two[] = {
        0.6931471805599453112,    0.240226506959100979,     0.05550410866482123112,   0.009618129107607061872,
        0.001333355814653335975,  0.0001540353044148645179, 0.00001525273369929503693, 1.321544272091513897e-6,
        1.017812216889338699e-7,  7.072562341405856979e-9,  4.445399346171996825e-10,
    };
};

// 2^n, n the integer in the last bits of n + to_integer
template <class T>
PLASHET_INLINE Vec<T> power_of_two(Vec<T> shifted) {
    using Bits = typename Traits<T>::Bits;
    const Bits power = same_bits<Bits>(shifted) << Exponential<T>::mantissa;
    return same_bits<Vec<T>>(power + same_bits<Bits>(all(T(1))));
}

// exp(v) = scale (1 + rest), scale a power of two and |rest| < 0.42; v must lie in [lowest, highest]
template <class T>
PLASHET_INLINE void split_exp(Vec<T> v, Vec<T> &scale, Vec<T> &rest) {
    using E = Exponential<T>;
    const Vec<T> shifted = fma<T>(v, all(E::per_ln2), all(E::to_integer));
    const Vec<T> n = shifted - all(E::to_integer);
    Vec<T> r = fma<T>(n, all(-E::ln2_high), v);
    r = fma<T>(n, all(-E::ln2_low), r);
    rest = fma<T>(r * r, polynomial<T>(r, E::c), r);
    scale = power_of_two<T>(shifted);
}

template <class T>
PLASHET_INLINE Vec<T> exp(Vec<T> v) {
    using E = Exponential<T>;
    Vec<T> scale, rest;
    split_exp<T>(at_least<T>(at_most<T>(v, E::highest), E::lowest), scale, rest);
    return fma<T>(scale, rest, scale);
}

// exp(v) - 1
template <class T>
PLASHET_INLINE Vec<T> expm1(Vec<T> v) {
    using E = Exponential<T>;
    Vec<T> scale, rest;
    split_exp<T>(at_least<T>(at_most<T>(v, E::highest), E::lowest), scale, rest);
    return fma<T>(scale, rest, scale - all(T(1)));
}

// ---------------------------------------------------------------------------------------------------- tanh and logistic

// e / (e + 2) with e = exp(2x) - 1 = 2^y - 1: accurate near 0 too, and never beyond 1
template <class T>
PLASHET_INLINE Vec<T> tanh(Vec<T> v) {
    using E = Exponential<T>;
    constexpr T rounds_to_one = sizeof(T) == 4 ? T(9.1) : T(19.1);
    const Vec<T> y = at_least<T>(at_most<T>(v, rounds_to_one), -rounds_to_one) * all(2 * E::per_ln2);
    const Vec<T> shifted = y + all(E::to_integer);
    const Vec<T> r = y - (shifted - all(E::to_integer));
    const Vec<T> rest = r * polynomial<T>(r, E::of_two);
    const Vec<T> scale = power_of_two<T>(shifted);
    const Vec<T> e = fma<T>(scale, rest, scale - all(T(1)));
    return e / (e + all(T(2)));
}

template <class T>
PLASHET_INLINE Vec<T> logistic(Vec<T> v) {
    return all(T(1)) / (all(T(1)) + exp<T>(Vec<T>{} - v));
}

// y becomes 1 / (1 + 2^y), for N vectors in step: of a single one every operation waits for the one before, and the
// processor looks ahead too little to begin with the next.
template <class T, int N>
PLASHET_INLINE void logistic_of_two(Vec<T> (&y)[N]) {
    using E = Exponential<T>;
    constexpr T most = sizeof(T) == 4 ? T(126) : T(1022);
    constexpr int terms = sizeof(E::of_two) / sizeof(T);
    Vec<T> scale[N], sum[N];
    for (int i = 0; i < N; ++i) y[i] = at_least<T>(at_most<T>(y[i], most), -most);
    for (int i = 0; i < N; ++i) scale[i] = y[i] + all(E::to_integer);
    for (int i = 0; i < N; ++i) y[i] = y[i] - (scale[i] - all(E::to_integer));
    for (int i = 0; i < N; ++i) scale[i] = power_of_two<T>(scale[i]);
    for (int i = 0; i < N; ++i) sum[i] = all(E::of_two[terms - 1]);
    for (int k = terms - 2; k >= 0; --k)
        for (int i = 0; i < N; ++i) sum[i] = fma<T>(sum[i], y[i], all(E::of_two[k]));
    for (int i = 0; i < N; ++i) sum[i] = fma<T>(scale[i], sum[i] * y[i], scale[i] + all(T(1)));
    for (int i = 0; i < N; ++i) y[i] = all(T(1)) / sum[i];
}

}  // namespace plashet::PLASHET_SET
