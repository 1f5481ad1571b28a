// SPDX-License-Identifier: GPL-2.0
/*
 * unshare - a page that was unshared, then shared again, outlives MADV_FREE of a child
 *
 * The page is shared, by fork, or demoted, so that reading it with process_vm_readv()
 * makes a copy of it. A child calls MADV_FREE on that copy, which is still the parent's.
 * The program stops for the page to be reclaimed, then looks at it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static pid_t child_that(int advice, unsigned char *page)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		if (madvise(page, PAGE, advice))
			err(1, "madvise %d", advice);
		if (write(ready[1], "", 1) != 1)
			err(1, "write");
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "the child has failed");
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void pin(unsigned char *page)
{
	unsigned char copy[PAGE];
	struct iovec to = { copy, PAGE }, from = { page, PAGE };

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)PAGE)
		err(1, "process_vm_readv");
}

static void pause_at(const char *mark)
{
	char name[256];

	snprintf(name, sizeof(name), "%s.ready", mark);
	close(open(name, O_CREAT | O_WRONLY, 0600));
	snprintf(name, sizeof(name), "%s.go", mark);
	while (access(name, F_OK))
		usleep(10000);
}

int main(int argc, char **argv)
{
	unsigned char expected[PAGE];
	unsigned char *page;
	pid_t pid;

	if (argc != 3) {
		fputs("usage: unshare fork|pageout MARK\n", stderr);
		return 2;
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	memset(expected, 'x', PAGE);
	memset(page, 'x', PAGE);

	if (!strcmp(argv[1], "fork")) {
		pid = child_that(MADV_NORMAL, page);
		pin(page);
		end(pid);
	} else {
		if (madvise(page, PAGE, MADV_PAGEOUT))
			err(1, "MADV_PAGEOUT");
		pin(page);
	}

	pid = child_that(MADV_FREE, page);
	pause_at(argv[2]);
	if (memcmp(page, expected, PAGE))
		errx(1, "the page is lost: its first byte is %#x", page[0]);
	end(pid);
	return 0;
}
