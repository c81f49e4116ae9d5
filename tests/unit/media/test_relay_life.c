/* How the relay's sessions, ports and workers begin and end. */
#define PORT_MIN 61000
#include "relay_test.h"

#include "../heap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void wait_for_descriptors(unsigned count)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (count_descriptors() != count && now_ms() < deadline)
		sched_yield();
	assert_int_equal(count_descriptors(), count);
}

static void two_hundred_calls_leave_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct relay_session *sessions[200];
	unsigned before = count_descriptors();
	struct relay_totals totals;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++) {
			const struct relay_open open = {
				.call = i, .address = {f->host, f->host}};
			const struct relay_remote remote = {
				.rx = test_key(RELAY_AEAD_AES_256_GCM, 1),
				.tx = test_key(RELAY_AEAD_AES_256_GCM, 2)};

			assert_int_equal(relay_open(f->relay, &sessions[i], &open), 0);
			add_rested_stream(sessions[i], 0);
			assert_int_equal(
				relay_stream_set(sessions[i], 0, RELAY_B, &remote), 0);
		}
		for (unsigned i = 0; i < 200; i++)
			relay_close(sessions[i]);
		wait_for_descriptors(before);
	}
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
	assert_int_equal(totals.ports_used, 2);
}

static void an_empty_pool_refuses_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct relay_totals totals;
	const struct relay_open open = {.call = 1, .address = {f->host, f->host}};
	struct relay_session *sessions[PORT_MAX - PORT_MIN];
	unsigned count = 0, before = count_descriptors();
	int err = 0;

	while (err == 0) {
		assert_int_equal(relay_open(f->relay, &sessions[count], &open), 0);
		err = relay_stream_add(sessions[count++], 0);
	}
	assert_int_equal(err, -EADDRNOTAVAIL);
	relay_totals(f->relay, &totals);
	/* That of MORE_HOST is as large, and full of free ones. */
	assert_int_equal(2 * totals.ports_used, totals.ports_total);
	while (count)
		relay_close(sessions[--count]);
	wait_for_descriptors(before);
	settle(f);
}

/* A tap must not block; this one does, so that the worker's queue fills. */
static void stall(void *arg, const struct tap_packet *packet)
{
	struct fixture *f = arg;

	(void)packet;
	sem_post(&f->stalled);
	sem_wait(&f->resume);
}

/* Stalls the worker of the fixture's call until f->resume. */
static void stall_worker(struct fixture *f, struct test_packet *packet)
{
	relay_close(f->session);
	relay_free(f->relay);
	sem_init(&f->stalled, 0, 0);
	sem_init(&f->resume, 0, 0);
	f->tap = (struct tap){.packet_h = stall, .arg = f};
	start_relay(f, "127.0.0.1", &f->tap);
	open_call(f, true);
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	test_rtp(packet, 77, 1, 160);
	peer_send(f, RELAY_A, 0, false, packet);
	sem_wait(&f->stalled);
}

static void set_in_vain(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(
		relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]), ERR_LIMIT);
}

static void a_full_queue_refuses_calls_but_ends_them_all(void **state)
{
	enum { MANY = 100000 };
	struct fixture *f = *state;
	struct relay_session **sessions = calloc(MANY, sizeof(struct relay_session *));
	const struct relay_open open = {.call = 1, .address = {f->host, f->host}};
	struct relay_totals totals;
	struct test_packet packet;
	unsigned count = 0;

	assert_non_null(sessions);
	stall_worker(f, &packet);
	while (count < MANY && relay_open(f->relay, &sessions[count], &open) == 0) {
		if (count < 100)
			assert_int_equal(relay_stream_add(sessions[count], 0), 0);
		count++;
	}
	assert_in_range(count, 100, MANY - 1);
	assert_int_equal(relay_open(f->relay, &sessions[count], &open), ERR_LIMIT);
	assert_int_equal(relay_set_tap(f->session, false), ERR_LIMIT);
	/* A stream's end must stay before that of its session. */
	for (unsigned i = 0; i < count; i++) {
		relay_stream_remove(sessions[i], 0);
		relay_close(sessions[i]);
	}
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
	assert_keeps_nothing(set_in_vain, f);
	sem_post(&f->resume);
	peer_expect(f, RELAY_B, 0, false, &packet);
	/* Endings that waited go first; then there is room again. */
	do
		loop_turn(f->loop, 50);
	while (relay_open(f->relay, &sessions[0], &open) == ERR_LIMIT);
	relay_close(sessions[0]);
	free(sessions);
}

