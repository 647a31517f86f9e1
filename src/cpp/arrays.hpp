// Arrays as a kernel's binding takes them, for those that need no plan: contiguous, of a number of axes, read or written.
#pragma once

#include <cstdint>
#include <stdexcept>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace plashet {
namespace {

namespace nb = nanobind;

template <class T, std::size_t D>
using In = nb::ndarray<const T, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
template <class T, std::size_t D>
using Mine = nb::ndarray<T, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
// In any order, but for its last axis: numbers that are read together stand together.
template <class T, std::size_t D>
using Along = nb::ndarray<const T, nb::ndim<D>, nb::device::cpu>;
using Size = std::int64_t;

template <class A>
bool close(const A &a) {
    const std::size_t last = a.ndim() - 1;
    return a.size() == 0 || a.shape(last) == 1 || a.stride(last) == 1;
}

void want(bool fits, const char *what) {
    if (!fits) throw std::invalid_argument(what);
}

}  // namespace
}  // namespace plashet
