/* What a configuration wants of those who vouch for the log: vouch_load(), whole or not at all. */
#include "../oom.h"

#include "audit/vouch.h"
#include "base/clock.h"
#include "base/loop.h"
#include "config/config.h"
#include "evidence/cosign.h"
#include "sip/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HTTPS_CA "/etc/tandem/https-ca.pem"
#define LIST_SIZE 8192
/* Of a witness: a path is added to it (C2SP tlog-witness). */
#define ADDRESS_MAX (MAIL_URL_SIZE - sizeof("/add-checkpoint"))

/* One configuration, of which a test changes what it is about. The last reference is the test's: it is never freed. */
struct wants {
	struct config config;
	char list[LIST_SIZE];
};

static struct fixture {
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct vouch *vouch;
	struct vouch_parts *parts; /* of the last load */
	struct err_text text;
	struct wants now, next, last;
	char keys[3][NOTE_KEY_TEXT_SIZE]; /* of witnesses */
	char log_key[NOTE_KEY_TEXT_SIZE]; /* of a log: none of a witness */
} fixture;

static void make_keys(void)
{
	uint8_t public[ED25519_PUBLIC_LEN] = {0};
	struct note_key key;
	char name[32];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "w%u.example.com/1", i);
		public[0] = (uint8_t)i;
		assert_int_equal(cosign_key_make(&key, span_of(name), public), 0);
		note_key_text(&key, fixture.keys[i]);
	}
	assert_int_equal(
		note_key_make(&key, span_of("med1.example.com/records"), public), 0);
	note_key_text(&key, fixture.log_key);
}

/* Nobody vouches. */
static void want_nobody(struct wants *wants)
{
	static char nothing[] = "", state_dir[] = "/nonexistent/tandem";

	memset(wants, 0, sizeof(*wants));
	wants->config.refs = 1;
	wants->config.tandem.state_dir = state_dir;
	wants->config.audit.timestamp_url = nothing;
	wants->config.audit.timestamp_ca = nothing;
	wants->config.audit.timestamp_https_ca = nothing;
	wants->config.audit.timestamp_ms = 3600000;
	wants->config.audit.witness = wants->list;
	wants->config.audit.witness_https_ca = nothing;
	wants->config.audit.witness_ms = 60000;
	wants->config.audit.log_key = nothing;
}

/* An authority for time, and witness 0 by http, 1 by https. */
static void want_all(struct wants *wants)
{
	static char url[] = "http://tsa.example.com/tsa", ca[] = "/etc/tandem/tsa.pem",
		    https_ca[] = HTTPS_CA;

	want_nobody(wants);
	wants->config.audit.timestamp_url = url;
	wants->config.audit.timestamp_ca = ca;
	wants->config.audit.witness_https_ca = https_ca;
	snprintf(wants->list, sizeof(wants->list),
		"http://w0.example.com:8431 %s, https://w1.example.com %s",
		fixture.keys[0], fixture.keys[1]);
}

static int load_of(struct wants *wants)
{
	fixture.text.text[0] = '\0';
	return vouch_load(&fixture.parts, fixture.vouch, &wants->config, &fixture.text);
}

static int load(void)
{
	return load_of(&fixture.next);
}

/* The configuration NOW is in force. */
static void begin(void)
{
	struct err_text text = {""};

	if (vouch_new(&fixture.vouch, &fixture.now.config, fixture.loop, fixture.resolver,
		    &text) != 0)
		fail_msg("%s", text.text);
}

static int setup(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	make_keys();
	clock_virtual_init(&fixture.clock, 0);
	assert_int_equal(loop_new(&fixture.loop, &fixture.clock.clock), 0);
	assert_int_equal(resolver_new(&fixture.resolver, fixture.loop, NULL), 0);
	want_all(&fixture.now);
	want_all(&fixture.next);
	want_nobody(&fixture.last);
	return 0;
}

/* Nobody holds a configuration any more when all is gone. */
static int teardown(void **state)
{
	(void)state;
	vouch_free(fixture.vouch);
	resolver_free(fixture.resolver);
	loop_free(fixture.loop);
	assert_int_equal(fixture.now.config.refs, 1);
	assert_int_equal(fixture.next.config.refs, 1);
	assert_int_equal(fixture.last.config.refs, 1);
	return 0;
}

static void assert_state(bool has_stamper, unsigned witnesses)
{
	struct vouch_state state;

	vouch_state(fixture.vouch, &state);
	assert_int_equal(state.has_stamper, has_stamper);
	assert_int_equal(state.witnesses.count, witnesses);
}

