// What the binding (ltc.cpp) and the kernels (simd/ltc*.cpp, compiled once for each instruction set) agree on.
//
// The equations are those of liquids/ltc.py and liquids/solvers.py. Rows of a batch are taken in tiles of `tile`, which
// stand innermost: [unit][row of the tile]. Synapses are sorted by target; `start` says where those of a unit begin.
#pragma once

#include <cstdint>

namespace plashet {

constexpr int ltc_tile = 16;
constexpr int ltc_room = 16;  // places that arrays along synapses, units and inputs have beyond their last, all zero

template <class T>
struct LTCGates {
    std::int64_t edges;
    const std::int64_t *start;  // (units + 1)
    const std::int32_t *pre;    // (edges)
    const T *w, *sigma, *mu, *erev;
    const T *slope, *drive;  // -sigma/ln 2, so that the share is 1 / (1 + 2^(slope (x - mu))), and w erev
};

template <class T>
struct LTCNet {
    std::int64_t inputs, units;
    LTCGates<T> recurrent, sensory;
    const T *gleak, *vleak, *cm;   // (units)
    const T *weight, *bias;        // (inputs)
    std::int64_t unfolds;
    bool exponential;
};

// Rows first <= row < end of arrays that have `rows` of them.
template <class T>
struct LTCSeries {
    std::int64_t ticks, rows, first, end;
    const T *u;   // (ticks, rows, inputs)
    std::int64_t u_tick, u_row;
    const T *dt;  // (ticks or 1, rows or 1)
    std::int64_t dt_tick, dt_row;
    const T *v;   // (rows, units) before the first tick
};

template <class T>
struct LTCSlopes {
    const T *out, *slope;      // (ticks, rows, units)
    std::int64_t slope_tick, slope_row;
    const T *after;            // (rows, units)
    T *parameters;             // all of them in a row, of this share of the rows alone; added to
    T *u;                      // (ticks, rows, inputs)
    T *dt;                     // (ticks, rows)
    T *v;                      // (rows, units)
};

template <class T>
struct LTCKernels {
    void (*run)(const LTCNet<T> &, const LTCSeries<T> &, T *out);
    void (*pull)(const LTCNet<T> &, const LTCSeries<T> &, const LTCSlopes<T> &);
};

struct LTCKernelSet {
    LTCKernels<float> of_float;
    LTCKernels<double> of_double;
};

}  // namespace plashet
