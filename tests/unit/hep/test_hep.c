#include "../unit.h"

#include "hep_test.h"

#include "hep/hep.h"
#include "hep/packet.h"
#include "media/rtcp.h"

#include <jansson.h>

#define INVITE                                                                           \
	"INVITE sip:b@x SIP/2.0\r\nCall-ID: one\r\n\r\na=crypto:1 X "                    \
	"inline:abcd|2^31\r\n"
#define LATER "BYE sip:b@x SIP/2.0\r\nCall-ID: two\r\n\r\n"
/* Types of chunks. */
#define FAMILY 1
#define PROTOCOL 2
#define SOURCE 3
#define DESTINATION 4
#define SOURCE_PORT 7
#define SECONDS 9
#define MICROSECONDS 10
#define TYPE 11
#define CAPTURE_ID 12
#define KEY 14
#define PAYLOAD 15
#define CALL 17
#define NODE 19

struct fixture {
	struct world world;
	struct taps *taps;
	const struct tap *tap;
	struct hep *hep;
	int fd;
	uint16_t port;
	uint8_t data[HEP_PACKET_MAX];
	size_t len;
};

static struct hep_settings *settings(const struct fixture *f, enum config_hep_calls calls)
{
	struct hep_settings *settings = calloc(1, sizeof(*settings));

	settings->target.place = (struct collector_place){
		.transport = COLLECTOR_UDP, .host = "127.0.0.1", .port = f->port};
	settings->target.queue_bytes = 1 << 20;
	settings->calls = calls;
	settings->capture_id = 228;
	settings->node = strdup("med1.example.com");
	buf_init(&settings->key, 0);
	buf_add_str(&settings->key, "wessen");
	return settings;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hep_params params;

	world_start(&f->world, NULL);
	assert_int_equal(taps_new(&f->taps), 0);
	f->tap = taps_tap(f->taps);
	params = (struct hep_params){.loop = f->world.loop,
		.resolver = f->world.resolver,
		.taps = f->taps,
		.workers = 2};
	assert_int_equal(hep_new(&f->hep, &params), 0);
	f->fd = bound(SOCK_DGRAM, 0, &f->port);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hep_free(f->hep);
	taps_free(f->taps);
	close(f->fd);
	world_stop(&f->world);
	free(f);
	return 0;
}

static struct addr addr_of(const char *text)
{
	struct addr addr = {.len = 0};

	assert_int_equal(addr_parse(&addr, text, 0), 0);
	return addr;
}

static void party(const struct fixture *f, uint64_t call, const char *id, bool captured)
{
	const struct tap_party party = {.call = call,
		.id = id,
		.party = 1,
		.captured = captured,
		.leg = "a",
		.trunk = ""};

	f->tap->party_h(f->tap->arg, &party);
}

static void say(const struct fixture *f, uint64_t call, const char *text, bool first)
{
	const struct tap_message message = {.call = call,
		.party = 1,
		.mono_us = f->world.clock.mono_us + 500,
		.transport = TAP_TLS,
		.first = first,
		.source = addr_of("192.0.2.1:5061"),
		.destination = addr_of("192.0.2.2:40000"),
		.data = text,
		.len = strlen(text)};

	f->tap->message_h(f->tap->arg, &message);
}

static void report(const struct fixture *f, uint64_t call, unsigned worker)
{
	const struct rtcp_sender sender = {.ssrc = 7, .packets = 5};
	uint8_t data[RTCP_WRITE_MAX];
	const struct tap_packet packet = {.call = call,
		.mono_us = f->world.clock.mono_us,
		.worker = worker,
		.rtcp = true,
		.source = addr_of("192.0.2.1:30001"),
		.destination = addr_of("192.0.2.2:20001"),
		.data = data,
		.len = rtcp_write(data, &sender, NULL, "x")};

	f->tap->packet_h(f->tap->arg, &packet);
}

static struct record record_of(uint64_t call, const char *id)
{
	struct record record = {.call = call,
		.id = id,
		.method = "INVITE",
		.emergency = "no",
		.elin = "",
		.location = "",
		.purpose = "",
		.from = "+493011",
		.to = "+493022",
		.from_received = "",
		.to_received = "",
		.from_sent = "",
		.to_sent = "",
		.start_wall_us = UINT64_C(1795305600000000),
		.end_us = 1000250,
		.status = 200,
		.cause = "bye",
		.ended_by = "internal",
		.detail = "",
		.media_note = "",
		.far_reason = ""};

