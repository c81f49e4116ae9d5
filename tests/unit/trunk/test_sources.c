/* Plain gateways by address: which of them a datagram is from, and who is heard at all. */
#include "plain.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static struct plain plain;
static unsigned shared_hosts, shared_addresses; /* lines of the log */

static void count_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	shared_hosts += strstr(line, "event=shared-host") != NULL;
	shared_addresses += strstr(line, "event=shared-address") != NULL;
}

static int start(void **state)
{
	(void)state;
	log_set_sink(count_line, NULL);
	shared_hosts = shared_addresses = 0;
	plain_start(&plain);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	plain_stop(&plain);
	return 0;
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static const char *whose(enum transport_kind kind, const char *from)
{
	struct flow flow = {.kind = kind, .remote = address(from)};
	const struct trunk *trunk = trunks_of_flow(plain.trunks, &flow, TRUNK_GATEWAY);

	return trunk ? trunk->id : "nobody";
}

static bool is_heard(enum transport_kind kind, const char *from)
{
	struct addr addr = address(from);

	return trunks_allow_plain(plain.trunks, kind, &addr);
}

/* What TRUNK's name leads to now, separated by blanks. */
static void learn(const char *id, const char *texts)
{
	struct resolve_answer answer = {.count = 0};
	struct span rest = span_of(texts), word;
	char text[64];

	while (span_next(&rest, ' ', &word)) {
		assert_int_equal(span_copy(word, text, sizeof(text)), 0);
		answer.addrs[answer.count++] = address(text);
	}
	trunks_learn(plain.trunks, plain_find(&plain, id), &answer);
}

static void gateways_of_one_host_are_told_apart_by_port(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "late", .host = "192.0.2.1", .port = 5080, .priority = 20},
		{.id = "early", .host = "192.0.2.1", .port = 5070, .priority = 10},
		{.id = "tcp", .host = "192.0.2.1", .tcp = true, .priority = 5},
		{.id = "alone", .host = "2001:db8::7", .priority = 30}, {.id = NULL}};

	(void)state;
	plain_apply(&plain, gateways);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5070"), "early");
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5080"), "late");
	/* from a port of neither: the first by priority */
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:32000"), "early");
	assert_string_equal(whose(TRANSPORT_TCP, "192.0.2.1:32000"), "tcp");
	assert_string_equal(whose(TRANSPORT_UDP, "[2001:db8::7]:9"), "alone");
	assert_string_equal(whose(TRANSPORT_TCP, "[2001:db8::7]:5060"), "nobody");
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.2:5070"), "nobody");
	assert_int_equal(shared_hosts, 1);
	assert_int_equal(shared_addresses, 0);
}

static void priority_decides_after_a_reload_too(void **state)
{
	static const struct plain_gateway first[] = {
		{.id = "a", .host = "192.0.2.1", .port = 5070, .priority = 10},
		{.id = "b", .host = "192.0.2.1", .port = 5080, .priority = 20},
		{.id = NULL}};
	static const struct plain_gateway swapped[] = {
		{.id = "a", .host = "192.0.2.1", .port = 5070, .priority = 30},
		{.id = "b", .host = "192.0.2.1", .port = 5080, .priority = 20},
		{.id = NULL}};
	static const struct plain_gateway without[] = {
		{.id = "a", .host = "192.0.2.1", .port = 5070, .priority = 30},
		{.id = "b",
			.host = "192.0.2.1",
			.port = 5080,
			.priority = 20,
			.disabled = true},
		{.id = NULL}};

	(void)state;
	plain_apply(&plain, first);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:1"), "a");
	plain_apply(&plain, swapped);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:1"), "b");
	assert_int_equal(shared_hosts, 2);
	plain_apply(&plain, without);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:1"), "a");
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5080"), "a");
	assert_int_equal(shared_hosts, 2);
}

