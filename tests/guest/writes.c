// SPDX-License-Identifier: GPL-2.0
/*
 * writes - write to a demoted page by one route, and see that it has left SPM
 *
 * Memory with known contents is demoted. Then one page, the target, is written to by
 * the route that is named. Afterwards the target must be in DRAM, and the other pages
 * on SPM still, all with the contents that a copy in DRAM says they have. If a route is
 * about another outcome, it says so in the table at the end. With -s the memory is shared
 * with another process by fork(), which must find it as it was.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pagemap_scan.h"

/* Newer than Debian 12's headers */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC 0x8000
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};

#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

/* From mm/gup_test.h */
struct pin_longterm_test {
	__u64 addr;
	__u64 size;
	__u32 flags;
};

#define PIN_LONGTERM_TEST_START _IOW('g', 7, struct pin_longterm_test)
#define PIN_LONGTERM_TEST_READ _IOW('g', 9, __u64)
#define PIN_LONGTERM_TEST_FLAG_USE_FAST 2

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define PAGES 16UL		/* of small memory */
#define TARGET 3UL		/* the page that is written to */
#define OFFSET 104UL		/* and where in it */
#define THREADS 8UL
#define MAX_NODE 64UL
#define SKIP 4			/* KSFT_SKIP */
#define SECRET 0x5bd1e995c0ffee01UL

static const char *route;	/* as messages begin with it */
static char *device;		/* a block device that is not in use */

/* The memory, and what must be in it. */
static unsigned char *base, *expected;
static unsigned long pages;

#define fail(...) \
	do { \
		fprintf(stderr, "writes %s: ", route); \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr); \
		exit(1); \
	} while (0)

