#include "live_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEADER 12
#define TYPE_A 1
#define RCODE_NXDOMAIN 3

void live_names_open(struct live_names *names, const char *address)
{
	struct addr addr;

	*names = (struct live_names){
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if (names->fd < 0 || addr_parse(&addr, address, 53) ||
		bind(names->fd, &addr.sa, addr.len))
		abort();
}

void live_names_close(struct live_names *names)
{
	close(names->fd);
}

static int find(const struct live_names *names, const char *host)
{
	for (unsigned i = 0; i < names->count; i++)
		if (!strcasecmp(names->names[i].host, host))
			return (int)i;
	return -1;
}

void live_names_set(struct live_names *names, const char *host, const struct addr *addr)
{
	int at = find(names, host);

	if (at < 0 && names->count == LIVE_NAMES_MAX)
		abort();
	if (at < 0)
		at = (int)names->count++;
	snprintf(names->names[at].host, sizeof(names->names[at].host), "%s", host);
	names->names[at].addr = *addr;
}

/* The name of the first question, as text. False: this is no question. */
static bool read_question(struct live_query *query)
{
	size_t at = HEADER;
	size_t len = 0;

	if (query->len < HEADER + 5 || query->data[5] != 1)
		return false;
	while (at < query->len && query->data[at]) {
		unsigned label = query->data[at++];

		if (label > 63 || at + label >= query->len ||
			len + label + 2 > sizeof(query->host))
			return false;
		memcpy(query->host + len, query->data + at, label);
		len += label;
		query->host[len++] = '.';
		at += label;
	}
	query->host[len ? len - 1 : 0] = '\0';
	query->end = at + 5;
	return query->end <= query->len;
}

static void answer(struct live_names *names, const struct live_query *query)
{
	static const unsigned char record[] = {
		0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4};
	unsigned char reply[LIVE_NAME_QUERY + sizeof(record) + 4] = {0};
	unsigned type = query->data[query->end - 3];
	int at = find(names, query->host);
	size_t len = query->end;

	memcpy(reply, query->data, len);
	reply[2] = 0x84 | (query->data[2] & 1); /* an answer, with authority */
	reply[3] = 0x80 | (at < 0 ? RCODE_NXDOMAIN : 0);
	memset(reply + 6, 0, 6);
	if (at >= 0 && type == TYPE_A && !query->data[query->end - 4]) {
		reply[7] = 1;
		memcpy(reply + len, record, sizeof(record));
		memcpy(reply + len + sizeof(record), &names->names[at].addr.v4.sin_addr,
			4);
		len += sizeof(record) + 4;
	}
	if (sendto(names->fd, reply, len, 0, &query->from.sa, query->from.len) < 0)
		return; /* whoever asked is gone */
}

void live_names_hold(struct live_names *names, const char *host, bool hold)
{
	int at = find(names, host);
	unsigned kept = 0;

	if (at < 0)
		return;
	names->names[at].held = hold;
	for (unsigned i = 0; i < names->held_count && !hold; i++) {
		if (strcasecmp(names->held[i].host, host) != 0)
			names->held[kept++] = names->held[i];
		else
			answer(names, &names->held[i]);
	}
	if (!hold)
		names->held_count = kept;
}

bool live_names_serve(struct live_names *names)
{
	struct live_query query = {.from = {.len = sizeof(query.from.v6)}};
	bool some = false;
	ssize_t len;
	int at;

	while ((len = recvfrom(names->fd, query.data, sizeof(query.data), 0,
			&query.from.sa, &query.from.len)) > 0) {
		some = true;
		query.len = (size_t)len;
		if (!read_question(&query))
			continue;
		at = find(names, query.host);
		if (at < 0 || !names->names[at].held)
			answer(names, &query);
		else if (names->held_count < LIVE_NAMES_HELD)
			names->held[names->held_count++] = query;
		query.from.len = sizeof(query.from.v6);
	}
	return some;
}
