/*
 * Every allocation of ours fails once while trunks are loaded and looked at: what runs stays as
 * it was.
 */
#include "base/log.h"
#include "trunk/expiry.h"
#include "trunk/inventory.h"
#include "trunk/staple_store.h"
#include "trunk/stapler.h"

#include "../oom.h"
#include "stock.h"

#include <errno.h>

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
	const struct seen_params params = {
		.clock = &stock.clock.clock, .folder = "/nonexistent"};
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
	assert_int_equal(
		staple_store_write(lab_path(""), "1", (const void *)"a", 1, NULL), 0);
	oom_each(read_kept, is_out_of_memory);
	staple_store_forget(lab_path(""), "1");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_made_is_not),
		TEST(a_kept_response_is_read_or_not),
		TEST(a_reload_that_fails_changes_nothing),
		TEST(a_peer_that_cannot_be_noted_is_noted_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
