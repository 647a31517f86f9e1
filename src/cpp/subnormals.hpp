// Numbers too small to matter, which would cost much time.
#pragma once

#include <cstdint>

#include "simd.hpp"

namespace plashet::PLASHET_SET {

// While it lives, this thread counts subnormal numbers as zero: a liquid at rest decays through them, and on many
// machines each operation on one costs a hundred ordinary ones. The thread's own setting comes back at the end.
class SubnormalsAreZero {
  public:
#if defined(__SSE2__)
    SubnormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~SubnormalsAreZero() { _mm_setcsr(before_); }

  private:
    unsigned before_;
#elif defined(__aarch64__) && defined(__GNUC__)
    SubnormalsAreZero() {
        __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
        __asm__ volatile("msr fpcr, %0" ::"r"(before_ | (std::uint64_t(1) << 24)));
    }
    ~SubnormalsAreZero() { __asm__ volatile("msr fpcr, %0" ::"r"(before_)); }

  private:
    std::uint64_t before_;
#endif
};

}  // namespace plashet::PLASHET_SET
