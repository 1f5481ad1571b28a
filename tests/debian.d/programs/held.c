// SPDX-License-Identifier: GPL-2.0
/*
 * held - memory that a debugger looks at, for tests/debian
 *
 * usage: held MIB CONTENTS PAUSE
 *
 * Fills its memory, writes the same to the file CONTENTS, makes PAUSE.ready, and waits for
 * PAUSE.go. Then all must be as it was. A debugger may have set told to another last byte.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1024UL * 1024)

/* What a debugger sees, by these names */
unsigned char *held;
size_t held_bytes;
volatile int told;

/* Half of each 64 bytes, so that it compresses */
static void fill(void)
{
	unsigned int state = 1;
	size_t i;

	for (i = 0; i < held_bytes; i++) {
		state = state * 1103515245 + 12345;
		held[i] = i % 64 < 32 ? state >> 16 : 0;
	}
}

/*
 * A MiB at a time: 6.12 with MGLRU does not wait for page cache to be written, so a group that is
 * full of that is OOM-killed.
 */
static void write_contents(const char *name)
{
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t i;

	if (file < 0)
		err(1, "%s", name);
	for (i = 0; i < held_bytes; i += MIB)
		if (write(file, held + i, MIB) != MIB || fdatasync(file))
			err(1, "%s", name);
	close(file);
}

static void wait_for_go(const char *pause)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s.ready", pause);
	file = fopen(name, "w");
	if (!file || fclose(file))
		err(1, "%s", name);
	snprintf(name, sizeof(name), "%s.go", pause);
	while (access(name, F_OK))
		usleep(20000);
}

static void check(const char *name)
{
	FILE *file = fopen(name, "r");
	static unsigned char want[4096];
	size_t i;

	if (!file)
		err(1, "%s", name);
	for (i = 0; i < held_bytes; i += sizeof(want)) {
		if (fread(want, 1, sizeof(want), file) != sizeof(want))
			err(1, "%s", name);
		if (told && i + sizeof(want) == held_bytes)
			want[sizeof(want) - 1] = told;
		if (memcmp(held + i, want, sizeof(want)))
			errx(1, "the page at byte %zu is wrong", i);
	}
	fclose(file);
}

int main(int argc, char *argv[])
{
	if (argc != 4)
		errx(2, "usage: held MIB CONTENTS PAUSE");
	held_bytes = strtoul(argv[1], NULL, 10) << 20;
	held = mmap(NULL, held_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (held == MAP_FAILED)
		err(1, "mmap");
	fill();
	write_contents(argv[2]);
	wait_for_go(argv[3]);
	check(argv[2]);
	return 0;
}
