/* What of a peer's certificate became another, and what of it is said. */
#include "trunk/seen.h"

#include "base/log.h"

#include "../tls/lab.h"
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct world {
	struct lab_id root, sub, other_root;
	struct clock_virtual clock;
	struct filing *filing;
	struct seen *seen;
	unsigned news;
	unsigned lines[4]; /* by level */
	char last[4000];
} world;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	world.lines[level]++;
	snprintf(world.last, sizeof(world.last), "%s", line);
}

static void news_h(void *arg)
{
	(void)arg;
	world.news++;
}

static void open_seen(void)
{
	const struct seen_params params = {.clock = &world.clock.clock,
		.filing = world.filing,
		.folder = lab_path("peers"),
		.news_h = news_h};

	assert_int_equal(seen_new(&world.seen, &params), 0);
}

static int start(void **state)
{
	const struct lab_spec sub = {.cn = "Sub CA", .ca = true};

	(void)state;
	memset(&world, 0, sizeof(world));
	lab_start();
	log_set_sink(keep_line, NULL);
	lab_root(&world.root, "CA");
	lab_root(&world.other_root, "Other CA");
	lab_issue(&world.sub, &sub, &world.root);
	clock_virtual_init(&world.clock, (uint64_t)time(NULL) * 1000000);
	assert_int_equal(filing_new(&world.filing, NULL), 0);
	open_seen();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	seen_free(world.seen);
	filing_free(world.filing);
	unlink(lab_path("peers/trunk-a.pem"));
	unlink(lab_path("peers/server-b.pem"));
	rmdir(lab_path("peers"));
	lab_drop(&world.sub);
	lab_drop(&world.other_root);
	lab_drop(&world.root);
	log_set_sink(NULL, NULL);
	lab_stop();
	memset(&world, 0,
		sizeof(world)); /* what was not freed is lost then, and noticed */
	return 0;
}

static void show(const char *name, const struct lab_id *id)
{
	gnutls_datum_t chain[4];
	unsigned count = lab_chain(id, chain, 4);

	seen_note(world.seen, name, chain, count);
	lab_chain_free(chain, count);
}

/* The peer's first certificate, and another made by NEXT. What is said of it: the log line
 * is in world.last. */
static void change(const struct lab_spec *next, const struct lab_id *issuer)
{
	struct lab_spec spec = {.cn = "a", .sans = {{'D', "a.example.com", 0}}};
	struct lab_id first, second;

	lab_issue(&first, &spec, &world.root);
	show("trunk a", &first);
	spec = *next;
	if (spec.key_of)
		spec.key_of = &first;
	lab_issue(&second, &spec, issuer);
	show("trunk a", &second);
	lab_drop(&first);
	lab_drop(&second);
}

static void expect_change(const char *words, enum log_level level)
{
	const struct seen_peer *peer = seen_find(world.seen, "trunk a");
	char text[SEEN_CHANGE_TEXT_SIZE];

	assert_non_null(peer);
	assert_string_equal(seen_change_text(peer->changed, text), words);
	assert_non_null(strstr(world.last, "event=peer-certificate-changed"));
	assert_non_null(strstr(world.last, " trunk=a "));
	assert_int_equal(world.lines[LOG_LEVEL_WARNING], level == LOG_LEVEL_WARNING);
	assert_int_equal(world.news, 2);
}

/* Any key_of means: that of the first. */
static const struct lab_spec renewed = {
	.cn = "a", .sans = {{'D', "a.example.com", 0}}, .key_of = &world.root};

static void the_first_one_is_no_change(void **state)
{
	const struct seen_peer *peer;
	const struct facts *chain;
	char text[SEEN_CHANGE_TEXT_SIZE] = "?";
	struct lab_id id;

	(void)state;
	assert_null(seen_find(world.seen, "trunk a"));
	lab_host(&id, "a.example.com", &world.sub);
	show("trunk a", &id);
	peer = seen_find(world.seen, "trunk a");
	assert_non_null(peer);
	assert_int_equal(peer->count, 2);
	assert_string_equal(peer->chain[1].subject, "CN=Sub CA");
	assert_int_equal(peer->changed, 0);
	assert_string_equal(seen_change_text(peer->changed, text), "");
	assert_int_equal(peer->since, time(NULL));
	assert_int_equal(world.lines[LOG_LEVEL_WARNING], 0);
	assert_non_null(strstr(world.last, "event=peer-certificate-first"));
	assert_int_equal(world.news, 1);
	/* the same again: nothing is read anew, as with most handshakes */
	chain = peer->chain;
	show("trunk a", &id);
	assert_ptr_equal(seen_find(world.seen, "trunk a")->chain, chain);
	assert_int_equal(world.news, 1);
	assert_int_equal(world.lines[LOG_LEVEL_INFO], 1);
	assert_null(seen_find(world.seen, "server b"));
	show("server b", &id);
	assert_int_equal(world.news, 2);
	lab_drop(&id);
}

