/* Whom a call chose, and what may change while it lasts. */
#include "trunk/target.h"

#include "plain.h"

#include <string.h>

static struct plain plain;
static struct target *target;

static const struct plain_gateway gateways[] = {
	{.id = "a", .host = "192.0.2.1", .port = 5070, .max_calls = 2},
	{.id = "b", .host = "192.0.2.2", .tcp = true}, {.id = NULL}};

static int start(void **state)
{
	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	target_unref(target);
	target = NULL;
	plain_stop(&plain);
	return 0;
}

static struct trunk *choose(enum trunk_kind kind, const char *id)
{
	struct trunk *trunk = trunks_find(plain.trunks, kind, id);

	target_unref(target);
	assert_int_equal(target_new(&target, trunk, plain.config), 0);
	return trunk;
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static void has_the_settings_of_its_kind(void **state)
{
	(void)state;
	choose(TRUNK_SERVER, "pbx1");
	assert_non_null(target->server);
	assert_null(target->gateway);
	assert_ptr_equal(target->settings, &target->server->common);
	assert_true(target_is_tls(target));
	assert_string_equal(target_host(target), "pbx1.example.com");
	choose(TRUNK_GATEWAY, "a");
	assert_null(target->server);
	assert_ptr_equal(target->settings, &target->gateway->common);
	assert_int_equal(target->transport, TRANSPORT_UDP);
	assert_int_equal(target_port(target), 5070);
	choose(TRUNK_GATEWAY, "b");
	assert_int_equal(target->transport, TRANSPORT_TCP);
	assert_false(target_is_tls(target));
}

static void stays_as_it_was_over_a_reload(void **state)
{
	static const struct plain_gateway moved[] = {
		{.id = "a", .host = "192.0.2.9", .tcp = true}, {.id = NULL}};
	struct target *none = NULL;
	struct trunk *b;

	(void)state;
	b = choose(TRUNK_GATEWAY, "b");
	choose(TRUNK_GATEWAY, "a");
	b = trunk_ref(b);
	plain_apply(&plain, moved);
	assert_string_equal(target_host(target), "192.0.2.1");
	assert_int_equal(target->transport, TRANSPORT_UDP);
	assert_int_equal(target_new(&none, b, plain.config), ERR_STATE);
	assert_null(none);
	trunk_unref(b);
}

static void says_what_keeps_new_calls_away(void **state)
{
	static const struct plain_gateway disabled[] = {
		{.id = "a", .host = "192.0.2.1", .disabled = true}, {.id = NULL}};
	static const struct plain_gateway none[] = {{.id = NULL}};
	struct trunk *a;

	(void)state;
	a = choose(TRUNK_GATEWAY, "a");
	assert_int_equal(target_obstacle(target, false, 0, NULL), OBSTACLE_NONE);
	a->calls = 2;
	assert_int_equal(target_obstacle(target, false, 0, NULL), OBSTACLE_FULL);
	a->drained = true;
	assert_int_equal(target_obstacle(target, false, 0, NULL), OBSTACLE_DRAINED);
	a->calls = 0;
	plain_apply(&plain, disabled);
	assert_int_equal(target_obstacle(target, false, 0, NULL), OBSTACLE_DISABLED);
	plain_apply(&plain, none);
	assert_int_equal(target_obstacle(target, false, 0, NULL), OBSTACLE_REMOVED);
}

static void plain_needs_an_address_alone(void **state)
{
	struct addr there = address("192.0.2.1:5070");
	struct transport_target how = {.kind = TRANSPORT_TLS};
	struct trunk *a;

	(void)state;
	a = choose(TRUNK_GATEWAY, "a");
	a->configured = false; /* its call goes on */
	assert_int_equal(target_connection(target, &there, &how, NULL), 0);
	a->configured = true;
	assert_int_equal(how.kind, TRANSPORT_UDP);
	assert_true(addr_equal(&how.remote, &there));
	assert_null(how.peer);
	assert_null(how.cred);
}

static void over_tls_the_peer_of_today_is_demanded(void **state)
{
	struct addr there = address("192.0.2.5:5061");
	struct transport_target how = {.kind = TRANSPORT_UDP};
	struct err_text text = {{0}};
	struct trunk *pbx1;
	struct peer *peer;
	char *host;

	(void)state;
	pbx1 = choose(TRUNK_SERVER, "pbx1");
	plain_apply(&plain, gateways);
	peer = pbx1->peer;
	assert_int_equal(target_connection(target, &there, &how, &text), 0);
	assert_int_equal(how.kind, TRANSPORT_TLS);
	assert_ptr_equal(how.peer, peer);
	/* as when its TLS was switched off, or it was removed */
	pbx1->peer = NULL;
	assert_int_equal(target_connection(target, &there, &how, &text), ERR_TRUST);
	pbx1->peer = peer;
	pbx1->configured = false;
	assert_int_equal(target_connection(target, &there, &how, &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "configured for TLS no more"));
	pbx1->configured = true;
	/* what the call chose stands in the configuration of before */
	host = plain.config->servers[0].common.hosts.words[0];
	plain.config->servers[0].common.hosts.words[0] =
		(char[]){"elsewhere.example.com"};
	assert_int_equal(target_connection(target, &there, &how, &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "another host now"));
	plain.config->servers[0].common.hosts.words[0] = host;
	assert_int_equal(target_connection(target, &there, &how, &text), 0);
}

static bool hears(const char *from)
{
	struct addr addr = address(from);

	return trunks_allow_plain(plain.trunks, TRANSPORT_UDP, &addr);
}

static void what_a_name_led_to_is_heard_where_the_trunk_is_as_it_was(void **state)
{
	static const struct plain_gateway others[] = {
		{.id = "a", .host = "192.0.2.1", .port = 5071}, {.id = NULL}};
	static const struct plain_gateway tcp[] = {
		{.id = "a", .host = "192.0.2.1", .port = 5070, .tcp = true},
		{.id = NULL}};
	static const struct plain_gateway elsewhere[] = {
		{.id = "a", .host = "192.0.2.8", .port = 5070}, {.id = NULL}};
	const struct plain_gateway *const changed[] = {others, tcp, elsewhere};
	struct resolve_answer answer = {
		.count = 1, .addrs = {address("198.51.100.1:5070")}};

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		plain_apply(&plain, gateways);
		choose(TRUNK_GATEWAY, "a");
		plain_apply(&plain, changed[i]);
		target_resolved(target, plain.trunks, 0, &answer);
		assert_false(hears("198.51.100.1:5070"));
	}
	plain_apply(&plain, gateways);
	answer.err = ERR_RESOLVE;
	target_resolved(target, plain.trunks, 0, &answer);
	assert_false(hears("198.51.100.1:5070"));
	answer.err = 0;
	target_resolved(target, plain.trunks, 0, &answer);
	assert_true(hears("198.51.100.1:5070"));
}

