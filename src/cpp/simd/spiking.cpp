// The kernels of spiking liquids for one instruction set. See spiking.hpp for what they compute.
#include "../spiking.hpp"

#include "../random.hpp"
#include "../simd.hpp"
#include "../subnormals.hpp"
#include "neurons.hpp"

#include <algorithm>
#include <cmath>

namespace plashet::PLASHET_SET {

const SpikingKernels &spiking_kernels();

namespace {

template <class T> constexpr T largest = sizeof(T) == 4 ? T(1.2676506e30) : T(1.0715086071862673e301);  // 2^100, 2^1000

template <class T>
T bounded(T value) {
    return value > largest<T> ? largest<T> : value < -largest<T> ? -largest<T> : value;
}

// How many grid steps a tick has, and what is left over: whole_steps of liquids/grid.py.
std::int64_t whole_steps(double dt, double h, double &rest) {
    double steps = dt / h;
    const double whole = std::nearbyint(steps);
    if (std::fabs(steps - whole) <= 1e-6 * whole) steps = whole;
    const double total = rest + steps, done = std::floor(total + 1e-9);
    rest = std::max(total - done, 0.0);
    return std::int64_t(done);
}

// One row on its way through time: its pieces of the state, and room for a tick.
template <class T, class Units>
class Row {
  public:
    Row(const SpikingConstants<T> &c, const SpikingArrays<T> &a, const SpikingSeries<T> &s, std::int64_t row)
        : c_(c), s_(s), row_(row), units_(c, a, row), e_(a.current + 2 * row * c.units), i_(e_ + c.units),
          ring_(a.ring + 2 * row * c.slots * c.units), u_(a.u + (c.dynamic ? row * c.edges : 0)),
          r_(a.r + (c.dynamic ? row * c.edges : 0)), last_(a.last + row * c.units), trace_(a.trace + row * c.units),
          clock_(a.clock[row]), rest_(a.rest[row]), key_(a.key[row]), held_(c.units), spiked_(c.units),
          noise_(c.noise > 0 ? c.units : 0) {}

    void tick(std::int64_t t) {
        const T *in = s_.in + (t * s_.rows + row_) * (c_.currents + c_.events);
        hold(in);
        deliver(in + c_.currents);
        const std::int64_t steps = whole_steps(s_.dt[t * s_.dt_tick + row_ * s_.dt_row], c_.h, rest_);
        age_trace(steps);
        for (std::int64_t left = steps; left-- > 0;) grid_step(left);
        emit(t);
    }

    void save(const SpikingArrays<T> &a) const {
        a.clock[row_] = clock_;
        a.rest[row_] = rest_;
    }

  private:
    void hold(const T *in) {
        std::fill(held_.begin(), held_.end(), T(0));
        for (std::int64_t j = 0; j < c_.currents; ++j) {
            const T x = in[j], *w = c_.w_current + j * c_.units;
            if (x != x || x == 0) continue;  // not observed
            for (std::int64_t i = 0; i < c_.units; ++i) held_[i] += w[i] * x;
        }
        for (std::int64_t i = 0; i < c_.units; ++i) held_[i] = bounded(held_[i]);
    }

    void deliver(const T *counts) {
        T *e = slot(0, clock_), *inhibit = slot(1, clock_);
        for (std::int64_t j = 0; j < c_.events; ++j) {
            const T count = counts[j], *w = c_.w_events + j * c_.units;
            if (count != count || count == 0) continue;
            for (std::int64_t i = 0; i < c_.units; ++i) {
                const T amount = bounded(count * w[i]);
                e[i] += amount > 0 ? amount : T(0);
                inhibit[i] += amount < 0 ? -amount : T(0);
            }
        }
    }

    T *slot(int kind, std::int64_t step) { return ring_ + (kind * c_.slots + (step & (c_.slots - 1))) * c_.units; }

    // The trace at the tick's end without the tick's spikes, which add what is left of them when they happen.
    void age_trace(std::int64_t steps) {
        const T kept = c_.counts ? T(0) : T(std::pow(c_.kept, double(steps)));
        for (std::int64_t i = 0; i < c_.units; ++i) trace_[i] *= kept;
    }

