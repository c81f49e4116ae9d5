/*
 * Where a collector of HEP is, as [hep] collector says it: "udp:10.0.0.1:9060", "tls:homer.example.com". Pure; any thread.
 */
#pragma once

#include <stdint.h>

enum collector_transport { COLLECTOR_UDP, COLLECTOR_TCP, COLLECTOR_TLS };

/* A name of DNS has 253 characters at most. */
#define COLLECTOR_HOST_SIZE 256

struct collector_place {
	enum collector_transport transport;
	char host[COLLECTOR_HOST_SIZE]; /* a name or an address, without brackets */
	uint16_t port;
};

/* Reads TRANSPORT:HOST[:PORT]; an IPv6 address stands in brackets. Without PORT it is 9060, and 9061 for tls, as
 * collectors have it. 0, or ERR_FORMAT with *RET untouched. */
int collector_parse(const char *text, struct collector_place *ret);
/* As the configuration has it, with its port: "tls:homer.example.com:9061". Returns OUT. */
#define COLLECTOR_NAME_SIZE (COLLECTOR_HOST_SIZE + 16)
const char *collector_name(
	const struct collector_place *place, char out[static COLLECTOR_NAME_SIZE]);
