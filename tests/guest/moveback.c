// SPDX-License-Identifier: GPL-2.0
/*
 * moveback - have migrate_pages(2) move pages of a task from nodes 1 and 2 to 0
 *
 * Prints how many could not be moved.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long from = 6, to = 1;
	long rc;

	if (argc != 2) {
		fputs("usage: moveback PID\n", stderr);
		return 2;
	}
	rc = syscall(SYS_migrate_pages, atoi(argv[1]), 8 * sizeof(from), &from, &to);
	if (rc < 0)
		err(1, "migrate_pages");
	printf("%ld\n", rc);
	return 0;
}
