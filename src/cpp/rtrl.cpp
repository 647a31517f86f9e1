// Exact online gradients for Python: the influence of parameters on states, moved tick by tick. See rtrl.hpp.
//
//     held = InfluenceFloat64(units, values, touched, row_start, column_start, unit, direct, edge_start, value, source)
//     rtrl_ltc(...), rtrl_gated(...), rtrl_leaky(...)   write a tick's J and B
//     held.advance(j, b, m, c, slopes)                  M through them, and what the outputs feel of theta
//     rtrl_push(push, slopes, sum)                      sum += push @ slopes
//
// What a layout says is checked when it is made, shapes at every call; values are the caller's.
#include "rtrl.hpp"

#include <vector>

#include "arrays.hpp"
#include "leaky.hpp"

namespace plashet {

#define PLASHET_EACH(set)                    \
    namespace set {                          \
    const RtrlSet &rtrl_set();               \
    const InstructionSet &instruction_set(); \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

const RtrlSet &kernels() {
    static const RtrlSet *const chosen = [] {
#define PLASHET_EACH(set) \
    if (set::instruction_set().runs_here()) return &set::rtrl_set();
#include "instruction_sets.inc"
#undef PLASHET_EACH
        return static_cast<const RtrlSet *>(nullptr);
    }();
    return *chosen;
}

template <class T>
const RtrlKernels<T> &kernels_of() {
    if constexpr (sizeof(T) == 4) return kernels().of_float;
    else return kernels().of_double;
}

using Numbers = std::vector<Size>;
using Indices = In<Size, 1>;

Numbers copied(const Indices &a) { return Numbers(a.data(), a.data() + a.shape(0)); }

void within(const Numbers &numbers, Size low, Size high, const char *what) {
    for (Size n : numbers) want(n >= low && n < high, what);
}

void rises(const Numbers &starts, Size last, const char *what) {
    want(!starts.empty() && starts.front() == 0 && starts.back() == last, what);
    for (std::size_t k = 1; k < starts.size(); ++k) want(starts[k] >= starts[k - 1], what);
}

template <class T>
class Influence {
  public:
    Influence(Size units, Size values, Size touched, Indices row_start, Indices column_start, Indices unit, Indices direct,
              Indices edge_start, Indices value, Indices source)
        : row_start_(copied(row_start)), column_start_(copied(column_start)), unit_(copied(unit)), direct_(copied(direct)),
          edge_start_(copied(edge_start)), value_(copied(value)), source_(copied(source)) {
        const Size groups = Size(row_start_.size()) - 1, rows = Size(unit_.size());
        want(units > 0 && values >= 0 && touched >= 0, "units, values and touched are sizes");
        rises(row_start_, rows, "row_start goes from 0 to the number of rows");
        want(column_start_.size() == row_start_.size(), "row_start and column_start are (groups + 1,)");
        rises(column_start_, column_start_.back(), "column_start goes from 0 to the number of columns");
        want(direct_.size() == unit_.size() && Size(edge_start_.size()) == rows + 1, "unit, direct are (rows,), edge_start (rows + 1,)");
        rises(edge_start_, Size(value_.size()), "edge_start goes from 0 to the number of edges");
        want(value_.size() == source_.size(), "value and source are (edges,)");
        within(unit_, 0, units, "unit names a unit that does not exist");
        within(value_, 0, values, "value names a number of J that does not exist");
        place_.push_back(0);
        for (Size g = 0; g < groups; ++g) {
            const Size first = row_start_[g], n = row_start_[g + 1] - first, columns = column_start_[g + 1] - column_start_[g];
            want(columns % column_block == 0, "a group's columns are a multiple of 8");
            for (Size r = first; r < first + n; ++r) {
                want(direct_[r] >= -1 && direct_[r] + columns <= touched, "direct lies outside a stage of b");
                for (Size e = edge_start_[r]; e < edge_start_[r + 1]; ++e)  // a new value comes of an earlier row
                    want(source_[e] >= 0 && source_[e] / 2 < (source_[e] & 1 ? r - first : n), "source names a row that does not exist");
            }
            place_.push_back(place_.back() + n * columns);
        }
        layout_ = {groups, units, column_start_.back(), values, touched, row_start_.data(), column_start_.data(),
                   place_.data(), unit_.data(), direct_.data(), edge_start_.data(), value_.data(), source_.data()};
    }
    Influence(const Influence &) = delete;

