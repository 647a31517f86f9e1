// Who listens to whom in a tick of levels, as the kernels of gated.hpp take it: put together level by level, and checked.
#pragma once

#include "gated.hpp"
#include "plan.hpp"

#include <utility>

namespace plashet {
namespace {

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
        : inputs(inputs), units(units), cells(cells) {
        constexpr std::int64_t most = 1 << 30;
        for (const std::int64_t size : {inputs, units, cells, hidden}) require(size >= 0 && size < most, "sizes");
        slots = 1 + inputs + 2 * (units + cells) + hidden;
        require(units > 0 && slots < most, "sizes");
    }

    void add(int kind, int bend, Ints own, Ints to, Ints pre, Ints post,
             In<std::int64_t, nb::ndim<2>, nb::c_contig> index) {
        require(!laid_out, "a plan was made of this shape, and holds on to its levels");
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
    bool laid_out = false;      // a plan was made
    bool in_unit_order = true;  // node n is unit n, on every level
    std::vector<LevelShape> levels;
    std::vector<std::vector<std::int32_t>> slots_of_nodes;  // moving a vector leaves its numbers where they are
    SumLists forward, backward;
};

}  // namespace
}  // namespace plashet
