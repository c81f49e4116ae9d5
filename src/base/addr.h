/*
 * An IPv4 or IPv6 socket address. Value type, any thread.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len; /* 0: no address */
};

/* Room for "[ffff:...:255.255.255.255%scope]:65535" with its NUL. */
#define ADDR_TEXT_SIZE 80

/*
 * Numeric only: "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5060".
 * Without a port PORT is taken. 0, or ERR_FORMAT with *ret untouched.
 */
int addr_parse(struct addr *ret, const char *text, uint16_t port);

/* A numeric host without brackets. 0 or ERR_FORMAT. */
int addr_parse_host(struct addr *ret, const char *host, size_t len, uint16_t port);

uint16_t addr_port(const struct addr *addr);
void addr_set_port(struct addr *addr, uint16_t port);
bool addr_is_v6(const struct addr *addr);
bool addr_is_any(const struct addr *addr);
bool addr_is_loopback(const struct addr *addr);
bool addr_equal(const struct addr *a, const struct addr *b);      /* host and port */
bool addr_equal_host(const struct addr *a, const struct addr *b); /* host alone */

/* "192.0.2.1:5060" or "[2001:db8::1]:5060". Returns BUF. */
const char *addr_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE]);
/* "192.0.2.1" or "2001:db8::1", as SDP wants it. Returns BUF. */
const char *addr_host_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE]);
/* "192.0.2.1" or "[2001:db8::1]", as a SIP URI wants it. Returns BUF. */
const char *addr_uri_text(const struct addr *addr, char buf[static ADDR_TEXT_SIZE]);
