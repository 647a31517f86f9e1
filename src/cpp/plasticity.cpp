// Plasticity by the timing of spikes: one pass over the spikes of a tick. The rule is that of
// plashet/learn/plasticity/stdp.py; a plain-Python twin is in the tests.
//
//     plan = StdpPlan(plastic, start, post, delay, largest, power, amounts, rates)
//     plan.move(spikes, flight, first, end, pre, pre_at, post, post_at, weight)
//
// A trace belongs to a terminal, the plastic edges of one unit that have one delay, or to a unit that is spiked to. It
// is stored as it was just after its last spike, so what it is worth does not depend on how time was cut into ticks.
// The constants are checked once, the spikes at each call, because a wrong index would write into foreign memory.
#include "arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace plashet {
namespace {

template <class T>
std::vector<T> listed(const T *from, Size n) {
    return {from, from + n};
}

class StdpPlan {
  public:
    // plastic (edges,): 0 or 1; start (units + 1,), post and delay (edges,): the circuit, edges sorted by unit and then
    // by delay in grid steps; largest (edges,); amounts, rates (4,): of the pairs and triplets that strengthen, of
    // those that weaken; h / tau of the traces pre, pre slow, post, post slow.
    StdpPlan(In<std::uint8_t, 1> plastic, In<Size, 1> start, In<Size, 1> post, In<Size, 1> delay, In<double, 1> largest,
             double power, In<double, 1> amounts, In<double, 1> rates)
        : power_(power) {
        const Size edges = plastic.shape(0);
        units_ = Size(start.shape(0)) - 1;
        want(units_ > 0 && Size(post.shape(0)) == edges && Size(delay.shape(0)) == edges &&
                 Size(largest.shape(0)) == edges && amounts.shape(0) == 4 && rates.shape(0) == 4,
             "post, delay and largest are (edges,), as plastic; amounts and rates (4,)");
        want(start.data()[0] == 0 && start.data()[units_] == edges &&
                 std::is_sorted(start.data(), start.data() + units_ + 1),
             "start goes from 0 to the number of edges");
        std::copy_n(amounts.data(), 4, amounts_), std::copy_n(rates.data(), 4, rates_);
        edges_ = edges, largest_ = listed(largest.data(), edges), post_ = listed(post.data(), edges);
        for (Size unit = 0; unit < units_; ++unit) {
            first_terminal_.push_back(Size(delay_.size()));
            Size last = -1;
            for (Size e = start.data()[unit]; e < start.data()[unit + 1]; ++e) {
                want(post_[e] >= 0 && post_[e] < units_ && delay.data()[e] >= 1, "post names a unit, delay >= 1");
                if (!plastic.data()[e]) continue;
                want(largest_[e] > 0.0, "largest is above 0");
                if (delay.data()[e] != last) {
                    last = delay.data()[e], delay_.push_back(last), first_edge_.push_back(Size(edge_.size()));
                    longest_ = std::max(longest_, last);
                }
                edge_.push_back(e), terminal_.push_back(Size(delay_.size()) - 1);
            }
        }
        first_terminal_.push_back(Size(delay_.size())), first_edge_.push_back(Size(edge_.size()));
        by_target();
    }
    StdpPlan(const StdpPlan &) = delete;

    Size units() const { return units_; }
    Size terminals() const { return Size(delay_.size()); }
    Size longest() const { return longest_; }

    // spikes: (n, 2) of (step, unit), steps first..end-1 in order; flight: those before, which may still be on their way.
    void move(In<Size, 2> spikes, In<Size, 2> flight, Size first, Size end, Mine<double, 2> pre, Mine<Size, 1> pre_at,
              Mine<double, 2> post, Mine<Size, 1> post_at, Mine<double, 1> weight) const {
        want(spikes.shape(1) == 2 && flight.shape(1) == 2, "spikes and flight are (n, 2) of (step, unit)");
        want(Size(pre.shape(0)) == terminals() && pre.shape(1) == 2 && Size(pre_at.shape(0)) == terminals(),
             "pre is (terminals, 2), pre_at (terminals,)");
        want(Size(post.shape(0)) == units_ && post.shape(1) == 2 && Size(post_at.shape(0)) == units_,
             "post is (units, 2), post_at (units,)");
        want(Size(weight.shape(0)) == edges_, "weight is (edges,)");
        std::vector<std::pair<Size, Size>> arrivals;
        collect(flight, first, end, arrivals), collect(spikes, first, end, arrivals);
        std::sort(arrivals.begin(), arrivals.end());
        const Traces t{pre.data(), pre_at.data(), post.data(), post_at.data(), weight.data()};
        const Size *spike = spikes.data(), *const last = spike + 2 * spikes.shape(0);
        for (auto arrival = arrivals.cbegin(); arrival != arrivals.cend() || spike != last;) {
            const bool none = arrival == arrivals.cend();
            const Size now = none ? spike[0] : spike == last ? arrival->first : std::min(arrival->first, spike[0]);
            auto arrived = arrival;
            while (arrived != arrivals.cend() && arrived->first == now) weaken(t, (arrived++)->second, now);
            const Size *spiked = spike;
            for (; spiked != last && spiked[0] == now; spiked += 2) strengthen(t, spiked[1], now);
            // what happens in one step does not see itself
            for (; arrival != arrived; ++arrival) add(t.pre + 2 * arrival->second, t.pre_at[arrival->second], now, rates_);
            for (; spike != spiked; spike += 2) add(t.post + 2 * spike[1], t.post_at[spike[1]], now, rates_ + 2);
        }
    }

