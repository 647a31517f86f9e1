// Ears for Python. They hold no state: what an ear remembers comes as arrays, which are moved in place.
//
// Shapes are checked, because a wrong one would write into foreign memory; values are the caller's to check. Both
// release the GIL.
#include "ear.hpp"

#include <stdexcept>
#include <string>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include "leaky.hpp"

namespace nb = nanobind;

namespace plashet {

#define PLASHET_EACH(set)                    \
    namespace set {                          \
    const InstructionSet &instruction_set(); \
    const EarKernels &ear_kernels();         \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

template <std::size_t D>
using In = nb::ndarray<const double, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
template <std::size_t D>
using Mine = nb::ndarray<double, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
using Size = std::int64_t;

void want(bool fits, const char *what) {
    if (!fits) throw std::invalid_argument(what);
}

// The kernels of the fastest instruction set that this machine runs, or of the one that is named.
const EarKernels &ears(const std::string &name) {
    const struct {
        const InstructionSet *set;
        const EarKernels *kernels;
    } sets[] = {
#define PLASHET_EACH(set) {&set::instruction_set(), &set::ear_kernels()},
#include "instruction_sets.inc"
#undef PLASHET_EACH
    };
    for (const auto &one : sets)
        if (one.set->runs_here() && (name.empty() || name == one.set->name)) return *one.kernels;
    throw std::invalid_argument("this machine has no instruction set " + name);
}

EarSeries series(const In<2> &x, Size row, Size ticks) {
    const Size samples = x.shape(1);
    want(ticks > 0 && samples % ticks == 0, "x is (rows, ticks * hop), as out has ticks");
    return {ticks, samples / ticks, x.data() + row * samples};
}

void gammatone(In<2> x, In<3> sections, Mine<4> state, Mine<3> out, const std::string &set) {
    const Size rows = x.shape(0), ticks = out.shape(1), padded = sections.shape(2);
    want(Size(sections.shape(0)) == 4 && Size(sections.shape(1)) == 4 && padded % ear_block == 0 &&
             Size(state.shape(0)) == rows && Size(state.shape(1)) == 4 && Size(state.shape(2)) == 2 &&
             Size(state.shape(3)) == padded && Size(out.shape(0)) == rows && Size(out.shape(2)) == padded,
         "sections are (4, 4, channels in blocks of 8), state (rows, 4, 2, channels) and out (rows, ticks, channels)");
    const EarKernels &kernels = ears(set);
    const GammatoneBank bank{padded, sections.data()};
    for (Size r = 0; r < rows; ++r)
        kernels.gammatone(bank, series(x, r, ticks), state.data() + r * 8 * padded, out.data() + r * ticks * padded);
}

void lyon(In<2> x, In<2> sections, In<2> gain, In<1> smooth, Mine<3> filters, Mine<3> gains, Mine<3> low, Mine<3> out,
          const std::string &set) {
    const Size rows = x.shape(0), ticks = out.shape(1), n = sections.shape(0);
    want(n > 2 && Size(sections.shape(1)) == 5 && Size(gain.shape(0)) == 4 && Size(gain.shape(1)) == 2 &&
             Size(smooth.shape(0)) == 3 && Size(filters.shape(0)) == rows && Size(filters.shape(1)) == n &&
             Size(filters.shape(2)) == 2 && Size(gains.shape(0)) == rows && Size(gains.shape(1)) == 4 &&
             Size(gains.shape(2)) == n && Size(low.shape(0)) == rows && Size(low.shape(1)) == 2 &&
             Size(low.shape(2)) == n && Size(out.shape(0)) == rows && Size(out.shape(2)) == n,
         "sections are (stages, 5), gain (4, 2), smooth (3,), filters (rows, stages, 2), gains (rows, 4, stages), low "
         "(rows, 2, stages) and out (rows, ticks, stages)");
    const EarKernels &kernels = ears(set);
    const LyonEar ear{n, sections.data(), gain.data(), smooth.data()};
    for (Size r = 0; r < rows; ++r)
        kernels.lyon(ear, series(x, r, ticks), filters.data() + r * 2 * n, gains.data() + r * 4 * n,
                     low.data() + r * 2 * n, out.data() + r * ticks * n);
}

}  // namespace
}  // namespace plashet

void bind_ear(nb::module_ &m) {
    using namespace plashet;
    using nb::arg;
    m.def("gammatone", &gammatone, arg("x").noconvert(), arg("sections").noconvert(), arg("state").noconvert(),
          arg("out").noconvert(), arg("instruction_set") = "", nb::call_guard<nb::gil_scoped_release>());
    m.def("lyon", &lyon, arg("x").noconvert(), arg("sections").noconvert(), arg("gain").noconvert(),
          arg("smooth").noconvert(), arg("filters").noconvert(), arg("gains").noconvert(), arg("low").noconvert(),
          arg("out").noconvert(), arg("instruction_set") = "", nb::call_guard<nb::gil_scoped_release>());
}
