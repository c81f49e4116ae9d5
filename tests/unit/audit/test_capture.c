/* libpcap's own reader is the judge of what was written. */
#include <pcap.h>

#include "../file_limit.h"

#include "audit/datagram.h"
#include "audit/repair.h"
#include "audit_fixture.h"
#include "capture_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define WALL_US UINT64_C(1700000000000007)

struct fixture {
	char *folder;
	enum config_capture_format format;
	const char *name;
	char path[4200];
	int fd;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
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

/* Each case is told of both formats. */
static const enum config_capture_format formats[] = {
	CONFIG_CAPTURE_PCAPNG, CONFIG_CAPTURE_PCAP};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static void choose(struct fixture *fixture, enum config_capture_format format)
{
	fixture->format = format;
	fixture->name = format == CONFIG_CAPTURE_PCAP ? "call.pcap" : "call.pcapng";
	snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->folder,
		fixture->name);
}

static int make(struct fixture *fixture, struct capture **ret)
{
	return fixture_capture_new(ret, fixture->fd, fixture->format, NULL);
}

static struct capture *begin(struct fixture *fixture)
{
	struct capture *capture = NULL;

	assert_int_equal(make(fixture, &capture), 0);
	assert_int_equal(capture_interface(capture, "a", "server pbx1"), 0);
	return capture;
}

static void add(struct capture *capture, const char *text)
{
	assert_true(fixture_capture_add(capture, 0, WALL_US, text, strlen(text)));
}

/* Reads PATH; every record must hold a whole TEXT. Returns how many there are. */
static unsigned count_records(const char *path, const char *text)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const u_char *data;
	unsigned count = 0;
	size_t link;
	int result;

	if (!pcap)
		fail_msg("%s", error);
	link = pcap_datalink(pcap) == DLT_RAW ? 0 : 16;
	if (link)
		assert_int_equal(pcap_datalink(pcap), DLT_LINUX_SLL);
	while ((result = pcap_next_ex(pcap, &head, &data)) == 1) {
		assert_int_equal(head->caplen, link + strlen(text));
		assert_memory_equal(data + link, text, strlen(text));
		assert_int_equal(head->ts.tv_sec, 1700000000);
		assert_int_equal(head->ts.tv_usec, 7);
		count++;
	}
	if (result != PCAP_ERROR_BREAK)
		fail_msg("%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return count;
}

static void records_are_read_back_after_a_rest(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;
	struct stat st;

	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		capture = begin(fixture);
		add(capture, "one");
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		assert_int_equal(stored, 1);
		assert_int_equal(count_records(fixture->path, "one"), 1);
		capture_rest(capture);
		assert_false(capture_is_open(capture));
		assert_int_equal(capture_wake(capture, fixture->fd), 0);
		add(capture, "one");
		assert_int_equal(capture_interface(capture, "b", "trunk carrier-a"), 1);
		assert_true(fixture_capture_add(capture, 1, WALL_US, "one", 3));
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		assert_int_equal(stored, 2);
		assert_int_equal(lost, 0);
		assert_int_equal(capture_close(capture), 0);
		assert_int_equal(count_records(fixture->path, "one"), 3);
		assert_int_equal(stat(fixture->path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* What a file of FIXTURE's format has beside its records, and a record of 1000 bytes has in all. */
static void measure(struct fixture *fixture, off_t *ret_head, off_t *ret_record)
{
	struct capture *capture = begin(fixture);
	uint64_t stored, lost;
	struct stat st[2];
	char text[1001] = {0};

	memset(text, 'r', 1000);
	for (size_t i = 0; i < 2; i++) {
		add(capture, text);
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		assert_int_equal(stat(fixture->path, &st[i]), 0);
	}
	capture_close(capture);
	unlink(fixture->path);
	*ret_record = st[1].st_size - st[0].st_size;
	*ret_head = st[0].st_size - *ret_record;
}

/* At every size that the disk may allow, whole records alone stay, all is counted, and it goes on when there is room. */
static void a_short_write_leaves_whole_records(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost, more;
	off_t head, record;
	char text[1001] = {0};

	memset(text, 'r', 1000);
	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		measure(fixture, &head, &record);
		for (off_t size = 1; size < 20000; size += size < 300 ? 1 : 97) {
			capture = begin(fixture);
			for (unsigned j = 0; j < 30; j++)
				add(capture, text);
			limit_files((rlim_t)size);
			assert_int_equal(capture_flush(capture, &stored, &lost), -EFBIG);
			limit_files(RLIM_INFINITY);
			assert_int_equal(
				stored, size < head ? 0 : (size - head) / record);
			assert_int_equal(stored + lost, 30);
			if (size >= head)
				assert_int_equal(
					count_records(fixture->path, text), stored);
			add(capture, text);
			assert_int_equal(capture_flush(capture, &more, &lost), 0);
			assert_int_equal(more, 1);
			capture_close(capture);
			assert_int_equal(count_records(fixture->path, text), stored + 1);
			unlink(fixture->path);
		}
	}
}

/* Until it is flushed nothing is in the file, and what is dropped never is. */
static void records_wait_in_memory(void **state)
{
	struct fixture *fixture = *state;
	uint64_t stored, lost, added;
	struct capture *capture;
	struct stat st;
	char text[101] = {0};

	memset(text, 'w', 100);
	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		capture = begin(fixture);
		for (unsigned round = 0; round < 2; round++) {
			for (added = 0; !capture_is_full(capture); added++)
				add(capture, text);
			assert_true(added > 90);
			assert_int_equal(stat(fixture->path, &st), 0);
			assert_int_equal(st.st_size, 0);
			assert_int_equal(capture_drop(capture), added);
			assert_false(capture_is_full(capture));
		}
		add(capture, text);
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		assert_int_equal(stored, 1);
		add(capture, text);
		assert_int_equal(capture_close(capture), 1);
		assert_int_equal(count_records(fixture->path, text), 1);
	}
}

static void links_and_other_things_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture, *other;
	uint64_t stored, lost;
	char victim[4300];
	struct stat st;
	FILE *file;

	snprintf(victim, sizeof(victim), "%s/victim", fixture->folder);
	file = fopen(victim, "w");
	fclose(file);
	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		capture = begin(fixture);
		add(capture, "one");
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		capture_rest(capture);
		unlink(fixture->path);
		assert_int_equal(capture_wake(capture, fixture->fd), -ENOENT);
		assert_int_equal(symlink(victim, fixture->path), 0);
		assert_int_equal(make(fixture, &other), -EEXIST);
		assert_int_equal(capture_wake(capture, fixture->fd), -ELOOP);
		unlink(fixture->path);
		assert_int_equal(link(victim, fixture->path), 0);
		assert_int_equal(capture_wake(capture, fixture->fd), -EPERM);
		unlink(fixture->path);
		assert_int_equal(mkfifo(fixture->path, 0600), 0);
		assert_int_equal(capture_wake(capture, fixture->fd), -EPERM);
		unlink(fixture->path);
		/* a plain file, but not the one */
		other = begin(fixture);
		assert_int_equal(capture_wake(capture, fixture->fd), -ENOENT);
		assert_false(capture_is_open(capture));
		capture_close(other);
		capture_close(capture);
	}
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void a_removed_file_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;

	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		capture = begin(fixture);
		unlink(fixture->path);
		add(capture, "one");
		assert_int_equal(capture_flush(capture, &stored, &lost), -ENOENT);
		assert_int_equal(stored, 0);
		assert_int_equal(lost, 1);
		assert_int_equal(capture_close(capture), 0);
	}
}

