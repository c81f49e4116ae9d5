/* What the relay tells of by itself, and how its sessions and workers are shared out. */
#define PORT_MIN 63000
#include "relay_test.h"

#include "base/log.h"
#include "media/rtp.h"

#include <dirent.h>
#include <time.h>

#define EVENT_TYPE 101

/* Turns the loop until *COUNT is WANTED. */
static void wait_for(struct fixture *f, const unsigned *count, unsigned wanted)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (*count < wanted && now_ms() < deadline)
		loop_turn(f->loop, 100);
	assert_int_equal(*count, wanted);
}

static void reset(struct fixture *f, const struct tap *tap)
{
	relay_close(f->session);
	f->session = NULL;
	relay_free(f->relay);
	start_relay(f, "127.0.0.1", tap);
}

/* ---- latching ---- */

static void a_latched_address_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	f->remote[RELAY_A].latch = true;
	f->remote[RELAY_A].payload_types[0] = 1;
	assert_int_equal(
		relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]), 0);
	for (uint16_t seq = 1; seq <= 3; seq++) {
		test_rtp(&packet, 77, seq, 160);
		send_bytes(f->peer[RELAY_A][1], &f->local[RELAY_A][0], &packet);
		peer_expect(f, RELAY_B, 0, false, &packet);
		wait_for(f, &f->latched_count, 1);
	}
	/* What a packet makes known is told before the next one is looked at. */
	loop_turn(f->loop, 0);
	assert_int_equal(f->latched_count, 1);
	assert_int_equal(f->latched.call, CALL);
	assert_int_equal(f->latched.end, RELAY_A);
	assert_false(f->latched.rtcp);
	assert_true(addr_equal(&f->latched.from, &f->peer_addr[RELAY_A][0]));
	assert_true(addr_equal(&f->latched.to, &f->peer_addr[RELAY_A][1]));
	assert_int_equal(f->silence.count, 0);
	assert_int_equal(f->digit_count, 0);
}

/* ---- digits ---- */

static void announce_events(struct fixture *f)
{
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	f->remote[RELAY_A].dtmf = (struct dtmf_terms){
		.count = 1, .formats = {{EVENT_TYPE, 8000}}, .audio_rate = 8000};
	assert_int_equal(
		relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]), 0);
}

static void send_event(struct fixture *f, uint16_t seq, uint8_t event, bool end)
{
	struct test_packet packet;

	test_rtp(&packet, 77, seq, 0);
	packet.data[1] = EVENT_TYPE;
	rtp_set_timestamp(packet.data, event * 8000U);
	packet.data[12] = event;
	packet.data[13] = end ? 0x80 : 0;
	rtp_put16(packet.data + 14, 800);
	packet.len = 16;
	peer_send(f, RELAY_A, 0, false, &packet);
}

static void digits_are_told_when_they_end(void **state)
{
	struct fixture *f = *state;
	struct relay_stats stats;

	relay_set_timeout(f->session, 60000);
	announce_events(f);
	send_event(f, 1, 5, true);
	wait_for(f, &f->digit_count, 1);
	assert_int_equal(f->digit.call, CALL);
	assert_int_equal(f->digit.end, RELAY_A);
	assert_int_equal(f->digit.digit.event, 5);
	assert_int_equal(f->digit.digit.duration_ms, 100);
	/* Nothing of its end comes, nor anything else. */
	send_event(f, 2, 6, false);
	wait_for(f, &f->digit_count, 2);
	assert_int_equal(f->digit.digit.event, 6);
	relay_stats(f->session, 0, RELAY_A, &stats);
	assert_int_equal(stats.events_taken, 2);
	assert_int_equal(stats.digits_lost, 0);
	assert_int_equal(f->latched_count, 0);
	/* Nor is a side silent before its time: that is looked at together. */
	assert_int_equal(f->silence.count, 0);
}

/* The next packet at the peer of end A. */
static void receive(struct fixture *f, struct test_packet *packet)
{
	struct pollfd ready = {.fd = f->peer[RELAY_A][0], .events = POLLIN};
	ssize_t len;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	len = recv(ready.fd, packet->data, sizeof(packet->data), 0);
	assert_true(len > 0);
	packet->len = (size_t)len;
}

