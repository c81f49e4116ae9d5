/* Encrypted captures: what is on the disk at each moment, and what age makes of it. Time is the test's. */
#include <pcap.h>

#include "../file_limit.h"

#include "store_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int setup(void **state)
{
	struct fixture *fixture = fixture_new(true);

	start_store(fixture);
	*state = fixture;
	return 0;
}

static off_t size_of(const struct fixture *fixture, const char *name)
{
	char path[4400];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" CALL_FOLDER "%s", fixture->folder, name);
	return stat(path, &st) == 0 ? st.st_size : -1;
}

static struct store_counts counts(const struct fixture *fixture)
{
	struct store_counts counts;

	store_counts(fixture->store, &counts);
	return counts;
}

/* Records in NAME, opened by age, or -1; each has WORD. */
static int count_opened(const struct fixture *fixture, const char *name, const char *word)
{
	char command[200], path[4300], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const u_char *data;
	int count = 0;
	pcap_t *pcap;

	snprintf(
		command, sizeof(command), "age -d -i key " CALL_FOLDER "%s >plain", name);
	if (run(fixture, command) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/plain", fixture->folder);
	pcap = pcap_open_offline(path, error);
	if (!pcap)
		return -1;
	for (; pcap_next_ex(pcap, &head, &data) == 1; count++)
		assert_non_null(memmem(data, head->caplen, word, strlen(word)));
	pcap_close(pcap);
	unlink(path);
	return count;
}

static void nothing_plain_is_on_the_disk(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (unsigned i = 0; i < 300; i++)
		add(fixture, "INVITE sip:secret", 1000);
	pass(fixture, SECOND_US);
	/* so many whole chunks, behind the head of the file */
	assert_true(size_of(fixture, "call.pcapng.age.part") > 5 * 65552);
	assert_int_equal((size_of(fixture, "call.pcapng.age.part") - 16) / 65552, 5);
	assert_int_equal(run(fixture, "grep -ra secret audit"), 256);
	assert_int_equal(size_of(fixture, "call.pcapng.age"), -1);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 4 * SECOND_US);
	assert_int_equal(size_of(fixture, "call.pcapng.age"), -1);
	pass(fixture, 2 * SECOND_US);
	assert_int_equal(size_of(fixture, "call.pcapng.age.part"), -1);
	assert_true(size_of(fixture, "call.pcapng.age") > 300000);
	assert_int_equal(run(fixture, "grep -ra secret audit"), 256);
	assert_int_equal(counts(fixture).stored, 300);
	assert_int_equal(counts(fixture).lost, 0);
	assert_int_equal(counts(fixture).open_files, 0);
	need_age();
	assert_int_equal(count_opened(fixture, "call.pcapng.age", "secret"), 300);
}

/* Nothing can be added behind the end of an encrypted file. */
static void what_comes_late_has_a_file_of_its_own(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	add(fixture, "one", 10);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 6 * SECOND_US);
	add(fixture, "two", 10);
	pass(fixture, SECOND_US);
	assert_true(size_of(fixture, "call.2.pcapng.age.part") > 0);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(size_of(fixture, "call.2.pcapng.age.part"), -1);
	assert_int_equal(counts(fixture).stored, 2);
	need_age();
	assert_int_equal(count_opened(fixture, "call.pcapng.age", "one"), 1);
	assert_int_equal(count_opened(fixture, "call.2.pcapng.age", "two"), 1);
}

/* The file rests between messages; it is the same one. */
static void a_file_that_rests_goes_on(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (unsigned i = 0; i < 3; i++) {
		add(fixture, "one", 40000);
		for (unsigned round = 0; round < 20; round++)
			pass(fixture, SECOND_US / 4);
		assert_int_equal(counts(fixture).open_files, 0);
	}
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(counts(fixture).stored, 3);
	need_age();
	assert_int_equal(count_opened(fixture, "call.pcapng.age", "one"), 3);
}