	for (unsigned i = 0; i < 2; i++)
		record.legs[i] = record_leg_none();
	record.legs[0].transport = "UDP";
	record.legs[0].remote = addr_of("192.0.2.1:5060");
	record.legs[1].side = SIDE_EXTERNAL;
	record.legs[1].remote = addr_of("192.0.2.9:5061");
	return record;
}

static bool came(struct fixture *f)
{
	const ssize_t len = recv(f->fd, f->data, sizeof(f->data), 0);

	f->len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static void settle(struct fixture *f)
{
	struct hep_state state;

	do {
		loop_turn(f->world.loop, 1);
		hep_state(f->hep, &state);
	} while (state.sender.waiting_bytes > 0);
	loop_turn(f->world.loop, 1);
}

static void expect(struct fixture *f, unsigned type, const char *value)
{
	assert_string_equal(chunk(f->data, f->len, type), value);
}

/* The next packet has PAYLOAD. */
static void expect_next(struct fixture *f, const char *payload)
{
	settle(f);
	assert_true(came(f));
	expect(f, PAYLOAD, payload);
}

static void expect_none(struct fixture *f)
{
	settle(f);
	assert_false(came(f));
}

static void a_message_is_exported_under_its_call(void **state)
{
	struct fixture *f = *state;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "5f3c-000001", false);
	say(f, 1, INVITE, true);
	expect_next(f, "INVITE sip:b@x SIP/2.0\r\nCall-ID: one\r\n\r\na=crypto:1 X "
		       "inline:xxxx|2^31\r\n");
	expect(f, FAMILY, "2");
	expect(f, PROTOCOL, "6");
	expect(f, SOURCE, "192.0.2.1");
	expect(f, DESTINATION, "192.0.2.2");
	expect(f, SOURCE_PORT, "5061");
	expect(f, SECONDS, "1795305600");
	expect(f, MICROSECONDS, "500");
	expect(f, TYPE, "1");
	expect(f, CAPTURE_ID, "228");
	expect(f, KEY, "wessen");
	expect(f, NODE, "med1.example.com");
	expect(f, CALL, "5f3c-000001");
	expect_none(f);
}

/* The first message of a call is told again when its capture begins. */
static void the_first_one_is_exported_once(void **state)
{
	struct fixture *f = *state;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	say(f, 1, LATER, true);
	party(f, 1, "a", true);
	say(f, 1, LATER, true);
	say(f, 1, LATER, false);
	expect_next(f, LATER);
	expect_next(f, LATER);
	expect_none(f);
}

static void nothing_is_exported_of_what_belongs_to_no_call(void **state)
{
	struct fixture *f = *state;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	say(f, 0, LATER, false);
	say(f, 9, LATER, false);
	report(f, 9, 0);
	expect_none(f);
}

static void captured_calls_alone_where_that_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct record record = record_of(2, "b");

	hep_use(f->hep, settings(f, CONFIG_HEP_CAPTURED));
	party(f, 1, "a", false);
	say(f, 1, LATER, true);
	report(f, 1, 0);
	expect_none(f);
	party(f, 1, "a", true);
	say(f, 1, LATER, true);
	expect_next(f, LATER);
	party(f, 1, "a", false);
	say(f, 1, LATER, false);
	expect_none(f);
	party(f, 2, "b", false);
	hep_call_end(f->hep, &record);
	expect_none(f);
}

static void reports_of_both_workers_are_exported_as_json(void **state)
{
	struct fixture *f = *state;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	for (unsigned worker = 0; worker < 2; worker++) {
		report(f, 1, worker);
		expect_next(f,
			"{\"type\":200,\"ssrc\":7,\"report_count\":0,\"sender_"
			"information\":{\"ntp_timestamp_sec\":0,\"ntp_timestamp_usec\":"
			"0,\"rtp_timestamp\":0,\"packets\":5,\"octets\":0},\"report_"
			"blocks\":[]}");
		expect(f, TYPE, "5");
		expect(f, PROTOCOL, "17");
		expect(f, SOURCE, "192.0.2.1");
		expect(f, SOURCE_PORT, "30001");
		expect(f, CALL, "a");
		expect(f, SECONDS, "1795305600");
	}
	report(f, 1, 2); /* no such worker */
	expect_none(f);
}