/* Calls of both workers come and go while one is stalled, and their ports go to others. */
static void a_late_worker_takes_no_port_back(void **state)
{
	struct fixture *f = *state;
	const struct relay_open open = {.call = 1, .address = {f->host, f->host}};
	struct relay_session *sessions[PORT_MAX - PORT_MIN];
	struct test_packet packet;
	unsigned count = 0, again = 0;
	int err = 0;

	stall_worker(f, &packet);
	while (err == 0) {
		assert_int_equal(relay_open(f->relay, &sessions[count], &open), 0);
		err = relay_stream_add(sessions[count++], 0);
	}
	assert_int_equal(err, -EADDRNOTAVAIL);
	/* Calls go to the workers by turns: from the second on, so that each call's ports
	 * go to one of the other worker. */
	for (unsigned i = 1; i <= count; i++)
		relay_close(sessions[i % count]);
	for (; again < 100; again++) {
		assert_int_equal(relay_open(f->relay, &sessions[again], &open), 0);
		add_rested_stream(sessions[again], 0);
	}
	sem_post(&f->resume);
	peer_expect(f, RELAY_B, 0, false, &packet);
	while (again > 0)
		expect_heard(f, sessions[--again], 0);
}

static void open_in_turn(void *arg)
{
	relay_close(((struct fixture *)arg)->session);
	open_call(arg, false);
	announce(arg, RELAY_A, RELAY_PLAIN);
	announce(arg, RELAY_B, RELAY_PLAIN);
}

/* A turn's commands are run before a packet is looked at: no other command and no turn wakes the worker here. */
static void what_a_turn_commands_is_run_before_a_packet(void **state)
{
	struct fixture *f = *state;
	struct pollfd ready = {.fd = f->peer[RELAY_B][0], .events = POLLIN};
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct loop_task task = {.queued = false};
	struct test_packet packet;

	loop_defer(f->loop, &task, open_in_turn, f);
	assert_int_equal(loop_turn(f->loop, 0), 0);
	test_rtp(&packet, 77, 1, 160);
	do /* the first may be there before the commands have been run */
		peer_send(f, RELAY_A, 0, false, &packet);
	while (poll(&ready, 1, 10) == 0 && now_ms() < deadline);
	peer_expect(f, RELAY_B, 0, false, &packet);
}

static void close_in_turn(void *arg)
{
	relay_close(arg);
}

/* What is over is in no hurry, but waits for no packet either: the loop itself sees to it. */
static void what_ended_is_forgotten_without_a_packet(void **state)
{
	struct fixture *f = *state;
	const struct relay_open open = {.call = 9, .address = {f->host, f->host}};
	unsigned before = count_descriptors();
	struct loop_task task = {.queued = false};
	struct relay_session *session;

	assert_int_equal(relay_open(f->relay, &session, &open), 0);
	add_rested_stream(session, 0);
	assert_int_equal(timers_next_ms(loop_timers(f->loop)), -1);
	loop_defer(f->loop, &task, close_in_turn, session);
	assert_int_equal(loop_turn(f->loop, 0), 0);
	assert_in_range(timers_next_ms(loop_timers(f->loop)), 0, 11);
	while (timers_next_ms(loop_timers(f->loop)) >= 0)
		assert_int_equal(loop_turn(f->loop, -1), 0);
	wait_for_descriptors(before);
}

static void no_descriptors_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, low;
	struct relay_totals before, after;

	/* No socket a port, no descriptor. */
	if (back_end == RELAY_IO_STEER)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	relay_totals(f->relay, &before);
	low = limit;
	low.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(relay_stream_add(f->session, 1), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	relay_totals(f->relay, &after);
	assert_int_equal(after.ports_used, before.ports_used);
	assert_int_equal(relay_stream_add(f->session, 1), 0);
}

