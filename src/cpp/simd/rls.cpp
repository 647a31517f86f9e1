// The two sweeps of recursive least squares over the lower triangle of P, for one instruction set.
#include "../rls.hpp"

#include "../simd.hpp"

namespace plashet::PLASHET_SET {

const RlsSweeps &rls_sweeps();

namespace {

constexpr std::int64_t W = width<double>;
constexpr std::int64_t B = W > 4 ? W : 4;  // rows at a time, so that a vector along the columns is loaded once for all
constexpr std::int64_t most = 4;           // rank of one pass over the rows

PLASHET_INLINE double sum(Doubles v) {
    double s = v[0];
    for (std::int64_t i = 1; i < W; ++i) s += v[i];
    return s;
}

// Row j of the product by itself: out[j], and what the row adds to those before it.
void multiply_row(const double *row, const double *x, double *out, std::int64_t j) {
    const Doubles xj = all(x[j]);
    Doubles s{};
    std::int64_t i = 0;
    for (; i + W <= j; i += W) {
        const Doubles a = load(row + i);
        s = fma<double>(a, load(x + i), s);
        store<double>(out + i, fma<double>(a, xj, load(out + i)));
    }
    double rest = 0;
    for (; i < j; ++i) {
        rest += row[i] * x[i];
        out[i] += row[i] * x[j];
    }
    out[j] = sum(s) + rest + row[j] * x[j];
}

void multiply(const double *p, const double *x, double *out, std::int64_t d) {
    std::int64_t j = 0;
    for (; j + B <= d; j += B) {
        const double *const rows = p + j * d;
        Doubles xs[B], s[B] = {};
        for (std::int64_t r = 0; r < B; ++r) xs[r] = all(x[j + r]);
        for (std::int64_t i = 0; i < j; i += W) {
            const Doubles xi = load(x + i);
            Doubles even = load(out + i), odd{};
            for (std::int64_t r = 0; r < B; r += 2) {
                const Doubles a = load(rows + r * d + i), b = load(rows + (r + 1) * d + i);
                s[r] = fma<double>(a, xi, s[r]);
                s[r + 1] = fma<double>(b, xi, s[r + 1]);
                even = fma<double>(a, xs[r], even);
                odd = fma<double>(b, xs[r + 1], odd);
            }
            store<double>(out + i, even + odd);
        }
        for (std::int64_t r = 0; r < B; ++r) {  // the corner, where the rows meet the diagonal
            double t = sum(s[r]);
            for (std::int64_t c = 0; c < B; ++c) t += (c <= r ? rows[r * d + j + c] : rows[c * d + j + r]) * x[j + c];
            out[j + r] = t;
        }
    }
    for (; j < d; ++j) multiply_row(p + j * d, x, out, j);
}

// One pass of rank K over `count` rows from row j, columns [0, end).
template <std::int64_t K, std::int64_t rows>
PLASHET_INLINE void pass(double *p, double scale, const double *g, const double *v, std::int64_t d, std::int64_t j,
                         std::int64_t end) {
    const Doubles by = all(scale);
    Doubles t[K][rows];
    for (std::int64_t l = 0; l < K; ++l)
        for (std::int64_t r = 0; r < rows; ++r) t[l][r] = all(-g[l] * v[l * d + j + r]);
    std::int64_t i = 0;
    for (; i + W <= end; i += W) {
        Doubles at[K];
        for (std::int64_t l = 0; l < K; ++l) at[l] = load(v + l * d + i);
        for (std::int64_t r = 0; r < rows; ++r) {
            double *const to = p + (j + r) * d + i;
            Doubles a = by * load<double>(to);
            for (std::int64_t l = 0; l < K; ++l) a = fma<double>(t[l][r], at[l], a);
            store<double>(to, a);
        }
    }
    for (; i < end; ++i)
        for (std::int64_t r = 0; r < rows; ++r) {
            double a = scale * p[(j + r) * d + i];
            for (std::int64_t l = 0; l < K; ++l) a += t[l][r][0] * v[l * d + i];
            p[(j + r) * d + i] = a;
        }
}

template <std::int64_t rows>
PLASHET_INLINE void passes(double *p, double scale, const double *g, const double *v, std::int64_t n, std::int64_t d,
                           std::int64_t j, std::int64_t end) {
    for (std::int64_t l = 0; l < n; l += most, scale = 1) {
        const std::int64_t left = n - l;
        if (left == 1) pass<1, rows>(p, scale, g + l, v + l * d, d, j, end);
        else if (left == 2) pass<2, rows>(p, scale, g + l, v + l * d, d, j, end);
        else if (left == 3) pass<3, rows>(p, scale, g + l, v + l * d, d, j, end);
        else pass<most, rows>(p, scale, g + l, v + l * d, d, j, end);
    }
}

bool downdate(double *p, double scale, const double *g, const double *v, std::int64_t n, std::int64_t d) {
    bool positive = true;
    std::int64_t j = 0;
    for (; j + B <= d; j += B) passes<B>(p, scale, g, v, n, d, j, j + B);
    for (; j < d; ++j) passes<1>(p, scale, g, v, n, d, j, j + 1);
    for (j = 0; j < d; ++j) positive &= p[j * d + j] > 0;
    return positive;
}

}  // namespace

const RlsSweeps &rls_sweeps() {
    static constexpr RlsSweeps sweeps{multiply, downdate};
    return sweeps;
}

}  // namespace plashet::PLASHET_SET
