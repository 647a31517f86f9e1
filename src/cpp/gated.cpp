// Units in levels for Python: shapes, which are integers only, and plans, which add the numbers. Neither holds a state.
//
//     shape = GatedShape(inputs, units, cells, hidden)
//     shape.add(kind, bend, own, to, pre, post, index)      level by level, in the order of a tick
//     plan = gated_plan(shape, weights, constants, instruction_set="")
//     plan.run(u, dt, h, c, out, first, end)
//     plan.tick(u, dt, h, c, out)
//     plan.pull(u, dt, h, c, out, slope, dh, dc, du, ddt, weights, constants, first, end)
//
// The docstrings have the arrays. Their shapes are checked, because a wrong one would write into foreign memory; values
// are the caller's to check. A plan may be used by many threads at once; run and pull release the GIL.
#include "gated.hpp"
#include "plan.hpp"

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

using Ints = In<std::int64_t, nb::ndim<1>, nb::c_contig>;

// Sums of all levels, as they are put together: for each target its sources, each with the index of a weight.
class SumLists {
  public:
    using List = std::vector<std::pair<std::int32_t, std::int64_t>>;

    // Targets first, first + 1, ...: up to `most` neighbours with the same sources share a block. `each` targets belong
    // together and have the same sources in any case.
    Sums add(const std::vector<List> &lists, std::int32_t first, int each, bool skip_empty) {
        Sums sums{nullptr, std::int64_t(blocks.size()), 0, nullptr};
        const std::int64_t count = lists.size();
        for (std::int64_t n = 0, lanes; n < count; n += lanes) {
            for (lanes = each; lanes + each <= 4 && n + lanes + each <= count; lanes += each)
                if (!same_sources(lists[n], lists[n + lanes])) break;
            if (skip_empty && lists[n].empty()) continue;
            Block block{std::int32_t(lanes), std::int32_t(first + n), std::int64_t(pre.size()), 0, std::int64_t(index.size())};
            for (std::size_t e = 0; e < lists[n].size(); ++e) {
                pre.push_back(lists[n][e].first);
                for (std::int64_t l = 0; l < lanes; ++l) index.push_back(lists[n + l][e].second);
            }
            block.end = pre.size();
            blocks.push_back(block);
        }
        sums.end = blocks.size();
        return sums;
    }

    std::vector<Block> blocks;
    std::vector<std::int32_t> pre;
    std::vector<std::int64_t> index;

  private:
    static bool same_sources(const List &a, const List &b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto &x, auto &y) { return x.first == y.first; });
    }
};

class GatedShape {
  public:
    GatedShape(std::int64_t inputs, std::int64_t units, std::int64_t cells, std::int64_t hidden)
        : inputs(inputs), units(units), cells(cells), slots(1 + inputs + 2 * (units + cells) + hidden) {
        require(inputs >= 0 && units > 0 && cells >= 0 && hidden >= 0 && slots < (std::int64_t(1) << 30), "sizes");
    }

    void add(int kind, int bend, Ints own, Ints to, Ints pre, Ints post,
             In<std::int64_t, nb::ndim<2>, nb::c_contig> index) {
        require(kind >= 0 && kind <= int(Kind::lstm) && bend >= 0 && bend <= int(Bend::gelu), "no such kind or bend");
        LevelShape level{};
        level.kind = Kind(kind), level.bend = Bend(bend);
        const int heads = heads_of(level.kind);
        level.nodes = to.shape(0), level.lane = lanes, level.constants = constant_count;
        require(std::int64_t(own.shape(0)) == level.nodes, "own and to are (nodes,)");
        require(post.shape(0) == pre.shape(0) && index.shape(0) == pre.shape(0) && std::int64_t(index.shape(1)) == heads,
                "pre and post are (edges,), index (edges, heads)");
        require(level.kind != Kind::lstm || level.nodes == cells, "an lstm has as many nodes as there are cells");
        const std::int64_t known = 1 + inputs + units + cells;  // slots from here on are written by levels
        for (std::int64_t n = 0; n < level.nodes; ++n)
            require(to.data()[n] >= known && to.data()[n] < slots && own.data()[n] >= 0 && own.data()[n] < slots, "no such slot");
        std::vector<SumLists::List> lists(level.nodes * heads), sources(slots);
        for (std::size_t e = 0; e < pre.shape(0); ++e) {
            const std::int64_t from = pre.data()[e], n = post.data()[e];
            require(from >= 0 && from < slots && n >= 0 && n < level.nodes, "an edge leads from or to nowhere");
            for (int k = 0; k < heads; ++k) {
                const std::int64_t at = index.data()[e * heads + k];
                weights = std::max(weights, at + 1);
                lists[n * heads + k].emplace_back(std::int32_t(from), at);
                if (from && at >= 0) sources[from].emplace_back(std::int32_t(lanes + n * heads + k), at);
            }
        }
        level.forward = forward.add(lists, std::int32_t(lanes), heads, false);
        for (auto &list : sources) std::stable_sort(list.begin(), list.end(), [](auto &a, auto &b) { return a.first < b.first; });
        level.backward = backward.add(sources, 0, 1, true);
        for (std::int64_t n = 0; n < level.nodes; ++n)
            in_unit_order = in_unit_order && to.data()[n] == known + n && own.data()[n] == 1 + inputs + n;
        in_unit_order = in_unit_order && level.nodes == units;
        slots_of_nodes.emplace_back(own.data(), own.data() + level.nodes);
        slots_of_nodes.emplace_back(to.data(), to.data() + level.nodes);
        level.own = slots_of_nodes[slots_of_nodes.size() - 2].data();
        level.to = slots_of_nodes.back().data();
        lanes += level.nodes * heads;
        constant_count += level.nodes;
        levels.push_back(level);
        for (LevelShape &one : levels) {
            one.forward.blocks = forward.blocks.data(), one.forward.pre = forward.pre.data();
            one.backward.blocks = backward.blocks.data(), one.backward.pre = backward.pre.data();
        }
    }

