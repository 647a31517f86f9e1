// Units in levels for Python: shapes, which are integers only, and plans, which add the numbers. Neither holds a state.
//
//     shape = GatedShape(inputs, units, cells, hidden)
//     shape.add(kind, bend, own, to, pre, post, index)      level by level, in the order of a tick
//     plan = gated_plan(shape, weights, constants, instruction_set="")
//     plan.run(u, dt, h, c, out, threads)
//     plan.tick(u, dt, h, c, out)
//     plan.pull(u, dt, h, c, out, slope, dh, dc, du, ddt, weights, constants, threads)
//
// The docstrings have the arrays. Their shapes are checked, because a wrong one would write into foreign memory; values
// are the caller's to check. A plan may be used by many threads at once; run and pull release the GIL, and do shares of
// the rows on at most so many threads.
#include "gated_shape.hpp"
#include "pool.hpp"

#include <string>

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

namespace plashet {

#define PLASHET_EACH(set)                    \
    namespace set {                          \
    const InstructionSet &instruction_set(); \
    const GatedSet &gated_set();             \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

const GatedSet &gated_of(const std::string &name) {
    const struct {
        const InstructionSet *set;
        const GatedSet *kernels;
    } all[] = {
#define PLASHET_EACH(set) {&set::instruction_set(), &set::gated_set()},
#include "instruction_sets.inc"
#undef PLASHET_EACH
    };
    for (const auto &one : all)
        if (one.set->runs_here() && (name.empty() || name == one.set->name)) return *one.kernels;
    throw std::invalid_argument("this machine does not run the instruction set " + name);
}

template <class T>
class GatedPlan {
    template <std::size_t D> using Close = In<T, nb::ndim<D>, nb::c_contig>;
    template <std::size_t D> using Mine = Out<T, nb::ndim<D>, nb::c_contig>;
    using Series = In<T, nb::ndim<3>>;

  public:
    GatedPlan(std::shared_ptr<GatedShape> shape, Close<1> weights, Close<2> constants, const GatedSet &set)
        : kernels_(kernels(set)), shape_(std::move(shape)), forward_(shape_->forward.index.size()),
          backward_(shape_->backward.index.size()), constants_(2 * shape_->constant_count) {
        require(std::int64_t(weights.shape(0)) >= shape_->weights, "there are fewer weights than the shape asks for");
        require(std::int64_t(constants.shape(0)) == shape_->constant_count && constants.shape(1) == 2,
                "constants is (nodes, 2)");
        shape_->laid_out = true;
        weights_ = weights.shape(0);
        const auto fill = [&](const std::vector<std::int64_t> &index, Aligned<T> &to) {
            for (std::size_t i = 0; i < index.size(); ++i) to[i] = index[i] < 0 ? T(0) : weights.data()[index[i]];
        };
        fill(shape_->forward.index, forward_);
        fill(shape_->backward.index, backward_);
        std::copy(constants.data(), constants.data() + constants_.size(), &constants_[0]);
        const GatedShape &s = *shape_;
        scans_ = s.levels.size() == 1 && s.levels[0].kind == Kind::gated && s.in_unit_order &&
                 std::all_of(s.forward.pre.begin(), s.forward.pre.end(), [&](std::int32_t from) { return from <= s.inputs; });
        net_.inputs = s.inputs, net_.units = s.units, net_.cells = s.cells, net_.slots = s.slots, net_.lanes = s.lanes;
        net_.h = 1 + s.inputs, net_.c = net_.h + s.units, net_.h_after = net_.c + s.cells;
        net_.c_after = net_.h_after + s.units;
        net_.levels = s.levels.data(), net_.level_count = s.levels.size();
        net_.weight_count = forward_.size(), net_.constant_count = s.constant_count;
        net_.forward = forward_.get(), net_.backward = backward_.get(), net_.constants = constants_.get();
    }
    GatedPlan(const GatedPlan &) = delete;

    void run(Series u, In<T, nb::ndim<2>> dt, Mine<2> h, Mine<2> c, Out<T, nb::ndim<3>> out,
             std::int64_t threads) const {
        GatedSeries<T> s{};
        take_time(s, out.shape(0), out.shape(1), u, dt);
        require(shaped(h, s.rows, net_.units) && shaped(c, s.rows, net_.cells), "h is (rows, units), c (rows, cells)");
        require(std::int64_t(out.shape(2)) == net_.units && close(out), "out is (ticks, rows, units), its last axis contiguous");
        s.h = h.data(), s.c = c.data();
        s.out = out.data(), s.out_tick = out.stride(0), s.out_row = out.stride(1);
        nb::gil_scoped_release released;
        const Shares shares(s.rows);
        Pool::here().each(shares.count(), threads, [&](std::int64_t k) {
            (scans_ ? kernels_.scan : kernels_.run)(net_, s, shares.first(k), shares.first(k + 1));
        });
    }

