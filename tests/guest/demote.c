// SPDX-License-Identifier: GPL-2.0
/*
 * demote - push a cgroup's anonymous memory out, over and over
 *
 * MADV_PAGEOUT of all private memory of each process there, then memory.reclaim, which
 * takes shared memory too and what several processes have mapped. With -s the cgroup is
 * stopped meanwhile. Each time it rests for as long as it has worked, so that the others
 * get on. Until it gets SIGTERM; then it prints how often it has gone through all of it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* How long reclaim may try what it can't do */
#define RECLAIM_US 4000

static volatile sig_atomic_t over;
static char procs[PATH_MAX], reclaim[PATH_MAX], freeze[PATH_MAX], events[PATH_MAX];

static void handle(int signal)
{
	if (signal == SIGTERM)
		over = 1;
}

/* Pages that a CPU has not yet put on a list of reclaim are left alone. This makes all do so. */
static void drain(void)
{
	int node;

	if (syscall(SYS_move_pages, 0, 0UL, NULL, &node, NULL, 0))
		err(1, "move_pages");
}

/* Private memory: without a file, or that may have pages that are no more the file's */
static bool wanted(const char *mode, unsigned long inode)
{
	return mode[3] == 'p' && (!inode || mode[1] == 'w');
}

/* The process may have ended, and a range be one that can't be pushed out: both is fine. */
static void push_out(int pid)
{
	char name[64], line[PATH_MAX + 128], mode[5];
	unsigned long start, end, inode;
	struct iovec range;
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &start, &end, mode, &inode) != 4 ||
		    !wanted(mode, inode))
			continue;
		range.iov_base = (void *)start;
		range.iov_len = end - start;
		syscall(SYS_process_madvise, pidfd, &range, 1UL, MADV_PAGEOUT, 0U);
	}
	if (maps)
		fclose(maps);
	if (pidfd >= 0)
		close(pidfd);
}

static void push_out_all(void)
{
	FILE *f = fopen(procs, "r");
	int pid;

	if (!f)
		err(1, "%s", procs);
	while (fscanf(f, "%d", &pid) == 1)
		push_out(pid);
	fclose(f);
}

static void put(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY);

	/* Not everything can be reclaimed at any time. */
	if (fd < 0 || (write(fd, value, strlen(value)) < 0 && errno != EAGAIN && errno != EINTR))
		err(1, "%s", file);
	close(fd);
}

/* The signal ends it. */
static void reclaim_some(void)
{
	static const struct itimerval limit = { .it_value.tv_usec = RECLAIM_US }, none;

	setitimer(ITIMER_REAL, &limit, NULL);
	put(reclaim, "1M swappiness=200");
	setitimer(ITIMER_REAL, &none, NULL);
}

static bool stopped(void)
{
	char text[256];
	int fd = open(events, O_RDONLY);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (size < 0)
		err(1, "%s", events);
	close(fd);
	text[size] = 0;
	return strstr(text, "frozen 1");
}

/* Who waits for a task that is stopped already can't be: then it is for the next round. */
static bool stop(void)
{
	int i;

	put(freeze, "1");
	for (i = 0; i < 1000; i++) {
		if (stopped())
			return true;
		usleep(100);
	}
	return false;
}

static unsigned long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000UL + now.tv_nsec / 1000;
}

static void rest(unsigned long us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
	bool stopping = argc == 3 && !strcmp(argv[1], "-s");
	const char *cgroup = argv[argc - 1];
	unsigned long rounds = 0, began;

	if (argc != 2 && !stopping)
		errx(2, "usage: demote [-s] CGROUP, the directory of one");
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	snprintf(reclaim, sizeof(reclaim), "%s/memory.reclaim", cgroup);
	snprintf(freeze, sizeof(freeze), "%s/cgroup.freeze", cgroup);
	snprintf(events, sizeof(events), "%s/cgroup.events", cgroup);
	signal(SIGTERM, handle);
	signal(SIGALRM, handle);
	while (!over) {
		began = now_us();
		drain();
		if (!stopping || stop()) {
			push_out_all();
			reclaim_some();
			rounds++;
		}
		if (stopping)
			put(freeze, "0");
		rest(now_us() - began);
	}
	printf("%lu\n", rounds);
	return 0;
}