/* Where its call ended up, though its name did not say so. */
static void where_it_was_met_it_is_heard(void **state)
{
	struct addr there = address("198.51.100.1:5070"), none = {.len = 0};
	struct trunk *a = choose(TRUNK_GATEWAY, "a");

	(void)state;
	target_was_at(target, plain.trunks, TRANSPORT_TLS, &there);
	assert_false(hears("198.51.100.1:5070"));
	target_was_at(target, plain.trunks, TRANSPORT_UDP, &there);
	assert_true(hears("198.51.100.1:5070"));
	assert_false(hears("192.0.2.1:5070"));
	assert_int_equal(a->addr_count, 1);
	assert_false(trunks_share_plain(plain.trunks, &there, &none));
	/* what is heard already is no news: the other addresses stay */
	there = address("198.51.100.1:9");
	target_was_at(target, plain.trunks, TRANSPORT_UDP, &there);
	assert_int_equal(addr_port(&a->addrs[0]), 5070);
}

static void takes_flows_of_its_own_kind(void **state)
{
	struct flow flow = {.kind = TRANSPORT_TLS};

	(void)state;
	choose(TRUNK_GATEWAY, "a");
	assert_false(target_takes_flow(target, &flow));
	flow.kind = TRANSPORT_TCP;
	assert_true(target_takes_flow(target, &flow));
	choose(TRUNK_SERVER, "pbx1");
	assert_false(target_takes_flow(target, &flow));
	/* over TLS: while it is opened, and with that peer */
	flow.kind = TRANSPORT_TLS;
	assert_true(target_takes_flow(target, &flow));
	flow.peer = target->trunk->peer;
	assert_true(target_takes_flow(target, &flow));
	flow.peer = trunks_find(plain.trunks, TRUNK_SERVER, "pbx2")->peer;
	assert_false(target_takes_flow(target, &flow));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(has_the_settings_of_its_kind),
		TEST(stays_as_it_was_over_a_reload),
		TEST(says_what_keeps_new_calls_away),
		TEST(plain_needs_an_address_alone),
		TEST(over_tls_the_peer_of_today_is_demanded),
		TEST(what_a_name_led_to_is_heard_where_the_trunk_is_as_it_was),
		TEST(where_it_was_met_it_is_heard),
		TEST(takes_flows_of_its_own_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
