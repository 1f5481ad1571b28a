// SPDX-License-Identifier: GPL-2.0
/*
 * torture - do random things to memory while it is demoted, and miss no byte
 *
 * Two processes share memory by fork. In each of them threads write to it, read it,
 * remap it, pin it, fork, and so on, in all ways that the kernel has, also in the
 * other process. One more thread in each demotes it all the time. After some seconds
 * the second process ends, and the first forks another one.
 *
 * The table, which is not demoted, has the checksum of each page. A page's lock is held
 * by whoever changes or checks it, so there is no doubt about what must be there. A
 * checksum follows each change by what was there and what will be, so that it never
 * makes up for a wrong byte. Advice to the kernel that leaves contents alone is given
 * without locks.
 *
 * The first wrong byte ends all with status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Newer than Debian 12's headers */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* From mm/gup_test.h */
struct pin_longterm_test {
	uint64_t addr;
	uint64_t size;
	uint32_t flags;
};

#define PIN_LONGTERM_TEST_START	_IOW('g', 7, struct pin_longterm_test)
#define PIN_LONGTERM_TEST_STOP	_IO('g', 8)
#define PIN_LONGTERM_TEST_READ	_IOW('g', 9, uint64_t)

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define HUGE_PAGES (HUGE / PAGE)
#define WORDS (PAGE / sizeof(uint64_t))
#define GOLDEN 0x9e3779b97f4a7c15

#define MAX_THREADS 16
#define MAX_OPS 64
#define HOT_PAGES 32		/* of which there is always one in four operations */
#define FEW 4			/* pages at most in one system call */
#define MANY 64
#define ROUND_MS 5000		/* at least; five times as much at most */
#define PROGRESS_MS 30000

static const char usage[] =
"usage: torture [-m MIB] [-t THREADS] [-T SECONDS] [-s SEED] [-f FILE] [-x OPERATION]... [-e]\n"
"  -m  how much memory (48)\n"
"  -t  how many threads in each of two processes (8)\n"
"  -T  how long (60)\n"
"  -s  where random numbers begin (1)\n"
"  -f  do direct I/O to the first 512 KiB of this block device\n"
"  -x  leave out this operation, as it is called in the summary\n"
"  -e  flip a bit half way, and end with status 1 because of that\n";

/* ---- What is where ---- */

struct page {
	pthread_mutex_t lock;
	uint64_t key;		/* what it was filled with last; 0: zeroes */
	uint64_t sum;		/* checksum */
	uint64_t history;	/* operations on it, each a byte, last first */
};

static struct {
	atomic_bool stop;	/* this round is over */
	atomic_bool failing;	/* somebody tells why */
	atomic_bool failed;	/* and has told */
	atomic_uint ended;	/* processes whose threads have */
	atomic_ulong version;
	atomic_ulong verified;
	atomic_ulong children;
	atomic_ulong demotions;
	atomic_ulong done[MAX_OPS];
	atomic_ulong refused[MAX_OPS];
	atomic_ulong flip_at;	/* in milliseconds; 0: not, or not again */
	pid_t pid[2];
} *shared;

static struct {
	void *base;		/* the same in both processes */
	void *scratch;		/* HUGE for each thread */
	unsigned long pages;
	struct page *page[2];	/* of each process */
	uint64_t zero_sum;
	unsigned long hot;	/* the first of HOT_PAGES */
	unsigned int threads;
	unsigned int round;
	uint64_t seed;
	unsigned long began;
	unsigned long end;	/* both in milliseconds */
	int me;			/* which process */
	atomic_bool go;		/* all threads are there */
	int memory[2];		/* /proc/PID/mem */
	int pin;		/* debugfs: gup_test */
	int demote;		/* debugfs: spm/demote */
	int direct;		/* block device */
} torture;

struct thread {
	_Alignas(4096) uint64_t buffer[FEW * WORDS];
	_Alignas(4096) uint64_t bounce[FEW * WORDS];
	struct page snapshot[MANY];
	unsigned int id;
	const struct op *op;
	const void *data;	/* where what was checked can be read until it changes */
	uint64_t random;
	pthread_t thread;
	pid_t child;
	int pipe[2];
};

static struct thread threads[MAX_THREADS];

/* Neighbouring pages of a process */
struct span {
	int process;
	unsigned long first;
	unsigned long count;
};

/* Contents on their way from a buffer to a process's memory, or from there */
struct io {
	struct thread *t;
	bool in;
	int process;
	void *at;
	void *buffer;
	size_t size;
};

