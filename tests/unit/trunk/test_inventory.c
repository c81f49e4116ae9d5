/* What calls depend on, who depends on it, and what breaks when it runs out. */
#include "trunk/inventory.h"

#include "stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct stock stock;
static struct inventory *inventory;
static bool all_hash_alike;

uint64_t __real_hash_bytes(const void *data, size_t len, uint64_t seed);
uint64_t __wrap_hash_bytes(const void *data, size_t len, uint64_t seed);

uint64_t __wrap_hash_bytes(const void *data, size_t len, uint64_t seed)
{
	return all_hash_alike ? 0 : __real_hash_bytes(data, len, seed);
}

static int start(void **state)
{
	(void)state;
	stock_start(&stock);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	all_hash_alike = false;
	inventory_free(inventory);
	inventory = NULL;
	stock_stop(&stock);
	return 0;
}

static void take(void)
{
	inventory_free(inventory);
	assert_int_equal(inventory_new(&inventory, stock.trunks, stock.seen), 0);
	for (size_t i = 1; i < inventory->count; i++)
		assert_true(inventory->items[i - 1]->facts.to <=
			    inventory->items[i]->facts.to);
}

/* The one item of ROLE that pbx1 (INTERNAL), or a gateway, depends on. */
static const struct inventory_item *find(enum inventory_role role, const char *user)
{
	const struct inventory_item *found = NULL;

	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_item *item = inventory->items[i];

		for (unsigned j = 0; j < item->user_count; j++) {
			char name[80];

			if (item->role != role ||
				strcmp(trunk_name(item->users[j].trunk, name), user) != 0)
				continue;
			assert_null(found);
			found = item;
		}
	}
	if (!found)
		fail_msg("no item of role %d for %s", (int)role, user);
	return found;
}

static unsigned count_of(enum inventory_role role)
{
	unsigned count = 0;

	for (size_t i = 0; i < inventory->count; i++)
		count += inventory->items[i]->role == role;
	return count;
}

static void expect_words(
	const struct inventory_item *item, const char *users, const char *then)
{
	struct buf text;

	buf_init(&text, 0);
	inventory_print_users(item, &text);
	assert_string_equal(buf_str(&text), users);
	buf_clear(&text);
	inventory_print_then(item, &text);
	assert_string_equal(buf_str(&text), then);
	buf_free(&text);
}

static void our_own_and_its_chain_are_there(void **state)
{
	const struct inventory_item *item;

	(void)state;
	stock_apply(&stock, "", "", "");
	take();
	item = find(INVENTORY_OWN, "server pbx1");
	assert_string_equal(inventory_role_name(item), "own");
	assert_string_equal(item->facts.subject, "CN=us");
	assert_string_equal(strrchr(item->file, '/'), "/us.pem");
	/* one file for both sides is one item */
	assert_ptr_equal(find(INVENTORY_OWN, "trunk a"), item);
	assert_int_equal(count_of(INVENTORY_OWN), 1);
	expect_words(item, "server pbx1, trunk a, trunk b",
		"no TLS with server pbx1, trunk a, trunk b");
	item = find(INVENTORY_OWN_CHAIN, "trunk b");
	assert_string_equal(inventory_role_name(item), "intermediate");
	assert_string_equal(item->facts.subject, "CN=Sub CA");
	assert_int_equal(count_of(INVENTORY_OWN_CHAIN), 1);
	assert_int_equal(count_of(INVENTORY_PEER), 0);
}

static void a_gateways_own_is_for_that_one(void **state)
{
	const struct inventory_item *item;
	struct lab_id own;
	char lines[200];
	unsigned own_count = 0;

	(void)state;
	lab_host(&own, "us.example.com", &stock.root);
	stock_put("own", &own);
	lab_drop(&own);
	stock_apply(&stock, "", "", "certificate = ../own.pem\nkey = ../own.key");
	take();
	assert_int_equal(count_of(INVENTORY_OWN), 2);
	for (size_t i = 0; i < inventory->count; i++) {
		item = inventory->items[i];
		if (item->role != INVENTORY_OWN || !strstr(item->file, "own.pem"))
			continue;
		own_count++;
		expect_words(item, "trunk b", "no TLS with trunk b");
	}
	assert_int_equal(own_count, 1);
	/* the same files as its side has: one item, and it is in it once */
	snprintf(lines, sizeof(lines), "certificate = %s\nkey = %s", lab_path("us.pem"),
		lab_path("us.key"));
	stock_apply(&stock, "", "", lines);
	take();
	assert_int_equal(find(INVENTORY_OWN, "trunk b")->user_count, 3);
}