#define must(call) \
	({ \
		__typeof__(call) result = (call); \
		if (result == (__typeof__(call))-1) \
			fail("%s: %s", #call, strerror(errno)); \
		result; \
	})

/* ---- Memory ---- */

static unsigned char *page_at(unsigned long page)
{
	return base + page * PAGE;
}

static unsigned char *expected_at(unsigned long page)
{
	return expected + page * PAGE;
}

static void put_file(const char *name, const char *text)
{
	int fd = must(open(name, O_WRONLY));

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("writing '%s' to %s: %s", text, name, strerror(errno));
	close(fd);
}

static int node_of(void *address)
{
	int node;

	must(syscall(SYS_move_pages, 0, 1UL, &address, NULL, &node, 0));
	return node;
}

/* DRAM is node 0. */
static void expect_dram(unsigned long page)
{
	int node = node_of(page_at(page));

	if (node)
		fail("page %lu is on node %d, want DRAM", page, node);
}

static void expect_spm(unsigned long page)
{
	int node = node_of(page_at(page));

	if (node <= 0)
		fail("page %lu is on node %d, want SPM", page, node);
}

static void expect_same(const void *have, const void *want, const char *what)
{
	const unsigned char *a = have, *b = want;
	unsigned long i;

	for (i = 0; i < PAGE; i++)
		if (a[i] != b[i])
			fail("%s is wrong at byte %lu: %#x, want %#x", what, i, a[i], b[i]);
}

static void expect_contents(void)
{
	char what[40];
	unsigned long i;

	for (i = 0; i < pages; i++) {
		snprintf(what, sizeof(what), "page %lu", i);
		expect_same(page_at(i), expected_at(i), what);
	}
}

/*
 * Nobody can write to pages on SPM nodes, of all processes. Only a debug kernel tells. It
 * must have seen what is ours at least.
 */
static void expect_sound(void)
{
	unsigned long i, ours = 0, mappings;
	char line[128] = "";
	int fd = must(open("/sys/kernel/debug/spm/check_mappings", O_RDONLY));

	must(read(fd, line, sizeof(line) - 1));
	close(fd);
	for (i = 0; i < pages; i++)
		ours += node_of(page_at(i)) > 0;
	if (!strstr(line, " 0 writable, 0 exclusive") ||
	    sscanf(line, "%lu mappings", &mappings) != 1 || mappings < ours)
		fail("%lu pages are on SPM, and the kernel says %s", ours, line);
}

static void *new_memory(unsigned long size)
{
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void ask_to_demote(void)
{
	char text[80];

	snprintf(text, sizeof(text), "%d %#lx %#lx", getpid(), (unsigned long)base,
		 (unsigned long)base + pages * PAGE);
	put_file("/sys/kernel/debug/spm/demote", text);
}

static void demote(void)
{
	unsigned long i;

	ask_to_demote();
	for (i = 0; i < pages; i++)
		expect_spm(i);
}

static void fill(void)
{
	unsigned long i;

	for (i = 0; i < pages * PAGE / sizeof(long); i++)
		((unsigned long *)expected)[i] = i * 0x9e3779b97f4a7c15;
	memcpy(base, expected, pages * PAGE);
}

/* Small pages, or one huge one. The copy is shared, so it's never demoted. */
static void prepare(bool huge)
{
	unsigned char *p;

	pages = huge ? HUGE / PAGE : PAGES;
	expected = must(mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	p = new_memory(2 * HUGE);
	base = (unsigned char *)(((unsigned long)p + HUGE - 1) & ~(HUGE - 1));
	must(madvise(base, HUGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
	fill();
}

/* What is about to be written */
static unsigned long data = SECRET;

static void expect_write(unsigned long page, const void *from, unsigned long length)
{
	memcpy(expected_at(page) + OFFSET, from, length);
}

static void expect_data(void)
{
	expect_write(TARGET, &data, sizeof(data));
}

static unsigned long *target_word(void)
{
	return (unsigned long *)(page_at(TARGET) + OFFSET);
}

static void store(void)
{
	__atomic_store_n(target_word(), data, __ATOMIC_RELAXED);
	expect_data();
}

/* ---- Processes ---- */

static void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (status)
		fail("the other process has failed: %#x", status);
}

/* Who has it all from before the write, and looks at it when it's told that all is over. */
static struct {
	pid_t pid;
	int over[2];
} other;

static void start_other(void)
{
	unsigned char *old = new_memory(pages * PAGE);
	char byte;

	memcpy(old, expected, pages * PAGE);
	must(pipe(other.over));
	other.pid = must(fork());
	if (other.pid)
		return;
	close(other.over[1]);
	must(read(other.over[0], &byte, 1));
	expected = old;
	expect_contents();
	expect_sound();
	exit(0);
}

static void finish_other(void)
{
	close(other.over[1]);
	reap(other.pid);
}

/* ---- Routes: the processor writes ---- */

static void route_store(void)
{
	store();
}

static void route_atomic(void)
{
	__atomic_fetch_add(target_word(), data, __ATOMIC_SEQ_CST);
	*(unsigned long *)(expected_at(TARGET) + OFFSET) += data;
}

/* Without a write, the check must say so. */
static void route_none(void)
{
}

/* The same for wrong contents */
static void route_wrong(void)
{
	*target_word() = data;
}

static void route_fork_child(void)
{
	unsigned char *old = new_memory(pages * PAGE);
	pid_t pid;

	memcpy(old, expected, pages * PAGE);
	pid = must(fork());
	if (!pid) {
		store();
		expect_dram(TARGET);
		expect_contents();
		expect_sound();
		exit(0);
	}
	reap(pid);
	memcpy(expected, old, pages * PAGE);	/* what the parent has is as it was */
}

static void route_fork_parent(void)
{
	unsigned char *old = new_memory(pages * PAGE);
	int go[2];
	char byte;
	pid_t pid;

	memcpy(old, expected, pages * PAGE);
	must(pipe(go));
	pid = must(fork());
	if (!pid) {
		close(go[1]);
		must(read(go[0], &byte, 1));
		if (pages == PAGES)	/* a huge page comes to DRAM for all */
			expect_spm(TARGET);
		expected = old;
		expect_contents();
		expect_sound();
		exit(0);
	}
	store();
	close(go[1]);
	reap(pid);
}

/* A huge page takes longer. */
static unsigned long rounds(void)
{
	return pages == PAGES ? 200 : 30;
}

static pthread_barrier_t barrier;

static void *race_thread(void *number)
{
	unsigned long *word = target_word() + (unsigned long)number;
	unsigned long round;

	for (round = 1; round <= rounds(); round++) {
		pthread_barrier_wait(&barrier);	/* demoted */
		__atomic_fetch_add(word, round, __ATOMIC_RELAXED);
		pthread_barrier_wait(&barrier);	/* written */
	}
	return NULL;
}

/* Each thread has a word of its own in the page. */
static void route_race(void)
{
	pthread_t threads[THREADS];
	unsigned long i, round;

	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, race_thread, (void *)i);
	for (round = 1; round <= rounds(); round++) {
		demote();
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		for (i = 0; i < THREADS; i++)
			((unsigned long *)(expected_at(TARGET) + OFFSET))[i] += round;
		expect_dram(TARGET);
		expect_contents();
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- Routes: the kernel writes ---- */

static void route_read(void)
{
	int ends[2];

	must(pipe(ends));
	must(write(ends[1], &data, sizeof(data)));
	must(read(ends[0], target_word(), sizeof(data)));
	expect_data();
}

static void route_recvmsg(void)
{
	struct iovec iov = { target_word(), sizeof(data) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(write(ends[1], &data, sizeof(data)));
	must(recvmsg(ends[0], &message, 0));
	expect_data();
}

/* The kernel does something atomic to it, with page faults disabled at first. */
static void route_futex(void)
{
	unsigned int word = 0;

	must(syscall(SYS_futex, &word, FUTEX_WAKE_OP, 0, NULL, target_word(),
		     FUTEX_OP(FUTEX_OP_ADD, 77, FUTEX_OP_CMP_EQ, 0)));
	*(unsigned int *)(expected_at(TARGET) + OFFSET) += 77;
}

static void *page_of_data(void)
{
	unsigned char *page = new_memory(PAGE);

	memset(page, 0xa5, PAGE);
	return page;
}

static void route_direct_read(void)
{
	unsigned char *page = page_of_data();
	int fd = must(open(device, O_RDWR | O_DIRECT));

	must(pwrite(fd, page, PAGE, 0));
	if (must(pread(fd, page_at(TARGET), PAGE, 0)) != PAGE)
		fail("a short read");
	memcpy(expected_at(TARGET), page, PAGE);
	close(fd);
}

/* Reads memory, but pins it meanwhile. The device must get what is there. */
static void route_direct_write(void)
{
	unsigned char *page = page_of_data();
	int fd = must(open(device, O_RDWR | O_DIRECT));

	if (must(pwrite(fd, page_at(TARGET), PAGE, 0)) != PAGE)
		fail("a short write");
	expect_dram(TARGET);	/* no page is pinned on SPM */
	must(pread(fd, page, PAGE, 0));
	expect_same(page, expected_at(TARGET), "what was written to the device");
	store();
	close(fd);
}

static void route_process_vm_writev(void)
{
	struct iovec from = { &data, sizeof(data) }, to = { target_word(), sizeof(data) };
	pid_t pid = must(fork());

	if (!pid) {
		must(process_vm_writev(getppid(), &from, 1, &to, 1, 0));
		_exit(0);
	}
	reap(pid);
	expect_data();
}

static void route_ptrace(void)
{
	pid_t parent = getpid(), pid = must(fork());
	int status;

	if (!pid) {
		must(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
		must(waitpid(parent, &status, __WALL));
		must(ptrace(PTRACE_POKEDATA, parent, target_word(), data));
		must(ptrace(PTRACE_DETACH, parent, NULL, NULL));
		_exit(0);
	}
	reap(pid);
	expect_data();
}

static void write_by_proc_mem(void)
{
	int fd = must(open("/proc/self/mem", O_RDWR));

	must(pwrite(fd, &data, sizeof(data), (off_t)target_word()));
	close(fd);
	expect_data();
}

static void route_proc_mem(void)
{
	write_by_proc_mem();
}

/* What the task may not write to, a debugger may. */
static void route_foll_force(void)
{
	must(mprotect(base, pages * PAGE, PROT_READ));
	write_by_proc_mem();
}

/* A pipe that was given the page goes on to have what was in it. */
static void write_spliced(unsigned int flags, void (*meanwhile)(void))
{
	struct iovec iov = { page_at(TARGET), PAGE };
	unsigned char *page = page_of_data();
	unsigned char old[PAGE];
	int ends[2];

	memcpy(old, expected_at(TARGET), PAGE);
	must(pipe(ends));
	if (must(vmsplice(ends[1], &iov, 1, flags)) != PAGE)
		fail("a short vmsplice");
	meanwhile();
	store();
	must(read(ends[0], page, PAGE));
	expect_same(page, old, "what is in the pipe");
}

static void route_vmsplice(void)
{
	write_spliced(0, route_none);
}

static void route_vmsplice_gift(void)
{
	write_spliced(SPLICE_F_GIFT, route_none);
}

/* Pinned for reading, for a long time: what is pinned is what the task has. */
static void write_pinned(unsigned int flags)
{
	struct pin_longterm_test pin = {
		.addr = (unsigned long)page_at(TARGET), .size = PAGE, .flags = flags,
	};
	unsigned char *page = page_of_data();
	uint64_t to = (unsigned long)page;
	int fd = must(open("/sys/kernel/debug/gup_test", O_RDWR));

	must(ioctl(fd, PIN_LONGTERM_TEST_START, &pin));
	expect_dram(TARGET);
	store();
	must(ioctl(fd, PIN_LONGTERM_TEST_READ, &to));
	expect_same(page, expected_at(TARGET), "what is pinned");
	close(fd);
}

static void route_pin(void)
{
	write_pinned(0);
}

static void route_pin_fast(void)
{
	write_pinned(PIN_LONGTERM_TEST_FLAG_USE_FAST);
}

static void *ring_at(int ring, unsigned long length, off_t offset)
{
	return must(mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
			 offset));
}

/* Submit one request, and wait for its result. */
static int ring_do(int ring, const struct io_uring_params *p, const struct io_uring_sqe *request)
{
	unsigned char *sq = ring_at(ring, p->sq_off.array + p->sq_entries * sizeof(__u32),
				    IORING_OFF_SQ_RING);
	unsigned char *cq = ring_at(ring, p->cq_off.cqes +
				    p->cq_entries * sizeof(struct io_uring_cqe),
				    IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes = ring_at(ring, p->sq_entries * sizeof(*sqes), IORING_OFF_SQES);

	sqes[0] = *request;
	((__u32 *)(sq + p->sq_off.array))[0] = 0;
	__atomic_fetch_add((__u32 *)(sq + p->sq_off.tail), 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	return ((struct io_uring_cqe *)(cq + p->cq_off.cqes))[0].res;
}

/* Registering the buffer pins it for a long time. */
static void route_io_uring(void)
{
	struct iovec buffer = { page_at(TARGET), PAGE };
	struct io_uring_params p = {};
	int ring = (int)must(syscall(SYS_io_uring_setup, 4, &p));
	int fd = must(open(device, O_RDWR | O_DIRECT)), rc;
	unsigned char *page = page_of_data();

	must(pwrite(fd, page, PAGE, 0));
	must(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1));
	ask_to_demote();	/* it is pinned, so it stays */
	expect_dram(TARGET);
	rc = ring_do(ring, &p, &(struct io_uring_sqe){
		.opcode = IORING_OP_READ_FIXED, .fd = fd, .len = PAGE,
		.addr = (unsigned long)page_at(TARGET),
	});
	if (rc != (int)PAGE)
		fail("IORING_OP_READ_FIXED: %d", rc);
	memcpy(expected_at(TARGET), page, PAGE);
	expect_dram(TARGET);
	expect_contents();
	must(syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0));
	close(ring);
}

/* ---- Routes: mappings change ---- */

static void route_mprotect(void)
{
	must(mprotect(base, pages * PAGE, PROT_READ));
	must(mprotect(base, pages * PAGE, PROT_READ | PROT_WRITE));
	store();
}

static void route_prot_none(void)
{
	must(mprotect(base, pages * PAGE, PROT_NONE));
	must(mprotect(base, pages * PAGE, PROT_READ | PROT_WRITE));
	store();
}

static void route_mremap(void)
{
	void *place = new_memory(pages * PAGE);

	base = must(mremap(base, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place));
	store();
}

static void route_madv_free(void)
{
	must(madvise(page_at(TARGET), PAGE, MADV_FREE));
	*target_word() = data;
	/* The rest is as it was, or all zero. */
	if (!*(unsigned long *)page_at(TARGET))
		memset(expected_at(TARGET), 0, PAGE);
	expect_data();
}

/* These have it writable before anybody writes. */
static void route_populate(void)
{
	must(madvise(page_at(TARGET), PAGE, MADV_POPULATE_WRITE));
	expect_dram(TARGET);
	store();
}

static void route_mlock(void)
{
	must(mlock(page_at(TARGET), PAGE));
	expect_dram(TARGET);
	store();
	must(munlock(page_at(TARGET), PAGE));
}

static bool soft_dirty(unsigned long page)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY));
	uint64_t entry;

	must(pread(fd, &entry, sizeof(entry),
		   (off_t)((unsigned long)page_at(page) / PAGE * sizeof(entry))));
	close(fd);
	return entry >> 55 & 1;
}

static void expect_clean(void)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		if (i != TARGET && soft_dirty(i))
			fail("page %lu is dirty, though nobody wrote to it", i);
}

/* What is in DRAM is demoted when nobody has written to it since the bits were cleared. */
static void demote_clean(void)
{
	store();
	put_file("/proc/self/clear_refs", "4");
	demote();
	expect_clean();
	if (soft_dirty(TARGET))
		fail("page %lu is dirty before it is written to", TARGET);
}

static void expect_dirty(void)
{
	if (!soft_dirty(TARGET))
		fail("page %lu is not dirty", TARGET);
}

/* A huge page is written to as a whole. */
static void route_soft_dirty(void)
{
	demote_clean();
	store();
	if (pages == PAGES)
		expect_clean();
	expect_dirty();
}

/* Split while it is clean */
static void route_soft_dirty_split(void)
{
	demote_clean();
	must(mprotect(page_at(100), PAGE, PROT_READ));
	expect_clean();
	store();
	expect_clean();
	expect_dirty();
}

static void route_thp_split(void)
{
	must(mprotect(page_at(100), PAGE, PROT_READ));
	store();
}

/* A part is unmapped, so that the rest is split when it is next migrated. */
static void route_thp_partly_unmapped(void)
{
	must(munmap(page_at(pages - 1), PAGE));
	pages--;
	store();
}

static void collapse(void)
{
	must(madvise(base, HUGE, MADV_HUGEPAGE));
	must(madvise(base, HUGE, MADV_COLLAPSE));
}

static void route_thp_collapse(void)
{
	store();
	collapse();
}

/* Small pages, all but one on SPM, become a huge one. */
static void route_thp_collapse_small(void)
{
	must(madvise(base, HUGE, MADV_NOHUGEPAGE));
	must(madvise(base, HUGE, MADV_DONTNEED));
	fill();
	demote();
	store();
	expect_dram(TARGET);
	expect_spm(TARGET + 1);
	collapse();
}

/* ---- Routes: userfaultfd ---- */

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = (int)must(syscall(SYS_userfaultfd, O_CLOEXEC));

	if (ioctl(fd, UFFDIO_API, &api)) {
		if (features)	/* the kernel is configured without */
			exit(SKIP);
		fail("UFFDIO_API: %s", strerror(errno));
	}
	return fd;
}

static void uffd_register(int fd, void *start, unsigned long length, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { (unsigned long)start, length }, .mode = mode,
	};

	must(ioctl(fd, UFFDIO_REGISTER, &reg));
}

