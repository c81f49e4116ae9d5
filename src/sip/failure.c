#include "sip/failure.h"

#include <errno.h>
#include <stdio.h>

#define ANY_ERROR 0

/* The first row that fits counts. Between the two parts of a remedy are the address and the transport. */
static const struct {
	enum failure_phase phase;
	int err;
	const char *cause; /* of a request; elsewhere the log has its own words */
	const char *before, *after;
} failures[] = {
	{FAILURE_REQUEST, -ETIMEDOUT, "no response", "",
		" stays silent; is it up, does it take calls from us, does a firewall "
		"drop them?"},
	{FAILURE_REQUEST, -ECONNREFUSED, "port unreachable", "nothing listens at ",
		"; is it up, and is `port` right?"},
	{FAILURE_REQUEST, -EHOSTUNREACH, "host unreachable", "there is no way to ",
		"; is it up, and does a firewall on the way refuse us?"},
	{FAILURE_REQUEST, -ENETUNREACH, "network unreachable", "there is no route to ",
		"; `ip route get ADDRESS` shows the one here"},
	{FAILURE_REQUEST, ANY_ERROR, "connection lost", "that to ",
		" ended before a response came; its log may say why"},
	{FAILURE_CONNECT, -ECONNREFUSED, NULL, "nothing listens at ",
		"; is it up, and is `port` right?"},
	{FAILURE_CONNECT, -ETIMEDOUT, NULL, "",
		" stays silent; is it up, is `port` right, does a firewall drop "
		"connections?"},
	{FAILURE_CONNECT, -EHOSTUNREACH, NULL, "there is no way to ",
		"; is it up, and does a firewall on the way refuse us?"},
	{FAILURE_CONNECT, -ENETUNREACH, NULL, "there is no route to ",
		"; `ip route get ADDRESS` shows the one here"},
	{FAILURE_CONNECT, -ECONNRESET, NULL, "",
		" ended it at once; does a firewall or load balancer stand there?"},
	{FAILURE_HANDSHAKE, -ETIMEDOUT, NULL, "",
		" took the connection and stays silent; does it speak TLS on this port?"},
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

/* FAILURES: none fits. */
static size_t find(enum failure_phase phase, int err)
{
	size_t i = 0;

	while (i < FAILURES &&
		(failures[i].phase != phase ||
			(failures[i].err != err && failures[i].err != ANY_ERROR)))
		i++;
	return i;
}

const char *failure_remedy(enum failure_phase phase, int err, enum transport_kind kind,
	const struct addr *remote, char buf[static FAILURE_REMEDY_SIZE])
{
	const size_t at = find(phase, err);
	char where[ADDR_TEXT_SIZE], there[ADDR_TEXT_SIZE + 8];

	buf[0] = '\0';
	if (at == FAILURES)
		return buf;
	snprintf(there, sizeof(there), "%s %s", addr_text(remote, where),
		transport_kind_name(kind));
	snprintf(buf, FAILURE_REMEDY_SIZE, "%s%s%s", failures[at].before, there,
		failures[at].after);
	return buf;
}

const char *failure_of_request(int err, enum transport_kind kind,
	const struct addr *remote, char buf[static ERR_REASON_SIZE])
{
	char remedy[FAILURE_REMEDY_SIZE];

	snprintf(buf, ERR_REASON_SIZE, "%s: %s",
		failures[find(FAILURE_REQUEST, err)].cause,
		failure_remedy(FAILURE_REQUEST, err, kind, remote, remedy));
	return buf;
}