/* Whether peers trust a root is up to their own copy of it, not to ours. */
static void a_root_that_we_send_along_is_not_ours(void **state)
{
	struct lab_id own;

	(void)state;
	lab_host(&own, "us.example.com", &stock.root);
	stock_put("us", &own);
	lab_write_both("us.pem", &own, &stock.root);
	lab_drop(&own);
	stock_apply(&stock, "", "", "");
	take();
	assert_int_equal(count_of(INVENTORY_OWN), 1);
	assert_int_equal(count_of(INVENTORY_OWN_CHAIN), 0);
}

static void our_own_is_there_though_it_signed_itself(void **state)
{
	const struct lab_spec us = {.cn = "alone", .sans = {{'D', "us.example.com", 0}}};
	struct lab_id own;

	(void)state;
	lab_issue(&own, &us, NULL);
	stock_put("us", &own);
	lab_drop(&own);
	stock_apply(&stock, "", "", "");
	take();
	assert_string_equal(find(INVENTORY_OWN, "trunk a")->facts.subject, "CN=alone");
}

static void anchors_are_known_by_who_leads_to_them(void **state)
{
	const struct inventory_item *item;
	struct lab_id peer;

	(void)state;
	stock_apply(&stock, "", "", "");
	take();
	item = find(INVENTORY_ANCHOR, "trunk a");
	assert_string_equal(inventory_role_name(item), "root");
	assert_ptr_equal(find(INVENTORY_ANCHOR, "server pbx1"), item);
	expect_words(item, "server pbx1, trunk a, trunk b",
		"refused: whose certificate leads to it; none that was seen");
	lab_host(&peer, "a.example.com", &stock.sub);
	stock_show(&stock, "trunk a", &peer);
	take();
	expect_words(find(INVENTORY_ANCHOR, "trunk a"), "server pbx1, trunk a, trunk b",
		"refused: trunk a");
	lab_drop(&peer);
}

static void an_anchor_that_nobody_leads_to_is_no_danger_to_them(void **state)
{
	struct lab_id peer, foreign;

	(void)state;
	lab_root(&foreign, "Foreign CA");
	lab_write_chain("ca.pem", &foreign);
	stock_apply(&stock, "", "", "");
	lab_host(&peer, "a.example.com", &stock.sub);
	stock_show(&stock, "trunk a", &peer);
	lab_drop(&peer);
	take();
	expect_words(find(INVENTORY_ANCHOR, "trunk a"), "server pbx1, trunk a, trunk b",
		"refused: whose certificate leads to it; none that was seen");
	/* the anchor may be what the peer shows itself */
	lab_host(&peer, "b.example.com", &foreign);
	lab_write_chain("ca.pem", &peer);
	stock_apply(&stock, "", "", "");
	stock_show(&stock, "trunk b", &peer);
	take();
	expect_words(find(INVENTORY_ANCHOR, "trunk b"), "server pbx1, trunk a, trunk b",
		"refused: trunk b");
	assert_string_equal(
		inventory_role_name(find(INVENTORY_ANCHOR, "trunk b")), "anchor");
	lab_drop(&peer);
	lab_drop(&foreign);
}

