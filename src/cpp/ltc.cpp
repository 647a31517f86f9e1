// Liquid time-constant networks for Python: a plan holds the network's constant arrays, and no state.
//
//     plan = ltc_plan(start, pre, sensory_start, sensory_pre, inputs, parameters, unfolds, exponential)
//     plan.run(u, dt, v, out, threads)
//     plan.pull(u, dt, v, out, slope, after, parameters, du, ddt, dv, threads)
//
// Shapes are checked, because a wrong one would write into foreign memory; values are the caller's to check. run and
// pull release the GIL and do shares of the rows on at most so many threads.
#include "arrays.hpp"
#include "leaky.hpp"
#include "ltc.hpp"
#include "pool.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

namespace plashet {

#define PLASHET_EACH(set)                    \
    namespace set {                          \
    const InstructionSet &instruction_set(); \
    const LTCKernelSet &ltc_kernels();       \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

const LTCKernelSet &ltc_kernels(const std::string &name) {
    const struct {
        const InstructionSet *set;
        const LTCKernelSet *kernels;
    } sets[] = {
#define PLASHET_EACH(set) {&set::instruction_set(), &set::ltc_kernels()},
#include "instruction_sets.inc"
#undef PLASHET_EACH
    };
    for (const auto &one : sets)
        if (one.set->runs_here() && (name.empty() || name == one.set->name)) return *one.kernels;
    throw std::invalid_argument("this machine has no instruction set " + name);
}

template <class T>
class LTCPlan {
  public:
    LTCPlan(In<Size, 1> start, In<Size, 1> pre, In<Size, 1> sensory_start, In<Size, 1> sensory_pre, Size inputs,
            In<T, 1> parameters, Size unfolds, bool exponential, const std::string &set)
        : kernels_(pick(ltc_kernels(set))) {
        const Size units = Size(start.shape(0)) - 1, edges = pre.shape(0), sensory = sensory_pre.shape(0);
        want(units >= 0 && inputs >= 0, "start has a place for every unit and one more, inputs is not negative");
        want(unfolds >= 1 && unfolds <= 1 << 20, "unfolds is 1 to 2^20");
        want(Size(parameters.shape(0)) == 4 * (edges + sensory) + 3 * units + 2 * inputs,
             "parameters are w, sigma, mu, erev of recurrent and of sensory synapses, gleak, vleak, cm, weight, bias");
        net_.inputs = inputs, net_.units = units, net_.unfolds = unfolds, net_.exponential = exponential;
        const T *p = parameters.data();
        net_.recurrent = lay(0, start, pre, p, units);
        net_.sensory = lay(1, sensory_start, sensory_pre, p += 4 * edges, inputs);
        p += 4 * sensory;
        net_.gleak = keep(p, units, T(0)), net_.vleak = keep(p + units, units, T(0));
        net_.cm = keep(p + 2 * units, units, T(1));
        p += 3 * units;
        net_.weight = keep(p, inputs, T(0)), net_.bias = keep(p + inputs, inputs, T(0));
    }

    void run(Along<T, 3> u, In<T, 2> dt, In<T, 2> v, Mine<T, 3> out, Size threads) const {
        const LTCSeries<T> s = series(u, dt, v);
        want(fits(out, s.ticks, s.rows, net_.units), "out is (ticks, rows, units)");
        T *const to = out.data();
        nb::gil_scoped_release released;
        shared(s, threads, [&](const LTCSeries<T> &share, Size) { kernels_.run(net_, share, to); });
    }

    void pull(Along<T, 3> u, In<T, 2> dt, In<T, 2> v, In<T, 3> out, Along<T, 3> slope, std::optional<In<T, 2>> after,
              Mine<T, 1> parameters, Mine<T, 3> du, Mine<T, 2> ddt, Mine<T, 2> dv, Size threads) const {
        const LTCSeries<T> s = series(u, dt, v);
        want(fits(out, s.ticks, s.rows, net_.units), "out is (ticks, rows, units)");
        want(fits(slope, s.ticks, s.rows, net_.units) && close(slope),
             "slope is (ticks, rows, units), its last axis contiguous");
        want(fits(du, s.ticks, s.rows, net_.inputs), "du is (ticks, rows, inputs)");
        want(Size(ddt.shape(0)) == s.ticks && Size(ddt.shape(1)) == s.rows, "ddt is (ticks, rows)");
        want(Size(dv.shape(0)) == s.rows && Size(dv.shape(1)) == net_.units, "dv is (rows, units)");
        want(!after || (Size(after->shape(0)) == s.rows && Size(after->shape(1)) == net_.units), "after is (rows, units)");
        want(Size(parameters.shape(0)) == size(), "parameters has the plan's size");
        const T *const last = after ? after->data() : nullptr;
        const LTCSlopes<T> all{out.data(), slope.data(), slope.stride(0), slope.stride(1), last,
                               nullptr,    du.data(),    ddt.data(),      dv.data()};
        T *const sums = parameters.data();
        nb::gil_scoped_release released;
        const Size shares = Shares(s.rows).count(), n = size();
        std::vector<T> parts(shares * n, T(0));
        shared(s, threads, [&](const LTCSeries<T> &share, Size k) {
            LTCSlopes<T> slopes = all;
            slopes.parameters = parts.data() + k * n;
            kernels_.pull(net_, share, slopes);
        });
        std::copy_n(parts.data(), n, sums);
        for (Size k = 1; k < shares; ++k)
            for (Size i = 0; i < n; ++i) sums[i] += parts[k * n + i];
    }

    Size size() const {
        return 4 * (net_.recurrent.edges + net_.sensory.edges) + 3 * net_.units + 2 * net_.inputs;
    }

