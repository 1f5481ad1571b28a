// SPDX-License-Identifier: GPL-2.0
/*
 * redisload - requests to a redis server, with values that are pieces of a file
 *
 * redis-benchmark has one value for all keys, so that pages compress as no real ones do. Some
 * clients each send a request, wait for the answer, and send the next one. Prints one line of
 * JSON with the requests in a second and the time for each, from the first byte sent to the
 * last one received, in nanoseconds of CLOCK_MONOTONIC: instructions, in a VM that counts these.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "memory.h"

static const char usage[] =
"usage: redisload SOCKET FILE KEYS REQUESTS load|set|mixed\n"
"  load   sets all keys, in turn, and again from the first if there are more requests\n"
"  set    sets keys at random\n"
"  mixed  sets and gets keys at random, in turn\n";

enum { CLIENTS = 8, VALUE = 1024, KEY = 16 };

struct client {
	unsigned long number;		/* of its request */
	unsigned long began;
	size_t have, want;		/* bytes of the answer */
	char answer[VALUE + 64];
};

static struct client clients[CLIENTS];
static struct pollfd sockets[CLIENTS];
static const char *values;
static unsigned long keys, requests, next, done, values_size;
static unsigned long *times;
static unsigned long state = 3;
static bool load, mixed;

static bool is_get(unsigned long number)
{
	return mixed && number % 2;
}

static void send_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, data, size);
		if (n <= 0)
			err(1, "cannot send to redis");
		data += n;
		size -= (size_t)n;
	}
}

/* Values of different keys, and of a key at different times, are different pieces. */
static void begin(unsigned long which)
{
	struct client *c = &clients[which];
	char text[VALUE + 128];
	unsigned long key, start;
	int n;

	if (next == requests) {
		sockets[which].fd = -1;
		return;
	}
	c->number = next++;
	key = (load ? c->number : random_next(&state)) % keys;
	c->have = 0;
	if (is_get(c->number)) {
		n = sprintf(text, "*2\r\n$3\r\nGET\r\n$%d\r\nkey:%012lu\r\n", KEY, key);
		c->want = (size_t)snprintf(NULL, 0, "$%d\r\n", VALUE) + VALUE + 2;
	} else {
		start = (key + (load ? 0 : c->number * 7)) * 509 % (values_size - VALUE);
		n = sprintf(text, "*3\r\n$3\r\nSET\r\n$%d\r\nkey:%012lu\r\n$%d\r\n", KEY, key,
			    VALUE);
		memcpy(text + n, values + start, VALUE);
		memcpy(text + n + VALUE, "\r\n", 2);
		n += VALUE + 2;
		c->want = strlen("+OK\r\n");
	}
	c->began = now();
	send_all(sockets[which].fd, text, (size_t)n);
}

/* All other answers begin otherwise. */
static void judge(const struct client *c)
{
	const char *expected = is_get(c->number) ? "$1024\r\n" : "+OK\r\n";

	if (c->have > c->want || strncmp(c->answer, expected, strlen(expected)))
		errx(1, "redis says '%.*s'", (int)strcspn(c->answer, "\r\n"), c->answer);
}

static void receive(unsigned long which)
{
	struct client *c = &clients[which];
	ssize_t n = read(sockets[which].fd, c->answer + c->have, sizeof(c->answer) - c->have);

	if (n <= 0)
		err(1, "cannot read from redis");
	c->have += (size_t)n;
	if (c->answer[0] == '-' || c->have >= c->want) {
		times[done++] = now() - c->began;
		judge(c);
		begin(which);
	}
}

static void connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned long i;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "%s: too long", path);
	memcpy(address.sun_path, path, strlen(path));
	for (i = 0; i < CLIENTS; i++) {
		sockets[i].events = POLLIN;
		sockets[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (sockets[i].fd < 0 ||
		    connect(sockets[i].fd, (struct sockaddr *)&address, sizeof(address)))
			err(1, "%s", path);
	}
}

int main(int argc, char **argv)
{
	unsigned long i, sum = 0, began, took;
	struct memory file = {};

	if (argc != 6 || (strcmp(argv[5], "load") && strcmp(argv[5], "set") &&
			  strcmp(argv[5], "mixed"))) {
		fputs(usage, stderr);
		return 2;
	}
	use_file(&file, argv[2]);
	values = (const char *)file.data;
	values_size = file.data_pages * PAGE;
	keys = to_number(argv[3]);
	requests = to_number(argv[4]);
	load = !strcmp(argv[5], "load");
	mixed = !strcmp(argv[5], "mixed");
	if (!keys || keys > 1UL << 30 || requests < CLIENTS || requests > 1UL << 30)
		errx(2, "a number is out of range");
	times = allocate(requests * sizeof(*times), MAP_POPULATE);
	connect_to(argv[1]);

	began = now();
	for (i = 0; i < CLIENTS; i++)
		begin(i);
	while (done < requests) {
		if (poll(sockets, CLIENTS, -1) < 0)
			err(1, "poll");
		for (i = 0; i < CLIENTS; i++)
			if (sockets[i].fd >= 0 && sockets[i].revents)
				receive(i);
	}
	took = now() - began;

	for (i = 0; i < requests; i++)
		sum += times[i];
	sort_times(times, requests);
	printf("{\"ops\": %lu, \"ops_s\": %lu, \"mean_ns\": %lu, ", requests,
	       requests * 1000000000 / took, sum / requests);
	printf("\"p50_ns\": %lu, \"p99_ns\": %lu}\n", percentile(times, requests, 500, 0),
	       percentile(times, requests, 990, 0));
	return 0;
}
