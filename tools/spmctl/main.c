// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl - looks at SPM nodes, makes them, and switches on what uses them
 *
 *   main.c		the command line
 *   sysfs.c		files of sysfs and procfs
 *   node.c, column.c	what is known of nodes, and the columns it is shown in
 *   list.c, watch.c	nodes as a table, as JSON, for Prometheus, again and again
 *   device.c, bind.c	device-dax instances, and who has them
 *   config.c		/etc/spm.conf
 *   switch.c		zspm and mapped mode, on and off
 *   cgroup.c		limits of cgroups
 *   check.c		what is in the way
 *   text.c		messages and numbers
 *
 * It has no state of its own: all is in the kernel, and all that it reads is text.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "cgroup.h"
#include "check.h"
#include "device.h"
#include "list.h"
#include "switch.h"
#include "sysfs.h"
#include "text.h"
#include "watch.h"

#ifndef VERSION
#error "the Makefile says which version this is"
#endif

#define MIN_INTERVAL_MS 100
#define MAX_INTERVAL_MS (24 * 3600 * 1000ULL)
#define MAX_COUNT 1000000000ULL

struct arguments {
	struct list_options list;
	const char *driver, *zpool;
	bool config;
	uint64_t interval_ms, count;
	int nr_words;
	char **word;			/* what is no option */
};

struct command {
	const char *name;
	enum status (*run)(const struct arguments *arguments);
	const char *options;		/* long options that it takes, "|json|bytes|" */
	int min_words, max_words;
	const char *usage;
	const char *help;
	const char *question;		/* about a first word that is missing; NULL: may be */
};

/* ---- Commands ---- */

/* What is about the table only says nothing of the other forms. */
static enum status check_form(const struct list_options *options)
{
	const char *without_meaning;

	if (options->form == FORM_TABLE)
		return STATUS_OK;
	without_meaning = !options->headings ? "noheadings" : options->total ? "total" :
			  options->output && options->form == FORM_PROMETHEUS ? "output" : NULL;
	if (!without_meaning)
		return STATUS_OK;
	complain("--%s and --%s contradict each other", without_meaning,
		 options->form == FORM_JSON ? "json" : "prometheus");
	return STATUS_USAGE;
}

static enum status run_list(const struct arguments *arguments)
{
	enum status status = check_form(&arguments->list);

	return status ? status : list(&arguments->list);
}

static enum status run_watch(const struct arguments *arguments)
{
	return watch(arguments->interval_ms, arguments->count, &arguments->list);
}

static enum status run_bind(const struct arguments *arguments)
{
	if (arguments->config && arguments->driver) {
		complain("--config and --driver contradict each other: the configuration names the driver");
		return STATUS_USAGE;
	}
	if (arguments->config)
		return bind_configured(arguments->nr_words ? arguments->word[0] : NULL);
	if (!arguments->nr_words) {
		complain("which device? `spmctl bind DEVICE`, or `spmctl bind --config`");
		return STATUS_USAGE;
	}
	return bind_device(arguments->word[0], arguments->driver ? arguments->driver : "spm_dax");
}

static enum status run_unbind(const struct arguments *arguments)
{
	return unbind_device(arguments->word[0]);
}

static enum status say_no_use(const char *word)
{
	char safe[SAFE_SIZE];

	complain("'%s' is neither swap nor mapped", printable(word, safe, sizeof(safe)));
	return STATUS_USAGE;
}

static enum status run_enable(const struct arguments *arguments)
{
	const char *word = arguments->nr_words ? arguments->word[0] : "";

	if (arguments->config && !*word)
		return enable_configured();
	if (arguments->config || !*word) {
		complain("give one of swap, mapped and --config");
		return STATUS_USAGE;
	}
	return !strcmp(word, "swap") ? enable_swap() :
	       !strcmp(word, "mapped") ? enable_mapped() : say_no_use(word);
}

static enum status run_disable(const struct arguments *arguments)
{
	const char *word = arguments->word[0];

