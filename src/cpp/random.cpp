// Counter-based random numbers for Python and for the kernels, which must draw the same ones.
#include "random.hpp"

#include <cmath>
#include <stdexcept>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;

namespace plashet {
namespace {

// 53 bits of two words as a number in [0, 1)
double unit(std::uint32_t high, std::uint32_t low) {
    return double((std::uint64_t(high) << 21) ^ (low >> 11)) * 0x1p-53;
}

Block block_of(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t block) {
    const std::uint64_t n = std::uint64_t(step);
    return philox({{std::uint32_t(block), std::uint32_t(n), std::uint32_t(n >> 32), std::uint32_t(key)}}, seed);
}

template <class F>
void pairs(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t n, double *out, F two_of) {
    for (std::int64_t i = 0; i < n; i += 2) {
        const Block b = block_of(seed, key, step, i / 2);
        double first, second;
        two_of(unit(b.word[0], b.word[1]), unit(b.word[2], b.word[3]), first, second);
        out[i] = first;
        if (i + 1 < n) out[i + 1] = second;
    }
}

using Seeds = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Draw = void (*)(std::uint64_t, std::int64_t, std::int64_t, std::int64_t, double *);

template <Draw draw>
void fill(std::uint64_t seed, Seeds keys, Seeds steps, Numbers out) {
    if (keys.shape(0) != out.shape(0) || steps.shape(0) != out.shape(0))
        throw std::invalid_argument("keys and steps are (rows,), out is (rows, n)");
    for (std::size_t row = 0; row < out.shape(0); ++row)
        draw(seed, keys.data()[row], steps.data()[row], out.shape(1), out.data() + row * out.shape(1));
}

}  // namespace

void uniforms(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t n, double *out) {
    pairs(seed, key, step, n, out, [](double a, double b, double &first, double &second) { first = a, second = b; });
}

void normals(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t n, double *out) {
    pairs(seed, key, step, n, out, [](double a, double b, double &first, double &second) {
        const double radius = std::sqrt(-2.0 * std::log1p(-a)), angle = 6.283185307179586 * b;
        first = radius * std::cos(angle), second = radius * std::sin(angle);
    });
}

}  // namespace plashet

void bind_random(nb::module_ &m) {
    using namespace nb::literals;
    m.def(
        "philox",
        [](nb::ndarray<const std::uint32_t, nb::shape<4>, nb::c_contig> counter, std::uint64_t seed,
           nb::ndarray<std::uint32_t, nb::shape<4>, nb::c_contig> out) {
            plashet::Block block;
            for (int i = 0; i < 4; ++i) block.word[i] = counter.data()[i];
            block = plashet::philox(block, seed);
            for (int i = 0; i < 4; ++i) out.data()[i] = block.word[i];
        },
        "counter"_a.noconvert(), "seed"_a, "out"_a.noconvert(), "One block of Philox4x32-10.");
    m.def("uniforms", &plashet::fill<plashet::uniforms>, "seed"_a, "keys"_a.noconvert(), "steps"_a.noconvert(),
          "out"_a.noconvert(), "Uniform numbers in [0, 1) to out (rows, n), by keys and steps int64 (rows,).");
    m.def("normals", &plashet::fill<plashet::normals>, "seed"_a, "keys"_a.noconvert(), "steps"_a.noconvert(),
          "out"_a.noconvert(), "Standard normal numbers to out (rows, n), by keys and steps int64 (rows,).");
}