struct op {
	const char *name;
	unsigned int weight;
	/* false: the kernel has refused, as it may */
	bool (*run)(struct thread *t, const struct span *s);
	unsigned int max;	/* how many pages; 0: any number */
	unsigned int huge;	/* what may be a huge page, one in so many times */
	void (*copy)(const struct io *io);
	int advice;
	bool remote;		/* can be done to the other process */
	bool atomic;
	bool unlocked;		/* contents don't matter */
	bool unchecked;		/* before and afterwards */
};

static struct op ops[MAX_OPS];

static unsigned long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000UL + ts.tv_nsec / 1000000;
}

/* Without stdio's locks, which a thread that a child lacks may hold. */
#define say(format, ...) \
	dprintf(STDOUT_FILENO, "[%3lu s] " format "\n", \
		(now() - torture.began) / 1000, ##__VA_ARGS__)

#define die(format, ...) do { \
	fail_begin(); \
	say("process %d: " format, torture.me, ##__VA_ARGS__); \
	fail_end(); \
} while (0)

/* Where to wait for something, unless somebody has failed */
static void must_go_on(void)
{
	if (shared->failed)
		_exit(1);
	usleep(1000);
}

/* Only one may tell that and why all ends. */
static void fail_begin(void)
{
	while (shared && atomic_exchange(&shared->failing, true))
		must_go_on();
}

static void fail_end(void)
{
	if (shared)
		shared->failed = true;
	_exit(1);
}

static long ok(const char *what, long rc)
{
	if (rc < 0)
		die("%s: %s", what, strerror(errno));
	return rc;
}

static void complete(const char *what, size_t have, size_t want)
{
	if (have != want)
		die("%s: %zd of %zu: %s", what, have, want, strerror(errno));
}

static void *map(void *at, size_t size, int prot, int flags)
{
	return (void *)ok("mmap", (long)mmap(at, size, prot, flags | MAP_ANONYMOUS, -1, 0));
}

/* ---- Random numbers, contents, checksums ---- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* splitmix64 */
static uint64_t random_next(struct thread *t)
{
	return mix(t->random += GOLDEN);
}

static unsigned long random_below(struct thread *t, unsigned long n)
{
	return random_next(t) % n;
}

static bool one_in(struct thread *t, unsigned long n)
{
	return !random_below(t, n);
}

/* Small numbers are likelier. Return: 1 to @max */
static unsigned long random_size(struct thread *t, unsigned long max)
{
	unsigned int bits = random_below(t, 64 - __builtin_clzl(max));

	return 1 + random_below(t, bits ? 1UL << bits : 1);
}

static uint64_t word_sum(uint64_t word, size_t i)
{
	return mix(word + i * GOLDEN);
}

static uint64_t sum_of(const void *page)
{
	const uint64_t *word = page;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < WORDS; i++)
		sum += word_sum(word[i], i);
	return sum;
}

/* Half of a page shows its key. */
static uint64_t key_word(uint64_t key, size_t i)
{
	return !key || i & 8 ? key : mix(key + i * GOLDEN);
}

/* New contents. Some pages are the same as others, for KSM. */
static void renew(struct thread *t, struct page *page, uint64_t *data)
{
	size_t i;

	page->key = one_in(t, 8) ? 1 + random_below(t, 4) :
				   ++shared->version << 16 | torture.me;
	for (i = 0; i < WORDS; i++)
		data[i] = key_word(page->key, i);
	page->sum = sum_of(data);
}

/* ---- Spans of pages ---- */

/* At most @max pages, of this process; one in @huge is, or may become, a huge page. */
static struct span span_pick(struct thread *t, unsigned long max, unsigned int huge)
{
	struct span s = { .process = torture.me, .count = random_size(t, max) };

	s.first = one_in(t, 4) ? torture.hot + random_below(t, HOT_PAGES) :
				 random_below(t, torture.pages);
	if (s.count > torture.pages - s.first)
		s.count = torture.pages - s.first;
	if (huge && one_in(t, huge)) {
		s.first -= s.first % HUGE_PAGES;
		s.count = HUGE_PAGES;
	}
	return s;
}

static struct page *page_of(const struct span *s, unsigned long i)
{
	return &torture.page[s->process][s->first + i];
}

static void *start(const struct span *s)
{
	return torture.base + s->first * PAGE;
}

static size_t size(const struct span *s)
{
	return s->count * PAGE;
}

static void span_lock(const struct span *s)
{
	unsigned long i;

	for (i = 0; i < s->count; i++)
		complete("pthread_mutex_lock", pthread_mutex_lock(&page_of(s, i)->lock), 0);
}

static void span_unlock(struct thread *t, const struct span *s)
{
	struct page *page;
	unsigned long i;

	for (i = 0; i < s->count; i++) {
		page = page_of(s, i);
		page->history = page->history << 8 | (t->op - ops);
		pthread_mutex_unlock(&page->lock);
	}
}

