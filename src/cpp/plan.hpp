// A liquid's constant arrays, checked and laid out for the kernels, with the methods that Python calls.
#pragma once

#include "leaky.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace plashet {
namespace {

namespace nb = nanobind;

template <class T> const LeakyKernels<T> &kernels_of(const InstructionSet &set) {
    if constexpr (sizeof(T) == 4) return set.leaky_float;
    else return set.leaky_double;
}

void require(bool holds, const char *what) {
    if (!holds) throw std::invalid_argument(what);
}

// An array on a cache line that frees itself.
template <class T>
class Aligned {
  public:
    explicit Aligned(std::int64_t n = 0) : memory_(std::size_t(n) * sizeof(T) + 64), size_(n) {
        void *first = memory_.data();
        std::size_t room = memory_.size();
        first_ = static_cast<T *>(std::align(64, std::size_t(n) * sizeof(T), first, room));
    }
    Aligned(Aligned &&) = default;  // the heap block, and so the pointer into it, stays where it is
    Aligned &operator=(Aligned &&) = default;
    T &operator[](std::int64_t i) { return first_[i]; }
    const T *get() const { return first_; }
    std::int64_t size() const { return size_; }

  private:
    std::vector<unsigned char> memory_;
    std::int64_t size_;
    T *first_;
};

template <class T, class... Config>
using In = nb::ndarray<const T, nb::device::cpu, Config...>;
template <class T, class... Config>
using Out = nb::ndarray<T, nb::device::cpu, Config...>;

template <class T>
class Plan {
  public:
    // With indptr null: bands, index = shifts, weights (degree, units). Else synapses, index = pre, weights (edges).
    Plan(std::int64_t degree, const std::int64_t *indptr, const std::int64_t *index, const T *weights,
         In<T, nb::ndim<2>, nb::c_contig> w_in, In<T, nb::ndim<1>, nb::c_contig> bias,
         In<double, nb::ndim<1>, nb::c_contig> tau, int activation, const InstructionSet &set)
        : kernels_(kernels_of<T>(set)) {
        const std::int64_t units = w_in.shape(0), inputs = w_in.shape(1);
        require(units > 0, "a liquid has at least one unit");
        require(std::int64_t(bias.shape(0)) == units, "bias is (units,)");
        require(tau.shape(0) == 1 || std::int64_t(tau.shape(0)) == units, "tau is (units,) or (1,)");
        require(activation >= 0 && activation <= int(Activation::logistic), "no such activation");
        const std::int64_t block = indptr ? synapse_block : band_block<T>;
        const std::int64_t blocks = (units + block - 1) / block, rows = 1 + inputs + (indptr ? 0 : degree);
        if (indptr) sort_by_degree(units, indptr);
        c_.units = units;
        c_.inputs = inputs;
        c_.padded = blocks * block;
        c_.activation = Activation(activation);
        c_.bands = !indptr;
        c_.degree = indptr ? 0 : degree;
        rates_ = Aligned<T>(c_.padded);
        drive_ = Aligned<T>(blocks * rows * block);
        c_.one_rate = true;
        for (std::int64_t place = 0; place < c_.padded; ++place) {
            const std::int64_t unit = place < units ? unit_at(place) : -1;
            T *column = &drive_[place / block * rows * block + place % block];
            const double time = unit < 0 ? tau.data()[0] : tau.data()[tau.shape(0) == 1 ? 0 : unit];
            rates_[place] = T(std::min(1.0 / time, sizeof(T) == 4 ? 3e38 : 1e308));
            c_.one_rate = c_.one_rate && rates_[place] == rates_[0];
            column[0] = unit < 0 ? T(0) : bias.data()[unit];
            for (std::int64_t j = 0; j < inputs; ++j)
                column[(1 + j) * block] = unit < 0 ? T(0) : w_in.data()[unit * inputs + j];
            for (std::int64_t k = 0; k < c_.degree; ++k)
                column[(1 + inputs + k) * block] = unit < 0 ? T(0) : weights[k * units + unit];
        }
        c_.rates = rates_.get();
        c_.drive = drive_.get();
        if (indptr) take_synapses(indptr, index, weights);
        else take_shifts(index);
    }
    Plan(const Plan &) = delete;

