/* Blocks of pcapng read back, as they were written and as somebody spoiled them. */
#include "../unit.h"

#include "audit/pcapng.h"
#include "audit/pcapng_read.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* Appended to, and read block by block from its beginning. */
static struct buf out;
static struct pcapng_read reading;
static struct pcapng_read_packet packet;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, 0);
	memset(&reading, 0, sizeof(reading));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* Takes the first block off OUT. */
static int take(void)
{
	const uint8_t *block = (const uint8_t *)out.data;
	const size_t len = pcapng_read_len(block);
	static uint8_t copy[4096];
	int result;

	assert_true(len >= 12 && len <= out.len && len <= sizeof(copy));
	memcpy(copy, block, len);
	result = pcapng_read_block(&reading, copy, len, &packet);
	buf_consume(&out, len);
	return result;
}

static void add_packet(uint32_t interface, bool sent, size_t whole)
{
	const struct pcapng_packet one = {.interface = interface,
		.wall_us = UINT64_C(1700000000000007),
		.sent = sent,
		.comment = "leg b",
		.data = "Eabc",
		.len = 4,
		.whole = whole};

	pcapng_packet(&out, &one);
}

static void begin(void)
{
	pcapng_section(&out, "Tandem", "a comment");
	pcapng_interface(&out, "b", "trunk gw");
	assert_int_equal(take(), 0);
	assert_int_equal(take(), 0);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	begin();
	add_packet(0, true, 4);
	add_packet(0, false, 4);
	assert_int_equal(take(), 1);
	assert_true(packet.sent);
	assert_int_equal(packet.wall_us, UINT64_C(1700000000000007));
	assert_true(span_equal_str(packet.comment, "leg b"));
	assert_true(span_equal_str(packet.ip, "Eabc"));
	assert_string_equal(packet.interface->name, "b");
	assert_string_equal(packet.interface->description, "trunk gw");
	assert_int_equal(take(), 1);
	assert_false(packet.sent);
}

static void a_section_begins_anew(void **state)
{
	(void)state;
	begin();
	pcapng_section(&out, "", "");
	add_packet(0, true, 4);
	assert_int_equal(take(), 0);
	/* its interface is not told yet */
	assert_int_equal(take(), 0);
	pcapng_interface(&out, "c",
		"server with a name that is longer than what is kept of it, by the few "
		"words that are cut here");
	add_packet(0, true, 4);
	add_packet(1, true, 4);
	assert_int_equal(take(), 0);
	assert_int_equal(take(), 1);
	assert_string_equal(packet.interface->name, "c");
	assert_int_equal(
		strlen(packet.interface->description), PCAPNG_READ_DESCRIPTION - 1);
	assert_int_equal(take(), 0);
}

static void what_was_cut_is_no_packet(void **state)
{
	(void)state;
	begin();
	add_packet(0, true, 5);
	assert_int_equal(take(), 0);
}

static void interfaces_are_bounded(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < PCAPNG_READ_INTERFACES + 5; i++) {
		pcapng_interface(&out, "x", "");
		assert_int_equal(take(), 0);
	}
	assert_int_equal(reading.count, PCAPNG_READ_INTERFACES);
	add_packet(PCAPNG_READ_INTERFACES, true, 4);
	assert_int_equal(take(), 0);
}

static void blocks_of_others_are_passed_over(void **state)
{
	static const uint32_t statistics[] = {5, 16, 0, 16};

	(void)state;
	begin();
	buf_add(&out, statistics, sizeof(statistics));
	assert_int_equal(take(), 0);
	add_packet(0, true, 4);
	assert_int_equal(take(), 1);
}

/* Each byte of a whole file changed in each way: no read beyond, which a sanitizer would see. */
static void whatever_is_changed_is_read_within_bounds(void **state)
{
	struct pcapng_read_packet one;
	struct buf file;

	(void)state;
	buf_init(&file, 0);
	pcapng_section(&file, "Tandem", "a comment");
	pcapng_interface(&file, "b", "trunk gw");
	pcapng_packet(&file, &(struct pcapng_packet){.wall_us = 7,
				     .sent = true,
				     .comment = "leg b, trunk gw, TLS",
				     .data = "Eabc",
				     .len = 4,
				     .whole = 4});
	for (size_t at = 0; at < file.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			size_t from = 0, len;

			file.data[at] = (char)(file.data[at] ^ 1 << bit);
			memset(&reading, 0, sizeof(reading));
			while (file.len - from >= PCAPNG_BLOCK_HEAD &&
				(len = pcapng_read_len((uint8_t *)file.data + from)) >
					0 &&
				len <= file.len - from) {
				uint8_t *copy = malloc(len);
				int result;

				memcpy(copy, file.data + from, len);
				result = pcapng_read_block(&reading, copy, len, &one);
				if (result == 1) {
					assert_true(one.ip.p >= (char *)copy &&
						    one.ip.p + one.ip.len <=
							    (char *)copy + len);
					assert_true(
						one.comment.len == 0 ||
						(one.comment.p >= (char *)copy &&
							one.comment.p + one.comment.len <=
								(char *)copy + len));
				}
				free(copy);
				if (result < 0)
					break;
				from += len;
			}
			file.data[at] = (char)(file.data[at] ^ 1 << bit);
		}
	}
	buf_free(&file);
}

static void what_is_no_block_is_refused(void **state)
{
	static const uint32_t odd[][5] = {{0x0a0d0d0a, 20, 0x1a2b3c4d, 0, 20},
		{1, 12, 12}, {0x0a0d0d0a, 13}, {0x0a0d0d0a, 8},
		{0x0a0d0d0a, PCAPNG_BLOCK_MAX + 4}, {6, 20, 0, 0, 20}};

	(void)state;
	/* too short for what it is; before any section */
	assert_int_equal(
		pcapng_read_block(&reading, (const uint8_t *)odd[0], 20, &packet),
		ERR_FORMAT);
	assert_int_equal(
		pcapng_read_block(&reading, (const uint8_t *)odd[1], 12, &packet),
		ERR_FORMAT);
	for (unsigned i = 2; i < 5; i++)
		assert_int_equal(pcapng_read_len((const uint8_t *)odd[i]), 0);
	begin();
	assert_int_equal(
		pcapng_read_block(&reading, (const uint8_t *)odd[5], 20, &packet),
		ERR_FORMAT);
	assert_int_equal(
		pcapng_read_block(&reading, (const uint8_t *)odd[1], 12, &packet),
		ERR_FORMAT);
	/* both lengths are to be the same */
	add_packet(0, true, 4);
	out.data[out.len - 4] ^= 4;
	assert_int_equal(take(), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_section_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_cut_is_no_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(interfaces_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_of_others_are_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whatever_is_changed_is_read_within_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_block_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
