// The kernels of the leaky liquid for one instruction set. See leaky.hpp for the equation and the layouts.
#include "../leaky.hpp"

#include <cstdlib>
#include <cstring>

#include "../simd.hpp"

namespace plashet::PLASHET_SET {
namespace {

template <class T> constexpr T largest_value = T(1.2676506002282294e30);  // 2^100
template <> constexpr double largest_value<double> = 1.0715086071862673e301;  // 2^1000

// Zeroed scratch memory on a cache line.
template <class T>
class Scratch {
  public:
    explicit Scratch(std::int64_t n) : raw_(std::calloc(std::size_t(n) * sizeof(T) + 64, 1)) {
        first_ = reinterpret_cast<T *>((reinterpret_cast<std::uintptr_t>(raw_) + 63) & ~std::uintptr_t(63));
    }
    ~Scratch() { std::free(raw_); }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;
    T *get() const { return first_; }

  private:
    void *raw_;
    T *first_;
};

template <Activation A, class T>
PLASHET_INLINE Vec<T> act(Vec<T> v) {
    constexpr T limit = largest_value<T>;
    if constexpr (A == Activation::tanh) return tanh<T>(v);
    else if constexpr (A == Activation::logistic) return logistic<T>(v);
    else if constexpr (A == Activation::relu) return at_most<T>(at_least<T>(v, T(0)), limit);
    else return at_most<T>(at_least<T>(v, -limit), limit);
}

// f g + x (1 - g): exactly x where g = 0 and exactly f where g = 1
template <Activation A, class T>
PLASHET_INLINE Vec<T> blend(Vec<T> sum, Vec<T> x, Vec<T> gain) {
    return fma<T>(all(T(1)) - gain, x, gain * act<A, T>(sum));
}

template <class T>
PLASHET_INLINE T observed(T u) {
    constexpr T limit = largest_value<T>;
    if (u != u) return T(0);
    return u > limit ? limit : u < -limit ? -limit : u;
}

// gain = 1 - exp(-dt / tau) of each unit; computed anew when dt changes.
template <class T>
class Decay {
  public:
    explicit Decay(const LeakyConstants<T> &c) : c_(c), memory_(c.padded), gain(memory_.get()) {}

    void update(T dt) {
        constexpr T most = sizeof(T) == 4 ? T(3e38) : T(1e308);  // an endless tick of an endless tau is no NaN
        if (dt > most) dt = most;
        if (fresh_ && dt == dt_) return;
        fresh_ = true;
        dt_ = dt;
        Vec<T> loss{};
        for (std::int64_t i = 0; i < c_.padded; i += width<T>) {
            if (i == 0 || !c_.one_rate) loss = expm1<T>(all(-dt) * load(c_.rates + i));
            store<T>(gain + i, Vec<T>{} - loss);
        }
    }

  private:
    const LeakyConstants<T> &c_;
    Scratch<T> memory_;
    T dt_ = 0;
    bool fresh_ = false;

  public:
    T *const gain;
};

// One series of a liquid wired in bands. The first block of a state is repeated after the last unit, so that the reading
// of a block never wraps. (Several series at once, sharing the loads of the weights, were slower.)
template <class T, Activation A>
class Bands {
    static constexpr int W = width<T>, BLOCK = band_block<T>, PER_BLOCK = BLOCK / W;

  public:
    static constexpr int ROWS = 1;

    explicit Bands(const LeakyConstants<T> &c)
        : c_(c), decay_(c), length_(c.padded + BLOCK), memory_(2 * length_ + c.inputs), now_(memory_.get()),
          next_(now_ + length_), u_(next_ + length_) {}

    void load_state(int, const T *x) {
        std::memcpy(now_, x, sizeof(T) * c_.units);
        repeat_first_block(now_);
    }
    void save_state(int, T *x) const { std::memcpy(x, now_, sizeof(T) * c_.units); }
    void set_input(int, std::int64_t j, T u) { u_[j] = observed(u); }
    T input(int, std::int64_t j) const { return u_[j]; }
    void set_time(int, T dt) { decay_.update(dt); }

