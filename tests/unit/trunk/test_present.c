/* What is presented to whom: certificates of single servers and gateways, and the names by which they know us. */
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

#define OWN "certificate = own.pem\nkey = own.key\n"
#define OWN_BELOW "certificate = ../own.pem\nkey = ../own.key\n"

static struct world {
	struct lab_id root, us, own;
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct config *config;
	char errors[2000]; /* the last line at error */
	char warning[2000];
} world;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_ERROR)
		snprintf(world.errors, sizeof(world.errors), "%s", line);
	if (level == LOG_LEVEL_WARNING)
		snprintf(world.warning, sizeof(world.warning), "%s", line);
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

static void issue(struct lab_id *ret, const char *one, const char *other)
{
	struct lab_spec spec = {.sans = {{'D', one, 0}}};

	if (other)
		spec.sans[1] = (struct lab_san){'D', other, 0};
	lab_issue(ret, &spec, &world.root);
}

static int start(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	lab_start();
	log_set_sink(keep_line, NULL);
	lab_root(&world.root, "Trunk CA");
	issue(&world.us, "us.example.com", "*.tenants.example.com");
	issue(&world.own, "own.example.com", NULL);
	lab_write_chain("ca.pem", &world.root);
	put_pair("us", &world.us);
	put_pair("own", &world.own);
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
	lab_drop(&world.own);
	lab_drop(&world.us);
	lab_drop(&world.root);
	unlink(lab_path("gateways.d/a.conf"));
	unlink(lab_path("gateways.d/b.conf"));
	rmdir(lab_path("gateways.d"));
	log_set_sink(NULL, NULL);
	lab_stop();
	memset(&world, 0, sizeof(world));
	return 0;
}

static void write_gateway(const char *name, const char *lines)
{
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text, "[gateway]\nhost = carrier.example.com\n%s", lines);
	lab_write(name, text.data, text.len, 0600);
	buf_free(&text);
}

/* More lines of the server pbx1, and of the gateways a and b; pbx2 has none. */
static int apply(const char *server, const char *a, const char *b, struct err_text *text)
{
	struct config_errors errors;
	struct config *config;
	struct buf main;
	int err;

	buf_init(&main, 0);
	buf_printf(&main,
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"[server pbx1]\nhost = pbx1.example.com\n%s\n"
		"[server pbx2]\nhost = pbx2.example.com\n"
		"[external]\ntls = 127.0.0.1:5061\ncertificate = us.pem\nkey = us.key\n"
		"trust = ca.pem\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n",
		server);
	lab_write("tandem.conf", main.data, main.len, 0600);
	buf_free(&main);
	write_gateway("gateways.d/a.conf", a);
	write_gateway("gateways.d/b.conf", b);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	err = trunks_apply(world.trunks, config, text);
	if (!err)
		config_unref(world.config);
	else
		config_unref(config);
	if (!err)
		world.config = config;
	return err;
}

static void apply_fine(const char *server, const char *a, const char *b)
{
	struct err_text text = {{0}};

	if (apply(server, a, b, &text))
		fail_msg("%s", text.text);
}

/* It is refused with WORDS, and nothing changes. */
static void apply_refused(
	const char *server, const char *a, const char *b, const char *words)
{
	struct peer_set *before = trunks_peers(world.trunks, TRUNK_GATEWAY);
	struct err_text text = {{0}};

	assert_int_not_equal(apply(server, a, b, &text), 0);
	if (!strstr(text.text, words))
		fail_msg("\"%s\" does not say \"%s\"", text.text, words);
	assert_ptr_equal(trunks_peers(world.trunks, TRUNK_GATEWAY), before);
}

static struct trunk *find(enum trunk_kind kind, const char *id)
{
	return trunks_find(world.trunks, kind, id);
}

/* What who connects on the side of KIND and asks for NAME gets; NULL: that of the side. */
static struct cred *asking(enum trunk_kind kind, const char *name)
{
	const struct peer_set *set = trunks_peers(world.trunks, kind);

	return set->names ? server_names_cred(set->names, name) : NULL;
}

static void by_default_all_get_that_of_their_side(void **state)
{
	(void)state;
	apply_fine("", "", "");
	assert_null(trunks_peers(world.trunks, TRUNK_SERVER)->names);
	assert_null(trunks_peers(world.trunks, TRUNK_GATEWAY)->names);
	assert_ptr_equal(trunks_presented(world.trunks, find(TRUNK_SERVER, "pbx1")),
		trunks_cred(world.trunks, TRUNK_SERVER));
}

