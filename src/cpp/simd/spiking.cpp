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

// Finite inputs stay finite in what they are multiplied by; NaN stays NaN.
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

// Arrays of one row, padded to whole vectors: what move and ring need. Copied in, moved, copied back.
template <class T>
class Padded {
  public:
    Padded(const SpikingConstants<T> &c, std::int64_t lines) : c_(c), memory_(lines * c.padded + unit_block) {
        const auto at = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(T) % unit_block;
        next_ = memory_.data() + (unit_block - at) % unit_block;
    }

    // Room for `lines` lines of units, filled from there (nothing, if null).
    T *take(const T *from, std::int64_t lines = 1) {
        T *const first = next_;
        if (from)
            for (std::int64_t l = 0; l < lines; ++l) std::copy(from + l * c_.units, from + (l + 1) * c_.units, next_ + l * c_.padded);
        next_ += lines * c_.padded;
        return first;
    }

    void give(const T *line, T *to, std::int64_t lines = 1) const {
        for (std::int64_t l = 0; l < lines; ++l) std::copy(line + l * c_.padded, line + l * c_.padded + c_.units, to + l * c_.units);
    }

  private:
    const SpikingConstants<T> &c_;
    std::vector<T> memory_;
    T *next_;
};

// One row on its way through time.
template <class T, template <class> class Neurons>
class Row {
  public:
    Row(const SpikingConstants<T> &c, const SpikingArrays<T> &a, const SpikingSeries<T> &s, std::int64_t row)
        : c_(c), a_(a), s_(s), row_(row), room_(c, 8 + 2 * c.slots),
          units_{room_.take(a.v + row * c.units), room_.take(silent()), room_.take(extra())},
          e_(room_.take(a.current + 2 * row * c.units, 2)), i_(e_ + c.padded),
          ring_(room_.take(a.ring + 2 * row * c.slots * c.units, 2 * c.slots)), held_(room_.take(nullptr)),
          pushed_(room_.take(nullptr)), neurons_(c, units_), u_(a.u + (c.dynamic ? row * c.edges : 0)),
          r_(a.r + (c.dynamic ? row * c.edges : 0)), last_(a.last + row * c.units), trace_(a.trace + row * c.units),
          clock_(a.clock[row]), rest_(a.rest[row]), spiked_(c.padded), noise_(c.noise > 0 ? c.units : 0) {}

    void tick(std::int64_t t) {
        const T *in = s_.in + (t * s_.rows + row_) * (c_.currents + c_.events);
        hold(in);
        deliver(in + c_.currents);
        const std::int64_t steps = whole_steps(s_.dt[t * s_.dt_tick + row_ * s_.dt_row], c_.h, rest_);
        age_trace(steps);
        for (std::int64_t left = steps; left-- > 0; ++clock_) grid_step(left);
        emit(t);
    }

    void save() const {
        room_.give(units_.v, a_.v + row_ * c_.units);
        if (silent()) room_.give(units_.silent, a_.silent + row_ * c_.units);
        if (extra()) room_.give(units_.extra, a_.extra + row_ * c_.units);
        room_.give(e_, a_.current + 2 * row_ * c_.units, 2);
        room_.give(ring_, a_.ring + 2 * row_ * c_.slots * c_.units, 2 * c_.slots);
        a_.clock[row_] = clock_;
        a_.rest[row_] = rest_;
    }

  private:
    const T *silent() const { return c_.neuron == Neuron::izhikevich ? nullptr : a_.silent + row_ * c_.units; }
    const T *extra() const { return c_.neuron == Neuron::lif ? nullptr : a_.extra + row_ * c_.units; }

    void hold(const T *in) {
        std::fill(held_, held_ + c_.padded, T(0));
        for (std::int64_t j = 0; j < c_.currents; ++j) {
            const T x = bounded(in[j]), *w = c_.w_current + j * c_.padded;
            if (x != x || x == 0) continue;  // not observed
            for (std::int64_t i = 0; i < c_.padded; ++i) held_[i] += w[i] * x;
        }
    }

    void deliver(const T *counts) {
        T *e = slot(0, clock_), *inhibit = slot(1, clock_);
        for (std::int64_t j = 0; j < c_.events; ++j) {
            const T count = bounded(counts[j]), *w = c_.w_events + j * c_.padded;
            if (count != count || count == 0) continue;
            for (std::int64_t i = 0; i < c_.padded; ++i) {
                const T amount = count * w[i];
                e[i] += amount > 0 ? amount : T(0);
                inhibit[i] += amount < 0 ? -amount : T(0);
            }
        }
    }

