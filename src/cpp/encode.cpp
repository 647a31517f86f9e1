// The sequential parts of the spike encoders, for Python.
//
// A column is one input of one row of a batch; columns do not know of each other. All numbers are float64. The plain
// Python twin of each is the `step` of its encoder. Shapes are checked, because a wrong one would write into foreign
// memory; values are the caller's to check. All release the GIL.
#include "arrays.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace nb = nanobind;

namespace plashet {
namespace {

// Whole levels between x and the level of a column, sent and added to it, at most `most` a tick. NaN sends nothing.
void levels(In<double, 2> x, double most, Mine<double, 1> level, Mine<double, 2> sent) {
    const Size ticks = x.shape(0), columns = x.shape(1);
    want(Size(level.shape(0)) == columns && Size(sent.shape(0)) == ticks && Size(sent.shape(1)) == columns,
         "level is (columns,) and sent (ticks, columns), as x");
    const double *in = x.data();
    double *k = level.data(), *out = sent.data();
    for (Size t = 0; t < ticks; ++t, in += columns, out += columns)
        for (Size c = 0; c < columns; ++c) {
            double n = 0.0;
            if (!std::isnan(in[c])) {
                n = std::trunc(in[c] - k[c]);
                n = n > most ? most : n < -most ? -most : n;
            }
            k[c] += n;
            out[c] = n + 0.0;  // no -0
        }
}

// One spike a window: a window begins where `elapsed` is 0, takes its spike times from `when`, and ends with the first
// tick at whose end `span` seconds have passed.
void first_spikes(In<double, 3> when, In<double, 2> dt, double span, Mine<double, 1> elapsed, Mine<double, 2> due,
                  Mine<double, 3> fired) {
    const Size ticks = when.shape(0), rows = when.shape(1), inputs = when.shape(2), clocks = dt.shape(1);
    want(Size(dt.shape(0)) == ticks && (clocks == rows || clocks == 1) && Size(elapsed.shape(0)) == rows &&
             Size(due.shape(0)) == rows && Size(due.shape(1)) == inputs && Size(fired.shape(0)) == ticks &&
             Size(fired.shape(1)) == rows && Size(fired.shape(2)) == inputs,
         "dt is (ticks, rows or 1), elapsed (rows,), due (rows, inputs) and fired (ticks, rows, inputs), as when");
    constexpr double silent = std::numeric_limits<double>::infinity();
    const double *in = when.data();
    double *out = fired.data();
    for (Size t = 0; t < ticks; ++t)
        for (Size r = 0; r < rows; ++r, in += inputs, out += inputs) {
            double &clock = elapsed.data()[r], *waits = due.data() + r * inputs;
            const double end = clock + dt.data()[t * clocks + (clocks == 1 ? 0 : r)];
            const bool begins = clock == 0.0, closes = end >= span;
            for (Size i = 0; i < inputs; ++i) {
                const double at = begins ? in[i] : waits[i];
                const bool now = at < end || (closes && at < silent);
                out[i] = now ? 1.0 : 0.0;
                waits[i] = now ? silent : at;
            }
            clock = closes ? 0.0 : end;
        }
}

// sum_k |w_k| - |w_k - h_k| over a window, in one fixed order.
double gain(const double *window, const double *h, Size length) {
    double sums[4] = {0.0, 0.0, 0.0, 0.0};
    for (Size k = 0; k < length; ++k) sums[k & 3] += std::fabs(window[k]) - std::fabs(window[k] - h[k]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Ben's spiker algorithm. s (ticks, columns); window (columns, K), of which the last K - 1 wait to be explained, oldest
// first; fed (columns,): samples taken so far, counted up to K. A spike speaks for the sample K - 1 ticks ago.
void bsa(In<double, 2> s, In<double, 1> filter, double threshold, Mine<double, 2> window, Mine<std::int64_t, 1> fed,
         Mine<double, 2> spikes) {
    const Size ticks = s.shape(0), columns = s.shape(1), length = filter.shape(0);
    want(length > 0 && Size(window.shape(0)) == columns && Size(window.shape(1)) == length &&
             Size(fed.shape(0)) == columns && Size(spikes.shape(0)) == ticks && Size(spikes.shape(1)) == columns,
         "window is (columns, K), fed (columns,) and spikes (ticks, columns), as s");
    const double *h = filter.data();
    std::vector<double> samples(ticks + length);
    double *room = samples.data();  // the column's samples after the window, moved in place
    for (Size c = 0; c < columns; ++c) {
        double *held = window.data() + c * length;
        for (Size k = 0; k < length; ++k) room[k] = held[k];
        for (Size t = 0; t < ticks; ++t) room[length + t] = s.data()[t * columns + c];
        std::int64_t &seen = fed.data()[c];
        for (Size t = 0; t < ticks; ++t) {
            double *w = room + t + 1, *out = spikes.data() + t * columns + c;
            if (seen < length) ++seen;
            *out = seen == length && gain(w, h, length) >= threshold ? 1.0 : 0.0;
            if (*out != 0.0)
                for (Size k = 0; k < length; ++k) w[k] -= h[k];
        }
        for (Size k = 0; k < length; ++k) held[k] = room[ticks + k];
    }
}

}  // namespace
}  // namespace plashet

void bind_encode(nb::module_ &m) {
    using namespace plashet;
    using nb::arg;
    m.def("levels", &levels, arg("x").noconvert(), arg("most"), arg("level").noconvert(), arg("sent").noconvert(),
          nb::call_guard<nb::gil_scoped_release>());
    m.def("first_spikes", &first_spikes, arg("when").noconvert(), arg("dt").noconvert(), arg("span"),
          arg("elapsed").noconvert(), arg("due").noconvert(), arg("fired").noconvert(),
          nb::call_guard<nb::gil_scoped_release>());
    m.def("bsa", &bsa, arg("s").noconvert(), arg("filter").noconvert(), arg("threshold"), arg("window").noconvert(),
          arg("fed").noconvert(), arg("spikes").noconvert(), nb::call_guard<nb::gil_scoped_release>());
}
