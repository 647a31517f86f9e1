// What a tick of each liquid is to first order: the stages' J and B, computed along with the states.
//
// Only the gates are computed with vectors; the rest is one pass over the synapses a stage. With y the new value,
//
//     LTC     v' = v + r (I - G v),  I = gl vl + sum g E,  G = gl + sum g,  r = r(k, G),  k = dt / (unfolds c)
//             fused r = k/(1 + k G); exponential r = (1 - exp(-k G))/G. Of a gate: dv' = (r E + q) dg + r g dE with
//             q = dv'/dG = -r v + (I - G v) dr/dG, which is -r v' where fused
//     gated   h' = u + (h - u) e,  e = exp(-dt rho): dh' = (1 - e)(1 - u^2) da_u - (h - u) e dt logistic(a_tau) da_tau
//     leaky   x' = f + (x - f) e:  dx' = (1 - e) f' da + (x - f) e dt/tau^2 dtau
//
// continuous_time.md's table of derivatives, written for both solvers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "../leaky.hpp"
#include "../rtrl.hpp"
#include "../simd.hpp"
#include "../subnormals.hpp"

namespace plashet::PLASHET_SET {
namespace {

constexpr std::int64_t spare = 64 / 4;  // elements beyond an array that a whole vector may touch

// f of every element, x and out padded by `spare`
template <class T, Vec<T> (*F)(Vec<T>)>
void all_of(std::int64_t n, const T *x, T *out) {
    for (std::int64_t i = 0; i < n; i += width<T>) store<T>(out + i, F(load(x + i)));
}

// r(k, G) of the solver, its slopes by G and by k, and 1 - r G: what a step leaves of v, not as that difference, which
// is all rounding where little is left
template <class T>
struct Rate {
    T r, by_total, by_k, left;
};
template <class T>
Rate<T> rate(bool exponential, T k, T total) {
    const T z = k * total;
    if (!exponential) {
        const T left = T(1) / (T(1) + z), r = k * left;
        return {r, -r * r, left * left, left};
    }
    const T left = std::exp(-z);
    if (z > T(0.5)) {
        const T r = (T(1) - left) / total;
        return {r, (k * left - r) / total, left, left};
    }
    T phi = 0, slope = 0, term = 1;  // phi(z) = (1 - exp(-z))/z = sum (-z)^n/(n+1)!, and its slope; term = (-z)^n/n!
    for (int n = 0; n < 14; ++n) {
        phi += term / T(n + 1);
        slope -= term / T(n + 2);
        term *= -z / T(n + 1);
    }
    return {k * phi, k * k * slope, left, left};
}

// The gates of one kind of synapse: S = logistic(sigma (x - mu)), g = w S and what the slopes need of them.
template <class T>
struct Gate {
    std::vector<T> z, s;
    explicit Gate(std::int64_t edges) : z(edges + spare), s(edges + spare) {}
    void open(std::int64_t edges, const T *sigma, const T *mu, const std::int64_t *pre, const T *x) {
        for (std::int64_t e = 0; e < edges; ++e) z[e] = sigma[e] * (x[pre[e]] - mu[e]);
        all_of<T, logistic<T>>(edges, z.data(), s.data());
    }
};

template <class T>
void ltc_tick(const LtcTick<T> &t) {
    const SubnormalsAreZero guard;
    const std::int64_t V = t.units, R = t.recurrent.start[V], S = t.sensory.start[V];
    const T *const w = t.theta, *const sigma = w + R, *const mu = sigma + R, *const erev = mu + R;
    const T *const sw = erev + R, *const ssigma = sw + S, *const smu = ssigma + S, *const serev = smu + S;
    const T *const gleak = serev + S, *const vleak = gleak + V, *const cm = vleak + V;
    const T *const weight = cm + V, *const bias = weight + t.inputs;
    const std::int64_t *const at = t.place, *const sat = at + 4 * R, *const mat = sat + 4 * S, *const aat = mat + 3 * V;
    std::vector<T> x(t.inputs), v(t.v, t.v + V), now(V), current(V), total(V);
    Gate<T> among(R), sensed(S);
    for (std::int64_t k = 0; k < t.inputs; ++k) x[k] = weight[k] * t.u[k] + bias[k];
    sensed.open(S, ssigma, smu, t.sensory.pre, x.data());
    for (std::int64_t i = 0; i < V; ++i) {
        current[i] = gleak[i] * vleak[i], total[i] = gleak[i];
        for (std::int64_t e = t.sensory.start[i]; e < t.sensory.start[i + 1]; ++e) {
            if (std::isnan(x[t.sensory.pre[e]])) sensed.s[e] = 0;  // not observed: closed
            current[i] += sw[e] * sensed.s[e] * serev[e], total[i] += sw[e] * sensed.s[e];
        }
    }
    for (std::int64_t n = 0; n < t.unfolds; ++n) {
        T *const j = t.j + n * t.values, *const b = t.b + n * t.touched;
        std::memset(b, 0, sizeof(T) * t.touched);
        among.open(R, sigma, mu, t.recurrent.pre, v.data());
        for (std::int64_t i = 0; i < V; ++i) {
            T I = current[i], G = total[i];
            for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e)
                I += w[e] * among.s[e] * erev[e], G += w[e] * among.s[e];
            constexpr T endless = sizeof(T) == 4 ? T(1.2676506e30) : T(1.0715086071862673e301);  // k G must not overflow
            const T k = std::min(t.dt / (T(t.unfolds) * cm[i]), endless), flow = I - G * v[i];
            const Rate<T> by = rate(t.exponential, k, G);
            const T r = by.r, q = flow * by.by_total - r * v[i];
            now[i] = v[i] + r * flow;
            j[i] = by.left;
            for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e) {
                const T s = among.s[e], pull = r * erev[e] + q, bend = pull * w[e] * s * (T(1) - s);
                j[V + e] = bend * sigma[e];
                b[at[e]] = pull * s;
                b[at[R + e]] = bend * (v[t.recurrent.pre[e]] - mu[e]);
                b[at[2 * R + e]] = -bend * sigma[e];
                b[at[3 * R + e]] = r * w[e] * s;
            }
            for (std::int64_t e = t.sensory.start[i]; e < t.sensory.start[i + 1]; ++e) {
                const T s = sensed.s[e];
                const std::int64_t k_in = t.sensory.pre[e];
                if (std::isnan(x[k_in])) continue;
                const T pull = r * serev[e] + q, bend = pull * sw[e] * s * (T(1) - s);
                b[sat[e]] = pull * s;
                b[sat[S + e]] = bend * (x[k_in] - smu[e]);
                b[sat[2 * S + e]] = -bend * ssigma[e];
                b[sat[3 * S + e]] = r * sw[e] * s;
                b[aat[e]] += bend * ssigma[e] * t.u[k_in];
                b[aat[S + e]] += bend * ssigma[e];
            }
            b[mat[i]] = r * vleak[i] + q;
            b[mat[V + i]] = r * gleak[i];
            b[mat[2 * V + i]] = -flow * by.by_k * k / cm[i];
        }
        v.swap(now);
    }
    std::memcpy(t.after, v.data(), sizeof(T) * V);
}

