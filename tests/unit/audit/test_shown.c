/* Blocks of a capture that are shown to somebody with something in them hidden: what is given tells nothing of it. */
#include "../unit.h"

#include "audit/datagram.h"
#include "audit/pcapng.h"
#include "audit/shown.h"
#include "audit_fixture.h"
#include "evidence/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER "OPTIONS sip:+49301234567@h SIP/2.0\r\n\r\n"
#define HIDDEN "OPTIONS sip:+xxxxxxxx567@h SIP/2.0\r\n\r\n"
#define NOBODY "OPTIONS sip:h SIP/2.0\r\n\r\n"
#define ID UINT64_C(0x0123456789abcdef)

struct fixture {
	char *folder;
	int dir;
	struct buf file, given, lines;
	size_t first, second; /* where the messages' blocks begin */
};

static void piece_h(void *arg, const char *name, struct span piece)
{
	struct fixture *fixture = arg;

	buf_add_span(strcmp(name, "call.pcapng") == 0 ? &fixture->given : &fixture->lines,
		piece);
}

static void add_message(struct fixture *fixture, const char *text)
{
	static uint8_t bytes[DATAGRAM_MAX];
	struct addr source, destination;
	struct pcapng_packet packet = {.comment = "leg a", .id = ID, .data = bytes};

	assert_int_equal(addr_parse(&source, "192.0.2.1", 5060), 0);
	assert_int_equal(addr_parse(&destination, "192.0.2.2", 5060), 0);
	packet.len = datagram_build(
		bytes, &source, &destination, text, strlen(text), &packet.whole);
	pcapng_packet(&fixture->file, &packet);
}

/* A section, an interface and two messages, of which the first has a number. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	fixture->folder = fixture_folder();
	fixture->dir = open(fixture->folder, O_RDONLY | O_DIRECTORY);
	buf_init(&fixture->file, 0);
	buf_init(&fixture->given, 0);
	buf_init(&fixture->lines, 0);
	pcapng_section(&fixture->file, "", "");
	pcapng_interface(&fixture->file, "a", "trunk gw1");
	fixture->first = fixture->file.len;
	add_message(fixture, NUMBER);
	fixture->second = fixture->file.len;
	add_message(fixture, NOBODY);
	fd = openat(fixture->dir, "call.pcapng", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, fixture->file.data, fixture->file.len),
		(ssize_t)fixture->file.len);
	close(fd);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->dir);
	fixture_remove(fixture->folder);
	buf_free(&fixture->file);
	buf_free(&fixture->given);
	buf_free(&fixture->lines);
	free(fixture);
	return 0;
}

static void show(struct fixture *fixture, bool hide_numbers)
{
	struct shown_params params = {.dir_fd = fixture->dir,
		.file = {.name = span_of("call.pcapng"),
			.bytes = fixture->file.len,
			.has_tree = true},
		.name = "call.pcapng",
		.hide_numbers = hide_numbers};
	struct shown *shown;
	int err;

	assert_int_equal(outputs_new(&params.outputs, piece_h, fixture), 0);
	assert_int_equal(shown_new(&shown, &params), 0);
	while ((err = shown_step(shown)) == -EAGAIN)
		;
	assert_int_equal(err, 0);
	shown_free(shown);
	outputs_free(params.outputs);
	assert_int_equal(fixture->given.len, fixture->file.len);
}

/* The hash of the first message's block as it is in BYTES. */
static const char *leaf_in(const struct fixture *fixture, const struct buf *bytes,
	char text[DIGEST_TEXT_SIZE])
{
	const struct span block = {
		bytes->data + fixture->first, fixture->second - fixture->first};
	struct tlog_hash leaf;

	assert_int_equal(tlog_leaf(&leaf, block), 0);
	return digest_text(&leaf, text);
}

/* Whoever has all of a block but a few digits, and its hash, could try each number. */
static void a_number_that_is_hidden_cannot_be_tried(void **state)
{
	struct fixture *fixture = *state;
	const size_t first = fixture->first, second = fixture->second;
	char sealed[DIGEST_TEXT_SIZE], tried[DIGEST_TEXT_SIZE], line[100];
	struct pcapng_view view;
	uint8_t *block;
	char *text;

	show(fixture, true);
	leaf_in(fixture, &fixture->file, sealed);
	snprintf(
		line, sizeof(line), "%s masked %zu %zu\n", sealed, first, second - first);
	assert_non_null(
		memmem(fixture->lines.data, fixture->lines.len, line, strlen(line)));
	block = (uint8_t *)fixture->given.data + first;
	text = memmem(block, second - first, HIDDEN, strlen(HIDDEN));
	assert_non_null(text);
	assert_true(pcapng_open(block, second - first, &view));
	memcpy(text, NUMBER, strlen(NUMBER));
	datagram_close(block + view.at);
	assert_string_not_equal(leaf_in(fixture, &fixture->given, tried), sealed);
	/* its number is all that is missing */
	memcpy(block + view.id, &(uint64_t){ID}, sizeof(uint64_t));
	assert_string_equal(leaf_in(fixture, &fixture->given, tried), sealed);
}

static void what_has_nothing_to_hide_is_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	const size_t second = fixture->second;

	show(fixture, true);
	assert_memory_equal(fixture->given.data + second, fixture->file.data + second,
		fixture->file.len - second);
	assert_memory_equal(fixture->given.data, fixture->file.data, fixture->first);
	buf_clear(&fixture->given);
	show(fixture, false);
	assert_memory_equal(fixture->given.data, fixture->file.data, fixture->file.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_number_that_is_hidden_cannot_be_tried, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_has_nothing_to_hide_is_as_it_was, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
