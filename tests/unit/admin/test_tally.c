#include "../unit.h"

#include "admin/tally.h"

#include <stdio.h>
#include <string.h>

static struct tally tally;

static int setup(void **state)
{
	(void)state;
	return tally_init(&tally);
}

static int teardown(void **state)
{
	(void)state;
	tally_free(&tally);
	return 0;
}

static struct cdr_leg leg(const char *party, const char *version, const char *media)
{
	return (struct cdr_leg){.party = span_of(party),
		.transport = span_of(version[0] ? "TLS" : "UDP"),
		.tls_version = span_of(version),
		.tls_cipher = span_of(version[0] ? "AES-256-GCM" : ""),
		.peer_names = span_of(version[0] ? "DNS:a" : ""),
		.media = span_of(media),
		.signalling_required = span_of(""),
		.media_required = span_of("")};
}

/* A call with SRTP on the one side, and what is given on the other. */
static struct cdr call(const char *version, const char *media)
{
	return (struct cdr){.id = span_of("5f3c-000001"),
		.answered = true,
		.legs[0] = leg("server pbx1", "TLS1.3", "AEAD_AES_256_GCM"),
		.legs[1] = leg("trunk gw", version, media)};
}

static const struct tally_sum *sum_of(const char *party, enum tally_kind kind)
{
	const struct tally_party *found = tally_find(&tally, party);

	assert_non_null(found);
	return &found->sums[kind];
}

static void legs_are_counted_by_how_they_were_protected(void **state)
{
	const struct tally_sum *sum;
	struct cdr cdr;

	(void)state;
	cdr = call("", "RTP");
	tally_add(&tally, &cdr, true);
	cdr = call("TLS1.2", "AES_CM_128_HMAC_SHA1_80");
	tally_add(&tally, &cdr, true);
	tally_add(&tally, &cdr, true);
	tally_add(&tally, &cdr, false);
	sum = sum_of("trunk gw", TALLY_SIGNALLING);
	assert_int_equal(sum->legs, 3);
	assert_int_equal(sum->secure, 2);
	assert_int_equal(sum->way_count, 2);
	assert_string_equal(sum->ways[0].text, "UDP");
	assert_false(sum->ways[0].secure);
	assert_string_equal(sum->ways[1].text, "TLS1.2 AES-256-GCM");
	assert_string_equal(sum->ways[1].names, "DNS:a");
	assert_int_equal(sum->ways[1].ended, 2);
	assert_int_equal(sum->ways[1].now, 1);
	sum = sum_of("trunk gw", TALLY_MEDIA);
	assert_int_equal(sum->secure, 2);
	assert_string_equal(sum->ways[0].text, "RTP");
	sum = sum_of("server pbx1", TALLY_MEDIA);
	assert_int_equal(sum->legs, 3);
	assert_int_equal(sum->secure, 3);
	assert_null(tally_find(&tally, "trunk other"));
}

static void calls_that_failed_are_apart(void **state)
{
	struct cdr cdr = call("", "");

	(void)state;
	cdr.answered = false;
	tally_add(&tally, &cdr, true);
	/* Its connection never came to be. */
	cdr.legs[1].transport = span_of("");
	tally_add(&tally, &cdr, true);
	/* No trunk was found for it. */
	cdr.legs[1].party = span_of("");
	tally_add(&tally, &cdr, true);
	assert_int_equal(tally_find(&tally, "trunk gw")->failed, 2);
	assert_int_equal(sum_of("trunk gw", TALLY_SIGNALLING)->legs, 0);
	assert_int_equal(sum_of("trunk gw", TALLY_SIGNALLING)->way_count, 0);
	assert_null(tally_find(&tally, ""));
}

/* Neither is below the rules, answered or not: nothing was said over what never opened. */
static void what_was_never_connected_breaks_no_rule(void **state)
{
	static const char *const transports[] = {"", "TLS"};
	const struct tally_sum *sum;
	struct cdr cdr;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cdr = call("", "");
		cdr.answered = false;
		cdr.legs[1].transport = span_of(transports[i]);
		cdr.legs[1].signalling_required = span_of("TLS1.2");
		tally_add(&tally, &cdr, true);
		tally_add(&tally, &cdr, false);
	}
	sum = sum_of("trunk gw", TALLY_SIGNALLING);
	assert_int_equal(sum->below, 0);
	assert_int_equal(sum->way_count, 0);
	/* what was said in clear is */
	cdr.legs[1].transport = span_of("TCP");
	tally_add(&tally, &cdr, true);
	assert_int_equal(sum->below, 1);
}

