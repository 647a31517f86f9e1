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
#include "plan.hpp"

#include <string>

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

template <class T>
std::unique_ptr<Plan<T>> bands_plan(In<std::int64_t, nb::ndim<1>, nb::c_contig> shifts,
                                    In<T, nb::ndim<2>, nb::c_contig> weights, In<T, nb::ndim<2>, nb::c_contig> w_in,
                                    In<T, nb::ndim<1>, nb::c_contig> bias, In<double, nb::ndim<1>, nb::c_contig> tau,
                                    int activation, const std::string &set) {
    require(w_in.shape(0) < (std::size_t(1) << 31) - 64, "too many units");
    require(weights.shape(0) == shifts.shape(0) && weights.shape(1) == w_in.shape(0),
            "weights is (degree, units), shifts (degree,), w_in (units, inputs)");
    return std::make_unique<Plan<T>>(shifts.shape(0), nullptr, shifts.data(), weights.data(), w_in, bias, tau, activation,
                                     instruction_set(set));
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
    return std::make_unique<Plan<T>>(0, indptr.data(), pre.data(), weights.data(), w_in, bias, tau, activation,
                                     instruction_set(set));
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
    const char *const names[] = {"simd_exp", "simd_tanh", "simd_logistic", "simd_logistic_of_two"};
    for (int which = 0; which < 4; ++which) {
        bind_function<float>(m, names[which], "The kernels' function on x (n,), to out (n,).", which);
        bind_function<double>(m, names[which], "The kernels' function on x (n,), to out (n,).", which);
    }
}