static void workers_are_counted_by_the_cores_we_may_use(void **state)
{
	cpu_set_t all, one;
	size_t cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(relay_worker_count(0), CPU_COUNT(&all));
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(relay_worker_count(0), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(relay_worker_count(3), 3);
	assert_int_equal(relay_worker_count(100000), 256);
}

static void needs_an_address_at_each_end(void **state)
{
	struct fixture *f = *state;
	const struct relay_open none = {.call = 1};
	const struct relay_open unknown = {
		.call = 1, .address = {f->host, test_addr("198.51.100.1")}};
	struct relay_session *session;
	struct relay_totals totals;

	assert_int_equal(relay_open(f->relay, &session, &unknown), -EADDRNOTAVAIL);
	assert_int_equal(relay_open(f->relay, &session, &none), 0);
	assert_int_equal(relay_stream_add(session, 0), ERR_STATE);
	assert_int_equal(relay_set_address(session, RELAY_B, &f->host), 0);
	assert_int_equal(relay_stream_add(session, 0), ERR_STATE);
	assert_int_equal(relay_set_address(session, RELAY_A, &f->host), 0);
	assert_int_equal(relay_stream_add(session, 0), 0);
	relay_close(session);
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
}

static void says_why_it_cannot_start(void **state)
{
	struct fixture *f = *state;
	struct addr addresses[] = {f->host, f->host};
	struct relay_params params = {.loop = f->loop,
		.io = back_end,
		.workers = 1,
		.addresses = addresses,
		.address_count = 2,
		.port_min = PORT_MIN,
		.port_max = PORT_MAX};
	struct relay *relay = NULL;
	struct err_text text = {""};

	addresses[1] = test_addr("198.51.100.1"); /* RFC 5737: nobody's */
	assert_int_equal(relay_new(&relay, &params, &text), -EADDRNOTAVAIL);
	assert_non_null(strstr(text.text, "198.51.100.1"));
	addresses[1] = test_addr("0.0.0.0");
	assert_int_equal(relay_new(&relay, &params, &text), ERR_CONFIG);
	addresses[1] = addresses[0];
	params.port_max = PORT_MIN;
	assert_int_equal(relay_new(&relay, &params, &text), ERR_LIMIT);
	assert_non_null(strstr(text.text, "61000-61000"));
	assert_null(relay);
}

/* More addresses than one back end can have: the next one is taken, or the reason is given. */
static void the_cheapest_back_end_that_can_be_had_is_taken(void **state)
{
	struct fixture *f = *state;
	struct addr many[17];
	struct relay_params params = {.loop = f->loop,
		.workers = 1,
		.addresses = many,
		.address_count = 1,
		.port_min = PORT_MIN,
		.port_max = PORT_MAX};
	const char *steer = kernel_allows_steer() ? "steer" : NULL;
	const char *others = kernel_allows_io_uring() ? "io_uring" : "sockets";
	struct relay *relay = NULL;
	struct relay_totals totals;
	struct err_text text = {""};

	for (unsigned i = 0; i < 17; i++) {
		char name[16];

		snprintf(name, sizeof(name), "127.0.1.%u", i + 1);
		many[i] = test_addr(name);
	}
	assert_int_equal(relay_new(&relay, &params, &text), 0);
	relay_totals(relay, &totals);
	assert_string_equal(totals.io, steer ? steer : others);
	assert_int_equal(totals.workers, 1);
	assert_int_equal(totals.ports_total, (PORT_MAX - PORT_MIN + 1) / 2);
	relay_free(relay);
	params.address_count = 17;
	assert_int_equal(relay_new(&relay, &params, &text), 0);
	relay_totals(relay, &totals);
	assert_string_equal(totals.io, others);
	assert_int_equal(totals.ports_total, 17 * (PORT_MAX - PORT_MIN + 1) / 2);
	relay_free(relay);
	params.io = RELAY_IO_STEER;
	assert_int_equal(relay_new(&relay, &params, &text), ERR_LIMIT);
	assert_non_null(strstr(text.text, "16 addresses"));
}

/* Descriptors that this program began with. */
static bool started_with[1024];

static bool is_inherited(int fd)
{
	return !(fcntl(fd, F_GETFD) & FD_CLOEXEC) && !started_with[fd];
}

/* A program that is begun here has none of ours. */
static void no_descriptor_is_inherited(void **state)
{
	(void)state;
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			assert_false(is_inherited(fd));
}

static void a_relay_that_ends_leaves_nothing_open(void **state)
{
	struct fixture *f = *state;
	unsigned before = count_descriptors();

	relay_close(f->session);
	f->session = NULL;
	relay_free(f->relay);
	start_relay(f, "127.0.0.1", NULL);
	open_call(f, false);
	wait_for_descriptors(before);
}

/* For the watchdog: each worker, which is woken by being asked, also without a packet. */
static void workers_turn_when_they_are_asked(void **state)
{
	struct fixture *f = *state;
	unsigned worker;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t deadline = now_ms() + DEADLINE_MS;

		while (!relay_turns(f->relay, &worker))
			assert_true(now_ms() < deadline);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_hundred_calls_leave_nothing_behind),
		TEST(an_empty_pool_refuses_and_recovers),
		TEST(a_full_queue_refuses_calls_but_ends_them_all),
		TEST(a_late_worker_takes_no_port_back),
		TEST(what_a_turn_commands_is_run_before_a_packet),
		TEST(what_ended_is_forgotten_without_a_packet),
		TEST(workers_turn_when_they_are_asked),
		TEST(no_descriptors_is_told_apart),
		TEST(workers_are_counted_by_the_cores_we_may_use),
		TEST(needs_an_address_at_each_end),
		TEST(says_why_it_cannot_start),
		TEST(no_descriptor_is_inherited),
		TEST(a_relay_that_ends_leaves_nothing_open),
	};
	const struct CMUnitTest tests_once[] = {
		TEST(the_cheapest_back_end_that_can_be_had_is_taken),
	};
	int failed = 0;

	for (int fd = 0; fd < 1024; fd++)
		started_with[fd] = fcntl(fd, F_GETFD) >= 0;
	for (back_end = RELAY_IO_SOCKETS; back_end <= RELAY_IO_STEER; back_end++)
		if (back_end_is_allowed())
			failed += cmocka_run_group_tests(tests, test_start_srtp, NULL);
	back_end = RELAY_IO_SOCKETS;
	failed += cmocka_run_group_tests(tests_once, test_start_srtp, NULL);
	return failed;
}
