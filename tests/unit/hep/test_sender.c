#include "../unit.h"

#include "../tls/lab.h"
#include "hep_test.h"

#include "base/log.h"
#include "hep/packet.h"
#include "hep/sender.h"
#include "tls/channel.h"

#include <errno.h>

#define SMALL 1000 /* bytes of a packet here */

struct fixture {
	struct world world;
	struct sender *sender;
	int listener; /* -1: none */
	int fd;       /* of the collector's side of a connection, or its UDP socket */
	uint16_t port;
	uint32_t next; /* number of the packet that is added next */
	struct buf got;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sender_params params;

	world_start(&f->world, lab_path("hosts"));
	params = (struct sender_params){
		.loop = f->world.loop, .resolver = f->world.resolver};
	assert_int_equal(sender_new(&f->sender, &params), 0);
	f->listener = f->fd = -1;
	buf_init(&f->got, 0);
	*state = f;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sender_free(f->sender);
	close_fd(&f->fd);
	close_fd(&f->listener);
	buf_free(&f->got);
	world_stop(&f->world);
	free(f);
	return 0;
}

static void use(struct fixture *f, enum collector_transport transport, size_t queue)
{
	struct sender_target target = {
		.place = {.transport = transport, .host = "127.0.0.1", .port = f->port},
		.queue_bytes = queue};

	sender_use(f->sender, &target);
}

/* A packet of SMALL bytes that begins with its number. */
static void add(struct fixture *f)
{
	uint8_t packet[SMALL] = {'H', 'E', 'P', '3', SMALL >> 8, SMALL & 255};
	const uint32_t number = f->next++;

	memcpy(packet + 6, &number, sizeof(number));
	sender_add(f->sender, packet, sizeof(packet));
}

static struct sender_state state_of(const struct fixture *f)
{
	struct sender_state state;

	sender_state(f->sender, &state);
	return state;
}

static void listen_again(struct fixture *f)
{
	f->listener = bound(SOCK_STREAM, f->port, &f->port);
	assert_int_equal(listen(f->listener, 4), 0);
}

static bool accepts(struct fixture *f)
{
	f->fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return f->fd >= 0;
}

static void read_all(struct fixture *f)
{
	char bytes[65536];
	ssize_t len;

	while ((len = read(f->fd, bytes, sizeof(bytes))) > 0)
		buf_add(&f->got, bytes, (size_t)len);
}

/* Whole packets that came are those from FIRST on, without a gap. Returns how many. */
static uint32_t numbered(const struct fixture *f, uint32_t first)
{
	uint32_t count = 0;

	for (size_t at = 0; at + SMALL <= f->got.len; at += SMALL) {
		uint32_t number;

		assert_memory_equal(f->got.data + at, "HEP3", 4);
		memcpy(&number, f->got.data + at + 6, sizeof(number));
		assert_int_equal(number, first + count++);
	}
	return count;
}

static uint32_t got(struct fixture *f, uint32_t first)
{
	read_all(f);
	return numbered(f, first);
}

static void by_udp_a_packet_is_a_datagram(void **state)
{
	struct fixture *f = *state;
	char bytes[2 * SMALL];
	unsigned count = 0;

	f->fd = bound(SOCK_DGRAM, 0, &f->port);
	use(f, COLLECTOR_UDP, 1 << 20);
	add(f);
	TURN_UNTIL(&f->world, state_of(f).open && state_of(f).sent == 1);
	/* as many as its socket keeps, and in several calls of the kernel */
	for (unsigned i = 0; i < 79; i++)
		add(f);
	TURN_UNTIL(&f->world, state_of(f).sent == 80);
	for (; recv(f->fd, bytes, sizeof(bytes), 0) == SMALL; count++)
		buf_add(&f->got, bytes, SMALL);
	assert_int_equal(count, 80);
	assert_int_equal(numbered(f, 0), 80);
	assert_int_equal(state_of(f).lost, 0);
	assert_int_equal(state_of(f).waiting_bytes, 0);
}