    void run(In<T, nb::ndim<3>> u, In<T, nb::ndim<2>> dt, Out<T, nb::ndim<2>> x, Out<T, nb::ndim<3>> out) const {
        LeakySeries<T> s{};
        s.ticks = out.shape(0);
        s.rows = out.shape(1);
        require(std::int64_t(u.shape(0)) == s.ticks && std::int64_t(u.shape(1)) == s.rows &&
                    std::int64_t(u.shape(2)) == c_.inputs,
                "u is (ticks, rows, inputs)");
        require(std::int64_t(out.shape(2)) == c_.units, "out is (ticks, rows, units)");
        require(close(out, 2), "the last axis of out must be contiguous");
        s.u = u.data(), s.u_tick = u.stride(0), s.u_row = u.stride(1), s.u_input = u.stride(2);
        s.out = out.data(), s.out_tick = out.stride(0), s.out_row = out.stride(1);
        take_clock_and_state(s, dt, x);
        nb::gil_scoped_release released;
        kernels_.run(c_, s);
    }

    void tick(In<T, nb::ndim<1>, nb::c_contig> u, double dt, In<T, nb::ndim<1>, nb::c_contig> x,
              Out<T, nb::ndim<1>, nb::c_contig> features, In<double, nb::ndim<2>, nb::c_contig> weights,
              In<double, nb::ndim<1>, nb::c_contig> bias, Out<double, nb::ndim<1>, nb::c_contig> guess) const {
        require(std::int64_t(u.shape(0)) == c_.inputs, "u is (inputs,)");
        require(std::int64_t(x.shape(0)) == c_.units, "x is (units,)");
        const ReadoutArrays readout = readout_of(weights, bias);
        require(std::int64_t(features.shape(0)) == readout.features, "features is (features,), as weights has them");
        require(std::int64_t(guess.shape(0)) == readout.outputs, "guess is (outputs,)");
        kernels_.tick(c_, u.data(), T(dt), x.data(), features.data(), readout, guess.data());
    }

    void generate(In<T, nb::ndim<3>> u, In<T, nb::ndim<2>> dt, Out<T, nb::ndim<2>> x,
                  Out<double, nb::ndim<2>, nb::c_contig> last, Out<double, nb::ndim<3>, nb::c_contig> out,
                  In<double, nb::ndim<2>, nb::c_contig> weights, In<double, nb::ndim<1>, nb::c_contig> bias) const {
        LeakyLoop<T> s{};
        s.readout = readout_of(weights, bias);
        s.ticks = out.shape(0);
        s.rows = out.shape(1);
        require(s.readout.outputs <= c_.inputs, "the outputs are fed back, so there are at least as many inputs");
        require(std::int64_t(u.shape(0)) == s.ticks && std::int64_t(u.shape(1)) == s.rows &&
                    std::int64_t(u.shape(2)) == c_.inputs - s.readout.outputs,
                "u is (ticks, rows, inputs - outputs)");
        require(std::int64_t(out.shape(2)) == s.readout.outputs, "out is (ticks, rows, outputs)");
        require(std::int64_t(last.shape(0)) == s.rows && std::int64_t(last.shape(1)) == s.readout.outputs,
                "last is (rows, outputs)");
        s.u = u.data(), s.u_tick = u.stride(0), s.u_row = u.stride(1), s.u_input = u.stride(2);
        s.last = last.data();
        s.out = out.data();
        take_clock_and_state(s, dt, x);
        nb::gil_scoped_release released;
        kernels_.generate(c_, s);
    }

  private:
    template <class Array>
    static bool close(const Array &a, int axis) {
        return a.size() == 0 || a.shape(axis) == 1 || a.stride(axis) == 1;
    }

    template <class Series>
    void take_clock_and_state(Series &s, const In<T, nb::ndim<2>> &dt, const Out<T, nb::ndim<2>> &x) const {
        require(std::int64_t(x.shape(0)) == s.rows && std::int64_t(x.shape(1)) == c_.units && close(x, 1),
                "x is (rows, units), its last axis contiguous");
        require((dt.shape(0) == 1 || std::int64_t(dt.shape(0)) == s.ticks) &&
                    (dt.shape(1) == 1 || std::int64_t(dt.shape(1)) == s.rows),
                "dt is (ticks or 1, rows or 1)");
        s.x = x.data(), s.x_row = x.stride(0);
        s.dt = dt.data();
        s.dt_tick = dt.shape(0) == 1 ? 0 : dt.stride(0);
        s.dt_row = dt.shape(1) == 1 ? 0 : dt.stride(1);
    }

