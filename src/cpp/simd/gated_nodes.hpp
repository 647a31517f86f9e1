// What a node of a level makes of its heads, and the slopes of its heads from the slope of what it made. See gated.hpp.
#pragma once

#include "../gated.hpp"

#include <cmath>

#include "leak.hpp"

namespace plashet::PLASHET_SET {
namespace {

// ln(1 + e) = s (c[0] + c[1] s^2 + ...), s = e / (e + 2), for 0 <= e <= 1: fits of our own, relative errors 4e-9, 2e-18
template <class T> struct LogOnePlus;
template <> struct LogOnePlus<float> {
    static constexpr float c[] = {2.00000000792f, 0.666663147168f, 0.400249088f, 0.27960625365f, 0.28178233069f};
};
template <> struct LogOnePlus<double> {
    static constexpr double c[] = {
        2.0000000000000000025,  0.66666666666666134333, 0.40000000000190296858, 0.28571428544928412191,
        0.22222224111581619695, 0.18181739794156815857, 0.15386635322695486033, 0.13300104175866662078,
        0.12112236256054587927, 0.08315738127308971672, 0.1705996570427912782,
    };
};

template <class T> constexpr T most = sizeof(T) == 4 ? T(3e38) : T(1e308);  // instead of infinity, whose products are NaN

// ln(1 + exp(a)), and its slope, the logistic function of a
template <class T>
PLASHET_INLINE Vec<T> softplus(Vec<T> a, Vec<T> &slope) {
    const Vec<T> zero{}, one = all(T(1));
    const auto rising = at_or_above<T>(a, zero);
    const Vec<T> e = exp<T>(select<T>(rising, zero - a, a)), s = e / (e + all(T(2))), part = one / (one + e);
    slope = select<T>(rising, part, e * part);
    return select<T>(rising, a, zero) + s * polynomial<T>(s * s, LogOnePlus<T>::c);
}

template <class T>
PLASHET_INLINE Vec<T> magnitude(Vec<T> a) {
    return select<T>(at_or_above<T>(a, Vec<T>{}), a, Vec<T>{} - a);
}

// d where a > 0, -d where a < 0, 0 where it is 0
template <class T>
PLASHET_INLINE Vec<T> with_sign(Vec<T> a, Vec<T> d) {
    const Vec<T> zero{};
    return select<T>(above<T>(a, zero), d, select<T>(above<T>(zero, a), zero - d, zero));
}

template <class T>
PLASHET_INLINE Vec<T> normal_below(Vec<T> a) {  // the share of a standard normal distribution
    for (int i = 0; i < width<T>; ++i) a[i] = T(0.5) * std::erfc(-a[i] * T(0.70710678118654752440));
    return a;
}

constexpr double lecun_height = 1.7159, lecun_slope = 0.666;  // LeCun 1998, as ncps rounds them

template <class T>
PLASHET_INLINE Vec<T> bent(Bend bend, Vec<T> a) {
    switch (bend) {
        case Bend::tanh: return tanh<T>(a);
        case Bend::lecun_tanh: return all(T(lecun_height)) * tanh<T>(all(T(lecun_slope)) * a);
        case Bend::logistic: return logistic<T>(a);
        case Bend::relu: return act<Activation::relu, T>(a);
        case Bend::silu: return a * logistic<T>(a);
        case Bend::gelu: return a * normal_below<T>(a);
        default: return act<Activation::identity, T>(a);
    }
}

// The slope of `bent` at a, where its value is y.
template <class T>
PLASHET_INLINE Vec<T> bent_slope(Bend bend, Vec<T> a, Vec<T> y) {
    const Vec<T> one = all(T(1));
    switch (bend) {
        case Bend::tanh: return one - y * y;
        case Bend::lecun_tanh: return all(T(lecun_slope / lecun_height)) * (all(T(lecun_height * lecun_height)) - y * y);
        case Bend::logistic: return y * (one - y);
        case Bend::relu: return select<T>(above<T>(a, Vec<T>{}), one, Vec<T>{});
        case Bend::silu: {
            const Vec<T> s = logistic<T>(a);
            return s + y * (one - s);
        }
        case Bend::gelu: {
            const Vec<T> density = all(T(0.39894228040143267794)) * exp<T>(all(T(-0.5)) * a * a);
            return normal_below<T>(a) + a * density;
        }
        default: return one;
    }
}

// One vector of a node: its heads, what it held, the time, its constants.
template <class T>
struct Moment {
    Vec<T> a[4], h, c, dt;
    T p[2];
};

// Its value, and where it has one its c; or the slopes of all of these.
template <class T>
struct Made {
    Vec<T> y, c;
};
template <class T>
struct Slopes {
    Vec<T> a[4], h, c, dt, p[2];
};

// What a gated or leaky node moves to, at which rate, and how far: x' = f gain + x (1 - gain).
template <class T>
struct Pace {
    Vec<T> f, dt, rate, slope, gain;  // slope: of the rate, along a_1
};

template <Kind K, class T>
PLASHET_INLINE Pace<T> pace(Bend bend, const Moment<T> &m) {
    Pace<T> p{};
    p.dt = at_least<T>(at_most<T>(m.dt, most<T>), T(0));
    p.rate = all(m.p[0]);
    if constexpr (K == Kind::gated) {
        p.f = tanh<T>(m.a[0]);
        p.rate = at_most<T>(p.rate + softplus<T>(m.a[1], p.slope), most<T>);
    } else {
        p.f = bent<T>(bend, m.a[0]);
    }
    p.gain = Vec<T>{} - expm1<T>(Vec<T>{} - p.dt * p.rate);
    return p;
}

template <class T>
PLASHET_INLINE Made<T> lstm(const Moment<T> &m, Vec<T> (&g)[4], Vec<T> &bent_c) {
    g[0] = tanh<T>(m.a[0]);
    g[1] = logistic<T>(m.a[1]);
    g[2] = logistic<T>(m.a[2] + all(T(1)));
    g[3] = logistic<T>(m.a[3]);
    const Vec<T> c = fma<T>(g[2], m.c, g[0] * g[1]);
    bent_c = tanh<T>(c);
    return {bent_c * g[3], c};
}

template <Kind K, class T>
PLASHET_INLINE Made<T> made(Bend bend, const Moment<T> &m) {
    const Vec<T> zero{}, one = all(T(1));
    const auto held = above<T>(zero, m.dt);
    if constexpr (K == Kind::value) {
        return {bent<T>(bend, m.a[0]), zero};
    } else if constexpr (K == Kind::gated || K == Kind::leaky) {
        const Pace<T> p = pace<K, T>(bend, m);
        return {fma<T>(one - p.gain, m.h, p.gain * p.f), zero};
    } else if constexpr (K == Kind::full || K == Kind::no_gate) {
        const Vec<T> dt = at_most<T>(m.dt, most<T>), t1 = tanh<T>(m.a[0]), t2 = tanh<T>(m.a[1]);
        const Vec<T> s = logistic<T>(fma<T>(m.a[2], dt, m.a[3]));
        return {select<T>(held, m.h, fma<T>(s, t2, K == Kind::full ? (one - s) * t1 : t1)), zero};
    } else if constexpr (K == Kind::pure) {
        const Vec<T> rate = all(m.p[0] < 0 ? -m.p[0] : m.p[0]) + magnitude<T>(m.a[0]);
        const Vec<T> left = exp<T>(zero - at_most<T>(m.dt, most<T>) * rate), top = all(m.p[1]);
        return {select<T>(held, m.h, top - top * left * m.a[0]), zero};
    } else {
        Vec<T> g[4], bent_c;
        const Made<T> now = lstm<T>(m, g, bent_c);
        return {select<T>(held, m.h, now.y), select<T>(held, m.c, now.c)};
    }
}

// The slopes for the slope d of the value y and, of an lstm, the slope dc of c'.
template <Kind K, class T>
PLASHET_INLINE Slopes<T> slopes(Bend bend, const Moment<T> &m, Vec<T> y, Vec<T> d, Vec<T> dc) {
    const Vec<T> zero{}, one = all(T(1));
    const auto held = above<T>(zero, m.dt);
    Slopes<T> s{};
    if constexpr (K == Kind::value) {
        s.a[0] = d * bent_slope<T>(bend, m.a[0], y);
        return s;
    }
    const Vec<T> moved = select<T>(held, zero, d);
    if constexpr (K == Kind::gated || K == Kind::leaky) {
        const Pace<T> p = pace<K, T>(bend, m);
        const Vec<T> kept = one - p.gain, sloped = moved * (p.f - m.h) * kept;
        s.a[0] = moved * p.gain * (K == Kind::gated ? one - p.f * p.f : bent_slope<T>(bend, m.a[0], p.f));
        s.p[0] = sloped * p.dt;
        s.a[1] = s.p[0] * p.slope;
        s.dt = sloped * p.rate;
        s.h = d * kept;
    } else if constexpr (K == Kind::full || K == Kind::no_gate) {
        const Vec<T> dt = at_most<T>(m.dt, most<T>), t1 = tanh<T>(m.a[0]), t2 = tanh<T>(m.a[1]);
        const Vec<T> gate = logistic<T>(fma<T>(m.a[2], dt, m.a[3]));
        s.a[0] = (K == Kind::full ? moved * (one - gate) : moved) * (one - t1 * t1);
        s.a[1] = moved * gate * (one - t2 * t2);
        s.a[3] = moved * (K == Kind::full ? t2 - t1 : t2) * gate * (one - gate);
        s.a[2] = s.a[3] * dt;
        s.dt = s.a[3] * m.a[2];
        s.h = select<T>(held, d, zero);
    } else if constexpr (K == Kind::pure) {
        const Vec<T> dt = at_most<T>(m.dt, most<T>), size = magnitude<T>(m.a[0]), top = all(m.p[1]);
        const Vec<T> rate = all(m.p[0] < 0 ? -m.p[0] : m.p[0]) + size, left = exp<T>(zero - dt * rate);
        const Vec<T> by_rate = moved * top * m.a[0] * left;
        s.a[0] = zero - moved * top * left * (one - size * dt);
        s.p[0] = with_sign<T>(all(m.p[0]), by_rate * dt);
        s.p[1] = moved * (one - left * m.a[0]);
        s.dt = by_rate * rate;
        s.h = select<T>(held, d, zero);
    } else {
        Vec<T> g[4], bent_c;
        lstm<T>(m, g, bent_c);
        const Vec<T> by_c = select<T>(held, zero, dc) + moved * g[3] * (one - bent_c * bent_c);
        s.a[0] = by_c * g[1] * (one - g[0] * g[0]);
        s.a[1] = by_c * g[0] * g[1] * (one - g[1]);
        s.a[2] = by_c * m.c * g[2] * (one - g[2]);
        s.a[3] = moved * bent_c * g[3] * (one - g[3]);
        s.c = select<T>(held, dc, by_c * g[2]);
        s.h = select<T>(held, d, zero);
    }
    return s;
}

}  // namespace
}  // namespace plashet::PLASHET_SET