static void span_zero(const struct span *s)
{
	unsigned long i;

	for (i = 0; i < s->count; i++) {
		page_of(s, i)->key = 0;
		page_of(s, i)->sum = torture.zero_sum;
	}
}

/* New contents for a whole span, at most FEW pages, are left in the buffer. */
static void span_renew(struct thread *t, const struct span *s)
{
	unsigned long i;

	for (i = 0; i < s->count; i++)
		renew(t, page_of(s, i), t->buffer + i * WORDS);
}

/* New contents for some of its words are left in the buffer. @data: the old ones */
static void span_change(struct thread *t, const struct span *s, const uint64_t *data,
			size_t *first, size_t *count)
{
	size_t i;

	*first = random_below(t, s->count * WORDS);
	*count = random_size(t, s->count * WORDS - *first);
	for (i = *first; i < *first + *count; i++) {
		t->buffer[i] = random_next(t);
		page_of(s, i / WORDS)->sum += word_sum(t->buffer[i], i % WORDS) -
					      word_sum(data[i], i % WORDS);
	}
}

/* ---- Checking ---- */

static uint64_t entry_of(const char *file, unsigned long index)
{
	uint64_t entry = 0;
	int fd = open(file, O_RDONLY);

	if (fd >= 0 && pread(fd, &entry, sizeof(entry), index * sizeof(entry)) < 0)
		entry = 0;
	close(fd);
	return entry;
}

static void say_where(void *at)
{
	int node = -1;
	uint64_t entry = entry_of("/proc/self/pagemap", (unsigned long)at / PAGE);
	uint64_t pfn = entry & ((1UL << 55) - 1);

	syscall(SYS_move_pages, 0, 1, &at, NULL, &node, 0);
	say("at %p, node %d, pagemap %#lx, kpageflags %#lx, kpagecount %lu", at, node, entry,
	    entry_of("/proc/kpageflags", pfn), entry_of("/proc/kpagecount", pfn));
}

/* What is in a page, which may have been something else's */
static void say_contents(const struct page *page, const uint64_t *data)
{
	unsigned int zeroes = 0, fit = 0;
	size_t i;

	for (i = 0; i < WORDS; i++) {
		zeroes += !data[i];
		fit += data[i] == key_word(page->key, i);
	}
	say("its key was %#lx, and is %#lx; %u words of %lu fit it, %u are zeroes", page->key,
	    data[8], fit, WORDS, zeroes);
}

static void say_history(const struct page *page)
{
	char text[256];
	int i, n = 0;

	for (i = 0; i < 8; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%s", i ? ", " : "",
			      ops[page->history >> i * 8 & (MAX_OPS - 1)].name);
	say("operations on it, last first: %s", text);
}

static void page_wrong(struct thread *t, const struct span *s, unsigned long i, void *data)
{
	const struct page *page = page_of(s, i);

	fail_begin();
	say("page %lu of process %d is wrong: checksum %#lx, not %#lx", s->first + i, s->process,
	    sum_of(data), page->sum);
	say("found by process %d, pid %d, thread %u, in %s", torture.me, getpid(), t->id,
	    t->op->name);
	say_contents(page, data);
	say_history(page);
	say_where(data);
	usleep(100000);
	say("it is %s now", sum_of(data) == page->sum ? "right" : "wrong");
	fail_end();
}

/* A locked span, which is, or was copied to, @data */
static void span_check_at(struct thread *t, const struct span *s, void *data)
{
	unsigned long i;

	t->data = data;
	for (i = 0; i < s->count; i++, data += PAGE)
		if (sum_of(data) != page_of(s, i)->sum)
			page_wrong(t, s, i, data);
	shared->verified += s->count;
}

/* ---- Ways to get contents to and from pages ---- */

static void by_cpu(const struct io *io)
{
	memcpy(io->at, io->buffer, io->size);
}

static void by_pipe(const struct io *io)
{
	int *pipe = io->t->pipe;

	complete("write to a pipe", write(pipe[1], io->in ? io->buffer : io->at, io->size),
		 io->size);
	complete("read from a pipe", read(pipe[0], io->in ? io->at : io->buffer, io->size),
		 io->size);
}

static void by_vmsplice(const struct io *io)
{
	struct iovec from = { .iov_base = io->at, .iov_len = io->size };

	complete("vmsplice", vmsplice(io->t->pipe[1], &from, 1, 0), io->size);
	complete("read from a pipe", read(io->t->pipe[0], io->buffer, io->size), io->size);
}

