/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_TEXT_H
#define SPMCTL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * How the command ends; in spmctl(8). When several devices fail, the last failure counts.
 */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* the kernel refused; check: SPM does not work */
	STATUS_USAGE = 2,	/* the command line, or the configuration, is wrong */
	STATUS_ABSENT = 3,	/* no such device, node, group; no SPM in this kernel */
	STATUS_BUSY = 4,	/* somebody else has it, or its pages can't be moved */
	STATUS_DENIED = 5,	/* only root may do that */
};

/* Long enough for a figure with its unit, and for a number of 64 bits. */
#define FIGURE_SIZE 32

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* As much of what a user typed as a message repeats */
#define SAFE_SIZE 36

/* What a line of a message has at most */
#define LINE_COLUMNS 100

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void complain_of(const char *subject, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_of(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void print_safely(FILE *stream, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
enum status status_of(int rc);

const char *printable(const char *text, char *buf, size_t size);
char *make_utf8(const char *text);
int parse_u64(const char *text, uint64_t max, uint64_t *value);
int parse_size(const char *text, uint64_t max, uint64_t *bytes);
int parse_bool(const char *text, bool *value);
char *trim(char *text);
void format_size(uint64_t bytes, char *buf, size_t size);

#endif /* SPMCTL_TEXT_H */
