/* The sum over headers and data, by what RFC 1071 and others show. */
#include "base/checksum.h"

#include "../unit.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 1071 3: the sum of these is ddf2. */
static const uint8_t rfc_1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

static void adds_as_rfc_1071_shows(void **state)
{
	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, rfc_1071, sizeof(rfc_1071))),
		htons(0x220d));
	assert_int_equal(checksum_fold(0), 0xffff);
}

/* Parts of even lengths, wherever they lie, sum up as the whole does. */
static void parts_are_worth_the_whole(void **state)
{
	uint8_t data[64];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(37 * i + 11);
	for (size_t start = 0; start < 4; start++)
		for (size_t len = 0; start + len <= sizeof(data); len++)
			for (size_t cut = 0; cut <= len; cut += 2) {
				uint64_t sum = checksum_add(0, data + start, cut);

				sum = checksum_add(sum, data + start + cut, len - cut);
				assert_int_equal(checksum_fold(sum),
					checksum_fold(
						checksum_add(0, data + start, len)));
			}
}

/* A last odd byte counts as if a zero followed. */
static void an_odd_byte_is_the_upper_one(void **state)
{
	const uint8_t odd[] = {0x12, 0x34, 0x56}, even[] = {0x12, 0x34, 0x56, 0x00};

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, odd, 3)),
		checksum_fold(checksum_add(0, even, 4)));
	assert_int_equal(checksum_fold(checksum_add(0, odd, 3)), htons(0xffff - 0x6834));
}

static void a_checked_whole_sums_to_zero(void **state)
{
	uint8_t data[20] = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8,
		0, 1, 0xc0, 0xa8, 0, 0xc7};
	uint16_t check = checksum_fold(checksum_add(0, data, sizeof(data)));

	(void)state;
	assert_int_equal(check, htons(0xb861));
	memcpy(data + 10, &check, sizeof(check));
	assert_int_equal(checksum_fold(checksum_add(0, data, sizeof(data))), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_as_rfc_1071_shows),
		cmocka_unit_test(parts_are_worth_the_whole),
		cmocka_unit_test(an_odd_byte_is_the_upper_one),
		cmocka_unit_test(a_checked_whole_sums_to_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