static void by_process_vm(const struct io *io)
{
	struct iovec here = { .iov_base = io->buffer, .iov_len = io->size };
	struct iovec there = { .iov_base = io->at, .iov_len = io->size };

	complete("process_vm", (io->in ? process_vm_writev : process_vm_readv)
		 (shared->pid[io->process], &here, 1, &there, 1, 0), io->size);
}

static void by_memory_file(const struct io *io)
{
	int fd = torture.memory[io->process];
	off_t at = (off_t)io->at;

	complete("/proc/PID/mem", io->in ? pwrite(fd, io->buffer, io->size, at) :
					   pread(fd, io->buffer, io->size, at), io->size);
}

/* Each thread has its part of the device. */
static void by_device(const struct io *io)
{
	off_t at = (torture.me * MAX_THREADS + io->t->id) * FEW * PAGE;

	complete("direct write", pwrite(torture.direct, io->in ? io->buffer : io->at,
					io->size, at), io->size);
	complete("direct read", pread(torture.direct, io->in ? io->at : io->buffer,
				      io->size, at), io->size);
}

/* ---- Operations that read and write ---- */

static void span_load(struct thread *t, const struct span *s, void (*copy)(const struct io *io))
{
	copy(&(struct io){ t, false, s->process, start(s), t->bounce, size(s) });
	span_check_at(t, s, t->bounce);
}

static void span_check(struct thread *t, const struct span *s)
{
	if (s->process == torture.me)
		span_check_at(t, s, start(s));
	else
		span_load(t, s, by_process_vm);
}

/* Give a span, which is at @at now, and was checked, other contents: all or in part. */
static void span_store(struct thread *t, const struct span *s, void *at)
{
	struct io io = { t, true, s->process, at, t->buffer, size(s) };
	size_t first, count;

	if (t->op->copy == by_device || one_in(t, 2)) {
		span_renew(t, s);
	} else {
		span_change(t, s, t->data, &first, &count);
		io.at += first * sizeof(uint64_t);
		io.buffer += first * sizeof(uint64_t);
		io.size = count * sizeof(uint64_t);
	}
	t->op->copy(&io);
}

static bool do_verify(struct thread *t, const struct span *s)
{
	span_check(t, s);
	return true;
}

static bool do_store(struct thread *t, const struct span *s)
{
	span_store(t, s, start(s));
	return true;
}

static bool do_load(struct thread *t, const struct span *s)
{
	span_load(t, s, t->op->copy);
	return true;
}

/* Invert a word of the first page without a look at the rest of it. */
static bool do_word(struct thread *t, const struct span *s)
{
	size_t i = random_below(t, WORDS);
	volatile uint64_t *word = (uint64_t *)start(s) + i;
	uint64_t have;

	if (t->op->atomic) {	/* a write comes first */
		have = __atomic_fetch_xor(word, ~0UL, __ATOMIC_SEQ_CST);
	} else {
		have = *word;
		*word = ~have;
	}
	page_of(s, 0)->sum += word_sum(~have, i) - word_sum(have, i);
	return true;
}

/* ---- Operations that lose contents, or move them ---- */

static void demote_range(pid_t pid, void *from, size_t size)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "%d %p %p", pid, from, from + size);

	if (write(torture.demote, line, n) == n)
		shared->demotions++;
	else if (errno != ESRCH && errno != EINTR)
		die("'%s' to spm/demote: %s", line, strerror(errno));
}

static void span_demote(struct thread *t, const struct span *s, void *at)
{
	if (one_in(t, 2))
		demote_range(getpid(), at, size(s));
	else if (one_in(t, 2))
		madvise(at, size(s), MADV_PAGEOUT);
}

static bool do_dontneed(struct thread *t, const struct span *s)
{
	(void)t;
	ok("MADV_DONTNEED_LOCKED", madvise(start(s), size(s), MADV_DONTNEED_LOCKED));
	span_zero(s);
	return true;
}

static bool do_map(struct thread *t, const struct span *s)
{
	(void)t;
	map(start(s), size(s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED);
	span_zero(s);
	return true;
}

/* Each page keeps its contents or becomes zeroes, until it is written to. */
static bool do_free(struct thread *t, const struct span *s)
{
	bool free = !madvise(start(s), size(s), MADV_FREE);
	struct span page = *s;

	span_demote(t, s, start(s));
	memcpy(t->bounce, start(s), size(s));
	for (page.count = 1; page.first < s->first + s->count; page.first++)
		if (sum_of(t->bounce + (page.first - s->first) * WORDS) != page_of(&page, 0)->sum)
			span_zero(&page);
	span_check_at(t, s, t->bounce);
	span_renew(t, s);
	memcpy(start(s), t->buffer, size(s));
	return free;
}

/* To this thread's scratch area and back; empty memory stays in both places. */
static bool do_remap(struct thread *t, const struct span *s)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
	void *there = torture.scratch + t->id * HUGE;

	/* Not more than one VMA at a time, but what is there goes in any case */
	if (mremap(start(s), size(s), size(s), flags, there) == MAP_FAILED) {
		map(there, size(s), PROT_NONE, MAP_PRIVATE | MAP_FIXED);
		return false;
	}
	span_check_at(t, s, there);
	span_demote(t, s, there);
	if (s->count <= FEW)
		span_store(t, s, there);
	ok("mremap back", (long)mremap(there, size(s), size(s), flags, start(s)));
	return true;
}

