/* When our OCSP responses are fetched, and what becomes of a failure. */
#include "base/filing.h"
#include "trunk/stapler.h"

#include "../tls/lab.h"
#include "../tls/responder.h"
#include "../tls/web.h"
#include "../unit.h"
#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR 3600
#define TYPE "200 OK\r\nContent-Type: application/ocsp-response"

static struct world {
	struct lab_id root, us, other;
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct filing *filing;
	struct stapler *stapler;
	struct web web;
	char warning[600]; /* the last one */
	unsigned warnings;
} world;

/* What a caller gets who does not wait for random bytes. */
static enum { DRAWN, NONE_YET, CHOSEN } bytes;
static uint32_t chosen;

ssize_t __real_getrandom(void *data, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags);

ssize_t __wrap_getrandom(void *data, size_t len, unsigned flags)
{
	if (!(flags & GRND_NONBLOCK) || bytes == DRAWN)
		return __real_getrandom(data, len, flags);
	if (bytes == NONE_YET) {
		errno = EAGAIN;
		return -1;
	}
	assert_int_equal(len, sizeof(chosen));
	memcpy(data, &chosen, len);
	return (ssize_t)len;
}

static void keep_warning(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level != LOG_LEVEL_WARNING)
		return;
	snprintf(world.warning, sizeof(world.warning), "%s", line);
	world.warnings++;
}

static void new_stapler(void)
{
	const struct stapler_params params = {.loop = world.loop,
		.resolver = world.resolver,
		.trunks = world.trunks,
		.filing = world.filing,
		.folder = lab_path("")};

	assert_int_equal(stapler_new(&world.stapler, &params), 0);
}

static int start(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	lab_start();
	log_set_sink(keep_warning, NULL);
	lab_root(&world.root, "Trunk CA");
	lab_host(&world.us, "us.example.com", &world.root);
	lab_host(&world.other, "us.example.com", &world.root);
	lab_write_chain("ca.pem", &world.root);
	lab_write_chain("us.pem", &world.us);
	lab_write_key("us.key", &world.us, 0600);
	clock_virtual_init(&world.clock, (uint64_t)time(NULL) * 1000000);
	assert_int_equal(loop_new(&world.loop, &world.clock.clock), 0);
	assert_int_equal(resolver_new(&world.resolver, world.loop, NULL), 0);
	assert_int_equal(trunks_new(&world.trunks, world.loop, world.resolver), 0);
	web_start(&world.web, world.loop);
	assert_int_equal(filing_new(&world.filing, NULL), 0);
	new_stapler();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	bytes = DRAWN;
	stapler_free(world.stapler);
	filing_free(world.filing);
	web_stop(&world.web);
	trunks_free(world.trunks);
	resolver_free(world.resolver);
	loop_free(world.loop);
	lab_drop(&world.other);
	lab_drop(&world.us);
	lab_drop(&world.root);
	log_set_sink(NULL, NULL);
	lab_stop();
	memset(&world, 0,
		sizeof(world)); /* what was not freed is lost then, and noticed */
	return 0;
}

/* Our one certificate with this setting; NULL: the URL of the web server. */
static void apply(const char *staple)
{
	struct err_text text = {""};
	struct config_errors errors;
	struct config *config;
	char url[64];
	struct buf main = {0};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", addr_port(&world.web.address));
	buf_printf(&main,
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"staple = %s\n"
		"[server pbx1]\nhost = pbx1.example.com\n"
		"[external]\nudp = 127.0.0.1:5060\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n",
		staple ? staple : url);
	lab_write("tandem.conf", main.data, main.len, 0600);
	buf_free(&main);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	if (trunks_apply(world.trunks, config, &text))
		fail_msg("%s", text.text);
	config_unref(config);
	stapler_refresh(world.stapler);
}

/* The web server answers with a response of ID that is good for so many HOURS. */
static void serve(const struct lab_id *id, long hours)
{
	gnutls_datum_t der;

	respond(&der, &(struct response_spec){.about = id, .due = hours * HOUR});
	web_say(&world.web, TYPE, der.data, der.size);
	free(der.data);
}

