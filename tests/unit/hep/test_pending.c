/* What waits for a collector. */
#include "../oom.h"

#include "hep/packet.h"
#include "hep/pending.h"

#include <malloc.h>
#include <string.h>

#define MAX ((size_t)16 * 1024 * 1024)
#define SMALL 1000

static uint8_t packet[HEP_PACKET_MAX];

/* The NTH packet of LEN bytes. */
static const uint8_t *nth_packet(unsigned nth, size_t len)
{
	memset(packet, (int)(nth & 0xff), len);
	packet[4] = (uint8_t)(len >> 8);
	packet[5] = (uint8_t)len;
	packet[6] = (uint8_t)(nth >> 8);
	packet[7] = (uint8_t)nth;
	return packet;
}

static unsigned number_of(const void *data)
{
	const uint8_t *bytes = data;

	return (unsigned)bytes[6] << 8 | bytes[7];
}

static unsigned fill(struct pending *pending, size_t len, size_t max)
{
	unsigned count = 0;

	while (pending_add(pending, nth_packet(count, len), len, max))
		count++;
	return count;
}

static void it_takes_what_fits_and_no_more(void **state)
{
	struct pending pending;

	(void)state;
	pending_init(&pending);
	assert_int_equal(pending_rest(&pending).len, 0);
	assert_int_equal(fill(&pending, SMALL, 10 * SMALL + 999), 10);
	assert_int_equal(pending_len(&pending), 10 * SMALL);
	assert_true(pending_add(&pending, nth_packet(10, 999), 999, 10 * SMALL + 999));
	pending_drop(&pending);
	assert_int_equal(fill(&pending, SMALL, 10 * SMALL + 999), 1);
	assert_false(pending_add(&pending, nth_packet(0, SMALL), SMALL, SMALL - 1));
	pending_free(&pending);
}

/* The largest ones too: two of them are all but a block. */
static void by_a_stream_they_leave_in_order_in_any_pieces(void **state)
{
	static const size_t lens[] = {SMALL, HEP_PACKET_MAX, 100};
	struct pending pending;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		size_t at = 0, piece = 1;
		unsigned count, left = 0;

		pending_init(&pending);
		count = fill(&pending, lens[i], 10 * HEP_PACKET_MAX);
		while (pending_rest(&pending).len > 0) {
			const struct span rest = pending_rest(&pending);

			if (at == 0)
				assert_int_equal(number_of(rest.p), left);
			piece = piece * 7 % 65521;
			if (piece > rest.len)
				piece = rest.len;
			at = (at + piece) % lens[i];
			left += pending_written(&pending, piece);
			assert_int_equal(pending_len(&pending), (count - left) * lens[i]);
			piece++;
		}
		assert_int_equal(left, count);
		assert_int_equal(pending_len(&pending), 0);
		pending_free(&pending);
	}
}

static void a_new_stream_begins_with_a_whole_packet(void **state)
{
	struct pending pending;

	(void)state;
	pending_init(&pending);
	fill(&pending, SMALL, 3 * SMALL);
	assert_int_equal(pending_written(&pending, SMALL + 1), 1);
	assert_int_equal(pending_rest(&pending).len, 2 * SMALL - 1);
	pending_restart(&pending);
	assert_int_equal(pending_rest(&pending).len, 2 * SMALL);
	assert_int_equal(number_of(pending_rest(&pending).p), 1);
	assert_int_equal(pending_written(&pending, SMALL - 1), 0);
	/* who drops the one that was begun goes on with the next one */
	pending_drop(&pending);
	assert_int_equal(pending_rest(&pending).len, SMALL);
	assert_int_equal(number_of(pending_rest(&pending).p), 2);
	pending_free(&pending);
}

static void datagrams_are_a_packet_each(void **state)
{
	struct mmsghdr messages[64];
	struct iovec pieces[64];
	struct pending pending;
	unsigned left = 0, count, gathered;

	(void)state;
	pending_init(&pending);
	assert_int_equal(pending_gather(&pending, messages, pieces, 64), 0);
	count = fill(&pending, SMALL, 1000 * SMALL);
	assert_int_equal(count, 1000);
	while ((gathered = pending_gather(&pending, messages, pieces, 64)) > 0) {
		assert_int_equal(gathered, count - left < 64 ? count - left : 64);
		for (unsigned i = 0; i < gathered; i++) {
			assert_ptr_equal(messages[i].msg_hdr.msg_iov, &pieces[i]);
			assert_int_equal(messages[i].msg_hdr.msg_iovlen, 1);
			assert_int_equal(pieces[i].iov_len, SMALL);
			/* also while those before it are dropped */
			assert_int_equal(number_of(pieces[i].iov_base), left++);
			pending_drop(&pending);
		}
	}
	assert_int_equal(left, count);
	pending_free(&pending);
}

/* However much waits behind it: the loop would stand still for that. */
static void what_waits_is_not_moved(void **state)
{
	struct pending pending;
	struct mmsghdr messages[2];
	struct iovec pieces[2];
	const void *last = NULL;

	(void)state;
	pending_init(&pending);
	fill(&pending, SMALL, MAX);
	while (pending_gather(&pending, messages, pieces, 2) == 2) {
		if (last)
			assert_ptr_equal(pieces[0].iov_base, last);
		last = pieces[1].iov_base;
		pending_drop(&pending);
	}
	assert_non_null(last);
	pending_free(&pending);
}

static size_t heap_bytes(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void what_has_left_takes_no_memory(void **state)
{
	const size_t before = heap_bytes();
	struct pending pending;

	(void)state;
	pending_init(&pending);
	fill(&pending, SMALL, MAX);
	while (pending_len(&pending) > 0)
		pending_drop(&pending);
	/* a sanitizer counts nothing, and finds what is lost */
	assert_true(heap_bytes() < before + MAX / 64);
	pending_free(&pending);
	assert_true(heap_bytes() <= before + SMALL);
}

static void without_memory_nothing_is_changed(void **state)
{
	struct pending pending;

	(void)state;
	pending_init(&pending);
	oom_left = 1;
	assert_false(pending_add(&pending, nth_packet(0, SMALL), SMALL, MAX));
	assert_int_equal(pending_len(&pending), 0);
	assert_true(pending_add(&pending, nth_packet(0, SMALL), SMALL, MAX));
	oom_left = 1;
	assert_int_equal(fill(&pending, SMALL, MAX), 130);
	assert_true(oom_failed);
	assert_int_equal(pending_len(&pending), 131 * SMALL);
	assert_int_equal(pending_rest(&pending).len, 131 * SMALL);
	pending_free(&pending);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_what_fits_and_no_more),
		cmocka_unit_test(by_a_stream_they_leave_in_order_in_any_pieces),
		cmocka_unit_test(a_new_stream_begins_with_a_whole_packet),
		cmocka_unit_test(datagrams_are_a_packet_each),
		cmocka_unit_test(what_waits_is_not_moved),
		cmocka_unit_test(what_has_left_takes_no_memory),
		cmocka_unit_test(without_memory_nothing_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
