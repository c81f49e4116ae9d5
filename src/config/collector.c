#include "config/collector.h"

#include "base/err.h"
#include "base/span.h"
#include "config/host.h"

#include <stdio.h>
#include <string.h>

#define PORT_PLAIN 9060
#define PORT_TLS 9061

static const char *const names[] = {
	[COLLECTOR_UDP] = "udp", [COLLECTOR_TCP] = "tcp", [COLLECTOR_TLS] = "tls"};

const char *collector_name(
	const struct collector_place *place, char out[static COLLECTOR_NAME_SIZE])
{
	const bool v6 = strchr(place->host, ':') != NULL;

	snprintf(out, COLLECTOR_NAME_SIZE, "%s:%s%s%s:%u", names[place->transport],
		v6 ? "[" : "", place->host, v6 ? "]" : "", place->port);
	return out;
}

/* Takes "tls:" off TEXT. NULL: no such transport. */
static const char *take_transport(const char *text, enum collector_transport *ret)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t len = strlen(names[i]);

		if (strncmp(text, names[i], len) == 0 && text[len] == ':') {
			*ret = (enum collector_transport)i;
			return text + len + 1;
		}
	}
	return NULL;
}

/* Takes the host off TEXT. NULL: there is none. What is left is "" or ":9060". */
static const char *take_host(const char *text, char host[static COLLECTOR_HOST_SIZE])
{
	const bool bracket = text[0] == '[';
	const char *begin = text + bracket;
	const size_t len = strcspn(begin, bracket ? "]" : ":");
	const char *end = begin + len;

	if (len == 0 || len >= COLLECTOR_HOST_SIZE || (bracket && *end != ']'))
		return NULL;
	memcpy(host, begin, len);
	host[len] = '\0';
	if (!host_is_name_or_addr(host) || bracket != (strchr(host, ':') != NULL))
		return NULL;
	return end + bracket;
}

int collector_parse(const char *text, struct collector_place *ret)
{
	struct collector_place place;
	uint64_t port;

	text = take_transport(text, &place.transport);
	if (text)
		text = take_host(text, place.host);
	if (!text)
		return ERR_FORMAT;
	port = place.transport == COLLECTOR_TLS ? PORT_TLS : PORT_PLAIN;
	if (*text == ':' && (span_uint(span_of(text + 1), UINT16_MAX, &port) || !port))
		return ERR_FORMAT;
	if (*text != ':' && *text != '\0')
		return ERR_FORMAT;
	place.port = (uint16_t)port;
	*ret = place;
	return 0;
}
