/* Addresses and ports of media. */
#include "check/check_priv.h"

#include "media/pools.h"
#include "sip/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where one local address of media comes from. */
struct media_place {
	const struct addr *address;
	struct place place;
	const char *key;
};

struct relay_params check_media_params(const struct config *config)
{
	static const enum relay_io io[] = {
		[CONFIG_IO_AUTO] = RELAY_IO_AUTO,
		[CONFIG_IO_SOCKETS] = RELAY_IO_SOCKETS,
		[CONFIG_IO_URING] = RELAY_IO_URING,
		[CONFIG_IO_STEER] = RELAY_IO_STEER,
	};

	return (struct relay_params){.io = io[config->media.io],
		.workers = relay_worker_count(config->media.workers),
		.tick_us = config->media.tick_us,
		.dscp = config->media.dscp,
		.port_min = config->media.port_min,
		.port_max = config->media.port_max,
		.validated_crypto = config->tandem.fips == CONFIG_FIPS_REQUIRED};
}

/* Whether media can be at PLACE's address at all. */
static void check_address(struct check *check, const struct media_place *at)
{
	struct err_text text = {{0}};

	if (!at->address->len || !pools_check(at->address, &text))
		return;
	findings_add(check->findings, FINDING_ERROR, at->place,
		addr_is_any(at->address)
			? "name the address that the far ends reach"
			: "name an address of an interface that is up; what SDP is to "
			  "say instead is a matter of advertise-address",
		"%s: %s", at->key, text.text);
}

static void check_addresses(struct check *check)
{
	const struct config *config = check->config;
	static const char *const keys[] = {"internal-address", "external-address"};

	for (unsigned i = 0; i < 4; i++) {
		const struct media_place at = {i < 2 ? &config->media.internal[i]
						     : &config->media.external[i - 2],
			where_main(check, "media", keys[i / 2]), keys[i / 2]};

		check_address(check, &at);
	}
	for (size_t i = 0; i < config->server_count; i++) {
		const struct config_trunk *common = &config->servers[i].common;

		if (common->media.address.len)
			check_address(check, &(struct media_place){&common->media.address,
						     where_trunk(check, TRUNK_SERVER,
							     common, "media-address"),
						     "media-address"});
	}
	for (size_t i = 0; i < config->gateway_count; i++) {
		const struct config_trunk *common = &config->gateways[i].common;

		if (common->enabled && common->media.address.len)
			check_address(check, &(struct media_place){&common->media.address,
						     where_trunk(check, TRUNK_GATEWAY,
							     common, "media-address"),
						     "media-address"});
	}
}

/* Pairs of an even port and the next one. */
static unsigned pairs_of(const struct config *config)
{
	const unsigned first = (config->media.port_min + 1u) & ~1u;

	return config->media.port_max > first ? (config->media.port_max - first + 1u) / 2
					      : 0;
}

/* Enough for max-calls where both legs of a call share an address, or have one each. */
static void check_room(struct check *check)
{
	const struct config *config = check->config;
	const unsigned pairs = pairs_of(config);
	const unsigned legs =
		addr_equal_host(&config->media.internal[0], &config->media.external[0])
			? 2
			: 1;

	if (pairs == 0)
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "media", "ports"),
			"widen it: a call takes two pairs",
			"ports: %u-%u holds no even port with the next one",
			(unsigned)config->media.port_min,
			(unsigned)config->media.port_max);
	else if (pairs / legs < config->limits.calls.max_calls)
		findings_add(check->findings,
			where_is_set(check, "limits", "max-calls") ? FINDING_WARNING
								   : FINDING_NOTE,
			where_main(check, "media", "ports"),
			"widen it, or lower max-calls",
			"ports: %u-%u suffice for %u calls at once, max-calls is %u",
			(unsigned)config->media.port_min,
			(unsigned)config->media.port_max, pairs / legs,
			config->limits.calls.max_calls);
}

