/* Names to addresses, against a name server of our own on loopback. */
#include "name_server.h"
#include "transport_test.h"

#include "base/log.h"
#include "sip/resolve.h"
#include "sip/resolve_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the tests' frame ---- */

static struct loop *loop;
static struct clock_virtual virtual_clock;
static struct name_server server;
static struct resolver *resolver;
static char hosts_path[] = "/tmp/tandem-hosts-XXXXXX";

static unsigned files; /* that are open without the resolver */

static struct resolve_answer answer;
static unsigned answers;

static void quiet(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	if (getenv("TEST_LOG"))
		fprintf(stderr, "%s\n", line);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_hosts(const char *text)
{
	write_file(hosts_path, text);
}

static unsigned open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int start(void **state)
{
	struct resolver_params params = {.hosts_file = hosts_path, .timeout_ms = 2000};
	struct err_text text = {.text = ""};

	(void)state;
	log_set_sink(quiet, NULL);
	clock_virtual_init(&virtual_clock, 1000000);
	virtual_clock.mono_us = 1000000;
	loop = test_loop(&virtual_clock.clock);
	name_server_start(&server, loop);
	params.forward = server.forward;
	write_hosts("# lab\n"
		    "192.0.2.77  filed.example.com FILED2 # a comment\n"
		    "2001:db8::77 filed.example.com\n"
		    "nonsense line\n");
	files = open_files();
	assert_int_equal(resolver_new_with(&resolver, loop, &params, &text), 0);
	answers = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	resolver_free(resolver);
	resolver = NULL;
	assert_int_equal(open_files(), files);
	name_server_stop(&server);
	loop_free(loop);
	return 0;
}

static int make_file(void **state)
{
	int fd = mkstemp(hosts_path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(hosts_path);
}

static void keep_answer(void *arg, const struct resolve_answer *given)
{
	(void)arg;
	answer = *given;
	answers++;
}

/* *RET is NULL where the answer came at once. */
static int begin_asking(
	const char *host, uint16_t port, enum transport_kind kind, struct resolve **ret)
{
	*ret = NULL;
	return resolver_ask(resolver,
		&(struct resolve_question){.host = host,
			.port = port,
			.kind = kind,
			.h = keep_answer,
			.arg = NULL},
		ret);
}

/* Asks and waits; whether the answer was there at once. */
static bool ask(const char *host, uint16_t port, enum transport_kind kind)
{
	struct resolve *question;
	unsigned before = answers;
	bool at_once;

	assert_int_equal(begin_asking(host, port, kind, &question), 0);
	at_once = answers == before + 1;
	assert_true((question == NULL) == at_once);
	UNTIL(loop, answers == before + 1);
	return at_once;
}

static void ask_dns(const char *host, uint16_t port, enum transport_kind kind)
{
	assert_false(ask(host, port, kind));
}

static void ask_at_once(const char *host, uint16_t port, enum transport_kind kind)
{
	assert_true(ask(host, port, kind));
}

/* What asking by UDP for the service of HOST comes to. */
static int begin_question(const char *host)
{
	struct resolve *question;

	return begin_asking(host, 0, TRANSPORT_UDP, &question);
}

static void assert_address(unsigned nth, const char *expected)
{
	char text[ADDR_TEXT_SIZE];

	assert_int_equal(answer.err, 0);
	assert_true(nth < answer.count);
	assert_string_equal(addr_text(&answer.addrs[nth], text), expected);
}

/* ---- without DNS ---- */

static void numeric_hosts_are_answered_at_once(void **state)
{
	(void)state;
	ask_at_once("192.0.2.9", 5070, TRANSPORT_UDP);
	assert_int_equal(answer.count, 1);
	assert_address(0, "192.0.2.9:5070");
	ask_at_once("192.0.2.9", 0, TRANSPORT_TCP);
	assert_address(0, "192.0.2.9:5060");
	ask_at_once("2001:db8::9", 0, TRANSPORT_TLS);
	assert_address(0, "[2001:db8::9]:5061");
	ask_at_once("[2001:db8::9]", 5070, TRANSPORT_TLS);
	assert_address(0, "[2001:db8::9]:5070");
	ask_at_once("192.0.2.9:5080", 0, TRANSPORT_UDP);
	assert_address(0, "192.0.2.9:5080");
	ask_at_once("192.0.2.9:5080", 5070, TRANSPORT_UDP);
	assert_address(0, "192.0.2.9:5070");
	assert_int_equal(server.asked, 0);
}

static void hosts_file_comes_first_and_is_read_again(void **state)
{
	(void)state;
	ask_at_once("Filed.example.com.", 0, TRANSPORT_TLS);
	assert_int_equal(answer.count, 2);
	assert_address(0, "192.0.2.77:5061");
	assert_address(1, "[2001:db8::77]:5061");
	ask_at_once("filed2", 5070, TRANSPORT_UDP);
	assert_address(0, "192.0.2.77:5070");
	ask_at_once("localhost", 0, TRANSPORT_UDP);
	assert_int_equal(answer.count, 2);
	assert_address(0, "127.0.0.1:5060");
	assert_address(1, "[::1]:5060");
	write_hosts("192.0.2.78 filed.example.com\n192.0.2.79 localhost\n");
	ask_at_once("filed.example.com", 0, TRANSPORT_TLS);
	assert_int_equal(answer.count, 1);
	assert_address(0, "192.0.2.78:5061");
	ask_at_once("localhost", 0, TRANSPORT_UDP);
	assert_address(0, "192.0.2.79:5060");
	assert_int_equal(server.asked, 0);
}

/* Whatever of it is another: its size, or the time when it was written. */
static void hosts_file_is_read_again_when_anything_of_it_changed(void **state)
{
	static const struct {
		const char *text, *address;
		struct timespec written;
	} steps[] = {
		{"192.0.2.71 again\n", "192.0.2.71:9", {1000, 1}},
		{"192.0.2.72 again\n", "192.0.2.72:9", {1000, 2}},
		{"192.0.2.73 again\n", "192.0.2.73:9", {1001, 2}},
		{"192.0.2.7 again\n", "192.0.2.7:9", {1001, 2}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct timespec times[2] = {steps[i].written, steps[i].written};

		write_hosts(steps[i].text);
		assert_int_equal(utimensat(AT_FDCWD, hosts_path, times, 0), 0);
		ask_at_once("again", 9, TRANSPORT_UDP);
		assert_int_equal(answer.count, 1);
		assert_address(0, steps[i].address);
	}
}

/* As editors do it: another file comes in its place. */
static void hosts_file_is_read_again_when_it_is_another(void **state)
{
	const struct timespec times[2] = {{1000, 1}, {1000, 1}};
	char other[sizeof(hosts_path) + 4];

	(void)state;
	snprintf(other, sizeof(other), "%s.new", hosts_path);
	write_hosts("192.0.2.71 again\n");
	assert_int_equal(utimensat(AT_FDCWD, hosts_path, times, 0), 0);
	ask_at_once("again", 9, TRANSPORT_UDP);
	assert_address(0, "192.0.2.71:9");
	write_file(other, "192.0.2.72 again\n");
	assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
	assert_int_equal(rename(other, hosts_path), 0);
	ask_at_once("again", 9, TRANSPORT_UDP);
	assert_int_equal(answer.count, 1);
	assert_address(0, "192.0.2.72:9");
}

/* Each call may ask for a name. */
static void hosts_file_that_is_the_same_is_not_read_again(void **state)
{
	const struct timespec times[2] = {{1000, 1}, {1000, 1}};

	(void)state;
	write_hosts("192.0.2.71 again\n");
	assert_int_equal(utimensat(AT_FDCWD, hosts_path, times, 0), 0);
	ask_at_once("again", 9, TRANSPORT_UDP);
	write_hosts("192.0.2.72 again\n");
	assert_int_equal(utimensat(AT_FDCWD, hosts_path, times, 0), 0);
	ask_at_once("again", 9, TRANSPORT_UDP);
	assert_address(0, "192.0.2.71:9");
}

static void what_is_no_name_is_not_asked(void **state)
{
	static const char *const bad[] = {"", ".", "a..b", ".a", "a b", "a\nb", "a/b",
		"\xc3\xa4",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"};
	struct resolve *question;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(resolver_ask(resolver,
					 &(struct resolve_question){.host = bad[i],
						 .port = 0,
						 .kind = TRANSPORT_UDP,
						 .h = keep_answer,
						 .arg = NULL},
					 &question),
			ERR_FORMAT);
	assert_int_equal(answers, 0);
}

/* ---- with DNS ---- */

static void address_records_are_found_and_kept_for_their_ttl(void **state)
{
	unsigned asked;

	(void)state;
	ask("one.example.com", 5070, TRANSPORT_UDP);
	assert_int_equal(answer.count, 1);
	assert_address(0, "192.0.2.1:5070");
	asked = server.asked;
	ask_at_once("ONE.example.com", 5070, TRANSPORT_UDP);
	assert_address(0, "192.0.2.1:5070");
	assert_int_equal(server.asked, asked);
}

static void what_was_kept_is_asked_again_after_its_ttl(void **state)
{
	(void)state;
	ask_dns("one.example.com", 5070, TRANSPORT_UDP);
	clock_virtual_advance(&virtual_clock, 299 * 1000000ULL);
	ask_at_once("one.example.com", 5070, TRANSPORT_UDP);
	clock_virtual_advance(&virtual_clock, 1000000);
	ask_dns("one.example.com", 5070, TRANSPORT_UDP);
	assert_address(0, "192.0.2.1:5070");
}

static void what_is_no_address_is_left_out(void **state)
{
	(void)state;
	ask("odd.example.com", 5060, TRANSPORT_UDP);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_int_equal(answer.count, 0);
}

static const char *one_of_many(unsigned nth)
{
	static char name[40];

	snprintf(name, sizeof(name), "h%u.many.example.com", nth);
	return name;
}

static void oldest_answer_gives_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 256; i++)
		ask_dns(one_of_many(i), 5060, TRANSPORT_UDP);
	for (unsigned i = 1; i <= 256; i++)
		ask_at_once(one_of_many(i), 5060, TRANSPORT_UDP);
	ask_dns(one_of_many(0), 5060, TRANSPORT_UDP);
	assert_address(0, "192.0.2.50:5060");
}

static void questions_under_way_are_limited(void **state)
{
	(void)state;
	server.mute = true;
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(begin_question(one_of_many(i)), 0);
	assert_int_equal(begin_question(one_of_many(256)), ERR_LIMIT);
	assert_int_equal(begin_question(one_of_many(0)), 0); /* is none more */
	assert_int_equal(answers, 0);
}

/* With a key of the root all must be signed, and nothing of this server is. */
static void what_is_not_signed_fails_where_a_key_is_given(void **state)
{
	char key_path[sizeof(hosts_path) + 4];
	struct resolver_params params = {.hosts_file = hosts_path,
		.forward = server.forward,
		.trust_anchor = key_path};
	struct err_text text = {.text = ""};

	(void)state;
	snprintf(key_path, sizeof(key_path), "%s.key", hosts_path);
	write_file(key_path,
		". IN DS 20326 8 2 "
		"E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
		"\n");
	resolver_free(resolver);
	assert_int_equal(resolver_new_with(&resolver, loop, &params, &text), 0);
	ask_dns("one.example.com", 5060, TRANSPORT_UDP);
	assert_int_equal(unlink(key_path), 0);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_non_null(strstr(answer.why, "DNSSEC validation failed"));
}

static void without_name_servers_numbers_are_answered(void **state)
{
	const struct resolver_params params = {
		.hosts_file = hosts_path, .forward = "no address"};
	struct err_text text = {.text = ""};

	(void)state;
	resolver_free(resolver);
	assert_int_equal(resolver_new_with(&resolver, loop, &params, &text), 0);
	assert_int_equal(begin_question("one.example.com"), ERR_LIBRARY);
	assert_int_equal(answers, 0);
	ask_at_once("192.0.2.9", 5070, TRANSPORT_UDP);
	ask_at_once("filed.example.com", 5070, TRANSPORT_UDP);
}

static void ipv4_comes_before_ipv6(void **state)
{
	(void)state;
	ask("both.example.com", 5060, TRANSPORT_TCP);
	assert_int_equal(answer.count, 2);
	assert_address(0, "192.0.2.2:5060");
	assert_address(1, "[2001:db8::2]:5060");
}

static void without_srv_the_default_port_is_taken(void **state)
{
	(void)state;
	ask("one.example.com", 0, TRANSPORT_TLS);
	assert_address(0, "192.0.2.1:5061");
	ask("pbx.lab.test", 0, TRANSPORT_UDP);
	assert_address(0, "192.0.2.3:5060");
}

static void srv_orders_by_priority_and_weight(void **state)
{
	unsigned big_first = 0;

	(void)state;
	ask("srv.example.com", 0, TRANSPORT_TCP);
	for (int i = 0; i < 1000; i++) {
		ask_at_once("srv.example.com", 0, TRANSPORT_TCP);
		assert_int_equal(answer.count, 3);
		assert_address(2, "192.0.2.20:5070");
		if (addr_port(&answer.addrs[0]) == 5060) {
			assert_address(0, "192.0.2.11:5060");
			assert_address(1, "192.0.2.12:5062");
			big_first++;
		} else {
			assert_address(0, "192.0.2.12:5062");
			assert_address(1, "192.0.2.11:5060");
		}
	}
	/* Nine in ten; six standard deviations to either side. */
	assert_in_range(big_first, 840, 960);
}

/* Its servers may change sooner than their addresses. */
static void srv_is_kept_for_its_own_ttl(void **state)
{
	unsigned asked;

	(void)state;
	ask("soon.example.com", 0, TRANSPORT_TCP);
	assert_address(0, "192.0.2.1:5075");
	asked = server.asked;
	ask("soon.example.com", 0, TRANSPORT_TCP);
	assert_address(0, "192.0.2.1:5075");
	assert_true(server.asked > asked);
}

static void srv_target_may_stand_in_the_hosts_file(void **state)
{
	(void)state;
	ask("tls.example.com", 0, TRANSPORT_TLS);
	assert_int_equal(answer.count, 2);
	assert_address(0, "192.0.2.77:5099");
}

static void service_that_is_not_offered_is_an_error(void **state)
{
	(void)state;
	ask("closed.example.com", 0, TRANSPORT_UDP);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_int_equal(answer.count, 0);
	assert_non_null(strstr(answer.why, "not offered"));
}

static void unknown_name_is_an_error_in_words(void **state)
{
	(void)state;
	ask("nobody.example.com", 0, TRANSPORT_UDP);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_non_null(strstr(answer.why, "NXDOMAIN, the name does not exist"));
}

/* With the name of its service before it, it is too long for DNS. */
static void name_that_dns_cannot_ask_for_is_an_error(void **state)
{
	char name[252];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	for (size_t i = 62; i < sizeof(name) - 1; i += 63)
		name[i] = '.';
	name[sizeof(name) - 1] = '\0';
	ask_dns(name, 0, TRANSPORT_UDP);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_string_not_equal(answer.why, "");
	assert_int_equal(server.asked, 0);
}

static void silence_ends_the_question(void **state)
{
	struct resolve *question = NULL;

	(void)state;
	server.mute = true;
	assert_int_equal(resolver_ask(resolver,
				 &(struct resolve_question){.host = "one.example.com",
					 .port = 5060,
					 .kind = TRANSPORT_UDP,
					 .h = keep_answer,
					 .arg = NULL},
				 &question),
		0);
	UNTIL(loop, server.asked > 0);
	assert_int_equal(answers, 0);
	clock_virtual_advance(&virtual_clock, 2001 * 1000);
	UNTIL(loop, answers == 1);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_non_null(strstr(answer.why, "no answer from DNS in 2000 ms"));
}

static void old_answer_serves_while_dns_fails(void **state)
{
	unsigned asked;

	(void)state;
	ask("brief.example.com", 5060, TRANSPORT_UDP);
	assert_address(0, "192.0.2.4:5060");
	/* Its TTL of 0 lets libunbound, whose clock is the real one, keep nothing either. */
	server.failing = true;
	asked = server.asked;
	ask("brief.example.com", 5060, TRANSPORT_UDP);
	assert_address(0, "192.0.2.4:5060");
	assert_true(server.asked > asked);
	/* And DNS is not asked again for each call meanwhile. */
	ask_at_once("brief.example.com", 5060, TRANSPORT_UDP);
}

/* RFC 8767 5 */
static void old_answer_serves_for_a_day(void **state)
{
	(void)state;
	ask_dns("brief.example.com", 5060, TRANSPORT_UDP);
	server.failing = true;
	ask_dns("brief.example.com", 5060, TRANSPORT_UDP);
	clock_virtual_advance(&virtual_clock, 29 * 1000000ULL);
	ask_at_once("brief.example.com", 5060, TRANSPORT_UDP);
	clock_virtual_advance(&virtual_clock, 1000000);
	ask_dns("brief.example.com", 5060, TRANSPORT_UDP);
	clock_virtual_advance(&virtual_clock, (86400 - 31) * 1000000ULL);
	ask_dns("brief.example.com", 5060, TRANSPORT_UDP);
	assert_address(0, "192.0.2.4:5060");
	clock_virtual_advance(&virtual_clock, 31 * 1000000ULL);
	ask_dns("brief.example.com", 5060, TRANSPORT_UDP);
	assert_int_equal(answer.err, ERR_RESOLVE);
	assert_non_null(strstr(answer.why, "brief.example.com A: SERVFAIL"));
}

static void questions_for_one_name_are_one(void **state)
{
	struct resolve *questions[20];
	unsigned asked;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(
			resolver_ask(resolver,
				&(struct resolve_question){.host = "one.example.com",
					.port = 5060,
					.kind = TRANSPORT_UDP,
					.h = keep_answer,
					.arg = NULL},
				&questions[i]),
			0);
	for (int i = 0; i < 10; i++)
		resolve_cancel(questions[i]);
	UNTIL(loop, answers == 10);
	asked = server.asked;
	assert_in_range(asked, 1, 4); /* A and AAAA, perhaps repeated */
	test_settle(loop);
	assert_int_equal(answers, 10);
}

static struct resolve *again;

static void ask_again(void *arg, const struct resolve_answer *given)
{
	(void)arg;
	assert_int_equal(given->err, ERR_RESOLVE);
	answers++;
	assert_int_equal(resolver_ask(resolver,
				 &(struct resolve_question){.host = "nobody.example.com",
					 .port = 5060,
					 .kind = TRANSPORT_UDP,
					 .h = keep_answer,
					 .arg = NULL},
				 &again),
		0);
}

static void asking_again_from_the_handler_is_a_new_question(void **state)
{
	struct resolve *question;

	(void)state;
	assert_int_equal(resolver_ask(resolver,
				 &(struct resolve_question){.host = "nobody.example.com",
					 .port = 5060,
					 .kind = TRANSPORT_UDP,
					 .h = ask_again,
					 .arg = NULL},
				 &question),
		0);
	/* Both answers may be there at one turn of the loop. */
	UNTIL(loop, answers == 2);
	assert_non_null(again);
}

static void open_questions_are_forgotten_at_the_end(void **state)
{
	struct resolve *question;

	(void)state;
	server.mute = true;
	assert_int_equal(resolver_ask(resolver,
				 &(struct resolve_question){.host = "one.example.com",
					 .port = 0,
					 .kind = TRANSPORT_UDP,
					 .h = keep_answer,
					 .arg = NULL},
				 &question),
		0);
	UNTIL(loop, server.asked > 0);
	/* stop() frees the resolver now. */
}

/* ---- SRV data ---- */

static void malformed_srv_data_is_refused(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		int err;
	} cases[] = {
		{"\0\1\0\2\23\304\1a\0", 9, 0}, {"\0\1\0\2\23\304\0", 7, ERR_SUPPORT},
		{"\0\1\0\2\23\304", 6, ERR_FORMAT},          /* no name */
		{"\0\1\0\2\23\304\1a", 8, ERR_FORMAT},       /* no end */
		{"\0\1\0\2\23\304\5ab\0", 10, ERR_FORMAT},   /* label past the end */
		{"\0\1\0\2\23\304\300\14\0", 9, ERR_FORMAT}, /* compressed */
		{"\0\1\0\2\23\304\3a.b\0", 11, ERR_FORMAT},  /* a dot in a label */
		{"\0\1\0\2\23\304\2a\n\0", 10, ERR_FORMAT},  /* no host name */
		{"\0\1\0\2\0\0\1a\0", 9, ERR_FORMAT},        /* port 0 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolve_set set = {.count = 0};

		assert_int_equal(resolve_set_add_srv(&set, (const uint8_t *)cases[i].data,
					 cases[i].len),
			cases[i].err);
		assert_int_equal(set.count, cases[i].err == 0);
	}
}

static void many_servers_leave_the_most_wanted(void **state)
{
	struct resolve_set set = {.count = 0};
	struct resolve_answer order;
	struct addr addr;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		uint8_t data[] = {
			0, (uint8_t)(50 - i), 0, 0, 0x13, (uint8_t)i, 1, 'a', 0};

		assert_int_equal(resolve_set_add_srv(&set, data, sizeof(data)), 0);
	}
	assert_int_equal(set.count, RESOLVE_SERVERS_MAX);
	assert_int_equal(addr_parse(&addr, "192.0.2.1", 0), 0);
	for (unsigned i = 0; i < set.count; i++)
		resolve_server_add(&set.servers[i], &addr);
	resolve_set_order(&set, &order);
	assert_int_equal(order.count, RESOLVE_SERVERS_MAX);
	for (unsigned i = 0; i < RESOLVE_SERVERS_MAX; i++) {
		assert_int_equal(addr_port(&order.addrs[i]), 0x1300 + 49 - i);
		assert_int_equal(order.targets[i], i);
	}
}

/* However many addresses the first targets have, the last one is not forgotten. */
static void every_target_keeps_its_addresses(void **state)
{
	struct resolve_set set = {.count = 0};
	struct resolve_answer order;
	char text[40];
	struct addr addr;

	(void)state;
	for (unsigned i = 0; i < RESOLVE_SERVERS_MAX; i++) {
		uint8_t data[] = {0, (uint8_t)i, 0, 0, 0x13, (uint8_t)i, 1, 'a', 0};

		assert_int_equal(resolve_set_add_srv(&set, data, sizeof(data)), 0);
		for (unsigned a = 0; a < RESOLVE_SERVER_ADDRS_MAX; a++) {
			snprintf(text, sizeof(text),
				a % 2 ? "192.0.2.%u" : "2001:db8::%u", a);
			assert_int_equal(addr_parse(&addr, text, 0), 0);
			resolve_server_add(&set.servers[i], &addr);
		}
	}
	resolve_set_order(&set, &order);
	assert_int_equal(order.count, RESOLVE_MAX);
	for (unsigned i = 0; i < order.count; i++) {
		unsigned in_target = i % RESOLVE_SERVER_ADDRS_MAX;

		assert_int_equal(order.targets[i], i / RESOLVE_SERVER_ADDRS_MAX);
		assert_int_equal(addr_port(&order.addrs[i]), 0x1300 + order.targets[i]);
		assert_int_equal(addr_is_v6(&order.addrs[i]),
			in_target >= RESOLVE_SERVER_ADDRS_MAX / 2);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numeric_hosts_are_answered_at_once),
		TEST(hosts_file_comes_first_and_is_read_again),
		TEST(hosts_file_is_read_again_when_anything_of_it_changed),
		TEST(hosts_file_is_read_again_when_it_is_another),
		TEST(hosts_file_that_is_the_same_is_not_read_again),
		TEST(what_is_no_name_is_not_asked),
		TEST(address_records_are_found_and_kept_for_their_ttl),
		TEST(what_was_kept_is_asked_again_after_its_ttl),
		TEST(what_is_no_address_is_left_out),
		TEST(oldest_answer_gives_way),
		TEST(questions_under_way_are_limited),
		TEST(what_is_not_signed_fails_where_a_key_is_given),
		TEST(without_name_servers_numbers_are_answered),
		TEST(ipv4_comes_before_ipv6),
		TEST(without_srv_the_default_port_is_taken),
		TEST(srv_orders_by_priority_and_weight),
		TEST(srv_is_kept_for_its_own_ttl),
		TEST(srv_target_may_stand_in_the_hosts_file),
		TEST(service_that_is_not_offered_is_an_error),
		TEST(unknown_name_is_an_error_in_words),
		TEST(name_that_dns_cannot_ask_for_is_an_error),
		TEST(silence_ends_the_question),
		TEST(old_answer_serves_while_dns_fails),
		TEST(old_answer_serves_for_a_day),
		TEST(questions_for_one_name_are_one),
		TEST(asking_again_from_the_handler_is_a_new_question),
		TEST(open_questions_are_forgotten_at_the_end),
		cmocka_unit_test(malformed_srv_data_is_refused),
		cmocka_unit_test(many_servers_leave_the_most_wanted),
		cmocka_unit_test(every_target_keeps_its_addresses),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
