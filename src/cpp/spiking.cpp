// Spiking liquids for Python: plans, which hold a liquid's constant arrays laid out for the kernels, and no state.
//
//     plan = spiking_plan(neuron, sizes, settings, w_current, w_events, shares, parameters, inhibitory,
//                         start, post, delay, dynamics, instruction_set="")
//     events = plan.run(u, dt, weight, state, out, bins, first, end, record)
//
// Shapes are checked, because a wrong one would write into foreign memory; values are the caller's to check. A plan may
// be used by many threads at once; run releases the GIL.
#include "plan.hpp"
#include "spiking.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <optional>

namespace plashet {

#define PLASHET_EACH(set)                        \
    namespace set {                              \
    const InstructionSet &instruction_set();     \
    const SpikingKernels &spiking_kernels();     \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

const SpikingKernels &spiking_of(const std::string &name) {
    const struct {
        const InstructionSet *set;
        const SpikingKernels *kernels;
    } all[] = {
#define PLASHET_EACH(set) {&set::instruction_set(), &set::spiking_kernels()},
#include "instruction_sets.inc"
#undef PLASHET_EACH
    };
    for (const auto &one : all)
        if (one.set->runs_here() && (name.empty() || name == one.set->name)) return *one.kernels;
    throw std::invalid_argument("this machine does not run the instruction set " + name);
}

template <class T>
Aligned<T> kept(const T *from, std::int64_t n) {
    Aligned<T> to(n);
    std::copy(from, from + n, &to[0]);
    return to;
}

template <class A>
bool shaped(const A &a, std::initializer_list<std::int64_t> shape) {
    if (a.ndim() != shape.size()) return false;
    std::size_t axis = 0;
    for (std::int64_t size : shape)
        if (std::int64_t(a.shape(axis++)) != size) return false;
    return true;
}

template <class T> using Line = In<T, nb::ndim<1>, nb::c_contig>;
template <class T> using Table = In<T, nb::ndim<2>, nb::c_contig>;

template <class T>
struct StateOf {
    Out<T, nb::ndim<2>, nb::c_contig> v;
    Out<T, nb::ndim<2>, nb::c_contig> silent, extra;
    Out<T, nb::ndim<3>, nb::c_contig> current;
    Out<T, nb::ndim<4>, nb::c_contig> ring;
    Out<T, nb::ndim<2>, nb::c_contig> u, r;
    Out<std::int64_t, nb::ndim<2>, nb::c_contig> last;
    Out<T, nb::ndim<2>, nb::c_contig> trace;
    Out<std::int64_t, nb::ndim<1>, nb::c_contig> clock;
    Out<double, nb::ndim<1>, nb::c_contig> rest;
    Line<std::int64_t> key;
};

template <class T>
class SpikingPlan {
  public:
    SpikingPlan(int neuron, bool counts, double h, double kept_trace, double noise, std::uint64_t seed, T decay_e, T decay_i,
                std::int64_t slots, Table<T> w_current, Table<T> w_events, Table<T> shares, Table<T> parameters,
                Line<std::uint8_t> inhibitory, Line<std::int64_t> start,
                Line<std::int32_t> post, Line<std::int32_t> delay, Table<T> dynamics, const std::string &set)
        : run_(choose(spiking_of(set))) {
        const std::int64_t units = inhibitory.shape(0), edges = post.shape(0);
        require(units > 0 && units < (std::int64_t(1) << 31), "a liquid has at least one unit");
        require(slots > 0 && (slots & (slots - 1)) == 0, "slots is a power of two");
        require(neuron >= 0 && neuron <= int(Neuron::izhikevich), "no such neuron");
        require(std::int64_t(w_current.shape(1)) == units && std::int64_t(w_events.shape(1)) == units,
                "w_current is (currents, units), w_events (events, units)");
        require(shaped(shares, {2, units}) && shaped(parameters, {neuron_parameters, units}),
                "shares is (2, units), parameters (8, units)");
        require(shaped(start, {units + 1}) && shaped(delay, {edges}), "start is (units + 1,), delay (edges,)");
        require(start.data()[0] == 0 && start.data()[units] == edges &&
                    std::is_sorted(start.data(), start.data() + units + 1),
                "start goes from 0 to the number of edges");
        for (std::int64_t k = 0; k < edges; ++k)
            require(post.data()[k] >= 0 && post.data()[k] < units && delay.data()[k] >= 1 && delay.data()[k] <= slots,
                    "post names a unit, and a delay is in 1..slots");
        require(shaped(dynamics, {3, edges}) || shaped(dynamics, {3, 0}), "dynamics is (3, edges), or (3, 0)");
        c_.dynamic = dynamics.shape(1) > 0;
        c_.neuron = Neuron(neuron), c_.units = units, c_.edges = edges, c_.slots = slots;
        c_.currents = w_current.shape(0), c_.events = w_events.shape(0);
        c_.counts = counts, c_.h = h, c_.kept = kept_trace, c_.noise = noise, c_.seed = seed;
        c_.decay_e = decay_e, c_.decay_i = decay_i;
        numbers_.reserve(6);
        c_.padded = (units + unit_block - 1) / unit_block * unit_block;
        c_.w_current = pad(w_current), c_.w_events = pad(w_events);
        c_.share_e = pad(shares), c_.share_i = c_.share_e + c_.padded;
        const T *p = pad(parameters);
        for (int k = 0; k < neuron_parameters; ++k) c_.p[k] = p + k * c_.padded;
        if (c_.neuron != Neuron::izhikevich)  // a unit that is only there to fill a vector never reaches its threshold
            std::fill(const_cast<T *>(c_.p[2]) + units, const_cast<T *>(c_.p[2]) + c_.padded, T(1));
        numbers_.push_back(kept(dynamics.data(), std::int64_t(dynamics.size())));
        c_.U = numbers_.back().get(), c_.rate_D = c_.U + dynamics.shape(1), c_.rate_F = c_.rate_D + dynamics.shape(1);
        inhibitory_ = kept(inhibitory.data(), units), c_.inhibitory = inhibitory_.get();
        start_ = kept(start.data(), units + 1), c_.start = start_.get();
        post_ = kept(post.data(), edges), c_.post = post_.get();
        delay_ = kept(delay.data(), edges), c_.delay = delay_.get();
    }
    SpikingPlan(const SpikingPlan &) = delete;

