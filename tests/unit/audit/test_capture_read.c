/* Captures read back, as they were written and as somebody spoiled them. */
#include "../unit.h"

#include "audit/capture_read.h"
#include "audit/datagram.h"
#include "audit_fixture.h"
#include "base/err.h"
#include "capture_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	int fd;
	enum config_capture_format format;
	unsigned found, wanted; /* datagrams; the one that ends it, from 1; 0: none */
	char text[256];         /* theirs, each behind a | */
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

static bool found_h(void *arg, const struct capture_item *item)
{
	struct fixture *fixture = arg;
	const struct span data = item->data;
	size_t len = strlen(fixture->text);

	fixture->found++;
	snprintf(fixture->text + len, sizeof(fixture->text) - len, "|%.*s", (int)data.len,
		data.p);
	return fixture->found != fixture->wanted;
}

static int read_back(struct fixture *fixture)
{
	fixture->found = 0;
	fixture->text[0] = '\0';
	return capture_read(fixture->fd, found_h, fixture);
}

static struct capture *begin(struct fixture *fixture)
{
	struct capture *capture;

	unlinkat(fixture->fd, "call.pcap", 0);
	unlinkat(fixture->fd, "call.pcapng", 0);
	assert_int_equal(
		fixture_capture_new(&capture, fixture->fd, fixture->format, NULL), 0);
	capture_interface(capture, "a", "");
	return capture;
}

static void end(struct capture *capture)
{
	uint64_t stored, lost;

	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	capture_close(capture);
}

/* Between hosts of IPv4, or of IPv6. */
static void add(struct capture *capture, const char *text, bool v6)
{
	static uint8_t packet[DATAGRAM_MAX];
	const struct addr a = fixture_addr(v6 ? "[2001:db8::1]:5060" : "192.0.2.1:5060");
	const struct addr b = fixture_addr(v6 ? "[2001:db8::2]:5061" : "192.0.2.2:5061");
	size_t whole, len = datagram_build(packet, &a, &b, text, strlen(text), &whole);

	fixture_capture_add(capture, 0, UINT64_C(1700000000000007), packet, len);
}

static void check_read(struct fixture *fixture)
{
	struct capture *capture = begin(fixture);

	fixture->wanted = 0;
	add(capture, "INVITE one", false);
	add(capture, "two", true);
	add(capture, "", false);
	end(capture);
	assert_int_equal(read_back(fixture), 0);
	assert_string_equal(fixture->text, "|INVITE one|two|");
	fixture->wanted = 1;
	assert_int_equal(read_back(fixture), 0);
	assert_string_equal(fixture->text, "|INVITE one");
}

static void what_was_written_is_read(void **state)
{
	struct fixture *fixture = *state;

	check_read(fixture);
	fixture->format = CONFIG_CAPTURE_PCAP;
	check_read(fixture);
}

static bool keep_h(void *arg, const struct capture_item *item)
{
	struct fixture *fixture = arg;
	char source[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE];

	snprintf(fixture->text, sizeof(fixture->text), "%d %d %s/%s %.*s %s %s",
		item->knows, item->sent, item->leg, item->trunk, SPAN_ARG(item->comment),
		addr_text(&item->source, source),
		addr_text(&item->destination, destination));
	assert_int_equal(item->wall_us, UINT64_C(1700000000000007));
	return true;
}

/* One packet of interface b, ours. */
static void add_known(struct capture *capture, uint32_t interface, bool v6)
{
	static uint8_t packet[DATAGRAM_MAX];
	const struct addr a = fixture_addr(v6 ? "[2001:db8::1]:5060" : "192.0.2.1:5060");
	const struct addr b = fixture_addr(v6 ? "[2001:db8::2]:5061" : "192.0.2.2:5061");
	struct capture_packet one = {.interface = interface,
		.wall_us = UINT64_C(1700000000000007),
		.sent = true,
		.comment = "leg b, trunk gw, TLS1.3",
		.data = packet};

	one.len = datagram_build(packet, &a, &b, "BYE", 3, &one.whole);
	capture_add(capture, &one);
}

static void whose_each_is_and_which_way_it_went(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture = begin(fixture);

	add_known(capture, capture_interface(capture, "b", "trunk gw"), false);
	end(capture);
	assert_int_equal(capture_read(fixture->fd, keep_h, fixture), 0);
	assert_string_equal(fixture->text, "1 1 b/trunk gw leg b, trunk gw, TLS1.3 "
					   "192.0.2.1:5060 192.0.2.2:5061");
	fixture->format = CONFIG_CAPTURE_PCAP;
	capture = begin(fixture);
	add_known(capture, 0, true);
	end(capture);
	assert_int_equal(capture_read(fixture->fd, keep_h, fixture), 0);
	assert_string_equal(
		fixture->text, "0 0 /  [2001:db8::1]:5060 [2001:db8::2]:5061");
}