static void peers_are_there_as_last_seen(void **state)
{
	const struct inventory_item *item;
	struct lab_id shared;

	(void)state;
	stock_apply(&stock, "", "", "");
	lab_host(&shared, "a.example.com", &stock.sub);
	stock_show(&stock, "trunk b", &shared);
	stock_show(&stock, "trunk a", &shared);
	lab_drop(&shared);
	take();
	item = find(INVENTORY_PEER, "trunk a");
	assert_ptr_equal(find(INVENTORY_PEER, "trunk b"), item);
	assert_non_null(item->seen);
	assert_string_equal(item->file, "");
	expect_words(item, "trunk a, trunk b", "refused until renewed: trunk a, trunk b");
	item = find(INVENTORY_PEER_CHAIN, "trunk a");
	assert_string_equal(inventory_role_name(item), "intermediate");
	assert_string_equal(item->facts.subject, "CN=Sub CA");
	/* whom we do not know now is not in it */
	stock_show(&stock, "trunk gone", &stock.us);
	unlink(lab_path("peers/trunk-gone.pem"));
	take();
	assert_int_equal(count_of(INVENTORY_PEER), 1);
}

/* A hash only says where to look. */
static void what_hashes_alike_is_told_apart(void **state)
{
	struct lab_id a, b;

	(void)state;
	stock_apply(&stock, "crl = ca.crl", "", "");
	lab_host(&a, "a.example.com", &stock.root);
	lab_host(&b, "b.example.com", &stock.root);
	stock_show(&stock, "trunk a", &a);
	stock_show(&stock, "trunk b", &b);
	lab_drop(&a);
	lab_drop(&b);
	all_hash_alike = true;
	take();
	assert_string_equal(
		find(INVENTORY_PEER, "trunk a")->facts.names, "DNS:a.example.com");
	assert_string_equal(
		find(INVENTORY_PEER, "trunk b")->facts.names, "DNS:b.example.com");
	assert_int_equal(count_of(INVENTORY_OWN), 1);
	assert_int_equal(count_of(INVENTORY_OWN_CHAIN), 1);
	assert_int_equal(count_of(INVENTORY_ANCHOR), 1);
	assert_int_equal(count_of(INVENTORY_CRL), 1);
}

static void lists_are_there_by_how_strict_one_is(void **state)
{
	const struct inventory_item *item;

	(void)state;
	/* an older list of the same issuer beside it */
	lab_write_crl("ca.crl", &stock.root, NULL, NULL, 10, true);
	stock_apply(&stock, "crl = ca.crl", "crl = ca.crl",
		"revocation = soft\nexception-until = 2099-01-01\n"
		"exception-reason = a test");
	take();
	assert_int_equal(count_of(INVENTORY_CRL), 1);
	item = find(INVENTORY_CRL, "trunk b");
	assert_string_equal(inventory_role_name(item), "crl");
	assert_string_equal(item->facts.issuer, "CN=CA");
	assert_true(item->facts.to > time(NULL) + 29 * LAB_DAY);
	assert_true(item->facts.to < time(NULL) + 31 * LAB_DAY);
	expect_words(item, "server pbx1, trunk a, trunk b",
		"refused, as revocation cannot be judged: server pbx1, trunk a");
	stock_apply(&stock, "", "",
		"crl = ../ca.crl\nrevocation = soft\nexception-until = 2099-01-01\n"
		"exception-reason = a test");
	take();
	expect_words(find(INVENTORY_CRL, "trunk b"), "trunk b",
		"let in though they may be revoked: trunk b");
}

static void of_several_lists_the_freshest_counts(void **state)
{
	(void)state;
	lab_write_crl("ca.crl", &stock.root, NULL, NULL, 40, true);
	stock_apply(&stock, "crl = ca.crl", "", "");
	take();
	assert_int_equal(count_of(INVENTORY_CRL), 1);
	assert_true(
		find(INVENTORY_CRL, "server pbx1")->facts.to > time(NULL) + 39 * LAB_DAY);
}