    nb::object run(In<T, nb::ndim<3>, nb::c_contig> u, Table<double> dt, Line<T> weight, const StateOf<T> &state,
                   Out<T, nb::c_contig> out, std::optional<Line<std::int64_t>> bins, std::int64_t first, std::int64_t end,
                   bool record) const {
        SpikingSeries<T> s{};
        s.ticks = u.shape(0), s.rows = u.shape(1), s.first = first, s.end = end;
        require(std::int64_t(u.shape(2)) == c_.currents + c_.events, "u is (ticks, rows, inputs)");
        require((dt.shape(0) == 1 || std::int64_t(dt.shape(0)) == s.ticks) &&
                    (dt.shape(1) == 1 || std::int64_t(dt.shape(1)) == s.rows),
                "dt is (ticks or 1, rows or 1)");
        require(shaped(weight, {c_.edges}), "weight is (edges,)");
        require(first >= 0 && end <= s.rows, "rows first..end-1");
        s.in = u.data(), s.dt = dt.data(), s.weight = weight.data(), s.out = out.data();
        s.dt_tick = dt.shape(0) == 1 ? 0 : dt.shape(1), s.dt_row = dt.shape(1) == 1 ? 0 : 1;
        if (bins) {
            require(s.rows == 1 && shaped(*bins, {s.ticks}) && out.ndim() == 2 && std::int64_t(out.shape(1)) == c_.units,
                    "bins is (ticks,), out (bins, units), of one row");
            for (std::int64_t t = 0; t < s.ticks; ++t)
                require(bins->data()[t] < std::int64_t(out.shape(0)), "bins names a row that out does not have");
            s.bins = bins->data();
        } else {
            require(shaped(out, {s.ticks, s.rows, c_.units}), "out is (ticks, rows, units)");
        }
        const SpikingArrays<T> a = arrays(state, s.rows);
        std::vector<std::int64_t> spikes;
        s.spikes = record ? &spikes : nullptr;
        {
            nb::gil_scoped_release released;
            run_(c_, a, s);
        }
        return record ? listed(std::move(spikes)) : nb::none();
    }

  private:
    static SpikingRun<T> choose(const SpikingKernels &kernels) {
        if constexpr (sizeof(T) == 4) return kernels.run_float;
        else return kernels.run_double;
    }

    // Lines of units, padded with zeros.
    const T *pad(const Table<T> &from) {
        const std::int64_t lines = from.shape(0), units = c_.units;
        Aligned<T> to(lines * c_.padded);
        for (std::int64_t l = 0; l < lines; ++l)
            std::copy(from.data() + l * units, from.data() + (l + 1) * units, &to[l * c_.padded]);
        numbers_.push_back(std::move(to));
        return numbers_.back().get();
    }

    SpikingArrays<T> arrays(const StateOf<T> &s, std::int64_t rows) const {
        const std::int64_t n = c_.units, edges = c_.dynamic ? c_.edges : 0;
        const bool adapts = c_.neuron != Neuron::lif, rests = c_.neuron != Neuron::izhikevich;
        require(shaped(s.v, {rows, n}) && shaped(s.silent, {rows, rests ? n : 0}) && shaped(s.extra, {rows, adapts ? n : 0}),
                "v, silent and extra are (rows, units), (rows, 0) where the neuron has none");
        require(shaped(s.current, {rows, 2, n}) && shaped(s.ring, {rows, 2, c_.slots, n}),
                "current is (rows, 2, units), ring (rows, 2, slots, units)");
        require(shaped(s.u, {rows, edges}) && shaped(s.r, {rows, edges}), "u and r are (rows, edges)");
        require(shaped(s.last, {rows, n}) && shaped(s.trace, {rows, n}), "last and trace are (rows, units)");
        require(shaped(s.clock, {rows}) && shaped(s.rest, {rows}) && shaped(s.key, {rows}), "clock, rest, key are (rows,)");
        return {s.v.data(), s.silent.data(), s.extra.data(), s.current.data(), s.ring.data(), s.u.data(), s.r.data(),
                s.last.data(), s.trace.data(), s.clock.data(), s.rest.data(), s.key.data()};
    }