	if (!strcmp(word, "mapped") && arguments->zpool) {
		complain("--zpool is for swap, not for mapped");
		return STATUS_USAGE;
	}
	return !strcmp(word, "swap") ? disable_swap(arguments->zpool) :
	       !strcmp(word, "mapped") ? disable_mapped() : say_no_use(word);
}

static enum status run_cgroup(const struct arguments *arguments)
{
	const struct list_options *options = &arguments->list;
	enum status status = check_form(options);

	if (status)
		return status;
	if (arguments->nr_words == 1)
		return cgroup_show(arguments->word[0], options);
	if (options->form != FORM_TABLE || options->bytes || !options->headings) {
		complain("to set a limit shows nothing: leave out --json, --bytes and --noheadings");
		return STATUS_USAGE;
	}
	return cgroup_limit(arguments->word[0], arguments->word[1]);
}

static enum status run_check(const struct arguments *arguments)
{
	(void)arguments;
	return check();
}

static const struct command commands[] = {
	{
		"list", run_list, "|json|prometheus|bytes|output|noheadings|total|", 0, 0,
		"[--json | --prometheus] [--bytes] [--output COLUMNS] [--noheadings] [--total]",
		"Lists SPM nodes. This is what spmctl does without a command, too.\n\n"
		"  -J, --json            as JSON: all columns, sizes in bytes, null for what is not known\n"
		"  -P, --prometheus      as metrics in the text format of Prometheus\n"
		"  -b, --bytes           sizes in bytes\n"
		"  -o, --output COLUMNS  these columns, NODE,USED say; +LOST adds to the usual ones\n"
		"  -n, --noheadings      no line of headings\n"
		"  -t, --total           a row with the sums, which there is anyway if there are several nodes\n"
		"\n-n and -t are for the table only; -o for the table and JSON.\n", NULL,
	}, {
		"watch", run_watch, "|interval|count|bytes|noheadings|", 0, 0,
		"[-n SECONDS] [--count N] [--bytes] [--noheadings]",
		"Lists nodes again and again, with what happens in a second: pages that come (IN/s), are\n"
		"read back (OUT/s), are written to and so go back to DRAM (WRITTEN/s), leave for DRAM\n"
		"(PROM/s) and for the swap device (BACK/s) as space is short, and are refused.\n\n"
		"  -n, --interval SECONDS  0.1 to 86400 (2)\n"
		"  -c, --count N           how often; without it, until it is interrupted\n"
		"  -b, --bytes             sizes in bytes\n"
		"      --noheadings        no line of headings\n", NULL,
	}, {
		"bind", run_bind, "|driver|config|", 0, 1,
		"DEVICE [--driver spm_dax|spm_cxl|spm_emu] | --config [DEVICE]",
		"Makes an SPM node of a device-dax instance, dax0.0 say. It is taken from the driver\n"
		"device_dax if no process uses it, and from kmem if all its memory is offline.\n\n"
		"  -d, --driver NAME  spm_dax, for memory that holds what it advertises (the default);\n"
		"                     spm_cxl, for a region of CXL devices, which are asked and heard;\n"
		"                     spm_emu, an emulated device, which loses data by design: for tests\n"
		"  -c, --config       as /etc/spm.conf says, all devices that it names, or this one\n",
		"which device?",
	}, {
		"unbind", run_unbind, "|", 1, 1, "DEVICE|NODE",
		"Takes an SPM node away, which is named by its device, dax0.0, or its number. Its pages\n"
		"go to other SPM nodes, to DRAM, or to the swap device. If they can't, nothing changes.\n",
		"which node?",
	}, {
		"enable", run_enable, "|config|", 0, 1, "swap|mapped | --config",
		"Lets nodes be used, until the next boot.\n\n"
		"  swap          what is swapped out goes to nodes: zswap is on, with the zpool zspm\n"
		"  mapped        reclaim demotes cold pages to nodes, where they stay mapped\n"
		"  -c, --config  as section [machine] of /etc/spm.conf says\n", NULL,
	}, {
		"disable", run_disable, "|zpool|", 1, 1, "swap [--zpool NAME] | mapped",
		"Lets nodes be used no more. What is there stays until it is needed.\n\n"
		"  swap              zswap is off\n"
		"  -z, --zpool NAME  zswap stays on, and compresses pages in this zpool: zsmalloc, say\n"
		"  mapped            reclaim demotes no more pages\n",
		"swap or mapped?",
	}, {
		"cgroup", run_cgroup, "|json|bytes|noheadings|", 1, 2, "PATH [LIMIT]",
		"Shows what a cgroup has on SPM nodes, and may have; or limits it to max, 0, or a size as\n"
		"512M. To lower a limit moves pages away first. PATH is system.slice, say, or the full one.\n"
		"Options are for what is shown:\n\n"
		"  -J, --json        as JSON; max is null if there is no limit\n"
		"  -b, --bytes       sizes in bytes\n"
		"  -n, --noheadings  no line of headings\n",
		"which cgroup?",
	}, {
		"check", run_check, "|", 0, 0, "",
		"Says line by line what on this machine is in the way (FAIL), and what to do about it.\n"
		"Exit status 0 if a page would get to a node now, else 1.\n", NULL,
	},
};