/* What was loaded is refused for a reason that has WHY, and all is as it was. */
static void assert_refused(int expected, const char *why)
{
	struct vouch_parts *const other = (struct vouch_parts *)&fixture;
	int err;

	fixture.parts = other;
	err = load();
	if (err != expected || !strstr(fixture.text.text, why))
		fail_msg("%d \"%s\", not %d \"%s\", for \"%s\"", err, fixture.text.text,
			expected, why, fixture.next.list);
	assert_null(fixture.parts);
	assert_int_equal(fixture.next.config.refs, 1);
	assert_state(true, 2);
}

static void a_good_one_is_taken(void **state)
{
	struct vouch_state now;

	(void)state;
	want_nobody(&fixture.now);
	begin();
	assert_state(false, 0);
	assert_int_equal(load(), 0);
	assert_non_null(fixture.parts);
	assert_string_equal(fixture.text.text, "");
	/* not before it is used */
	assert_state(false, 0);
	vouch_use(fixture.vouch, fixture.parts);
	assert_state(true, 2);
	vouch_state(fixture.vouch, &now);
	assert_string_equal(now.witnesses.list[0].name, "w0.example.com/1");
	assert_string_equal(now.witnesses.list[0].url, "http://w0.example.com:8431");
	assert_string_equal(now.witnesses.list[1].name, "w1.example.com/1");
	assert_string_equal(now.witnesses.list[1].url, "https://w1.example.com");
	assert_int_equal(fixture.now.config.refs, 1);
}

static void what_is_the_same_is_no_news(void **state)
{
	static char token[] = "pkcs11:token=log";

	(void)state;
	begin();
	assert_int_equal(load(), 0);
	assert_null(fixture.parts);
	/* others of its section are not about this */
	fixture.next.config.audit.log_key = token;
	fixture.next.config.audit.keep_keys = true;
	fixture.next.config.audit.mask_digits = true;
	assert_int_equal(load(), 0);
	assert_null(fixture.parts);
	assert_int_equal(fixture.next.config.refs, 1);
	vouch_use(fixture.vouch, fixture.parts);
	assert_state(true, 2);
}

static void each_of_its_keys_is_news(void **state)
{
	static char url[] = "http://other.example.com/", file[] = "/etc/tandem/other.pem";

	(void)state;
	begin();
	for (unsigned i = 0; i < 7; i++) {
		want_all(&fixture.next);
		switch (i) {
		case 0:
			fixture.next.config.audit.timestamp_url = url;
			break;
		case 1:
			fixture.next.config.audit.timestamp_ca = file;
			break;
		case 2:
			fixture.next.config.audit.timestamp_https_ca = file;
			break;
		case 3:
			fixture.next.config.audit.timestamp_ms++;
			break;
		case 4:
			*strchr(fixture.next.list, ',') = '\0';
			break;
		case 5:
			fixture.next.config.audit.witness_https_ca = file;
			break;
		default:
			fixture.next.config.audit.witness_ms++;
			break;
		}
		assert_int_equal(load(), 0);
		assert_non_null(fixture.parts);
		vouch_drop(fixture.parts);
		assert_int_equal(fixture.next.config.refs, 1);
		/* what was dropped is not in force */
		assert_state(true, 2);
	}
}

static void nobody_is_a_change_too(void **state)
{
	(void)state;
	begin();
	want_nobody(&fixture.next);
	assert_int_equal(load(), 0);
	assert_non_null(fixture.parts);
	vouch_use(fixture.vouch, fixture.parts);
	assert_state(false, 0);
}

/* Two reloads within a turn of the audit thread: what the first one brought never begins. */
static void one_that_is_passed_over_is_dropped(void **state)
{
	(void)state;
	begin();
	fixture.next.config.audit.witness_ms++;
	assert_int_equal(load(), 0);
	vouch_use(fixture.vouch, fixture.parts);
	/* compared with that one, not with what is at work */
	assert_int_equal(load_of(&fixture.now), 0);
	assert_non_null(fixture.parts);
	vouch_drop(fixture.parts);
	assert_int_equal(load_of(&fixture.last), 0);
	assert_non_null(fixture.parts);
	vouch_use(fixture.vouch, fixture.parts);
	assert_int_equal(fixture.next.config.refs, 1);
	vouch_tick(fixture.vouch, 0, 0);
	assert_state(false, 0);
	assert_int_equal(fixture.now.config.refs, 1);
}