static void protect(const struct span *s, int prot)
{
	ok("mprotect", mprotect(start(s), size(s), prot));
}

/* The kernel must not write there on our behalf. */
static void must_fault(struct thread *t, void *at)
{
	char byte = 0;

	complete("write to a pipe", write(t->pipe[1], &byte, 1), 1);
	if (read(t->pipe[0], at, 1) != -1 || errno != EFAULT)
		die("read to protected memory: %s", strerror(errno));
	complete("read from a pipe", read(t->pipe[0], &byte, 1), 1);
}

/* What must not be written to is, as a debugger does, through /proc/self/mem. */
static bool do_protect(struct thread *t, const struct span *s)
{
	protect(s, one_in(t, 2) ? PROT_NONE : PROT_READ);
	span_demote(t, s, start(s));
	span_load(t, s, by_memory_file);
	must_fault(t, start(s));
	if (one_in(t, 2))
		span_store(t, s, start(s));
	protect(s, PROT_READ | PROT_WRITE);
	return true;
}

/* As do_protect(), with hardly a change, for many pages */
static bool do_protect_many(struct thread *t, const struct span *s)
{
	protect(s, PROT_READ);
	span_check(t, s);
	protect(s, PROT_READ | PROT_WRITE);
	return do_word(t, s);
}

/*
 * What is pinned for long stays where it is: whoever has it pinned, to read or to
 * write, sees all that is written to memory from then on.
 */
static bool do_pin(struct thread *t, const struct span *s)
{
	struct pin_longterm_test pin = {
		(uint64_t)start(s), size(s), random_below(t, 4)
	};
	uint64_t bounce = (uint64_t)t->bounce;
	int i;

	/* There is one place for pinned pages, for all of us. */
	if (ioctl(torture.pin, PIN_LONGTERM_TEST_START, &pin)) {
		if (errno != EINVAL && errno != EBUSY && errno != ENOMEM)
			die("pinning: %s", strerror(errno));
		return false;
	}
	for (i = 0; i < 3; i++) {
		span_check(t, s);
		span_store(t, s, start(s));
		ok("what is pinned", ioctl(torture.pin, PIN_LONGTERM_TEST_READ, &bounce));
		span_check_at(t, s, t->bounce);
		span_demote(t, s, start(s));
	}
	ioctl(torture.pin, PIN_LONGTERM_TEST_STOP);
	return true;
}

/* ---- Operations that leave contents alone ---- */

static bool do_advise(struct thread *t, const struct span *s)
{
	return !madvise(start(s), size(s), t->op->advice);
}

static bool do_mlock(struct thread *t, const struct span *s)
{
	(void)t;
	return !mlock(start(s), size(s));
}

static bool do_munlock(struct thread *t, const struct span *s)
{
	(void)t;
	return !munlock(start(s), size(s));
}

static bool do_move(struct thread *t, const struct span *s)
{
	int node[MANY] = {}, status[MANY];
	void *page[MANY];
	unsigned long i;

	(void)t;
	for (i = 0; i < s->count; i++)
		page[i] = start(s) + i * PAGE;
	return !syscall(SYS_move_pages, 0, s->count, page, node, status, MPOL_MF_MOVE_ALL);
}

static bool do_clear_refs(struct thread *t, const struct span *s)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);
	bool done = fd >= 0 && write(fd, one_in(t, 2) ? "4" : "1", 1) == 1;

	(void)s;
	close(fd);
	return done;
}

/* ---- Short-lived children ---- */

/* Its own pages, and a table of its own: no locks */
static void child(struct thread *t, const struct span *s)
{
	unsigned long i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	torture.page[torture.me] = t->snapshot - s->first;
	span_check(t, s);
	for (i = 0; i < s->count; i += 3) {
		renew(t, page_of(s, i), t->buffer);
		memcpy(start(s) + i * PAGE, t->buffer, PAGE);
	}
	span_demote(t, s, start(s));
	span_check(t, s);
	_exit(0);
}