  private:
    struct Traces {
        double *pre;
        Size *pre_at;
        double *post;
        Size *post_at;
        double *weight;
    };

    // The plastic edges in the order of the units that they lead to.
    void by_target() {
        into_.assign(units_ + 1, 0);
        for (Size e : edge_) ++into_[post_[e] + 1];
        for (Size unit = 0; unit < units_; ++unit) into_[unit + 1] += into_[unit];
        std::vector<Size> next(into_.begin(), into_.end() - 1);
        incoming_.resize(edge_.size());
        for (Size k = 0; k < Size(edge_.size()); ++k) incoming_[next[post_[edge_[k]]]++] = k;
    }

    void collect(const In<Size, 2> &spikes, Size first, Size end, std::vector<std::pair<Size, Size>> &arrivals) const {
        for (Size k = 0; k < Size(spikes.shape(0)); ++k) {
            const Size step = spikes.data()[2 * k], unit = spikes.data()[2 * k + 1];
            want(unit >= 0 && unit < units_ && step >= 0 && step < end, "a spike is a step before `end` and a unit");
            for (Size g = first_terminal_[unit]; g < first_terminal_[unit + 1]; ++g)
                if (step + delay_[g] >= first && step + delay_[g] < end) arrivals.emplace_back(step + delay_[g], g);
        }
    }

    static double worth(double trace, Size at, Size now, double rate) {
        return trace == 0.0 ? 0.0 : trace * std::exp(-double(now - at) * rate);
    }

    static void add(double *trace, Size &at, Size now, const double *rates) {
        for (int k = 0; k < 2; ++k) trace[k] = worth(trace[k], at, now, rates[k]) + 1.0;
        at = now;
    }

    double share(double part) const {  // of an amount that a weight takes, at this part of what is left
        if (power_ == 0.0) return 1.0;
        return power_ == 1.0 ? part : std::pow(part, power_);
    }

    // A spike has come to a terminal: its edges are weakened by the spikes that their targets had before.
    void weaken(const Traces &t, Size terminal, Size now) const {
        const double slow = amounts_[3] == 0.0 ? 0.0 : worth(t.pre[2 * terminal + 1], t.pre_at[terminal], now, rates_[1]);
        const double amount = amounts_[2] + amounts_[3] * slow;
        for (Size k = first_edge_[terminal]; k < first_edge_[terminal + 1]; ++k) {
            const Size e = edge_[k], j = post_[e];
            const double o = worth(t.post[2 * j], t.post_at[j], now, rates_[2]);
            double &w = t.weight[e];
            w = std::max(0.0, w - largest_[e] * amount * o * share(w / largest_[e]));
        }
    }

    // A unit has spiked: the edges into it are strengthened by what came along them before.
    void strengthen(const Traces &t, Size unit, Size now) const {
        const double slow = amounts_[1] == 0.0 ? 0.0 : worth(t.post[2 * unit + 1], t.post_at[unit], now, rates_[3]);
        const double amount = amounts_[0] + amounts_[1] * slow;
        for (Size i = into_[unit]; i < into_[unit + 1]; ++i) {
            const Size k = incoming_[i], e = edge_[k], g = terminal_[k];
            const double r = worth(t.pre[2 * g], t.pre_at[g], now, rates_[0]), most = largest_[e];
            double &w = t.weight[e];
            if (w < most) w = std::min(most, w + most * amount * r * share(1.0 - w / most));
        }
    }

    Size units_, edges_, longest_ = 0;
    double power_, amounts_[4], rates_[4];
    std::vector<double> largest_;                       // (edges)
    std::vector<Size> post_;                            // (edges)
    std::vector<Size> first_terminal_, delay_;          // (units + 1), (terminals)
    std::vector<Size> first_edge_, edge_, terminal_;    // (terminals + 1), (plastic edges)
    std::vector<Size> into_, incoming_;                 // (units + 1), (plastic edges)
};

}  // namespace
}  // namespace plashet

void bind_plasticity(nb::module_ &m) {
    using namespace plashet;
    using namespace nb::literals;
    nb::class_<StdpPlan>(m, "StdpPlan", "The plastic edges of a circuit and how they move. No state.")
        .def(nb::init<In<std::uint8_t, 1>, In<Size, 1>, In<Size, 1>, In<Size, 1>, In<double, 1>, double, In<double, 1>,
                      In<double, 1>>(),
             "plastic"_a.noconvert(), "start"_a.noconvert(), "post"_a.noconvert(), "delay"_a.noconvert(),
             "largest"_a.noconvert(), "power"_a, "amounts"_a.noconvert(), "rates"_a.noconvert())
        .def_prop_ro("units", &StdpPlan::units)
        .def_prop_ro("terminals", &StdpPlan::terminals, "How many traces there are on the side that spikes.")
        .def_prop_ro("longest", &StdpPlan::longest, "The longest delay of a plastic edge, in grid steps.")
        .def("move", &StdpPlan::move, "spikes"_a.noconvert(), "flight"_a.noconvert(), "first"_a, "end"_a,
             "pre"_a.noconvert(), "pre_at"_a.noconvert(), "post"_a.noconvert(), "post_at"_a.noconvert(),
             "weight"_a.noconvert(), nb::call_guard<nb::gil_scoped_release>(),
             "Moves traces and weights, in place, through the grid steps first..end-1 with these spikes.");
}
