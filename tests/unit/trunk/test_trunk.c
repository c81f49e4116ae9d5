/* Trunks over reloads, and whose flow is whose. */
#include "plain.h"

#include <string.h>

static const struct plain_gateway two[] = {{.id = "a", .host = "192.0.2.1"},
	{.id = "b", .host = "192.0.2.2", .tcp = true}, {.id = NULL}};
static const struct plain_gateway a_moved[] = {
	{.id = "a", .host = "192.0.2.9", .max_calls = 7}, {.id = NULL}};

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static bool allows(const struct plain *plain, enum transport_kind kind, const char *text)
{
	struct addr addr = address(text);

	return trunks_allow_plain(plain->trunks, kind, &addr);
}

static void knows_plain_sources_alone(void **state)
{
	struct flow flow = {.kind = TRANSPORT_UDP};
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	assert_true(allows(&plain, TRANSPORT_UDP, "192.0.2.1:5060"));
	/* from another port too, but never over another transport */
	assert_true(allows(&plain, TRANSPORT_UDP, "192.0.2.1:32000"));
	assert_false(allows(&plain, TRANSPORT_TCP, "192.0.2.1:5060"));
	assert_false(allows(&plain, TRANSPORT_UDP, "192.0.2.2:5060"));
	assert_false(allows(&plain, TRANSPORT_UDP, "192.0.2.3:5060"));
	flow.remote = address("192.0.2.1:32000");
	assert_ptr_equal(trunks_of_flow(plain.trunks, &flow, TRUNK_GATEWAY),
		plain_find(&plain, "a"));
	/* plain is nobody on the side of the servers */
	assert_null(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER));
	/* TLS without a judged peer is nobody, whatever its address */
	flow.kind = TRANSPORT_TLS;
	assert_null(trunks_of_flow(plain.trunks, &flow, TRUNK_GATEWAY));
	plain_stop(&plain);
}

static void keeps_live_state_over_a_reload(void **state)
{
	struct plain plain;
	struct trunk *a;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	a = plain_find(&plain, "a");
	a->calls = 3;
	a->calls_total = 12;
	a->drained = true;
	plain_apply(&plain, a_moved);
	assert_ptr_equal(plain_find(&plain, "a"), a);
	assert_int_equal(a->calls, 3);
	assert_int_equal(a->calls_total, 12);
	assert_true(a->drained);
	assert_true(a->configured);
	assert_int_equal(a->gateway->common.limits.max_calls, 7);
	/* another host: its old addresses count no more */
	assert_true(allows(&plain, TRANSPORT_UDP, "192.0.2.9:5060"));
	assert_false(allows(&plain, TRANSPORT_UDP, "192.0.2.1:5060"));
	a->calls = 0;
	plain_stop(&plain);
}

static const struct plain_gateway a_named[] = {
	{.id = "a", .host = "gw.invalid"}, {.id = NULL}};

static void what_was_asked_for_another_host_is_asked_no_more(void **state)
{
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, a_named);
	assert_non_null(plain_find(&plain, "a")->resolving);
	/* without waiting for that answer */
	plain_apply(&plain, a_moved);
	assert_true(allows(&plain, TRANSPORT_UDP, "192.0.2.9:5060"));
	assert_null(plain_find(&plain, "a")->resolving);
	plain_stop(&plain);
}

static void a_trunk_may_go_while_its_name_is_looked_up(void **state)
{
	static const struct plain_gateway none[] = {{.id = NULL}};
	struct plain plain;
	struct trunk *a;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, a_named);
	a = trunk_ref(plain_find(&plain, "a"));
	a->calls = 1;
	assert_non_null(a->resolving);
	plain_apply(&plain, none);
	assert_null(plain_find(&plain, "a"));
	/* its call goes on, and no answer is waited for on its behalf */
	assert_null(a->resolving);
	a->calls = 0;
	plain_apply(&plain, none);
	trunk_unref(a);
	plain_stop(&plain);
}

static bool has_room(const struct trunk *trunk)
{
	const struct limit_question in = trunk_limits(trunk, LIMIT_IN, true, 0);
	const struct limit_question out = trunk_limits(trunk, LIMIT_OUT, true, 0);

	assert_int_equal(limit_find(&in), limit_find(&out));
	return limit_find(&in) == LIMIT_NONE;
}

/* One number for both directions, and the setting of today for calls of before. */
static void has_room_up_to_its_max_calls(void **state)
{
	struct plain plain;
	struct trunk *a;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	a = plain_find(&plain, "a");
	a->calls = 1000000;
	assert_true(has_room(a));
	plain_apply(&plain, a_moved);
	assert_false(has_room(a));
	a->calls = 7;
	assert_false(has_room(a));
	a->calls = 6;
	assert_true(has_room(a));
	a->calls = 0;
	plain_stop(&plain);
}