static void many_users_are_counted(void **state)
{
	static char ids[][2] = {"a", "b", "c", "d", "e"};
	struct trunk trunks[5];
	struct inventory_user users[5];
	struct inventory_item item = {.role = INVENTORY_PEER, .users = users};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		trunks[i] = (struct trunk){.kind = TRUNK_GATEWAY, .id = ids[i]};
		users[i] = (struct inventory_user){&trunks[i], i > 0};
	}
	item.user_count = 3;
	expect_words(&item, "trunk a, trunk b, trunk c",
		"refused until renewed: trunk b, trunk c");
	item.user_count = 4;
	expect_words(&item, "trunk a, trunk b, trunk c and 1 more",
		"refused until renewed: trunk b, trunk c, trunk d");
	item.user_count = 5;
	expect_words(&item, "trunk a, trunk b, trunk c and 2 more",
		"refused until renewed: trunk b, trunk c, trunk d and 1 more");
	item.role = INVENTORY_OWN;
	item.user_count = 1;
	expect_words(
		&item, "trunk a", "no TLS with anybody (no TLS is configured there)");
	item.role = INVENTORY_NEXT;
	item.user_count = 2;
	item.from = 86400;
	expect_words(
		&item, "trunk a, trunk b", "no TLS with trunk b, from 1970-01-02T00:00Z");
	item.role = INVENTORY_OWN;
	item.from = 1790000000;
	expect_words(&item, "trunk a, trunk b",
		"nothing: its successor takes over at 2026-09-21T14:13Z");
}

/* ---- how near the end ---- */

/* "next-..." lines for so many days from now; *RET_DAY is that day. */
static const char *staged(int days, char ret_day[static 16])
{
	static char lines[120];
	time_t at = time(NULL) + days * LAB_DAY;
	struct tm tm;

	strftime(ret_day, 16, "%Y-%m-%d", gmtime_r(&at, &tm));
	snprintf(lines, sizeof(lines),
		"next-certificate = next.pem\nnext-key = next.key\nnext-from = %s",
		ret_day);
	return lines;
}

/* What takes the place of our certificate: from tomorrow to 90 days from now. */
static void put_successor(void)
{
	const struct lab_spec later = {.cn = "us",
		.sans = {{'D', "us.example.com", 0}},
		.from_days = 1,
		.to_days = 90};
	struct lab_id next;

	lab_issue(&next, &later, &stock.root);
	stock_put("next", &next);
	lab_drop(&next);
}

static void a_successor_in_time_makes_it_fine(void **state)
{
	const struct inventory_item *item;
	const char *lines;
	struct buf text;
	char day[16];

	(void)state;
	put_successor();
	lines = staged(20, day);
	stock_apply(&stock, lines, lines, "");
	take();
	item = find(INVENTORY_NEXT, "trunk a");
	assert_string_equal(inventory_role_name(item), "next");
	assert_int_equal(
		inventory_level(item, time(NULL) + 80 * LAB_DAY), INVENTORY_30_DAYS);
	item = find(INVENTORY_OWN, "trunk a");
	assert_int_equal(
		inventory_level(item, time(NULL) + 39 * LAB_DAY), INVENTORY_FINE);
	buf_init(&text, 0);
	inventory_print_then(item, &text);
	assert_non_null(strstr(buf_str(&text), "nothing: its successor takes over at"));
	assert_non_null(strstr(text.data, day));
	buf_free(&text);
	/* one side has no successor, and needs it to its end */
	stock_apply(&stock, lines, "", "");
	take();
	item = find(INVENTORY_OWN, "trunk a");
	assert_int_equal(
		inventory_level(item, time(NULL) + 35 * LAB_DAY), INVENTORY_7_DAYS);
	/* whichever side it is */
	stock_apply(&stock, "", lines, "");
	take();
	item = find(INVENTORY_OWN, "trunk a");
	assert_int_equal(
		inventory_level(item, time(NULL) + 35 * LAB_DAY), INVENTORY_7_DAYS);
}

static void a_successor_too_late_is_none(void **state)
{
	const struct inventory_item *item;
	const char *lines;
	char day[16];

	(void)state;
	put_successor();
	lines = staged(50, day); /* the present one ends in 40 */
	stock_apply(&stock, lines, lines, "");
	take();
	item = find(INVENTORY_OWN, "trunk a");
	assert_int_equal(
		inventory_level(item, time(NULL) + 35 * LAB_DAY), INVENTORY_7_DAYS);
	expect_words(item, "server pbx1, trunk a, trunk b",
		"no TLS with server pbx1, trunk a, trunk b");
}

