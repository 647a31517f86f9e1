// The influence through the stages of a tick, for one instruction set. See rtrl.hpp for the layout.
//
// A tile of columns goes through all stages before the next one, so that its two copies (before and after a stage) stay
// in the nearest cache.
#include "../rtrl.hpp"

#include "../subnormals.hpp"
#include "rtrl_cells.hpp"

#include <memory>
#include <utility>

namespace plashet::PLASHET_SET {

const RtrlSet &rtrl_set();

namespace {

template <class T>
constexpr int block_vectors = int(column_block) / width<T>;  // vectors in a block of columns

// One stage of a tile of N vectors: now = J old + B for the rows [first, last) of a group.
template <class T, int N>
void stage(const InfluenceLayout &l, std::int64_t first, std::int64_t last, const T *j, const T *b, const T *old, T *now) {
    constexpr std::int64_t W = width<T>, tile = N * W;
    const T *const heard[2] = {old, now};
    for (std::int64_t r = first; r < last; ++r) {
        Vec<T> sum[N] = {};
        if (l.direct[r] >= 0)
            for (int k = 0; k < N; ++k) sum[k] = load(b + l.direct[r] + k * W);
        for (std::int64_t e = l.edge_start[r]; e < l.edge_start[r + 1]; ++e) {
            const Vec<T> by = all(j[l.value[e]]);
            const T *const from = heard[l.source[e] & 1] + (l.source[e] >> 1) * tile;
            for (int k = 0; k < N; ++k) sum[k] = fma<T>(by, load(from + k * W), sum[k]);
        }
        for (int k = 0; k < N; ++k) store<T>(now + (r - first) * tile + k * W, sum[k]);
    }
}

// What K outputs feel of a tile.
template <class T, int N, int K>
void feel(const InfluenceLayout &l, std::int64_t first, std::int64_t last, const T *m, const bool *seen,
          std::int64_t outputs, const T *c, T *slopes) {
    constexpr std::int64_t W = width<T>, tile = N * W;
    for (int part = 0; part < N; part += 2) {
        constexpr int P = N < 2 ? N : 2;
        Vec<T> sum[K][P] = {};
        for (std::int64_t r = first; r < last; ++r) {
            if (!seen[l.unit[r]]) continue;
            const T *const row = m + (r - first) * tile + part * W, *const by = c + l.unit[r] * outputs;
            for (int p = 0; p < P; ++p) {
                const Vec<T> at = load(row + p * W);
                for (int o = 0; o < K; ++o) sum[o][p] = fma<T>(all(by[o]), at, sum[o][p]);
            }
        }
        for (int o = 0; o < K; ++o)
            for (int p = 0; p < P; ++p) store<T>(slopes + o * l.columns + (part + p) * W, sum[o][p]);
    }
}

template <class T, int N>
void feel_all(const InfluenceLayout &l, std::int64_t first, std::int64_t last, const T *m, const bool *seen,
              std::int64_t outputs, const T *c, T *slopes) {
    std::int64_t o = 0;
    for (; o + 4 <= outputs; o += 4) feel<T, N, 4>(l, first, last, m, seen, outputs, c + o, slopes + o * l.columns);
    for (; o < outputs; ++o) feel<T, N, 1>(l, first, last, m, seen, outputs, c + o, slopes + o * l.columns);
}

template <class T>
struct Work {
    T *old, *now;
    const bool *seen;
    std::int64_t outputs;
    const T *c;
    T *slopes;
};

// A tile of group g: N vectors of its columns from `column` on.
template <class T, int N>
void tile_of(const InfluenceLayout &l, const Stages<T> &s, T *m, const Work<T> &w, std::int64_t g, std::int64_t column) {
    constexpr std::int64_t tile = N * width<T>;
    const std::int64_t first = l.row_start[g], last = l.row_start[g + 1], from = l.column_start[g];
    const std::int64_t stride = l.column_start[g + 1] - from;
    T *const at = m + l.place[g] + column;
    T *old = w.old, *now = w.now;
    for (std::int64_t r = 0; r < last - first; ++r) std::memcpy(old + r * tile, at + r * stride, tile * sizeof(T));
    for (std::int64_t k = 0; k < s.count; ++k) {
        stage<T, N>(l, first, last, s.j + k * l.values, s.b + k * l.touched + column, old, now);
        std::swap(old, now);
    }
    for (std::int64_t r = 0; r < last - first; ++r) std::memcpy(at + r * stride, old + r * tile, tile * sizeof(T));
    feel_all<T, N>(l, first, last, old, w.seen, w.outputs, w.c, w.slopes + from + column);
}

template <class T>
void advance(const InfluenceLayout &l, const Stages<T> &s, T *m, std::int64_t outputs, const T *c, T *slopes) {
    const SubnormalsAreZero guard;
    constexpr int N = block_vectors<T>;
    std::int64_t rows = 0;
    for (std::int64_t g = 0; g < l.groups; ++g) {
        const std::int64_t here = l.row_start[g + 1] - l.row_start[g];
        rows = here > rows ? here : rows;
    }
    const std::unique_ptr<T[]> tiles(new T[8 * column_block * rows]);
    const std::unique_ptr<bool[]> seen(new bool[l.units]());
    for (std::int64_t i = 0; i < l.units; ++i)
        for (std::int64_t o = 0; o < outputs; ++o) seen[i] = seen[i] || c[i * outputs + o] != 0;
    const Work<T> work{tiles.get(), tiles.get() + 4 * column_block * rows, seen.get(), outputs, c, slopes};
    for (std::int64_t g = 0; g < l.groups; ++g) {
        const std::int64_t columns = l.column_start[g + 1] - l.column_start[g];
        std::int64_t k = 0;
        for (; k + 4 * column_block <= columns; k += 4 * column_block) tile_of<T, 4 * N>(l, s, m, work, g, k);
        for (; k + 2 * column_block <= columns; k += 2 * column_block) tile_of<T, 2 * N>(l, s, m, work, g, k);
        for (; k < columns; k += column_block) tile_of<T, N>(l, s, m, work, g, k);
    }
}

template <class T>
void push(std::int64_t outputs, std::int64_t columns, const double *push, const T *slopes, double *sum) {
    for (std::int64_t o = 0; o < outputs; ++o) {
        const double by = push[o];
        const T *const row = slopes + o * columns;
        if (by == 0) continue;  // not known, or right: another's slopes may not be finite
        for (std::int64_t p = 0; p < columns; ++p) sum[p] += by * double(row[p]);
    }
}

}  // namespace

const RtrlSet &rtrl_set() {
    static constexpr RtrlSet set{
        {advance<float>, push<float>, ltc_tick<float>, gated_tick<float>, leaky_tick<float>},
        {advance<double>, push<double>, ltc_tick<double>, gated_tick<double>, leaky_tick<double>},
    };
    return set;
}

}  // namespace plashet::PLASHET_SET