static void a_call_keeps_a_removed_trunk(void **state)
{
	struct plain plain;
	struct trunk *b;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	b = trunk_ref(plain_find(&plain, "b"));
	b->calls = 1;
	plain_apply(&plain, a_moved);
	assert_null(plain_find(&plain, "b"));
	assert_false(b->configured);
	assert_string_equal(b->gateway->common.host, "192.0.2.2");
	/* it is heard as long as its calls last, and is nobody for new ones */
	assert_true(allows(&plain, TRANSPORT_TCP, "192.0.2.2:5060"));
	plain_apply(&plain, a_moved); /* over the next reload too */
	assert_true(allows(&plain, TRANSPORT_TCP, "192.0.2.2:5060"));
	b->calls = 0;
	assert_false(allows(&plain, TRANSPORT_TCP, "192.0.2.2:5060"));
	plain_apply(&plain, two);
	assert_ptr_not_equal(plain_find(&plain, "b"), b);
	trunk_unref(b);
	plain_stop(&plain);
}

static void a_failed_reload_changes_nothing(void **state)
{
	struct err_text text = {{0}};
	struct config_server *server;
	struct plain plain;
	struct trunk *a;
	char *trust;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	a = plain_find(&plain, "a");
	server = &plain.config->servers[0];
	/* a file of anchors that is not there any more */
	trust = server->common.certs.trust;
	server->common.certs.trust = (char[]){"/nonexistent/ca.pem"};
	assert_int_not_equal(trunks_apply(plain.trunks, plain.config, &text), 0);
	assert_non_null(strstr(text.text, "server pbx1"));
	memset(&text, 0, sizeof(text));
	assert_int_not_equal(trunks_check(plain.config, &text), 0);
	assert_non_null(strstr(text.text, "server pbx1"));
	server->common.certs.trust = trust;
	assert_ptr_equal(plain_find(&plain, "a"), a);
	assert_true(a->configured);
	assert_non_null(trunks_cred(plain.trunks, TRUNK_SERVER));
	assert_int_equal(trunks_check(plain.config, &text), 0);
	plain_stop(&plain);
}

static void judged_peers_are_known_over_reloads(void **state)
{
	struct flow flow = {.kind = TRANSPORT_TLS};
	struct plain plain;
	struct peer_set *old;
	struct trunk *server;
	struct peer before;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	server = trunks_find(plain.trunks, TRUNK_SERVER, "pbx1");
	flow.peer = server->peer;
	old = peer_set_ref(server->peer->set); /* as a connection does */
	assert_ptr_equal(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER), server);
	assert_null(trunks_of_flow(plain.trunks, &flow, TRUNK_GATEWAY));
	plain_apply(&plain, two);
	assert_ptr_not_equal(server->peer, flow.peer);
	assert_ptr_equal(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER), server);
	/* of the same id and name: another one is nobody */
	before = *flow.peer;
	flow.peer = &before;
	assert_ptr_equal(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER), server);
	before.name = (char[]){"pbx2.example.com"};
	before.hosts = (char *[]){before.name, NULL};
	assert_null(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER));
	before.id = (char[]){"server pbx2"};
	assert_ptr_equal(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER),
		trunks_find(plain.trunks, TRUNK_SERVER, "pbx2"));
	before.id = (char[]){"server pbx3"};
	assert_null(trunks_of_flow(plain.trunks, &flow, TRUNK_SERVER));
	peer_set_unref(old);
	plain_stop(&plain);
}

/* What the configuration asks of a peer reaches its judge, and a reload changes it. */
static void peers_are_judged_as_configured(void **state)
{
	static char other[] = "pbx1b.example.com";
	static char pin[] = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	char *names[] = {other};
	char *pins[] = {pin};
	struct err_text text = {{0}};
	const struct peer *peer;
	struct config_peer *own, before;
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	peer = trunks_find(plain.trunks, TRUNK_SERVER, "pbx1")->peer;
	assert_null(peer->other_names[0]);
	assert_null(peer->pins[0]);
	assert_false(peer->wildcard || peer->strict_purpose || peer->must_ask);
	own = &plain.config->servers[0].common.peer;
	before = *own;
	*own = (struct config_peer){.names = {names, 1},
		.wildcard = CONFIG_WILDCARD_ONE_LABEL,
		.eku = CONFIG_EKU_STRICT,
		.pins = {pins, 1},
		.mutual = CONFIG_MUTUAL_STRICT};
	assert_int_equal(trunks_apply(plain.trunks, plain.config, &text), 0);
	*own = before;
	peer = trunks_find(plain.trunks, TRUNK_SERVER, "pbx1")->peer;
	assert_string_equal(peer->other_names[0], other);
	assert_null(peer->other_names[1]);
	assert_string_equal(peer->pins[0], pin);
	assert_null(peer->pins[1]);
	assert_true(peer->wildcard && peer->strict_purpose && peer->must_ask);
	plain_stop(&plain);
}

