// Rows of an array to tiles, in which they are innermost, and back. See gated.hpp.
#pragma once

#include "leak.hpp"

namespace plashet::PLASHET_SET {
namespace {

// to[j * to_step + i] = from[i * from_step + j] for i, j < W
template <class T>
PLASHET_INLINE void turn(const T *from, std::ptrdiff_t from_step, T *to, std::ptrdiff_t to_step) {
    constexpr int W = width<T>;
    for (int i = 0; i < W; ++i)
        for (int j = 0; j < W; ++j) to[j * to_step + i] = from[i * from_step + j];
}

#if defined(__AVX2__) && PLASHET_VECTOR_BYTES == 32 && defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
template <>
PLASHET_INLINE void turn<double>(const double *from, std::ptrdiff_t from_step, double *to, std::ptrdiff_t to_step) {
    __m256d row[4], pair[4];
    for (int i = 0; i < 4; ++i) row[i] = _mm256_loadu_pd(from + i * from_step);
    for (int i = 0; i < 4; i += 2) {
        pair[i] = _mm256_unpacklo_pd(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_pd(row[i], row[i + 1]);
    }
    for (int i = 0; i < 2; ++i) {
        _mm256_storeu_pd(to + i * to_step, _mm256_permute2f128_pd(pair[i], pair[i + 2], 0x20));
        _mm256_storeu_pd(to + (i + 2) * to_step, _mm256_permute2f128_pd(pair[i], pair[i + 2], 0x31));
    }
}
template <>
PLASHET_INLINE void turn<float>(const float *from, std::ptrdiff_t from_step, float *to, std::ptrdiff_t to_step) {
    __m256 row[8], pair[8], four[8];
    for (int i = 0; i < 8; ++i) row[i] = _mm256_loadu_ps(from + i * from_step);
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; ++k) {
            four[i + 2 * k] = _mm256_shuffle_ps(pair[i + k], pair[i + k + 2], 0x44);
            four[i + 2 * k + 1] = _mm256_shuffle_ps(pair[i + k], pair[i + k + 2], 0xee);
        }
    for (int i = 0; i < 4; ++i) {
        _mm256_storeu_ps(to + i * to_step, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * to_step, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}
#endif

// to[j * to_step + i] = from[i * from_step + j] for i < rows, j < columns
template <class T>
void turn_all(const T *from, std::ptrdiff_t from_step, std::int64_t rows, std::int64_t columns, T *to, std::ptrdiff_t to_step) {
    constexpr int W = width<T>;
    const std::int64_t whole_rows = rows - rows % W, whole_columns = columns - columns % W;
    for (std::int64_t i = 0; i < whole_rows; i += W) {
        for (std::int64_t j = 0; j < whole_columns; j += W) turn<T>(from + i * from_step + j, from_step, to + j * to_step + i, to_step);
        for (std::int64_t r = i; r < i + W; ++r)
            for (std::int64_t j = whole_columns; j < columns; ++j) to[j * to_step + r] = from[r * from_step + j];
    }
    for (std::int64_t r = whole_rows; r < rows; ++r)
        for (std::int64_t j = 0; j < columns; ++j) to[j * to_step + r] = from[r * from_step + j];
}

// slots (count, R) from rows (rows, count), `step` numbers apart
template <class T, int R>
void take(const T *from, std::ptrdiff_t step, std::int64_t rows, std::int64_t count, T *slots) {
    turn_all<T>(from, step, rows, count, slots, R);
}

template <class T, int R>
void give(T *to, std::ptrdiff_t step, std::int64_t rows, std::int64_t count, const T *slots) {
    turn_all<T>(slots, R, count, rows, to, step);
}

// As `take`; what was not observed is 0, and what is beyond all numbers of use is cut.
template <class T, int R>
void take_inputs(const T *from, std::ptrdiff_t step, std::int64_t rows, std::int64_t count, T *slots) {
    take<T, R>(from, step, rows, count, slots);
    constexpr T limit = largest_value<T>;
    for (std::int64_t i = 0; i < count * R; i += width<T>) {
        const Vec<T> v = load<T>(slots + i);
        const Vec<T> cut = select<T>(above<T>(v, all(limit)), all(limit), select<T>(above<T>(all(-limit), v), all(-limit), v));
        store<T>(slots + i, select<T>(at_or_above<T>(v, v), cut, Vec<T>{}));  // NaN is not at or above itself
    }
}

// dt (rows) of tick t from row `first` on
template <class T, class Series>
void take_time(const Series &s, std::int64_t t, std::int64_t first, std::int64_t rows, T *dt) {
    const T *const from = s.dt + t * s.dt_tick + first * s.dt_row;
    for (std::int64_t r = 0; r < rows; ++r) dt[r] = from[r * s.dt_row];
}

// du (rows, inputs), `step` apart, from slots; 0 where u was not observed
template <class T, int R>
void give_input_slopes(const T *u, std::ptrdiff_t u_step, std::int64_t rows, std::int64_t inputs, const T *slots, T *du,
                       std::ptrdiff_t step) {
    give<T, R>(du, step, rows, inputs, slots);
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t j = 0; j < inputs; ++j)
            if (u[r * u_step + j] != u[r * u_step + j]) du[r * step + j] = T(0);
}

}  // namespace
}  // namespace plashet::PLASHET_SET
