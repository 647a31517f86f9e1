// What the recursion (rls.cpp) and its two sweeps over P (simd/rls.cpp, compiled once for each instruction set) agree on.
// P is row-major (d, d); only the lower triangle means anything, though a sweep may write a little above the diagonal.
#pragma once

#include <cstdint>

namespace plashet {

struct RlsSweeps {
    // out = P x
    void (*multiply)(const double *p, const double *x, double *out, std::int64_t d);
    // P <- scale P - sum_l g[l] v_l v_l'  with v (n, d), n >= 1; false if a diagonal element is not positive any more
    bool (*downdate)(double *p, double scale, const double *g, const double *v, std::int64_t n, std::int64_t d);
};

}  // namespace plashet