static void repair_cuts_to_the_last_whole_record(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture;
	uint64_t stored, lost;
	off_t cut, whole, record;
	struct stat st[2];
	bool unfinished = false;

	for (size_t i = 0; i < FORMATS; i++) {
		choose(fixture, formats[i]);
		for (off_t less = 0; less < 200; less++) {
			capture = begin(fixture);
			for (unsigned j = 0; j < 4; j++) {
				add(capture, "four");
				assert_int_equal(
					capture_flush(capture, &stored, &lost), 0);
				assert_int_equal(stat(fixture->path, &st[j % 2]), 0);
			}
			capture_close(capture);
			record = st[1].st_size - st[0].st_size;
			whole = (less + record - 1) / record;
			if (whole <= 4) {
				assert_int_equal(
					truncate(fixture->path, st[1].st_size - less), 0);
				assert_int_equal(
					repair_capture(fixture->fd, &cut, &unfinished),
					0);
				assert_int_equal(cut, whole * record - less);
				assert_int_equal(
					count_records(fixture->path, "four"), 4 - whole);
			}
			unlink(fixture->path);
		}
		/* its head alone is not whole */
		capture = begin(fixture);
		add(capture, "four");
		assert_int_equal(capture_flush(capture, &stored, &lost), 0);
		capture_close(capture);
		assert_int_equal(truncate(fixture->path, 23), 0);
		assert_int_equal(repair_capture(fixture->fd, &cut, &unfinished), 0);
		assert_int_equal(cut, 23);
		assert_int_equal(stat(fixture->path, &st[0]), 0);
		assert_int_equal(st[0].st_size, 0);
		unlink(fixture->path);
	}
	assert_false(unfinished);
	assert_int_equal(repair_capture(fixture->fd, &cut, &unfinished), -ENOENT);
}

/* Whatever somebody wrote there: it ends, within the file. */
static void repair_believes_nothing(void **state)
{
	static const uint32_t section[] = {
		0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28};
	static const uint32_t lens[] = {0, 4, 8, 11, 13, 0x7fffffff, 0xffffffff};
	struct fixture *fixture = *state;
	bool unfinished;
	off_t cut;

	choose(fixture, CONFIG_CAPTURE_PCAPNG);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		const uint32_t block[] = {6, lens[i], 0, 0};
		const int fd = openat(
			fixture->fd, fixture->name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		assert_int_equal(write(fd, section, sizeof(section)), sizeof(section));
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
		close(fd);
		assert_int_equal(repair_capture(fixture->fd, &cut, &unfinished), 0);
		assert_int_equal(cut, sizeof(block));
	}
	unlink(fixture->path);
	assert_int_equal(symlink("/etc/passwd", fixture->path), 0);
	assert_int_equal(repair_capture(fixture->fd, &cut, &unfinished), -ELOOP);
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
			records_are_read_back_after_a_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_write_leaves_whole_records, setup, teardown),
		cmocka_unit_test_setup_teardown(records_wait_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(
			links_and_other_things_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_removed_file_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			repair_cuts_to_the_last_whole_record, setup, teardown),
		cmocka_unit_test_setup_teardown(repair_believes_nothing, setup, teardown),
		cmocka_unit_test(datagrams_carry_addresses_and_right_checksums),
		cmocka_unit_test(what_no_datagram_holds_is_cut_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
