// The leaky liquid for Python: plans, which hold a liquid's constant arrays laid out for the kernels, and no state.
//
//     plan = leaky_bands(shifts, weights, w_in, bias, tau, activation, instruction_set="")
//     plan = leaky_synapses(indptr, pre, weights, w_in, bias, tau, activation, instruction_set="")
//     plan.run(u, dt, x, out)
//     plan.tick(u, dt, x, features, weights, bias, guess)
//     plan.generate(u, dt, x, last, out, weights, bias)
//
// The docstrings below have the shapes. A plan is of the dtype of its weights (LeakyFloat32, LeakyFloat64). Shapes are
// checked, because a wrong one would write into foreign memory; values are the caller's to check. A plan may be used by
// many threads at once; run and generate release the GIL.
#include "leaky.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace plashet {

#define PLASHET_EACH(set) \
    namespace set {       \
    const InstructionSet &instruction_set(); \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

// All instruction sets that this machine can run, the fastest first.
std::vector<const InstructionSet *> instruction_sets() {
    std::vector<const InstructionSet *> here;
    for (const InstructionSet *set : {
#define PLASHET_EACH(set) &set::instruction_set(),
#include "instruction_sets.inc"
#undef PLASHET_EACH
         })
        if (set->runs_here()) here.push_back(set);
    return here;
}

const InstructionSet &instruction_set(const std::string &name) {
    std::string names;
    for (const InstructionSet *set : instruction_sets()) {
        if (name.empty() || name == set->name) return *set;
        names += std::string(" ") + set->name;
    }
    throw std::invalid_argument("this machine runs the instruction sets" + names + "; got " + name);
}

template <class T> const LeakyKernels<T> &kernels_of(const InstructionSet &set) {
    if constexpr (sizeof(T) == 4) return set.leaky_float;
    else return set.leaky_double;
}

void require(bool holds, const char *what) {
    if (!holds) throw std::invalid_argument(what);
}

// An array on a cache line that frees itself.
template <class T>
class Aligned {
  public:
    explicit Aligned(std::int64_t n = 0) : memory_(std::size_t(n) * sizeof(T) + 64), size_(n) {
        void *first = memory_.data();
        std::size_t room = memory_.size();
        first_ = static_cast<T *>(std::align(64, std::size_t(n) * sizeof(T), first, room));
    }
    Aligned(Aligned &&) = default;  // the heap block, and so the pointer into it, stays where it is
    Aligned &operator=(Aligned &&) = default;
    T &operator[](std::int64_t i) { return first_[i]; }
    const T *get() const { return first_; }
    std::int64_t size() const { return size_; }

  private:
    std::vector<unsigned char> memory_;
    std::int64_t size_;
    T *first_;
};

template <class T, class... Config>
using In = nb::ndarray<const T, nb::device::cpu, Config...>;
template <class T, class... Config>
using Out = nb::ndarray<T, nb::device::cpu, Config...>;

template <class T>
class Plan {
  public:
    // With indptr null: bands, index = shifts, weights (degree, units). Else synapses, index = pre, weights (edges).
    Plan(std::int64_t degree, const std::int64_t *indptr, const std::int64_t *index, const T *weights,
         In<T, nb::ndim<2>, nb::c_contig> w_in, In<T, nb::ndim<1>, nb::c_contig> bias,
         In<double, nb::ndim<1>, nb::c_contig> tau, int activation, const std::string &set)
        : kernels_(kernels_of<T>(instruction_set(set))) {
        const std::int64_t units = w_in.shape(0), inputs = w_in.shape(1);
        require(units > 0, "a liquid has at least one unit");
        require(std::int64_t(bias.shape(0)) == units, "bias is (units,)");
        require(tau.shape(0) == 1 || std::int64_t(tau.shape(0)) == units, "tau is (units,) or (1,)");
        require(activation >= 0 && activation <= int(Activation::logistic), "no such activation");
        const std::int64_t block = indptr ? synapse_block : band_block<T>;
        const std::int64_t blocks = (units + block - 1) / block, rows = 1 + inputs + (indptr ? 0 : degree);
        if (indptr) sort_by_degree(units, indptr);
        c_.units = units;
        c_.inputs = inputs;
        c_.padded = blocks * block;
        c_.activation = Activation(activation);
        c_.bands = !indptr;
        c_.degree = indptr ? 0 : degree;
        rates_ = Aligned<T>(c_.padded);
        drive_ = Aligned<T>(blocks * rows * block);
        c_.one_rate = true;
        for (std::int64_t place = 0; place < c_.padded; ++place) {
            const std::int64_t unit = place < units ? unit_at(place) : -1;
            T *column = &drive_[place / block * rows * block + place % block];
            const double time = unit < 0 ? tau.data()[0] : tau.data()[tau.shape(0) == 1 ? 0 : unit];
            rates_[place] = T(std::min(1.0 / time, sizeof(T) == 4 ? 3e38 : 1e308));
            c_.one_rate = c_.one_rate && rates_[place] == rates_[0];
            column[0] = unit < 0 ? T(0) : bias.data()[unit];
            for (std::int64_t j = 0; j < inputs; ++j)
                column[(1 + j) * block] = unit < 0 ? T(0) : w_in.data()[unit * inputs + j];
            for (std::int64_t k = 0; k < c_.degree; ++k)
                column[(1 + inputs + k) * block] = unit < 0 ? T(0) : weights[k * units + unit];
        }
        c_.rates = rates_.get();
        c_.drive = drive_.get();
        if (indptr) take_synapses(indptr, index, weights);
        else take_shifts(index);
    }
    Plan(const Plan &) = delete;

    void run(In<T, nb::ndim<3>> u, In<T, nb::ndim<2>> dt, Out<T, nb::ndim<2>> x, Out<T, nb::ndim<3>> out) const {
        LeakySeries<T> s{};
        s.ticks = out.shape(0);
        s.rows = out.shape(1);
        require(std::int64_t(u.shape(0)) == s.ticks && std::int64_t(u.shape(1)) == s.rows &&
                    std::int64_t(u.shape(2)) == c_.inputs,
                "u is (ticks, rows, inputs)");
        require(std::int64_t(out.shape(2)) == c_.units, "out is (ticks, rows, units)");
        require(close(out, 2), "the last axis of out must be contiguous");
        s.u = u.data(), s.u_tick = u.stride(0), s.u_row = u.stride(1), s.u_input = u.stride(2);
        s.out = out.data(), s.out_tick = out.stride(0), s.out_row = out.stride(1);
        take_clock_and_state(s, dt, x);
        nb::gil_scoped_release released;
        kernels_.run(c_, s);
    }

    void tick(In<T, nb::ndim<1>, nb::c_contig> u, double dt, In<T, nb::ndim<1>, nb::c_contig> x,
              Out<T, nb::ndim<1>, nb::c_contig> features, In<double, nb::ndim<2>, nb::c_contig> weights,
              In<double, nb::ndim<1>, nb::c_contig> bias, Out<double, nb::ndim<1>, nb::c_contig> guess) const {
        require(std::int64_t(u.shape(0)) == c_.inputs, "u is (inputs,)");
        require(std::int64_t(x.shape(0)) == c_.units, "x is (units,)");
        const ReadoutArrays readout = readout_of(weights, bias);
        require(std::int64_t(features.shape(0)) == readout.features, "features is (features,), as weights has them");
        require(std::int64_t(guess.shape(0)) == readout.outputs, "guess is (outputs,)");
        kernels_.tick(c_, u.data(), T(dt), x.data(), features.data(), readout, guess.data());
    }

    void generate(In<T, nb::ndim<3>> u, In<T, nb::ndim<2>> dt, Out<T, nb::ndim<2>> x,
                  Out<double, nb::ndim<2>, nb::c_contig> last, Out<double, nb::ndim<3>, nb::c_contig> out,
                  In<double, nb::ndim<2>, nb::c_contig> weights, In<double, nb::ndim<1>, nb::c_contig> bias) const {
        LeakyLoop<T> s{};
        s.readout = readout_of(weights, bias);
        s.ticks = out.shape(0);
        s.rows = out.shape(1);
        require(s.readout.outputs <= c_.inputs, "the outputs are fed back, so there are at least as many inputs");
        require(std::int64_t(u.shape(0)) == s.ticks && std::int64_t(u.shape(1)) == s.rows &&
                    std::int64_t(u.shape(2)) == c_.inputs - s.readout.outputs,
                "u is (ticks, rows, inputs - outputs)");
        require(std::int64_t(out.shape(2)) == s.readout.outputs, "out is (ticks, rows, outputs)");
        require(std::int64_t(last.shape(0)) == s.rows && std::int64_t(last.shape(1)) == s.readout.outputs,
                "last is (rows, outputs)");
        s.u = u.data(), s.u_tick = u.stride(0), s.u_row = u.stride(1), s.u_input = u.stride(2);
        s.last = last.data();
        s.out = out.data();
        take_clock_and_state(s, dt, x);
        nb::gil_scoped_release released;
        kernels_.generate(c_, s);
    }

  private:
    template <class Array>
    static bool close(const Array &a, int axis) {
        return a.size() == 0 || a.shape(axis) == 1 || a.stride(axis) == 1;
    }

    template <class Series>
    void take_clock_and_state(Series &s, const In<T, nb::ndim<2>> &dt, const Out<T, nb::ndim<2>> &x) const {
        require(std::int64_t(x.shape(0)) == s.rows && std::int64_t(x.shape(1)) == c_.units && close(x, 1),
                "x is (rows, units), its last axis contiguous");
        require((dt.shape(0) == 1 || std::int64_t(dt.shape(0)) == s.ticks) &&
                    (dt.shape(1) == 1 || std::int64_t(dt.shape(1)) == s.rows),
                "dt is (ticks or 1, rows or 1)");
        s.x = x.data(), s.x_row = x.stride(0);
        s.dt = dt.data();
        s.dt_tick = dt.shape(0) == 1 ? 0 : dt.stride(0);
        s.dt_row = dt.shape(1) == 1 ? 0 : dt.stride(1);
    }

    ReadoutArrays readout_of(const In<double, nb::ndim<2>, nb::c_contig> &weights,
                             const In<double, nb::ndim<1>, nb::c_contig> &bias) const {
        const ReadoutArrays r{std::int64_t(weights.shape(0)), std::int64_t(weights.shape(1)), weights.data(), bias.data()};
        require(r.features == c_.units || r.features == c_.units + c_.inputs,
                "weights is (features, outputs), features = units or units + inputs");
        require(std::int64_t(bias.shape(0)) == r.outputs, "bias is (outputs,)");
        return r;
    }

    std::int64_t unit_at(std::int64_t place) { return order_.size() ? order_[place] : place; }

    void sort_by_degree(std::int64_t units, const std::int64_t *indptr) {
        std::vector<std::uint32_t> order(units);
        std::iota(order.begin(), order.end(), 0u);
        const auto degree = [&](std::uint32_t i) { return indptr[i + 1] - indptr[i]; };
        const auto fewer = [&](std::uint32_t a, std::uint32_t b) { return degree(a) > degree(b); };
        if (std::is_sorted(order.begin(), order.end(), fewer)) return;
        std::stable_sort(order.begin(), order.end(), fewer);
        order_ = Aligned<std::uint32_t>(units);
        std::copy(order.begin(), order.end(), &order_[0]);
        c_.order = order_.get();
    }

    void take_shifts(const std::int64_t *shifts) {
        const std::int64_t blocks = c_.padded / band_block<T>;
        sources_ = Aligned<std::int32_t>(blocks * c_.degree);
        for (std::int64_t b = 0; b < blocks; ++b)
            for (std::int64_t k = 0; k < c_.degree; ++k) {
                const std::int64_t first = (b * band_block<T> + shifts[k] % c_.units) % c_.units;
                sources_[b * c_.degree + k] = std::int32_t(first < 0 ? first + c_.units : first);
            }
        c_.sources = sources_.get();
    }

    void take_synapses(const std::int64_t *indptr, const std::int64_t *pre, const T *weights) {
        const std::int64_t blocks = c_.padded / synapse_block;
        std::vector<std::int64_t> place(c_.units), starts(blocks + 1, 0);
        for (std::int64_t p = 0; p < c_.units; ++p) place[unit_at(p)] = p;
        const auto degree = [&](std::int64_t p) {
            return p < c_.units ? indptr[unit_at(p) + 1] - indptr[unit_at(p)] : std::int64_t(0);
        };
        for (std::int64_t b = 0; b < blocks; ++b) {
            std::int64_t most = 0;
            for (int l = 0; l < synapse_block; ++l) most = std::max(most, degree(b * synapse_block + l));
            starts[b + 1] = starts[b] + most;
        }
        starts_ = Aligned<std::int64_t>(blocks + 1);
        std::copy(starts.begin(), starts.end(), &starts_[0]);
        weights_ = Aligned<T>(starts[blocks] * synapse_block);
        pre_ = Aligned<std::uint32_t>(starts[blocks] * synapse_block);
        for (std::int64_t b = 0; b < blocks; ++b)
            for (std::int64_t e = starts[b]; e < starts[b + 1]; ++e)
                for (int l = 0; l < synapse_block; ++l) {
                    const std::int64_t p = b * synapse_block + l, k = e - starts[b];
                    const bool there = k < degree(p);
                    const std::int64_t edge = there ? indptr[unit_at(p)] + k : 0;
                    weights_[e * synapse_block + l] = there ? weights[edge] : T(0);
                    pre_[e * synapse_block + l] = std::uint32_t(there ? place[pre[edge]] : c_.padded);
                }
        c_.starts = starts_.get();
        c_.weights = weights_.get();
        c_.pre = pre_.get();
    }

    const LeakyKernels<T> &kernels_;
    LeakyConstants<T> c_{};
    Aligned<T> rates_, drive_, weights_;
    Aligned<std::int64_t> starts_;
    Aligned<std::int32_t> sources_;
    Aligned<std::uint32_t> pre_, order_;
};

template <class T>
std::unique_ptr<Plan<T>> bands_plan(In<std::int64_t, nb::ndim<1>, nb::c_contig> shifts,
                                    In<T, nb::ndim<2>, nb::c_contig> weights, In<T, nb::ndim<2>, nb::c_contig> w_in,
                                    In<T, nb::ndim<1>, nb::c_contig> bias, In<double, nb::ndim<1>, nb::c_contig> tau,
                                    int activation, const std::string &set) {
    require(w_in.shape(0) < (std::size_t(1) << 31) - 64, "too many units");
    require(weights.shape(0) == shifts.shape(0) && weights.shape(1) == w_in.shape(0),
            "weights is (degree, units), shifts (degree,), w_in (units, inputs)");
    return std::make_unique<Plan<T>>(shifts.shape(0), nullptr, shifts.data(), weights.data(), w_in, bias, tau, activation,
                                     set);
}

template <class T>
std::unique_ptr<Plan<T>> synapses_plan(In<std::int64_t, nb::ndim<1>, nb::c_contig> indptr,
                                       In<std::int64_t, nb::ndim<1>, nb::c_contig> pre,
                                       In<T, nb::ndim<1>, nb::c_contig> weights, In<T, nb::ndim<2>, nb::c_contig> w_in,
                                       In<T, nb::ndim<1>, nb::c_contig> bias,
                                       In<double, nb::ndim<1>, nb::c_contig> tau, int activation, const std::string &set) {
    const std::int64_t units = w_in.shape(0), edges = pre.shape(0);
    require(std::int64_t(indptr.shape(0)) == units + 1 && std::int64_t(weights.shape(0)) == edges,
            "indptr is (units + 1,), pre and weights (edges,), w_in (units, inputs)");
    require(indptr.data()[0] == 0 && indptr.data()[units] == edges, "indptr goes from 0 to the number of edges");
    require(units < (std::int64_t(1) << 32) - 64, "too many units");
    require(std::is_sorted(indptr.data(), indptr.data() + units + 1), "indptr must not fall");
    for (std::int64_t e = 0; e < edges; ++e)
        require(pre.data()[e] >= 0 && pre.data()[e] < units, "pre names a unit that does not exist");
    return std::make_unique<Plan<T>>(0, indptr.data(), pre.data(), weights.data(), w_in, bias, tau, activation, set);
}

template <class T>
void bind_plan(nb::module_ &m, const char *name) {
    using namespace nb::literals;
    nb::class_<Plan<T>>(m, name, "A leaky liquid's constant arrays, laid out for the kernels. No state.")
        .def("run", &Plan<T>::run, "u"_a.noconvert(), "dt"_a.noconvert(), "x"_a.noconvert(), "out"_a.noconvert(),
             "Moves the states x (rows, units), in place, through u (ticks, rows, inputs) and writes each new state to\n"
             "out (ticks, rows, units). dt [s] is (ticks or 1, rows or 1). All arrays have the plan's dtype; the last\n"
             "axis of x and out is contiguous, the other axes may have any stride. A NaN in u adds nothing.")
        .def("tick", &Plan<T>::tick, "u"_a.noconvert(), "dt"_a, "x"_a.noconvert(), "features"_a.noconvert(),
             "weights"_a.noconvert(), "bias"_a.noconvert(), "guess"_a.noconvert(),
             "One tick of one row and its readout: x (units,) is read, the new state is written to features[:units],\n"
             "and u (inputs,), NaN as 0, to features[units:] if weights (features, outputs) has rows for it;\n"
             "guess (outputs,) = features @ weights + bias. weights, bias and guess are float64.")
        .def("generate", &Plan<T>::generate, "u"_a.noconvert(), "dt"_a.noconvert(), "x"_a.noconvert(),
             "last"_a.noconvert(), "out"_a.noconvert(), "weights"_a.noconvert(), "bias"_a.noconvert(),
             "Closed loop: the last `outputs` inputs of a tick are the guess of the tick before (last (rows, outputs)\n"
             "at first), the others come from u (ticks, rows, inputs - outputs). Writes the guesses to\n"
             "out (ticks, rows, outputs); moves x (rows, units) and last in place. Guesses and readout are float64.");
    m.def("leaky_bands", &bands_plan<T>, "shifts"_a, "weights"_a.noconvert(), "w_in"_a.noconvert(), "bias"_a.noconvert(),
          "tau"_a, "activation"_a, "instruction_set"_a = "",
          "A plan of units that listen in bands: unit i to the units (i + shifts[k]) % units with weights[k, i].\n"
          "shifts int64 (degree,), weights (degree, units), w_in (units, inputs), bias (units,), tau float64 (units,)\n"
          "or (1,), activation a code of `activations`.");
    m.def("leaky_synapses", &synapses_plan<T>, "indptr"_a, "pre"_a, "weights"_a.noconvert(), "w_in"_a.noconvert(),
          "bias"_a.noconvert(), "tau"_a, "activation"_a, "instruction_set"_a = "",
          "A plan of units that listen along a list of synapses, ordered by target: unit i to the units\n"
          "pre[indptr[i]:indptr[i + 1]] with the weights at the same places. indptr, pre int64; the rest as leaky_bands.");
}

template <class T>
void bind_read_out(nb::module_ &m) {
    using namespace nb::literals;
    m.def(
        "read_out",
        [](In<T, nb::ndim<2>, nb::c_contig> features, In<double, nb::ndim<2>, nb::c_contig> weights,
           In<double, nb::ndim<1>, nb::c_contig> bias, Out<double, nb::ndim<2>, nb::c_contig> out) {
            require(features.shape(1) == weights.shape(0) && bias.shape(0) == weights.shape(1),
                    "features is (rows, features), weights (features, outputs), bias (outputs,)");
            require(out.shape(0) == features.shape(0) && out.shape(1) == bias.shape(0), "out is (rows, outputs)");
            const ReadoutArrays readout{std::int64_t(weights.shape(0)), std::int64_t(weights.shape(1)), weights.data(),
                                        bias.data()};
            const InstructionSet &chosen = instruction_set("");
            nb::gil_scoped_release released;
            if constexpr (sizeof(T) == 4) chosen.read_float(readout, features.shape(0), features.data(), out.data());
            else chosen.read_double(readout, features.shape(0), features.data(), out.data());
        },
        "features"_a.noconvert(), "weights"_a.noconvert(), "bias"_a.noconvert(), "out"_a.noconvert(),
        "out (rows, outputs) = features (rows, features) @ weights + bias, each row as `tick` reads it. out is float64.");
}

template <class T>
void bind_function(nb::module_ &m, const char *name, const char *about, int which) {
    using namespace nb::literals;
    m.def(
        name,
        [which](In<T, nb::ndim<1>, nb::c_contig> x, Out<T, nb::ndim<1>, nb::c_contig> out, const std::string &set) {
            require(x.shape(0) == out.shape(0), "out is shaped like x");
            const InstructionSet &chosen = instruction_set(set);
            if constexpr (sizeof(T) == 4) chosen.float_functions[which](x.shape(0), x.data(), out.data());
            else chosen.double_functions[which](x.shape(0), x.data(), out.data());
        },
        "x"_a.noconvert(), "out"_a.noconvert(), "instruction_set"_a = "", about);
}

}  // namespace
}  // namespace plashet

void bind_leaky(nb::module_ &m) {
    using namespace plashet;
    nb::dict activations;
    activations["tanh"] = int(Activation::tanh);
    activations["identity"] = int(Activation::identity);
    activations["relu"] = int(Activation::relu);
    activations["logistic"] = int(Activation::logistic);
    m.attr("activations") = activations;
    m.def(
        "instruction_sets",
        [] {
            std::vector<std::string> names;
            for (const InstructionSet *set : instruction_sets()) names.push_back(set->name);
            return names;
        },
        "The instruction sets that this machine runs and that were built, the fastest (the default) first.");
    bind_plan<float>(m, "LeakyFloat32");
    bind_plan<double>(m, "LeakyFloat64");
    bind_read_out<float>(m);
    bind_read_out<double>(m);
    const char *const names[] = {"simd_exp", "simd_tanh", "simd_logistic"};
    for (int which = 0; which < 3; ++which) {
        bind_function<float>(m, names[which], "The kernels' function on x (n,), to out (n,).", which);
        bind_function<double>(m, names[which], "The kernels' function on x (n,), to out (n,).", which);
    }
}