static void by_tcp_they_come_one_after_another(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	use(f, COLLECTOR_TCP, 4 << 20);
	for (unsigned i = 0; i < 1000; i++)
		add(f);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, got(f, 0) == 1000);
	assert_true(state_of(f).open);
	assert_int_equal(state_of(f).sent, 1000);
	assert_int_equal(state_of(f).lost, 0);
	assert_string_equal(state_of(f).why, "");
	add(f);
	TURN_UNTIL(&f->world, got(f, 0) == 1001);
}

static unsigned away_lines;

static void count_away(void *arg, enum log_level level, const char *line, size_t len)
{
	(void)arg;
	(void)level;
	away_lines += memmem(line, len, "event=collector-away", 20) != NULL;
}

/* A night without a collector is one line, and so is one for the next that is named. */
static void a_reason_is_said_once(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	close_fd(&f->listener);
	away_lines = 0;
	log_set_tap(count_away, LOG_LEVEL_WARNING, NULL);
	use(f, COLLECTOR_TCP, 1 << 20);
	TURN_UNTIL(&f->world, state_of(f).why[0]);
	for (unsigned i = 0; i < 5; i++) {
		pass_ms(&f->world, 30000);
		for (unsigned turn = 0; turn < 5; turn++)
			loop_turn(f->world.loop, 1);
	}
	assert_int_equal(away_lines, 1);
	use(f, COLLECTOR_TCP, 1 << 20);
	TURN_UNTIL(&f->world, state_of(f).why[0]);
	assert_int_equal(away_lines, 2);
	/* it was there: its end is news, whatever the reason */
	listen_again(f);
	pass_ms(&f->world, 1000);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, state_of(f).open);
	close_fd(&f->listener);
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, away_lines == 3);
	log_set_tap(NULL, LOG_LEVEL_WARNING, NULL);
}

/* It is tried again after one second, two, four ..., half a minute at most. */
static void a_collector_that_is_away_is_waited_for(void **state)
{
	static const uint64_t rests_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
	struct fixture *f = *state;

	listen_again(f);
	close_fd(&f->listener);
	use(f, COLLECTOR_TCP, 1 << 20);
	add(f);
	add(f);
	TURN_UNTIL(&f->world, state_of(f).why[0]);
	assert_string_equal(state_of(f).why, "Connection refused");
	for (unsigned i = 0; i < sizeof(rests_ms) / sizeof(rests_ms[0]); i++) {
		/* it listens just before the next try, and so it is seen when that is */
		pass_ms(&f->world, rests_ms[i] - 1);
		listen_again(f);
		assert_false(accepts(f));
		close_fd(&f->listener);
		pass_ms(&f->world, 1);
		for (unsigned turn = 0; turn < 5; turn++)
			loop_turn(f->world.loop, 1);
		assert_false(state_of(f).open);
		assert_int_equal(state_of(f).waiting_bytes, 2 * SMALL);
	}
	listen_again(f);
	pass_ms(&f->world, 30000);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, got(f, 0) == 2);
	assert_true(state_of(f).open);
	assert_string_equal(state_of(f).why, "");
	assert_int_equal(state_of(f).lost, 0);
	/* one that stood for a while is made again at once, and the next one too */
	pass_ms(&f->world, 10000);
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, !state_of(f).open);
	pass_ms(&f->world, 1000);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, state_of(f).open);
	/* who hangs up at once is not asked each second */
	pass_ms(&f->world, 9999);
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, !state_of(f).open);
	pass_ms(&f->world, 1999);
	assert_false(accepts(f));
	pass_ms(&f->world, 1);
	TURN_UNTIL(&f->world, accepts(f));
}

/* What did not leave as a whole goes again as a whole: who read half of a packet threw that away. */
static void a_connection_that_ends_is_made_again(void **state)
{
	struct fixture *f = *state;
	uint32_t first;

	listen_again(f);
	use(f, COLLECTOR_TCP, 64 << 20);
	TURN_UNTIL(&f->world, accepts(f));
	/* more than the kernel takes */
	for (unsigned i = 0; i < 20000; i++)
		add(f);
	for (unsigned turn = 0; turn < 200; turn++)
		loop_turn(f->world.loop, 0);
	first = (uint32_t)state_of(f).sent;
	assert_true(first > 0 && first < 20000);
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, !state_of(f).open);
	assert_true(state_of(f).why[0]);
	pass_ms(&f->world, 1000);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, got(f, first) == 20000 - first);
	assert_int_equal(state_of(f).lost, 0);
	assert_int_equal(state_of(f).sent, 20000);
	assert_int_equal(state_of(f).waiting_bytes, 0);
}