static void a_renewal_is_told_at_info(void **state)
{
	(void)state;
	change(&renewed, &world.root);
	expect_change("certificate", LOG_LEVEL_INFO);
	/* nothing is said of what stayed */
	assert_non_null(strstr(world.last, " old-certificate="));
	assert_null(strstr(world.last, "key="));
	assert_null(strstr(world.last, "issuer="));
	assert_null(strstr(world.last, "eku="));
	assert_null(strstr(world.last, "names="));
}

static void a_new_key_long_before_the_end_is_a_warning(void **state)
{
	struct lab_spec spec = renewed;

	(void)state;
	spec.key_of = NULL;
	change(&spec, &world.root);
	expect_change("certificate,key", LOG_LEVEL_WARNING);
	assert_non_null(strstr(world.last, " old-key=\"sha256/"));
	assert_non_null(strstr(world.last, " new-key=\"sha256/"));
}

static void a_new_key_toward_the_end_is_a_renewal(void **state)
{
	struct lab_spec spec = renewed;

	(void)state;
	/* the first one lasts a month */
	clock_virtual_advance(&world.clock, (uint64_t)25 * LAB_DAY * 1000000);
	spec.key_of = NULL;
	change(&spec, &world.root);
	expect_change("certificate,key", LOG_LEVEL_INFO);
}

static void another_issuer_is_a_warning(void **state)
{
	(void)state;
	change(&renewed, &world.other_root);
	expect_change("certificate,issuer", LOG_LEVEL_WARNING);
	assert_non_null(
		strstr(world.last, "old-issuer=\"CN=CA\" new-issuer=\"CN=Other CA\""));
}

static void another_chain_is_a_warning(void **state)
{
	(void)state;
	change(&renewed, &world.sub);
	expect_change("certificate,issuer,chain", LOG_LEVEL_WARNING);
}

static void another_purpose_or_name_is_a_warning(void **state)
{
	struct lab_spec spec = renewed;

	(void)state;
	spec.purpose = GNUTLS_KP_TLS_WWW_SERVER;
	spec.sans[1] = (struct lab_san){'D', "b.example.com", 0};
	change(&spec, &world.root);
	expect_change("certificate,eku,names", LOG_LEVEL_WARNING);
	assert_non_null(strstr(world.last, "old-eku=\"any\" new-eku=\"serverAuth\""));
	assert_non_null(strstr(world.last, "old-names=\"DNS:a.example.com\" new-names=\""
					   "DNS:a.example.com, DNS:b.example.com\""));
}

static void an_intermediate_alone_may_change(void **state)
{
	const struct lab_spec again = {.cn = "Sub CA", .ca = true, .key_of = &world.sub};
	struct lab_id id, sub;

	(void)state;
	lab_host(&id, "a.example.com", &world.sub);
	show("trunk a", &id);
	lab_issue(&sub, &again, &world.root);
	id.issuer = &sub;
	show("trunk a", &id);
	expect_change("chain", LOG_LEVEL_WARNING);
	lab_drop(&sub);
	lab_drop(&id);
}

/* Shows ID with its issuers and, where WHOLE, the root above them. */
static void show_with_root(const struct lab_id *id, const struct lab_id *root, bool whole)
{
	gnutls_datum_t chain[6];
	unsigned count = lab_chain(id, chain, 4), shown = count;

	if (whole)
		shown += lab_chain(root, chain + count, 2);
	assert_int_equal(shown, whole ? count + 1 : count);
	seen_note(world.seen, "trunk a", chain, shown);
	lab_chain_free(chain, shown);
}

static void a_root_that_comes_or_stays_away_is_no_change(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, "a.example.com", &world.sub);
	show_with_root(&id, &world.root, false);
	assert_int_equal(world.news, 1);
	for (unsigned i = 0; i < 4; i++) {
		show_with_root(&id, &world.root, i % 2 == 0);
		assert_int_equal(
			seen_find(world.seen, "trunk a")->count, i % 2 == 0 ? 3 : 2);
	}
	show_with_root(&id, &world.root, true);
	seen_free(world.seen);
	open_seen();
	show_with_root(&id, &world.root, false);
	show_with_root(&id, &world.root, true);
	assert_int_equal(world.news, 1);
	assert_int_equal(seen_find(world.seen, "trunk a")->changed, 0);
	assert_int_equal(world.lines[LOG_LEVEL_WARNING], 0);
	lab_drop(&id);
}