/* Each cut of a list is refused, but where whole witnesses are left. */
static void a_list_that_was_cut_is_refused(void **state)
{
	char whole[LIST_SIZE];
	size_t first, len;

	(void)state;
	begin();
	memcpy(whole, fixture.next.list, sizeof(whole));
	first = (size_t)(strchr(whole, ',') - whole);
	len = strlen(whole);
	for (size_t cut = 1; cut < len; cut++) {
		snprintf(fixture.next.list, sizeof(fixture.next.list), "%.*s", (int)cut,
			whole);
		if (cut == first) {
			assert_int_equal(load(), 0);
			vouch_drop(fixture.parts);
		} else {
			assert_refused(ERR_FORMAT, "[audit] witness: expected ");
		}
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const none[] = {"no", "\xff\xfe\x01 \x02", "<html> </html>",
		"http://w0.example.com", "ftp://w0.example.com %s", "w0.example.com %s",
		"%s http://w0.example.com", "http://w0.example.com %s more",
		"http://w0.example.com\t%s", "http://w0.example.com %s,",
		",http://w0.example.com %s"};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		const char *at = strstr(none[i], "%s");
		const int before = at ? (int)(at - none[i]) : (int)strlen(none[i]);

		snprintf(fixture.next.list, sizeof(fixture.next.list), "%.*s%s%s", before,
			none[i], at ? fixture.keys[0] : "", at ? at + 2 : "");
		assert_refused(ERR_FORMAT, "[audit] witness: expected ");
	}
	/* a log signs, and does not cosign */
	snprintf(fixture.next.list, sizeof(fixture.next.list), "http://w0.example.com %s",
		fixture.log_key);
	assert_refused(ERR_FORMAT, "the key of a witness");
}

static void what_is_too_long_is_refused(void **state)
{
	char *list = fixture.next.list;
	const size_t size = sizeof(fixture.next.list);

	(void)state;
	begin();
	list[0] = '\0';
	for (unsigned i = 0; i < WITNESSES_MAX; i++)
		snprintf(list + strlen(list), size - strlen(list), "%shttp://w0:%u %s",
			i ? "," : "", i + 1, fixture.keys[0]);
	assert_int_equal(load(), 0);
	assert_non_null(fixture.parts);
	vouch_drop(fixture.parts);
	snprintf(list + strlen(list), size - strlen(list), ",http://w0:9 %s",
		fixture.keys[0]);
	assert_refused(ERR_FORMAT, "expected at most 8 witnesses");
	snprintf(list, size, "http://%0*u %s", (int)ADDRESS_MAX - 7, 1, fixture.keys[0]);
	assert_int_equal(load(), 0);
	vouch_drop(fixture.parts);
	snprintf(list, size, "http://%0*u %s", (int)ADDRESS_MAX - 6, 1, fixture.keys[0]);
	assert_refused(ERR_FORMAT, "expected a URL of at most");
	snprintf(list, size, "http://w0 %0*u", NOTE_KEY_TEXT_SIZE, 1);
	assert_refused(ERR_FORMAT, "the key of a witness");
}

static void authorities_that_are_missing_are_refused(void **state)
{
	static char nothing[] = "";

	(void)state;
	begin();
	fixture.next.config.audit.witness_https_ca = nothing;
	assert_refused(ERR_FORMAT,
		"[audit] witness: expected witness-https-ca beside it for "
		"https://w1.example.com");
}

static void check_failed(int err)
{
	assert_int_equal(err, -ENOMEM);
	assert_string_not_equal(fixture.text.text, "");
	assert_null(fixture.parts);
	assert_int_equal(fixture.next.config.refs, 1);
	assert_state(false, 0);
}

/* Also of the courier, which the first of those who vouch needs. */
static void without_memory_nothing_is_changed(void **state)
{
	(void)state;
	want_nobody(&fixture.now);
	begin();
	oom_each(load, check_failed);
	assert_non_null(fixture.parts);
	vouch_use(fixture.vouch, fixture.parts);
	assert_state(true, 2);
}

static int begin_once(void)
{
	struct err_text text = {""};

	return vouch_new(&fixture.vouch, &fixture.now.config, fixture.loop,
		fixture.resolver, &text);
}

static void check_not_begun(int err)
{
	assert_int_equal(err, -ENOMEM);
	assert_null(fixture.vouch);
	assert_int_equal(fixture.now.config.refs, 1);
}

static void nor_is_any_begun(void **state)
{
	(void)state;
	oom_each(begin_once, check_not_begun);
	assert_state(true, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_one_is_taken),
		TEST(what_is_the_same_is_no_news),
		TEST(each_of_its_keys_is_news),
		TEST(nobody_is_a_change_too),
		TEST(one_that_is_passed_over_is_dropped),
		TEST(a_list_that_was_cut_is_refused),
		TEST(what_is_no_list_is_refused),
		TEST(what_is_too_long_is_refused),
		TEST(authorities_that_are_missing_are_refused),
		TEST(without_memory_nothing_is_changed),
		TEST(nor_is_any_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