/* More than are taken in one turn, and more than there is room for. */
static void a_flood_of_reports_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct hep_state said;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	loop_turn(f->world.loop, 1);
	for (unsigned i = 0; i < 10000; i++)
		report(f, 1, 0);
	/* what the collector's socket has no room for was sent nevertheless */
	TURN_UNTIL(&f->world,
		(hep_state(f->hep, &said), said.sender.sent + said.sender.lost == 10000));
	assert_true(said.sender.lost > 0);
	assert_true(said.sender.sent > 256);
}

static void the_record_ends_it(void **state)
{
	struct fixture *f = *state;
	struct record record = record_of(1, "a");
	json_t *json;

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	hep_call_end(f->hep, &record);
	settle(f);
	assert_true(came(f));
	expect(f, TYPE, "100");
	expect(f, CALL, "a");
	expect(f, PROTOCOL, "17");
	expect(f, SOURCE, "192.0.2.1");
	expect(f, DESTINATION, "192.0.2.9");
	expect(f, SECONDS, "1795305601");
	expect(f, MICROSECONDS, "250");
	json = json_loads(chunk(f->data, f->len, PAYLOAD), 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "to")), "+493022");
	json_decref(json);
	hep_call_end(f->hep, &record); /* as of no call that is known twice */
	settle(f);
	/* what follows belongs to it for a while */
	while (came(f))
		;
	pass_ms(&f->world, 31999);
	say(f, 1, LATER, false);
	expect_next(f, LATER);
	pass_ms(&f->world, 1);
	say(f, 1, LATER, false);
	expect_none(f);
}

static void calls_end_one_after_another(void **state)
{
	struct fixture *f = *state;
	struct record first = record_of(1, "a"), second = record_of(2, "b");

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	party(f, 2, "b", false);
	hep_call_end(f->hep, &first);
	pass_ms(&f->world, 20000);
	hep_call_end(f->hep, &second);
	pass_ms(&f->world, 12000);
	settle(f);
	while (came(f))
		;
	say(f, 1, LATER, false);
	expect_none(f);
	say(f, 2, LATER, false);
	expect_next(f, LATER);
	pass_ms(&f->world, 20000);
	say(f, 2, LATER, false);
	expect_none(f);
}

static void it_wants_nothing_while_it_is_off(void **state)
{
	struct fixture *f = *state;
	struct hep_state said;

	assert_false(f->tap->all);
	assert_false(atomic_load(&f->tap->rtcp));
	assert_null(hep_in_use(f->hep));
	assert_true(hep_use(f->hep, settings(f, CONFIG_HEP_ALL)));
	assert_true(f->tap->all);
	assert_true(atomic_load(&f->tap->rtcp));
	party(f, 1, "a", false);
	/* others of the same way: the parties are known */
	assert_false(hep_use(f->hep, settings(f, CONFIG_HEP_CAPTURED)));
	assert_int_equal(hep_in_use(f->hep)->calls, CONFIG_HEP_CAPTURED);
	assert_false(hep_use(f->hep, settings(f, CONFIG_HEP_ALL)));
	say(f, 1, LATER, false);
	expect_next(f, LATER);
	assert_false(hep_use(f->hep, NULL));
	assert_false(f->tap->all);
	say(f, 1, LATER, false);
	report(f, 1, 0);
	expect_none(f);
	assert_true(hep_use(f->hep, settings(f, CONFIG_HEP_ALL)));
	say(f, 1, LATER, false);
	expect_none(f);
	hep_state(f->hep, &said);
	assert_int_equal(said.sender.lost, 0);
	assert_int_equal(said.cut, 0);
}

static void a_message_that_is_too_long_is_cut(void **state)
{
	struct fixture *f = *state;
	struct hep_state said;
	char *text = malloc(70000);

	hep_use(f->hep, settings(f, CONFIG_HEP_ALL));
	party(f, 1, "a", false);
	memset(text, 'a', 69999);
	text[69999] = '\0';
	say(f, 1, text, false);
	free(text);
	settle(f);
	hep_state(f->hep, &said);
	assert_int_equal(said.cut, 1);
	assert_int_equal(said.sender.sent, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_exported_under_its_call),
		TEST(the_first_one_is_exported_once),
		TEST(nothing_is_exported_of_what_belongs_to_no_call),
		TEST(captured_calls_alone_where_that_is_wanted),
		TEST(reports_of_both_workers_are_exported_as_json),
		TEST(a_flood_of_reports_is_bounded),
		TEST(the_record_ends_it),
		TEST(calls_end_one_after_another),
		TEST(it_wants_nothing_while_it_is_off),
		TEST(a_message_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