static void digits_are_played_where_no_audio_is(void **state)
{
	struct fixture *f = *state;
	const struct dtmf_digit digits[] = {{7, 40}, {8, 40}};
	struct test_packet packet;
	unsigned ends[2] = {0};
	uint16_t seq = 0;

	assert_int_equal(relay_digit(f->session, 1, &digits[0]), ERR_STATE);
	announce_events(f);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(relay_digit(f->session, 0, &digits[i]), 0);
	while (ends[1] < 3) {
		receive(f, &packet);
		assert_int_equal(packet.len, DTMF_PACKET);
		assert_int_equal(rtp_type(packet.data), EVENT_TYPE);
		assert_true(seq == 0 || rtp_seq(packet.data) == (uint16_t)(seq + 1));
		seq = rtp_seq(packet.data);
		assert_in_range(packet.data[12], 7, 8);
		ends[packet.data[12] - 7] += packet.data[13] >> 7;
	}
	assert_int_equal(ends[0], 3);
	/* Audio goes on behind them. */
	cross_rtp(f, RELAY_B, 9);
	cross_rtp(f, RELAY_A, 9);
}

/* ---- many sources ---- */

static void on_line(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;

	if (level == LOG_LEVEL_INFO &&
		strstr(line, "call=5f3c-000001 event=ssrc-changes remote="))
		sem_post(&f->stalled);
}

static void restless_sources_are_reported(void **state)
{
	struct fixture *f = *state;
	struct timespec deadline;
	struct test_packet packet;
	int seen;

	sem_init(&f->stalled, 0, 0);
	log_set_sink(on_line, f);
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	for (uint16_t seq = 1; seq <= 9; seq++) {
		test_rtp(&packet, seq, seq, 160);
		peer_send(f, RELAY_A, 0, false, &packet);
		peer_expect(f, RELAY_B, 0, false, &packet);
	}
	EXPECT_COUNTER(f, RELAY_A, rx_packets, 9);
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_MS / 1000;
	seen = sem_timedwait(&f->stalled, &deadline);
	log_set_sink(NULL, NULL);
	assert_int_equal(seen, 0);
}

/* ---- workers ---- */

static void note_worker(void *arg, const struct tap_packet *packet)
{
	struct fixture *f = arg;

	f->silence.call = packet->worker;
	sem_post(&f->stalled);
}

/* Of the fixture's session, the worker that relays its packets. */
static unsigned worker_of_session(struct fixture *f)
{
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	sem_wait(&f->stalled);
	return (unsigned)f->silence.call;
}

static void a_call_goes_to_the_worker_with_the_fewest(void **state)
{
	struct fixture *f = *state;
	struct relay_session *first, *second;
	struct relay_totals totals;
	unsigned worker;

	sem_init(&f->stalled, 0, 0);
	f->tap = (struct tap){.packet_h = note_worker, .arg = f};
	reset(f, &f->tap);
	open_call(f, true);
	worker = worker_of_session(f);
	first = f->session;
	open_call(f, true);
	assert_int_equal(worker_of_session(f), !worker);
	second = f->session;
	relay_close(first);
	open_call(f, true);
	assert_int_equal(worker_of_session(f), worker);
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.workers, 2);
	assert_int_equal(totals.sessions, 2);
	relay_close(second);
}

static unsigned count_threads(const char *name)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], comm[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		count += fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0;
		fclose(file);
	}
	closedir(dir);
	return count;
}

static void workers_are_known_by_name(void **state)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	(void)state;
	/* A thread names itself when it begins to run. */
	while (count_threads("media-0") + count_threads("media-1") < 2 &&
		now_ms() < deadline)
		sched_yield();
	assert_int_equal(count_threads("media-0"), 1);
	assert_int_equal(count_threads("media-1"), 1);
	assert_int_equal(count_threads("media-2"), 0);
}

/* Wake-ups of this process's threads that nobody has taken yet. */
static unsigned count_wakes(void)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], line[200];
		unsigned wakes;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "eventfd-count: %x", &wakes) == 1)
				count += wakes;
		if (file)
			fclose(file);
	}
	closedir(dir);
	return count;
}

/* Else a worker would never sleep again. */
static void a_wake_up_is_taken_once(void **state)
{
	struct fixture *f = *state;
	uint64_t deadline = now_ms() + DEADLINE_MS;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	while (count_wakes() > 0 && now_ms() < deadline)
		loop_turn(f->loop, 1);
	assert_int_equal(count_wakes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_latched_address_is_told_once),
		TEST(digits_are_told_when_they_end),
		TEST(digits_are_played_where_no_audio_is),
		TEST(restless_sources_are_reported),
		TEST(a_call_goes_to_the_worker_with_the_fewest),
		TEST(workers_are_known_by_name),
		TEST(a_wake_up_is_taken_once),
	};
	int failed = 0;

	for (back_end = RELAY_IO_SOCKETS; back_end <= RELAY_IO_STEER; back_end++)
		if (back_end_is_allowed())
			failed += cmocka_run_group_tests(tests, test_start_srtp, NULL);
	return failed;
}
