// The extension module plashet._kernels: each file NAME.cpp beside this one defines bind_NAME, and bindings.inc, which
// CMake writes, lists them.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

#define PLASHET_EACH(name) void bind_##name(nanobind::module_ &m);
#include "bindings.inc"
#undef PLASHET_EACH

NB_MODULE(_kernels, m) {
    nb::set_leak_warnings(false);  // a liquid in a module variable lives until the interpreter is gone; that is no leak
    m.doc() = "Compiled kernels. They take arrays, hold no state, and write no globals.";
#define PLASHET_EACH(name) bind_##name(m);
#include "bindings.inc"
#undef PLASHET_EACH
}
