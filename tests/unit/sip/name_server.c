#include "name_server.h"

#include "../unit.h"

#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_SRV 33
#define RCODE_SERVFAIL 2
#define RCODE_NXDOMAIN 3

struct record {
	const char *name;
	int type;
	unsigned ttl;
	const char *address; /* A, AAAA, of either family; of SRV the target */
	uint16_t priority, weight, port;
};

static const struct record records[] = {
	{"one.example.com", TYPE_A, 300, "192.0.2.1", 0, 0, 0},
	{"both.example.com", TYPE_A, 300, "192.0.2.2", 0, 0, 0},
	{"both.example.com", TYPE_AAAA, 300, "2001:db8::2", 0, 0, 0},
	{"pbx.lab.test", TYPE_A, 300, "192.0.2.3", 0, 0, 0},
	{"brief.example.com", TYPE_A, 0, "192.0.2.4", 0, 0, 0},
	{"_sip._tcp.srv.example.com", TYPE_SRV, 300, "backup.example.com", 20, 0, 5070},
	{"_sip._tcp.srv.example.com", TYPE_SRV, 300, "big.example.com", 10, 90, 5060},
	{"_sip._tcp.srv.example.com", TYPE_SRV, 300, "small.example.com", 10, 10, 5062},
	{"backup.example.com", TYPE_A, 300, "192.0.2.20", 0, 0, 0},
	{"big.example.com", TYPE_A, 300, "192.0.2.11", 0, 0, 0},
	{"small.example.com", TYPE_A, 300, "192.0.2.12", 0, 0, 0},
	{"_sips._tcp.tls.example.com", TYPE_SRV, 300, "filed.example.com", 0, 0, 5099},
	{"_sip._tcp.soon.example.com", TYPE_SRV, 0, "one.example.com", 0, 0, 5075},
	{"_sip._udp.closed.example.com", TYPE_SRV, 300, "", 0, 0, 0},
	{"odd.example.com", TYPE_A, 300, "2001:db8::5", 0, 0, 0},
	{"odd.example.com", TYPE_AAAA, 300, "192.0.2.5", 0, 0, 0},
	{"*.many.example.com", TYPE_A, 300, "192.0.2.50", 0, 0, 0},
};

static void put16(uint8_t **at, unsigned number)
{
	*(*at)++ = (uint8_t)(number >> 8);
	*(*at)++ = (uint8_t)number;
}

static void put_name(uint8_t **at, const char *name)
{
	while (*name) {
		size_t label = strcspn(name, ".");

		*(*at)++ = (uint8_t)label;
		memcpy(*at, name, label);
		*at += label;
		name += label + (name[label] == '.');
	}
	*(*at)++ = 0;
}

static void put_record(uint8_t **at, const struct record *record)
{
	uint8_t *length;

	put16(at, 0xc00c); /* the name of the question */
	put16(at, (unsigned)record->type);
	put16(at, 1);
	put16(at, 0);
	put16(at, record->ttl);
	length = *at;
	*at += 2;
	if (record->type == TYPE_SRV) {
		put16(at, record->priority);
		put16(at, record->weight);
		put16(at, record->port);
		put_name(at, record->address);
	} else {
		int family = strchr(record->address, ':') ? AF_INET6 : AF_INET;

		assert_int_equal(inet_pton(family, record->address, *at), 1);
		*at += family == AF_INET ? 4 : 16;
	}
	put16(&length, (unsigned)(*at - length - 2));
}

/* The question's name as text, and where it ends. */
static const uint8_t *read_name(const uint8_t *at, char *out)
{
	size_t used = 0;

	while (*at) {
		memcpy(out + used, at + 1, *at);
		used += *at;
		out[used++] = '.';
		at += *at + 1;
	}
	out[used ? used - 1 : 0] = '\0';
	return at + 1;
}

static bool is_about(const struct record *record, const char *name)
{
	if (record->name[0] == '*') {
		name = strchr(name, '.');
		return name && strcasecmp(record->name + 1, name) == 0;
	}
	return strcasecmp(record->name, name) == 0;
}

static void send_answer(struct name_server *server, const uint8_t *question, size_t len,
	const struct addr *from)
{
	uint8_t reply[2000];
	uint8_t *at = reply + 12;
	char name[256];
	const uint8_t *end = read_name(question + 12, name);
	int type = end[0] << 8 | end[1];
	unsigned count = 0;
	bool known = false;
	unsigned rcode;
	uint8_t *head = reply;

	assert_true(len > 16);
	memcpy(at, question + 12, (size_t)(end + 4 - question - 12));
	at += end + 4 - question - 12;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (!is_about(&records[i], name))
			continue;
		known = true;
		if (records[i].type == type && !server->failing) {
			put_record(&at, &records[i]);
			count++;
		}
	}
	rcode = server->failing ? RCODE_SERVFAIL : known ? 0 : RCODE_NXDOMAIN;
	put16(&head, (unsigned)(question[0] << 8 | question[1]));
	put16(&head, 0x8180 | rcode);
	put16(&head, 1);
	put16(&head, count);
	put16(&head, 0);
	put16(&head, 0);
	(void)sendto(server->fd, reply, (size_t)(at - reply), 0, &from->sa, from->len);
}

static void question_came(void *arg, uint32_t events)
{
	struct name_server *server = arg;
	uint8_t question[2000];
	struct addr from = {.len = sizeof(from.v6)};
	ssize_t n = recvfrom(server->fd, question, sizeof(question), MSG_DONTWAIT,
		&from.sa, &from.len);

	(void)events;
	if (n < 0)
		return;
	server->asked++;
	if (!server->mute)
		send_answer(server, question, (size_t)n, &from);
}

void name_server_start(struct name_server *server, struct loop *loop)
{
	struct addr local;

	memset(server, 0, sizeof(*server));
	assert_int_equal(addr_parse(&local, "127.0.0.1", 0), 0);
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(server->fd >= 0);
	assert_int_equal(bind(server->fd, &local.sa, local.len), 0);
	assert_int_equal(getsockname(server->fd, &local.sa, &local.len), 0);
	snprintf(server->forward, sizeof(server->forward), "127.0.0.1@%u",
		addr_port(&local));
	assert_int_equal(loop_watch(loop, &server->watch, server->fd, EPOLLIN,
				 question_came, server),
		0);
}

void name_server_stop(struct name_server *server)
{
	loop_unwatch(&server->watch);
	close(server->fd);
}