    void tick(Close<1> u, double dt, Close<1> h, Close<1> c, Mine<1> out, Mine<1> c_out) const {
        require(std::int64_t(u.shape(0)) == net_.inputs, "u is (inputs,)");
        require(std::int64_t(h.shape(0)) == net_.units && std::int64_t(out.shape(0)) == net_.units, "h and out are (units,)");
        require(std::int64_t(c.shape(0)) == net_.cells && std::int64_t(c_out.shape(0)) == net_.cells, "c is (cells,)");
        const T elapsed = T(dt);
        std::copy(h.data(), h.data() + net_.units, out.data());
        std::copy(c.data(), c.data() + net_.cells, c_out.data());
        const GatedSeries<T> s{1, 1, u.data(), 0, 0, &elapsed, 0, 0, out.data(), c_out.data(), out.data(), 0, 0};
        kernels_.run(net_, s, 0, 1);
    }

    void pull(Series u, In<T, nb::ndim<2>> dt, Close<2> h, Close<2> c, Series out, Series slope, Mine<2> dh, Mine<2> dc,
              Mine<3> du, Mine<2> ddt, Mine<1> weights, Mine<2> constants, std::int64_t threads) const {
        GatedSlopes<T> s{};
        take_time(s, out.shape(0), out.shape(1), u, dt);
        for (const auto *a : {&out, &slope})
            require(std::int64_t(a->shape(0)) == s.ticks && std::int64_t(a->shape(1)) == s.rows &&
                        std::int64_t(a->shape(2)) == net_.units && close(*a),
                    "outputs and slope are (ticks, rows, units), the last axis contiguous");
        require(shaped(h, s.rows, net_.units) && shaped(c, s.rows, net_.cells), "h is (rows, units), c (rows, cells)");
        require(shaped(dh, s.rows, net_.units) && shaped(dc, s.rows, net_.cells), "dh is (rows, units), dc (rows, cells)");
        require(std::int64_t(du.shape(0)) == s.ticks && std::int64_t(du.shape(1)) == s.rows &&
                    std::int64_t(du.shape(2)) == net_.inputs && shaped(ddt, s.ticks, s.rows),
                "du is (ticks, rows, inputs), ddt (ticks, rows)");
        require(std::int64_t(weights.shape(0)) == weights_ && shaped(constants, net_.constant_count, 2),
                "the slopes of weights and constants are shaped like these");
        s.h = h.data(), s.c = c.data(), s.out = out.data(), s.slope = slope.data();
        s.out_tick = out.stride(0), s.out_row = out.stride(1), s.slope_tick = slope.stride(0), s.slope_row = slope.stride(1);
        s.dh = dh.data(), s.dc = dc.data(), s.du = du.data(), s.ddt = ddt.data();
        T *const of_weights = weights.data(), *const of_constants = constants.data();
        nb::gil_scoped_release released;
        const Shares shares(s.rows);
        const std::int64_t count = shares.count(), n = net_.weight_count, m = 2 * net_.constant_count;
        std::vector<T> sums(count * (n + m), T(0));
        Pool::here().each(count, threads, [&](std::int64_t k) {
            GatedSlopes<T> share = s;
            share.weights = sums.data() + k * (n + m), share.constants = share.weights + n;
            (scans_ ? kernels_.pull_scan : kernels_.pull)(net_, share, shares.first(k), shares.first(k + 1));
        });
        for (std::int64_t k = 1; k < count; ++k)
            for (std::int64_t i = 0; i < n + m; ++i) sums[i] += sums[k * (n + m) + i];
        std::fill(of_weights, of_weights + weights_, T(0));
        const std::vector<std::int64_t> &index = shape_->forward.index;
        for (std::int64_t i = 0; i < n; ++i)
            if (index[i] >= 0) of_weights[index[i]] += sums[i];
        std::copy_n(sums.data() + n, m, of_constants);
    }

  private:
    static const GatedKernels<T> &kernels(const GatedSet &set) {
        if constexpr (sizeof(T) == 4) return set.of_float;
        else return set.of_double;
    }

    template <class Array>
    static bool close(const Array &a) {
        return a.size() == 0 || a.shape(2) == 1 || a.stride(2) == 1;
    }

    template <class Array>
    static bool shaped(const Array &a, std::int64_t rows, std::int64_t columns) {
        return std::int64_t(a.shape(0)) == rows && std::int64_t(a.shape(1)) == columns;
    }

