/* Who is not let in: what is said of them, how often, and who is kept. */
#include "sip/strangers.h"

#include "../unit.h"

#include "base/buf.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_US UINT64_C(1764500000000000)

static struct clock_virtual now;
static struct loop *loop;
static struct strangers *strangers;
static struct stranger_owner owner; /* of 192.0.2.7 */
static unsigned asked;              /* how often whose an address is */

static unsigned lines;
static enum log_level last_level;
static char last_line[1024];

static void log_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	lines++;
	last_level = level;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static void owner_of(void *arg, const struct addr *remote, struct stranger_owner *ret)
{
	const struct addr theirs = address("192.0.2.7");

	(void)arg;
	asked++;
	assert_int_equal(ret->trunk[0], '\0');
	if (addr_equal_host(remote, &theirs))
		*ret = owner;
}

static int begin(void **state)
{
	const struct strangers_params params = {.side = "external", .owner_h = owner_of};
	struct strangers_params with_loop = params;

	(void)state;
	clock_virtual_init(&now, START_US);
	assert_int_equal(loop_new(&loop, &now.clock), 0);
	with_loop.loop = loop;
	assert_int_equal(strangers_new(&strangers, &with_loop), 0);
	owner = (struct stranger_owner){.trunk = "trunk gw",
		.file = "/etc/tandem/gateways.d/gw.conf",
		.enabled = true,
		.transport = TRANSPORT_TCP};
	asked = lines = 0;
	log_set_sink(log_line, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	strangers_free(strangers);
	loop_free(loop);
	log_set_sink(NULL, NULL);
	return 0;
}

static void advance(uint64_t ms)
{
	clock_virtual_advance(&now, ms * 1000);
	timers_run(loop_timers(loop));
}

static void udp_from(const char *from, const char *text)
{
	const struct addr remote = address(from);

	strangers_note(strangers, TRANSPORT_UDP, &remote, span_of(text));
}

static void tcp_from(const char *from)
{
	const struct addr remote = address(from);

	strangers_note(strangers, TRANSPORT_TCP, &remote, (struct span){NULL, 0});
}

static void assert_said(const char *words)
{
	if (!strstr(last_line, words))
		fail_msg("no \"%s\" in: %s", words, last_line);
}

struct kept {
	unsigned count;
	struct stranger entries[STRANGERS_MAX];
	uint64_t first_us[STRANGERS_MAX], last_us[STRANGERS_MAX];
};

static void keep(
	void *arg, const struct stranger *stranger, uint64_t first_us, uint64_t last_us)
{
	struct kept *kept = arg;

	assert_true(kept->count < STRANGERS_MAX);
	kept->entries[kept->count] = *stranger;
	kept->first_us[kept->count] = first_us;
	kept->last_us[kept->count++] = last_us;
}

static struct kept *list_all(void)
{
	static struct kept kept;

	kept.count = 0;
	strangers_each(strangers, keep, &kept);
	return &kept;
}

static const struct stranger *find(const char *from)
{
	const struct addr remote = address(from);
	struct kept *kept = list_all();

	for (unsigned i = 0; i < kept->count; i++) {
		if (addr_equal_host(&kept->entries[i].remote, &remote))
			return &kept->entries[i];
	}
	return NULL;
}

static void a_kind_has_a_line_a_minute(void **state)
{
	(void)state;
	udp_from("198.51.100.1:4444", "REGISTER sip:x SIP/2.0\r\n");
	assert_int_equal(lines, 1);
	assert_int_equal(last_level, LOG_LEVEL_INFO);
	assert_string_equal(last_line,
		"info transport event=stranger by=us rule=source side=external "
		"transport=UDP remote=198.51.100.1:4444 spoke=\"SIP REGISTER\" count=1 "
		"do=\"no trunk has this address: if it is a gateway of yours, set host = "
		"198.51.100.1 in its file in gateways.d\"");
	for (unsigned i = 0; i < 1000; i++)
		udp_from("198.51.100.1:4444", "REGISTER sip:x SIP/2.0\r\n");
	udp_from("198.51.100.2", "INVITE sip:x SIP/2.0\r\n");
	advance(STRANGERS_SAID_MS - 1);
	assert_int_equal(lines, 1);
	advance(2);
	assert_int_equal(lines, 2);
	assert_said(" remote=198.51.100.2:5060 spoke=\"SIP INVITE\" count=1001 ");
	/* Nobody came since: no line, and the next one is said at once. */
	advance(3 * STRANGERS_SAID_MS);
	assert_int_equal(lines, 2);
	tcp_from("198.51.100.1");
	assert_int_equal(lines, 3);
	assert_said(" transport=TCP remote=198.51.100.1:5060 spoke=\"a connection\" "
		    "count=1 ");
}

/* Strangers in any number do not hide a trunk that speaks the wrong transport. */
static void kinds_do_not_hide_each_other(void **state)
{
	(void)state;
	udp_from("198.51.100.1", "REGISTER sip:x SIP/2.0\r\n");
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	assert_int_equal(lines, 2);
	assert_said("rule=transport");
}

static void each_kind_says_what_to_do(void **state)
{
	static const struct {
		struct stranger_owner owner;
		enum transport_kind spoken;
		const char *rule, *words;
	} rows[] = {
		{{.enabled = true, .transport = TRANSPORT_TCP}, TRANSPORT_UDP,
			"transport",
			"do=\"if this is trunk gw: transport = udp in /gw.conf, or let "
			"it "
			"speak TCP\""},
		{{.enabled = true, .transport = TRANSPORT_UDP}, TRANSPORT_TCP,
			"transport",
			"do=\"if this is trunk gw: transport = tcp in /gw.conf, or let "
			"it "
			"speak UDP\""},
		{{.enabled = true, .transport = TRANSPORT_TLS}, TRANSPORT_UDP, "plain",
			"let it speak TLS to the port of [external] tls"},
		{{.enabled = false, .transport = TRANSPORT_UDP}, TRANSPORT_UDP,
			"disabled",
			"do=\"trunk gw is switched off: enabled = yes in /gw.conf lets "
			"it "
			"in\""},
		{{.is_server = true, .enabled = true, .transport = TRANSPORT_TLS},
			TRANSPORT_UDP, "server",
			"let it speak TLS, to the port of [internal] listen"},
		{{.enabled = true, .transport = TRANSPORT_UDP}, TRANSPORT_TLS, "tls",
			"do=\"if this is trunk gw: tls = yes in /gw.conf, or let it "
			"speak "
			"UDP\""},
	};
	const struct addr remote = address("192.0.2.7");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[60];

		owner = rows[i].owner;
		strcpy(owner.trunk, "trunk gw");
		strcpy(owner.file, "/gw.conf");
		if (rows[i].spoken == TRANSPORT_TLS)
			assert_true(strangers_note_tls(strangers, &remote, ""));
		else
			strangers_note(strangers, rows[i].spoken, &remote, span_of("\n"));
		assert_int_equal(last_level, LOG_LEVEL_WARNING);
		snprintf(rule, sizeof(rule), "event=stranger by=us rule=%s ",
			rows[i].rule);
		assert_said(rule);
		assert_said(rows[i].words);
		end(state);
		begin(state);
	}
}