static void keep_state(void *arg, const struct stapler_state *state)
{
	struct stapler_state *kept = arg;

	assert_null(kept->certificate); /* there is one alone */
	*kept = *state;
}

static struct stapler_state now(void)
{
	struct stapler_state state = {.certificate = NULL};

	stapler_each(world.stapler, keep_state, &state);
	return state;
}

/* Seconds from now until the next fetch. */
static long left(void)
{
	return (long)(now().next - (time_t)(world.clock.wall_us / 1000000));
}

static void pass(long seconds)
{
	clock_virtual_advance(&world.clock, (uint64_t)seconds * 1000000);
	assert_int_equal(loop_turn(world.loop, 0), 0);
}

/* Until the web server was asked COUNT times in all, and the answer came. */
static void asked(unsigned count)
{
	const time_t end = time(NULL) + 5;

	while (world.web.connections < count || !now().next || left() <= 0) {
		if (time(NULL) > end)
			fail_msg("asked %u times, not %u", world.web.connections, count);
		clock_virtual_advance(&world.clock, 1000);
		assert_int_equal(loop_turn(world.loop, 10), 0);
	}
	assert_int_equal(world.web.connections, count);
}

static unsigned kept_files(void)
{
	glob_t found;
	unsigned count;

	glob(lab_path("ocsp-*.der*"), 0, NULL, &found);
	count = (unsigned)found.gl_pathc;
	globfree(&found);
	return count;
}

static void half_of_what_is_left_passes(void **state)
{
	(void)state;
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	assert_in_range(left(), 45 * HOUR - 20, 55 * HOUR + 20);
	assert_in_range(
		now().until, time(NULL) + 100 * HOUR - 20, time(NULL) + 100 * HOUR);
	assert_string_equal(now().error, "");
	assert_string_equal(now().certificate, lab_path("us.pem"));
	assert_int_equal(kept_files(), 1);
	pass(44 * HOUR);
	stapler_refresh(world.stapler); /* a reload is no reason to ask */
	for (int i = 0; i < 20; i++)
		pass(0);
	assert_int_equal(world.web.connections, 1);
	serve(&world.us, 200);
	pass(12 * HOUR);
	asked(2);
	assert_true(now().until > time(NULL) + 199 * HOUR);
	assert_int_equal(world.warnings, 0);
}

static void a_failure_is_tried_again_ever_more_slowly(void **state)
{
	static const long pauses[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};

	(void)state;
	web_say(&world.web, "503 Service Unavailable\r\nContent-Length: 0", "", 0);
	apply(NULL);
	for (unsigned i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		asked(i + 1);
		assert_in_range(left(), pauses[i] * 9 / 10 - 1, pauses[i] * 11 / 10 + 1);
		assert_string_equal(now().error, "it answers with status 503");
		assert_int_equal(now().until, 0);
		pass(left() + 1);
	}
	assert_non_null(strstr(world.warning, "event=staple-failed"));
	assert_non_null(strstr(world.warning, "us.pem"));
	assert_non_null(strstr(world.warning, "reason=\"it answers with status 503\""));
	assert_non_null(strstr(world.warning, "sent-until=none"));
	/* Somebody has put it right, and says so. */
	asked(9);
	stapler_refresh(world.stapler);
	asked(10);
	assert_in_range(left(), 53, 67); /* as after a first failure */
	serve(&world.us, 100);
	stapler_refresh(world.stapler);
	asked(11);
	assert_string_equal(now().error, "");
}

static long told_pause(void)
{
	const char *at = strstr(world.warning, "next-try-s=");

	assert_non_null(at);
	return atol(strchr(at, '=') + 1);
}

/* Not all that failed at one time ask again at one time. */
static void a_pause_is_a_tenth_more_or_less_at_most(void **state)
{
	unsigned count = 0;
	long shortest = 60, longest = 60;

	(void)state;
	web_say(&world.web, "503 Service Unavailable\r\nContent-Length: 0", "", 0);
	apply(NULL);
	asked(++count);
	bytes = CHOSEN;
	for (chosen = 0; chosen < 20; chosen++) {
		stapler_refresh(world.stapler);
		asked(++count);
		shortest = told_pause() < shortest ? told_pause() : shortest;
		longest = told_pause() > longest ? told_pause() : longest;
	}
	assert_int_equal(shortest, 54);
	assert_int_equal(longest, 66);
	/* soon after the machine started there may be none: that is no reason to ask at once */
	bytes = NONE_YET;
	stapler_refresh(world.stapler);
	asked(++count);
	assert_int_equal(told_pause(), 60);
}

