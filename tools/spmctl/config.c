// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: /etc/spm.conf and /etc/spm.conf.d/NAME.conf, see spm.conf(5)
 *
 * All files are read, spm.conf first, then in the order of their names, byte by byte, as
 * other such directories are. What comes later overrides what came before, key by key.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "device.h"
#include "sysfs.h"

#define MAIN_FILE "/etc/spm.conf"
#define MORE_FILES "/etc/spm.conf.d"
#define MACHINE "machine"		/* the section that is of no device */
#define GLOB_CHARACTERS "*?["		/* of a pattern */

const char *const knob_files[NR_KNOBS] = {
	"margin_permille", "target_permille", "reopen_permille", "interval_ms", "stale_ms",
};

/* Where the reader is, for messages, and what it has read. */
struct reader {
	struct config *config;
	const char *file;
	unsigned int line;
	bool in_machine;
	struct section *section;	/* NULL before the first header */
	enum status status;
};

static void fault(struct reader *reader, const char *what, const char *text)
{
	char safe[SAFE_SIZE], where[PATH_MAX + FIGURE_SIZE];

	snprintf(where, sizeof(where), "%s, line %u", reader->file, reader->line);
	complain_of(where, "%s: '%s'", what, printable(text, safe, sizeof(safe)));
	reader->status = STATUS_USAGE;
}

static struct section *add_section(struct config *config, const char *pattern)
{
	struct section *more, *section;