template <class T>
void gated_tick(const GatedTick<T> &t) {
    const SubnormalsAreZero guard;
    const std::int64_t V = t.units, R = t.recurrent.start[V], S = t.sensory.start[V];
    const T *const sensory = t.theta, *const recurrent = sensory + 2 * S, *const bias = recurrent + 2 * R;
    const std::int64_t *const sat = t.place, *const at = sat + 2 * S, *const bat = at + 2 * R;
    T *const j = t.j, *const b = t.b;
    std::memset(b, 0, sizeof(T) * t.touched);
    for (std::int64_t place = 0; place < V; ++place) {
        const std::int64_t i = t.order[place];
        T a[2] = {bias[i], bias[V + i]};
        for (std::int64_t e = t.sensory.start[i]; e < t.sensory.start[i + 1]; ++e) {
            const T x = t.u[t.sensory.pre[e]];
            if (std::isnan(x)) continue;
            a[0] += sensory[e] * x, a[1] += sensory[S + e] * x;
        }
        for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e) {
            const T x = (t.fresh[e] ? t.after : t.h)[t.recurrent.pre[e]];
            a[0] += recurrent[e] * x, a[1] += recurrent[R + e] * x;
        }
        const T u = std::tanh(a[0]), opened = a[1] > 0 ? a[1] + std::log1p(std::exp(-a[1])) : std::log1p(std::exp(a[1]));
        const T left = std::exp(-t.dt * (t.slowest[i] + opened)), lost = -std::expm1(-t.dt * (t.slowest[i] + opened));
        const T by_u = lost * (T(1) - u * u);
        const T by_tau = -(t.h[i] - u) * left * t.dt / (T(1) + std::exp(-a[1]));
        t.after[i] = u + (t.h[i] - u) * left;
        j[i] = left;
        for (std::int64_t e = t.sensory.start[i]; e < t.sensory.start[i + 1]; ++e) {
            const T x = t.u[t.sensory.pre[e]];
            if (std::isnan(x)) continue;
            b[sat[e]] = by_u * x, b[sat[S + e]] = by_tau * x;
        }
        for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e) {
            const T x = (t.fresh[e] ? t.after : t.h)[t.recurrent.pre[e]];
            j[V + e] = by_u * recurrent[e] + by_tau * recurrent[R + e];
            b[at[e]] = by_u * x, b[at[R + e]] = by_tau * x;
        }
        b[bat[i]] = by_u, b[bat[V + i]] = by_tau;
    }
}

