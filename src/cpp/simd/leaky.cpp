// The kernels of the leaky liquid for one instruction set. See leaky.hpp for the equation and the layouts.
#include "../subnormals.hpp"
#include "bands.hpp"
#include "readout.hpp"
#include "synapses.hpp"

namespace plashet::PLASHET_SET {
namespace {

// Runs the rows first, ..., first + rows - 1, as many as the liquid holds or fewer.
template <class Liquid, class T>
void run_rows(const LeakyConstants<T> &c, const LeakySeries<T> &s, std::int64_t first, int rows) {
    Liquid liquid(c);
    T *out[Liquid::ROWS] = {};
    for (int r = 0; r < rows; ++r) liquid.load_state(r, s.x + (first + r) * s.x_row);
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        for (int r = 0; r < rows; ++r) {
            liquid.set_time(r, s.dt[t * s.dt_tick + (first + r) * s.dt_row]);
            const T *u = s.u + t * s.u_tick + (first + r) * s.u_row;
            for (std::int64_t j = 0; j < c.inputs; ++j) liquid.set_input(r, j, u[j * s.u_input]);
            out[r] = s.out + t * s.out_tick + (first + r) * s.out_row;
        }
        liquid.step(out);
    }
    for (int r = 0; r < rows; ++r) liquid.save_state(r, s.x + (first + r) * s.x_row);
}

template <class T, Activation A>
void run(const LeakyConstants<T> &c, const LeakySeries<T> &s) {
    using Many = SynapsesOfRows<T, A>;
    const SubnormalsAreZero guard;
    for (std::int64_t first = 0; first < s.rows;) {
        const std::int64_t left = s.rows - first;
        const int rows = c.bands || left < Many::ROWS / 4 ? 1 : int(left < Many::ROWS ? left : Many::ROWS);
        if (c.bands) run_rows<Bands<T, A>>(c, s, first, rows);
        else if (rows == 1) run_rows<Synapses<T, A>>(c, s, first, rows);
        else run_rows<Many>(c, s, first, rows);
        first += rows;
    }
}

template <class T, class Liquid>
void tick_with(const LeakyConstants<T> &c, const T *u, T dt, const T *x, T *features, const ReadoutArrays &readout,
               double *guess) {
    Liquid liquid(c);
    liquid.set_time(0, dt);
    liquid.load_state(0, x);
    for (std::int64_t j = 0; j < c.inputs; ++j) liquid.set_input(0, j, u[j]);
    liquid.step(&features);
    for (std::int64_t j = c.units; j < readout.features; ++j) features[j] = liquid.input(0, j - c.units);
    const Scratch<double> wide(readout.features);
    for (std::int64_t i = 0; i < readout.features; ++i) wide.get()[i] = double(features[i]);
    read(readout, wide.get(), guess);
}

template <class T, Activation A>
void tick(const LeakyConstants<T> &c, const T *u, T dt, const T *x, T *features, const ReadoutArrays &readout,
          double *guess) {
    const SubnormalsAreZero guard;
    if (c.bands) tick_with<T, Bands<T, A>>(c, u, dt, x, features, readout, guess);
    else tick_with<T, Synapses<T, A>>(c, u, dt, x, features, readout, guess);
}

template <class T, class Liquid>
void generate_row(const LeakyConstants<T> &c, const LeakyLoop<T> &loop, std::int64_t row) {
    const ReadoutArrays &readout = loop.readout;
    const std::int64_t outputs = readout.outputs, given = c.inputs - outputs;
    Liquid liquid(c);
    const Scratch<T> state(c.units);
    const Scratch<double> wide(readout.features);
    T *out = state.get();
    double *last = loop.last + row * outputs;
    liquid.load_state(0, loop.x + row * loop.x_row);
    for (std::int64_t t = 0; t < loop.ticks; ++t) {
        liquid.set_time(0, loop.dt[t * loop.dt_tick + row * loop.dt_row]);
        const T *u = loop.u + t * loop.u_tick + row * loop.u_row;
        for (std::int64_t j = 0; j < given; ++j) liquid.set_input(0, j, u[j * loop.u_input]);
        for (std::int64_t m = 0; m < outputs; ++m) liquid.set_input(0, given + m, T(last[m]));
        liquid.step(&out);
        for (std::int64_t i = 0; i < c.units; ++i) wide.get()[i] = double(out[i]);
        for (std::int64_t j = c.units; j < readout.features; ++j) wide.get()[j] = double(liquid.input(0, j - c.units));
        read(readout, wide.get(), last);
        std::memcpy(loop.out + (t * loop.rows + row) * outputs, last, sizeof(double) * outputs);
    }
    liquid.save_state(0, loop.x + row * loop.x_row);
}

template <class T, Activation A>
void generate(const LeakyConstants<T> &c, const LeakyLoop<T> &loop) {
    const SubnormalsAreZero guard;
    for (std::int64_t row = 0; row < loop.rows; ++row)
        if (c.bands) generate_row<T, Bands<T, A>>(c, loop, row);
        else generate_row<T, Synapses<T, A>>(c, loop, row);
}

// ------------------------------------------------------------------------------------------------ the choice at run time

// Calls the version of a kernel that was compiled for the activation.
#define PLASHET_BY_ACTIVATION(kernel, ...)                                                        \
    switch (c.activation) {                                                                       \
        case Activation::tanh: return kernel<T, Activation::tanh>(c, __VA_ARGS__);                \
        case Activation::identity: return kernel<T, Activation::identity>(c, __VA_ARGS__);        \
        case Activation::relu: return kernel<T, Activation::relu>(c, __VA_ARGS__);                \
        case Activation::logistic: return kernel<T, Activation::logistic>(c, __VA_ARGS__);        \
    }

template <class T>
void any_run(const LeakyConstants<T> &c, const LeakySeries<T> &s) {
    PLASHET_BY_ACTIVATION(run, s)
}
template <class T>
void any_tick(const LeakyConstants<T> &c, const T *u, T dt, const T *x, T *features, const ReadoutArrays &readout,
              double *guess) {
    PLASHET_BY_ACTIVATION(tick, u, dt, x, features, readout, guess)
}
template <class T>
void any_generate(const LeakyConstants<T> &c, const LeakyLoop<T> &loop) {
    PLASHET_BY_ACTIVATION(generate, loop)
}

template <class T, Vec<T> (*F)(Vec<T>)>
void each(std::int64_t n, const T *x, T *out) {
    constexpr int W = width<T>;
    std::int64_t i = 0;
    for (; i + W <= n; i += W) store<T>(out + i, F(load(x + i)));
    if (i == n) return;
    T last[W] = {};
    std::memcpy(last, x + i, sizeof(T) * (n - i));
    store<T>(last, F(load(last)));
    std::memcpy(out + i, last, sizeof(T) * (n - i));
}

bool runs_here() {
#if defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
    return true;
#endif
}

template <class T>
Vec<T> alone(Vec<T> y) {
    Vec<T> one[] = {y};
    logistic_of_two<T>(one);
    return one[0];
}

}  // namespace

#define PLASHET_TEXT(name) #name
#define PLASHET_NAME(name) PLASHET_TEXT(name)

const InstructionSet &instruction_set() {
    static const InstructionSet set = {
        PLASHET_NAME(PLASHET_SET),
        runs_here,
        {any_run<float>, any_tick<float>, any_generate<float>},
        {any_run<double>, any_tick<double>, any_generate<double>},
        read_rows<float>,
        read_rows<double>,
        {each<float, exp<float>>, each<float, tanh<float>>, each<float, logistic<float>>, each<float, alone<float>>},
        {each<double, exp<double>>, each<double, tanh<double>>, each<double, logistic<double>>, each<double, alone<double>>},
    };
    return set;
}

}  // namespace plashet::PLASHET_SET
