#include "../unit.h"

#include "audit/taps.h"

#include <string.h>

#define INVITE                                                                           \
	"INVITE sip:b@x SIP/2.0\r\nAuthorization: Digest response=\"00ff\"\r\n\r\n"      \
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcd|2^31\r\n"
#define MASKED                                                                           \
	"INVITE sip:b@x SIP/2.0\r\nAuthorization: Digest response=\"xxxx\"\r\n\r\n"      \
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxx|2^31\r\n"

/* One who listens, and what it was told. */
struct ear {
	struct taps_listener listener;
	uint64_t wanted; /* of which call; 0: any */
	unsigned asked, parties, messages, packets;
	const char *data;
	char text[sizeof(INVITE)];
	size_t len;
};

struct fixture {
	struct taps *taps;
	const struct tap *tap;
	struct ear a, b;
};

static void on_party(void *arg, const struct tap_party *party)
{
	struct ear *ear = arg;

	(void)party;
	ear->parties++;
}

static bool is_wanted(void *arg, const struct tap_message *message)
{
	struct ear *ear = arg;

	ear->asked++;
	return ear->wanted == 0 || message->call == ear->wanted;
}

static void on_message(void *arg, const struct tap_message *message)
{
	struct ear *ear = arg;

	ear->messages++;
	ear->data = message->data;
	ear->len = message->len;
	if (message->len < sizeof(ear->text))
		memcpy(ear->text, message->data, message->len);
}

static void on_packet(void *arg, const struct tap_packet *packet)
{
	struct ear *ear = arg;

	ear->packets++;
	ear->len = packet->len;
	if (packet->len > 0 && packet->len < sizeof(ear->text))
		memcpy(ear->text, packet->data, packet->len);
}

static void init(struct ear *ear)
{
	*ear = (struct ear){.listener = {.tap = {.party_h = on_party,
						 .message_h = on_message,
						 .packet_h = on_packet,
						 .arg = ear},
				    .wants_h = is_wanted}};
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	init(&f.a);
	init(&f.b);
	if (taps_new(&f.taps))
		return -1;
	f.tap = taps_tap(f.taps);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	taps_free(f->taps);
	return 0;
}

static void say(const struct fixture *f, uint64_t call, const char *text, size_t len)
{
	const struct tap_message message = {.call = call, .data = text, .len = len};

	f->tap->message_h(f->tap->arg, &message);
}

static void tell(const struct fixture *f, bool captured)
{
	const struct tap_party party = {.call = 1, .captured = captured};

	f->tap->party_h(f->tap->arg, &party);
}

static void pass(const struct fixture *f, bool captured, bool rtcp)
{
	const struct tap_packet packet = {.captured = captured, .rtcp = rtcp};

	f->tap->packet_h(f->tap->arg, &packet);
}

/* Also the same copy: the work is done once. */
static void each_has_the_message_without_its_keys(void **state)
{
	struct fixture *f = *state;
	static const char text[] = INVITE;

	taps_add(f->taps, &f->a.listener, TAPS_CAPTURED);
	taps_add(f->taps, &f->b.listener, TAPS_ALL);
	say(f, 7, text, strlen(text));
	assert_int_equal(f->a.messages, 1);
	assert_int_equal(f->b.messages, 1);
	assert_int_equal(f->a.len, strlen(MASKED));
	assert_memory_equal(f->a.text, MASKED, f->a.len);
	assert_int_equal(f->b.len, strlen(MASKED));
	assert_memory_equal(f->b.text, MASKED, f->b.len);
	assert_ptr_equal(f->a.data, f->b.data);
	assert_string_equal(text, INVITE);
	say(f, 7, NULL, 0);
	assert_int_equal(f->b.messages, 2);
	assert_int_equal(f->b.len, 0);
}

static void who_does_not_want_it_is_not_told(void **state)
{
	struct fixture *f = *state;

	f->a.wanted = 1;
	f->b.wanted = 2;
	taps_add(f->taps, &f->a.listener, TAPS_CAPTURED);
	taps_add(f->taps, &f->b.listener, TAPS_ALL);
	say(f, 2, "x", 1);
	assert_int_equal(f->a.asked, 1);
	assert_int_equal(f->a.messages, 0);
	assert_int_equal(f->b.messages, 1);
	say(f, 3, "x", 1);
	assert_int_equal(f->a.messages + f->b.messages, 1);
	taps_want(f->taps, &f->b.listener, TAPS_RTCP);
	say(f, 2, "x", 1);
	assert_int_equal(f->b.asked, 2);
	assert_int_equal(f->b.messages, 1);
	f->a.wanted = 0;
	f->a.listener.wants_h = NULL;
	say(f, 3, "x", 1);
	assert_int_equal(f->a.messages, 1);
}