    // Moves on by a tick, and writes the new state to out[0].
    void step(T *const *out) {
        constexpr int at_once = PER_BLOCK < 4 ? PER_BLOCK : 4;
        const Reads reads{c_.drive, now_, decay_.gain, u_, c_.sources, c_.inputs, c_.degree};
        const std::int64_t units = c_.units, blocks = units / BLOCK, done = blocks * BLOCK, left = units - done;
        T *const next = next_, *const to = out[0];
        for (std::int64_t b = 0; b < blocks; ++b)
            for (int first = 0; first < PER_BLOCK; first += at_once) part<at_once, true>(reads, b, first, next, to);
        for (std::int64_t v = 0; v * W < left; v += left - v * W > W ? at_once : 1)  // computed past the last unit
            if (left - v * W > W) part<at_once, false>(reads, blocks, v, next, nullptr);
            else part<1, false>(reads, blocks, v, next, nullptr);
        for (std::int64_t i = done; i < units; ++i) to[i] = next[i];
        repeat_first_block(next);
        next_ = now_;
        now_ = next;
    }

  private:
    // What a tick reads, in a local copy: for all the compiler knows, a store of a vector may change any member.
    struct Reads {
        const T *drive, *now, *gain, *u;
        const std::int32_t *sources;
        std::int64_t inputs, degree;
    };

    void repeat_first_block(T *x) const {
        for (int i = 0; i < BLOCK; i += W) store<T>(x + c_.units + i, load(x + i));
    }

    // NV vectors of units, from vector `first` of block b on; the sums stay in registers until the state is new
    template <int NV, bool WRITE>
    static PLASHET_INLINE void part(const Reads &c, std::int64_t b, std::int64_t first, T *next, T *out) {
        const std::int64_t i = b * BLOCK + first * W;
        const T *w = c.drive + b * (1 + c.inputs + c.degree) * BLOCK + first * W;
        Vec<T> sum[NV];
        for (int v = 0; v < NV; ++v) sum[v] = load(w + v * W);
        w += BLOCK;
        for (std::int64_t j = 0; j < c.inputs; ++j, w += BLOCK)
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), all(c.u[j]), sum[v]);
        const std::int32_t *source = c.sources + b * c.degree;
        for (std::int64_t k = 0; k < c.degree; ++k, w += BLOCK) {
            const T *from = c.now + source[k] + first * W;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), load(from + v * W), sum[v]);
        }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = i + v * W;
            const Vec<T> x = blend<A, T>(sum[v], load(c.now + n), load(c.gain + n));
            store<T>(next + n, x);
            if constexpr (WRITE) store<T>(out + n, x);
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_, *next_, *u_;
};

// One series of a liquid wired by a list of synapses: eight units at once, their sources gathered one by one (the
// gather instructions are no faster on many machines).
template <class T, Activation A>
class Synapses {
    static constexpr int W = width<T>, BLOCK = synapse_block, NV = BLOCK / W;
    static_assert(BLOCK % W == 0, "a block holds whole vectors");

  public:
    static constexpr int ROWS = 1;

    explicit Synapses(const LeakyConstants<T> &c)
        : c_(c), decay_(c), length_(c.padded + 16), memory_(2 * length_ + c.inputs), now_(memory_.get()),
          next_(now_ + length_), u_(next_ + length_) {}

    void load_state(int, const T *x) {
        for (std::int64_t i = 0; i < c_.units; ++i) now_[i] = x[c_.order ? c_.order[i] : i];
    }
    void save_state(int, T *x) const { unsorted(now_, x); }
    void set_input(int, std::int64_t j, T u) { u_[j] = observed(u); }
    T input(int, std::int64_t j) const { return u_[j]; }
    void set_time(int, T dt) { decay_.update(dt); }

    void step(T *const *out) {
        const LeakyConstants<T> c = c_;  // local copies: for all the compiler knows, a store of a vector changes members
        const T *const now = now_, *const gain = decay_.gain, *const u = u_;
        T *const next = next_;
        for (std::int64_t b = 0; b < c.padded / BLOCK; ++b) block(c, b, now, gain, u, next);
        unsorted(next, out[0]);
        next_ = now_;
        now_ = next;
    }

  private:
    void unsorted(const T *x, T *to) const {
        if (!c_.order) std::memcpy(to, x, sizeof(T) * c_.units);
        else
            for (std::int64_t i = 0; i < c_.units; ++i) to[c_.order[i]] = x[i];
    }