static void the_old_one_is_sent_while_its_time_lasts(void **state)
{
	time_t until;

	(void)state;
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	until = now().until;
	serve(&world.other, 100);
	pass(56 * HOUR);
	asked(2);
	assert_string_equal(now().error, "the OCSP response: about another certificate");
	assert_int_equal(now().until, until);
	assert_non_null(strstr(world.warning, "sent-until=20"));
	pass(45 * HOUR);
	assert_int_equal(now().until, 0);
}

static void a_restart_has_what_was_kept(void **state)
{
	time_t until;

	(void)state;
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	until = now().until;
	stapler_free(world.stapler);
	new_stapler();
	stapler_refresh(world.stapler);
	assert_int_equal(now().until, until);
	assert_true(left() > 40 * HOUR);
	pass(0);
	assert_int_equal(world.web.connections, 1);
}

static void what_was_kept_is_judged(void **state)
{
	glob_t found;

	(void)state;
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	stapler_free(world.stapler);
	assert_int_equal(glob(lab_path("ocsp-*.der"), 0, NULL, &found), 0);
	assert_int_equal(truncate(found.gl_pathv[0], 100), 0);
	globfree(&found);
	new_stapler();
	stapler_refresh(world.stapler);
	assert_int_equal(now().until, 0);
	asked(2);
	assert_true(now().until > time(NULL));
}

static void another_certificate_is_asked_for_at_once(void **state)
{
	(void)state;
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	lab_write_chain("us.pem", &world.other);
	lab_write_key("us.key", &world.other, 0600);
	serve(&world.other, 50);
	apply(NULL);
	asked(2);
	assert_in_range(now().until, time(NULL) + 49 * HOUR, time(NULL) + 50 * HOUR);
	assert_int_equal(kept_files(), 1); /* that of the first is forgotten */
}

static void nobody_is_asked_who_is_not_named(void **state)
{
	(void)state;
	apply("auto"); /* the certificate names none */
	assert_null(now().certificate);
	serve(&world.us, 100);
	apply(NULL);
	asked(1);
	apply("off");
	assert_null(now().certificate);
	assert_int_equal(kept_files(), 0);
}

static void a_name_that_is_not_found_is_said(void **state)
{
	const time_t end = time(NULL) + 20;

	(void)state;
	apply("http://nowhere.invalid/");
	while (!now().error[0] && time(NULL) < end) {
		clock_virtual_advance(&world.clock, 1000);
		assert_int_equal(loop_turn(world.loop, 10), 0);
	}
	assert_non_null(strstr(now().error, "nowhere.invalid"));
}

static void without_the_issuer_it_is_said_what_to_do(void **state)
{
	struct lab_id rogue;

	(void)state;
	lab_root(&rogue, "Trunk CA");
	lab_write_chain("ca.pem", &rogue);
	apply(NULL);
	pass(1);
	assert_non_null(strstr(now().error, "append it to either"));
	assert_int_equal(world.web.connections, 0);
	lab_write_chain("ca.pem", &world.root);
	serve(&world.us, 100);
	stapler_refresh(world.stapler);
	asked(1);
	assert_string_equal(now().error, "");
	lab_drop(&rogue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_of_what_is_left_passes),
		TEST(a_failure_is_tried_again_ever_more_slowly),
		TEST(a_pause_is_a_tenth_more_or_less_at_most),
		TEST(the_old_one_is_sent_while_its_time_lasts),
		TEST(a_restart_has_what_was_kept),
		TEST(what_was_kept_is_judged),
		TEST(another_certificate_is_asked_for_at_once),
		TEST(nobody_is_asked_who_is_not_named),
		TEST(a_name_that_is_not_found_is_said),
		TEST(without_the_issuer_it_is_said_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
