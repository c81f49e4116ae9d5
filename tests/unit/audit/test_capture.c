/* libpcap's own reader is the judge of what was written. */
#include <pcap.h>

#include "../unit.h"

#include "audit/capture.h"
#include "audit/datagram.h"
#include "audit_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	char path[4200];
	int fd;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	snprintf(fixture->path, sizeof(fixture->path), "%s/call.pcap", fixture->folder);
	fixture->fd = open(fixture->folder, O_RDONLY | O_DIRECTORY);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->fd);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void add(struct capture *capture, const char *text)
{
	capture_add(
		capture, UINT64_C(1700000000000007), text, strlen(text), strlen(text));
}

/* Reads PATH; every record must hold a whole TEXT. Returns how many there are. */
static unsigned count_records(const char *path, const char *text)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const u_char *data;
	unsigned count = 0;
	int result;

	if (!pcap)
		fail_msg("%s", error);
	assert_int_equal(pcap_datalink(pcap), DLT_RAW);
	while ((result = pcap_next_ex(pcap, &head, &data)) == 1) {
		assert_int_equal(head->caplen, strlen(text));
		assert_memory_equal(data, text, head->caplen);
		assert_int_equal(head->ts.tv_sec, 1700000000);
		assert_int_equal(head->ts.tv_usec, 7);
		count++;
	}
	assert_int_equal(result, PCAP_ERROR_BREAK);
	pcap_close(pcap);
	return count;
}

static void records_are_read_back_after_reopening(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;
	struct stat st;

	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", true), 0);
	add(capture, "one");
	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	assert_int_equal(stored, 1);
	capture_close(capture);
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", false), 0);
	add(capture, "one");
	add(capture, "one");
	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	assert_int_equal(stored, 2);
	assert_int_equal(lost, 0);
	capture_close(capture);
	assert_int_equal(count_records(fixture->path, "one"), 3);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* At every size that the disk may allow, whole records alone stay, and all is counted. */
static void a_short_write_leaves_whole_records(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit;
	struct capture *capture;
	uint64_t stored, lost, more;
	char text[1001];

	memset(text, 'r', 1000);
	text[1000] = '\0';
	getrlimit(RLIMIT_FSIZE, &limit);
	for (rlim_t size = 24; size < 60000; size += 997) {
		assert_int_equal(
			capture_open(&capture, fixture->fd, "call.pcap", true), 0);
		limit.rlim_cur = size;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		for (unsigned i = 0; i < 100; i++)
			add(capture, text);
		assert_int_equal(capture_flush(capture, &stored, &lost), -EFBIG);
		assert_int_equal(stored, (size - 24) / 1016);
		assert_int_equal(stored + lost, 100);
		limit.rlim_cur = limit.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(count_records(fixture->path, text), stored);
		add(capture, text);
		assert_int_equal(capture_flush(capture, &more, &lost), 0);
		capture_close(capture);
		assert_int_equal(count_records(fixture->path, text), stored + more);
		unlink(fixture->path);
	}
}

/* Until capture_would_write() says so nothing is in the file, and what is dropped never is. */
static void records_wait_in_memory_until_it_is_said(void **state)
{
	struct fixture *fixture = *state;
	uint64_t stored, lost, added;
	struct capture *capture;
	struct stat st;
	char text[101];

	memset(text, 'w', 100);
	text[100] = '\0';
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", true), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (added = 0; !capture_would_write(capture, 100); added++)
			add(capture, text);
		assert_true(added > 100);
		assert_int_equal(stat(fixture->path, &st), 0);
		assert_int_equal(st.st_size, 24);
		assert_int_equal(capture_drop(capture), added);
	}
	add(capture, text);
	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	assert_int_equal(stored, 1);
	capture_close(capture);
	assert_int_equal(count_records(fixture->path, text), 1);
}

static void links_and_other_things_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	char victim[4300];
	struct stat st;
	FILE *file;

	snprintf(victim, sizeof(victim), "%s/victim", fixture->folder);
	file = fopen(victim, "w");
	fclose(file);
	assert_int_equal(symlink(victim, fixture->path), 0);
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", true), -EEXIST);
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", false), -ELOOP);
	unlink(fixture->path);
	assert_int_equal(link(victim, fixture->path), 0);
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", false), -EPERM);
	unlink(fixture->path);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", false), -EPERM);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void a_removed_file_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;

	assert_int_equal(capture_open(&capture, fixture->fd, "call.pcap", true), 0);
	unlink(fixture->path);
	add(capture, "one");
	assert_int_equal(capture_flush(capture, &stored, &lost), -ENOENT);
	assert_int_equal(lost, 1);
	capture_close(capture);
}

