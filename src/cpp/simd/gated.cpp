// Units in levels, forward and backward through time, for one instruction set. See gated.hpp.
#include "../subnormals.hpp"
#include "gated_levels.hpp"
#include "gated_scan.hpp"

#include <algorithm>

namespace plashet::PLASHET_SET {

const GatedSet &gated_set();

namespace {

// ------------------------------------------------------------------------------------------------------------- forward

template <class T, int V>
void run_tile(const GatedNet<T> &net, const GatedSeries<T> &s, std::int64_t first, std::int64_t rows) {
    constexpr int R = V * width<T>;
    const Scratch<T> memory((net.slots + net.lanes + 1) * R);
    T *const x = memory.get(), *const a = x + net.slots * R, *const dt = a + net.lanes * R;
    for (int r = 0; r < R; ++r) x[r] = T(1);
    take<T, R>(s.h + first * net.units, net.units, rows, net.units, x + net.h * R);
    if (net.cells) take<T, R>(s.c + first * net.cells, net.cells, rows, net.cells, x + net.c * R);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        take_inputs<T, R>(s.u + t * s.u_tick + first * s.u_row, s.u_row, rows, net.inputs, x + R);
        if (t == 0 || s.dt_tick) take_time<T>(s, t, first, rows, dt);
        for (std::int64_t l = 0; l < net.level_count; ++l) level_tick<T, V>(net, net.levels[l], a, x, dt, false);
        give<T, R>(s.out + t * s.out_tick + first * s.out_row, s.out_row, rows, net.units, x + net.h_after * R);
        std::memcpy(x + net.h * R, x + net.h_after * R, sizeof(T) * (net.units + net.cells) * R);
    }
    give<T, R>(s.h + first * net.units, net.units, rows, net.units, x + net.h * R);
    if (net.cells) give<T, R>(s.c + first * net.cells, net.cells, rows, net.cells, x + net.c * R);
}

template <class T>
void run(const GatedNet<T> &net, const GatedSeries<T> &s, std::int64_t first, std::int64_t end) {
    const SubnormalsAreZero guard;
    constexpr int W = width<T>;
    for (; first < end; first += 2 * W)
        if (end - first <= W) run_tile<T, 1>(net, s, first, end - first);
        else run_tile<T, 2>(net, s, first, std::min<std::int64_t>(end - first, 2 * W));
}

// ------------------------------------------------------------------------------------------------------------ backward

// One tile, back through blocks of ticks: what a block needs is computed anew from the outputs, then its slopes.
template <class T, int V>
class PullTile {
    static constexpr int W = width<T>, R = V * W;

  public:
    PullTile(const GatedNet<T> &net, const GatedSlopes<T> &s, std::int64_t first, std::int64_t rows)
        : net_(net), s_(s), first_(first), rows_(rows), block_(block_of(net, s.ticks)), x_tick_(odd(net.slots) * R),
          a_tick_(odd(net.lanes) * R), x_(block_ * x_tick_), a_(block_ * a_tick_), dt_(block_ * R), dx_(x_tick_),
          carry_((net.units + net.cells) * R), ddt_(R), dp_(net.constant_count * 2 * W),
          c_((s.ticks + 1) * net.cells * R) {}

    void pull() {
        take<T, R>(s_.dh + first_ * net_.units, net_.units, rows_, net_.units, carry_.get());
        if (net_.cells) {
            take<T, R>(s_.dc + first_ * net_.cells, net_.cells, rows_, net_.cells, carry_.get() + net_.units * R);
            remember_c();
        }
        for (std::int64_t end = s_.ticks; end > 0; end -= std::min(end, block_)) {
            const std::int64_t begin = end - std::min(end, block_);
            for (std::int64_t t = begin; t < end; ++t) again(t, t - begin);
            for (std::int64_t t = end; t-- > begin;) back(t, t - begin);
            for (std::int64_t l = 0; l < net_.level_count; ++l)
                weight_slopes<T, V>(net_.levels[l].forward, x_.get(), x_tick_, a_.get(), a_tick_, end - begin, s_.weights);
        }
        give<T, R>(s_.dh + first_ * net_.units, net_.units, rows_, net_.units, carry_.get());
        if (net_.cells) give<T, R>(s_.dc + first_ * net_.cells, net_.cells, rows_, net_.cells, carry_.get() + net_.units * R);
        for (std::int64_t i = 0; i < 2 * net_.constant_count; ++i) s_.constants[i] += total<T>(load<T>(dp_.get() + i * W));
    }

  private:
    static std::int64_t block_of(const GatedNet<T> &net, std::int64_t ticks) {
        constexpr std::int64_t room = 1 << 19;  // bytes: what a core has near by
        const std::int64_t tick = (net.slots + net.lanes) * R * std::int64_t(sizeof(T));
        return std::max<std::int64_t>(1, std::min(ticks, std::max<std::int64_t>(4, std::min<std::int64_t>(64, room / tick))));
    }

    // So that what lies at the same place in all ticks of a block does not compete for the same lines of a cache.
    static std::int64_t odd(std::int64_t n) { return n | 1; }

