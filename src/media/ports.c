#include "media/ports.h"

#include "base/dscp.h"
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Pairs tried in one call: a range that others hold must not stall the loop. */
#define MAX_TRIES 64

struct pair {
	uint64_t free_ms; /* when its quarantine ends */
	uint16_t port;
};

struct ports {
	struct addr address;
	uint64_t quarantine_ms;
	bool bind;
	unsigned dscp;
	uint16_t first; /* the lowest RTP port */
	bool *used;     /* by pair, to catch a double release */
	uint64_t early; /* pairs taken before the end of their quarantine */
	size_t total;
	/* The line: a ring of the free pairs. */
	struct pair *line;
	size_t head;
	size_t waiting;
};

static void append(struct ports *ports, uint16_t port, uint64_t free_ms)
{
	size_t tail = (ports->head + ports->waiting) % ports->total;

	ports->line[tail] = (struct pair){.free_ms = free_ms, .port = port};
	ports->waiting++;
}

/* Fisher-Yates over the fresh line: the first calls' ports cannot be guessed either. */
static int shuffle(struct ports *ports)
{
	uint32_t random[64];
	size_t left = 0;

	for (size_t i = ports->total - 1; i > 0; i--) {
		struct pair swapped;
		size_t other;

		if (left == 0) {
			if (getrandom(random, sizeof(random), 0) !=
				(ssize_t)sizeof(random))
				return -errno;
			left = sizeof(random) / sizeof(random[0]);
		}
		other = random[--left] % (i + 1);
		swapped = ports->line[i];
		ports->line[i] = ports->line[other];
		ports->line[other] = swapped;
	}
	return 0;
}

int ports_new(struct ports **ret, const struct ports_params *params)
{
	unsigned first = params->min + (params->min & 1U);
	struct ports *ports;
	int err;

	if (first + 1 > params->max || first == 0)
		return ERR_LIMIT;
	ports = calloc(1, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	ports->address = params->address;
	ports->quarantine_ms = params->quarantine_ms;
	ports->bind = params->bind;
	ports->dscp = params->dscp;
	ports->first = (uint16_t)first;
	ports->total = (params->max - first + 1U) / 2;
	ports->used = calloc(ports->total, sizeof(*ports->used));
	ports->line = calloc(ports->total, sizeof(*ports->line));
	err = -ENOMEM;
	if (!ports->used || !ports->line)
		goto out;
	for (size_t i = 0; i < ports->total; i++)
		append(ports, (uint16_t)(first + 2 * i), 0);
	err = shuffle(ports);
	if (err != 0)
		goto out;
	*ret = ports;
	return 0;
out:
	ports_free(ports);
	return err;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	free(ports->used);
	free(ports->line);
	free(ports);
}

static int bind_socket(const struct addr *addr, unsigned dscp)
{
	const int on = 1;
	int fd, err;

	fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (addr_is_v6(addr) &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		goto failed;
	if (dscp_set(fd, addr, dscp) != 0)
		goto failed;
	if (bind(fd, &addr->sa, addr->len) != 0)
		goto failed;
	return fd;
failed:
	err = -errno;
	close(fd);
	return err;
}

static int open_pair(const struct ports *ports, uint16_t port, int ret_fd[static 2],
	struct addr *ret_rtp)
{
	struct addr rtp = ports->address, rtcp = ports->address;
	int fd[2];

	addr_set_port(&rtp, port);
	addr_set_port(&rtcp, (uint16_t)(port + 1));
	if (!ports->bind) {
		ret_fd[0] = ret_fd[1] = -1;
		*ret_rtp = rtp;
		return 0;
	}
	fd[0] = bind_socket(&rtp, ports->dscp);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = bind_socket(&rtcp, ports->dscp);
	if (fd[1] < 0) {
		close(fd[0]);
		return fd[1];
	}
	ret_fd[0] = fd[0];
	ret_fd[1] = fd[1];
	*ret_rtp = rtp;
	return 0;
}

int ports_take(
	struct ports *ports, uint64_t now_ms, int ret_fd[static 2], struct addr *ret_rtp)
{
	/* Each pair once: those that could not be opened are behind the others now. */
	size_t left = ports->waiting < MAX_TRIES ? ports->waiting : MAX_TRIES;

	for (; left > 0; left--) {
		const struct pair pair = ports->line[ports->head];
		int err = open_pair(ports, pair.port, ret_fd, ret_rtp);

		if (err != 0 && err != -EADDRINUSE && err != -EACCES)
			return err;
		ports->head = (ports->head + 1) % ports->total;
		ports->waiting--;
		if (err == 0) {
			ports->used[(pair.port - ports->first) / 2] = true;
			ports->early += pair.free_ms > now_ms;
			return 0;
		}
		append(ports, pair.port, now_ms + ports->quarantine_ms);
	}
	return -EADDRNOTAVAIL;
}

/* Takes the pair at INDEX of the line off; those before it keep their order. */
static void take_off(struct ports *ports, size_t index)
{
	for (size_t i = index; i > 0; i--)
		ports->line[(ports->head + i) % ports->total] =
			ports->line[(ports->head + i - 1) % ports->total];
	ports->head = (ports->head + 1) % ports->total;
	ports->waiting--;
}

int ports_take_at(struct ports *ports, uint16_t rtp_port, int ret_fd[static 2],
	struct addr *ret_rtp)
{
	for (size_t i = 0; i < ports->waiting; i++) {
		int err;

		if (ports->line[(ports->head + i) % ports->total].port != rtp_port)
			continue;
		err = open_pair(ports, rtp_port, ret_fd, ret_rtp);
		if (err != 0)
			return err;
		take_off(ports, i);
		ports->used[(rtp_port - ports->first) / 2] = true;
		return 0;
	}
	return -EADDRNOTAVAIL;
}

void ports_release(struct ports *ports, uint16_t rtp_port, uint64_t now_ms)
{
	size_t pair = (size_t)(rtp_port - ports->first) / 2;

	assert(rtp_port >= ports->first && pair < ports->total && ports->used[pair]);
	ports->used[pair] = false;
	append(ports, rtp_port, now_ms + ports->quarantine_ms);
}

uint64_t ports_early(const struct ports *ports)
{
	return ports->early;
}

size_t ports_used(const struct ports *ports)
{
	return ports->total - ports->waiting;
}

size_t ports_total(const struct ports *ports)
{
	return ports->total;
}
