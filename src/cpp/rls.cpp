// Recursive least squares: the information of many rows in one matrix, moved a row at a time, in place.
//
// P is row-major (D, D) and only its lower triangle is kept; W and the prior W0 are (D, M). A credited row does
//     R <- lam R + omega x x' + sum_i q_i e_i e_i'          (R = P^-1; e_i the next coordinates of the cycle)
// as one sweep p = P x and one sweep of rank 1 + L over the triangle. learn/rls.py has the meaning and the source.

#include <cmath>
#include <cstdint>
#include <limits>
#include <iterator>
#include <memory>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "leaky.hpp"
#include "rls.hpp"

namespace nb = nanobind;

namespace plashet {

#define PLASHET_EACH(set)              \
    namespace set {                    \
    const RlsSweeps &rls_sweeps();     \
    const InstructionSet &instruction_set(); \
    }
#include "instruction_sets.inc"
#undef PLASHET_EACH

namespace {

enum Book { CLOCK, CREDITED, TURN, ROWS, SKIPPED };
// What a row came to. STALE: too much time to pay back by rank-one steps, nothing was done. LOST: P was found not
// to be positive definite, nothing was done. BROKEN: the row was learnt, but P lost its definiteness in it.
// INFINITE: some target is infinite, nothing was done to any row.
enum Outcome { DONE, STALE, LOST, BROKEN, INFINITE };
constexpr double LARGEST = 1e100;     // features from here on (and NaN) are not learnt
constexpr double STALE_AFTER = 0.5;  // decay exponent of one credit above which forgetting is done exactly, by LAPACK

struct Sizes {
    int64_t d, m;
};

// The sweeps for the fastest instruction set of this machine.
const RlsSweeps &fastest() {
    static const RlsSweeps *const found = [] {
        const std::pair<const InstructionSet *, const RlsSweeps *> sets[] = {
#define PLASHET_EACH(set) {&set::instruction_set(), &set::rls_sweeps()},
#include "instruction_sets.inc"
#undef PLASHET_EACH
        };
        for (const auto &[set, sweeps] : sets)
            if (set->runs_here()) return sweeps;
        return std::end(sets)[-1].second;
    }();
    return *found;
}

double dot(const double *__restrict a, const double *__restrict b, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
    return s;
}

// guess = x' W
void answer(const double *__restrict w, const double *__restrict x, double *__restrict guess, Sizes s) {
    if (s.m == 1) {
        double sum = 0;
        for (int64_t i = 0; i < s.d; i++) sum += w[i] * x[i];
        guess[0] = sum;
        return;
    }
    for (int64_t o = 0; o < s.m; o++) guess[o] = 0;
    for (int64_t i = 0; i < s.d; i++)
        for (int64_t o = 0; o < s.m; o++) guess[o] += x[i] * w[i * s.m + o];
}

// W <- W + sum_l v_l coef_l'
void teach(double *__restrict w, const double *__restrict v, const double *__restrict coef, int64_t n, Sizes s) {
    for (int64_t l = 0; l < n; l++) {
        const double *__restrict vl = v + l * s.d, *__restrict cl = coef + l * s.m;
        if (s.m == 1) {
            const double c = cl[0];
            for (int64_t i = 0; i < s.d; i++) w[i] += vl[i] * c;
        } else {
            for (int64_t i = 0; i < s.d; i++)
                for (int64_t o = 0; o < s.m; o++) w[i * s.m + o] += vl[i] * cl[o];
        }
    }
}

struct Knowledge {
    double *p, *w;
    const double *prior;
    double *paid;   // (D,) when each coordinate was last paid its penalty [s]
    double *tally;  // (2, M) the least objective, and the weight of the labels
    double *book;
    double rate, penalty, bias_penalty;  // rate = 1 / memory
    Sizes size;
    const RlsSweeps *sweeps;
};

struct Scratch {
    std::unique_ptr<double[]> row, room;
    double *x, *error, *g = nullptr, *v = nullptr, *coef = nullptr;
    int64_t most = -1;  // the most payments that there is room for
    Sizes size;
    explicit Scratch(Sizes s) : row(new double[s.d + s.m]), x(row.get()), error(x + s.d), size(s) {}
    void reserve(int64_t payments) {
        if (payments <= most) return;
        most = payments;
        room.reset(new double[(most + 1) * (size.d + size.m + 1)]);
        g = room.get();
        v = g + most + 1;
        coef = v + (most + 1) * size.d;
    }
};

// Columns first ... first + count - 1 of the symmetric P, times scale: (count, d). They are neighbours in memory.
void columns(const double *__restrict p, int64_t first, int64_t count, double scale, double *__restrict c, int64_t d) {
    for (int64_t l = 0; l < count; l++)
        for (int64_t j = 0; j < first + l; j++) c[l * d + j] = scale * p[(first + l) * d + j];
    for (int64_t j = first; j < d; j++) {
        const int64_t below = j - first + 1 < count ? j - first + 1 : count;
        for (int64_t l = 0; l < below; l++) c[l * d + j] = scale * p[j * d + first + l];
    }
}

// The penalties that the next coordinates of the cycle lost, as rank-one terms 1...payments after the row's own.
void pay_back(const Knowledge &k, Scratch &r, int64_t payments, double scale) {
    const int64_t d = k.size.d, m = k.size.m, first = static_cast<int64_t>(k.book[TURN]);
    const double now = k.book[CREDITED];
    const int64_t wrapped = first + payments > d ? first + payments - d : 0;
    columns(k.p, first, payments - wrapped, scale, r.v + d, d);
    columns(k.p, 0, wrapped, scale, r.v + (1 + payments - wrapped) * d, d);
    for (int64_t n = 1; n <= payments; n++) {
        const int64_t i = (first + n - 1) % d;
        const double full = i + 1 == d ? k.bias_penalty : k.penalty;
        const double q = -full * std::expm1(-(now - k.paid[i]) * k.rate);  // 0 if it was paid just now: then no term
        double *__restrict c = r.v + n * d, *__restrict coef = r.coef + n * m;
        for (int64_t l = 0; l < n; l++) {
            const double *__restrict vl = r.v + l * d;
            const double t = r.g[l] * vl[i];
            for (int64_t j = 0; j < d; j++) c[j] -= t * vl[j];
        }
        r.g[n] = q / (1 + q * c[i]);
        for (int64_t o = 0; o < m; o++) {
            double away = k.w[i * m + o] - k.prior[i * m + o];
            for (int64_t l = 0; l < n; l++) away += r.v[l * d + i] * r.coef[l * m + o];
            coef[o] = -r.g[n] * away;
            k.tally[o] += r.g[n] * away * away;
        }
        k.paid[i] = now;
    }
    k.book[TURN] = static_cast<double>((first + payments) % d);
}

// The first label of a row: the information moves, and what is not labelled is taken to be what the model says.
Outcome credit_first(const Knowledge &k, Scratch &r, const double *y, double *taken, double *labelled, double time) {
    const int64_t d = k.size.d, m = k.size.m;
    const double now = k.book[CLOCK];
    if (k.book[ROWS] == 0) {  // nothing was learnt yet, so nothing can have been forgotten
        k.book[CREDITED] = now;
        for (int64_t i = 0; i < d; i++) k.paid[i] = now;
    }
    const double decay = std::fmax((now - k.book[CREDITED]) * k.rate, 0.0);
    if (decay > STALE_AFTER) return STALE;
    const auto payments = static_cast<int64_t>(std::ceil(static_cast<double>(d) * decay));
    r.reserve(payments);
    k.sweeps->multiply(k.p, r.x, r.v, d);
    answer(k.w, r.x, r.error, k.size);
    const double h = dot(r.x, r.v, d);
    bool sound = true;
    for (int64_t i = 0; i < d; i++) sound &= std::fabs(r.x[i]) < LARGEST;
    if (!sound) {
        k.book[SKIPPED]++;
        return DONE;
    }
    if (!(h > 0 && std::isfinite(h))) return LOST;
    const double lam = std::exp(-decay), omega = std::exp(-(now - time) * k.rate), gain = omega / (lam + omega * h);
    r.g[0] = gain / lam;
    for (int64_t o = 0; o < m; o++) {
        const bool label = !std::isnan(y[o]);
        taken[o] = label ? y[o] : r.error[o];
        labelled[o] = label;
        const double e = taken[o] - r.error[o];
        r.coef[o] = gain * e;
        k.tally[o] = lam * (k.tally[o] + gain * e * e);
        k.tally[m + o] = lam * k.tally[m + o] + label * omega;
    }
    k.book[CREDITED] = now;
    k.book[ROWS]++;
    pay_back(k, r, payments, 1 / lam);
    teach(k.w, r.v, r.coef, 1 + payments, k.size);
    return k.sweeps->downdate(k.p, 1 / lam, r.g, r.v, 1 + payments, d) ? DONE : BROKEN;
}

// A further label of a row whose information is in P already: only the right-hand side lacked it.
void credit_again(const Knowledge &k, Scratch &r, const double *y, double *taken, double *labelled, double time) {
    const int64_t d = k.size.d, m = k.size.m;
    const double omega = std::exp(-(k.book[CREDITED] - time) * k.rate);
    r.reserve(0);
    k.sweeps->multiply(k.p, r.x, r.v, d);
    answer(k.w, r.x, r.error, k.size);
    const double left = 1 - omega * dot(r.x, r.v, d);
    for (int64_t o = 0; o < m; o++) {
        r.coef[o] = 0;
        if (std::isnan(y[o])) continue;
        const double more = y[o] - taken[o];
        r.coef[o] = omega * more;
        k.tally[o] = std::fmax(k.tally[o] + omega * more * (2 * (taken[o] - r.error[o]) + left * more), 0.0);
        k.tally[m + o] += labelled[o] ? 0 : omega;
        taken[o] = y[o];
        labelled[o] = 1;
    }
    teach(k.w, r.v, r.coef, 1, k.size);
}

// One row in whatever condition. taken: NaN while the row was never credited.
Outcome credit_row(const Knowledge &k, Scratch &r, const double *y, double *taken, double *labelled, double time) {
    bool any = false;
    for (int64_t o = 0; o < k.size.m; o++) any |= !std::isnan(y[o]);
    if (!any) return DONE;
    if (std::isnan(taken[0])) return credit_first(k, r, y, taken, labelled, time);
    credit_again(k, r, y, taken, labelled, time);
    return DONE;
}

// Whether some target cannot be squared. Looked at before anything is learnt, so that an error costs nothing.
bool infinite(const double *y, int64_t n) {
    bool found = false;
    for (int64_t i = 0; i < n; i++) found |= !(std::isnan(y[i]) || std::isfinite(y[i] * y[i]));
    return found;
}

using Mine = nb::ndarray<double, nb::c_contig, nb::device::cpu>;
using Theirs = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Features = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;  // float32 or float64

struct Rows {  // features, widened and augmented by the constant one row at a time
    const void *data;
    bool wide;
    int64_t n, f;
    Rows(const Features &x, int64_t d) : data(x.data()), wide(x.dtype().bits == 64), n(1), f(d - 1) {
        for (size_t axis = 0; axis + 1 < x.ndim(); axis++) n *= static_cast<int64_t>(x.shape(axis));  // f may be 0
    }
    void load(int64_t row, double *x) const {
        if (wide) {
            const double *from = static_cast<const double *>(data) + row * f;
            for (int64_t i = 0; i < f; i++) x[i] = from[i];
        } else {
            const float *from = static_cast<const float *>(data) + row * f;
            for (int64_t i = 0; i < f; i++) x[i] = from[i];
        }
        x[f] = 1;
    }
};

Knowledge knowledge(Mine &p, Mine &w, Theirs &prior, Mine &paid, Mine &tally, Mine &book, double rate, double penalty,
                    double bias_penalty) {
    const Sizes size{static_cast<int64_t>(p.shape(0)), static_cast<int64_t>(w.shape(1))};
    return {p.data(),    w.data(), prior.data(), paid.data(),  tally.data(),
            book.data(), rate,     penalty,      bias_penalty, size, &fastest()};
}

// The rows of one tick. Returns outcome + 8 * row: DONE after the last, else the row that wants help.
int64_t rls_credit(Mine p, Mine w, Theirs prior, Mine paid, Mine tally, Mine book, double rate, double penalty,
                   double bias_penalty, Features x, Theirs y, Mine taken, double time, int64_t first) {
    const Knowledge k = knowledge(p, w, prior, paid, tally, book, rate, penalty, bias_penalty);
    const int64_t m = k.size.m;
    const Rows rows(x, k.size.d);
    if (first == 0 && infinite(y.data(), rows.n * m)) return INFINITE;
    Scratch r(k.size);
    for (int64_t i = first; i < rows.n; i++) {
        rows.load(i, r.x);
        const Outcome is = credit_row(k, r, y.data() + i * m, taken.data() + i * m, taken.data() + (rows.n + i) * m, time);
        if (is != DONE) return is + 8 * i;
    }
    return DONE;
}

// Ticks of one row each, moving the clock to times[t]. Returns outcome + 8 * t as above.
int64_t rls_absorb(Mine p, Mine w, Theirs prior, Mine paid, Mine tally, Mine book, double rate, double penalty,
                   double bias_penalty, Features x, Theirs y, Theirs times, int64_t first) {
    const Knowledge k = knowledge(p, w, prior, paid, tally, book, rate, penalty, bias_penalty);
    const int64_t m = k.size.m;
    const Rows rows(x, k.size.d);
    if (first == 0 && infinite(y.data(), rows.n * m)) return INFINITE;
    Scratch r(k.size);
    const std::unique_ptr<double[]> taken(new double[2 * m]);
    for (int64_t t = first; t < rows.n; t++) {
        k.book[CLOCK] = times.data()[t];
        rows.load(t, r.x);
        taken[0] = std::numeric_limits<double>::quiet_NaN();
        const Outcome is = credit_row(k, r, y.data() + t * m, taken.get(), taken.get() + m, k.book[CLOCK]);
        if (is != DONE) return is + 8 * t;
    }
    return DONE;
}

}  // namespace
}  // namespace plashet

void bind_rls(nb::module_ &m) {
    using namespace plashet;
    using nb::arg;
    m.def("rls_credit", &rls_credit, arg("p").noconvert(), arg("w").noconvert(), arg("prior").noconvert(),
          arg("paid").noconvert(), arg("tally").noconvert(), arg("book").noconvert(), arg("rate"), arg("penalty"),
          arg("bias_penalty"), arg("x").noconvert(), arg("y").noconvert(), arg("taken").noconvert(), arg("time"),
          arg("first"), nb::call_guard<nb::gil_scoped_release>());
    m.def("rls_absorb", &rls_absorb, arg("p").noconvert(), arg("w").noconvert(), arg("prior").noconvert(),
          arg("paid").noconvert(), arg("tally").noconvert(), arg("book").noconvert(), arg("rate"), arg("penalty"),
          arg("bias_penalty"), arg("x").noconvert(), arg("y").noconvert(), arg("times").noconvert(), arg("first"),
          nb::call_guard<nb::gil_scoped_release>());
}
