// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: messages, and numbers as people write them
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* Nothing that comes from elsewhere gets to the terminal to act upon it. */
static void defuse(char *text, bool keep_lines)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text) && !(keep_lines && *text == '\n'))
			*text = '?';
}

/* As vfprintf(), with a question mark for each byte that is no printable ASCII. */
void print_safely(FILE *stream, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return;
	defuse(text, true);
	fputs(text, stream);
	free(text);
}

/* Lines after the first are indented, so that a message is seen to be one. */
static void say(const char *prefix, const char *format, va_list args)
{
	fflush(stdout);
	fputs(prefix, stderr);
	print_safely(stderr, format, args);
	fputc('\n', stderr);
}

/* The subject, which may be long, has a line of its own then. */
static void say_of(const char *prefix, const char *subject, const char *format, va_list args)
{
	char *what, *whose = strdup(subject);
	size_t columns;

	if (!whose || vasprintf(&what, format, args) < 0) {
		free(whose);
		return;
	}
	defuse(whose, false);
	defuse(what, true);
	columns = strlen(prefix) + strlen(whose) + strlen(": ") + strcspn(what, "\n");
	fflush(stdout);
	fprintf(stderr, "%s%s:%s%s\n", prefix, whose,
		columns > LINE_COLUMNS ? "\n        " : " ", what);
	free(whose);
	free(what);
}

#define COMPLAINT "spmctl: "
#define NOTE "spmctl: note: "

/* Says why something was not done. */
void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(COMPLAINT, format, args);
	va_end(args);
}

/* The same as "SUBJECT: why", where the subject is told in whole, however long it is. */
void complain_of(const char *subject, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_of(COMPLAINT, subject, format, args);
	va_end(args);
}

/* Says what the user should know although it was done. */
void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(NOTE, format, args);
	va_end(args);
}

void note_of(const char *subject, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_of(NOTE, subject, format, args);
	va_end(args);
}

/* The exit status for an -errno of the kernel's. */
enum status status_of(int rc)
{
	switch (-rc) {
	case 0:
		return STATUS_OK;
	case ENODEV:
	case ENOENT:
		return STATUS_ABSENT;
	case EBUSY:
		return STATUS_BUSY;
	case EACCES:
	case EPERM:
	case EROFS:
		return STATUS_DENIED;
	default:
		return STATUS_FAILED;
	}
}

/*
 * What a user typed may have anything in it; a message has a question mark for that, and
 * dots for what does not fit.
 */
const char *printable(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		buf[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	buf[i] = '\0';
	if (text[i] && i >= strlen("..."))
		memcpy(buf + i - strlen("..."), "...", strlen("..."));
	return buf;
}

/* Bytes of the character in UTF-8 that @text begins with; 0 if there is none */
static size_t utf8_length(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*text;
	size_t i, length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 :
			   first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	uint32_t code = first & (0x7f >> length);

	if (length < 2)
		return length;
	for (i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

/* With U+FFFD for each byte that is of no character; NULL, or to be freed */
char *make_utf8(const char *text)
{
	static const char instead[] = "\xef\xbf\xbd";
	char *valid = malloc(strlen(instead) * strlen(text) + 1), *end = valid;
	size_t length;

	if (!valid)
		return NULL;
	for (; *text; text += length ? length : 1) {
		length = utf8_length(text);
		end = mempcpy(end, length ? text : instead, length ? length : strlen(instead));
	}
	*end = '\0';
	return valid;
}

/* Digits only: strtoull() by itself takes signs and spaces as well. */
int parse_u64(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	return errno || *value > max ? -ERANGE : 0;
}

/* What a unit multiplies by, as a shift; -1 for a unit that there is not. */
static int unit_shift(const char *unit)
{
	static const char units[] = "KMGT";
	const char *found;

	if (!*unit)
		return 0;
	found = strchr(units, toupper((unsigned char)*unit));
	if (!found)
		return -1;
	if (unit[1] && strcasecmp(unit + 1, "iB"))
		return -1;
	return 10 * (int)(found - units + 1);
}

/* "512", "64K", "1.5G", "2GiB": powers of 1024, as util-linux has it. */
int parse_size(const char *text, uint64_t max, uint64_t *bytes)
{
	uint64_t whole, part = 0, scale = 1;
	char *end;
	int shift;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	whole = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	if (*end == '.') {
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		for (end++; isdigit((unsigned char)*end); end++) {
			if (scale >= 1000000)
				continue;	/* finer than a byte of a terabyte's MiB */
			part = part * 10 + (uint64_t)(*end - '0');
			scale *= 10;
		}
	}
	shift = unit_shift(end);
	if (shift < 0 || (scale > 1 && !shift))
		return -EINVAL;
	if (whole > (UINT64_MAX >> shift))
		return -ERANGE;
	*bytes = (whole << shift) + ((part << shift) / scale);
	return *bytes < (whole << shift) || *bytes > max ? -ERANGE : 0;
}

int parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1", "y" };
	static const char *const no[] = { "no", "false", "off", "0", "n" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*value = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* Without the white space at either end. */
char *trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* At most three digits before the point, and one after it if it is not 0: "1.5G". */
void format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	uint64_t tenths;
	int unit = 0;

	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	if (!unit) {
		snprintf(buf, size, "%llu%s", (unsigned long long)bytes, bytes ? "B" : "");
		return;
	}
	/* Rounded down, so that nothing looks full that is not. */
	tenths = (bytes >> (10 * unit)) * 10 +
		 (((bytes >> (10 * (unit - 1))) & 1023) * 10 >> 10);
	if (tenths % 10)
		snprintf(buf, size, "%llu.%llu%c", (unsigned long long)(tenths / 10),
			 (unsigned long long)(tenths % 10), units[unit]);
	else
		snprintf(buf, size, "%llu%c", (unsigned long long)(tenths / 10), units[unit]);
}