    ReadoutArrays readout_of(const In<double, nb::ndim<2>, nb::c_contig> &weights,
                             const In<double, nb::ndim<1>, nb::c_contig> &bias) const {
        const ReadoutArrays r{std::int64_t(weights.shape(0)), std::int64_t(weights.shape(1)), weights.data(), bias.data()};
        require(r.features == c_.units || r.features == c_.units + c_.inputs,
                "weights is (features, outputs), features = units or units + inputs");
        require(std::int64_t(bias.shape(0)) == r.outputs, "bias is (outputs,)");
        return r;
    }

    std::int64_t unit_at(std::int64_t place) { return order_.size() ? order_[place] : place; }

    void sort_by_degree(std::int64_t units, const std::int64_t *indptr) {
        std::vector<std::uint32_t> order(units);
        std::iota(order.begin(), order.end(), 0u);
        const auto degree = [&](std::uint32_t i) { return indptr[i + 1] - indptr[i]; };
        const auto fewer = [&](std::uint32_t a, std::uint32_t b) { return degree(a) > degree(b); };
        if (std::is_sorted(order.begin(), order.end(), fewer)) return;
        std::stable_sort(order.begin(), order.end(), fewer);
        order_ = Aligned<std::uint32_t>(units);
        std::copy(order.begin(), order.end(), &order_[0]);
        c_.order = order_.get();
    }

    void take_shifts(const std::int64_t *shifts) {
        const std::int64_t blocks = c_.padded / band_block<T>;
        sources_ = Aligned<std::int32_t>(blocks * c_.degree);
        for (std::int64_t b = 0; b < blocks; ++b)
            for (std::int64_t k = 0; k < c_.degree; ++k) {
                const std::int64_t first = (b * band_block<T> + shifts[k] % c_.units) % c_.units;
                sources_[b * c_.degree + k] = std::int32_t(first < 0 ? first + c_.units : first);
            }
        c_.sources = sources_.get();
    }

    void take_synapses(const std::int64_t *indptr, const std::int64_t *pre, const T *weights) {
        const std::int64_t blocks = c_.padded / synapse_block;
        std::vector<std::int64_t> place(c_.units), starts(blocks + 1, 0);
        for (std::int64_t p = 0; p < c_.units; ++p) place[unit_at(p)] = p;
        const auto degree = [&](std::int64_t p) {
            return p < c_.units ? indptr[unit_at(p) + 1] - indptr[unit_at(p)] : std::int64_t(0);
        };
        for (std::int64_t b = 0; b < blocks; ++b) {
            std::int64_t most = 0;
            for (int l = 0; l < synapse_block; ++l) most = std::max(most, degree(b * synapse_block + l));
            starts[b + 1] = starts[b] + most;
        }
        starts_ = Aligned<std::int64_t>(blocks + 1);
        std::copy(starts.begin(), starts.end(), &starts_[0]);
        weights_ = Aligned<T>(starts[blocks] * synapse_block);
        pre_ = Aligned<std::uint32_t>(starts[blocks] * synapse_block);
        for (std::int64_t b = 0; b < blocks; ++b)
            for (std::int64_t e = starts[b]; e < starts[b + 1]; ++e)
                for (int l = 0; l < synapse_block; ++l) {
                    const std::int64_t p = b * synapse_block + l, k = e - starts[b];
                    const bool there = k < degree(p);
                    const std::int64_t edge = there ? indptr[unit_at(p)] + k : 0;
                    weights_[e * synapse_block + l] = there ? weights[edge] : T(0);
                    pre_[e * synapse_block + l] = std::uint32_t(there ? place[pre[edge]] : c_.padded);
                }
        c_.starts = starts_.get();
        c_.weights = weights_.get();
        c_.pre = pre_.get();
    }

    const LeakyKernels<T> &kernels_;
    LeakyConstants<T> c_{};
    Aligned<T> rates_, drive_, weights_;
    Aligned<std::int64_t> starts_;
    Aligned<std::int32_t> sources_;
    Aligned<std::uint32_t> pre_, order_;
};

}  // namespace
}  // namespace plashet