    // What is known of tick t: inputs, and states before and after it.
    void lay_out(std::int64_t t, T *x, T *dt) const {
        const std::int64_t n = net_.units;
        for (int r = 0; r < R; ++r) x[r] = T(1);
        take_inputs<T, R>(s_.u + t * s_.u_tick + first_ * s_.u_row, s_.u_row, rows_, net_.inputs, x + R);
        if (t) take<T, R>(s_.out + (t - 1) * s_.out_tick + first_ * s_.out_row, s_.out_row, rows_, n, x + net_.h * R);
        else take<T, R>(s_.h + first_ * n, n, rows_, n, x + net_.h * R);
        take_time<T>(s_, t, first_, rows_, dt);
    }

    // c of all ticks: it is not among the outputs.
    void remember_c() {
        const std::int64_t size = net_.cells * R;
        T *const x = x_.get();
        take<T, R>(s_.c + first_ * net_.cells, net_.cells, rows_, net_.cells, c_.get());
        for (std::int64_t t = 0; t < s_.ticks; ++t) {
            lay_out(t, x, dt_.get());
            std::memcpy(x + net_.c * R, c_.get() + t * size, sizeof(T) * size);
            for (std::int64_t l = 0; l < net_.level_count; ++l)
                if (net_.levels[l].kind == Kind::lstm) level_tick<T, V>(net_, net_.levels[l], a_.get(), x, dt_.get(), false);
            std::memcpy(c_.get() + (t + 1) * size, x + net_.c_after * R, sizeof(T) * size);
        }
    }

    void again(std::int64_t t, std::int64_t at) {
        T *const x = x_.get() + at * x_tick_, *const a = a_.get() + at * a_tick_, *const dt = dt_.get() + at * R;
        const std::int64_t size = net_.cells * R;
        lay_out(t, x, dt);
        take<T, R>(s_.out + t * s_.out_tick + first_ * s_.out_row, s_.out_row, rows_, net_.units, x + net_.h_after * R);
        if (size) std::memcpy(x + net_.c * R, c_.get() + t * size, sizeof(T) * size);
        for (std::int64_t l = 0; l < net_.level_count; ++l) {
            const LevelShape &level = net_.levels[l];
            level_tick<T, V>(net_, level, a, x, dt, level.kind != Kind::value && level.kind != Kind::lstm);
        }
    }

    void back(std::int64_t t, std::int64_t at) {
        const T *const x = x_.get() + at * x_tick_, *const dt = dt_.get() + at * R;
        T *const a = a_.get() + at * a_tick_, *const dx = dx_.get(), *const after = dx + net_.h_after * R;
        const std::int64_t size = net_.units * R;
        std::memset(dx, 0, sizeof(T) * x_tick_);
        std::memset(ddt_.get(), 0, sizeof(T) * R);
        take<T, R>(s_.slope + t * s_.slope_tick + first_ * s_.slope_row, s_.slope_row, rows_, net_.units, after);
        for (std::int64_t i = 0; i < size; i += W) store<T>(after + i, load<T>(after + i) + load<T>(carry_.get() + i));
        if (net_.cells) std::memcpy(dx + net_.c_after * R, carry_.get() + size, sizeof(T) * net_.cells * R);
        for (std::int64_t l = net_.level_count; l-- > 0;) {
            const LevelShape &level = net_.levels[l];
            PLASHET_BY_KIND(unmake, net_, level, a, x, dt, dx, ddt_.get(), dp_.get())
            sums<T, V, true>(level.backward, net_.backward, a, dx);
        }
        std::memcpy(carry_.get(), dx + net_.h * R, sizeof(T) * (net_.units + net_.cells) * R);
        const T *const u = s_.u + t * s_.u_tick + first_ * s_.u_row;
        T *const du = s_.du + (t * s_.rows + first_) * net_.inputs, *const ddt = s_.ddt + t * s_.rows + first_;
        give_input_slopes<T, R>(u, s_.u_row, rows_, net_.inputs, dx + R, du, net_.inputs);
        std::copy(ddt_.get(), ddt_.get() + rows_, ddt);
    }

    const GatedNet<T> &net_;
    const GatedSlopes<T> &s_;
    const std::int64_t first_, rows_, block_, x_tick_, a_tick_;
    const Scratch<T> x_, a_, dt_, dx_, carry_, ddt_, dp_, c_;
};

template <class T>
void pull(const GatedNet<T> &net, const GatedSlopes<T> &s, std::int64_t first, std::int64_t end) {
    const SubnormalsAreZero guard;
    constexpr int W = width<T>;
    for (; first < end; first += 2 * W)
        if (end - first <= W) PullTile<T, 1>(net, s, first, end - first).pull();
        else PullTile<T, 2>(net, s, first, std::min<std::int64_t>(end - first, 2 * W)).pull();
}

}  // namespace

#undef PLASHET_BY_KIND

const GatedSet &gated_set() {
    static constexpr GatedSet set{{run<float>, pull<float>, scan<float>, pull_scan<float>},
                                  {run<double>, pull<double>, scan<double>, pull_scan<double>}};
    return set;
}

}  // namespace plashet::PLASHET_SET
