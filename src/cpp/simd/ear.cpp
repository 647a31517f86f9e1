// Ears for one instruction set. See ear.hpp for the layouts.
#include "../ear.hpp"

#include <vector>

#include "../subnormals.hpp"

namespace plashet::PLASHET_SET {

const EarKernels &ear_kernels();

namespace {

constexpr std::int64_t W = width<double>;
using V = Vec<double>;

// ----------------------------------------------------------------------------------------------------- gammatone bank

static_assert(ear_block % W == 0, "a block of channels is a whole number of vectors");

// W channels through all of the sound.
void channels(const GammatoneBank &bank, const EarSeries &s, std::int64_t first, double *state, double *out) {
    V b0[4], b1[4], a1[4], a2[4], z0[4], z1[4];
    for (int k = 0; k < 4; ++k) {
        const double *constants = bank.sections + 4 * k * bank.padded + first;
        b0[k] = load(constants), b1[k] = load(constants + bank.padded);
        a1[k] = load(constants + 2 * bank.padded), a2[k] = load(constants + 3 * bank.padded);
        z0[k] = load(state + 2 * k * bank.padded + first);
        z1[k] = load(state + (2 * k + 1) * bank.padded + first);
    }
    const double *x = s.x;
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        V sum{};
        for (std::int64_t n = 0; n < s.hop; ++n) {
            V y = all(*x++);
            for (int k = 0; k < 4; ++k) {
                const V in = y;
                y = fma<double>(b0[k], in, z0[k]);
                z0[k] = fma<double>(a1[k], y, fma<double>(b1[k], in, z1[k]));
                z1[k] = a2[k] * y;
            }
            sum = sum + at_least<double>(y, 0.0);
        }
        store<double>(out + t * bank.padded + first, sum * all(1.0 / double(s.hop)));
    }
    for (int k = 0; k < 4; ++k) {
        store<double>(state + 2 * k * bank.padded + first, z0[k]);
        store<double>(state + (2 * k + 1) * bank.padded + first, z1[k]);
    }
}

void gammatone(const GammatoneBank &bank, const EarSeries &s, double *state, double *out) {
    const SubnormalsAreZero guard;
    for (std::int64_t first = 0; first < bank.padded; first += W) channels(bank, s, first, state, out);
}

// --------------------------------------------------------------------------------------------------------- Lyon's ear

constexpr double MOST = 0.9;        // of the sound is what one gain control takes away
constexpr std::int64_t MARGIN = 1;  // places before the first channel, for its neighbour

// One sample through the cascade, what is above zero to `ear`.
PLASHET_INLINE void cascade(const LyonEar &c, double x, double *filters, double *ear) {
    const double *b = c.sections;
    for (std::int64_t k = 0; k < c.stages; ++k, b += 5, filters += 2) {
        const double y = b[0] * x + filters[0];
        filters[0] = (b[1] * x + filters[1]) + b[3] * y;
        filters[1] = b[2] * x + b[4] * y;
        ear[k] = y > 0.0 ? y : 0.0;
        x = y;
    }
}

// ear <- ear (1 - g), g <- min(ear over_target + third (g of the three neighbours), MOST)
PLASHET_INLINE void control(std::int64_t stages, double over_target, double third, double *gain, double *ear) {
    double *g = gain + MARGIN;
    g[-1] = g[0];
    g[stages] = g[stages - 1];
    V left = load(g - 1);
    for (std::int64_t i = 0; i < stages; i += W) {
        const V here = load(g + i), right = load(g + i + 1), next = load(g + i + W - 1);
        const V heard = load(ear + i) * (all(1.0) - here);
        store<double>(ear + i, heard);
        const V spread = all(third) * ((left + here) + right);
        store<double>(g + i, at_most<double>(fma<double>(heard, all(over_target), spread), MOST));
        left = next;
    }
}

// What is more than in the channel after it, smoothed; `ear` has a place before its first. Writes out if it is not null.
PLASHET_INLINE void smooth(const LyonEar &c, const double *ear, double *low, std::int64_t room, double *out) {
    const V b2 = all(c.smooth[0]), a1 = all(c.smooth[1]), a2 = all(c.smooth[2]);
    for (std::int64_t i = 0; i < c.stages; i += W) {
        const V more = at_least<double>(load(ear + i - 1) - load(ear + i), 0.0), y = load(low + i);
        store<double>(low + i, fma<double>(a1, y, load(low + room + i)));
        store<double>(low + room + i, fma<double>(b2, more, a2 * y));
        if (out) store<double>(out + i, y);
    }
}

void copy(std::int64_t rows, std::int64_t n, const double *from, std::int64_t from_row, double *to, std::int64_t to_row) {
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t i = 0; i < n; ++i) to[r * to_row + i] = from[r * from_row + i];
}

void lyon(const LyonEar &c, const EarSeries &s, double *filters, double *gains, double *low, double *out) {
    const SubnormalsAreZero guard;
    const std::int64_t n = c.stages, room = n + 2 * W + MARGIN;  // whole vectors may reach beyond the last channel
    std::vector<double> scratch(8 * room, 0.0);
    double *gain = scratch.data(), *lows = gain + 4 * room, *ear = lows + 2 * room + MARGIN, *frame = lows + 3 * room;
    copy(4, n, gains, n, gain + MARGIN, room);
    copy(2, n, low, n, lows, room);
    const double *x = s.x;
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        for (std::int64_t i = 0; i < s.hop; ++i) {
            cascade(c, *x++, filters, ear);
            for (int k = 0; k < 4; ++k) control(n, c.gain[2 * k], c.gain[2 * k + 1], gain + k * room, ear);
            smooth(c, ear, lows, room, i + 1 == s.hop ? frame : nullptr);
        }
        copy(1, n, frame, 0, out + t * n, 0);
    }
    copy(4, n, gain + MARGIN, room, gains, n);
    copy(2, n, lows, room, low, n);
}

}  // namespace

const EarKernels &ear_kernels() {
    static constexpr EarKernels kernels{gammatone, lyon};
    return kernels;
}

}  // namespace plashet::PLASHET_SET
