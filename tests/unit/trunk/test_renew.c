/* Certificates, anchors and lists of a configuration that runs: loaded anew, and staged. */
#include "base/log.h"
#include "base/loop.h"
#include "trunk/trunk.h"

#include "../tls/lab.h"
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct world {
	struct lab_id root, us, other, pbx;
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct config *config;
	const char *external;   /* more lines of that section */
	const char *gw, *plain; /* more lines of these gateways */
	char errors[2000];      /* the last line at error */
	unsigned warnings;
} world;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_ERROR)
		snprintf(world.errors, sizeof(world.errors), "%s", line);
	world.warnings += level == LOG_LEVEL_WARNING;
}

static void put_pair(const char *name, const struct lab_id *id)
{
	char file[80];

	snprintf(file, sizeof(file), "%s.pem", name);
	unlink(lab_path(file));
	lab_write_chain(file, id);
	snprintf(file, sizeof(file), "%s.key", name);
	unlink(lab_path(file));
	lab_write_key(file, id, 0600);
}

static int start(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.external = world.gw = world.plain = "";
	lab_start();
	log_set_sink(keep_line, NULL);
	lab_root(&world.root, "Trunk CA");
	lab_host(&world.us, "us.example.com", &world.root);
	lab_host(&world.other, "us.example.com", &world.root);
	lab_host(&world.pbx, "pbx1.example.com", &world.root);
	lab_write_chain("ca.pem", &world.root);
	put_pair("us", &world.us);
	put_pair("gw", &world.us);
	lab_write_crl("ca.crl", &world.root, NULL, NULL, 30, false);
	assert_int_equal(mkdir(lab_path("gateways.d"), 0700), 0);
	clock_virtual_init(&world.clock, (uint64_t)time(NULL) * 1000000);
	assert_int_equal(loop_new(&world.loop, &world.clock.clock), 0);
	assert_int_equal(resolver_new(&world.resolver, world.loop, NULL), 0);
	assert_int_equal(trunks_new(&world.trunks, world.loop, world.resolver), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	trunks_free(world.trunks);
	resolver_free(world.resolver);
	config_unref(world.config);
	loop_free(world.loop);
	lab_drop(&world.pbx);
	lab_drop(&world.other);
	lab_drop(&world.us);
	lab_drop(&world.root);
	unlink(lab_path("gateways.d/gw.conf"));
	unlink(lab_path("gateways.d/plain.conf"));
	rmdir(lab_path("gateways.d"));
	log_set_sink(NULL, NULL);
	lab_stop();
	memset(&world, 0,
		sizeof(world)); /* what was not freed is lost then, and noticed */
	return 0;
}

/* INTERNAL: more lines of that section. The gateway gw has a certificate of its own, plain
 * has not. */
static int apply(const char *internal, struct err_text *text)
{
	struct config_errors errors;
	struct config *config;
	struct buf main;
	int err;

	buf_init(&main, 0);
	buf_printf(&main,
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"crl = ca.crl\n%s\n"
		"[server pbx1]\nhost = pbx1.example.com\n"
		"[external]\ntls = 127.0.0.1:5061\ncertificate = us.pem\nkey = us.key\n"
		"trust = ca.pem\n%s\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n",
		internal, world.external);
	lab_write("tandem.conf", main.data, main.len, 0600);
	buf_clear(&main);
	buf_printf(&main,
		"[gateway]\nhost = gw.example.com\ntls = yes\n"
		"certificate = ../gw.pem\nkey = ../gw.key\n%s\n",
		world.gw);
	lab_write("gateways.d/gw.conf", main.data, main.len, 0600);
	buf_clear(&main);
	buf_printf(&main, "[gateway]\nhost = plain.example.com\ntls = yes\n%s\n",
		world.plain);
	lab_write("gateways.d/plain.conf", main.data, main.len, 0600);
	buf_free(&main);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	err = trunks_apply(world.trunks, config, text);
	if (!err) {
		config_unref(world.config);
		world.config = config;
	} else {
		config_unref(config);
	}
	return err;
}

static void apply_fine(const char *internal)
{
	struct err_text text = {{0}};

	if (apply(internal, &text))
		fail_msg("%s", text.text);
}

static struct trunks_renewal renew(void)
{
	struct trunks_renewal renewal = {99, 99};
	struct err_text text = {{0}};

	world.errors[0] = '\0';
	if (trunks_renew(world.trunks, world.config, &renewal, &text))
		fail_msg("%s", text.text);
	return renewal;
}

static struct cred *side_cred(void)
{
	return trunks_cred(world.trunks, TRUNK_SERVER);
}

static struct trunk *gateway(void)
{
	return trunks_find(world.trunks, TRUNK_GATEWAY, "gw");
}

static struct trust *server_trust(void)
{
	return trunks_find(world.trunks, TRUNK_SERVER, "pbx1")->peer->trust;
}

static void without_a_difference_nothing_is_touched(void **state)
{
	struct peer_set *peers;
	struct cred *cred;

	(void)state;
	apply_fine("");
	peers = trunks_peers(world.trunks, TRUNK_SERVER);
	cred = side_cred();
	put_pair("us", &world.us); /* written again, the same */
	assert_int_equal(renew().changed, 0);
	assert_ptr_equal(trunks_peers(world.trunks, TRUNK_SERVER), peers);
	assert_ptr_equal(side_cred(), cred);
}

static void a_new_certificate_is_taken(void **state)
{
	struct cred *cred, *own;

	(void)state;
	apply_fine("");
	cred = side_cred();
	own = gateway()->cred;
	put_pair("us", &world.other);
	/* both sides name the files */
	assert_int_equal(renew().changed, 2);
	assert_ptr_not_equal(side_cred(), cred);
	assert_ptr_equal(gateway()->cred, own);
	put_pair("gw", &world.other);
	assert_int_equal(renew().changed, 1);
	assert_ptr_not_equal(gateway()->cred, own);
}

static void a_new_list_is_taken_and_the_rest_stays(void **state)
{
	struct trust *trust;
	struct cred *cred;

	(void)state;
	apply_fine("");
	trust = server_trust();
	cred = side_cred();
	lab_write_crl("ca.crl", &world.root, NULL, &world.pbx, 30, false);
	assert_int_equal(renew().changed, 1);
	assert_ptr_not_equal(server_trust(), trust);
	assert_ptr_equal(side_cred(), cred);
	trust = server_trust();
	assert_int_equal(renew().changed, 0);
	assert_ptr_equal(server_trust(), trust);
}

static void what_is_refused_stays_and_does_not_hold_up_a_list(void **state)
{
	struct trunks_renewal renewal;
	struct trust *trust;
	struct cred *cred;

	(void)state;
	apply_fine("");
	cred = side_cred();
	trust = server_trust();
	/* a certificate whose key has not come */
	unlink(lab_path("us.pem"));
	lab_write_chain("us.pem", &world.other);
	lab_write_crl("ca.crl", &world.root, NULL, &world.pbx, 30, false);
	renewal = renew();
	assert_int_equal(renewal.changed, 1);
	assert_int_equal(renewal.refused, 2);
	assert_non_null(strstr(world.errors, "us.key does not belong to"));
	assert_ptr_equal(side_cred(), cred);
	assert_ptr_not_equal(server_trust(), trust);
	/* now it comes */
	put_pair("us", &world.other);
	renewal = renew();
	assert_int_equal(renewal.refused, 0);
	assert_ptr_not_equal(side_cred(), cred);
}

static void half_a_file_is_refused(void **state)
{
	static const char half[] = "-----BEGIN CERTIFICATE-----\nMIIB";
	struct trust *trust;
	struct cred *cred;

	(void)state;
	apply_fine("");
	cred = side_cred();
	trust = server_trust();
	lab_write("us.pem", half, strlen(half), 0600);
	assert_int_equal(renew().refused, 2);
	assert_non_null(strstr(world.errors, "us.pem"));
	lab_write("ca.pem", half, strlen(half), 0600);
	renew();
	lab_write("ca.pem", "", 0, 0600);
	renew();
	unlink(lab_path("ca.crl"));
	renew();
	assert_ptr_equal(side_cred(), cred);
	assert_ptr_equal(server_trust(), trust);
	/* a key that was opened to all */
	put_pair("us", &world.us);
	chmod(lab_path("us.key"), 0644);
	renew();
	assert_ptr_equal(side_cred(), cred);
	/* and a reload of the configuration takes none of it */
	assert_int_not_equal(apply("", &(struct err_text){{0}}), 0);
	assert_ptr_equal(side_cred(), cred);
}

/* ---- staged ---- */

/* "next-..." lines for so many days from now, in a file that is BELOW the folder. */
static const char *staged_below(const char *below, int days)
{
	static char texts[2][160];
	char *lines = texts[*below != '\0'];
	time_t at = time(NULL) + days * LAB_DAY;
	struct tm tm;

	gmtime_r(&at, &tm);
	snprintf(lines, sizeof(texts[0]),
		"next-certificate = %snext.pem\nnext-key = %snext.key\n"
		"next-from = %04d-%02d-%02d",
		below, below, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return lines;
}

static const char *staged(int days)
{
	return staged_below("", days);
}

static void note_internal(void *arg, const struct trunk_tls *tls)
{
	if (tls->kind == TRUNK_SERVER)
		*(struct trunk_tls *)arg = *tls;
}

static struct trunk_tls internal(void)
{
	struct trunk_tls tls = {0};

	trunks_each_tls(world.trunks, note_internal, &tls);
	return tls;
}

static void advance_days(int days)
{
	clock_virtual_advance(&world.clock, (uint64_t)days * LAB_DAY * 1000000);
}

static void a_staged_certificate_comes_on_its_day(void **state)
{
	const struct lab_spec later = {.cn = "us",
		.sans = {{'D', "us.example.com", 0}},
		.from_days = 3,
		.to_days = 60};
	struct lab_id next;
	struct cred *first;

	(void)state;
	lab_issue(&next, &later, &world.root);
	put_pair("next", &next);
	lab_drop(&next);
	apply_fine(staged(5));
	first = side_cred();
	assert_ptr_equal(internal().cred, first);
	assert_non_null(internal().next);
	assert_false(internal().switched);
	assert_int_equal(trunks_switch(world.trunks), 0);
	assert_true(trunks_switch_due(world.trunks) > time(NULL) + 3 * LAB_DAY);
	advance_days(6);
	assert_int_equal(trunks_switch(world.trunks), 1);
	assert_ptr_not_equal(side_cred(), first);
	assert_true(internal().switched);
	assert_null(internal().next);
	assert_int_equal(trunks_switch_due(world.trunks), 0);
	assert_int_equal(trunks_switch(world.trunks), 0);
	assert_int_equal(world.warnings, 0);
}

static void its_day_begins_with_its_first_second(void **state)
{
	time_t day;

	(void)state;
	put_pair("next", &world.other);
	apply_fine(staged(5));
	day = trunks_switch_due(world.trunks);
	world.clock.wall_us = (uint64_t)(day - 1) * 1000000;
	apply_fine(staged(5));
	assert_false(internal().switched);
	assert_non_null(internal().next);
	/* one who starts at that very moment has it in use, and nothing waits */
	world.clock.wall_us = (uint64_t)day * 1000000;
	apply_fine(staged(5));
	assert_true(internal().switched);
	assert_null(internal().next);
	assert_int_equal(trunks_switch_due(world.trunks), 0);
}

/* The day may come while files are read: what waited is taken, whatever has become of its file. */
static void a_staged_certificate_outlives_its_file(void **state)
{
	struct trunks_renewal renewal;
	struct cred *next;

	(void)state;
	put_pair("next", &world.other);
	apply_fine(staged(5));
	next = internal().next;
	advance_days(6);
	renewal = renew();
	/* it is the same object, so connections made with it would be used on */
	assert_int_equal(renewal.changed, 0);
	assert_int_equal(renewal.refused, 0);
	assert_ptr_equal(side_cred(), next);
	apply_fine(staged(15));
	next = internal().next;
	advance_days(10);
	lab_write("next.pem", "", 0, 0600);
	renewal = renew();
	assert_int_equal(renewal.refused, 1);
	assert_ptr_equal(side_cred(), next);
}

static void a_gateway_has_what_its_side_has(void **state)
{
	struct trunk *plain;

	(void)state;
	put_pair("next", &world.other);
	world.external = staged(5);
	apply_fine("");
	plain = trunks_find(world.trunks, TRUNK_GATEWAY, "plain");
	/* none of its own: that of the side is presented, and followed when it changes */
	assert_null(plain->cred);
	assert_non_null(gateway()->cred);
	advance_days(6);
	assert_int_equal(trunks_switch(world.trunks), 1);
	/* the old one may be gone by now */
	lab_write("us.pem", "", 0, 0600);
	renew();
	assert_null(plain->cred);
}

static void note_gateway(void *arg, const struct trunk_tls *tls)
{
	if (tls->trunk == gateway())
		*(struct trunk_tls *)arg = *tls;
}

static struct trunk_tls gateway_tls(void)
{
	struct trunk_tls tls = {0};

	trunks_each_tls(world.trunks, note_gateway, &tls);
	return tls;
}

static bool is_due_in(int days)
{
	time_t left =
		trunks_switch_due(world.trunks) - (time_t)(world.clock.wall_us / 1000000);

	return left > (days - 1) * LAB_DAY && left <= days * LAB_DAY;
}

static void each_staged_certificate_has_its_own_day(void **state)
{
	struct cred *side, *own;

	(void)state;
	put_pair("next", &world.other);
	world.gw = staged_below("../", 5);
	apply_fine(staged(9));
	side = side_cred();
	own = gateway()->cred;
	assert_int_equal(gateway_tls().kind, TRUNK_GATEWAY);
	assert_ptr_equal(gateway_tls().cred, own);
	assert_non_null(gateway_tls().next);
	assert_non_null(strstr(gateway_tls().files->certificate, "gw.pem"));
	assert_string_equal(gateway_tls().trust, lab_path("ca.pem"));
	assert_true(is_due_in(5));
	advance_days(4);
	assert_int_equal(trunks_switch(world.trunks), 0);
	advance_days(1);
	assert_int_equal(trunks_switch(world.trunks), 1);
	assert_ptr_equal(side_cred(), side);
	assert_ptr_not_equal(gateway()->cred, own);
	assert_true(gateway_tls().switched);
	assert_null(gateway_tls().next);
	own = gateway()->cred;
	assert_true(is_due_in(4));
	advance_days(4);
	assert_int_equal(trunks_switch(world.trunks), 1);
	assert_ptr_not_equal(side_cred(), side);
	assert_ptr_equal(gateway()->cred, own);
	/* the other order: whichever comes first is due */
	world.gw = staged_below("../", 19);
	apply_fine(staged(14));
	assert_true(is_due_in(5));
}

static void gateways_share_what_they_both_name(void **state)
{
	const struct trunk *plain;

	(void)state;
	put_pair("other", &world.other);
	world.plain = "certificate = ../other.pem\nkey = ../other.key";
	apply_fine("");
	plain = trunks_find(world.trunks, TRUNK_GATEWAY, "plain");
	assert_false(cred_equal(plain->cred, gateway()->cred));
	world.plain = "certificate = ../gw.pem\nkey = ../gw.key";
	apply_fine("");
	assert_ptr_equal(plain->cred, gateway()->cred);
	/* one of their own, and the anchors of the side */
	assert_ptr_equal(plain->peer->trust, gateway()->peer->trust);
	lab_write_chain("own.pem", &world.pbx);
	world.plain = "trust = ../own.pem";
	apply_fine("");
	assert_null(plain->cred);
	assert_ptr_not_equal(plain->peer->trust, gateway()->peer->trust);
}

static void after_its_day_the_old_one_is_not_looked_at(void **state)
{
	struct cred *cred;

	(void)state;
	put_pair("next", &world.other);
	apply_fine(staged(-1));
	cred = side_cred();
	assert_true(internal().switched);
	/* [external] has it in use still, so it must be there for that; here it is gone */
	apply_fine(staged(-1));
	assert_ptr_equal(side_cred(), cred);
	lab_write("us.pem", "", 0, 0600);
	renew();
	assert_null(strstr(world.errors, "next"));
	assert_ptr_equal(side_cred(), cred);
	assert_int_equal(trunks_switch_due(world.trunks), 0);
}

static void a_check_does_not_ask_for_the_one_before_either(void **state)
{
	struct err_text text = {{0}};

	(void)state;
	put_pair("next", &world.other);
	world.external = staged(-1);
	apply_fine(staged(-1));
	lab_write("us.pem", "", 0, 0600);
	if (trunks_check(world.config, &text))
		fail_msg("%s", text.text);
	/* what is in force must be there */
	lab_write("next.pem", "", 0, 0600);
	assert_int_not_equal(trunks_check(world.config, &text), 0);
	assert_non_null(strstr(text.text, "next.pem"));
}

static void a_staged_one_is_checked_at_once(void **state)
{
	const struct lab_spec brief = {
		.cn = "us", .sans = {{'D', "us.example.com", 0}}, .to_days = 4};
	struct err_text text = {{0}};
	struct lab_id next;

	(void)state;
	assert_int_not_equal(apply(staged(5), &text), 0);
	assert_non_null(strstr(text.text, "next-certificate: "));
	lab_issue(&next, &brief, &world.root);
	put_pair("next", &next);
	lab_drop(&next);
	assert_int_not_equal(apply(staged(5), &text), 0);
	assert_non_null(strstr(text.text, "expired on"));
	put_pair("next", &world.pbx);
	assert_int_not_equal(apply(staged(5), &text), 0);
	assert_non_null(strstr(text.text, "not for us.example.com"));
	put_pair("next", &world.other);
	assert_int_equal(apply(staged(5), &text), 0);
}

static void a_gap_is_warned_of(void **state)
{
	const struct lab_spec later = {.cn = "us",
		.sans = {{'D', "us.example.com", 0}},
		.from_days = 40,
		.to_days = 90};
	struct lab_id next;

	(void)state;
	lab_issue(&next, &later, &world.root);
	put_pair("next", &next);
	lab_drop(&next);
	apply_fine(staged(50)); /* the present one ends in a month */
	assert_int_equal(world.warnings, 1);
}

int main(void)
{
#define RENEW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		RENEW_TEST(without_a_difference_nothing_is_touched),
		RENEW_TEST(a_new_certificate_is_taken),
		RENEW_TEST(a_new_list_is_taken_and_the_rest_stays),
		RENEW_TEST(what_is_refused_stays_and_does_not_hold_up_a_list),
		RENEW_TEST(half_a_file_is_refused),
		RENEW_TEST(a_staged_certificate_comes_on_its_day),
		RENEW_TEST(its_day_begins_with_its_first_second),
		RENEW_TEST(a_staged_certificate_outlives_its_file),
		RENEW_TEST(a_gateway_has_what_its_side_has),
		RENEW_TEST(each_staged_certificate_has_its_own_day),
		RENEW_TEST(gateways_share_what_they_both_name),
		RENEW_TEST(after_its_day_the_old_one_is_not_looked_at),
		RENEW_TEST(a_check_does_not_ask_for_the_one_before_either),
		RENEW_TEST(a_staged_one_is_checked_at_once),
		RENEW_TEST(a_gap_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