  private:
    static const LTCKernels<T> &pick(const LTCKernelSet &set) {
        if constexpr (sizeof(T) == 4) return set.of_float;
        else return set.of_double;
    }

    template <class A>
    static bool fits(const A &a, Size ticks, Size rows, Size width) {
        return Size(a.shape(0)) == ticks && Size(a.shape(1)) == rows && Size(a.shape(2)) == width;
    }

    LTCSeries<T> series(const Along<T, 3> &u, const In<T, 2> &dt, const In<T, 2> &v) const {
        const Size ticks = u.shape(0), rows = u.shape(1), steps = dt.shape(0), clocks = dt.shape(1);
        want(Size(u.shape(2)) == net_.inputs && close(u), "u is (ticks, rows, inputs), its last axis contiguous");
        want((steps == ticks || steps == 1) && (clocks == rows || clocks == 1), "dt is (ticks or 1, rows or 1)");
        want(Size(v.shape(0)) == rows && Size(v.shape(1)) == net_.units, "v is (rows, units)");
        return {ticks, rows, 0, rows, u.data(), u.stride(0), u.stride(1), dt.data(), steps == 1 ? 0 : clocks,
                clocks == 1 ? 0 : 1, v.data()};
    }

    template <class F>
    static void shared(const LTCSeries<T> &all, Size threads, F work) {
        const Shares shares(all.rows);
        Pool::here().each(shares.count(), threads, [&](Size k) {
            LTCSeries<T> share = all;
            share.first = shares.first(k), share.end = shares.first(k + 1);
            work(share, k);
        });
    }

    // The kernel's own copy, with room behind it for whole vectors
    const T *keep(const T *from, Size n, T beyond) {
        kept_.emplace_back(n + ltc_room, beyond);
        std::copy(from, from + n, kept_.back().begin());
        return kept_.back().data();
    }

    LTCGates<T> lay(int which, const In<Size, 1> &start, const In<Size, 1> &pre, const T *w, Size sources) {
        const Size edges = pre.shape(0), units = net_.units;
        want(Size(start.shape(0)) == units + 1 && start.data()[0] == 0 && start.data()[units] == edges &&
                 std::is_sorted(start.data(), start.data() + units + 1),
             "start is (units + 1,), from 0 to the number of edges");
        for (Size e = 0; e < edges; ++e) want(pre.data()[e] >= 0 && pre.data()[e] < sources, "pre names no source");
        starts_[which].assign(start.data(), start.data() + units + 1);
        pres_[which].assign(edges + ltc_room, 0);
        std::copy(pre.data(), pre.data() + edges, pres_[which].begin());
        const T *sigma = w + edges, *erev = sigma + 2 * edges;
        std::vector<T> slope(edges), drive(edges);
        for (Size e = 0; e < edges; ++e) slope[e] = sigma[e] * T(-1.4426950408889634), drive[e] = w[e] * erev[e];
        return {edges, starts_[which].data(), pres_[which].data(), keep(w, edges, T(0)), keep(sigma, edges, T(0)),
                keep(sigma + edges, edges, T(0)), keep(erev, edges, T(0)), keep(slope.data(), edges, T(0)),
                keep(drive.data(), edges, T(0))};
    }

    const LTCKernels<T> &kernels_;
    LTCNet<T> net_{};
    std::vector<std::vector<T>> kept_;
    std::vector<Size> starts_[2];
    std::vector<std::int32_t> pres_[2];
};

template <class T>
void bind_plan(nb::module_ &m, const char *name) {
    using nb::arg;
    using Plan = LTCPlan<T>;
    nb::class_<Plan>(m, name, "The constant arrays of a liquid time-constant network, laid out for the kernels. No state.")
        .def_prop_ro("size", &Plan::size, "the number of its parameters")
        .def("run", &Plan::run, arg("u").noconvert(), arg("dt").noconvert(), arg("v").noconvert(), arg("out").noconvert(),
             arg("threads"),
             "Writes the states after each tick to out (ticks, rows, units), from the states v (rows, units); u is\n"
             "(ticks, rows, inputs), NaN where it was not observed, dt [s] (ticks or 1, rows or 1).")
        .def("pull", &Plan::pull, arg("u").noconvert(), arg("dt").noconvert(), arg("v").noconvert(),
             arg("out").noconvert(), arg("slope").noconvert(), arg("after").noconvert().none(),
             arg("parameters").noconvert(), arg("du").noconvert(), arg("ddt").noconvert(), arg("dv").noconvert(),
             arg("threads"),
             "From the slopes of out, and of the states after the last tick (None: zero), those of u, dt, v and, in the\n"
             "order of ltc_plan, of the parameters (size,): all written.");
    m.def("ltc_plan",
          [](In<Size, 1> start, In<Size, 1> pre, In<Size, 1> sensory_start, In<Size, 1> sensory_pre, Size inputs,
             In<T, 1> parameters, Size unfolds, bool exponential, const std::string &set) {
              return std::make_unique<Plan>(start, pre, sensory_start, sensory_pre, inputs, parameters, unfolds, exponential,
                                            set);
          },
          arg("start"), arg("pre"), arg("sensory_start"), arg("sensory_pre"), arg("inputs"), arg("parameters").noconvert(),
          arg("unfolds"), arg("exponential"), arg("instruction_set") = "");
}

}  // namespace
}  // namespace plashet

void bind_ltc(nanobind::module_ &m) {
    plashet::Pool::here();  // before anybody can fork
    plashet::bind_plan<float>(m, "LTCFloat32");
    plashet::bind_plan<double>(m, "LTCFloat64");
}