/* What waits is kept, and written when there is room; what finds no room in memory is lost and counted. */
static void a_full_disk_cuts_no_chunk(void **state)
{
	struct fixture *fixture = *state;
	off_t head;

	begin(fixture);
	add(fixture, "one", 10);
	pass(fixture, SECOND_US);
	head = size_of(fixture, "call.pcapng.age.part");
	assert_true(head > 100 && head < 1000);
	for (rlim_t size = 100; size < 140000; size += 30011) {
		limit_files(size);
		add(fixture, "one", 60000);
		pass(fixture, SECOND_US);
		limit_files(RLIM_INFINITY);
		assert_int_equal(
			(size_of(fixture, "call.pcapng.age.part") - head) % 65552, 0);
	}
	assert_true(health_is_failing(&fixture->health));
	limit_files(100);
	for (unsigned i = 0; i < 20; i++)
		add(fixture, "one", 60000);
	assert_true(counts(fixture).lost > 10);
	limit_files(RLIM_INFINITY);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(counts(fixture).stored + counts(fixture).lost, 26);
	need_age();
	assert_int_equal(
		count_opened(fixture, "call.pcapng.age", "one"), counts(fixture).stored);
}

/* What a killed process left keeps its name, and age opens its whole chunks. */
static void what_was_cut_is_known_by_its_name(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (unsigned i = 0; i < 100; i++)
		add(fixture, "one", 1000);
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "cp -r audit left"), 0);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	store_free(fixture->store);
	assert_int_equal(run(fixture, "rm -r audit; mv left audit"), 0);
	start_store(fixture);
	assert_true(size_of(fixture, "call.pcapng.age.part") > 65552);
	/* until it is sealed (test_sealing.c) */
	assert_int_equal(run(fixture, "grep -q '^+2026-01-01.a$' audit/open.log"), 0);
	pass(fixture, SECOND_US);
	assert_int_equal(run(fixture, "grep -q '^-2026-01-01.a$' audit/open.log"), 0);
	need_age();
	assert_int_equal(count_opened(fixture, "call.pcapng.age.part", "one"), -1);
	assert_int_equal(run(fixture, "age -d -i key " CALL_FOLDER "call.pcapng.age.part "
				      ">plain; test $(wc -c <plain) -eq 65536"),
		0);
}

/* Somebody's file stands where the end would be: it is not touched. */
static void a_planted_end_is_left(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	add(fixture, "one", 10);
	pass(fixture, SECOND_US);
	assert_int_equal(
		run(fixture, "ln -s /etc/passwd " CALL_FOLDER "call.pcapng.age"), 0);
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, 40 * SECOND_US);
	assert_int_equal(run(fixture, "test -L " CALL_FOLDER
				      "call.pcapng.age && test -f " CALL_FOLDER
				      "call.pcapng.age.part"),
		0);
	assert_true(health_is_failing(&fixture->health));
}

/* Retention asks: from its beginning until nothing of it can come any more, and by day and id together. */
static void a_call_is_in_use_until_its_last_message_may_have_come(void **state)
{
	struct fixture *fixture = *state;

	assert_false(store_uses(fixture->store, "2026-01-01", "a"));
	begin(fixture);
	assert_true(store_uses(fixture->store, "2026-01-01", "a"));
	assert_false(store_uses(fixture->store, "2026-01-02", "a"));
	assert_false(store_uses(fixture->store, "2026-01-01", "b"));
	store_end(fixture->store, 1, 0, fixture->mono_us);
	pass(fixture, STORE_LINGER_US - 1);
	pass(fixture, 0);
	assert_true(store_uses(fixture->store, "2026-01-01", "a"));
	pass(fixture, 1);
	assert_false(store_uses(fixture->store, "2026-01-01", "a"));
}

#define stored(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		stored(nothing_plain_is_on_the_disk),
		stored(what_comes_late_has_a_file_of_its_own),
		stored(a_file_that_rests_goes_on),
		stored(a_full_disk_cuts_no_chunk),
		stored(what_was_cut_is_known_by_its_name),
		stored(a_planted_end_is_left),
		stored(a_call_is_in_use_until_its_last_message_may_have_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