    void grid_step(std::int64_t left) {
        const T *pushed = push();
        if (!units_.move(pushed, e_, i_, slot(0, clock_), slot(1, clock_))) {
            ++clock_;
            return;
        }
        const std::int64_t spikes = units_.spikes(spiked_.data());
        const T worth = T(c_.counts ? 1.0 : std::pow(c_.kept, double(left)));
        for (std::int64_t k = 0; k < spikes; ++k) {
            trace_[spiked_[k]] += worth;
            fan_out(spiked_[k]);
            if (s_.spikes) {
                const std::int64_t event[] = {row_, clock_, spiked_[k]};
                s_.spikes->insert(s_.spikes->end(), event, event + 3);
            }
        }
        ++clock_;
    }

    // The current from outside at this step.
    const T *push() {
        if (!(c_.noise > 0)) return held_.data();
        normals(c_.seed, key_, clock_, c_.units, noise_.data());
        pushed_.resize(c_.units);
        for (std::int64_t i = 0; i < c_.units; ++i) pushed_[i] = held_[i] + T(c_.noise * noise_[i]);
        return pushed_.data();
    }

    void fan_out(std::int64_t unit) {
        const std::int64_t from = c_.start[unit], to = c_.start[unit + 1];
        T *ring = ring_ + (c_.inhibitory[unit] ? c_.slots * c_.units : 0);
        if (c_.dynamic) recover(unit, from, to);
        for (std::int64_t k = from; k < to; ++k) {
            const T amount = c_.dynamic ? s_.weight[k] * u_[k] * r_[k] : s_.weight[k];
            ring[((clock_ + c_.delay[k]) & (c_.slots - 1)) * c_.units + c_.post[k]] += amount;
        }
        last_[unit] = clock_;
    }

    // u and R of the unit's synapses at this spike (wiring.Dynamics).
    void recover(std::int64_t unit, std::int64_t from, std::int64_t to) {
        if (last_[unit] < 0) {
            for (std::int64_t k = from; k < to; ++k) u_[k] = c_.U[k], r_[k] = T(1);
            return;
        }
        const T steps = T(clock_ - last_[unit]);
        constexpr int W = width<T>;
        for (std::int64_t k = from; k < to; k += W) {
            const int n = int(std::min<std::int64_t>(W, to - k));
            T facilitated[W] = {}, recovered[W] = {};
            for (int j = 0; j < n; ++j) facilitated[j] = -steps * c_.rate_F[k + j], recovered[j] = -steps * c_.rate_D[k + j];
            store<T>(facilitated, exp<T>(load(facilitated)));
            store<T>(recovered, exp<T>(load(recovered)));
            for (int j = 0; j < n; ++j) {
                const T U = c_.U[k + j], u = u_[k + j], r = r_[k + j];
                u_[k + j] = U + u * (T(1) - U) * facilitated[j];
                r_[k + j] = T(1) + (r - r * u - T(1)) * recovered[j];
            }
        }
    }

    void emit(std::int64_t t) {
        if (!s_.bins) {
            std::copy(trace_, trace_ + c_.units, s_.out + (t * s_.rows + row_) * c_.units);
        } else if (s_.bins[t] >= 0) {
            T *out = s_.out + s_.bins[t] * c_.units;
            for (std::int64_t i = 0; i < c_.units; ++i) out[i] += trace_[i];
        }
    }

    const SpikingConstants<T> &c_;
    const SpikingSeries<T> &s_;
    std::int64_t row_;
    Units units_;
    T *e_, *i_, *ring_, *u_, *r_;
    std::int64_t *last_;
    T *trace_;
    std::int64_t clock_;
    double rest_;
    std::int64_t key_;
    std::vector<T> held_, pushed_;
    std::vector<std::int32_t> spiked_;
    std::vector<double> noise_;
};

template <class T, template <class> class Units>
void run_with(const SpikingConstants<T> &c, const SpikingArrays<T> &a, const SpikingSeries<T> &s) {
    for (std::int64_t row = s.first; row < s.end; ++row) {
        Row<T, Units<T>> moving(c, a, s, row);
        for (std::int64_t t = 0; t < s.ticks; ++t) moving.tick(t);
        moving.save(a);
    }
}

template <class T>
void run(const SpikingConstants<T> &c, const SpikingArrays<T> &a, const SpikingSeries<T> &s) {
    const SubnormalsAreZero guard;
    switch (c.neuron) {
        case Neuron::lif: return run_with<T, Lif>(c, a, s);
        case Neuron::alif: return run_with<T, Alif>(c, a, s);
        case Neuron::izhikevich: return run_with<T, IzhikevichUnits>(c, a, s);
    }
}

}  // namespace

const SpikingKernels &spiking_kernels() {
    static const SpikingKernels kernels = {run<float>, run<double>};
    return kernels;
}

}  // namespace plashet::PLASHET_SET