/* One that left out a certificate which tells, root or no root, is news. */
static void what_stands_below_a_root_still_counts(void **state)
{
	gnutls_datum_t chain[6];
	struct lab_id id;
	unsigned count;

	(void)state;
	lab_host(&id, "a.example.com", &world.sub);
	show_with_root(&id, &world.root, true);
	count = lab_chain(&id, chain, 4);
	assert_int_equal(count, 2);
	seen_note(world.seen, "trunk a", chain, 1);
	expect_change("chain", LOG_LEVEL_WARNING);
	lab_chain_free(chain, count);
	lab_drop(&id);
}

static void machines_of_a_cluster_are_no_news_each_time(void **state)
{
	struct lab_id one, two;

	(void)state;
	lab_host(&one, "a.example.com", &world.root);
	lab_host(&two, "a.example.com", &world.root);
	for (unsigned i = 0; i < 20; i++) {
		show("trunk a", &one);
		show("trunk a", &two);
	}
	assert_int_equal(world.news, 2);
	assert_int_equal(world.lines[LOG_LEVEL_WARNING], 1);
	assert_int_equal(
		seen_find(world.seen, "trunk a")->changed, SEEN_CERTIFICATE | SEEN_KEY);
	lab_drop(&one);
	lab_drop(&two);
}

static void it_is_remembered_over_a_start(void **state)
{
	char before[FACTS_FINGERPRINT_SIZE];
	struct lab_id one, two;

	(void)state;
	lab_host(&one, "a.example.com", &world.sub);
	lab_host(&two, "a.example.com", &world.other_root);
	show("trunk a", &one);
	show("server b", &one);
	seen_free(world.seen);
	open_seen();
	memset(world.lines, 0, sizeof(world.lines));
	show("server b", &one);
	assert_int_equal(world.lines[LOG_LEVEL_INFO], 0);
	assert_int_equal(seen_find(world.seen, "trunk a")->count, 2);
	snprintf(before, sizeof(before), "%s",
		seen_find(world.seen, "trunk a")->chain[0].fingerprint);
	show("trunk a", &two);
	assert_int_equal(world.lines[LOG_LEVEL_WARNING], 1);
	assert_non_null(strstr(world.last, "changed=certificate,key,issuer,chain"));
	assert_string_equal(seen_find(world.seen, "trunk a")->before, before);
	lab_drop(&one);
	lab_drop(&two);
}

static void what_is_kept_is_for_the_owner_and_the_group(void **state)
{
	const mode_t mask = umask(0);
	struct stat stat_of;
	struct lab_id id;

	(void)state;
	lab_host(&id, "a.example.com", &world.root);
	show("trunk a", &id);
	umask(mask);
	lab_drop(&id);
	assert_int_equal(stat(lab_path("peers"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0750);
	assert_int_equal(stat(lab_path("peers/trunk-a.pem"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0640);
	assert_int_equal(access(lab_path("peers/trunk-a.pem.new"), F_OK), -1);
}

static void what_cannot_be_kept_or_read_is_said(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, "a.example.com", &world.root);
	lab_write("peers", "", 0, 0600); /* where the folder should be */
	show("trunk a", &id);
	assert_non_null(strstr(world.last, "event=peer-certificate-not-kept"));
	assert_non_null(seen_find(world.seen, "trunk a"));
	unlink(lab_path("peers"));
	assert_int_equal(mkdir(lab_path("peers"), 0700), 0);
	lab_write("peers/server-b.pem", "half", 4, 0600);
	assert_null(seen_find(world.seen, "server b"));
	assert_non_null(strstr(world.last, "event=peer-certificate-not-known"));
	show("server b", &id);
	assert_non_null(strstr(world.last, "event=peer-certificate-first"));
	lab_drop(&id);
}

int main(void)
{
#define SEEN_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		SEEN_TEST(the_first_one_is_no_change),
		SEEN_TEST(a_renewal_is_told_at_info),
		SEEN_TEST(a_new_key_long_before_the_end_is_a_warning),
		SEEN_TEST(a_new_key_toward_the_end_is_a_renewal),
		SEEN_TEST(another_issuer_is_a_warning),
		SEEN_TEST(another_chain_is_a_warning),
		SEEN_TEST(another_purpose_or_name_is_a_warning),
		SEEN_TEST(an_intermediate_alone_may_change),
		SEEN_TEST(a_root_that_comes_or_stays_away_is_no_change),
		SEEN_TEST(what_stands_below_a_root_still_counts),
		SEEN_TEST(machines_of_a_cluster_are_no_news_each_time),
		SEEN_TEST(it_is_remembered_over_a_start),
		SEEN_TEST(what_is_kept_is_for_the_owner_and_the_group),
		SEEN_TEST(what_cannot_be_kept_or_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