    std::int64_t inputs, units, cells, slots, lanes = 0, constant_count = 0, weights = 0;
    bool in_unit_order = true;  // node n is unit n, on every level
    std::vector<LevelShape> levels;
    std::vector<std::vector<std::int32_t>> slots_of_nodes;  // moving a vector leaves its numbers where they are
    SumLists forward, backward;
};

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

    void run(Series u, In<T, nb::ndim<2>> dt, Mine<2> h, Mine<2> c, Out<T, nb::ndim<3>> out, std::int64_t first,
             std::int64_t end) const {
        GatedSeries<T> s{};
        take_time(s, out.shape(0), out.shape(1), u, dt);
        require(shaped(h, s.rows, net_.units) && shaped(c, s.rows, net_.cells), "h is (rows, units), c (rows, cells)");
        require(std::int64_t(out.shape(2)) == net_.units && close(out), "out is (ticks, rows, units), its last axis contiguous");
        check_rows(first, end, s.rows);
        s.h = h.data(), s.c = c.data();
        s.out = out.data(), s.out_tick = out.stride(0), s.out_row = out.stride(1);
        nb::gil_scoped_release released;
        (scans_ ? kernels_.scan : kernels_.run)(net_, s, first, end);
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
              Mine<3> du, Mine<2> ddt, Mine<1> weights, Mine<2> constants, std::int64_t first, std::int64_t end) const {
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
        check_rows(first, end, s.rows);
        Aligned<T> in_order(net_.weight_count);
        std::fill(&in_order[0], &in_order[0] + in_order.size(), T(0));
        s.h = h.data(), s.c = c.data(), s.out = out.data(), s.slope = slope.data();
        s.out_tick = out.stride(0), s.out_row = out.stride(1), s.slope_tick = slope.stride(0), s.slope_row = slope.stride(1);
        s.dh = dh.data(), s.dc = dc.data(), s.du = du.data(), s.ddt = ddt.data();
        s.weights = &in_order[0], s.constants = constants.data();
        T *const to = weights.data();
        nb::gil_scoped_release released;
        (scans_ ? kernels_.pull_scan : kernels_.pull)(net_, s, first, end);
        const std::vector<std::int64_t> &index = shape_->forward.index;
        for (std::size_t i = 0; i < index.size(); ++i)
            if (index[i] >= 0) to[index[i]] += in_order[i];
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

    static void check_rows(std::int64_t first, std::int64_t end, std::int64_t rows) {
        require(0 <= first && first <= end && end <= rows, "first and end are rows");
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
             "out"_a.noconvert(), "first"_a, "end"_a,
             "Moves the rows first..end-1 of h (rows, units) and c (rows, cells), in place, through u (ticks, rows, inputs),\n"
             "dt [s] (ticks or 1, rows or 1), and writes each new h to out (ticks, rows, units). The last axis of all\n"
             "arrays is contiguous, and the first two of h and c too. All have the plan's dtype.")
        .def("tick", &GatedPlan<T>::tick, "u"_a.noconvert(), "dt"_a, "h"_a.noconvert(), "c"_a.noconvert(),
             "out"_a.noconvert(), "c_out"_a.noconvert(),
             "One tick of one row: h (units,) and c (cells,) are read, the new ones written to out and c_out.")
        .def("pull", &GatedPlan<T>::pull, "u"_a.noconvert(), "dt"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert(),
             "out"_a.noconvert(), "slope"_a.noconvert(), "dh"_a.noconvert(), "dc"_a.noconvert(), "du"_a.noconvert(),
             "ddt"_a.noconvert(), "weights"_a.noconvert(), "constants"_a.noconvert(), "first"_a, "end"_a,
             "Slopes of a loss, for the rows first..end-1. h, c: before the first tick; out: what run wrote; slope: of out.\n"
             "dh, dc: of the last h and c, in place to those of the first. Written: du (ticks, rows, inputs), ddt (ticks,\n"
             "rows). Added to: weights and constants, shaped like those of the plan.");
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