static void an_orderly_end_is_one_too(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	use(f, COLLECTOR_TCP, 1 << 20);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, state_of(f).open);
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, !state_of(f).open);
	assert_string_equal(state_of(f).why, "closed by the collector");
}

static void what_finds_no_room_is_counted(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	close_fd(&f->listener);
	use(f, COLLECTOR_TCP, 10 * SMALL);
	for (unsigned i = 0; i < 25; i++)
		add(f);
	assert_int_equal(state_of(f).lost, 15);
	assert_int_equal(state_of(f).waiting_bytes, 10 * SMALL);
	TURN_UNTIL(&f->world, state_of(f).why[0]);
	listen_again(f);
	pass_ms(&f->world, 1000);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, got(f, 0) == 10);
	assert_int_equal(state_of(f).sent, 10);
	/* then there is room again */
	add(f);
	buf_clear(&f->got);
	TURN_UNTIL(&f->world, got(f, 25) == 1);
	sender_lost(f->sender, 3);
	assert_int_equal(state_of(f).lost, 18);
}

/* UDP tells that nobody listens; each such answer is a packet that came to nobody. */
static void a_datagram_that_is_refused_is_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t lost;

	f->fd = bound(SOCK_DGRAM, 0, &f->port);
	close_fd(&f->fd);
	use(f, COLLECTOR_UDP, 1 << 20);
	/* the kernel says so when the next one is sent, which is sent nevertheless */
	for (unsigned i = 0; i < 3; i++)
		add(f);
	TURN_UNTIL(&f->world, state_of(f).lost == 3);
	assert_int_equal(state_of(f).sent, 3);
	assert_int_equal(state_of(f).waiting_bytes, 0);
	assert_false(state_of(f).open);
	assert_string_equal(state_of(f).why, "Connection refused");
	/* a new socket has forgotten that, but is not believed before something went by it */
	pass_ms(&f->world, 10000);
	for (unsigned turn = 0; turn < 10; turn++)
		loop_turn(f->world.loop, 1);
	assert_false(state_of(f).open);
	f->fd = bound(SOCK_DGRAM, f->port, &f->port);
	pass_ms(&f->world, 10000);
	assert_false(state_of(f).open);
	lost = state_of(f).lost;
	add(f);
	TURN_UNTIL(&f->world, state_of(f).sent == 4);
	pass_ms(&f->world, 10000);
	assert_true(state_of(f).open);
	assert_string_equal(state_of(f).why, "");
	assert_int_equal(state_of(f).lost, lost);
}

static void what_waits_goes_where_it_is_sent_from_now_on(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	close_fd(&f->listener);
	use(f, COLLECTOR_TCP, 1 << 20);
	add(f);
	TURN_UNTIL(&f->world, state_of(f).why[0]);
	f->fd = bound(SOCK_DGRAM, 0, &f->port);
	use(f, COLLECTOR_UDP, 1 << 20);
	assert_string_equal(state_of(f).why, "");
	TURN_UNTIL(&f->world, got(f, 0) == 1);
	sender_use(f->sender, NULL);
	add(f);
	assert_false(state_of(f).open);
	assert_int_equal(state_of(f).waiting_bytes, 0);
	assert_int_equal(state_of(f).lost, 0);
}

static void nowhere_what_waits_is_lost(void **state)
{
	struct fixture *f = *state;

	listen_again(f);
	close_fd(&f->listener);
	use(f, COLLECTOR_TCP, 1 << 20);
	add(f);
	add(f);
	sender_use(f->sender, NULL);
	assert_int_equal(state_of(f).lost, 2);
	assert_int_equal(state_of(f).waiting_bytes, 0);
	pass_ms(&f->world, 60000);
	assert_false(state_of(f).open);
}