template <class T>
T activated(int activation, T a, T &slope) {
    switch (Activation(activation)) {
        case Activation::identity: return slope = 1, a;
        case Activation::relu: return slope = a > 0 ? 1 : 0, a > 0 ? a : 0;
        case Activation::logistic: {
            const T f = T(1) / (T(1) + std::exp(-a));
            return slope = f * (T(1) - f), f;
        }
        default: {
            const T f = std::tanh(a);
            return slope = T(1) - f * f, f;
        }
    }
}

template <class T>
void leaky_tick(const LeakyTick<T> &t) {
    const SubnormalsAreZero guard;
    const std::int64_t V = t.units, R = t.recurrent.start[V], I = t.inputs;
    const T *const weights = t.theta, *const w_in = weights + R, *const bias = w_in + V * I, *const tau = bias + V;
    const std::int64_t *const at = t.place, *const iat = at + R, *const bat = iat + V * I, *const tat = bat + V;
    T *const j = t.j, *const b = t.b;
    std::memset(b, 0, sizeof(T) * t.touched);
    for (std::int64_t i = 0; i < V; ++i) {
        T a = bias[i], slope;
        for (std::int64_t k = 0; k < I; ++k) a += std::isnan(t.u[k]) ? 0 : w_in[i * I + k] * t.u[k];
        for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e)
            a += weights[e] * t.x[t.recurrent.pre[e]];
        const T f = activated(t.activation, a, slope);
        const T left = std::exp(-t.dt / tau[i]), by = -std::expm1(-t.dt / tau[i]) * slope;
        t.after[i] = f + (t.x[i] - f) * left;
        j[i] = left;
        for (std::int64_t e = t.recurrent.start[i]; e < t.recurrent.start[i + 1]; ++e)
            j[V + e] = by * weights[e], b[at[e]] = by * t.x[t.recurrent.pre[e]];
        for (std::int64_t k = 0; k < I; ++k) b[iat[i * I + k]] = std::isnan(t.u[k]) ? 0 : by * t.u[k];
        b[bat[i]] = by;
        b[tat[i]] = (t.x[i] - f) * left * t.dt / (tau[i] * tau[i]);
    }
}

}  // namespace
}  // namespace plashet::PLASHET_SET
