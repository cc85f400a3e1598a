/// Speed of every kernel this CPU runs, beside OpenSSL's one-message digests, in
/// GB/s (1e9 bytes): on one thread, then on two at once. Each thread hashes data
/// of its own that its level-2 cache holds. An argument selects the names it is
/// part of.
#include "CDigestLanes.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_THREADS = 2,
    THREAD_BYTES = 512 * 1024,
    PASSES = 16,
    MAX_STATE_BYTES = 4096,
    WINDOWS = 15,
};
static const double window_seconds = 0.02;

typedef struct {
    const cdl_kernel *kernel; ///< Null for OpenSSL's `digest`.
    const EVP_MD *digest;
    uint8_t *data;
    pthread_barrier_t *start;
    double window_rate[WINDOWS];
} job;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Hashes a message in each lane, of the lane's part of the data `PASSES` times
/// over; returns the bytes hashed.
static size_t hash_messages(const job *job) {
    alignas(CDL_STATE_ALIGNMENT) static _Thread_local uint8_t state[MAX_STATE_BYTES];
    uint8_t digest[EVP_MAX_MD_SIZE];
    const cdl_kernel *kernel = job->kernel;
    if (kernel == NULL) {
        EVP_Digest(job->data, THREAD_BYTES, digest, NULL, job->digest, NULL);
        return THREAD_BYTES;
    }
    const size_t lane_bytes = THREAD_BYTES / kernel->lanes;
    const size_t blocks = lane_bytes / kernel->block_bytes - 1;
    const size_t message_bytes = (PASSES * blocks + 1) * kernel->block_bytes;
    const uint8_t *lane_data[CDL_MAX_LANES];
    for (unsigned lane = 0; lane < kernel->lanes; lane++)
        lane_data[lane] = job->data + lane * lane_bytes;
    kernel->init(state);
    for (int pass = 0; pass < PASSES; pass++)
        kernel->advance(state, lane_data, blocks);
    for (unsigned lane = 0; lane < kernel->lanes; lane++) {
        kernel->finish_lane(state, lane, lane_data[lane] + blocks * kernel->block_bytes,
                            kernel->block_bytes, message_bytes, digest);
    }
    return kernel->lanes * message_bytes;
}

static void *run(void *argument) {
    job *const job = argument;
    hash_messages(job);
    for (int window = 0; window < WINDOWS; window++) {
        size_t bytes = 0;
        pthread_barrier_wait(job->start);
        const double begin = seconds();
        double now = begin;
        for (; now < begin + window_seconds; now = seconds())
            bytes += hash_messages(job);
        job->window_rate[window] = 1e-9 * (double)bytes / (now - begin);
    }
    return NULL;
}

/// The threads' rates together in the best window: the machine may be shared.
static double rate(const cdl_kernel *kernel, const EVP_MD *digest, int threads) {
    pthread_t thread[MAX_THREADS];
    job jobs[MAX_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        jobs[i] = (job){kernel, digest, aligned_alloc(64, THREAD_BYTES), &start, {0}};
        memset(jobs[i].data, 0x5a + i, THREAD_BYTES);
        pthread_create(&thread[i], NULL, run, &jobs[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        free(jobs[i].data);
    }
    pthread_barrier_destroy(&start);
    double best = 0;
    for (int window = 0; window < WINDOWS; window++) {
        double sum = 0;
        for (int i = 0; i < threads; i++)
            sum += jobs[i].window_rate[window];
        best = sum > best ? sum : best;
    }
    return best;
}

static void report(const char *name, const cdl_kernel *kernel, const EVP_MD *digest,
                   const char *only) {
    if (only != NULL && strstr(name, only) == NULL)
        return;
    const double one = rate(kernel, digest, 1), two = rate(kernel, digest, 2);
    printf("%-18s %9.2f %9.2f\n", name, one, two);
}

int main(int argc, char **argv) {
    const char *const only = argc > 1 ? argv[1] : NULL;
    const struct {
        cdl_algorithm algorithm;
        const char *openssl_name;
        const EVP_MD *openssl;
    } algorithms[] = {
        {CDL_SHA256, "sha256-openssl", EVP_sha256()},
        {CDL_SHA512, "sha512-openssl", EVP_sha512()},
        {CDL_BLAKE2B, "blake2b-openssl", EVP_blake2b512()},
    };
    printf("%-18s %9s %9s\n", "GB/s", "1 thread", "2 threads");
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        report(algorithms[i].openssl_name, NULL, algorithms[i].openssl, only);
        for (int isa = CDL_ISA_SCALAR; isa <= CDL_ISA_AVX512; isa++) {
            const cdl_kernel *kernel = cdl_find(algorithms[i].algorithm, (cdl_isa)isa);
            if (kernel != NULL)
                report(kernel->name, kernel, NULL, only);
        }
    }
    return 0;
}