static void reap(struct thread *t)
{
	int status;

	if (!t->child)
		return;
	if (waitpid(t->child, &status, 0) != t->child || status)
		die("a child ended with status %#x", status);
	t->child = 0;
	shared->children++;
}

static bool do_fork(struct thread *t, const struct span *s)
{
	reap(t);
	memcpy(t->snapshot, page_of(s, 0), s->count * sizeof(struct page));
	t->child = ok("fork", fork());
	if (!t->child)
		child(t, s);
	return do_word(t, s);
}

/* ---- All of them ---- */

#define OP(_weight, _name, _run, _max, ...) \
	{ .weight = _weight, .name = _name, .run = _run, .max = _max, ##__VA_ARGS__ }
#define LOAD(_weight, _name, _copy, ...) \
	OP(_weight, _name, do_load, FEW, .copy = _copy, .unchecked = true, ##__VA_ARGS__)
#define STORE(_weight, _name, _copy, ...) \
	OP(_weight, _name, do_store, FEW, .copy = _copy, ##__VA_ARGS__)
#define ADVISE(_weight, _advice, _huge) \
	OP(_weight, #_advice, do_advise, HUGE_PAGES, .advice = _advice, .huge = _huge, \
	   .unlocked = true)

static struct op ops[MAX_OPS] = {
	{ .name = "none" },
	OP(200, "verify", do_verify, FEW, .unchecked = true),
	OP(300, "word", do_word, 1, .unchecked = true),
	OP(150, "atomic", do_word, 1, .unchecked = true, .atomic = true),
	STORE(150, "store", by_cpu),
	STORE(60, "read", by_pipe),
	LOAD(60, "write", by_pipe),
	LOAD(30, "vmsplice", by_vmsplice),
	STORE(60, "process_vm_writev", by_process_vm, .remote = true),
	LOAD(40, "process_vm_readv", by_process_vm, .remote = true),
	STORE(60, "mem write", by_memory_file, .remote = true),
	LOAD(40, "mem read", by_memory_file, .remote = true),
	STORE(40, "direct read", by_device),
	LOAD(20, "direct write", by_device),
	OP(40, "pin", do_pin, FEW, .copy = by_cpu),
	OP(30, "mprotect", do_protect, FEW, .copy = by_memory_file),
	OP(10, "mprotect many", do_protect_many, MANY, .huge = 8, .unchecked = true),
	OP(20, "mremap", do_remap, FEW, .huge = 8, .copy = by_cpu),
	OP(4, "mmap", do_map, 16, .huge = 8),
	OP(10, "MADV_DONTNEED", do_dontneed, 16, .huge = 8),
	OP(10, "MADV_FREE", do_free, FEW),
	ADVISE(40, MADV_PAGEOUT, 8),
	ADVISE(20, MADV_COLD, 8),
	ADVISE(5, MADV_WILLNEED, 8),
	ADVISE(5, MADV_POPULATE_READ, 8),
	ADVISE(5, MADV_POPULATE_WRITE, 8),
	ADVISE(8, MADV_HUGEPAGE, 8),
	ADVISE(2, MADV_NOHUGEPAGE, 8),
	ADVISE(8, MADV_COLLAPSE, 1),
	ADVISE(8, MADV_MERGEABLE, 8),
	ADVISE(4, MADV_UNMERGEABLE, 8),
	OP(5, "mlock", do_mlock, 16, .unlocked = true),
	OP(10, "munlock", do_munlock, 0, .unlocked = true),
	OP(10, "move_pages", do_move, MANY, .unlocked = true),
	OP(2, "clear_refs", do_clear_refs, 1, .unlocked = true),
	OP(3, "fork", do_fork, MANY, .unchecked = true, .atomic = true),
};

static void leave_out(const char *name)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		if (ops[i].name && !strcmp(ops[i].name, name))
			break;
	if (i == MAX_OPS)
		die("no operation is called '%s'", name);
	ops[i].weight = 0;
}

static const struct op *op_pick(struct thread *t)
{
	unsigned long all = 0, at;
	const struct op *op;

	for (op = ops; op < ops + MAX_OPS; op++)
		all += op->weight;
	at = random_below(t, all);
	for (op = ops; at >= op->weight; op++)
		at -= op->weight;
	return op;
}

static bool op_run(struct thread *t, const struct op *op)
{
	struct span s = span_pick(t, op->max ?: torture.pages, op->huge);
	bool done;

	if (op->unlocked)
		return op->run(t, &s);
	if (op->remote && one_in(t, 2))
		s.process = !torture.me;
	span_lock(&s);
	if (!op->unchecked)
		span_check(t, &s);
	done = op->run(t, &s);
	if (!op->unchecked && one_in(t, 2))
		span_check(t, &s);
	span_unlock(t, &s);
	return done;
}

/* ---- Threads ---- */

/* Nobody is told about this. */
static void flip_when_due(struct thread *t)
{
	unsigned long due = shared->flip_at;
	struct span s = span_pick(t, 1, 0);

	if (!due || now() < due || !atomic_compare_exchange_strong(&shared->flip_at, &due, 0))
		return;
	span_lock(&s);
	span_check(t, &s);
	((char *)start(&s))[random_below(t, PAGE)] ^= 1 << random_below(t, 8);
	say("flipped a bit of page %lu of process %d", s.first, s.process);
	span_unlock(t, &s);
}

static void *run_ops(void *arg)
{
	struct thread *t = arg;

	while (!torture.go)
		must_go_on();
	while (!shared->stop && !shared->failed) {
		flip_when_due(t);
		t->op = op_pick(t);
		if (op_run(t, t->op))
			shared->done[t->op - ops]++;
		else
			shared->refused[t->op - ops]++;
	}
	reap(t);
	return NULL;
}

static void *run_demotion(void *arg)
{
	struct thread *t = arg;
	struct span s;
	void *from;

	while (!shared->stop && !shared->failed) {
		s = span_pick(t, torture.pages, 8);
		from = start(&s);
		if (one_in(t, 32)) {
			from = torture.scratch;
			s.count = torture.threads * HUGE_PAGES;
		}
		demote_range(shared->pid[one_in(t, 4) ? !torture.me : torture.me], from, size(&s));
	}
	return NULL;
}

static void thread_start(struct thread *t, void *(*run)(void *arg))
{
	t->id = t - threads;
	t->op = ops;
	t->child = 0;
	t->random = mix(torture.seed + (torture.round * 2 + torture.me) * (MAX_THREADS + 1) +
			t->id);
	ok("pipe", pipe(t->pipe));
	complete("pthread_create", pthread_create(&t->thread, NULL, run, t), 0);
}

static void thread_end(struct thread *t)
{
	/* It may wait for a lock that the other process had when it failed. */
	while (pthread_tryjoin_np(t->thread, NULL))
		must_go_on();
	close(t->pipe[0]);
	close(t->pipe[1]);
}

/* ---- Processes ---- */

static void progress(void)
{
	unsigned long done = 0;
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		done += shared->done[i];
	say("round %u, %lu operations, %lu pages verified, %lu demotions, %lu children",
	    torture.round, done, shared->verified, shared->demotions, shared->children);
}

/* The first process looks after time, and after the other one. */
static void watch(unsigned long end)
{
	static unsigned long progress_at;
	int status;

	while (now() < end) {
		must_go_on();
		usleep(50000);
		if (waitpid(shared->pid[1], &status, WNOHANG) && !shared->failing)
			die("the other process ended with status %#x", status);
		if (now() < progress_at)
			continue;
		progress();
		progress_at = now() + PROGRESS_MS;
	}
	shared->stop = true;
}

/* What both do in a round */
static void round_run(unsigned long end)
{
	struct span all = { .process = torture.me, .count = torture.pages };
	unsigned int i;
	char name[32];

	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/%d/mem", shared->pid[i]);
		torture.memory[i] = ok(name, open(name, O_RDWR));
	}
	/* Nothing is mapped while they run: do_remap() makes holes. */
	torture.go = false;
	for (i = 0; i < torture.threads; i++)
		thread_start(&threads[i], run_ops);
	thread_start(&threads[i], run_demotion);
	torture.go = true;
	if (!torture.me)
		watch(end);
	for (i = 0; i <= torture.threads; i++)
		thread_end(&threads[i]);
	/* Until here the other one may write to our pages. */
	shared->ended++;
	while (shared->ended < 2)
		must_go_on();
	must_go_on();
	close(torture.memory[0]);
	close(torture.memory[1]);
	threads[0].op = ops;
	span_check(&threads[0], &all);
}

static void second(void)
{
	torture.me = 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != shared->pid[0])
		_exit(1);
	shared->pid[1] = getpid();
	round_run(0);
	_exit(0);
}

