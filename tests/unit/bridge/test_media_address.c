/* Where media of a far end may be. */
#include "../unit.h"

#include "bridge/media_address.h"

#include "bridge/identity.h"

#include <string.h>

struct rig {
	struct config config;
	struct config_gateway gateway;
	struct bridge_side side;
	struct leg leg;
	struct flow flow;
};

static struct addr addr_of(const char *text)
{
	struct addr addr = {.len = 0};

	if (*text)
		assert_int_equal(addr_parse(&addr, text, 0), 0);
	return addr;
}

/* A leg of the external side, where media is at 192.0.2.1 and servers' at 10.0.0.1. */
static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->config.media.internal[0] = addr_of("10.0.0.1");
	rig->config.media.external[0] = addr_of("192.0.2.1");
	rig->config.media.external_advertise[0] = addr_of("203.0.113.1");
	rig->config.media.port_min = 40000;
	rig->config.media.port_max = 40099;
	rig->config.internal.listen = addr_of("10.0.0.2:5061");
	rig->config.external.udp = addr_of("0.0.0.0:5060");
	rig->config.external.tcp = addr_of("192.0.2.5:5070");
	rig->side.which = SIDE_EXTERNAL;
	rig->leg = (struct leg){.home = &rig->side,
		.gateway = &rig->gateway,
		.settings = &rig->gateway.common};
}

static void check(
	const struct rig *rig, const char *address, const char *says, const char *what)
{
	struct addr addr = addr_of(address);
	struct err_text why = {{0}};
	int err = media_address_check(&rig->leg, &rig->config, &addr, &why);

	if (err != (says ? ERR_SUPPORT : 0) || (says && !strstr(why.text, says)))
		fail_msg("%s, %s: %d \"%s\"", what, address, err, why.text);
}

static void media_is_unicast_and_not_ours(void **state)
{
	static const struct {
		const char *address, *says; /* NULL: it may be there */
	} cases[] = {
		{"192.0.2.9:20000", NULL},
		{"10.0.0.9:20000", NULL}, /* private networks are routed */
		{"169.254.1.1:20000", NULL},
		/* kinds */
		{"224.0.0.1:20000", "multicast"},
		{"239.255.255.255:20000", "multicast"},
		{"240.0.0.1:20000", "reserved"},
		{"255.255.255.255:20000", "broadcast"},
		{"0.0.0.1:20000", "reserved"},
		{"127.0.0.1:20000", "loopback"},
		{"127.9.9.9:20000", "loopback"},
		{"[2001:db8::1]:20000", "IPv6 address, media here is IPv4"},
		/* ours: ports of media, of listeners */
		{"192.0.2.1:40000", "of Tandem itself"},
		{"192.0.2.1:40099", "of Tandem itself"},
		{"203.0.113.1:40050", "of Tandem itself"},
		{"192.0.2.1:5060", "of Tandem itself"},
		{"192.0.2.5:5070", "of Tandem itself"},
		{"10.0.0.1:40000", "of Tandem itself"},
		/* another process on this machine */
		{"192.0.2.1:39999", NULL},
		{"192.0.2.1:40100", NULL},
		{"192.0.2.5:5071", NULL},
		/* of the other side */
		{"10.0.0.1:20000", "other side"},
		{"10.0.0.2:20000", "other side"},
	};
	struct rig rig;

	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&rig, cases[i].address, cases[i].says, "plain");
}

static void kinds_of_ipv6(void **state)
{
	static const struct {
		const char *address, *says;
	} cases[] = {
		{"[2001:db8::9]:20000", NULL},
		{"[fd00::9]:20000", NULL},
		{"[64:ff9b::1]:20000", NULL}, /* NAT64 */
		{"[ff02::1]:20000", "multicast"},
		{"[fe80::1]:20000", "link-local"},
		{"[::ffff:192.0.2.9]:20000", "written as IPv6"},
		{"[::192.0.2.9]:20000", "reserved"},
		{"[::1]:20000", "loopback"},
		{"192.0.2.9:20000", "IPv4 address, media here is IPv6"},
		{"[2001:db8::1]:40001", "of Tandem itself"},
	};
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.config.media.external[0] = addr_of("2001:db8::1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&rig, cases[i].address, cases[i].says, "v6");
}

/* A side may have an address of each family. */
static void second_addresses_are_ours_too(void **state)
{
	static const struct {
		const char *address, *says;
	} cases[] = {
		{"[2001:db8::1]:40000", "of Tandem itself"},
		{"[2001:db8::1]:39999", NULL},
		{"[2001:db8::2]:40000", "of Tandem itself"},
		{"[2001:db8::2]:39999", NULL},
		{"[fd00::1]:40000", "of Tandem itself"},
		{"[fd00::1]:39999", "other side"},
		{"[fd00::2]:40000", "of Tandem itself"},
		{"[fd00::2]:39999", "other side"},
		/* no port of a listener */
		{"[fd00::1]:5061", "other side"},
	};
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.config.media.external[1] = addr_of("2001:db8::1");
	rig.config.media.external_advertise[1] = addr_of("2001:db8::2");
	rig.config.media.internal[1] = addr_of("fd00::1");
	rig.config.media.internal_advertise[1] = addr_of("fd00::2");
	rig.leg.media_v6 = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&rig, cases[i].address, cases[i].says, "second");
}

