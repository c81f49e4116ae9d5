/* Causes of Q.850 and statuses of SIP: the two tables of RFC 3398. */
#include "../unit.h"

#include "trunk/q850.h"

/* RFC 3398 7.2.4.1 */
static void causes_become_statuses(void **state)
{
	static const int rows[][2] = {{1, 404}, {2, 404}, {3, 404}, {17, 486}, {18, 408},
		{19, 480}, {20, 480}, {21, 403}, {22, 410}, {23, 410}, {26, 404},
		{27, 502}, {28, 484}, {29, 501}, {31, 480}, {34, 503}, {38, 503},
		{41, 503}, {42, 503}, {47, 503}, {55, 403}, {57, 403}, {58, 503},
		{65, 488}, {70, 488}, {79, 501}, {87, 403}, {88, 503}, {102, 504},
		{111, 500}, {127, 500}};
	unsigned listed = 0;

	(void)state;
	for (unsigned cause = 0; cause <= 200; cause++) {
		int expected = 500;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i][0] != (int)cause)
				continue;
			expected = rows[i][1];
			listed++;
		}
		if (q850_status(cause) != expected)
			fail_msg("%u: %d", cause, q850_status(cause));
	}
	assert_int_equal(listed, sizeof(rows) / sizeof(rows[0]));
}

/* RFC 3398 8.2.6.1 */
static void statuses_become_causes(void **state)
{
	static const int rows[][2] = {{400, 41}, {401, 21}, {402, 21}, {403, 21},
		{404, 1}, {405, 63}, {406, 79}, {407, 21}, {408, 102}, {410, 22},
		{413, 127}, {414, 127}, {415, 79}, {416, 127}, {420, 127}, {421, 127},
		{423, 127}, {480, 18}, {481, 41}, {482, 25}, {483, 25}, {484, 28},
		{485, 1}, {486, 17}, {487, 16}, {488, 65}, {500, 41}, {501, 79},
		{502, 38}, {503, 41}, {504, 102}, {505, 127}, {513, 127}, {600, 17},
		{603, 21}, {604, 1}, {606, 65}};

	(void)state;
	for (int status = 0; status < 800; status++) {
		unsigned expected = status >= 300 && status < 700 ? 127 : 0;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i][0] == status)
				expected = (unsigned)rows[i][1];
		if (q850_cause(status) != expected)
			fail_msg("%d: %u", status, q850_cause(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes_become_statuses),
		cmocka_unit_test(statuses_become_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
