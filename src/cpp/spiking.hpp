// What the binding (spiking.cpp) and the kernels (simd/spiking.cpp, compiled once for each instruction set) agree on.
// The equation is that of plashet/liquids/spiking.py and of its neurons.py, in the same order:
//
//     each tick: events into the ring's slot of the first grid step; held = W_current u
//     each grid step n: V moves under held + share_e E - share_i I (+ noise); E, I decay and take slot n mod slots;
//         units that reach their threshold spike: reset, short-term plasticity, deposits into slot n + delay
//
// Every row of a batch is computed by itself, so neither the batch nor the number of threads changes a bit.
#pragma once

#include <cstdint>
#include <vector>

namespace plashet {

enum class Neuron : int { lif = 0, alif = 1, izhikevich = 2 };

constexpr int neuron_parameters = 8;
constexpr int unit_block = 16;  // units are padded to a multiple of it

// A liquid's constant arrays; those along units are padded to whole vectors. It holds no state.
template <class T>
struct SpikingConstants {
    Neuron neuron;
    std::int64_t units, padded, currents, events, edges, slots;  // slots: a power of two
    bool dynamic, counts;
    double h, kept;               // kept: of the trace over one step
    double noise;                 // [mV]
    std::uint64_t seed;
    T decay_e, decay_i;
    const T *w_current;           // (currents, padded)
    const T *w_events;            // (events, padded)
    const T *share_e, *share_i;   // (padded)
    const T *p[neuron_parameters];  // (padded) each; see simd/neurons.hpp
    const std::uint8_t *inhibitory;  // (units)
    const std::int64_t *start;    // (units + 1) the first edge of each unit
    const std::int32_t *post, *delay;  // (edges), delay in grid steps
    const T *U, *rate_D, *rate_F;  // (edges) U, h / D, h / F
};

// The state of a run's rows, in place; the last axes are contiguous.
template <class T>
struct SpikingArrays {
    T *v;                  // (rows, units)
    T *silent;             // (rows, units) refractory steps left, not of Izhikevich units
    T *extra;              // (rows, units) adaptation or recovery, not of LIF units
    T *current;            // (rows, 2, units)
    T *ring;               // (rows, 2, slots, units)
    T *u, *r;              // (rows, edges), none if static
    std::int64_t *last;    // (rows, units)
    T *trace;              // (rows, units)
    std::int64_t *clock;   // (rows)
    double *rest;          // (rows)
    const std::int64_t *key;  // (rows)
};

template <class T>
struct SpikingSeries {
    std::int64_t ticks, rows, first, end;  // first <= row < end are to be run
    const T *in;                           // (ticks, rows, currents + events)
    const double *dt;
    std::int64_t dt_tick, dt_row;
    const T *weight;           // (edges)
    const std::int64_t *bins;  // (ticks) the row of out that a tick's output is added to, < 0: none; null: written, tick by tick
    T *out;                    // (ticks, rows, units), (bins, units) for one row
    std::vector<std::int64_t> *spikes;  // (row, step, unit) of each spike, if asked for
};

template <class T>
using SpikingRun = void (*)(const SpikingConstants<T> &, const SpikingArrays<T> &, const SpikingSeries<T> &);

struct SpikingKernels {
    SpikingRun<float> run_float;
    SpikingRun<double> run_double;
};

}  // namespace plashet