static void uffd_protect(int fd, bool protect)
{
	struct uffdio_writeprotect wp = {
		.range = { (unsigned long)base, pages * PAGE },
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	must(ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
}

static void *uffd_thread(void *arg)
{
	int fd = *(int *)arg;
	struct uffd_msg message;

	must(read(fd, &message, sizeof(message)));
	if (message.event != UFFD_EVENT_PAGEFAULT ||
	    !(message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP))
		fail("not a fault of a protected page");
	uffd_protect(fd, false);
	return NULL;
}

static void write_protected(int fd)
{
	pthread_t thread;

	pthread_create(&thread, NULL, uffd_thread, &fd);
	store();
	pthread_join(thread, NULL);
	close(fd);
}

static void route_uffd_wp(void)
{
	int fd = uffd_open(0);

	uffd_register(fd, base, pages * PAGE, UFFDIO_REGISTER_MODE_WP);
	uffd_protect(fd, true);
	write_protected(fd);
}

/* Protected before it is demoted */
static void route_uffd_wp_first(void)
{
	int fd = uffd_open(0);

	fill();
	uffd_register(fd, base, pages * PAGE, UFFDIO_REGISTER_MODE_WP);
	uffd_protect(fd, true);
	demote();
	write_protected(fd);
}

/* Nobody handles the fault; the kernel tells what was written to. */
static void route_uffd_wp_async(void)
{
	struct page_region region = {};
	struct pm_scan_arg scan = {
		.size = sizeof(scan), .flags = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
		.start = (unsigned long)base, .end = (unsigned long)base + pages * PAGE,
		.vec = (unsigned long)&region, .vec_len = 1,
		.category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
	};
	int fd = uffd_open(UFFD_FEATURE_WP_ASYNC);
	int pagemap = must(open("/proc/self/pagemap", O_RDONLY));

	uffd_register(fd, base, pages * PAGE, UFFDIO_REGISTER_MODE_WP);
	must(ioctl(pagemap, PAGEMAP_SCAN, &scan));
	expect_spm(TARGET);
	store();
	scan.flags = 0;
	if (must(ioctl(pagemap, PAGEMAP_SCAN, &scan)) != 1 ||
	    region.start != (unsigned long)page_at(TARGET) || region.end != region.start + PAGE)
		fail("not just page %lu was written to: %#llx-%#llx", TARGET,
		     (unsigned long long)region.start, (unsigned long long)region.end);
	close(pagemap);
	close(fd);
}

/* Where there is nothing there is nothing to be moved, not even zeroes. */
static void refuse_hole(int fd)
{
	unsigned char *from = new_memory(2 * PAGE), *place = new_memory(2 * PAGE);
	struct uffdio_move move = {
		.dst = (unsigned long)place,
		.src = (unsigned long)from,
		.len = 2 * PAGE,
	};

	must(madvise(from, 2 * PAGE, MADV_NOHUGEPAGE));
	*from = 1;
	uffd_register(fd, place, 2 * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	if (!ioctl(fd, UFFDIO_MOVE, &move) || errno != EAGAIN || move.move != PAGE)
		fail("UFFDIO_MOVE of a page and a hole has moved %lld bytes",
		     (long long)move.move);
}

/* Moves all of it at once, writable from then on. */
static void route_uffd_move(void)
{
	unsigned long length = pages * PAGE;
	unsigned char *place = new_memory(2 * HUGE);
	struct uffdio_move move;
	int fd = uffd_open(0);

	place = (unsigned char *)(((unsigned long)place + HUGE - 1) & ~(HUGE - 1));
	uffd_register(fd, place, length, UFFDIO_REGISTER_MODE_MISSING);
	move = (struct uffdio_move) {
		.dst = (unsigned long)place,
		.src = (unsigned long)base,
		.len = length,
	};
	if (ioctl(fd, UFFDIO_MOVE, &move))
		fail("UFFDIO_MOVE: %s after %lld of %lu bytes", strerror(errno),
		     (long long)move.move, length);
	refuse_hole(fd);
	base = place;
	store();
	close(fd);
}

/* From a page on SPM, which stays there, in place of another that was there. */
static void route_uffd_copy(void)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)page_at(TARGET),
		.src = (unsigned long)page_at(TARGET + 1),
		.len = PAGE,
	};
	int fd = uffd_open(0);

	must(madvise(page_at(TARGET), PAGE, MADV_DONTNEED));
	uffd_register(fd, base, pages * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	must(ioctl(fd, UFFDIO_COPY, &copy));
	memcpy(expected_at(TARGET), expected_at(TARGET + 1), PAGE);
	close(fd);
}

/* ---- Routes: swap, KSM, migration, poison ---- */

/* To the swap device: the folios are in the swap cache then, on SPM still. */
static void swap_out(void)
{
	must(madvise(base, pages * PAGE, MADV_PAGEOUT));
	if (node_of(page_at(TARGET)) != -ENOENT)
		fail("the page is not swapped out");
}

static void route_uffd_move_swapped(void)
{
	swap_out();
	route_uffd_move();
}

static void route_swap_cache(void)
{
	unsigned long i;

	swap_out();
	for (i = 0; i < pages; i++) {
		__atomic_load_n(page_at(i), __ATOMIC_RELAXED);
		expect_spm(i);
	}
	store();
}

static void route_swap_cache_write(void)
{
	unsigned long i;

	swap_out();
	store();
	for (i = 0; i < pages; i++)
		__atomic_load_n(page_at(i), __ATOMIC_RELAXED);
}

/* Found in the swap cache by swapoff */
static void route_swapoff(void)
{
	swap_out();
	must(swapoff(device));
	expect_spm(TARGET);
	store();
}

static bool stop;
static void (*act_again)(void);

static void *again_thread(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		act_again();
	return NULL;
}

static void write_while(void (*act)(void))
{
	unsigned long i, round;
	pthread_t thread;

	act_again = act;
	pthread_create(&thread, NULL, again_thread, NULL);
	for (round = 0; round < 10 * rounds(); round++)
		for (i = 0; i < pages; i++)
			__atomic_fetch_add((unsigned long *)(page_at(i) + OFFSET), round + i,
					   __ATOMIC_RELAXED);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (round = 0; round < 10 * rounds(); round++)
		for (i = 0; i < pages; i++)
			*(unsigned long *)(expected_at(i) + OFFSET) += round + i;
	for (i = 0; i < pages; i++)
		__atomic_fetch_or(page_at(i), 0, __ATOMIC_RELAXED);
}

static void pageout(void)
{
	madvise(base, pages * PAGE, MADV_PAGEOUT);
}

static void route_write_during_swapout(void)
{
	write_while(pageout);
}

static void route_write_during_demotion(void)
{
	write_while(ask_to_demote);
}

static unsigned long ksm_value(const char *name)
{
	char path[80], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	fd = must(open(path, O_RDONLY));
	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	return strtoul(text, NULL, 10);
}

static void fill_with_the_same(void)
{
	unsigned long i;

	for (i = 1; i < pages; i++)
		memcpy(expected_at(i), expected_at(0), PAGE);
	memcpy(base, expected, pages * PAGE);
}

/* All pages become one. */
static void merge(void)
{
	unsigned long tries;

	must(madvise(base, pages * PAGE, MADV_MERGEABLE));
	/* A page is merged with 255 others at most. */
	for (tries = 0; ksm_value("pages_sharing") < pages - 1 - pages / 256; tries++) {
		if (tries == 600)
			fail("only %lu pages are merged", ksm_value("pages_sharing"));
		usleep(100000);
	}
	expect_contents();
	expect_sound();
}

/* Written to; then there are no merged pages any more. */
static void write_merged(void)
{
	store();
	expect_dram(TARGET);
	expect_contents();
	must(madvise(base, pages * PAGE, MADV_UNMERGEABLE));
}

/* KSM goes through all memory so often. It takes less than a second each time. */
static void ksm_scans(unsigned long times)
{
	unsigned long tries, until = ksm_value("full_scans") + times;

	for (tries = 0; ksm_value("full_scans") < until; tries++) {
		if (tries == 600)
			fail("KSM has not scanned %lu times", times);
		usleep(100000);
	}
}

/* What is on SPM is not merged, and is written to as ever. */
static void route_ksm(void)
{
	fill_with_the_same();
	demote();
	must(madvise(base, pages * PAGE, MADV_MERGEABLE));
	ksm_scans(3);
	if (ksm_value("pages_sharing"))
		fail("%lu pages on SPM are merged", ksm_value("pages_sharing"));
	expect_sound();
	store();
	must(madvise(base, pages * PAGE, MADV_UNMERGEABLE));
}

/* What was merged in DRAM is not demoted. */
static void route_ksm_stays(void)
{
	unsigned long i;

	fill_with_the_same();
	merge();
	ask_to_demote();
	for (i = 0; i < pages; i++)
		expect_dram(i);
	write_merged();
}

/* KSM itself takes back what it has done. */
static void route_ksm_unmerge(void)
{
	fill_with_the_same();
	merge();
	put_file("/sys/kernel/mm/ksm/run", "2");
	if (ksm_value("pages_sharing"))
		fail("%lu pages are merged still", ksm_value("pages_sharing"));
	expect_contents();
	store();
	must(madvise(base, pages * PAGE, MADV_UNMERGEABLE));
	put_file("/sys/kernel/mm/ksm/run", "1");
}

/* Written to after it has moved to the other node. */
static void route_between_nodes(void)
{
	int node = node_of(page_at(TARGET));

	put_file("/sys/bus/dax/drivers/spm_dax/unbind", "dax0.0");
	if (node_of(page_at(TARGET)) <= node)
		fail("page %lu is on node %d", TARGET, node_of(page_at(TARGET)));
	store();
}

/* Tasks may have what is theirs back in DRAM, and write to it there. */
static void route_move_pages(void)
{
	void *page = page_at(TARGET);
	int node = 0, status = -1;

	must(syscall(SYS_move_pages, 0, 1UL, &page, &node, &status, MPOL_MF_MOVE));
	if (status)
		fail("move_pages: %s", strerror(-status));
	store();
}

static void route_mbind(void)
{
	unsigned long nodes = 1;

	must(syscall(SYS_mbind, page_at(TARGET), PAGE, MPOL_BIND, &nodes, MAX_NODE,
		     MPOL_MF_MOVE));
	expect_dram(TARGET);
	store();
}

static void route_migrate_pages(void)
{
	unsigned long from = 6, to = 1;

	if (must(syscall(SYS_migrate_pages, 0, MAX_NODE, &from, &to)))
		fail("migrate_pages has left some");
	expect_dram(TARGET);
	store();
}

/* NUMA balancing goes by the time that a thread has run. */
static void *reading_thread(void *arg)
{
	struct timespec time;
	unsigned long i;

	(void)arg;
	do {
		for (i = 0; i < pages; i++)
			__atomic_load_n(page_at(i), __ATOMIC_RELAXED);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	} while (time.tv_sec < 6);
	return NULL;
}

static void read_for_long(void)
{
	pthread_t thread;

	ask_to_demote();	/* has what was demoted put on the LRU, or it couldn't leave */
	pthread_create(&thread, NULL, reading_thread, NULL);
	pthread_join(thread, NULL);
}

/* None is promoted, and each is as it was after a hint. */
static void route_numa_hint(void)
{
	unsigned long i;

	read_for_long();
	for (i = 0; i < pages; i++)
		expect_spm(i);
	expect_sound();
	store();
}

static void read_busy(void)
{
	read_for_long();
	expect_dram(TARGET + 1);
	expect_spm(TARGET);
	expect_sound();
}

/* All are promoted but the one that a pipe has, which can't be migrated. */
static void route_numa_hint_busy(void)
{
	write_spliced(0, read_busy);
}

static sigjmp_buf back;

static void on_bus(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void poison(void)
{
	must(madvise(page_at(TARGET), PAGE, MADV_HWPOISON));
}

static void touch(void)
{
	__atomic_load_n(page_at(TARGET), __ATOMIC_RELAXED);
}

static bool gives_bus(void (*act)(void))
{
	if (sigsetjmp(back, 1))
		return true;
	act();
	return false;
}

/* The page is lost to who has it, and no other is. It can have a new one. */
static void replace_lost(void)
{
	if (!gives_bus(touch))
		fail("no SIGBUS");
	must(madvise(page_at(TARGET), PAGE, MADV_DONTNEED));
	memcpy(page_at(TARGET), expected_at(TARGET), PAGE);
	expect_contents();
}

/* Lost before fork() */
static void route_hwpoison(void)
{
	pid_t pid;

	signal(SIGBUS, on_bus);
	gives_bus(poison);
	pid = must(fork());
	replace_lost();
	if (!pid)
		_exit(0);
	reap(pid);
}

/* Lost to a child, and to us with it */
static void route_hwpoison_child(void)
{
	pid_t pid;

	signal(SIGBUS, on_bus);
	pid = must(fork());
	if (!pid) {
		gives_bus(poison);
		replace_lost();
		_exit(0);
	}
	reap(pid);
	replace_lost();
}

/* ---- The table ---- */

enum where { DRAM, SPM, ANY };

static const struct route {
	const char *name;
	void (*run)(void);
	enum where target;	/* where it is afterwards */
	enum where others;	/* where the other pages are */
	bool huge;
} routes[] = {
#define ROUTE(name, target, others, huge) { #name, route_##name, target, others, huge }
	ROUTE(none, DRAM, SPM, false),
	ROUTE(wrong, DRAM, SPM, false),
	ROUTE(store, DRAM, SPM, false),
	ROUTE(atomic, DRAM, SPM, false),
	ROUTE(fork_child, SPM, SPM, false),
	ROUTE(fork_parent, DRAM, SPM, false),
	ROUTE(race, DRAM, SPM, false),
	ROUTE(read, DRAM, SPM, false),
	ROUTE(recvmsg, DRAM, SPM, false),
	ROUTE(futex, DRAM, SPM, false),
	ROUTE(direct_read, DRAM, SPM, false),
	ROUTE(direct_write, DRAM, SPM, false),
	ROUTE(process_vm_writev, DRAM, SPM, false),
	ROUTE(ptrace, DRAM, SPM, false),
	ROUTE(proc_mem, DRAM, SPM, false),
	ROUTE(foll_force, DRAM, SPM, false),
	ROUTE(vmsplice, DRAM, SPM, false),
	ROUTE(vmsplice_gift, DRAM, SPM, false),
	ROUTE(pin, DRAM, SPM, false),
	ROUTE(pin_fast, DRAM, SPM, false),
	ROUTE(io_uring, DRAM, SPM, false),
	ROUTE(mprotect, DRAM, SPM, false),
	ROUTE(prot_none, DRAM, SPM, false),
	ROUTE(mremap, DRAM, SPM, false),
	ROUTE(madv_free, DRAM, SPM, false),
	ROUTE(populate, DRAM, SPM, false),
	ROUTE(mlock, DRAM, SPM, false),
	ROUTE(soft_dirty, DRAM, SPM, false),
	ROUTE(uffd_wp, DRAM, SPM, false),
	ROUTE(uffd_wp_first, DRAM, SPM, false),
	ROUTE(uffd_wp_async, DRAM, SPM, false),
	ROUTE(uffd_move, DRAM, DRAM, false),
	ROUTE(uffd_move_swapped, DRAM, ANY, false),
	ROUTE(uffd_copy, DRAM, SPM, false),
	ROUTE(swap_cache, DRAM, SPM, false),
	ROUTE(swap_cache_write, DRAM, SPM, false),
	ROUTE(swapoff, DRAM, SPM, false),
	ROUTE(write_during_swapout, DRAM, DRAM, false),
	ROUTE(write_during_demotion, DRAM, DRAM, false),
	ROUTE(ksm, DRAM, SPM, false),
	ROUTE(ksm_stays, DRAM, DRAM, false),
	ROUTE(ksm_unmerge, DRAM, DRAM, false),
	ROUTE(between_nodes, DRAM, SPM, false),
	ROUTE(move_pages, DRAM, SPM, false),
	ROUTE(mbind, DRAM, SPM, false),
	ROUTE(migrate_pages, DRAM, DRAM, false),
	ROUTE(numa_hint, DRAM, SPM, false),
	ROUTE(numa_hint_busy, DRAM, DRAM, false),
	ROUTE(hwpoison, DRAM, SPM, false),
	ROUTE(hwpoison_child, DRAM, SPM, false),
#define HUGE_ROUTE(name, route, others) { #name, route_##route, DRAM, others, true }
	HUGE_ROUTE(thp_none, none, SPM),
	HUGE_ROUTE(thp_store, store, DRAM),
	HUGE_ROUTE(thp_fork_child, fork_child, DRAM),
	HUGE_ROUTE(thp_fork_parent, fork_parent, ANY),
	HUGE_ROUTE(thp_race, race, ANY),
	HUGE_ROUTE(thp_read, read, DRAM),
	HUGE_ROUTE(thp_futex, futex, DRAM),
	HUGE_ROUTE(thp_direct_read, direct_read, ANY),
	HUGE_ROUTE(thp_direct_write, direct_write, ANY),
	HUGE_ROUTE(thp_process_vm_writev, process_vm_writev, ANY),
	HUGE_ROUTE(thp_ptrace, ptrace, DRAM),
	HUGE_ROUTE(thp_proc_mem, proc_mem, DRAM),
	HUGE_ROUTE(thp_foll_force, foll_force, DRAM),
	HUGE_ROUTE(thp_vmsplice, vmsplice, ANY),
	HUGE_ROUTE(thp_pin, pin, ANY),
	HUGE_ROUTE(thp_pin_fast, pin_fast, ANY),
	HUGE_ROUTE(thp_io_uring, io_uring, ANY),
	HUGE_ROUTE(thp_mprotect, mprotect, DRAM),
	HUGE_ROUTE(thp_prot_none, prot_none, DRAM),
	HUGE_ROUTE(thp_mremap, mremap, ANY),
	HUGE_ROUTE(thp_madv_free, madv_free, ANY),
	HUGE_ROUTE(thp_populate, populate, DRAM),
	HUGE_ROUTE(thp_mlock, mlock, ANY),
	HUGE_ROUTE(thp_soft_dirty, soft_dirty, DRAM),
	HUGE_ROUTE(thp_soft_dirty_split, soft_dirty_split, SPM),
	HUGE_ROUTE(thp_uffd_wp, uffd_wp, DRAM),
	HUGE_ROUTE(thp_uffd_wp_async, uffd_wp_async, SPM),
	HUGE_ROUTE(thp_uffd_move, uffd_move, DRAM),
	HUGE_ROUTE(thp_uffd_move_swapped, uffd_move_swapped, ANY),
	HUGE_ROUTE(thp_swap_cache, swap_cache, ANY),
	HUGE_ROUTE(thp_swap_cache_write, swap_cache_write, ANY),
	HUGE_ROUTE(thp_swapoff, swapoff, ANY),
	HUGE_ROUTE(thp_write_during_swapout, write_during_swapout, DRAM),
	HUGE_ROUTE(thp_write_during_demotion, write_during_demotion, DRAM),
	HUGE_ROUTE(thp_ksm, ksm, ANY),
	HUGE_ROUTE(thp_between_nodes, between_nodes, DRAM),
	HUGE_ROUTE(thp_move_pages, move_pages, DRAM),
	HUGE_ROUTE(thp_mbind, mbind, ANY),
	HUGE_ROUTE(thp_hwpoison, hwpoison, ANY),
	HUGE_ROUTE(thp_split, thp_split, SPM),
	HUGE_ROUTE(thp_partly_unmapped, thp_partly_unmapped, SPM),
	HUGE_ROUTE(thp_collapse, thp_collapse, DRAM),
	HUGE_ROUTE(thp_collapse_small, thp_collapse_small, DRAM),
	HUGE_ROUTE(thp_numa_hint, numa_hint, DRAM),
	{ .name = NULL },
};

static const struct route *find(const char *name)
{
	const struct route *r;

	for (r = routes; r->name; r++)
		if (!strcmp(r->name, name))
			return r;
	errx(2, "there is no route '%s'", name);
}

static void expect_where(unsigned long page, enum where where)
{
	if (where == DRAM)
		expect_dram(page);
	else if (where == SPM)
		expect_spm(page);
}

int main(int argc, char **argv)
{
	bool shared = argc > 1 && !strcmp(argv[1], "-s");
	const struct route *r;
	unsigned long i;

	argc -= shared;
	argv += shared;
	if (argc < 2 || argc > 3) {
		fputs("usage: writes [-s] ROUTE [DEVICE]\n", stderr);
		return 2;
	}
	r = find(argv[1]);
	route = r->name;
	device = argc > 2 ? argv[2] : NULL;

	prepare(r->huge);
	demote();
	if (shared)
		start_other();
	r->run();
	expect_where(TARGET, r->target);
	for (i = 0; i < pages; i++)
		if (i != TARGET)
			expect_where(i, r->others);
	expect_contents();
	expect_sound();
	/* What has been written to can be demoted again, and is what it was. */
	if (r->target != ANY)
		demote();
	expect_contents();
	if (shared)
		finish_other();
	return 0;
}
