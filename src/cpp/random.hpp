// Random numbers that depend on where they are used, not on what was drawn before: Philox4x32-10 of Salmon, Moraes, Dror
// & Shaw 2011, Parallel Random Numbers: As Easy as 1, 2, 3. One block of 128 bits for each (seed, key, step, block).
#pragma once

#include <cstdint>

namespace plashet {

struct Block {
    std::uint32_t word[4];
};

inline Block philox(Block counter, std::uint64_t seed) {
    std::uint32_t k0 = std::uint32_t(seed), k1 = std::uint32_t(seed >> 32);
    std::uint32_t *c = counter.word;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t(0xD2511F53u) * c[0], b = std::uint64_t(0xCD9E8D57u) * c[2];
        const Block next = {{std::uint32_t(b >> 32) ^ c[1] ^ k0, std::uint32_t(b), std::uint32_t(a >> 32) ^ c[3] ^ k1,
                             std::uint32_t(a)}};
        counter = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return counter;
}

// n numbers of a row (key) at a grid step: uniform in [0, 1) with 53 bits, or normal (Box & Muller), two from each block.
void uniforms(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t n, double *out);
void normals(std::uint64_t seed, std::int64_t key, std::int64_t step, std::int64_t n, double *out);

}  // namespace plashet