/* The second process has what the first one has. */
static void second_start(void)
{
	struct page *from = torture.page[0], *to = torture.page[1];
	unsigned long i;
	pid_t pid;

	for (i = 0; i < torture.pages; i++, from++, to++) {
		to->key = from->key;
		to->sum = from->sum;
		to->history = from->history;
	}
	shared->stop = false;
	shared->ended = 0;
	pid = ok("fork", fork());
	if (!pid)
		second();
	shared->pid[1] = pid;
}

static void one_round(struct thread *t)
{
	unsigned long end;
	int status;

	torture.round++;
	t->random = mix(torture.seed - torture.round);
	torture.hot = random_below(t, torture.pages - HOT_PAGES);
	end = now() + ROUND_MS + random_below(t, 4 * ROUND_MS);
	second_start();
	round_run(end < torture.end ? end : torture.end);
	if (waitpid(shared->pid[1], &status, 0) < 0 || status)
		die("the other process ended with status %#x", status);
}

/* ---- Preparing, and summing up ---- */

static void *map_aligned(size_t size, int prot)
{
	void *p = map(NULL, size + HUGE, prot, MAP_PRIVATE | MAP_NORESERVE);

	return p + (-(unsigned long)p & (HUGE - 1));
}

/* Nobody demotes this. */
static void *map_table(size_t size)
{
	void *p = map(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE);

	ok("mlock", mlock(p, size));
	return p;
}

