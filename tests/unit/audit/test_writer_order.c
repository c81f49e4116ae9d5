/* What comes by several queues is in a file by its time. Linked with --wrap=write. */
#include "writer_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS 400
/* What a round brings: a message, and a packet of each worker. */
#define STEP_US 30

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

/* The disk takes one other thread in, and lets it go. */
static pthread_t loop;
static atomic_bool hangs, held;

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	while (!pthread_equal(pthread_self(), loop) && atomic_load(&hangs)) {
		atomic_store(&held, true);
		sched_yield();
	}
	return __real_write(fd, data, len);
}

/* Whatever came of the test, the writer can end. */
static int let_go(void **state)
{
	atomic_store(&hangs, false);
	return teardown(state);
}

/* While the thread that writes is held up, so that all waits at once. */
static void begin_held(struct fixture *fixture)
{
	loop = pthread_self();
	writer_call_begin(fixture->writer, 1, "a");
	atomic_store(&held, false);
	atomic_store(&hangs, true);
	message(fixture, 1, "first");
	WAIT_FOR(atomic_load(&held));
}

static int64_t at_us(const struct pcap_pkthdr *head)
{
	return (int64_t)head->ts.tv_sec * 1000000 + head->ts.tv_usec;
}

/* Each packet is no earlier than the one before it; returns how many there are. */
static unsigned count_in_order(const struct fixture *fixture)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(writer_capture_path(fixture->writer, 1), error);
	struct pcap_pkthdr *head;
	int64_t before = 0;
	const u_char *data;
	unsigned count = 0;

	assert_non_null(pcap);
	for (; pcap_next_ex(pcap, &head, &data) == 1; count++) {
		assert_true(at_us(head) >= before);
		before = at_us(head);
	}
	pcap_close(pcap);
	return count;
}

static void what_waits_is_written_by_its_time(void **state)
{
	struct fixture *fixture = *state;
	uint64_t begin_us;

	begin_held(fixture);
	begin_us = clock_real()->mono_us(clock_real());
	for (unsigned i = 0; i < ROUNDS; i++)
		message_at(fixture, 1, begin_us + STEP_US * i, "x");
	for (unsigned i = 0; i < ROUNDS; i++)
		packet_at(fixture, 1, 1, begin_us + STEP_US * i + 20, 0);
	/* two of one time, and some in a row */
	for (unsigned i = 0; i < ROUNDS; i++)
		packet_at(fixture, 1, 0, begin_us + STEP_US * i + i % 25, 0);
	atomic_store(&hangs, false);
	WAIT_FOR(totals(fixture).stored == 1 + 3 * ROUNDS);
	assert_int_equal(totals(fixture).lost, 0);
	assert_int_equal(count_in_order(fixture), 1 + 3 * ROUNDS);
}

/* A call's beginning comes by the loop's queue; a packet with an earlier time by a worker's. */
static void a_packet_waits_for_the_beginning_of_its_call(void **state)
{
	struct fixture *fixture = *state;

	begin_held(fixture);
	writer_call_begin(fixture->writer, 2, "b");
	packet_at(fixture, 2, 0, 1, 0);
	atomic_store(&hangs, false);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).lost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_waits_is_written_by_its_time, setup, let_go),
		cmocka_unit_test_setup_teardown(
			a_packet_waits_for_the_beginning_of_its_call, setup, let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
