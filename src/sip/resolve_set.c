#include "sip/resolve_set.h"

#include "base/secret.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int resolve_name(char out[static RESOLVE_NAME_SIZE], const char *host)
{
	size_t len = strlen(host);
	size_t label = 0;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0 || len >= RESOLVE_NAME_SIZE)
		return ERR_FORMAT;
	for (size_t i = 0; i < len; i++) {
		bool dot = host[i] == '.';

		if (dot ? label == 0 : !is_name_char(host[i]) || label == LABEL_MAX)
			return ERR_FORMAT;
		label = dot ? 0 : label + 1;
	}
	if (label == 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)host[i]);
	out[len] = '\0';
	return 0;
}

/* An uncompressed name in wire form. 0 or ERR_FORMAT; "." gives "". */
static int wire_name(char out[static RESOLVE_NAME_SIZE], const uint8_t *data, size_t len)
{
	char text[256];
	size_t used = 0;

	while (len > 0 && data[0] != 0) {
		size_t label = data[0];

		/* A dot inside a label would move the borders of the others. */
		if (label > LABEL_MAX || label >= len ||
			used + label + 2 > sizeof(text) || memchr(data + 1, '.', label) ||
			memchr(data + 1, 0, label))
			return ERR_FORMAT;
		memcpy(text + used, data + 1, label);
		used += label;
		text[used++] = '.';
		data += label + 1;
		len -= label + 1;
	}
	if (len == 0)
		return ERR_FORMAT;
	text[used] = '\0';
	out[0] = '\0';
	return used ? resolve_name(out, text) : 0;
}

static uint16_t read_u16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

/* Room for a server of PRIORITY, at the cost of a less wanted one; NULL: none. */
static struct resolve_server *make_room(struct resolve_set *set, uint16_t priority)
{
	struct resolve_server *worst = &set->servers[0];

	if (set->count < RESOLVE_SERVERS_MAX)
		return &set->servers[set->count++];
	for (unsigned i = 1; i < set->count; i++) {
		if (set->servers[i].priority > worst->priority)
			worst = &set->servers[i];
	}
	return priority < worst->priority ? worst : NULL;
}

int resolve_set_add_srv(struct resolve_set *set, const uint8_t *data, size_t len)
{
	struct resolve_server server = {.addr_count = 0};
	struct resolve_server *room;

	if (len < 7)
		return ERR_FORMAT;
	server.priority = read_u16(data);
	server.weight = read_u16(data + 2);
	server.port = read_u16(data + 4);
	if (wire_name(server.name, data + 6, len - 6) < 0)
		return ERR_FORMAT;
	if (server.name[0] == '\0')
		return ERR_SUPPORT;
	if (server.port == 0)
		return ERR_FORMAT;
	room = make_room(set, server.priority);
	if (room)
		*room = server;
	return 0;
}

void resolve_set_add_host(struct resolve_set *set, const char *name, uint16_t port)
{
	struct resolve_server *server = make_room(set, 0);

	if (!server)
		return;
	*server = (struct resolve_server){.port = port};
	snprintf(server->name, sizeof(server->name), "%s", name);
}

void resolve_server_add(struct resolve_server *server, const struct addr *addr)
{
	struct addr *added;

	if (server->addr_count == RESOLVE_SERVER_ADDRS_MAX)
		return;
	added = &server->addrs[server->addr_count++];
	*added = *addr;
	addr_set_port(added, server->port);
}

/* 0..MAX, near enough to even for sharing load. */
static uint32_t draw(uint32_t max)
{
	struct secret random;
	uint32_t number = 0;

	if (max == 0 || secret_random(&random, sizeof(number)) < 0)
		return 0;
	memcpy(&number, random.bytes, sizeof(number));
	secret_wipe(&random);
	return (uint32_t)((uint64_t)number * ((uint64_t)max + 1) >> 32);
}

/* The next server to try of those not TAKEN: RFC 2782's algorithm, page 3. */
static unsigned pick(const struct resolve_set *set, const bool *taken)
{
	uint32_t priority = UINT32_MAX;
	uint32_t sum = 0;
	uint32_t drawn, running = 0;
	unsigned last = 0;

	for (unsigned i = 0; i < set->count; i++) {
		if (!taken[i] && set->servers[i].priority < priority)
			priority = set->servers[i].priority;
	}
	for (unsigned i = 0; i < set->count; i++) {
		if (!taken[i] && set->servers[i].priority == priority)
			sum += set->servers[i].weight;
	}
	drawn = draw(sum);
	/* Those of weight 0 come first: they get the small chance of drawing a 0. */
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < set->count; i++) {
			const struct resolve_server *server = &set->servers[i];

			if (taken[i] || server->priority != priority ||
				(round == 0) != (server->weight == 0))
				continue;
			running += server->weight;
			last = i;
			if (running >= drawn)
				return i;
		}
	}
	return last;
}

/* The addresses of SERVER, the NTH to try. */
static void add_addresses(
	struct resolve_answer *answer, const struct resolve_server *server, unsigned nth)
{
	for (unsigned family = 0; family < 2; family++) {
		for (unsigned a = 0; a < server->addr_count; a++) {
			if (answer->count == RESOLVE_MAX ||
				addr_is_v6(&server->addrs[a]) != (family == 1))
				continue;
			answer->targets[answer->count] = (uint8_t)nth;
			answer->addrs[answer->count++] = server->addrs[a];
		}
	}
}

void resolve_set_order(const struct resolve_set *set, struct resolve_answer *ret)
{
	bool taken[RESOLVE_SERVERS_MAX] = {false};

	ret->count = 0;
	for (unsigned i = 0; i < set->count; i++) {
		unsigned chosen = pick(set, taken);

		taken[chosen] = true;
		add_addresses(ret, &set->servers[chosen], i);
	}
}