static void count_own_h(void *arg, const struct trunk_tls *tls)
{
	if (tls->kind == TRUNK_SERVER && tls->trunk) {
		assert_string_equal(tls->trunk->id, "pbx1");
		assert_string_equal(tls->files->certificate, lab_path("own.pem"));
		assert_string_equal(tls->trust, lab_path("ca.pem"));
		(*(unsigned *)arg)++;
	}
}

static void a_server_has_a_certificate_of_its_own(void **state)
{
	struct trunk *pbx1;
	unsigned told = 0;

	(void)state;
	apply_fine(OWN, "", "");
	pbx1 = find(TRUNK_SERVER, "pbx1");
	assert_string_equal(cred_name(pbx1->cred), "own.example.com");
	assert_ptr_equal(trunks_presented(world.trunks, pbx1), pbx1->cred);
	assert_null(find(TRUNK_SERVER, "pbx2")->cred);
	assert_ptr_equal(asking(TRUNK_SERVER, "own.example.com"), pbx1->cred);
	assert_null(asking(TRUNK_SERVER, "us.example.com"));
	assert_null(asking(TRUNK_GATEWAY, "own.example.com"));
	/* expiry, stapler and lists hear of it */
	trunks_each_tls(world.trunks, count_own_h, &told);
	assert_int_equal(told, 1);
}

static void contact_host_is_a_name_of_what_is_presented(void **state)
{
	const char *common = "contact-host = a.tenants.example.com\n";

	(void)state;
	apply_fine(common, common, OWN_BELOW "contact-host = own.example.com\n");
	assert_null(asking(TRUNK_GATEWAY, "a.tenants.example.com"));
	assert_ptr_equal(
		asking(TRUNK_GATEWAY, "own.example.com"), find(TRUNK_GATEWAY, "b")->cred);
	assert_string_equal(
		find(TRUNK_GATEWAY, "a")->peer->our_host, "a.tenants.example.com");
	/* the side's own name is nobody's alone */
	apply_fine("", "contact-host = us.example.com\n", "");
	assert_null(find(TRUNK_GATEWAY, "a")->peer->our_host);
	apply_refused("", "contact-host = x.y.tenants.example.com\n", "",
		"contact-host of a: ");
	apply_refused("", "", "contact-host = other.example.com\n",
		"us.pem: the certificate is for DNS:us.example.com, "
		"DNS:*.tenants.example.com, not for other.example.com");
	apply_refused(
		"contact-host = other.example.com\n", "", "", "contact-host of pbx1: ");
	apply_refused("", OWN_BELOW "contact-host = us.example.com\n", "",
		"trunk a: contact-host of a: ");
	/* in plain no certificate has to have it */
	apply_fine("", "tls = no\ntransport = tcp\ncontact-host = any.example.com\n", "");
}

/* Files that two share are loaded once, and held against the name of each. */
static void shared_files_are_for_each_that_has_them(void **state)
{
	(void)state;
	apply_fine("", OWN_BELOW "contact-host = own.example.com\n",
		OWN_BELOW "contact-host = own.example.com\n");
	assert_ptr_equal(find(TRUNK_GATEWAY, "a")->cred, find(TRUNK_GATEWAY, "b")->cred);
	apply_refused("", OWN_BELOW "contact-host = own.example.com\n",
		OWN_BELOW "contact-host = b.tenants.example.com\n",
		"trunk b: contact-host of b: ");
}