static void it_is_read_in_steps(void **state)
{
	struct fixture *fixture = *state;
	struct capture_reader *reader;
	struct capture *capture = begin(fixture);

	add(capture, "one", false);
	add(capture, "two", false);
	end(capture);
	assert_int_equal(capture_reader_open(&reader, fixture->fd), 0);
	fixture->found = 0;
	fixture->text[0] = '\0';
	/* the section, the interface, a packet; another one; the end */
	assert_int_equal(capture_reader_step(reader, 3, found_h, fixture), -EAGAIN);
	assert_string_equal(fixture->text, "|one");
	assert_int_equal(capture_reader_step(reader, 1, found_h, fixture), -EAGAIN);
	assert_string_equal(fixture->text, "|one|two");
	assert_int_equal(capture_reader_step(reader, 1, found_h, fixture), 0);
	capture_reader_free(reader);
	capture_reader_free(NULL);
	assert_string_equal(capture_read_name(fixture->fd), "call.pcapng");
	unlinkat(fixture->fd, "call.pcapng", 0);
	assert_null(capture_read_name(fixture->fd));
}

static void one_that_is_encrypted_is_said_to_be(void **state)
{
	static const char *const names[] = {"call.pcapng.age", "call.pcapng.age.part",
		"call.pcap.age", "call.pcap.age.part"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		close(openat(fixture->fd, names[i], O_WRONLY | O_CREAT, 0600));
		assert_int_equal(read_back(fixture), ERR_STATE);
		unlinkat(fixture->fd, names[i], 0);
	}
	assert_int_equal(read_back(fixture), -ENOENT);
}

static void only_the_first_are_looked_at(void **state)
{
	struct fixture *fixture = *state;
	struct capture *capture = begin(fixture);

	for (unsigned i = 0; i < CAPTURE_READ_MAX + 5; i++)
		add(capture, "", false);
	end(capture);
	assert_int_equal(read_back(fixture), 0);
	/* the section's header and the interface are two of them */
	assert_int_equal(fixture->found, CAPTURE_READ_MAX - 2);
}

/* One byte of a datagram's headers is another one. */
static void read_changed(struct fixture *fixture, bool v6, size_t at, uint8_t byte)
{
	static uint8_t packet[DATAGRAM_MAX];
	const struct addr a = fixture_addr(v6 ? "[2001:db8::1]:1" : "192.0.2.1:1");
	size_t whole, len = datagram_build(packet, &a, &a, "abc", 3, &whole);
	struct capture *capture = begin(fixture);

	packet[at] = byte;
	fixture_capture_add(capture, 0, 7, packet, len);
	end(capture);
	assert_int_equal(read_back(fixture), 0);
}

static void what_is_no_datagram_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	const struct capture_packet cut = {.wall_us = 7,
		.comment = "",
		.data = "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08"
			"\0\0",
		.len = 28,
		.whole = 29};
	struct capture *capture;

	read_changed(fixture, false, 0, 0x45);
	assert_string_equal(fixture->text, "|abc");
	read_changed(fixture, false, 0, 0x46); /* options */
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, false, 0, 0x75);
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, false, 9, 6); /* TCP */
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, true, 6, 6);
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, true, 6, 17);
	assert_string_equal(fixture->text, "|abc");
	read_changed(fixture, false, 25, 7); /* shorter than its own header */
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, false, 25, 12); /* longer than the packet */
	assert_int_equal(fixture->found, 0);
	read_changed(fixture, false, 25, 8);
	assert_string_equal(fixture->text, "|");
	capture = begin(fixture);
	fixture_capture_add(capture, 0, 7, "", 0);
	fixture_capture_add(capture, 0, 7, "\x45", 1);
	fixture_capture_add(capture, 0, 7, "\x60", 1);
	/* a whole IP header, and nothing behind it */
	fixture_capture_add(
		capture, 0, 7, "\x45\0\0\x14\0\0\0\0\x40\x11\0\0\0\0\0\0\0\0\0\0", 20);
	/* cut, which the record says */
	capture_add(capture, &cut);
	end(capture);
	assert_int_equal(read_back(fixture), 0);
	assert_int_equal(fixture->found, 0);
}

static void write_file(struct fixture *fixture, const void *data, size_t len)
{
	int fd = openat(fixture->fd, "call.pcap", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void other_files_are_refused(void **state)
{
	/* what libpcap writes, for Ethernet */
	static const uint32_t ethernet[] = {0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1};
	static const uint32_t raw[] = {
		0xa1b2c3d4, 0x00040002, 0, 0, 262144, 101, 1, 1, 60000, 60000};
	struct fixture *fixture = *state;

	assert_int_equal(read_back(fixture), -ENOENT);
	write_file(fixture, "", 0);
	assert_int_equal(read_back(fixture), ERR_FORMAT);
	write_file(fixture, "no capture at all, but long enough", 34);
	assert_int_equal(read_back(fixture), ERR_FORMAT);
	write_file(fixture, ethernet, sizeof(ethernet));
	assert_int_equal(read_back(fixture), ERR_FORMAT);
	write_file(fixture, raw, sizeof(raw)); /* a record that is not there */
	assert_int_equal(read_back(fixture), ERR_FORMAT);
	assert_int_equal(fixture->found, 0);
	unlinkat(fixture->fd, "call.pcap", 0);
	assert_int_equal(symlinkat("/etc/passwd", fixture->fd, "call.pcap"), 0);
	assert_int_equal(read_back(fixture), -ELOOP);
	unlinkat(fixture->fd, "call.pcap", 0);
	/* a pipe that nobody writes to must not stop us */
	assert_int_equal(mkfifoat(fixture->fd, "call.pcap", 0600), 0);
	assert_int_equal(read_back(fixture), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whose_each_is_and_which_way_it_went, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_read_in_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_is_encrypted_is_said_to_be, setup, teardown),
		cmocka_unit_test_setup_teardown(
			only_the_first_are_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_datagram_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