static void prepare_table(struct page **page)
{
	pthread_mutexattr_t attr;
	unsigned long i;

	*page = map_table(torture.pages * sizeof(struct page));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < torture.pages; i++)
		pthread_mutex_init(&(*page)[i].lock, &attr);
}

/* A third of it may be huge pages, a third may be merged by KSM. */
static void prepare_memory(void)
{
	size_t third = torture.pages / 3 / HUGE_PAGES * HUGE;
	unsigned long i;

	torture.base = map_aligned(torture.pages * PAGE, PROT_READ | PROT_WRITE);
	torture.scratch = map_aligned(MAX_THREADS * HUGE, PROT_NONE);
	torture.zero_sum = sum_of(threads[0].buffer);
	madvise(torture.base, third, MADV_HUGEPAGE);
	madvise(torture.base + third, third, MADV_MERGEABLE);
	prepare_table(&torture.page[0]);
	prepare_table(&torture.page[1]);
	for (i = 0; i < torture.pages; i++)
		renew(&threads[0], &torture.page[0][i], torture.base + i * PAGE);
}

static void prepare_files(const char *direct_file)
{
	const char *demote_file = "/sys/kernel/debug/spm/demote";

	torture.demote = ok(demote_file, open(demote_file, O_WRONLY));
	torture.pin = open("/sys/kernel/debug/gup_test", O_RDWR);
	if (torture.pin < 0)
		leave_out("pin");
	if (direct_file) {
		torture.direct = ok(direct_file, open(direct_file, O_RDWR | O_DIRECT));
	} else {
		leave_out("direct read");
		leave_out("direct write");
	}
}

static void sum_up(void)
{
	unsigned int i;

	say("%-20s %10s %10s", "operation", "done", "refused");
	for (i = 0; i < MAX_OPS; i++)
		if (ops[i].weight)
			say("%-20s %10lu %10lu", ops[i].name, shared->done[i],
			    shared->refused[i]);
	progress();
	say("%lu pages verified, 0 wrong", shared->verified);
}

static void bad_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	die("%s at %p, code %d", strsignal(sig), info->si_addr, info->si_code);
}

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || n < least || n > most)
		die("'%s' is not between %lu and %lu", text, least, most);
	return n;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = bad_signal, .sa_flags = SA_SIGINFO };
	unsigned long seconds = 60, mib = 48;
	const char *direct_file = NULL;
	bool error = false;
	int c;

	torture.began = now();
	torture.seed = 1;
	torture.threads = 8;
	while ((c = getopt(argc, argv, "m:t:T:s:f:x:e")) != -1) {
		if (c == 'm') {
			mib = number(optarg, 2, 4096);
		} else if (c == 't') {
			torture.threads = number(optarg, 1, MAX_THREADS - 1);
		} else if (c == 'T') {
			seconds = number(optarg, 1, 86400);
		} else if (c == 's') {
			torture.seed = number(optarg, 0, UINT64_MAX);
		} else if (c == 'f') {
			direct_file = optarg;
		} else if (c == 'x') {
			leave_out(optarg);
		} else if (c == 'e') {
			error = true;
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}

	torture.pages = mib / 2 * HUGE_PAGES;
	torture.end = torture.began + seconds * 1000;
	shared = map_table(sizeof(*shared));
	shared->pid[0] = getpid();
	shared->flip_at = error ? torture.began + seconds * 500 : 0;
	say("seed %lu: 2 processes, %u threads each, %lu MiB", torture.seed, torture.threads, mib);
	torture.seed = mix(torture.seed);
	prepare_files(direct_file);
	prepare_memory();
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	while (now() < torture.end)
		one_round(&threads[0]);
	sum_up();
	return 0;
}
