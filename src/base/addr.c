#include "base/addr.h"

#include "base/err.h"
#include "base/span.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define PORT_MAX 65535

static void set_v4(struct addr *ret, struct in_addr host, uint16_t port)
{
	*ret = (struct addr){.v4 = {.sin_family = AF_INET}, .len = sizeof(ret->v4)};
	ret->v4.sin_addr = host;
	ret->v4.sin_port = htons(port);
}

/* The number of an interface given by number or by name. 0: there is none. */
static uint32_t parse_scope(const char *text)
{
	uint64_t number;

	if (span_uint(span_of(text), UINT32_MAX, &number) == 0)
		return (uint32_t)number;
	return if_nametoindex(text);
}

/* HOST is cut at its '%'. */
static int parse_v6(struct addr *ret, char *host, uint16_t port)
{
	struct addr addr = {.v6 = {.sin6_family = AF_INET6}, .len = sizeof(addr.v6)};
	char *scope = strchr(host, '%');

	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &addr.v6.sin6_addr) != 1)
		return ERR_FORMAT;
	if (scope) {
		/* Anywhere else a scope means nothing, and would make equal hosts differ. */
		if (!IN6_IS_ADDR_LINKLOCAL(&addr.v6.sin6_addr))
			return ERR_FORMAT;
		addr.v6.sin6_scope_id = parse_scope(scope);
		if (addr.v6.sin6_scope_id == 0)
			return ERR_FORMAT;
	}
	addr.v6.sin6_port = htons(port);
	*ret = addr;
	return 0;
}

int addr_parse_host(struct addr *ret, const char *host, size_t len, uint16_t port)
{
	char text[ADDR_TEXT_SIZE];
	struct in_addr v4;

	if (len == 0 || memchr(host, '\0', len))
		return ERR_FORMAT;
	if (span_copy((struct span){.p = host, .len = len}, text, sizeof(text)) != 0)
		return ERR_FORMAT;
	if (strchr(text, ':'))
		return parse_v6(ret, text, port);
	/* inet_pton() wants four decimal numbers without leading zeros: no octal, no
	 * short forms. */
	if (inet_pton(AF_INET, text, &v4) != 1)
		return ERR_FORMAT;
	set_v4(ret, v4, port);
	return 0;
}

int addr_parse(struct addr *ret, const char *text, uint16_t port)
{
	struct span rest = span_of(text), host = rest;
	uint64_t number = port;
	const char *colon = strrchr(text, ':');
	bool v6 = false;

	if (rest.len > 0 && rest.p[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end)
			return ERR_FORMAT;
		host = (struct span){.p = text + 1, .len = (size_t)(end - text - 1)};
		v6 = true;
		colon = end[1] != '\0' ? end + 1 : NULL;
		if (colon && *colon != ':')
			return ERR_FORMAT;
	} else if (colon && strchr(text, ':') == colon) {
		host.len = (size_t)(colon - text);
	} else {
		colon = NULL; /* several: IPv6 without brackets has no port */
	}
	if (colon && span_uint(span_of(colon + 1), PORT_MAX, &number) != 0)
		return ERR_FORMAT;
	if (v6 && !memchr(host.p, ':', host.len))
		return ERR_FORMAT;
	return addr_parse_host(ret, host.p, host.len, (uint16_t)number);
}

bool addr_is_v6(const struct addr *addr)
{
	return addr->len > 0 && addr->sa.sa_family == AF_INET6;
}

static bool is_v4(const struct addr *addr)
{
	return addr->len > 0 && addr->sa.sa_family == AF_INET;
}

uint16_t addr_port(const struct addr *addr)
{
	if (is_v4(addr))
		return ntohs(addr->v4.sin_port);
	return addr_is_v6(addr) ? ntohs(addr->v6.sin6_port) : 0;
}

void addr_set_port(struct addr *addr, uint16_t port)
{
	if (is_v4(addr))
		addr->v4.sin_port = htons(port);
	else if (addr_is_v6(addr))
		addr->v6.sin6_port = htons(port);
}

bool addr_is_any(const struct addr *addr)
{
	if (is_v4(addr))
		return addr->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return addr_is_v6(addr) && IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

bool addr_is_loopback(const struct addr *addr)
{
	const struct in6_addr *v6 = &addr->v6.sin6_addr;

	if (is_v4(addr))
		return ntohl(addr->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	if (!addr_is_v6(addr))
		return false;
	/* A dual-stack socket sees 127.0.0.1 as ::ffff:127.0.0.1. */
	return IN6_IS_ADDR_LOOPBACK(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}

bool addr_equal_host(const struct addr *a, const struct addr *b)
{
	if (is_v4(a))
		return is_v4(b) && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	if (addr_is_v6(a))
		return addr_is_v6(b) &&
		       IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
		       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
	return a->len == 0 && b->len == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_equal_host(a, b) && addr_port(a) == addr_port(b);
}

/* Writes NUMBER, at most PORT_MAX, at OUT without a NUL. Returns where it ends. */
static char *put_number(char *out, unsigned number)
{
	char digits[5];
	size_t start = sizeof(digits);

	do {
		digits[--start] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	memcpy(out, digits + start, sizeof(digits) - start);
	return out + sizeof(digits) - start;
}

/* By hand: inet_ntop() is sprintf(), and every message asks several times. */
static void put_v4(char *out, const struct in_addr *host)
{
	const uint8_t *bytes = (const uint8_t *)&host->s_addr;

	for (unsigned i = 0; i < 4; i++) {
		out = put_number(out, bytes[i]);
		*out++ = i < 3 ? '.' : '\0';
	}
}

const char *addr_host_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE])
{
	if (is_v4(addr)) {
		put_v4(buf, &addr->v4.sin_addr);
	} else if (addr_is_v6(addr)) {
		inet_ntop(AF_INET6, &addr->v6.sin6_addr, buf, ADDR_TEXT_SIZE);
		if (addr->v6.sin6_scope_id != 0) {
			size_t len = strlen(buf);

			snprintf(buf + len, ADDR_TEXT_SIZE - len, "%%%u",
				addr->v6.sin6_scope_id);
		}
	} else {
		snprintf(buf, ADDR_TEXT_SIZE, "none");
	}
	return buf;
}

const char *addr_uri_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE])
{
	char host[ADDR_TEXT_SIZE];
	size_t len;

	if (!addr_is_v6(addr))
		return addr_host_text(addr, buf);
	addr_host_text(addr, host);
	len = strlen(host);
	buf[0] = '[';
	memcpy(buf + 1, host, len);
	memcpy(buf + 1 + len, "]", 2);
	return buf;
}

const char *addr_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE])
{
	char *end;

	addr_uri_text(addr, buf);
	if (addr->len == 0)
		return buf;
	end = buf + strlen(buf);
	*end++ = ':';
	*put_number(end, addr_port(addr)) = '\0';
	return buf;
}
