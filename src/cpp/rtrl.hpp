// What the binding (rtrl.cpp) and the kernels (simd/rtrl.cpp, simd/rtrl_cells.cpp, compiled once for each instruction
// set) of exact online gradients agree on.
//
// The influence M = dv/dtheta (units, parameters) moves by  M <- J M + B  at every stage of a tick (an unfold of the
// solver, for instance). Most of it is zero for ever: a parameter moves the unit that owns it, and only what can hear
// that unit. So the columns (parameters) are in groups that touch the same rows (units), and only those rows are held:
// group g is a block (rows, columns) at place[g] of M, row by row, its columns a multiple of 8. The numbers of J and of B
// come stage by stage: j (stages, values), the diagonal first and then one for each edge; b (stages, touched), where the
// rows of a group that its parameters touch directly are laid out as in M.
#pragma once

#include <cstdint>

namespace plashet {

constexpr std::int64_t column_block = 8;

struct InfluenceLayout {
    std::int64_t groups, units, columns, values, touched;
    const std::int64_t *row_start;     // (groups + 1)
    const std::int64_t *column_start;  // (groups + 1)
    const std::int64_t *place;         // (groups + 1) where in M a group begins; the size of M
    const std::int64_t *unit;          // (rows)
    const std::int64_t *direct;        // (rows) where in a stage of b the row begins; -1: its B is zero
    const std::int64_t *edge_start;    // (rows + 1)
    const std::int64_t *value;         // (edges) which number of J
    const std::int64_t *source;        // (edges) 2 * (row within the group) + (1 if it hears the new value)
};

template <class T>
struct Stages {
    std::int64_t count;
    const T *j;  // (count, values)
    const T *b;  // (count, touched)
};

// A liquid along synapses that are sorted by target: edges e in [start[i], start[i + 1]) lead from pre[e] to unit i.
struct Edges {
    const std::int64_t *start;  // (units + 1)
    const std::int64_t *pre;
};

// Parameters one after the other: recurrent w, sigma, mu, erev; sensory w, sigma, mu, erev; gleak, vleak, cm; weight,
// bias. place: where in a stage of b the slope of the unit by each belongs, for weight and bias one for each sensory
// edge; some place that no row begins at, for what is not learnt.
template <class T>
struct LtcTick {
    std::int64_t units, inputs, unfolds, values, touched;
    bool exponential;
    Edges recurrent, sensory;
    const T *theta;
    const std::int64_t *place;
    const T *v, *u;
    T dt;
    T *after, *j, *b;  // (units), (unfolds, values), (unfolds, touched)
};

// h' = u + (h - u) exp(-dt/tau), u = tanh(a_u), 1/tau = slowest + softplus(a_tau). Parameters: sensory (2, edges),
// recurrent (2, edges), bias (2, units). order: the units, lower layers first; fresh: which edges hear a new value.
template <class T>
struct GatedTick {
    std::int64_t units, inputs, values, touched;
    Edges recurrent, sensory;
    const std::int64_t *order;
    const std::int64_t *fresh;
    const T *slowest;  // (units)
    const T *theta;
    const std::int64_t *place;
    const T *h, *u;
    T dt;
    T *after, *j, *b;
};

// x' = f + (x - f) exp(-dt/tau), f = act(W x + W_in u + bias). Parameters: weights along the edges, w_in (units, inputs),
// bias, tau (units). Places: as the parameters.
template <class T>
struct LeakyTick {
    std::int64_t units, inputs, values, touched;
    int activation;
    Edges recurrent;
    const T *theta;
    const std::int64_t *place;
    const T *x, *u;
    T dt;
    T *after, *j, *b;
};

template <class T>
struct RtrlKernels {
    // M through all stages of a tick; then slopes (outputs, columns) = what the outputs, c (units, outputs) of v, feel
    void (*advance)(const InfluenceLayout &, const Stages<T> &, T *m, std::int64_t outputs, const T *c, T *slopes);
    // sum += sum_o push[o] slopes[o]
    void (*push)(std::int64_t outputs, std::int64_t columns, const double *push, const T *slopes, double *sum);
    void (*ltc)(const LtcTick<T> &);
    void (*gated)(const GatedTick<T> &);
    void (*leaky)(const LeakyTick<T> &);
};

struct RtrlSet {
    RtrlKernels<float> of_float;
    RtrlKernels<double> of_double;
};

}  // namespace plashet
