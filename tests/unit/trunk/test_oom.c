/*
 * Every allocation of ours fails once while trunks are loaded and looked at: what runs stays as
 * it was.
 */
#include "base/log.h"
#include "trunk/expiry.h"
#include "trunk/inventory.h"
#include "trunk/sources.h"
#include "trunk/staple_store.h"
#include "trunk/stapler.h"

#include "../oom.h"
#include "stock.h"

#include <errno.h>
#include <string.h>

static struct stock stock;

static void no_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int start(void **state)
{
	(void)state;
	log_set_sink(no_line, NULL);
	stock_start(&stock);
	stock_put("own", &stock.us);
	stock_apply(&stock, "crl = ca.crl", "crl = ca.crl",
		"certificate = ../own.pem\nkey = ../own.key");
	stock_show(&stock, "trunk a", &stock.us);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	stock_stop(&stock);
	log_set_sink(NULL, NULL);
	return 0;
}

static void is_out_of_memory(int err)
{
	assert_int_equal(err, -ENOMEM);
}

static int make_expiry(void)
{
	struct expiry *expiry = NULL;
	int err = expiry_new(&expiry, stock.loop, stock.trunks, stock.seen);

	assert_int_equal(expiry == NULL, err != 0);
	expiry_free(expiry);
	return err;
}

static int make_inventory(void)
{
	struct inventory *inventory = NULL;
	int err = inventory_new(&inventory, stock.trunks, stock.seen);

	assert_int_equal(inventory == NULL, err != 0);
	inventory_free(inventory);
	return err;
}

static int make_seen(void)
{
	const struct seen_params params = {.clock = &stock.clock.clock,
		.filing = stock.filing,
		.folder = "/nonexistent"};
	struct seen *seen = NULL;
	int err = seen_new(&seen, &params);

	assert_int_equal(seen == NULL, err != 0);
	seen_free(seen);
	return err;
}

static int make_stapler(void)
{
	const struct stapler_params params = {.loop = stock.loop,
		.resolver = stock.resolver,
		.trunks = stock.trunks,
		.filing = stock.filing,
		.folder = "/nonexistent"};
	struct stapler *stapler = NULL;
	int err = stapler_new(&stapler, &params);

	assert_int_equal(stapler == NULL, err != 0);
	stapler_free(stapler);
	return err;
}

static int make_trunks(void)
{
	struct trunks *trunks = NULL;
	int err = trunks_new(&trunks, stock.loop, stock.resolver);

	assert_int_equal(trunks == NULL, err != 0);
	trunks_free(trunks);
	return err;
}

static void what_cannot_be_made_is_not(void **state)
{
	(void)state;
	oom_each(make_expiry, is_out_of_memory);
	oom_each(make_inventory, is_out_of_memory);
	oom_each(make_seen, is_out_of_memory);
	oom_each(make_stapler, is_out_of_memory);
	oom_each(make_trunks, is_out_of_memory);
}

static int read_kept(void)
{
	unsigned char *kept = NULL;
	size_t len;
	int err = staple_store_read(lab_path(""), "1", &kept, &len);

	assert_int_equal(kept == NULL, err != 0);
	free(kept);
	return err;
}

static void a_kept_response_is_read_or_not(void **state)
{
	(void)state;
	assert_int_equal(staple_store_write(stock.filing, lab_path(""), "1", span_of("a"),
				 NULL, NULL),
		0);
	oom_each(read_kept, is_out_of_memory);
	staple_store_forget(stock.filing, lab_path(""), "1");
}

static struct cred *cred_before, *own_before;
static struct peer_set *peers_before;

static void remember(void)
{
	cred_before = trunks_cred(stock.trunks, TRUNK_SERVER);
	peers_before = trunks_peers(stock.trunks, TRUNK_SERVER);
	own_before = trunks_find(stock.trunks, TRUNK_GATEWAY, "b")->cred;
}

static void is_as_before(int err)
{
	const struct trunk *a = trunks_find(stock.trunks, TRUNK_GATEWAY, "a");
	const struct trunk *b = trunks_find(stock.trunks, TRUNK_GATEWAY, "b");

	assert_true(err <= 0);
	if (!err) { /* it could do without: with a list that it read again, say */
		remember();
		return;
	}
	assert_ptr_equal(trunks_cred(stock.trunks, TRUNK_SERVER), cred_before);
	assert_ptr_equal(trunks_peers(stock.trunks, TRUNK_SERVER), peers_before);
	assert_ptr_equal(b->cred, own_before);
	assert_true(a->configured && a->peer && b->configured && b->peer);
}

static int apply(void)
{
	struct err_text text = {{0}};

	return trunks_apply(stock.trunks, stock.config, &text);
}

static int check(void)
{
	struct err_text text = {{0}};

	return trunks_check(stock.config, &text);
}

/* Files that are the same are not loaded anew: each time others. */
static int apply_others(void)
{
	struct lab_id us;
	int left = oom_left;

	oom_left = 0;
	lab_host(&us, "us.example.com", &stock.sub);
	stock_put("us", &us);
	stock_put("own", &us);
	lab_drop(&us);
	oom_left = left;
	return apply();
}