/* Whoever was last may be first now: no rank of before is left. */
static void the_order_of_many_changes_at_once(void **state)
{
	static const unsigned priorities[][3] = {
		{10, 20, 30}, {20, 30, 10}, {30, 10, 20}, {10, 20, 30}, {30, 20, 10}};
	static const char *const firsts[] = {"a", "c", "b", "a", "c"};

	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		const struct plain_gateway gateways[] = {
			{.id = "a", .host = "192.0.2.1", .priority = priorities[i][0]},
			{.id = "b", .host = "192.0.2.1", .priority = priorities[i][1]},
			{.id = "c", .host = "192.0.2.1", .priority = priorities[i][2]},
			{.id = NULL}};

		plain_apply(&plain, gateways);
		assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5060"), firsts[i]);
		assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:9"), firsts[i]);
	}
}

static bool share(const char *a, const char *b)
{
	struct addr first = address(a), second = address(b);

	return trunks_share_plain(plain.trunks, &first, &second);
}

static void hosts_are_shared_within_one_gateway(void **state)
{
	static const struct plain_gateway gateways[] = {{.id = "a", .host = "192.0.2.1"},
		{.id = "b", .host = "192.0.2.2", .tcp = true},
		{.id = "off", .host = "192.0.2.3", .disabled = true}, {.id = NULL}};

	(void)state;
	plain_apply(&plain, gateways);
	learn("a", "192.0.2.1:5060 192.0.2.11:5060");
	learn("b", "192.0.2.2:5060 192.0.2.12:5060");
	learn("off", "192.0.2.3:5060 192.0.2.13:5060");
	assert_true(share("192.0.2.1", "192.0.2.11"));
	assert_true(share("192.0.2.12:9", "192.0.2.2"));
	assert_true(share("192.0.2.3", "192.0.2.13"));
	assert_true(share("192.0.2.1", "192.0.2.1"));
	assert_false(share("192.0.2.1", "192.0.2.2"));
	assert_false(share("192.0.2.2", "192.0.2.11"));
	assert_false(share("192.0.2.9", "192.0.2.1"));
	assert_false(share("192.0.2.9", "192.0.2.9"));
	/* no address at all is nobody's */
	assert_false(trunks_share_plain(plain.trunks,
		&(struct addr[]){address("192.0.2.1")}[0], &(struct addr){.len = 0}));
}

static void a_disabled_gateway_is_heard_for_its_calls_alone(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "off", .host = "192.0.2.3", .disabled = true}, {.id = NULL}};

	(void)state;
	plain_apply(&plain, gateways);
	assert_false(is_heard(TRANSPORT_UDP, "192.0.2.3:5060"));
	plain_find(&plain, "off")->calls = 1;
	assert_true(is_heard(TRANSPORT_UDP, "192.0.2.3:5060"));
	/* its calls may have been of the other transport */
	assert_true(is_heard(TRANSPORT_TCP, "192.0.2.3:1"));
	assert_false(is_heard(TRANSPORT_UDP, "192.0.2.4:5060"));
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.3:5060"), "nobody");
	plain_find(&plain, "off")->calls = 0;
}

static void one_address_of_two_gateways_is_the_firsts_and_said(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "b", .host = "192.0.2.1", .priority = 20},
		{.id = "a", .host = "192.0.2.1", .priority = 10},
		{.id = "c", .host = "192.0.2.1", .priority = 30}, {.id = NULL}};

	(void)state;
	plain_apply(&plain, gateways);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5060"), "a");
	assert_int_equal(shared_addresses, 1);
	assert_int_equal(shared_hosts, 1);
}