static void what_is_no_tls_is_noted_whoever_it_is(void **state)
{
	const struct addr nobody = address("198.51.100.1");
	const struct addr peer = address("192.0.2.7");

	(void)state;
	assert_true(strangers_note_tls(strangers, &nobody, "HTTP GET"));
	assert_said("rule=not_tls side=external transport=TLS remote=198.51.100.1:5060 "
		    "spoke=\"HTTP GET\" count=1 do=\"this port takes TLS alone:");
	/* TLS of somebody who is no plain trunk is for the rules of certificates. */
	assert_false(strangers_note_tls(strangers, &nobody, ""));
	owner.transport = TRANSPORT_TLS;
	assert_false(strangers_note_tls(strangers, &peer, ""));
	assert_int_equal(lines, 1);
}

static void the_last_are_kept_the_latest_first(void **state)
{
	const struct stranger *stranger;
	struct kept *kept;

	(void)state;
	udp_from("198.51.100.1:1", "REGISTER sip:x SIP/2.0\r\n");
	advance(2000);
	tcp_from("198.51.100.2");
	advance(3000);
	udp_from("198.51.100.1:2", "OPTIONS sip:x SIP/2.0\r\n");
	kept = list_all();
	assert_int_equal(kept->count, 2);
	stranger = &kept->entries[0];
	assert_int_equal(addr_port(&stranger->remote), 2);
	assert_string_equal(stranger->spoke, "SIP OPTIONS");
	assert_int_equal(stranger->count, 2);
	assert_int_equal(kept->first_us[0], START_US);
	assert_int_equal(kept->last_us[0], START_US + 5000000);
	assert_int_equal(kept->entries[1].transport, TRANSPORT_TCP);
	assert_int_equal(kept->first_us[1], START_US + 2000000);
}