    T *slot(int kind, std::int64_t step) const { return ring_ + (kind * c_.slots + (step & (c_.slots - 1))) * c_.padded; }

    // The trace at the tick's end without the tick's spikes, which add what is left of them when they happen.
    void age_trace(std::int64_t steps) {
        const T kept = c_.counts ? T(0) : T(std::pow(c_.kept, double(steps)));
        for (std::int64_t i = 0; i < c_.units; ++i) trace_[i] *= kept;
    }

    void grid_step(std::int64_t left) {
        const std::int64_t spikes = sweep();
        if (spikes == 0) return;
        const T worth = T(c_.counts ? 1.0 : std::pow(c_.kept, double(left)));
        for (std::int64_t k = 0; k < spikes; ++k) {
            trace_[spiked_[k]] += worth;
            fan_out(spiked_[k]);
            if (s_.spikes) {
                const std::int64_t event[] = {row_, clock_, spiked_[k]};
                s_.spikes->insert(s_.spikes->end(), event, event + 3);
            }
        }
    }

    // All units by one step; how many spiked, and which.
    std::int64_t sweep() {
        const T *const held = push();
        T *const e = e_, *const i = i_, *const into_e = slot(0, clock_), *const into_i = slot(1, clock_);
        const Vec<T> decay_e = all(c_.decay_e), decay_i = all(c_.decay_i);
        Neurons<T> neurons = neurons_;
        std::int64_t spikes = 0;
        for (std::int64_t k = 0; k < c_.padded; k += width<T>) {
            const Vec<T> excite = load(e + k), inhibit = load(i + k);
            const Vec<T> drive = load(held + k) + load(c_.share_e + k) * excite - load(c_.share_i + k) * inhibit;
            const Mask<T> mask = neurons.move(k, drive);
            store<T>(e + k, fma<T>(excite, decay_e, load(into_e + k)));
            store<T>(i + k, fma<T>(inhibit, decay_i, load(into_i + k)));
            store<T>(into_e + k, Vec<T>{});
            store<T>(into_i + k, Vec<T>{});
            if (!anywhere<T>(mask)) continue;
            for (int j = 0; j < width<T>; ++j) {
                if (!mask[j]) continue;
                spiked_[spikes++] = std::int32_t(k + j);
                neurons.fire(k + j);
            }
        }
        return spikes;
    }

    // The current from outside at this step.
    const T *push() {
        if (!(c_.noise > 0)) return held_;
        normals(c_.seed, a_.key[row_], clock_, c_.units, noise_.data());
        for (std::int64_t i = 0; i < c_.units; ++i) pushed_[i] = held_[i] + T(c_.noise * noise_[i]);
        return pushed_;
    }

    void fan_out(std::int64_t unit) {
        const std::int64_t from = c_.start[unit], to = c_.start[unit + 1], last_slot = c_.slots - 1;
        T *const ring = ring_ + (c_.inhibitory[unit] ? c_.slots * c_.padded : 0);
        if (c_.dynamic) {
            recover(unit, from, to);
            for (std::int64_t k = from; k < to; ++k)
                ring[((clock_ + c_.delay[k]) & last_slot) * c_.padded + c_.post[k]] += s_.weight[k] * u_[k] * r_[k];
        } else {
            for (std::int64_t k = from; k < to; ++k)
                ring[((clock_ + c_.delay[k]) & last_slot) * c_.padded + c_.post[k]] += s_.weight[k];
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
    const SpikingArrays<T> &a_;
    const SpikingSeries<T> &s_;
    std::int64_t row_;
    Padded<T> room_;
    UnitArrays<T> units_;
    T *e_, *i_, *ring_, *held_, *pushed_;
    Neurons<T> neurons_;
    T *u_, *r_;
    std::int64_t *last_;
    T *trace_;
    std::int64_t clock_;
    double rest_;
    std::vector<std::int32_t> spiked_;
    std::vector<double> noise_;
};

template <class T, template <class> class Neurons>
void run_with(const SpikingConstants<T> &c, const SpikingArrays<T> &a, const SpikingSeries<T> &s) {
    for (std::int64_t row = s.first; row < s.end; ++row) {
        Row<T, Neurons> moving(c, a, s, row);
        for (std::int64_t t = 0; t < s.ticks; ++t) moving.tick(t);
        moving.save();
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