	more = realloc(config->section, (config->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	config->section = more;
	section = &more[config->count++];
	memset(section, 0, sizeof(*section));
	strcpy(section->pattern, pattern);
	return section;
}

static void read_header(struct reader *reader, char *line)
{
	size_t length = strlen(line);
	char *name;

	reader->section = NULL;
	reader->in_machine = false;
	if (length < 2 || line[length - 1] != ']') {
		fault(reader, "a section's name stands in [ ]", line);
		return;
	}
	line[length - 1] = '\0';
	name = trim(line + 1);
	if (!strcmp(name, MACHINE)) {
		reader->in_machine = true;
	} else if (!*name || strchr(name, '/') || strlen(name) >= NAME_SIZE) {
		fault(reader, "no device can have this name", name);
	} else if (!strpbrk(name, GLOB_CHARACTERS) && !is_dax_name(name)) {
		fault(reader, "this is neither a device such as dax0.0, nor a pattern, nor\n"
		      "        [" MACHINE "]", name);
	} else {
		reader->section = add_section(reader->config, name);
		if (!reader->section)
			fault(reader, "not enough memory for section", name);
	}
}

static void fault_of(struct reader *reader, const char *key, const char *what, const char *text)
{
	char both[TEXT_SIZE];

	snprintf(both, sizeof(both), "%s: %s", key, what);
	fault(reader, both, text);
}

static void read_switch(struct reader *reader, struct value *value, const char *key,
			const char *text)
{
	bool on;

	if (parse_bool(text, &on)) {
		fault_of(reader, key, "give yes or no, and not", text);
		return;
	}
	value->known = true;
	value->number = on;
}

static void read_knob(struct reader *reader, struct value *value, const char *key,
		      const char *text)
{
	int rc = parse_u64(text, UINT32_MAX, &value->number);

	value->known = !rc;
	if (rc)
		fault_of(reader, key, rc == -ERANGE ? "this number is too large" :
			 "this is no number", text);
}

static void read_device_key(struct reader *reader, const char *key, const char *text)
{
	struct section *section = reader->section;
	size_t i;

	if (!strcmp(key, "bind")) {
		read_switch(reader, &section->bind, key, text);
	} else if (!strcmp(key, "driver")) {
		if (is_spm_driver(text))
			strcpy(section->driver, text);
		else
			fault(reader, "driver is " SPM_DRIVERS, text);
	} else {
		for (i = 0; i < NR_KNOBS && strcmp(key, knob_files[i]); i++)
			;
		if (i < NR_KNOBS)
			read_knob(reader, &section->knob[i], key, text);
		else
			fault(reader, "a device's section has no such key", key);
	}
}

static void read_key(struct reader *reader, char *line)
{
	char *equals = strchr(line, '='), *key, *text;

	if (!equals) {
		fault(reader, "neither 'key = value' nor a section", line);
		return;
	}
	*equals = '\0';
	key = trim(line);
	text = trim(equals + 1);
	if (reader->in_machine && !strcmp(key, "swap"))
		read_switch(reader, &reader->config->swap, key, text);
	else if (reader->in_machine && !strcmp(key, "mapped"))
		read_switch(reader, &reader->config->mapped, key, text);
	else if (reader->in_machine)
		fault(reader, "section [machine] has no such key", key);
	else if (reader->section)
		read_device_key(reader, key, text);
	else
		fault(reader, "this key is in no section", key);
}

static void say_unreadable(struct reader *reader, int error)
{
	complain_of(reader->file, "it can't be read: %s", strerror(error));
	reader->status = status_of(-error);
}

static void read_stream(struct reader *reader, FILE *stream)
{
	size_t size = 0;
	char *buf = NULL, *line;

	while (getline(&buf, &size, stream) >= 0) {
		reader->line++;
		line = trim(buf);
		if (*line == '[')
			read_header(reader, line);
		else if (*line && *line != '#' && *line != ';')
			read_key(reader, line);
	}
	if (ferror(stream))
		say_unreadable(reader, errno);
	free(buf);
}

/* A file that is not there says nothing. */
static void read_file(struct reader *reader, const char *file)
{
	char path[PATH_MAX];
	FILE *stream;

	reader->file = file;
	reader->line = 0;
	reader->section = NULL;
	reader->in_machine = false;
	if (sysfs_path(path, "%s", file))
		return;
	stream = fopen(path, "re");
	if (!stream) {
		if (errno != ENOENT)
			say_unreadable(reader, errno);
		return;
	}
	reader->config->files++;
	read_stream(reader, stream);
	fclose(stream);
}

static int read_one_more(const char *name, void *data)
{
	size_t length = strlen(name), suffix = strlen(".conf");
	char path[PATH_MAX];

	if (length <= suffix || strcmp(name + length - suffix, ".conf"))
		return 0;
	snprintf(path, sizeof(path), MORE_FILES "/%s", name);
	read_file(data, path);
	return 0;
}

/* All faults are told. The caller frees it in any case. */
enum status config_read(struct config *config)
{
	struct reader reader = { .config = config };
	int rc;

	memset(config, 0, sizeof(*config));
	read_file(&reader, MAIN_FILE);
	rc = sysfs_walk_by_bytes(MORE_FILES, read_one_more, &reader);
	if (rc && rc != -ENOENT) {
		reader.file = MORE_FILES;
		say_unreadable(&reader, -rc);
	}
	return reader.status;
}

void config_free(struct config *config)
{
	free(config->section);
	memset(config, 0, sizeof(*config));
}

static void merge(struct section *merged, const struct section *section)
{
	size_t i;

	if (section->bind.known)
		merged->bind = section->bind;
	if (*section->driver)
		strcpy(merged->driver, section->driver);
	for (i = 0; i < NR_KNOBS; i++)
		if (section->knob[i].known)
			merged->knob[i] = section->knob[i];
}

/*
 * What all sections say of a device: those with a pattern first, and then those with its
 * very name, each in the order of the files. Return: is it to be bound? It is if a section
 * has its very name and none of these says no.
 */
bool config_find(const struct config *config, const char *device, struct section *merged)
{
	const struct section *section;
	bool found = false, named = false;
	size_t i;
	int exact;

	memset(merged, 0, sizeof(*merged));
	for (exact = 0; exact <= 1; exact++) {
		for (i = 0; i < config->count; i++) {
			section = &config->section[i];
			if ((strcmp(section->pattern, device) == 0) != exact ||
			    fnmatch(section->pattern, device, 0))
				continue;
			if (exact && !named)
				merged->bind.known = false;
			merge(merged, section);
			named = exact;
			found = true;
		}
	}
	if (!*merged->driver)
		strcpy(merged->driver, "spm_dax");
	return found && (!merged->bind.known || merged->bind.number);
}

/* Is section @i of a device that is to be bound, and is not there? Or its name is mistyped. */
bool config_names_absent(const struct config *config, size_t i, const struct devices *devices,
			 struct section *merged)
{
	const char *name = config->section[i].pattern;

	return is_dax_name(name) && !devices_find(devices, name) &&
	       config_find(config, name, merged);
}