    template <class S>
    void take_time(S &s, std::int64_t ticks, std::int64_t rows, const Series &u, const In<T, nb::ndim<2>> &dt) const {
        s.ticks = ticks, s.rows = rows;
        require(std::int64_t(u.shape(0)) == ticks && std::int64_t(u.shape(1)) == rows &&
                    std::int64_t(u.shape(2)) == net_.inputs && close(u),
                "u is (ticks, rows, inputs), its last axis contiguous");
        require((dt.shape(0) == 1 || std::int64_t(dt.shape(0)) == ticks) &&
                    (dt.shape(1) == 1 || std::int64_t(dt.shape(1)) == rows),
                "dt is (ticks or 1, rows or 1)");
        s.u = u.data(), s.u_tick = u.stride(0), s.u_row = u.stride(1);
        s.dt = dt.data();
        s.dt_tick = dt.shape(0) == 1 ? 0 : dt.stride(0), s.dt_row = dt.shape(1) == 1 ? 0 : dt.stride(1);
    }

    const GatedKernels<T> &kernels_;
    std::shared_ptr<GatedShape> shape_;
    Aligned<T> forward_, backward_, constants_;
    std::int64_t weights_ = 0;
    GatedNet<T> net_{};
    bool scans_ = false;  // units that hear inputs alone need no tile of rows
};

template <class T>
void bind_gated_plan(nb::module_ &m, const char *name) {
    using namespace nb::literals;
    nb::class_<GatedPlan<T>>(m, name, "Units in levels with their weights, laid out for the kernels. No state.")
        .def("run", &GatedPlan<T>::run, "u"_a.noconvert(), "dt"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert(),
             "out"_a.noconvert(), "threads"_a,
             "Moves h (rows, units) and c (rows, cells), in place, through u (ticks, rows, inputs),\n"
             "dt [s] (ticks or 1, rows or 1), and writes each new h to out (ticks, rows, units). The last axis of all\n"
             "arrays is contiguous, and the first two of h and c too. All have the plan's dtype.")
        .def("tick", &GatedPlan<T>::tick, "u"_a.noconvert(), "dt"_a, "h"_a.noconvert(), "c"_a.noconvert(),
             "out"_a.noconvert(), "c_out"_a.noconvert(),
             "One tick of one row: h (units,) and c (cells,) are read, the new ones written to out and c_out.")
        .def("pull", &GatedPlan<T>::pull, "u"_a.noconvert(), "dt"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert(),
             "out"_a.noconvert(), "slope"_a.noconvert(), "dh"_a.noconvert(), "dc"_a.noconvert(), "du"_a.noconvert(),
             "ddt"_a.noconvert(), "weights"_a.noconvert(), "constants"_a.noconvert(), "threads"_a,
             "Slopes of a loss. h, c: before the first tick; out: what run wrote; slope: of out.\n"
             "dh, dc: of the last h and c, in place to those of the first. Written: du (ticks, rows, inputs), ddt (ticks,\n"
             "rows), weights and constants, shaped like those of the plan.");
    m.def(
        "gated_plan",
        [](std::shared_ptr<GatedShape> shape, In<T, nb::ndim<1>, nb::c_contig> weights,
           In<T, nb::ndim<2>, nb::c_contig> constants, const std::string &set) {
            return std::make_unique<GatedPlan<T>>(std::move(shape), weights, constants, gated_of(set));
        },
        "shape"_a, "weights"_a.noconvert(), "constants"_a.noconvert(), "instruction_set"_a = "",
        "A plan: weights (n,), of which the shape has indices, and constants (nodes, 2) of all nodes in their order.");
}

}  // namespace
}  // namespace plashet

void bind_gated(nanobind::module_ &m) {
    using namespace plashet;
    namespace nb = nanobind;
    using namespace nb::literals;
    nb::dict kinds, bends;
    int code = 0;
    for (const char *name : {"value", "gated", "leaky", "full", "no_gate", "pure", "lstm"}) kinds[name] = code++;
    code = 0;
    for (const char *name : {"identity", "tanh", "lecun_tanh", "logistic", "relu", "silu", "gelu"}) bends[name] = code++;
    m.attr("gated_kinds") = kinds;
    m.attr("gated_bends") = bends;
    nb::class_<GatedShape>(m, "GatedShape", "Who listens to whom, level by level: integers only. See gated.hpp.")
        .def(nb::init<std::int64_t, std::int64_t, std::int64_t, std::int64_t>(), "inputs"_a, "units"_a, "cells"_a, "hidden"_a)
        .def("add", &GatedShape::add, "kind"_a, "bend"_a, "own"_a, "to"_a, "pre"_a, "post"_a, "index"_a,
             "One level more. own, to int64 (nodes,): the slots where a node's own state is and its value goes; pre slots\n"
             "and post nodes of the level int64 (edges,); index int64 (edges, heads) of the weights, -1 for none.");
    bind_gated_plan<float>(m, "GatedFloat32");
    bind_gated_plan<double>(m, "GatedFloat64");
}
