// Rows of a batch in shares, and threads that stay to do them.
//
// Waking a thread that sleeps takes as long as a training step of a small network spends in a kernel. So threads that
// have had work wait for more with open eyes for a little while, giving way to whoever else wants their core, and only
// then sleep. The shares follow from the number of rows alone, and what they sum is added in their order: results do not
// depend on the number of threads, nor on which of them did what.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#endif
#ifndef _WIN32
#include <pthread.h>
#endif

namespace plashet {

// Whole tiles of 16 rows, in at most 8 shares.
class Shares {
  public:
    explicit Shares(std::int64_t rows) : rows_(rows), tiles_((rows + tile - 1) / tile) {}
    std::int64_t count() const { return std::clamp<std::int64_t>(tiles_, 1, most); }
    std::int64_t first(std::int64_t k) const { return k == count() ? rows_ : tile * (tiles_ * k / count()); }

  private:
    static constexpr std::int64_t tile = 16, most = 8;
    std::int64_t rows_, tiles_;
};

class Pool {
  public:
    using Work = std::function<void(std::int64_t)>;

    // The pool of this process; a forked one has none of the threads of its parent, and so gets another.
    static Pool &here() {
        static std::atomic<Pool *> pool{new Pool};  // never destroyed: its threads may outlive main
#ifndef _WIN32
        static const int watched = pthread_atfork(nullptr, nullptr, [] { pool = new Pool; });
        (void)watched;
#endif
        return *pool;
    }

    // work(k) for all k < count on at most `threads` threads, this one among them. Throws what the first k threw. work
    // itself must not call each.
    void each(std::int64_t count, std::int64_t threads, const Work &work) {
        const std::int64_t helpers = std::min(count, threads) - 1;
        std::unique_lock<std::mutex> mine(one_at_a_time_, std::defer_lock);
        if (helpers < 1 || !mine.try_lock()) {  // the pool works for another thread: it would only stand in its way
            for (std::int64_t k = 0; k < count; ++k) work(k);
            return;
        }
        Job job{work, count};
        begin(job, helpers);
        job.take();
        end();
        if (job.error) std::rethrow_exception(job.error);
    }

  private:
    struct Job {
        const Work &work;
        const std::int64_t count;
        std::atomic<std::int64_t> next{0};
        std::mutex failing;
        std::int64_t failed{0};
        std::exception_ptr error{};

        void take() {
            for (std::int64_t k; (k = next++) < count;) try {
                    work(k);
                } catch (...) {
                    const std::lock_guard<std::mutex> hold(failing);
                    if (!error || k < failed) failed = k, error = std::current_exception();
                }
        }
    };

    void begin(Job &job, std::int64_t helpers) {
        const std::lock_guard<std::mutex> hold(state_);
        try {
            for (; threads_ < helpers; ++threads_) std::thread([this] { serve(); }).detach();
        } catch (const std::system_error &) {  // no more threads are to be had: fewer do
        }
        job_ = &job, room_ = helpers;
        ++turn_;
        if (asleep_) wake_.notify_all();
    }

    void end() {
        {
            const std::lock_guard<std::mutex> hold(state_);
            job_ = nullptr;  // who comes late finds nothing
        }
        if (watch([this] { return inside_ == 0; })) return;
        std::unique_lock<std::mutex> hold(state_);
        left_.wait(hold, [this] { return inside_ == 0; });
    }

    void serve() {
        for (std::uint64_t seen = 0;;) {
            const auto called = [this, &seen] { return turn_ != seen; };
            const bool awake = watch(called);
            std::unique_lock<std::mutex> hold(state_);
            if (!awake) {
                ++asleep_;
                wake_.wait(hold, called);
                --asleep_;
            }
            seen = turn_;
            if (!job_ || room_ == 0) continue;
            Job &job = *job_;
            --room_, ++inside_;
            hold.unlock();
            job.take();
            hold.lock();
            if (--inside_ == 0) left_.notify_one();
        }
    }

    // Looks until something holds or a little while has passed; whether it holds.
    template <class F>
    static bool watch(F holds) {
        using Clock = std::chrono::steady_clock;
        constexpr auto little = std::chrono::microseconds(1000);
        for (const Clock::time_point until = Clock::now() + little; Clock::now() < until; std::this_thread::yield())
            for (int k = 0; k < 64; ++k) {
                if (holds()) return true;
                rest();
            }
        return holds();
    }

    static void rest() {
#if defined(__SSE2__) || defined(_M_X64)
        _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
        __asm__ __volatile__("yield");
#endif
    }

    std::mutex one_at_a_time_, state_;
    std::condition_variable wake_, left_;
    std::atomic<std::uint64_t> turn_{0};
    std::atomic<std::int64_t> inside_{0};
    std::int64_t threads_ = 0, asleep_ = 0, room_ = 0;  // these and job_ only with state_ held
    Job *job_ = nullptr;
};

}  // namespace plashet