static void one_name_has_one_certificate(void **state)
{
	struct lab_id both;

	(void)state;
	issue(&both, "a.tenants.example.com", NULL);
	put_pair("own", &both);
	apply_fine("", "", "");
	apply_refused("", "contact-host = a.tenants.example.com\n",
		OWN_BELOW "contact-host = A.tenants.example.com\n",
		"trunk b: contact-host: A.tenants.example.com is that of trunk a too");
	/* on either side of us it may be another */
	apply_fine("contact-host = a.tenants.example.com\n",
		OWN_BELOW "contact-host = a.tenants.example.com\n", "");
	lab_drop(&both);
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

static void a_renewed_certificate_is_presented(void **state)
{
	struct lab_id next;
	struct cred *before;

	(void)state;
	apply_fine("", OWN_BELOW "contact-host = own.example.com\n", "");
	before = asking(TRUNK_GATEWAY, "own.example.com");
	issue(&next, "own.example.com", NULL);
	put_pair("own", &next);
	assert_int_equal(renew().changed, 1);
	assert_ptr_not_equal(asking(TRUNK_GATEWAY, "own.example.com"), before);
	assert_ptr_equal(
		asking(TRUNK_GATEWAY, "own.example.com"), find(TRUNK_GATEWAY, "a")->cred);
	lab_drop(&next);
}

/* A successor without a name by which somebody knows us is not taken: what runs stays. */
static void a_renewal_without_the_name_is_refused(void **state)
{
	struct cred *side, *own;
	struct lab_id less;

	(void)state;
	apply_fine("", OWN_BELOW "contact-host = own.example.com\n",
		"contact-host = b.tenants.example.com\n");
	side = trunks_cred(world.trunks, TRUNK_GATEWAY);
	own = find(TRUNK_GATEWAY, "a")->cred;
	issue(&less, "us.example.com", NULL);
	put_pair("own", &less);
	put_pair("us", &less);
	/* to servers nobody promised more */
	assert_int_equal(renew().changed, 1);
	assert_ptr_equal(trunks_cred(world.trunks, TRUNK_GATEWAY), side);
	assert_ptr_equal(find(TRUNK_GATEWAY, "a")->cred, own);
	assert_ptr_equal(asking(TRUNK_GATEWAY, "own.example.com"), own);
	assert_non_null(strstr(world.errors, "contact-host of a: "));
	lab_drop(&less);
}

/* "next-..." lines of own2 for so many days from now. */
static const char *staged(int days)
{
	static char lines[300];
	time_t at = time(NULL) + days * LAB_DAY;
	struct tm tm;

	gmtime_r(&at, &tm);
	snprintf(lines, sizeof(lines),
		OWN_BELOW "contact-host = own.example.com\n"
			  "next-certificate = ../own2.pem\nnext-key = ../own2.key\n"
			  "next-from = %04d-%02d-%02d\n",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return lines;
}

static void a_staged_certificate_is_presented_from_its_day_on(void **state)
{
	struct cred *before, *next;
	struct lab_id id, other;

	(void)state;
	issue(&other, "other.example.com", NULL);
	put_pair("own2", &other);
	apply_fine("", "", "");
	apply_refused("", staged(2), "", "next-certificate: contact-host of a: ");
	issue(&id, "own.example.com", "own2.example.com");
	put_pair("own2", &id);
	apply_fine("", staged(2), "");
	before = asking(TRUNK_GATEWAY, "own.example.com");
	next = find(TRUNK_GATEWAY, "a")->next;
	assert_non_null(next);
	assert_null(asking(TRUNK_GATEWAY, "own2.example.com"));
	clock_virtual_advance(&world.clock, UINT64_C(3) * LAB_DAY * 1000000);
	assert_int_equal(trunks_switch(world.trunks), 1);
	assert_ptr_equal(asking(TRUNK_GATEWAY, "own.example.com"), next);
	assert_ptr_equal(asking(TRUNK_GATEWAY, "own2.example.com"), next);
	assert_ptr_not_equal(before, next);
	lab_drop(&id);
	lab_drop(&other);
}

/* Two of one name, and one of them is switched: the name keeps the certificate of both. */
static void a_day_apart_the_old_one_is_presented(void **state)
{
	struct lab_id id;
	struct cred *old;

	(void)state;
	issue(&id, "own.example.com", NULL);
	put_pair("own2", &id);
	apply_fine("", staged(2), OWN_BELOW "contact-host = own.example.com\n");
	old = find(TRUNK_GATEWAY, "b")->cred;
	clock_virtual_advance(&world.clock, UINT64_C(3) * LAB_DAY * 1000000);
	world.warning[0] = '\0';
	assert_int_equal(trunks_switch(world.trunks), 1);
	assert_ptr_not_equal(find(TRUNK_GATEWAY, "a")->cred, old);
	assert_ptr_equal(asking(TRUNK_GATEWAY, "own.example.com"), old);
	assert_non_null(strstr(world.warning, "event=not-presented side=external"));
	assert_non_null(strstr(world.warning, "trunk b: contact-host: own.example.com"));
	lab_drop(&id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_default_all_get_that_of_their_side),
		TEST(a_server_has_a_certificate_of_its_own),
		TEST(contact_host_is_a_name_of_what_is_presented),
		TEST(shared_files_are_for_each_that_has_them),
		TEST(one_name_has_one_certificate),
		TEST(a_renewed_certificate_is_presented),
		TEST(a_renewal_without_the_name_is_refused),
		TEST(a_staged_certificate_is_presented_from_its_day_on),
		TEST(a_day_apart_the_old_one_is_presented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