static void flood(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char from[40];

		snprintf(from, sizeof(from), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
			i & 255);
		udp_from(from, "INVITE sip:x SIP/2.0\r\n");
	}
}

/* Forged sources: few of them are looked at, all are counted, and no trunk loses its place. */
static void a_flood_of_sources_is_bounded(void **state)
{
	(void)state;
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	asked = 0;
	flood(100000);
	assert_int_equal(asked, STRANGERS_NEW_A_SECOND - 1);
	assert_int_equal(list_all()->count, STRANGERS_NEW_A_SECOND);
	for (unsigned i = 0; i < 20; i++) {
		advance(1000);
		flood(1000 + i);
		udp_from("198.51.100.1", "x"); /* as good as any other */
	}
	assert_int_equal(list_all()->count, STRANGERS_MAX);
	assert_non_null(find("192.0.2.7"));
	lines = 0;
	advance(STRANGERS_SAID_MS);
	assert_int_equal(lines, 1);
	assert_said("count=120");
}

static void a_reload_is_seen(void **state)
{
	(void)state;
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	owner.enabled = false;
	strangers_judge_again(strangers);
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	assert_int_equal(find("192.0.2.7")->kind, STRANGER_DISABLED);
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	assert_int_equal(asked, 2);
}

/* And what else becomes of an address: a name that leads elsewhere. */
static void an_owner_is_believed_for_a_minute(void **state)
{
	(void)state;
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	owner.transport = TRANSPORT_TLS;
	advance(60000);
	udp_from("192.0.2.7", "INVITE sip:x SIP/2.0\r\n");
	assert_int_equal(find("192.0.2.7")->kind, STRANGER_PLAIN);
	assert_int_equal(find("192.0.2.7")->count, 2);
	assert_int_equal(asked, 2);
}

static void hosts_are_told_apart_by_the_whole_address(void **state)
{
	(void)state;
	udp_from("[2001:db8::1]:5060", "x");
	udp_from("[2001:db8::2]:5060", "x");
	udp_from("[2001:db8::1]:5061", "x");
	assert_int_equal(list_all()->count, 2);
	assert_int_equal(find("[2001:db8::1]:1")->count, 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(a_kind_has_a_line_a_minute),
		CASE(kinds_do_not_hide_each_other),
		CASE(each_kind_says_what_to_do),
		CASE(what_is_no_tls_is_noted_whoever_it_is),
		CASE(the_last_are_kept_the_latest_first),
		CASE(a_flood_of_sources_is_bounded),
		CASE(a_reload_is_seen),
		CASE(an_owner_is_believed_for_a_minute),
		CASE(hosts_are_told_apart_by_the_whole_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
