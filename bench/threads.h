/* SPDX-License-Identifier: GPL-2.0 */
/*
 * threads.h - what programs of several threads share: they meet, and read the clock
 */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include <pthread.h>

#include "memory.h"

static pthread_barrier_t barrier;

static inline void expect(unsigned long threads)
{
	if (pthread_barrier_init(&barrier, NULL, (unsigned int)threads))
		errx(1, "cannot make a barrier");
}

/* All of them; the first to pass reads the clock. */
static inline void meet(unsigned long *time)
{
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		*time = now();
	pthread_barrier_wait(&barrier);
}

#endif