static void less_than_was_demanded_is_noticed(void **state)
{
	static const struct {
		const char *version, *least;
		bool below;
	} cases[] = {
		{"TLS1.2", "TLS1.2", false},
		{"TLS1.3", "TLS1.2", false},
		{"TLS1.2", "TLS1.3", true},
		{"TLS1.1", "TLS1.2", true},
		{"TLS1.1", "TLS1.0", false},
		{"SSL3.0", "TLS1.0", true},
		{"", "TLS1.2", true},
		{"", "", false},
	};
	const struct tally_sum *sum;
	struct cdr cdr;
	unsigned below = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cdr = call(cases[i].version, "RTP");
		cdr.legs[1].signalling_required = span_of(cases[i].least);
		tally_add(&tally, &cdr, true);
		below += cases[i].below;
		assert_int_equal(sum_of("trunk gw", TALLY_SIGNALLING)->below, below);
	}
	sum = sum_of("trunk gw", TALLY_MEDIA);
	assert_int_equal(sum->below, 0);
	cdr.legs[1].media_required = span_of("SRTP");
	tally_add(&tally, &cdr, true);
	assert_int_equal(sum->below, 1);
	assert_string_equal(sum->below_id, "5f3c-000001");
	/* One that stands counts as well; one without media has none in clear. */
	tally_add(&tally, &cdr, false);
	assert_int_equal(sum->below, 2);
	cdr.legs[1].media = span_of("");
	tally_add(&tally, &cdr, true);
	assert_int_equal(sum->below, 2);
	/* A record of old does not say what was demanded. */
	cdr = call("", "RTP");
	cdr.legs[1].signalling_required = cdr.legs[1].media_required =
		(struct span){NULL, 0};
	tally_add(&tally, &cdr, true);
	assert_int_equal(sum->below, 2);
}

/* Not protected wherever it is, and below what was demanded unless that says UDPTL too. */
static void fax_in_clear_is_noticed(void **state)
{
	static const struct {
		const char *required, *media;
		bool below;
	} cases[] = {
		{"SRTP", "UDPTL", true},
		{"SRTP or UDPTL", "UDPTL", false},
		{"SRTP or UDPTL", "RTP", true},
		{"", "UDPTL", false},
	};
	unsigned below = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cdr cdr = call("TLS1.3", cases[i].media);
		const struct tally_sum *sum;

		cdr.legs[1].media_required = span_of(cases[i].required);
		tally_add(&tally, &cdr, true);
		sum = sum_of("trunk gw", TALLY_MEDIA);
		below += cases[i].below;
		assert_int_equal(sum->below, below);
		assert_int_equal(sum->legs, i + 1);
		assert_int_equal(sum->secure, 0);
	}
}

static void ways_are_bounded_and_legs_are_not(void **state)
{
	struct cdr cdr = call("TLS1.3", "RTP");
	const struct tally_sum *sum;
	char names[32];

	(void)state;
	for (unsigned i = 0; i < 3 * TALLY_WAYS; i++) {
		snprintf(names, sizeof(names), "DNS:%u", i);
		cdr.legs[1].peer_names = span_of(names);
		tally_add(&tally, &cdr, true);
	}
	sum = sum_of("trunk gw", TALLY_SIGNALLING);
	assert_int_equal(sum->way_count, TALLY_WAYS);
	assert_int_equal(sum->legs, 3 * TALLY_WAYS);
	assert_int_equal(sum->secure, 3 * TALLY_WAYS);
}

static void parties_are_bounded(void **state)
{
	struct cdr cdr = call("", "RTP");
	char party[32];

	(void)state;
	for (unsigned i = 0; i < TALLY_PARTIES + 10; i++) {
		snprintf(party, sizeof(party), "trunk %u", i);
		cdr.legs[1].party = span_of(party);
		tally_add(&tally, &cdr, true);
	}
	/* One is the server. */
	assert_int_equal(tally.uncounted, 11);
	assert_int_equal(tally.parties.count, TALLY_PARTIES);
}

static void note_h(void *arg, struct tally_party *party)
{
	char *out = arg;

	strcat(out, party->name);
	strcat(out, ";");
}

static void parties_come_as_they_were_met(void **state)
{
	struct cdr cdr = call("", "RTP");
	char names[100] = "";

	(void)state;
	tally_add(&tally, &cdr, true);
	cdr.legs[1].party = span_of("trunk b");
	tally_add(&tally, &cdr, true);
	cdr.legs[1].party = span_of("trunk a");
	tally_add(&tally, &cdr, true);
	tally_each(&tally, note_h, names);
	assert_string_equal(names, "server pbx1;trunk gw;trunk b;trunk a;");
}

/* Of a request that is no call nothing but its signalling is known, and it is never answered as calls are. */
static void messages_are_counted_apart(void **state)
{
	const struct tally_sum *sum;
	struct cdr cdr = call("", "");

	(void)state;
	cdr.message = true;
	cdr.answered = false;
	cdr.legs[0].media = span_of("");
	tally_add(&tally, &cdr, true);
	tally_add(&tally, &cdr, true);
	sum = sum_of("trunk gw", TALLY_MESSAGES);
	assert_int_equal(sum->legs, 2);
	assert_int_equal(sum->secure, 0);
	assert_string_equal(sum->ways[0].text, "UDP");
	sum = sum_of("server pbx1", TALLY_MESSAGES);
	assert_int_equal(sum->secure, 2);
	assert_string_equal(sum->ways[0].text, "TLS1.3 AES-256-GCM");
	assert_int_equal(sum_of("trunk gw", TALLY_SIGNALLING)->way_count, 0);
	assert_int_equal(sum_of("server pbx1", TALLY_MEDIA)->way_count, 0);
	assert_int_equal(tally_find(&tally, "trunk gw")->failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			legs_are_counted_by_how_they_were_protected, setup, teardown),
		cmocka_unit_test_setup_teardown(
			calls_that_failed_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_are_counted_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_never_connected_breaks_no_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(
			less_than_was_demanded_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(fax_in_clear_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			ways_are_bounded_and_legs_are_not, setup, teardown),
		cmocka_unit_test_setup_teardown(parties_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			parties_come_as_they_were_met, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