    static PLASHET_INLINE void block(const LeakyConstants<T> &c, std::int64_t b, const T *now, const T *gain, const T *u,
                                     T *next) {
        Vec<T> sum[NV];
        const T *w = c.drive + b * (1 + c.inputs) * BLOCK;
        for (int v = 0; v < NV; ++v) sum[v] = load(w + v * W);
        for (std::int64_t j = 0; j < c.inputs; ++j) {
            w += BLOCK;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), all(u[j]), sum[v]);
        }
        const std::int64_t first = c.starts[b], end = c.starts[b + 1];
        const T *weight = c.weights + first * BLOCK;
        const std::uint32_t *pre = c.pre + first * BLOCK;
        for (std::int64_t e = first; e < end; ++e, weight += BLOCK, pre += BLOCK)
            for (int v = 0; v < NV; ++v) {
                Vec<T> x{};
                for (int l = 0; l < W; ++l) x[l] = now[pre[v * W + l]];
                sum[v] = fma<T>(load(weight + v * W), x, sum[v]);
            }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = b * BLOCK + v * W;
            store<T>(next + n, blend<A, T>(sum[v], load(now + n), load(gain + n)));
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_, *next_, *u_;
};

// Several series of a liquid wired by a list of synapses, the series innermost: a source is one contiguous read.
template <class T, Activation A>
class SynapsesOfRows {
    static constexpr int W = width<T>, NV = 2, BLOCK = synapse_block;

  public:
    static constexpr int ROWS = NV * W;

    explicit SynapsesOfRows(const LeakyConstants<T> &c)
        : c_(c), decay_(c), memory_((3 * (c.padded + 1) + c.inputs) * ROWS), now_(memory_.get()),
          next_(now_ + (c.padded + 1) * ROWS), gain_(next_ + (c.padded + 1) * ROWS),
          u_(gain_ + c.padded * ROWS) {}

    void load_state(int r, const T *x) {
        for (std::int64_t i = 0; i < c_.units; ++i) now_[i * ROWS + r] = x[unit(i)];
    }
    void save_state(int r, T *x) const {
        for (std::int64_t i = 0; i < c_.units; ++i) x[unit(i)] = now_[i * ROWS + r];
    }
    void set_input(int r, std::int64_t j, T u) { u_[j * ROWS + r] = observed(u); }
    void set_time(int r, T dt) {
        if (timed_[r] && dt == dt_[r]) return;
        timed_[r] = true;
        dt_[r] = dt;
        decay_.update(dt);
        for (std::int64_t i = 0; i < c_.padded; ++i) gain_[i * ROWS + r] = decay_.gain[i];
    }

    void step(T *const *out) {
        const LeakyConstants<T> c = c_;
        const T *const now = now_, *const gain = gain_, *const u = u_;
        T *const next = next_;
        for (std::int64_t i = 0; i < c.units; ++i) one(c, i, now, gain, u, next);
        for (std::int64_t first = 0; first < c_.units; first += 16) {  // a few cache lines at a time
            const std::int64_t end = first + 16 < c_.units ? first + 16 : c_.units;
            for (int r = 0; r < ROWS && out[r]; ++r)
                for (std::int64_t i = first; i < end; ++i) out[r][unit(i)] = next[i * ROWS + r];
        }
        next_ = now_;
        now_ = next;
    }

  private:
    std::int64_t unit(std::int64_t place) const { return c_.order ? c_.order[place] : place; }

    static PLASHET_INLINE void one(const LeakyConstants<T> &c, std::int64_t i, const T *now, const T *gain, const T *u,
                                   T *next) {
        const std::int64_t b = i / BLOCK, l = i % BLOCK, end = c.starts[b + 1] * BLOCK;
        const T *w = c.drive + b * (1 + c.inputs) * BLOCK + l;
        Vec<T> sum[NV];
        for (int v = 0; v < NV; ++v) sum[v] = all(*w);
        for (std::int64_t j = 0; j < c.inputs; ++j)
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(all(w[(1 + j) * BLOCK]), load(u + j * ROWS + v * W), sum[v]);
        for (std::int64_t e = c.starts[b] * BLOCK + l; e < end; e += BLOCK) {
            const T *x = now + std::int64_t(c.pre[e]) * ROWS;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(all(c.weights[e]), load(x + v * W), sum[v]);
        }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = i * ROWS + v * W;
            store<T>(next + n, blend<A, T>(sum[v], load(now + n), load(gain + n)));
        }
    }

    const LeakyConstants<T> &c_;
    Decay<T> decay_;
    Scratch<T> memory_;
    T *now_, *next_, *gain_, *u_;
    T dt_[ROWS];
    bool timed_[ROWS] = {};
};

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

// ------------------------------------------------------------------------------------------------------- the readout

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
        {each<float, exp<float>>, each<float, tanh<float>>, each<float, logistic<float>>},
        {each<double, exp<double>>, each<double, tanh<double>>, each<double, logistic<double>>},
    };
    return set;
}

}  // namespace plashet::PLASHET_SET