/* A name that is none is a reason, and is asked for again. */
static void a_name_without_address_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct sender_target target = {
		.place = {.transport = COLLECTOR_TCP, .host = "999.1.1.1", .port = 1},
		.queue_bytes = 1 << 20};

	sender_use(f->sender, &target);
	add(f);
	assert_false(state_of(f).open);
	assert_int_equal(state_of(f).waiting_bytes, SMALL);
}

/* Each address is tried before it rests. */
static void a_name_with_several_addresses_is_tried_by_all(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = sizeof(addr);
	struct sender_target target = {
		.place = {.transport = COLLECTOR_TCP, .host = "two.example"},
		.queue_bytes = 1 << 20};

	/* at ::1 alone, which is the second one */
	f->listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(f->listener >= 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(f->listener, 4), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&addr, &len), 0);
	target.place.port = ntohs(addr.sin6_port);
	sender_use(f->sender, &target);
	add(f);
	TURN_UNTIL(&f->world, accepts(f));
	TURN_UNTIL(&f->world, got(f, 0) == 1);
	assert_true(state_of(f).open);
	/* and again from the first one on, when that ends */
	close_fd(&f->fd);
	TURN_UNTIL(&f->world, !state_of(f).open);
	pass_ms(&f->world, 1000);
	TURN_UNTIL(&f->world, accepts(f));
}

/* What is left in the queue is given to the kernel at the end. */
static void at_the_end_what_can_go_goes(void **state)
{
	struct fixture *f = *state;
	const struct sender_params params = {
		.loop = f->world.loop, .resolver = f->world.resolver};

	f->fd = bound(SOCK_DGRAM, 0, &f->port);
	use(f, COLLECTOR_UDP, 1 << 20);
	TURN_UNTIL(&f->world, state_of(f).open);
	add(f);
	add(f);
	sender_free(f->sender);
	assert_int_equal(got(f, 0), 2);
	assert_int_equal(sender_new(&f->sender, &params), 0);
}

/* ---- TLS ---- */

struct tls {
	struct lab_id root, other_root, us, them, named_otherwise;
	struct cred *ours, *theirs;
	struct trust *trust, *other_trust;
	struct channel *channel;
	struct peer *client;
};

static void tls_start(struct tls *tls, const char *their_name)
{
	*tls = (struct tls){0};
	lab_root(&tls->root, "CA");
	lab_root(&tls->other_root, "other CA");
	lab_host(&tls->us, "med1.example.com", &tls->root);
	lab_host(&tls->them, their_name, &tls->root);
	tls->ours = lab_cred(&tls->us);
	tls->theirs = lab_cred(&tls->them);
	tls->trust = lab_trust(&tls->root);
	tls->other_trust = lab_trust(&tls->other_root);
	tls->client = lab_peer("med1.example.com", tls->trust);
}

static void tls_stop(struct tls *tls)
{
	channel_free(tls->channel);
	peer_set_unref(tls->client->set);
	cred_unref(tls->ours);
	cred_unref(tls->theirs);
	trust_unref(tls->trust);
	trust_unref(tls->other_trust);
	lab_drop(&tls->us);
	lab_drop(&tls->them);
	lab_drop(&tls->root);
	lab_drop(&tls->other_root);
}

static void use_tls(struct fixture *f, const struct tls *tls, struct trust *trust)
{
	struct peer *peer = lab_peer("localhost", trust);
	struct sender_target target = {.place = {.transport = COLLECTOR_TLS,
					       .host = "localhost",
					       .port = f->port},
		.queue_bytes = 1 << 20,
		.cred = tls->ours,
		.peer = peer};

	sender_use(f->sender, &target);
	peer_set_unref(peer->set);
}

static void accept_tls(struct fixture *f, struct tls *tls)
{
	struct channel_params params = {
		.accept = true, .cred = tls->theirs, .peers = tls->client->set};

	TURN_UNTIL(&f->world, accepts(f));
	params.fd = f->fd;
	assert_int_equal(channel_new(&tls->channel, &params, NULL), 0);
}

