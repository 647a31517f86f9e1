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

template <class T>
PLASHET_INLINE T observed(T u) {
    constexpr T limit = largest_value<T>;
    if (u != u) return T(0);
    return u > limit ? limit : u < -limit ? -limit : u;
}

// keep = exp(-dt / tau) and gain = 1 - keep of each unit; computed anew when dt changes.
template <class T>
class Decay {
  public:
    explicit Decay(const LeakyConstants<T> &c) : c_(c), memory_(2 * c.padded), keep(memory_.get()), gain(keep + c.padded) {}

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
            store<T>(keep + i, all(T(1)) + loss);
        }
    }

  private:
    const LeakyConstants<T> &c_;
    Scratch<T> memory_;
    T dt_ = 0;
    bool fresh_ = false;

  public:
    T *const keep, *const gain;
};

// One row (or ROWS rows that share the loads of the weights) of a liquid wired in bands. A state is stored twice in a
// row, so that a shifted read never wraps.
template <class T, Activation A, int ROWS>
class Bands {
    static constexpr int W = width<T>, BLOCK = band_block<T>;

  public:
    explicit Bands(const LeakyConstants<T> &c)
        : c_(c), length_(2 * c.padded + 2 * BLOCK), memory_(ROWS * (2 * length_ + c.inputs)) {
        for (int r = 0; r < ROWS; ++r) {
            now_[r] = memory_.get() + 2 * r * length_;
            next_[r] = now_[r] + length_;
            u[r] = memory_.get() + 2 * ROWS * length_ + r * c.inputs;
        }
    }

    void load_state(int r, const T *x) {
        std::memcpy(now_[r], x, sizeof(T) * c_.units);
        std::memcpy(now_[r] + c_.units, x, sizeof(T) * c_.units);
    }
    void save_state(int r, T *x) const { std::memcpy(x, now_[r], sizeof(T) * c_.units); }

    // Moves the rows on by a tick under the inputs in u, and writes the new states to out.
    void step(const Decay<T> *const *decay, T *const *out) {
        const std::int64_t whole = c_.units / W, rest = c_.units % W;
        constexpr int per_block = BLOCK / W;
        // What lies beyond the last unit is overwritten by the second copy of the first units, so it goes first.
        if (rest) {
            part<1, false>(whole / per_block, whole % per_block, decay, out);
            for (int r = 0; r < ROWS; ++r)
                for (std::int64_t i = whole * W; i < c_.units; ++i) out[r][i] = next_[r][i];
        }
        for (std::int64_t b = 0; b < whole / per_block; ++b) full(b, decay, out);
        for (std::int64_t v = whole / per_block * per_block; v < whole; ++v)
            part<1, true>(v / per_block, v % per_block, decay, out);
        for (int r = 0; r < ROWS; ++r) {
            T *t = now_[r];
            now_[r] = next_[r];
            next_[r] = t;
        }
    }

    T *u[ROWS];

  private:
    void full(std::int64_t b, const Decay<T> *const *decay, T *const *out) {
        constexpr int per_block = BLOCK / W, at_once = per_block < 4 ? per_block : 4;
        for (int first = 0; first < per_block; first += at_once) part<at_once, true>(b, first, decay, out);
    }

    // NV vectors of units, from vector `first` of block b on
    template <int NV, bool WRITE>
    PLASHET_INLINE void part(std::int64_t b, std::int64_t first, const Decay<T> *const *decay, T *const *out) {
        const std::int64_t i = b * BLOCK + first * W;
        const T *w = c_.drive + b * (1 + c_.inputs + c_.degree) * BLOCK + first * W;
        Vec<T> sum[ROWS][NV];
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < NV; ++v) sum[r][v] = load(w + v * W);
        w += BLOCK;
        for (std::int64_t j = 0; j < c_.inputs; ++j, w += BLOCK)
            for (int r = 0; r < ROWS; ++r)
                for (int v = 0; v < NV; ++v) sum[r][v] = fma<T>(load(w + v * W), all(u[r][j]), sum[r][v]);
        for (std::int64_t k = 0; k < c_.degree; ++k, w += BLOCK) {
            const std::int64_t from = c_.shifts[k] + i;
            for (int v = 0; v < NV; ++v) {
                const Vec<T> weight = load(w + v * W);
                for (int r = 0; r < ROWS; ++r) sum[r][v] = fma<T>(weight, load(now_[r] + from + v * W), sum[r][v]);
            }
        }
        for (int r = 0; r < ROWS; ++r) {
            for (int v = 0; v < NV; ++v) {
                const std::int64_t n = i + v * W;
                const Vec<T> f = act<A, T>(sum[r][v]);
                const Vec<T> x = fma<T>(load(decay[r]->keep + n), load(now_[r] + n), load(decay[r]->gain + n) * f);
                store<T>(next_[r] + n, x);
                store<T>(next_[r] + c_.units + n, x);
                if constexpr (WRITE) store<T>(out[r] + n, x);
            }
        }
    }

    const LeakyConstants<T> &c_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_[ROWS], *next_[ROWS];
};