    static nb::object listed(std::vector<std::int64_t> spikes) {
        auto *held = new std::vector<std::int64_t>(std::move(spikes));
        nb::capsule owner(held, [](void *p) noexcept { delete static_cast<std::vector<std::int64_t> *>(p); });
        return nb::cast(nb::ndarray<nb::numpy, std::int64_t>(held->data(), {held->size() / 3, 3}, owner));
    }

    SpikingRun<T> run_;
    SpikingConstants<T> c_{};
    std::vector<Aligned<T>> numbers_;
    Aligned<std::int32_t> post_, delay_;
    Aligned<std::uint8_t> inhibitory_;
    Aligned<std::int64_t> start_;
};

template <class T>
void bind_spiking_plan(nb::module_ &m, const char *plan, const char *state) {
    using namespace nb::literals;
    nb::class_<StateOf<T>>(m, state, "The arrays of a state, which run moves in place.")
        .def(nb::init<Out<T, nb::ndim<2>, nb::c_contig>, Out<T, nb::ndim<2>, nb::c_contig>,
                      Out<T, nb::ndim<2>, nb::c_contig>, Out<T, nb::ndim<3>, nb::c_contig>,
                      Out<T, nb::ndim<4>, nb::c_contig>, Out<T, nb::ndim<2>, nb::c_contig>,
                      Out<T, nb::ndim<2>, nb::c_contig>, Out<std::int64_t, nb::ndim<2>, nb::c_contig>,
                      Out<T, nb::ndim<2>, nb::c_contig>, Out<std::int64_t, nb::ndim<1>, nb::c_contig>,
                      Out<double, nb::ndim<1>, nb::c_contig>, Line<std::int64_t>>(),
             "v"_a.noconvert(), "silent"_a.noconvert(), "extra"_a.noconvert(), "current"_a.noconvert(),
             "ring"_a.noconvert(), "u"_a.noconvert(), "r"_a.noconvert(), "last"_a.noconvert(), "trace"_a.noconvert(),
             "clock"_a.noconvert(), "rest"_a.noconvert(), "key"_a.noconvert());
    nb::class_<SpikingPlan<T>>(m, plan, "A spiking liquid's constant arrays, laid out for the kernels. No state.")
        .def(nb::init<int, bool, double, double, double, std::uint64_t, T, T, std::int64_t, Table<T>, Table<T>, Table<T>,
                      Table<T>, Line<std::uint8_t>, Line<std::int64_t>, Line<std::int32_t>,
                      Line<std::int32_t>, Table<T>, const std::string &>(),
             "neuron"_a, "counts"_a, "h"_a, "kept"_a, "noise"_a, "seed"_a, "decay_e"_a, "decay_i"_a, "slots"_a,
             "w_current"_a.noconvert(), "w_events"_a.noconvert(), "shares"_a.noconvert(), "parameters"_a.noconvert(),
             "inhibitory"_a.noconvert(), "start"_a.noconvert(), "post"_a.noconvert(),
             "delay"_a.noconvert(), "dynamics"_a.noconvert(), "instruction_set"_a = "",
             "w_current (currents, units), w_events (events, units), shares (2, units) of the two synaptic currents,\n"
             "parameters (8, units) of the neuron (simd/neurons.hpp), inhibitory uint8 (units,), start\n"
             "int64 (units + 1,) the first edge of each unit, post and delay int32 (edges,), dynamics (3, edges): U,\n"
             "h / D, h / F, or (3, 0) where synapses are static.")
        .def("run", &SpikingPlan<T>::run, "u"_a.noconvert(), "dt"_a.noconvert(), "weight"_a.noconvert(), "state"_a,
             "out"_a.noconvert(), "bins"_a.none(), "first"_a, "end"_a, "record"_a,
             "Moves the rows first..end-1 of the state, in place, through u (ticks, rows, inputs), dt float64 (ticks or 1,\n"
             "rows or 1), and writes the trace at each tick's end to out (ticks, rows, units); with bins (ticks,), of one\n"
             "row, adds it to out[bins[t]], < 0: nowhere. record: the spikes, int64 (spikes, 3) of (row, step, unit).");
}

}  // namespace
}  // namespace plashet

void bind_spiking(nanobind::module_ &m) {
    plashet::bind_spiking_plan<float>(m, "SpikingFloat32", "SpikingStateFloat32");
    plashet::bind_spiking_plan<double>(m, "SpikingFloat64", "SpikingStateFloat64");
}