#define NR_COMMANDS ARRAY_SIZE(commands)

/* ---- Help ---- */

static void print_usage(void)
{
	size_t i;

	printf("usage: spmctl [OPTIONS]\n");
	for (i = 0; i < NR_COMMANDS; i++)
		printf("       spmctl %s%s%s\n", commands[i].name, *commands[i].usage ? " " : "",
		       commands[i].usage);
	printf("       spmctl [COMMAND] --help\n"
	       "       spmctl --version\n\n"
	       "Lists SPM nodes, makes them, and switches on what uses them. Without a command it\n"
	       "lists them; these are the options for it and the columns:\n\n%s\n",
	       strchr(strchr(commands[0].help, '\n') + 1, '\n') + 1);
	columns_print_help();
	printf("\nSizes take the units K, M, G and T, which are powers of 1024. Exit status: 0 done,\n"
	       "1 failed, 2 wrong usage or configuration, 3 there is no such thing, 4 somebody has it,\n"
	       "5 only root may do that. See spmctl(8), spm.conf(5).\n");
}

static void print_command_help(const struct command *command)
{
	printf("usage: spmctl %s%s%s\n\n%s", command->name, *command->usage ? " " : "",
	       command->usage, command->help);
}

/* ---- Options ---- */

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'J' },
	{ "prometheus", no_argument, NULL, 'P' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "output", required_argument, NULL, 'o' },
	{ "noheadings", no_argument, NULL, 'N' },
	{ "total", no_argument, NULL, 't' },
	{ "interval", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'k' },
	{ "driver", required_argument, NULL, 'd' },
	{ "config", no_argument, NULL, 'C' },
	{ "zpool", required_argument, NULL, 'z' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

/* In the order of the commands; -n and -c mean what the command has. */
static const char *const short_options[NR_COMMANDS] = {
	":JPbo:nthV", ":n:c:bhV", ":d:chV", ":hV", ":chV", ":z:hV", ":JbnhV", ":hV",
};

static int long_of_short(int option, const struct command *command)
{
	bool is_watch = command->run == run_watch;

	if (option == 'n')
		return is_watch ? 'i' : 'N';
	if (option == 'c')
		return is_watch ? 'k' : 'C';
	return option;
}

static const char *option_name(int option)
{
	size_t i;

	for (i = 0; long_options[i].name; i++)
		if (long_options[i].val == option)
			return long_options[i].name;
	return "";
}

static bool is_option_of(const struct command *command, int option)
{
	char pattern[NAME_SIZE];

	if (option == 'h' || option == 'V')
		return true;
	snprintf(pattern, sizeof(pattern), "|%s|", option_name(option));
	return strstr(command->options, pattern);
}

/* "2", "0.5": seconds, as milliseconds */
static int parse_interval(const char *text, uint64_t *ms)
{
	char whole[FIGURE_SIZE], part[4] = "000";
	uint64_t seconds, rest;
	const char *point = strchr(text, '.');
	size_t length = point ? (size_t)(point - text) : strlen(text);

	if (length >= sizeof(whole))
		return -EINVAL;
	memcpy(whole, text, length);
	whole[length] = '\0';
	if (point) {
		if (strlen(point + 1) < 1 || strlen(point + 1) > 3)
			return -EINVAL;
		memcpy(part, point + 1, strlen(point + 1));
	}
	if (parse_u64(whole, MAX_INTERVAL_MS / 1000, &seconds) || parse_u64(part, 999, &rest))
		return -EINVAL;
	*ms = seconds * 1000 + rest;
	return *ms < MIN_INTERVAL_MS || *ms > MAX_INTERVAL_MS ? -ERANGE : 0;
}

static int set_number(struct arguments *arguments, int option, const char *text)
{
	char safe[SAFE_SIZE];
	int rc;

	printable(text, safe, sizeof(safe));
	if (option == 'i') {
		rc = parse_interval(text, &arguments->interval_ms);
		if (rc)
			complain("--interval %s: give 0.1 to 86400 seconds", safe);
		return rc;
	}
	rc = parse_u64(text, MAX_COUNT, &arguments->count);
	if (!rc && !arguments->count)
		rc = -ERANGE;
	if (rc)
		complain("--count %s: give 1 to %llu", safe, MAX_COUNT);
	return rc;
}

static int set_driver(struct arguments *arguments, const char *name)
{
	char safe[SAFE_SIZE];

	arguments->driver = name;
	if (is_spm_driver(name))
		return 0;
	complain("--driver %s: give " SPM_DRIVERS, printable(name, safe, sizeof(safe)));
	return -EINVAL;
}

static int set_zpool(struct arguments *arguments, const char *name)
{
	arguments->zpool = name;
	if (*name)
		return 0;
	complain("--zpool: give its name, zsmalloc say");
	return -EINVAL;
}

static int set_form(struct arguments *arguments, enum form form)
{
	if (arguments->list.form != FORM_TABLE && arguments->list.form != form) {
		complain("--json and --prometheus contradict each other");
		return -EINVAL;
	}
	arguments->list.form = form;
	return 0;
}

static int set_option(struct arguments *arguments, int option, const char *text)
{
	switch (option) {
	case 'J':
		return set_form(arguments, FORM_JSON);
	case 'P':
		return set_form(arguments, FORM_PROMETHEUS);
	case 'b':
		arguments->list.bytes = true;
		return 0;
	case 'o':
		arguments->list.output = text;
		return 0;
	case 'N':
		arguments->list.headings = false;
		return 0;
	case 't':
		arguments->list.total = true;
		return 0;
	case 'd':
		return set_driver(arguments, text);
	case 'C':
		arguments->config = true;
		return 0;
	case 'z':
		return set_zpool(arguments, text);
	default:
		return set_number(arguments, option, text);
	}
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* How many long options begin like this one, which may have a value after a '=' */
static unsigned int options_like(const char *text)
{
	unsigned int count = 0;
	size_t i, length = strcspn(text, "=");

	for (i = 0; long_options[i].name; i++)
		count += !strncmp(long_options[i].name, text, length);
	return count;
}

/* "--json=yes" */
static bool has_needless_value(const char *text, int option)
{
	return !strncmp(text, "--", 2) && strchr(text, '=') &&
	       !strncmp(option_name(option), text + 2, strcspn(text + 2, "="));
}

/* getopt_long() leaves a letter in optopt, also that of a long option with a needless value. */
static void say_wrong_option(const struct command *command, int found, char **argv)
{
	const char *text = argv[optind - 1];
	char safe[SAFE_SIZE];

	printable(text, safe, sizeof(safe));
	if (found == ':')
		complain("option %s needs a value; see `spmctl %s --help`", safe, command->name);
	else if (optopt && has_needless_value(text, optopt))
		complain("option --%s takes no value", option_name(optopt));
	else if (isdigit(optopt) && !strcmp(command->name, "cgroup"))
		complain("limit '%s': it is no size; " LIMIT_FORMS, safe);
	else if (optopt)
		complain("there is no option -%c; see `spmctl %s --help`", optopt, command->name);
	else if (options_like(text + 2) > 1)
		complain("option %s may be one of several; see `spmctl %s --help`", safe,
			 command->name);
	else
		complain("there is no option %s; see `spmctl %s --help`", safe, command->name);
}

/* Options may stand before and after words. Return: 0; 1, help or version was asked for */
static int parse_options(const struct command *command, struct arguments *arguments, int argc,
			 char **argv, bool is_list)
{
	const char *shorts = short_options[command - commands];
	int option;

	while ((option = getopt_long(argc, argv, shorts, long_options, NULL)) != -1) {
		if (option == '?' || option == ':') {
			say_wrong_option(command, option, argv);
			return -EINVAL;
		}
		option = long_of_short(option, command);
		if (!is_option_of(command, option)) {
			complain("%s has no option --%s; see `spmctl %s --help`", command->name,
				 option_name(option), command->name);
			return -EINVAL;
		}
		if (option == 'V') {
			printf("spmctl %s\n", VERSION);
			return 1;
		}
		if (option == 'h') {
			if (is_list)
				print_usage();
			else
				print_command_help(command);
			return 1;
		}
		if (set_option(arguments, option, optarg))
			return -EINVAL;
	}
	arguments->nr_words = argc - optind;
	arguments->word = argv + optind;
	return 0;
}

/* `spmctl --json list` */
static bool is_command_late(const struct command *command, const struct arguments *arguments)
{
	return command == &commands[0] && arguments->nr_words && find_command(arguments->word[0]);
}

static enum status say_too_many(const struct command *command, const char *word)
{
	static const char *const at_most[] = {
		"no argument", "one argument at a time", "two arguments at most",
	};
	char safe[SAFE_SIZE];

	complain("%s takes %s, but there is '%s'%s; see `spmctl %s --help`", command->name,
		 at_most[command->max_words], printable(word, safe, sizeof(safe)),
		 command->max_words ? ", too" : "", command->name);
	return STATUS_USAGE;
}

/* An empty name is none: it would be that of each node without a device, for one. */
static bool is_first_word_missing(const struct command *command, const struct arguments *arguments)
{
	return arguments->nr_words < command->min_words ||
	       (command->question && arguments->nr_words && !*arguments->word[0]);
}

static enum status run(const struct command *command, struct arguments *arguments)
{
	if (is_command_late(command, arguments)) {
		complain("%s has to come first, before its own options; see `spmctl %s --help`",
			 arguments->word[0], arguments->word[0]);
		return STATUS_USAGE;
	}
	if (arguments->nr_words > command->max_words)
		return say_too_many(command, arguments->word[command->max_words]);
	if (is_first_word_missing(command, arguments)) {
		complain("%s `spmctl %s %s`", command->question, command->name, command->usage);
		return STATUS_USAGE;
	}
	return command->run(arguments);
}

/* A full disk is a failure, too. */
static enum status close_output(enum status status)
{
	if (!ferror(stdout) && !fflush(stdout))
		return status;
	complain("the output can't be written: %s", strerror(errno));
	return STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.list.headings = true,
		.interval_ms = 2000,
	};
	const struct command *command = &commands[0];
	bool named = argc > 1 && argv[1][0] != '-';
	char safe[SAFE_SIZE];
	int rc;

	if (named) {
		command = find_command(argv[1]);
		if (!command) {
			complain("there is no command '%s'; see `spmctl --help`",
				 printable(argv[1], safe, sizeof(safe)));
			return STATUS_USAGE;
		}
		argc--;
		argv++;
	}
	rc = parse_options(command, &arguments, argc, argv, !named);
	if (rc < 0)
		return STATUS_USAGE;
	return close_output(rc ? STATUS_OK : run(command, &arguments));
}