static void an_observed_gateway_is_judged(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "off", .host = "192.0.2.2", .observed = "", .disabled = true},
		{.id = "plain", .host = "192.0.2.3"},
		{.id = "seen", .host = "192.0.2.1", .observed = ""},
		{.id = "too", .host = "192.0.2.4", .observed = ""}, {.id = NULL}};
	static const struct plain_gateway unobserved[] = {
		{.id = "seen", .host = "192.0.2.1", .files = true},
		{.id = "too", .host = "192.0.2.4", .files = true}, {.id = NULL}};
	const struct trunk *seen;
	struct plain plain;

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, gateways);
	seen = plain_find(&plain, "seen");
	assert_non_null(seen->peer);
	assert_non_null(seen->cred);
	assert_null(plain_find(&plain, "off")->peer);
	assert_null(plain_find(&plain, "plain")->peer);
	/* calls over TLS go on when it is observed no more */
	plain_find(&plain, "seen")->calls = 1;
	plain_apply(&plain, unobserved);
	assert_non_null(seen->peer);
	assert_null(plain_find(&plain, "too")->peer);
	plain_find(&plain, "seen")->calls = 0;
	plain_apply(&plain, unobserved);
	assert_null(seen->peer);
	plain_stop(&plain);
}

/* One file is read once: who names it as well has the same. */
static void files_are_shared(void **state)
{
	static const struct plain_gateway gateways[] = {
		{.id = "a", .host = "192.0.2.1", .observed = ""},
		{.id = "b", .host = "192.0.2.2", .observed = "", .second_files = true},
		{.id = "c", .host = "192.0.2.3", .observed = "", .second_files = true},
		{.id = "d", .host = "192.0.2.4", .observed = ""}, {.id = NULL}};
	const struct trunk *pbx1, *pbx2, *a, *b, *c, *d;
	struct plain plain;

	(void)state;
	plain_start(&plain);
	for (unsigned i = 0; i < 2; i++) {
		plain_apply(&plain, gateways);
		pbx1 = trunks_find(plain.trunks, TRUNK_SERVER, "pbx1");
		pbx2 = trunks_find(plain.trunks, TRUNK_SERVER, "pbx2");
		assert_ptr_equal(pbx1->peer->trust, pbx2->peer->trust);
		a = plain_find(&plain, "a");
		b = plain_find(&plain, "b");
		c = plain_find(&plain, "c");
		d = plain_find(&plain, "d");
		assert_ptr_equal(a->peer->trust, d->peer->trust);
		assert_ptr_equal(b->peer->trust, c->peer->trust);
		assert_ptr_not_equal(a->peer->trust, b->peer->trust);
		assert_ptr_equal(a->cred, d->cred);
		assert_ptr_equal(b->cred, c->cred);
		assert_ptr_not_equal(a->cred, b->cred);
	}
	plain_stop(&plain);
}

static void is_named_for_reports(void **state)
{
	struct plain plain;
	char name[80];

	(void)state;
	plain_start(&plain);
	plain_apply(&plain, two);
	assert_string_equal(trunk_name(plain_find(&plain, "b"), name), "trunk b");
	assert_string_equal(trunk_name(trunks_at(plain.trunks, TRUNK_SERVER, 0), name),
		"server pbx1");
	assert_true(trunk_is_named(plain_find(&plain, "b"), "trunk b"));
	assert_false(trunk_is_named(plain_find(&plain, "b"), "trunk a"));
	assert_false(trunk_is_named(plain_find(&plain, "b"), "server b"));
	assert_null(trunks_at(plain.trunks, TRUNK_SERVER, 3));
	assert_int_equal(trunk_transport(plain_find(&plain, "b")), TRANSPORT_TCP);
	assert_int_equal(trunk_port(plain_find(&plain, "b")), 5060);
	assert_false(trunk_is_tls(plain_find(&plain, "b")));
	plain_stop(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_plain_sources_alone),
		cmocka_unit_test(keeps_live_state_over_a_reload),
		cmocka_unit_test(what_was_asked_for_another_host_is_asked_no_more),
		cmocka_unit_test(a_trunk_may_go_while_its_name_is_looked_up),
		cmocka_unit_test(has_room_up_to_its_max_calls),
		cmocka_unit_test(a_call_keeps_a_removed_trunk),
		cmocka_unit_test(a_failed_reload_changes_nothing),
		cmocka_unit_test(judged_peers_are_known_over_reloads),
		cmocka_unit_test(peers_are_judged_as_configured),
		cmocka_unit_test(an_observed_gateway_is_judged),
		cmocka_unit_test(files_are_shared),
		cmocka_unit_test(is_named_for_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