// One row of a liquid wired by a list of synapses: eight units at once, their sources gathered one by one (the gather
// instructions are slower than that on many machines).
template <class T, Activation A>
class Synapses {
    static constexpr int W = width<T>, BLOCK = synapse_block;
    static constexpr int NV = BLOCK * sizeof(T) > PLASHET_VECTOR_BYTES ? BLOCK * sizeof(T) / PLASHET_VECTOR_BYTES : 1;
    static_assert(W <= BLOCK || PLASHET_VECTOR_BYTES > 32, "a block holds whole vectors");

  public:
    explicit Synapses(const LeakyConstants<T> &c)
        : c_(c), length_(c.padded + 16), memory_(2 * length_ + c.inputs), now_(memory_.get()), next_(now_ + length_) {
        u[0] = next_ + length_;
    }

    void load_state(int, const T *x) {
        for (std::int64_t i = 0; i < c_.units; ++i) now_[i] = x[c_.order ? c_.order[i] : i];
    }
    void save_state(int, T *x) const { unsorted(now_, x); }

    void step(const Decay<T> *const *decay, T *const *out) {
        for (std::int64_t b = 0; b < c_.padded / BLOCK; ++b) block(b, *decay[0]);
        for (std::int64_t i = c_.units; i < c_.padded; ++i) next_[i] = T(0);
        unsorted(next_, out[0]);
        T *t = now_;
        now_ = next_;
        next_ = t;
    }

    T *u[1];

  private:
    void unsorted(const T *x, T *to) const {
        if (!c_.order) std::memcpy(to, x, sizeof(T) * c_.units);
        else
            for (std::int64_t i = 0; i < c_.units; ++i) to[c_.order[i]] = x[i];
    }

    PLASHET_INLINE void block(std::int64_t b, const Decay<T> &decay) {
        Vec<T> sum[NV];
        const T *w = c_.drive + b * (1 + c_.inputs) * BLOCK;
        for (int v = 0; v < NV; ++v) sum[v] = load(w + v * W);
        for (std::int64_t j = 0; j < c_.inputs; ++j) {
            w += BLOCK;
            for (int v = 0; v < NV; ++v) sum[v] = fma<T>(load(w + v * W), all(u[0][j]), sum[v]);
        }
        const T *weight = c_.weights + c_.starts[b] * BLOCK;
        const std::uint32_t *pre = c_.pre + c_.starts[b] * BLOCK;
        for (std::int64_t e = c_.starts[b]; e < c_.starts[b + 1]; ++e, weight += BLOCK, pre += BLOCK)
            for (int v = 0; v < NV; ++v) {
                Vec<T> x{};
                for (int l = 0; l < W; ++l) x[l] = now_[pre[v * W + l]];
                sum[v] = fma<T>(load(weight + v * W), x, sum[v]);
            }
        for (int v = 0; v < NV; ++v) {
            const std::int64_t n = b * BLOCK + v * W;
            const Vec<T> f = act<A, T>(sum[v]);
            store<T>(next_ + n, fma<T>(load(decay.keep + n), load(now_ + n), load(decay.gain + n) * f));
        }
    }

    const LeakyConstants<T> &c_;
    std::int64_t length_;
    Scratch<T> memory_;
    T *now_, *next_;
};

template <class T, class Liquid, int ROWS>
void run_rows(const LeakyConstants<T> &c, const LeakySeries<T> &s, std::int64_t first) {
    Liquid liquid(c);
    Decay<T> own[] = {Decay<T>(c), Decay<T>(c)};
    static_assert(ROWS <= 2, "one decay for each row");
    const Decay<T> *decay[ROWS];
    T *out[ROWS];
    for (int r = 0; r < ROWS; ++r) {
        liquid.load_state(r, s.x + (first + r) * s.x_row);
        decay[r] = &own[r];
    }
    for (std::int64_t t = 0; t < s.ticks; ++t) {
        for (int r = 0; r < ROWS; ++r) {
            own[r].update(s.dt[t * s.dt_tick + (first + r) * s.dt_row]);
            const T *u = s.u + t * s.u_tick + (first + r) * s.u_row;
            for (std::int64_t j = 0; j < c.inputs; ++j) liquid.u[r][j] = observed(u[j]);
            out[r] = s.out + t * s.out_tick + (first + r) * s.out_row;
        }
        liquid.step(decay, out);
    }
    for (int r = 0; r < ROWS; ++r) liquid.save_state(r, s.x + (first + r) * s.x_row);
}

