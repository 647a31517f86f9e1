// What the binding (gated.cpp) and the kernels (simd/gated.cpp, compiled once for each instruction set) agree on: a tick
// of units in levels.
//
// A tick is a row of slots, each a number:
//
//     [1 | inputs | h before | c before | h after | c after | hidden]
//
// and the levels fill the last three in turn. A node of a level has some heads, each a weighted sum of slots,
//
//     head = sum_e w_e slot[pre_e]      (a bias is the weight of the slot that is always 1, the first of the sum)
//
// and writes one slot, a function of its heads by the kind of its level:
//
//     value      f(a)
//     gated      u + (h - u) exp(-dt r),  u = tanh(a_0),  r = p_0 + softplus(a_1)
//     leaky      f + (h - f) exp(-dt p_0),  f = f(a)
//     full       tanh(a_0) (1 - s) + tanh(a_1) s,  s = logistic(a_2 dt + a_3)        (CfC)
//     no_gate    tanh(a_0) + tanh(a_1) s
//     pure       p_1 - p_1 a exp(-dt (|p_0| + |a|))
//     lstm       tanh(c') logistic(a_3),  c' = c logistic(a_2 + 1) + tanh(a_0) logistic(a_1)
//
// p_0, p_1 are constants of the node, h is what its slot `own` holds. dt < 0: held, h' = h and c' = c, in each of them
// but `value`. NaN in an input counts as 0.
//
// Rows are computed in tiles of two vectors, innermost in memory; a number depends on its own row alone, and the sums
// are in the order of the lists, so no result depends on how a batch is cut.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plashet {

enum class Kind : int { value = 0, gated, leaky, full, no_gate, pure, lstm };
enum class Bend : int { identity = 0, tanh, lecun_tanh, logistic, relu, silu, gelu };

constexpr int heads_of(Kind kind) {
    switch (kind) {
        case Kind::gated: return 2;
        case Kind::full:
        case Kind::no_gate:
        case Kind::lstm: return 4;
        default: return 1;
    }
}

// Up to four sums that have the same sources: sum[first + l] = sum_e weights[e * lanes + l] source[pre[e]].
struct Block {
    std::int32_t lanes;
    std::int32_t first;
    std::int64_t begin, end;  // of the block's edges, in pre
    std::int64_t weights;     // where its weights begin
};

// Blocks of sums, and where each weight comes from: an index into the parameters, or -1 for 0.
struct Sums {
    const Block *blocks;
    std::int64_t begin, end;  // those of one level
    const std::int32_t *pre;
};

struct LevelShape {
    Kind kind;
    Bend bend;
    std::int64_t nodes, lane;  // lane: the first head of the first node
    const std::int32_t *own, *to;  // (nodes) slots
    std::int64_t constants;        // place of p_0, p_1 of the first node
    Sums forward, backward;        // heads from slots; slopes of slots from slopes of heads
};

// A network: its shape, its weights in the order of the blocks, and the constants of its nodes.
template <class T>
struct GatedNet {
    std::int64_t inputs, units, cells, slots, lanes;
    std::int64_t h, c, h_after, c_after;  // first slots
    const LevelShape *levels;
    std::int64_t level_count;
    std::int64_t weight_count, constant_count;
    const T *forward, *backward;  // weights
    const T *constants;           // (nodes, 2)
};

// Arrays of a run; steps are counted in elements, the last axis is contiguous.
template <class T>
struct GatedSeries {
    std::int64_t ticks, rows;
    const T *u;
    std::ptrdiff_t u_tick, u_row;
    const T *dt;
    std::ptrdiff_t dt_tick, dt_row;
    T *h, *c;  // (rows, units), (rows, cells): moved in place
    T *out;
    std::ptrdiff_t out_tick, out_row;
};

// Arrays of a pull.
template <class T>
struct GatedSlopes {
    std::int64_t ticks, rows;
    const T *u;
    std::ptrdiff_t u_tick, u_row;
    const T *dt;
    std::ptrdiff_t dt_tick, dt_row;
    const T *h, *c, *out, *slope;  // states before the first tick, outputs of the run and their slopes
    std::ptrdiff_t out_tick, out_row, slope_tick, slope_row;
    T *dh, *dc;             // (rows, units), (rows, cells): slopes of the last states, in place to those of the first
    T *du;                  // (ticks, rows, inputs)
    T *ddt;                 // (ticks, rows)
    T *weights, *constants; // slopes, in the order of the forward blocks; added to
};

template <class T>
struct GatedKernels {
    void (*run)(const GatedNet<T> &, const GatedSeries<T> &, std::int64_t first, std::int64_t end);
    void (*pull)(const GatedNet<T> &, const GatedSlopes<T> &, std::int64_t first, std::int64_t end);
    // The same numbers where nodes hear inputs alone (one level of gated units): ticks side by side, then the scan.
    void (*scan)(const GatedNet<T> &, const GatedSeries<T> &, std::int64_t first, std::int64_t end);
    void (*pull_scan)(const GatedNet<T> &, const GatedSlopes<T> &, std::int64_t first, std::int64_t end);
};

struct GatedSet {
    GatedKernels<float> of_float;
    GatedKernels<double> of_double;
};

}  // namespace plashet