static void repair_cuts_to_the_last_whole_record(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;
	struct stat st;
	off_t cut;

	/* 24 bytes, then three records of 20. */
	for (off_t size = 84; size >= 24; size--) {
		assert_int_equal(
			capture_open(&capture, fixture->fd, "call.pcap", true), 0);
		for (unsigned i = 0; i < 3; i++)
			add(capture, "four");
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		capture_close(capture);
		assert_int_equal(truncate(fixture->path, size), 0);
		assert_int_equal(capture_repair(fixture->fd, "call.pcap", &cut), 0);
		assert_int_equal(cut, (size - 24) % 20);
		assert_int_equal(count_records(fixture->path, "four"), (size - 24) / 20);
		if (size > 24)
			unlink(fixture->path);
	}
	assert_int_equal(truncate(fixture->path, 23), 0);
	assert_int_equal(capture_repair(fixture->fd, "call.pcap", &cut), 0);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static unsigned sum(const uint8_t *data, size_t len, unsigned sum)
{
	for (size_t i = 0; i < len; i++)
		sum += (unsigned)data[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void datagrams_carry_addresses_and_right_checksums(void **state)
{
	static uint8_t out[DATAGRAM_MAX];
	struct addr a = fixture_addr("192.0.2.1:5060"),
		    b = fixture_addr("198.51.100.2:5061");
	struct addr c = fixture_addr("[2001:db8::1]:5060"), none = {.len = 0};
	size_t whole;

	(void)state;
	assert_int_equal(datagram_build(out, &a, &b, "abc", 3, &whole), 31);
	assert_int_equal(whole, 31);
	assert_int_equal(get16(out + 2), 31);
	assert_memory_equal(out + 12, "\xc0\x00\x02\x01\xc6\x33\x64\x02", 8);
	assert_int_equal(get16(out + 20), 5060);
	assert_int_equal(get16(out + 22), 5061);
	assert_int_equal(get16(out + 24), 11);
	assert_int_equal(sum(out, 20, 0), 0xffff);
	assert_int_equal(sum(out + 20, 11, sum(out + 12, 8, 17 + 11)), 0xffff);
	assert_memory_equal(out + 28, "abc", 3);

	assert_int_equal(datagram_build(out, &c, &b, "abc", 3, &whole), 51);
	assert_int_equal(get16(out + 4), 11);
	assert_memory_equal(out + 24 + 10, "\xff\xff\xc6\x33\x64\x02", 6);
	assert_int_equal(sum(out + 40, 11, sum(out + 8, 32, 17 + 11)), 0xffff);

	assert_int_equal(datagram_build(out, &none, &b, "", 0, &whole), 28);
	assert_int_equal(get16(out + 12), 0);
}

static void what_no_datagram_holds_is_cut_and_said(void **state)
{
	static uint8_t out[DATAGRAM_MAX];
	static char data[70000];
	struct addr v4 = fixture_addr("192.0.2.1:1"),
		    v6 = fixture_addr("[2001:db8::1]:1");
	size_t whole;

	(void)state;
	assert_int_equal(datagram_build(out, &v4, &v4, data, 65507, &whole), 65535);
	assert_int_equal(whole, 65535);
	assert_int_equal(datagram_build(out, &v4, &v4, data, 65536, &whole), 65535);
	assert_int_equal(whole, 65536 + 28);
	assert_int_equal(
		datagram_build(out, &v6, &v6, data, 70000, &whole), DATAGRAM_MAX);
	assert_int_equal(whole, 70048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			records_are_read_back_after_reopening, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_write_leaves_whole_records, setup, teardown),
		cmocka_unit_test_setup_teardown(
			records_wait_in_memory_until_it_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
			links_and_other_things_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_removed_file_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			repair_cuts_to_the_last_whole_record, setup, teardown),
		cmocka_unit_test(datagrams_carry_addresses_and_right_checksums),
		cmocka_unit_test(what_no_datagram_holds_is_cut_and_said),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
