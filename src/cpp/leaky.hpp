// What the binding (leaky.cpp) and the kernels (simd/leaky.cpp, compiled once for each instruction set) agree on.
//
//     f = act(W x + W_in u + b),   x' = f g + x k,   k = exp(-dt / tau),  g = 1 - k
//
// the sum in this order: b, the inputs ascending, the connections ascending. So no result depends on whether a tick is
// computed alone, within a long run or within a batch. NaN in u adds nothing. Values of u, and of f where the
// activation has no bounds of its own, are cut at 2^100 (2^1000 in float64), so that finite numbers stay finite.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plashet {

enum class Activation : int { tanh = 0, identity = 1, relu = 2, logistic = 3 };

// Units are stored in blocks: bands in blocks of 128 bytes, synapses in blocks of 8 (sorted by in-degree, so that the
// units of a block have about the same number of connections; `order` names the unit in each place).
template <class T>
constexpr int band_block = 128 / sizeof(T);
constexpr int synapse_block = 8;

// The constant arrays of a liquid, laid out for the kernels. It holds no state.
template <class T>
struct LeakyConstants {
    std::int64_t units, inputs, padded;  // padded: units, rounded up to whole blocks
    Activation activation;
    bool one_rate;                // all units have the same tau
    const T *rates;               // (padded) 1 / tau
    const T *drive;               // (blocks, 1 + inputs + degree, block) bias, W_in, and W of bands
    std::int64_t degree;          // of bands
    const std::int32_t *sources;  // (blocks, degree) of bands: the unit that the first of the block listens to
    const std::int64_t *starts;   // (blocks + 1) the first edge of each block, in blocks of edges; synapses only
    const T *weights;             // (edges, 8)
    const std::uint32_t *pre;     // (edges, 8) the place of the source; `padded`, a place that is always 0, if there is none
    const std::uint32_t *order;   // (units) the unit in each place; null if place = unit
    bool bands;
};

// Arrays of a run; steps are counted in elements, the last axis is contiguous unless it has a step of its own.
template <class T>
struct LeakySeries {
    std::int64_t ticks, rows;
    const T *u;
    std::ptrdiff_t u_tick, u_row, u_input;
    const T *dt;
    std::ptrdiff_t dt_tick, dt_row;
    T *x;  // (rows, units)
    std::ptrdiff_t x_row;
    T *out;
    std::ptrdiff_t out_tick, out_row;
};

// guess = features @ weights + bias, features = [x] or [x, u]
struct ReadoutArrays {
    std::int64_t features, outputs;
    const double *weights;  // (features, outputs)
    const double *bias;     // (outputs)
};

// Closed loop: the last `outputs` inputs are the last guess, the others come from u.
template <class T>
struct LeakyLoop {
    std::int64_t ticks, rows;
    const T *u;
    std::ptrdiff_t u_tick, u_row, u_input;
    const T *dt;
    std::ptrdiff_t dt_tick, dt_row;
    T *x;
    std::ptrdiff_t x_row;
    double *last;  // (rows, outputs)
    double *out;   // (ticks, rows, outputs)
    ReadoutArrays readout;
};

template <class T>
struct LeakyKernels {
    void (*run)(const LeakyConstants<T> &, const LeakySeries<T> &);
    // one tick of one row; writes the state and, if the readout asks for it, the input to features
    void (*tick)(const LeakyConstants<T> &, const T *u, T dt, const T *x, T *features, const ReadoutArrays &, double *guess);
    void (*generate)(const LeakyConstants<T> &, const LeakyLoop<T> &);
};

// exp, tanh, the logistic function and that of powers of two, element by element (the tests measure them)
template <class T>
using ElementWise = void (*)(std::int64_t n, const T *x, T *out);

struct InstructionSet {
    const char *name;
    bool (*runs_here)();
    LeakyKernels<float> leaky_float;
    LeakyKernels<double> leaky_double;
    void (*read_float)(const ReadoutArrays &, std::int64_t rows, const float *features, double *guesses);
    void (*read_double)(const ReadoutArrays &, std::int64_t rows, const double *features, double *guesses);
    ElementWise<float> float_functions[4];
    ElementWise<double> double_functions[4];
};

}  // namespace plashet