static bool is_media_host(const struct config *config, const struct addr *address)
{
	if (addr_is_any(address))
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (addr_equal_host(&config->media.internal[i], address) ||
			addr_equal_host(&config->media.external[i], address))
			return true;
	return false;
}

/* SIP over UDP at a port of media: a call that gets that port would be silent. */
static void check_listeners_ports(struct check *check)
{
	const struct config *config = check->config;
	struct check_listener list[CHECK_LISTENERS];
	const unsigned count = check_listeners(config, list);
	char where[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < count; i++) {
		const unsigned port = addr_port(list[i].address);

		if (list[i].kind == TRANSPORT_UDP && port >= config->media.port_min &&
			port <= config->media.port_max &&
			is_media_host(config, list[i].address))
			findings_add(check->findings, FINDING_ERROR,
				where_main(check, list[i].section, list[i].key),
				"choose another port, or another range of ports",
				"%s: %s lies in [media] ports %u-%u", list[i].key,
				addr_text(list[i].address, where),
				(unsigned)config->media.port_min,
				(unsigned)config->media.port_max);
	}
}

/* Whether the kernel's RESERVED list, "8080,9148-9200", has all of MIN to MAX. */
static bool is_reserved(const char *reserved, unsigned min, unsigned max)
{
	unsigned from, to;
	int len;

	while (sscanf(reserved, "%u%n", &from, &len) == 1) {
		reserved += len;
		to = from;
		if (sscanf(reserved, "-%u%n", &to, &len) == 1)
			reserved += len;
		if (from <= min && to >= max)
			return true;
		if (from <= min && to >= min)
			min = to + 1;
		if (*reserved++ != ',')
			break;
	}
	return false;
}

/* Ports that the kernel gives to whoever connects: some would be in use when a call needs them. */
static void check_kernel_ports(struct check *check)
{
	const struct config *config = check->config;
	const unsigned min = config->media.port_min, max = config->media.port_max;
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	FILE *list = fopen("/proc/sys/net/ipv4/ip_local_reserved_ports", "re");
	char reserved[4096] = "", remedy[160];
	unsigned from = 0, to = 0;

	if (range && fscanf(range, "%u %u", &from, &to) != 2)
		from = to = 0;
	if (list && !fgets(reserved, sizeof(reserved), list))
		reserved[0] = '\0';
	if (range)
		fclose(range);
	if (list)
		fclose(list);
	if (from > max || to < min ||
		is_reserved(reserved, from > min ? from : min, to < max ? to : max))
		return;
	snprintf(remedy, sizeof(remedy),
		"`sysctl -w net.ipv4.ip_local_reserved_ports=%u-%u` (and in "
		"/etc/sysctl.d)",
		min, max);
	findings_add(check->findings, FINDING_WARNING,
		where_main(check, "media", "ports"), remedy,
		"ports: the kernel gives %u-%u to other programs' connections, some of "
		"%u-%u among them",
		from, to, min, max);
}

/* What the configuration forces must be there; else the server takes what there is. */
static void check_io(struct check *check)
{
	struct relay_params params = check_media_params(check->config);
	struct addr addresses[2] = {
		check->config->media.internal[0], check->config->media.external[0]};
	struct io_shared *io = NULL;
	struct err_text text = {{0}};

	/* the one that runs has its own open, and has given up the rights for another */
	if (check->by == CHECK_BY_SERVER || params.io == RELAY_IO_AUTO ||
		pools_check(&addresses[0], NULL) || pools_check(&addresses[1], NULL))
		return;
	params.addresses = addresses;
	params.address_count = 2;
	if (relay_io_open(&io, &params, &text))
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "media", "io"),
			"io = auto takes the best that this machine allows", "io: %s",
			text.text);
	relay_io_close(io);
}

void check_media(struct check *check)
{
	check_addresses(check);
	check_room(check);
	check_listeners_ports(check);
	check_io(check);
	if (check->by != CHECK_BY_START)
		check_kernel_ports(check);
}