static void parties_are_of_captured_calls_or_of_all(void **state)
{
	struct fixture *f = *state;

	taps_add(f->taps, &f->a.listener, TAPS_CAPTURED);
	assert_false(f->tap->all);
	taps_add(f->taps, &f->b.listener, TAPS_ALL);
	assert_true(f->tap->all);
	tell(f, false);
	assert_int_equal(f->a.parties, 0);
	assert_int_equal(f->b.parties, 1);
	tell(f, true);
	assert_int_equal(f->a.parties, 1);
	assert_int_equal(f->b.parties, 2);
	taps_want(f->taps, &f->b.listener, 0);
	assert_false(f->tap->all);
	tell(f, true);
	assert_int_equal(f->b.parties, 2);
}

static void packets_are_of_captured_media_or_rtcp(void **state)
{
	struct fixture *f = *state;

	taps_add(f->taps, &f->a.listener, TAPS_CAPTURED | TAPS_MEDIA);
	assert_false(atomic_load(&f->tap->rtcp));
	taps_add(f->taps, &f->b.listener, TAPS_RTCP);
	assert_true(atomic_load(&f->tap->rtcp));
	pass(f, true, false);
	assert_int_equal(f->a.packets, 1);
	assert_int_equal(f->b.packets, 0);
	pass(f, true, true);
	assert_int_equal(f->a.packets, 2);
	assert_int_equal(f->b.packets, 1);
	pass(f, false, true);
	assert_int_equal(f->a.packets, 2);
	assert_int_equal(f->b.packets, 2);
	taps_want(f->taps, &f->b.listener, TAPS_ALL);
	assert_false(atomic_load(&f->tap->rtcp));
	pass(f, false, true);
	assert_int_equal(f->b.packets, 2);
}

/* What is longer than any datagram ends there. */
static void a_long_message_is_cut(void **state)
{
	struct fixture *f = *state;
	static char text[TAPS_MESSAGE_MAX + 8];

	memset(text, 'a', sizeof(text));
	taps_add(f->taps, &f->a.listener, TAPS_ALL);
	say(f, 1, text, sizeof(text));
	assert_int_equal(f->a.len, TAPS_MESSAGE_MAX);
	assert_int_equal(f->a.data[TAPS_MESSAGE_MAX - 1], 'a');
}

/* Which digit it was nobody learns; that there was one, how long and how loud, stays. */
static void digits_are_overwritten_where_that_is_wanted(void **state)
{
	static const char info[] = "INFO a\nc: application/dtmf\n\n5";
	uint8_t event[] = {0x91, 0xe5, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 'c', 's', 'r', 'c',
		0xbe, 0xde, 0, 1, 'e', 'x', 't', 0, 5, 0x8a, 0x03, 0x20, 6, 0x0a, 0x01,
		0x40};
	struct tap_packet packet = {
		.captured = true, .event = true, .data = event, .len = sizeof(event)};
	struct fixture *f = *state;
	char before[sizeof(event)];

	memcpy(before, event, sizeof(event));
	taps_add(f->taps, &f->a.listener, TAPS_ALL | TAPS_MEDIA);
	say(f, 1, info, sizeof(info) - 1);
	assert_memory_equal(f->a.text, info, sizeof(info) - 1);
	f->tap->packet_h(f->tap->arg, &packet);
	assert_memory_equal(f->a.text, before, sizeof(event));
	taps_mask_digits(f->taps, true);
	say(f, 1, info, sizeof(info) - 1);
	assert_int_equal(f->a.text[sizeof(info) - 2], 'x');
	f->tap->packet_h(f->tap->arg, &packet);
	assert_int_equal(f->a.len, sizeof(event));
	assert_memory_equal(f->a.text, before, 24);
	assert_memory_equal(f->a.text + 24, "\xff\x8a\x03\x20\xff\x0a\x01\x40", 8);
	/* what goes on to the far end is as it was */
	assert_memory_equal(event, before, sizeof(event));
	/* one that says that it has more than it has; audio */
	event[18] = 0xff;
	f->tap->packet_h(f->tap->arg, &packet);
	assert_memory_equal(f->a.text, event, sizeof(event));
	packet.len = 3;
	f->tap->packet_h(f->tap->arg, &packet);
	assert_int_equal(f->a.len, 3);
	packet.event = false;
	packet.len = sizeof(event);
	f->tap->packet_h(f->tap->arg, &packet);
	assert_memory_equal(f->a.text, event, sizeof(event));
	taps_mask_digits(f->taps, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_has_the_message_without_its_keys),
		TEST(who_does_not_want_it_is_not_told),
		TEST(parties_are_of_captured_calls_or_of_all),
		TEST(packets_are_of_captured_media_or_rtcp),
		TEST(a_long_message_is_cut),
		TEST(digits_are_overwritten_where_that_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
