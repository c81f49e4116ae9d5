/* Warnings: once for each certificate and each of 30, 7 and 1 days. */
#include "trunk/expiry.h"

#include "base/log.h"

#include "stock.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS (3600 * 1000)

static struct stock stock;
static struct expiry *expiry;
static char lines[8000]; /* of warnings and errors about dates */

static void keep_line(void *arg, enum log_level level, const char *line)
{
	size_t len = strlen(lines);

	(void)arg;
	if (level <= LOG_LEVEL_WARNING && strstr(line, "threshold="))
		snprintf(lines + len, sizeof(lines) - len, "%s\n", line);
}

static int start(void **state)
{
	(void)state;
	stock_start(&stock);
	log_set_sink(keep_line, NULL);
	lines[0] = '\0';
	stock_apply(&stock, "crl = ca.crl", "", "");
	assert_int_equal(expiry_new(&expiry, stock.loop, stock.trunks, stock.seen), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	expiry_free(expiry);
	expiry = NULL;
	stock_stop(&stock);
	return 0;
}

/* How often WORDS are in what was said since the last look, which is then forgotten. */
static unsigned said(const char *words)
{
	unsigned count = 0;

	for (const char *at = lines; (at = strstr(at, words)); at++)
		count++;
	return count;
}

static void look_after(long seconds)
{
	lines[0] = '\0';
	stock_later(&stock, seconds);
	expiry_check(expiry);
}

static void each_threshold_is_told_once(void **state)
{
	(void)state;
	look_after(0);
	assert_string_equal(lines, "");
	look_after(10 * LAB_DAY + 60); /* of 40 */
	assert_int_equal(said("warning tls event=certificate-expires role=own"), 1);
	assert_non_null(strstr(lines, "subject=\"CN=us\""));
	assert_non_null(strstr(lines, "us.pem\" threshold=30d left-days=29 "));
	assert_non_null(strstr(lines, "used-by=\"server pbx1, trunk a, trunk b\""));
	assert_non_null(strstr(lines, "then=\"no TLS with server pbx1, "));
	assert_non_null(strstr(lines, "note=\"put its successor"));
	look_after(60);
	assert_int_equal(said("CN=us"), 0);
	look_after(23 * LAB_DAY);
	assert_int_equal(said("warning tls event=certificate-expires role=own"), 1);
	assert_int_equal(said("threshold=7d left-days=6 "), 1);
	look_after(6 * LAB_DAY);
	assert_int_equal(said("error tls event=certificate-expires role=own"), 1);
	assert_int_equal(said("threshold=1d left-days=0 "), 1);
	look_after(LAB_DAY);
	assert_int_equal(said("error tls event=certificate-expired role=own"), 1);
	look_after(LAB_DAY);
	assert_int_equal(said("CN=us"), 0);
}

static void only_the_nearest_is_told(void **state)
{
	(void)state;
	look_after(35 * LAB_DAY + 60);
	assert_int_equal(said("role=own"), 1);
	assert_int_equal(said("threshold=7d left-days=4 "), 1);
}

static void a_successor_is_another_certificate(void **state)
{
	struct lab_id next;

	(void)state;
	look_after(35 * LAB_DAY + 60);
	lab_host(&next, "us.example.com", &stock.sub);
	stock_put("us", &next);
	lab_drop(&next);
	/* by the clock of the test it is over already: lab_host() makes it for a month */
	stock_apply(&stock, "crl = ca.crl", "", "");
	look_after(0);
	assert_int_equal(said("event=certificate-expired role=own"), 1);
	stock_put("us", &stock.us);
	stock_apply(&stock, "crl = ca.crl", "", "");
	look_after(0);
	assert_int_equal(said("role=own"), 0);
}

static void lists_and_peers_are_told_too(void **state)
{
	struct lab_id peer;

	(void)state;
	lab_host(&peer, "a.example.com", &stock.sub); /* for a month */
	stock_show(&stock, "trunk a", &peer);
	lab_drop(&peer);
	look_after(23 * LAB_DAY + 60);
	assert_int_equal(
		said("role=peer subject=\"O=Tandem lab\" names=\"DNS:a.example.com\""),
		1);
	assert_int_equal(said("then=\"refused until renewed: trunk a\""), 1);
	assert_int_equal(said("note=\"its owner must renew it\""), 1);
	assert_int_equal(said("warning tls event=crl-due role=crl issuer=\"CN=CA\""), 1);
	assert_int_equal(
		said("note=\"fetch the issuer's present list into the file\""), 1);
	look_after(7 * LAB_DAY);
	assert_int_equal(said("error tls event=crl-stale role=crl"), 1);
	/* a new list is told anew in its time */
	lab_write_crl("ca.crl", &stock.root, NULL, NULL, 60, false);
	stock_apply(&stock, "crl = ca.crl", "", "");
	look_after(0);
	assert_int_equal(said("role=crl"), 0);
	look_after(24 * LAB_DAY);
	assert_int_equal(said("event=crl-due role=crl"), 1);
}

/* Of one issuer, and over at the same time. */
static void each_of_several_peers_is_told(void **state)
{
	struct lab_id a, b;

	(void)state;
	lab_host(&a, "a.example.com", &stock.root);
	lab_host(&b, "b.example.com", &stock.root);
	stock_show(&stock, "trunk a", &a);
	stock_show(&stock, "trunk b", &b);
	lab_drop(&a);
	lab_drop(&b);
	look_after(24 * LAB_DAY);
	assert_int_equal(said("role=peer"), 2);
	assert_int_equal(said("names=\"DNS:a.example.com\""), 1);
	assert_int_equal(said("names=\"DNS:b.example.com\""), 1);
	look_after(60);
	assert_int_equal(said("role=peer"), 0);
}

/* In one file, and due at the same time. */
static void each_of_several_lists_is_told(void **state)
{
	struct lab_id other;

	(void)state;
	lab_root(&other, "Other CA");
	lab_write_both("ca.pem", &stock.root, &other);
	lab_write_crl("ca.crl", &stock.root, NULL, NULL, 30, false);
	lab_write_crl("ca.crl", &other, NULL, NULL, 30, true);
	lab_drop(&other);
	stock_apply(&stock, "crl = ca.crl", "", "");
	look_after(24 * LAB_DAY);
	assert_int_equal(said("event=crl-due role=crl"), 2);
	assert_int_equal(said("issuer=\"CN=CA\""), 1);
	assert_int_equal(said("issuer=\"CN=Other CA\""), 1);
}

static void it_looks_by_itself(void **state)
{
	(void)state;
	look_after(0);
	assert_int_equal(timers_next_ms(loop_timers(stock.loop)) > 0, 1);
	lines[0] = '\0';
	stock_later(&stock, 11 * LAB_DAY);
	clock_virtual_advance(&stock.clock, (uint64_t)(HOUR_MS - 10) * 1000);
	timers_run(loop_timers(stock.loop));
	assert_int_equal(said("role=own"), 0);
	clock_virtual_advance(&stock.clock, (uint64_t)20 * 1000);
	timers_run(loop_timers(stock.loop));
	assert_int_equal(said("role=own"), 1);
	/* and sooner when it is told to */
	stock_later(&stock, 23 * LAB_DAY);
	lines[0] = '\0';
	expiry_check_soon(expiry);
	clock_virtual_advance(&stock.clock, (uint64_t)900 * 1000);
	timers_run(loop_timers(stock.loop));
	assert_int_equal(said("role=own"), 0);
	expiry_check_soon(expiry); /* which is no reason to wait longer */
	clock_virtual_advance(&stock.clock, (uint64_t)101 * 1000);
	timers_run(loop_timers(stock.loop));
	assert_int_equal(said("role=own"), 1);
	assert_int_equal(said("threshold=7d left-days=5 "), 1);
}

static void it_looks_no_more_when_it_is_gone(void **state)
{
	(void)state;
	expiry_check_soon(expiry);
	expiry_free(expiry);
	expiry = NULL;
	clock_virtual_advance(&stock.clock, (uint64_t)2000 * 1000);
	assert_int_equal(timers_run(loop_timers(stock.loop)), 0);
}

int main(void)
{
#define EXPIRY_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		EXPIRY_TEST(each_threshold_is_told_once),
		EXPIRY_TEST(only_the_nearest_is_told),
		EXPIRY_TEST(a_successor_is_another_certificate),
		EXPIRY_TEST(lists_and_peers_are_told_too),
		EXPIRY_TEST(each_of_several_peers_is_told),
		EXPIRY_TEST(each_of_several_lists_is_told),
		EXPIRY_TEST(it_looks_by_itself),
		EXPIRY_TEST(it_looks_no_more_when_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