template <class T, Activation A>
void run(const LeakyConstants<T> &c, const LeakySeries<T> &s) {
    const SubnormalsAreZero guard;
    std::int64_t first = 0;
    if (c.bands) {
        for (; first + 2 <= s.rows; first += 2) run_rows<T, Bands<T, A, 2>, 2>(c, s, first);
        if (first < s.rows) run_rows<T, Bands<T, A, 1>, 1>(c, s, first);
    } else {
        for (; first < s.rows; ++first) run_rows<T, Synapses<T, A>, 1>(c, s, first);
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

template <class T, class Liquid>
void tick_with(const LeakyConstants<T> &c, const T *u, T dt, const T *x, T *features, const ReadoutArrays &readout,
               double *guess) {
    Liquid liquid(c);
    Decay<T> own(c);
    const Decay<T> *decay[1] = {&own};
    own.update(dt);
    liquid.load_state(0, x);
    for (std::int64_t j = 0; j < c.inputs; ++j) liquid.u[0][j] = observed(u[j]);
    liquid.step(decay, &features);
    for (std::int64_t j = c.units; j < readout.features; ++j) features[j] = liquid.u[0][j - c.units];
    const Scratch<double> wide(readout.features);
    for (std::int64_t i = 0; i < readout.features; ++i) wide.get()[i] = double(features[i]);
    read(readout, wide.get(), guess);
}

template <class T, Activation A>
void tick(const LeakyConstants<T> &c, const T *u, T dt, const T *x, T *features, const ReadoutArrays &readout,
          double *guess) {
    const SubnormalsAreZero guard;
    if (c.bands) tick_with<T, Bands<T, A, 1>>(c, u, dt, x, features, readout, guess);
    else tick_with<T, Synapses<T, A>>(c, u, dt, x, features, readout, guess);
}

template <class T, class Liquid>
void generate_row(const LeakyConstants<T> &c, const LeakyLoop<T> &loop, std::int64_t row) {
    const ReadoutArrays &readout = loop.readout;
    const std::int64_t outputs = readout.outputs, given = c.inputs - outputs;
    Liquid liquid(c);
    Decay<T> own(c);
    const Decay<T> *decay[1] = {&own};
    const Scratch<T> state(c.units);
    const Scratch<double> wide(readout.features);
    T *out = state.get();
    double *last = loop.last + row * outputs;
    liquid.load_state(0, loop.x + row * loop.x_row);
    for (std::int64_t t = 0; t < loop.ticks; ++t) {
        own.update(loop.dt[t * loop.dt_tick + row * loop.dt_row]);
        const T *u = loop.u + t * loop.u_tick + row * loop.u_row;
        for (std::int64_t j = 0; j < given; ++j) liquid.u[0][j] = observed(u[j]);
        for (std::int64_t m = 0; m < outputs; ++m) liquid.u[0][given + m] = observed(T(last[m]));
        liquid.step(decay, &out);
        for (std::int64_t i = 0; i < c.units; ++i) wide.get()[i] = double(out[i]);
        for (std::int64_t j = c.units; j < readout.features; ++j) wide.get()[j] = double(liquid.u[0][j - c.units]);
        read(readout, wide.get(), last);
        std::memcpy(loop.out + (t * loop.rows + row) * outputs, last, sizeof(double) * outputs);
    }
    liquid.save_state(0, loop.x + row * loop.x_row);
}

template <class T, Activation A>
void generate(const LeakyConstants<T> &c, const LeakyLoop<T> &loop) {
    const SubnormalsAreZero guard;
    for (std::int64_t row = 0; row < loop.rows; ++row)
        if (c.bands) generate_row<T, Bands<T, A, 1>>(c, loop, row);
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
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
#elif defined(__AVX2__)
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
        {each<float, exp<float>>, each<float, tanh<float>>, each<float, logistic<float>>},
        {each<double, exp<double>>, each<double, tanh<double>>, each<double, logistic<double>>},
    };
    return set;
}

}  // namespace plashet::PLASHET_SET