    void advance(In<T, 2> j, In<T, 2> b, Mine<T, 1> m, In<T, 2> c, Mine<T, 2> slopes) const {
        const InfluenceLayout &l = layout_;
        want(Size(j.shape(1)) == l.values && Size(b.shape(1)) == l.touched && j.shape(0) == b.shape(0),
             "j is (stages, values) and b (stages, touched)");
        want(Size(m.shape(0)) == place_.back(), "m has the size of the influence");
        want(Size(c.shape(0)) == l.units && slopes.shape(0) == c.shape(1) && Size(slopes.shape(1)) == l.columns,
             "c is (units, outputs) and slopes (outputs, columns)");
        nb::gil_scoped_release released;
        kernels_of<T>().advance(l, {Size(j.shape(0)), j.data(), b.data()}, m.data(), Size(c.shape(1)), c.data(), slopes.data());
    }
    Size size() const { return place_.back(); }
    Size columns() const { return layout_.columns; }

  private:
    Numbers row_start_, column_start_, unit_, direct_, edge_start_, value_, source_, place_;
    InfluenceLayout layout_;
};

// The edges of a kind, sorted by target, from `sources` neurons.
Edges edges(const Indices &start, const Indices &pre, Size units, Size sources) {
    const Size count = Size(pre.shape(0));
    want(Size(start.shape(0)) == units + 1 && start.data()[0] == 0 && start.data()[units] == count,
         "start is (units + 1,), from 0 to the number of edges");
    for (Size i = 0; i < units; ++i) want(start.data()[i] <= start.data()[i + 1], "start must not fall");
    for (Size e = 0; e < count; ++e) want(pre.data()[e] >= 0 && pre.data()[e] < sources, "pre names a neuron that does not exist");
    return {start.data(), pre.data()};
}

// Where the slopes of a tick go: one place in a stage of b for each of `count` parameters.
void places(const Indices &place, Size count, Size touched) {
    want(Size(place.shape(0)) == count, "place has one number for each slope");
    for (Size k = 0; k < count; ++k) want(place.data()[k] >= 0 && place.data()[k] < touched, "place lies outside a stage of b");
}

template <class T>
void ltc(Indices recurrent_start, Indices recurrent_pre, Indices sensory_start, Indices sensory_pre, Indices place, bool exponential,
         In<T, 1> theta, In<T, 1> v, In<T, 1> u, double dt, Mine<T, 1> after, Mine<T, 2> j, Mine<T, 2> b) {
    const Size units = Size(v.shape(0)), inputs = Size(u.shape(0)), touched = Size(b.shape(1));
    const Edges among = edges(recurrent_start, recurrent_pre, units, units), sensed = edges(sensory_start, sensory_pre, units, inputs);
    const Size r = among.start[units], s = sensed.start[units];
    want(Size(theta.shape(0)) == 4 * (r + s) + 3 * units + 2 * inputs, "theta has 4 numbers a synapse, 3 a unit and 2 an input");
    places(place, 4 * r + 6 * s + 3 * units, touched);
    want(Size(after.shape(0)) == units && Size(j.shape(1)) == units + r && j.shape(0) == b.shape(0) && j.shape(0) > 0,
         "after is (units,), j (unfolds, units + recurrent edges), b (unfolds, touched)");
    kernels_of<T>().ltc({units, inputs, Size(j.shape(0)), units + r, touched, exponential, among, sensed, theta.data(), place.data(),
                         v.data(), u.data(), T(dt), after.data(), j.data(), b.data()});
}

template <class T>
void gated(Indices recurrent_start, Indices recurrent_pre, Indices sensory_start, Indices sensory_pre, Indices order, Indices fresh,
           Indices place, In<T, 1> slowest, In<T, 1> theta, In<T, 1> h, In<T, 1> u, double dt, Mine<T, 1> after, Mine<T, 2> j,
           Mine<T, 2> b) {
    const Size units = Size(h.shape(0)), inputs = Size(u.shape(0)), touched = Size(b.shape(1));
    const Edges among = edges(recurrent_start, recurrent_pre, units, units), sensed = edges(sensory_start, sensory_pre, units, inputs);
    const Size r = among.start[units], s = sensed.start[units];
    want(Size(theta.shape(0)) == 2 * (r + s + units), "theta has 2 numbers a synapse and 2 a unit");
    places(place, 2 * (r + s + units), touched);
    places(order, units, units);
    want(Size(slowest.shape(0)) == units, "slowest has one number for each unit");
    want(Size(fresh.shape(0)) == r, "fresh has one number for each recurrent edge");
    want(Size(after.shape(0)) == units && Size(j.shape(1)) == units + r && j.shape(0) == 1 && b.shape(0) == 1,
         "after is (units,), j (1, units + recurrent edges), b (1, touched)");
    kernels_of<T>().gated({units, inputs, units + r, touched, among, sensed, order.data(), fresh.data(), slowest.data(), theta.data(),
                           place.data(), h.data(), u.data(), T(dt), after.data(), j.data(), b.data()});
}

template <class T>
void leaky(Indices recurrent_start, Indices recurrent_pre, Indices place, int activation, In<T, 1> theta, In<T, 1> x, In<T, 1> u,
           double dt, Mine<T, 1> after, Mine<T, 2> j, Mine<T, 2> b) {
    const Size units = Size(x.shape(0)), inputs = Size(u.shape(0)), touched = Size(b.shape(1));
    const Edges among = edges(recurrent_start, recurrent_pre, units, units);
    const Size r = among.start[units], count = r + units * (inputs + 2);
    want(Size(theta.shape(0)) == count, "theta has the weights, w_in, bias and tau");
    places(place, count, touched);
    want(Size(after.shape(0)) == units && Size(j.shape(1)) == units + r && j.shape(0) == 1 && b.shape(0) == 1,
         "after is (units,), j (1, units + edges), b (1, touched)");
    kernels_of<T>().leaky({units, inputs, units + r, touched, activation, among, theta.data(), place.data(), x.data(), u.data(), T(dt),
                           after.data(), j.data(), b.data()});
}

template <class T>
void push(In<double, 1> by, In<T, 2> slopes, Mine<double, 1> sum) {
    want(slopes.shape(0) == by.shape(0) && slopes.shape(1) == sum.shape(0), "push is (outputs,), slopes (outputs, columns), sum (columns,)");
    kernels_of<T>().push(Size(slopes.shape(0)), Size(slopes.shape(1)), by.data(), slopes.data(), sum.data());
}

template <class T>
void bind_for(nb::module_ &m, const char *name) {
    using namespace nb::literals;
    nb::class_<Influence<T>>(m, name, "Where the influence of parameters on units lies; no state. See src/cpp/rtrl.hpp.")
        .def(nb::init<Size, Size, Size, Indices, Indices, Indices, Indices, Indices, Indices, Indices>(), "units"_a, "values"_a,
             "touched"_a, "row_start"_a, "column_start"_a, "unit"_a, "direct"_a, "edge_start"_a, "value"_a, "source"_a)
        .def_prop_ro("size", &Influence<T>::size, "How many numbers M has.")
        .def_prop_ro("columns", &Influence<T>::columns, "How many columns, in whole blocks of 8.")
        .def("advance", &Influence<T>::advance, "j"_a.noconvert(), "b"_a.noconvert(), "m"_a.noconvert(), "c"_a.noconvert(),
             "slopes"_a.noconvert(),
             "M <- J M + B at each stage, in place, and slopes (outputs, columns) = c' M for c (units, outputs).");
    m.def("rtrl_ltc", &ltc<T>, "recurrent_start"_a, "recurrent_pre"_a, "sensory_start"_a, "sensory_pre"_a, "place"_a, "exponential"_a,
          "theta"_a.noconvert(), "v"_a.noconvert(), "u"_a.noconvert(), "dt"_a, "after"_a.noconvert(), "j"_a.noconvert(),
          "b"_a.noconvert(), "A tick of an LTC to first order: writes the state after it and the J and B of its unfolds.");
    m.def("rtrl_gated", &gated<T>, "recurrent_start"_a, "recurrent_pre"_a, "sensory_start"_a, "sensory_pre"_a, "order"_a, "fresh"_a,
          "place"_a, "slowest"_a.noconvert(), "theta"_a.noconvert(), "h"_a.noconvert(), "u"_a.noconvert(), "dt"_a, "after"_a.noconvert(),
          "j"_a.noconvert(), "b"_a.noconvert(), "A tick of a gated liquid to first order; slowest = 1/tau_max.");
    m.def("rtrl_leaky", &leaky<T>, "recurrent_start"_a, "recurrent_pre"_a, "place"_a, "activation"_a, "theta"_a.noconvert(),
          "x"_a.noconvert(), "u"_a.noconvert(), "dt"_a, "after"_a.noconvert(), "j"_a.noconvert(), "b"_a.noconvert(),
          "A tick of a leaky liquid to first order.");
    m.def("rtrl_push", &push<T>, "push"_a.noconvert(), "slopes"_a.noconvert(), "sum"_a.noconvert(),
          "sum (columns,) += push (outputs,) @ slopes (outputs, columns); an output with push 0 is left out.");
}

}  // namespace
}  // namespace plashet

void bind_rtrl(nanobind::module_ &m) {
    plashet::bind_for<float>(m, "InfluenceFloat32");
    plashet::bind_for<double>(m, "InfluenceFloat64");
}
