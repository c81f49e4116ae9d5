/* Names of code points, and that sockets take them. */
#include "base/dscp.h"

#include "../unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void knows_numbers_and_names(void **state)
{
	static const struct {
		const char *text;
		unsigned dscp;
	} rows[] = {
		{"0", 0},
		{"63", 63},
		{"EF", 46},
		{"ef", 46},
		{"CS0", 0},
		{"CS3", 24},
		{"cs7", 56},
		{"AF11", 10},
		{"AF31", 26},
		{"Af43", 38},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned dscp = 99;

		assert_true(dscp_parse(rows[i].text, &dscp));
		assert_int_equal(dscp, rows[i].dscp);
	}
}

static void refuses_what_is_neither(void **state)
{
	static const char *const texts[] = {"", "64", "-1", "0x2e", "CS8", "CS", "CS31",
		"AF", "AF1", "AF10", "AF14", "AF51", "AF311", "EF ", "EFF", "46 "};
	unsigned dscp = 99;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(dscp_parse(texts[i], &dscp));
	assert_int_equal(dscp, 99);
}

static void marks_sockets_of_both_families(void **state)
{
	struct addr v4, v6;
	int tos = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(tos);

	(void)state;
	assert_int_equal(addr_parse_host(&v4, "127.0.0.1", 9, 0), 0);
	assert_int_equal(addr_parse_host(&v6, "::1", 3, 0), 0);
	assert_int_equal(dscp_set(fd, &v4, 46), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &len), 0);
	assert_int_equal(tos, 0xb8);
	assert_true(dscp_set(fd, &v6, 46) < 0);
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	assert_int_equal(dscp_set(fd, &v6, 24), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, &len), 0);
	assert_int_equal(tos, 0x60);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_numbers_and_names),
		cmocka_unit_test(refuses_what_is_neither),
		cmocka_unit_test(marks_sockets_of_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