static void loopback_speaks_with_loopback(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig);
	/* a lab on one machine: both sides have one address */
	rig.config.media.internal[0] = rig.config.media.external[0] =
		addr_of("127.0.0.1");
	check(&rig, "127.0.0.1:20000", NULL, "lab");
	check(&rig, "127.0.0.1:40000", "of Tandem itself", "lab");
	check(&rig, "127.0.0.1:5060", "of Tandem itself", "lab");
}

static void a_trunk_narrows_where_media_may_be(void **state)
{
	char first[] = "198.51.100.0/24", second[] = "192.0.2.9";
	char *words[] = {first, second};
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.gateway.common.media.networks = (struct config_words){words, 2};
	check(&rig, "198.51.100.77:20000", NULL, "networks");
	check(&rig, "192.0.2.9:20000", NULL, "networks");
	check(&rig, "192.0.2.10:20000", "outside media-networks", "networks");
	check(&rig, "224.0.0.1:20000", "multicast", "networks");
}

static void addresses_of_single_peers_are_ours_too(void **state)
{
	struct config_gateway other = {
		.common = {.media = {.address = addr_of("192.0.2.77")}}};
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.config.gateways = &other;
	rig.config.gateway_count = 1;
	check(&rig, "192.0.2.77:40002", "of Tandem itself", "peers");
	check(&rig, "192.0.2.77:20000", NULL, "peers");
	/* its own address decides the family */
	rig.gateway.common.media.address = addr_of("2001:db8::77");
	check(&rig, "192.0.2.9:20000", "media here is IPv6", "peers");
}

/* What the first description or the signalling has, where the side has it too. */
static void family_is_that_of_the_far_end(void **state)
{
	struct addr six = addr_of("[2001:db8::9]:20000");
	char text[ADDR_TEXT_SIZE];
	struct rig rig;

	(void)state;
	rig_init(&rig);
	media_address_choose_family(&rig.leg, &six);
	assert_string_equal(
		addr_host_text(identity_media(&rig.leg, &rig.config), text), "192.0.2.1");
	rig.config.media.external[1] = addr_of("2001:db8::1");
	assert_string_equal(addr_host_text(identity_media(&rig.leg, &rig.config), text),
		"2001:db8::1");
	/* what is shown is of the same family */
	assert_string_equal(
		addr_host_text(identity_media_shown(&rig.leg, &rig.config), text),
		"2001:db8::1");
	rig.config.media.external_advertise[1] = addr_of("2001:db8::99");
	assert_string_equal(
		addr_host_text(identity_media_shown(&rig.leg, &rig.config), text),
		"2001:db8::99");
	check(&rig, "[2001:db8::9]:20000", NULL, "both");
	check(&rig, "192.0.2.9:20000", "media here is IPv6", "both");

	/* by its signalling */
	rig.flow.remote = addr_of("192.0.2.9:5060");
	rig.leg.flow = &rig.flow;
	media_address_choose_family(&rig.leg, NULL);
	check(&rig, "192.0.2.9:20000", NULL, "both");
	assert_string_equal(
		addr_host_text(identity_media_shown(&rig.leg, &rig.config), text),
		"203.0.113.1");
	/* and once something is agreed it stays */
	rig.leg.offer.complete = true;
	media_address_choose_family(&rig.leg, &six);
	assert_false(rig.leg.media_v6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_is_unicast_and_not_ours),
		cmocka_unit_test(kinds_of_ipv6),
		cmocka_unit_test(second_addresses_are_ours_too),
		cmocka_unit_test(loopback_speaks_with_loopback),
		cmocka_unit_test(a_trunk_narrows_where_media_may_be),
		cmocka_unit_test(addresses_of_single_peers_are_ours_too),
		cmocka_unit_test(family_is_that_of_the_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