/* Goes on; what was read by then is in got. */
static int serve(struct fixture *f, struct tls *tls)
{
	int err = channel_handshake(tls->channel);
	char bytes[4096];
	ssize_t len;

	while (!err && (len = channel_read(tls->channel, bytes, sizeof(bytes))) > 0)
		buf_add(&f->got, bytes, (size_t)len);
	return err;
}

static void by_tls_they_come_to_who_proves_his_name(void **state)
{
	struct fixture *f = *state;
	struct tls tls;

	tls_start(&tls, "localhost");
	listen_again(f);
	use_tls(f, &tls, tls.trust);
	for (unsigned i = 0; i < 100; i++)
		add(f);
	accept_tls(f, &tls);
	TURN_UNTIL(&f->world, (serve(f, &tls), f->got.len >= 100 * SMALL));
	assert_int_equal(numbered(f, 0), 100);
	assert_true(state_of(f).open);
	assert_int_equal(state_of(f).sent, 100);
	tls_stop(&tls);
}

/* Who has a certificate of NAME, where others are trusted or not, is refused for WORD. */
static void expect_refused(
	struct fixture *f, const char *name, bool others, const char *word)
{
	struct tls tls;

	tls_start(&tls, name);
	listen_again(f);
	use_tls(f, &tls, others ? tls.other_trust : tls.trust);
	add(f);
	accept_tls(f, &tls);
	TURN_UNTIL(&f->world, (serve(f, &tls), state_of(f).why[0]));
	assert_non_null(strstr(state_of(f).why, word));
	serve(f, &tls);
	assert_int_equal(f->got.len, 0);
	assert_false(state_of(f).open);
	assert_int_equal(state_of(f).waiting_bytes, SMALL);
	assert_int_equal(state_of(f).sent, 0);
	tls_stop(&tls);
}

static void whoever_is_certified_by_others_gets_nothing(void **state)
{
	expect_refused(*state, "localhost", true, "rule=issuer");
}

static void whoever_has_another_name_gets_nothing(void **state)
{
	expect_refused(*state, "other.example.com", false, "rule=name");
}

/* Who was let in is not for ever. */
static void a_certificate_that_runs_out_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	struct tls tls;

	tls_start(&tls, "localhost");
	listen_again(f);
	/* the judge's clock is the real one; ours is set beyond the end of the certificate */
	f->world.clock.wall_us = (uint64_t)time(NULL) * 1000000;
	use_tls(f, &tls, tls.trust);
	accept_tls(f, &tls);
	TURN_UNTIL(&f->world, (serve(f, &tls), state_of(f).open));
	pass_ms(&f->world, 3601 * 1000);
	assert_true(state_of(f).open);
	f->world.clock.wall_us += UINT64_C(60) * LAB_DAY * 1000000;
	pass_ms(&f->world, 3601 * 1000);
	assert_false(state_of(f).open);
	assert_string_equal(
		state_of(f).why, "a certificate, or what it is judged by, has run out");
	tls_stop(&tls);
}

static int group_setup(void **state)
{
	static const char hosts[] = "127.0.0.1 two.example\n::1 two.example\n";

	(void)state;
	lab_start();
	lab_write("hosts", hosts, strlen(hosts), 0600);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	lab_stop();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_udp_a_packet_is_a_datagram),
		TEST(by_tcp_they_come_one_after_another),
		TEST(a_collector_that_is_away_is_waited_for),
		TEST(a_reason_is_said_once),
		TEST(a_connection_that_ends_is_made_again),
		TEST(an_orderly_end_is_one_too),
		TEST(what_finds_no_room_is_counted),
		TEST(a_datagram_that_is_refused_is_lost),
		TEST(what_waits_goes_where_it_is_sent_from_now_on),
		TEST(nowhere_what_waits_is_lost),
		TEST(a_name_without_address_is_asked_for_again),
		TEST(a_name_with_several_addresses_is_tried_by_all),
		TEST(at_the_end_what_can_go_goes),
		TEST(by_tls_they_come_to_who_proves_his_name),
		TEST(whoever_is_certified_by_others_gets_nothing),
		TEST(whoever_has_another_name_gets_nothing),
		TEST(a_certificate_that_runs_out_ends_the_connection),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