static void a_reload_that_fails_changes_nothing(void **state)
{
	(void)state;
	remember();
	oom_each(check, is_as_before);
	oom_each(apply, is_as_before);
	remember();
	oom_each(apply_others, is_as_before);
	assert_ptr_not_equal(trunks_cred(stock.trunks, TRUNK_SERVER), cred_before);
}

/* What cannot be noted now is noted when it is shown again. */
static void a_peer_that_cannot_be_noted_is_noted_later(void **state)
{
	struct lab_id peer;

	(void)state;
	lab_host(&peer, "b.example.com", &stock.root);
	for (int nth = 1; nth < 12; nth++) {
		oom_left = nth;
		stock_show(&stock, "trunk b", &peer);
		oom_left = 0;
		(void)seen_find(stock.seen, "trunk b");
	}
	stock_show(&stock, "trunk b", &peer);
	assert_non_null(seen_find(stock.seen, "trunk b"));
	assert_int_equal(seen_find(stock.seen, "trunk b")->count, 1);
	lab_drop(&peer);
}

static bool shows_last(const struct lab_id *id)
{
	const struct seen_peer *peer = seen_find(stock.seen, "trunk b");
	char print[FACTS_FINGERPRINT_SIZE];
	gnutls_datum_t chain[4];
	unsigned count = lab_chain(id, chain, 4);

	facts_fingerprint(&chain[0], print);
	lab_chain_free(chain, count);
	return peer && !strcmp(peer->chain[0].fingerprint, print);
}

/* As after a start: what is known of it is what was kept. */
static void open_seen_again(void)
{
	const struct seen_params params = {.clock = &stock.clock.clock,
		.filing = stock.filing,
		.folder = lab_path("peers")};

	seen_free(stock.seen);
	assert_int_equal(seen_new(&stock.seen, &params), 0);
}

static void a_change_that_cannot_be_noted_is_noted_whole_later(void **state)
{
	unsigned not_noted = 0;
	struct lab_id before, id;

	(void)state;
	lab_host(&before, "b.example.com", &stock.root);
	stock_show(&stock, "trunk b", &before);
	for (int nth = 1; nth < 16; nth++) {
		lab_host(&id, "b.example.com", &stock.sub);
		oom_left = nth;
		stock_show(&stock, "trunk b", &id);
		oom_left = 0;
		if (!shows_last(&id)) {
			not_noted++;
			assert_true(shows_last(&before));
			stock_show(&stock, "trunk b", &id);
			assert_true(shows_last(&id));
			open_seen_again();
			assert_true(shows_last(&id));
		}
		lab_drop(&before);
		before = id;
	}
	assert_true(not_noted > 0);
	lab_drop(&before);
}

static int recall(void)
{
	int left = oom_left;

	oom_left = 0;
	open_seen_again();
	oom_left = left;
	return seen_find(stock.seen, "trunk a") ? 0 : -ENOMEM;
}

static void what_was_kept_is_recalled_or_not(void **state)
{
	(void)state;
	oom_each(recall, is_out_of_memory);
	assert_int_equal(seen_find(stock.seen, "trunk a")->count, 2);
}

static struct sources *sources;
static struct config_gateway plain_settings;
static struct trunk plain;

static int file_plain(void)
{
	return sources_put(sources, &plain);
}

static void is_filed_nowhere(int err)
{
	assert_int_equal(err, -ENOMEM);
	assert_null(sources_find(sources, TRANSPORT_UDP, plain.addrs));
	assert_false(sources_allow(sources, TRANSPORT_UDP, plain.addrs));
	assert_int_equal(plain.source_count, 0);
}

/* Known by one of its addresses alone it would be heard in part. */
static void a_gateway_that_cannot_be_filed_whole_is_not_heard(void **state)
{
	struct addr addrs[2];

	(void)state;
	assert_int_equal(addr_parse(&addrs[0], "192.0.2.1", 5060), 0);
	assert_int_equal(addr_parse(&addrs[1], "192.0.2.2", 5060), 0);
	plain_settings = (struct config_gateway){
		.common = {.enabled = true, .tls = CONFIG_TLS_NO}};
	plain = (struct trunk){.kind = TRUNK_GATEWAY,
		.configured = true,
		.gateway = &plain_settings,
		.addrs = addrs,
		.addr_count = 2};
	assert_int_equal(sources_new(&sources), 0);
	oom_each(file_plain, is_filed_nowhere);
	assert_ptr_equal(sources_find(sources, TRANSPORT_UDP, &addrs[0]), &plain);
	assert_true(sources_allow(sources, TRANSPORT_UDP, &addrs[1]));
	sources_remove(sources, &plain);
	sources_free(sources);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_made_is_not),
		TEST(a_kept_response_is_read_or_not),
		TEST(a_reload_that_fails_changes_nothing),
		TEST(a_peer_that_cannot_be_noted_is_noted_later),
		TEST(a_change_that_cannot_be_noted_is_noted_whole_later),
		TEST(what_was_kept_is_recalled_or_not),
		TEST(a_gateway_that_cannot_be_filed_whole_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
