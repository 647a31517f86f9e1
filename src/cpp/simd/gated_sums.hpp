// Sums along the edges of a level, in tiles of rows: heads from slots, slopes of slots from slopes of heads, slopes of
// the weights. See gated.hpp.
#pragma once

#include "../gated.hpp"

#include "../simd.hpp"

namespace plashet::PLASHET_SET {
namespace {

// `to` (lanes, R) = the sums of a block over `from` (sources, R), added to what is there if `more`.
template <class T, int V, int L, bool more>
PLASHET_INLINE void sum_block(const Block &block, const std::int32_t *pre, const T *weights, const T *from, T *to) {
    constexpr int W = width<T>, R = V * W;
    Vec<T> sum[L][V];
    T *const into = to + std::int64_t(block.first) * R;
    for (int l = 0; l < L; ++l)
        for (int v = 0; v < V; ++v) sum[l][v] = more ? load<T>(into + l * R + v * W) : Vec<T>{};
    const T *w = weights + block.weights;
    for (std::int64_t e = block.begin; e < block.end; ++e, w += L) {
        const T *const x = from + std::int64_t(pre[e]) * R;
        for (int v = 0; v < V; ++v) {
            const Vec<T> heard = load<T>(x + v * W);
            for (int l = 0; l < L; ++l) sum[l][v] = fma<T>(all(w[l]), heard, sum[l][v]);
        }
    }
    for (int l = 0; l < L; ++l)
        for (int v = 0; v < V; ++v) store<T>(into + l * R + v * W, sum[l][v]);
}

template <class T, int V, bool more>
void sums(const Sums &s, const T *weights, const T *from, T *to) {
    for (const Block *block = s.blocks + s.begin; block < s.blocks + s.end; ++block) switch (block->lanes) {
            case 1: sum_block<T, V, 1, more>(*block, s.pre, weights, from, to); break;
            case 2: sum_block<T, V, 2, more>(*block, s.pre, weights, from, to); break;
            case 3: sum_block<T, V, 3, more>(*block, s.pre, weights, from, to); break;
            default: sum_block<T, V, 4, more>(*block, s.pre, weights, from, to);
        }
}

template <class T>
PLASHET_INLINE T total(Vec<T> v) {
    T s = v[0];
    for (int i = 1; i < width<T>; ++i) s += v[i];
    return s;
}

// out[i] += total of v[i], i < n
template <class T>
PLASHET_INLINE void add_totals(const Vec<T> *v, int n, T *out) {
    int i = 0;
#if defined(__AVX2__) && PLASHET_VECTOR_BYTES == 32 && defined(__GNUC__) && !defined(PLASHET_PLAIN_VECTORS)
    for (; i + 4 <= n; i += 4)
        if constexpr (sizeof(T) == 4) {
            const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(v[i], v[i + 1]), _mm256_hadd_ps(v[i + 2], v[i + 3]));
            const __m128 four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
            _mm_storeu_ps(out + i, _mm_add_ps(_mm_loadu_ps(out + i), four));
        } else {
            const __m256d a = _mm256_hadd_pd(v[i], v[i + 1]), b = _mm256_hadd_pd(v[i + 2], v[i + 3]);
            const __m256d four = _mm256_add_pd(_mm256_permute2f128_pd(a, b, 0x20), _mm256_permute2f128_pd(a, b, 0x31));
            _mm256_storeu_pd(out + i, _mm256_add_pd(_mm256_loadu_pd(out + i), four));
        }
#endif
    for (; i < n; ++i) out[i] += total<T>(v[i]);
}

// Over `ticks` ticks of `from_tick` and `to_tick` numbers: out[e * L + l] += sum of from[pre[e]] times to[first + l].
template <class T, int V, int L, int E>
PLASHET_INLINE void dots(const std::int32_t *pre, const T *from, std::int64_t from_tick, const T *to, std::int64_t to_tick,
                         std::int64_t ticks, T *out) {
    constexpr int W = width<T>, R = V * W;
    Vec<T> sum[E][L] = {};
    const T *x[E];
    for (int e = 0; e < E; ++e) x[e] = from + std::int64_t(pre[e]) * R;
    for (std::int64_t t = 0; t < ticks; ++t) {
        for (int v = 0; v < V; ++v) {
            Vec<T> heard[E];
            for (int e = 0; e < E; ++e) heard[e] = load<T>(x[e] + v * W);
            for (int l = 0; l < L; ++l) {
                const Vec<T> slope = load<T>(to + l * R + v * W);
                for (int e = 0; e < E; ++e) sum[e][l] = fma<T>(heard[e], slope, sum[e][l]);
            }
        }
        for (int e = 0; e < E; ++e) x[e] += from_tick;
        to += to_tick;
    }
    add_totals<T>(sum[0], E * L, out);
}

template <class T, int V, int L>
PLASHET_INLINE void dots_block(const Block &block, const std::int32_t *pre, const T *from, std::int64_t from_tick, const T *to,
                               std::int64_t to_tick, std::int64_t ticks, T *out) {
    const T *const slopes = to + std::int64_t(block.first) * V * width<T>;
    T *w = out + block.weights;
    std::int64_t e = block.begin;
    for (; e + 2 <= block.end; e += 2, w += 2 * L) dots<T, V, L, 2>(pre + e, from, from_tick, slopes, to_tick, ticks, w);
    if (e < block.end) dots<T, V, L, 1>(pre + e, from, from_tick, slopes, to_tick, ticks, w);
}

// The slopes of the weights of a level.
template <class T, int V>
void weight_slopes(const Sums &s, const T *from, std::int64_t from_tick, const T *to, std::int64_t to_tick,
                   std::int64_t ticks, T *out) {
    for (const Block *block = s.blocks + s.begin; block < s.blocks + s.end; ++block) switch (block->lanes) {
            case 1: dots_block<T, V, 1>(*block, s.pre, from, from_tick, to, to_tick, ticks, out); break;
            case 2: dots_block<T, V, 2>(*block, s.pre, from, from_tick, to, to_tick, ticks, out); break;
            case 3: dots_block<T, V, 3>(*block, s.pre, from, from_tick, to, to_tick, ticks, out); break;
            default: dots_block<T, V, 4>(*block, s.pre, from, from_tick, to, to_tick, ticks, out);
        }
}

}  // namespace
}  // namespace plashet::PLASHET_SET
