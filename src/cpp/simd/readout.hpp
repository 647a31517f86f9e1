// guess = features @ weights + bias, in float64 and in an order that depends on the sizes of the readout only.
#pragma once

#include "leak.hpp"

namespace plashet::PLASHET_SET {
namespace {

// sum of a[i] b[i step], in eight interleaved parts
double dot(std::int64_t n, const double *a, const double *b, std::int64_t step) {
    double part[8] = {};
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; ++l) part[l] += a[i + l] * b[(i + l) * step];
    for (; i < n; ++i) part[i % 8] += a[i] * b[i * step];
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

template <int NV>
PLASHET_INLINE void columns(const ReadoutArrays &readout, const double *features, std::int64_t m, double *guess) {
    constexpr int W = width<double>;
    Vec<double> sum[NV];
    for (int v = 0; v < NV; ++v) sum[v] = load(readout.bias + m + v * W);
    const double *w = readout.weights + m;
    for (std::int64_t i = 0; i < readout.features; ++i, w += readout.outputs)
        for (int v = 0; v < NV; ++v) sum[v] = fma<double>(load(w + v * W), all(features[i]), sum[v]);
    for (int v = 0; v < NV; ++v) store<double>(guess + m + v * W, sum[v]);
}

void read(const ReadoutArrays &readout, const double *features, double *guess) {
    constexpr int W = width<double>;
    std::int64_t m = 0;
    for (; m + 6 * W <= readout.outputs; m += 6 * W) columns<6>(readout, features, m, guess);
    for (; m + 2 * W <= readout.outputs; m += 2 * W) columns<2>(readout, features, m, guess);
    for (; m < readout.outputs; ++m)
        guess[m] = readout.bias[m] + dot(readout.features, features, readout.weights + m, readout.outputs);
}

// Each row by itself, so that a row's answer does not depend on how many there are, as a BLAS's would.
template <class T>
void read_rows(const ReadoutArrays &readout, std::int64_t rows, const T *features, double *guesses) {
    const Scratch<double> wide(readout.features);
    for (; rows > 0; --rows, features += readout.features, guesses += readout.outputs) {
        for (std::int64_t i = 0; i < readout.features; ++i) wide.get()[i] = double(features[i]);
        read(readout, wide.get(), guesses);
    }
}

}  // namespace
}  // namespace plashet::PLASHET_SET