/* What is above the successor is for the time after that day, and has no successor itself. */
static void what_is_above_a_successor_may_run_out(void **state)
{
	const struct lab_spec later = {.cn = "us",
		.sans = {{'D', "us.example.com", 0}},
		.from_days = 1,
		.to_days = 90};
	const time_t late = time(NULL) + 395 * LAB_DAY; /* Sub CA is good for 400 days */
	unsigned present = 0, above_next = 0;
	const char *lines;
	struct lab_id next;
	char day[16];

	(void)state;
	lab_issue(&next, &later, &stock.sub);
	stock_put("next", &next);
	lab_drop(&next);
	lines = staged(20, day);
	stock_apply(&stock, lines, lines, "");
	take();
	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_item *item = inventory->items[i];

		if (item->role != INVENTORY_OWN_CHAIN)
			continue;
		if (!strcmp(strrchr(item->file, '/'), "/us.pem")) {
			present++;
			assert_int_equal(inventory_level(item, late), INVENTORY_FINE);
			continue;
		}
		above_next++;
		assert_int_equal(inventory_level(item, late), INVENTORY_7_DAYS);
		expect_words(item, "server pbx1, trunk a, trunk b",
			"no TLS with server pbx1, trunk a, trunk b");
	}
	assert_int_equal(present, 1);
	assert_int_equal(above_next, 1);
}

static void levels_are_30_7_and_1_days(void **state)
{
	struct inventory_item item = {
		.role = INVENTORY_PEER, .facts = {.to = 1000000000}};
	static const struct {
		long left;
		enum inventory_level level;
	} cases[] = {
		{31 * LAB_DAY, INVENTORY_FINE},
		{30 * LAB_DAY + 1, INVENTORY_FINE},
		{30 * LAB_DAY, INVENTORY_30_DAYS},
		{7 * LAB_DAY + 1, INVENTORY_30_DAYS},
		{7 * LAB_DAY, INVENTORY_7_DAYS},
		{LAB_DAY + 1, INVENTORY_7_DAYS},
		{LAB_DAY, INVENTORY_1_DAY},
		{1, INVENTORY_1_DAY},
		{0, INVENTORY_OVER},
		{-LAB_DAY, INVENTORY_OVER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(inventory_level(&item, item.facts.to - cases[i].left),
			cases[i].level);
	/* a list that is made each week is not warned of each day */
	item.role = INVENTORY_CRL;
	item.facts.from = item.facts.to - 7 * LAB_DAY;
	assert_int_equal(
		inventory_level(&item, item.facts.to - 2 * LAB_DAY), INVENTORY_FINE);
	assert_int_equal(
		inventory_level(&item, item.facts.to - LAB_DAY), INVENTORY_1_DAY);
	item.facts.from = item.facts.to - LAB_DAY;
	assert_int_equal(inventory_level(&item, item.facts.to - 60), INVENTORY_FINE);
	assert_int_equal(inventory_level(&item, item.facts.to), INVENTORY_OVER);
	item.facts.from = item.facts.to - 90 * LAB_DAY;
	assert_int_equal(
		inventory_level(&item, item.facts.to - 30 * LAB_DAY), INVENTORY_30_DAYS);
}

int main(void)
{
#define INVENTORY_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		INVENTORY_TEST(our_own_and_its_chain_are_there),
		INVENTORY_TEST(a_gateways_own_is_for_that_one),
		INVENTORY_TEST(a_root_that_we_send_along_is_not_ours),
		INVENTORY_TEST(our_own_is_there_though_it_signed_itself),
		INVENTORY_TEST(anchors_are_known_by_who_leads_to_them),
		INVENTORY_TEST(an_anchor_that_nobody_leads_to_is_no_danger_to_them),
		INVENTORY_TEST(peers_are_there_as_last_seen),
		INVENTORY_TEST(what_hashes_alike_is_told_apart),
		INVENTORY_TEST(lists_are_there_by_how_strict_one_is),
		INVENTORY_TEST(of_several_lists_the_freshest_counts),
		cmocka_unit_test(many_users_are_counted),
		INVENTORY_TEST(a_successor_in_time_makes_it_fine),
		INVENTORY_TEST(a_successor_too_late_is_none),
		INVENTORY_TEST(what_is_above_a_successor_may_run_out),
		cmocka_unit_test(levels_are_30_7_and_1_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
