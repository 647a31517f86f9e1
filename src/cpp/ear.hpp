// What the binding (ear.cpp) and the ears (simd/ear.cpp, compiled once for each instruction set) agree on.
//
// All numbers are float64, a row is one sound. A second-order section is y = b0 x + z0, z0' = b1 x - a1 y + z1,
// z1' = b2 x - a2 y; its constants are stored with the signs with which they act, so -a1 and -a2.
// encode/audio/cochlea.py and lyon.py have the equations and their sources.
#pragma once

#include <cstdint>

namespace plashet {

constexpr int ear_block = 8;  // channels of a bank are stored in whole blocks of so many

struct GammatoneBank {
    std::int64_t padded;     // channels, rounded up to whole blocks
    const double *sections;  // (4, 4, padded): b0, b1, -a1, -a2 of each of the four sections; b2 is 0
};

struct LyonEar {
    std::int64_t stages;       // of the cascade: two of the outer ear, then one for each channel
    const double *sections;    // (stages, 5): b0, b1, b2, -a1, -a2
    const double *gain;        // (4, 2) of each gain control: epsilon / target, (1 - epsilon) / 3
    const double *smooth;      // (3): b2, -a1, -a2 of the low-pass filter before a frame is taken
};

// Sound of ticks * hop samples; the states are moved in place.
struct EarSeries {
    std::int64_t ticks, hop;
    const double *x;
};

struct EarKernels {
    // state (4, 2, padded), out (ticks, padded): the mean over each tick of what is above zero
    void (*gammatone)(const GammatoneBank &, const EarSeries &, double *state, double *out);
    // filters (stages, 2), gains (4, stages), low (2, stages), out (ticks, stages)
    void (*lyon)(const LyonEar &, const EarSeries &, double *filters, double *gains, double *low, double *out);
};

}  // namespace plashet