static void a_new_address_counts_and_the_old_one_only_for_calls(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1"}, {.id = NULL}};
	struct trunk *a;

	(void)state;
	plain_apply(&plain, gateways);
	a = plain_find(&plain, "a");
	a->calls = 1;
	learn("a", "192.0.2.7:5060 [2001:db8::7]:5060");
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.7:5060"), "a");
	assert_string_equal(whose(TRANSPORT_UDP, "[2001:db8::7]:4"), "a");
	/* heard for the call that may stand there, and nobody for a new one */
	assert_true(is_heard(TRANSPORT_UDP, "192.0.2.1:5060"));
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.1:5060"), "nobody");
	assert_true(trunks_share_plain(plain.trunks,
		&(struct addr[]){address("192.0.2.1")}[0],
		&(struct addr[]){address("192.0.2.7")}[0]));
	a->calls = 0;
	assert_false(is_heard(TRANSPORT_UDP, "192.0.2.1:5060"));
	/* the same in another order is no news, but the old address goes */
	learn("a", "[2001:db8::7]:5060 192.0.2.7:5060");
	assert_int_equal(a->former_count, 0);
	assert_int_equal(a->addr_count, 2);
	assert_string_equal(whose(TRANSPORT_UDP, "192.0.2.7:5060"), "a");
}

/* However often a name changes during calls, what is kept has an end. */
static void old_addresses_are_bounded(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1"}, {.id = NULL}};
	struct trunk *a;
	char text[40];

	(void)state;
	plain_apply(&plain, gateways);
	a = plain_find(&plain, "a");
	a->calls = 1;
	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "198.51.%u.%u:5060", i / 250, i % 250 + 1);
		learn("a", text);
		assert_string_equal(whose(TRANSPORT_UDP, text), "a");
	}
	assert_int_equal(a->addr_count, 1);
	assert_int_equal(a->former_count, RESOLVE_MAX);
	a->calls = 0;
}

/* A call stands where its gateway was before: it is heard there however often the name is looked up
 * since. */
static void the_same_answer_again_pushes_no_old_address_out(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1"}, {.id = NULL}};
	struct trunk *a;

	(void)state;
	plain_apply(&plain, gateways);
	a = plain_find(&plain, "a");
	a->calls = 1;
	for (unsigned i = 0; i < 2 * RESOLVE_MAX; i++) {
		learn("a", i % 2 ? "192.0.2.7:5060" : "192.0.2.8:5060 192.0.2.7:5060");
		assert_true(is_heard(TRANSPORT_UDP, "192.0.2.1:5060"));
		assert_true(is_heard(TRANSPORT_UDP, "192.0.2.8:5060"));
		assert_int_equal(a->addr_count + a->former_count, 3);
	}
	a->calls = 0;
}

static void many_gateways_are_each_found(void **state)
{
	static struct plain_gateway gateways[PLAIN_MAX];
	static char ids[PLAIN_MAX][8], hosts[PLAIN_MAX][20];
	char from[300];

	(void)state;
	for (unsigned i = 0; i + 1 < PLAIN_MAX; i++) {
		snprintf(ids[i], sizeof(ids[i]), "g%u", i);
		snprintf(hosts[i], sizeof(hosts[i]), "192.0.2.%u", i / 2 + 1);
		gateways[i] = (struct plain_gateway){
			.id = ids[i], .host = hosts[i], .port = 6000 + i};
	}
	for (unsigned round = 0; round < 3; round++) {
		plain_apply(&plain, gateways);
		for (unsigned i = 0; i + 1 < PLAIN_MAX; i++) {
			snprintf(from, sizeof(from), "%s:%u", hosts[i], 6000 + i);
			assert_string_equal(whose(TRANSPORT_UDP, from), ids[i]);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gateways_of_one_host_are_told_apart_by_port),
		TEST(priority_decides_after_a_reload_too),
		TEST(the_order_of_many_changes_at_once),
		TEST(hosts_are_shared_within_one_gateway),
		TEST(a_disabled_gateway_is_heard_for_its_calls_alone),
		TEST(one_address_of_two_gateways_is_the_firsts_and_said),
		TEST(a_new_address_counts_and_the_old_one_only_for_calls),
		TEST(old_addresses_are_bounded),
		TEST(the_same_answer_again_pushes_no_old_address_out),
		TEST(many_gateways_are_each_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
