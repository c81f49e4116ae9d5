/* The pool of port pairs: order, quarantine, exhaustion, ports that others hold. */
#include "media_test.h"

#include "media/ports.h"

#include <errno.h>
#include <unistd.h>

#define MIN 60900
#define PAIRS 8
#define QUARANTINE_MS 5000

struct taken {
	int fd[2];
	struct addr rtp;
};

static struct ports *new_ports(const char *host)
{
	const struct ports_params params = {.address = test_addr(host),
		.min = MIN,
		.max = MIN + 2 * PAIRS - 1,
		.quarantine_ms = QUARANTINE_MS,
		.bind = true};
	struct ports *ports = NULL;

	assert_int_equal(ports_new(&ports, &params), 0);
	return ports;
}

static uint16_t take(struct ports *ports, uint64_t now_ms, struct taken *taken)
{
	assert_int_equal(ports_take(ports, now_ms, taken->fd, &taken->rtp), 0);
	return addr_port(&taken->rtp);
}

static void give(struct ports *ports, uint64_t now_ms, const struct taken *taken)
{
	close(taken->fd[0]);
	close(taken->fd[1]);
	ports_release(ports, addr_port(&taken->rtp), now_ms);
}

static void binds_an_even_port_and_the_next(void **state)
{
	struct ports *ports = new_ports("127.0.0.1");
	struct taken taken;
	struct addr bound = {.len = sizeof(bound.v6)};
	uint16_t port = take(ports, 0, &taken);

	(void)state;
	assert_int_equal(port % 2, 0);
	assert_in_range(port, MIN, MIN + 2 * PAIRS - 2);
	getsockname(taken.fd[1], &bound.sa, &bound.len);
	assert_int_equal(addr_port(&bound), port + 1);
	assert_int_equal(ports_used(ports), 1);
	give(ports, 0, &taken);
	assert_int_equal(ports_used(ports), 0);
	ports_free(ports);
}

static void a_released_pair_rests_and_is_the_last_in_line(void **state)
{
	struct ports *ports = new_ports("127.0.0.1");
	struct taken taken[PAIRS], extra;
	uint16_t first;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++)
		take(ports, 0, &taken[i]);
	assert_int_equal(ports_take(ports, 0, extra.fd, &extra.rtp), -EADDRNOTAVAIL);
	give(ports, 1000, &taken[3]);
	give(ports, 1500, &taken[0]);
	first = addr_port(&taken[3].rtp);
	assert_int_equal(take(ports, 1000 + QUARANTINE_MS, &taken[3]), first);
	take(ports, 1500 + QUARANTINE_MS, &taken[0]);
	assert_int_equal(ports_early(ports), 0);
	assert_int_equal(ports_take(ports, 1500 + QUARANTINE_MS, extra.fd, &extra.rtp),
		-EADDRNOTAVAIL);
	for (unsigned i = 0; i < PAIRS; i++)
		give(ports, 0, &taken[i]);
	ports_free(ports);
}

/* A pool that is too small for the calls of five seconds: none is refused while there is one. */
static void under_pressure_the_longest_resting_pair_is_taken(void **state)
{
	struct ports *ports = new_ports("127.0.0.1");
	struct taken taken[PAIRS];
	uint16_t released[PAIRS];

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++)
		take(ports, 0, &taken[i]);
	for (unsigned round = 1; round < 20; round++) {
		for (unsigned i = 0; i < PAIRS; i++) {
			released[i] = addr_port(&taken[i].rtp);
			give(ports, 10 * round + i, &taken[i]);
		}
		for (unsigned i = 0; i < PAIRS; i++)
			assert_int_equal(
				take(ports, 10 * round + PAIRS, &taken[i]), released[i]);
		assert_int_equal(ports_early(ports), round * PAIRS);
	}
	for (unsigned i = 0; i < PAIRS; i++)
		give(ports, 1000, &taken[i]);
	ports_free(ports);
}

static void every_pair_is_used_before_one_is_used_again(void **state)
{
	struct ports *ports = new_ports("127.0.0.1");
	bool seen[PAIRS] = {false};
	struct taken taken;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned pair = (take(ports, i * 1000000ULL, &taken) - MIN) / 2U;

		assert_false(seen[pair]);
		seen[pair] = true;
		give(ports, i * 1000000ULL, &taken);
	}
	ports_free(ports);
}

/* Half of each pair: the other half must not stay bound. */
static void pairs_that_others_hold_are_skipped(void **state)
{
	struct ports *ports = new_ports("127.0.0.1");
	struct addr address = test_addr("127.0.0.1");
	struct taken taken, extra;
	int blocker[PAIRS - 1];

	(void)state;
	for (unsigned i = 0; i < PAIRS - 1; i++) {
		addr_set_port(&address, (uint16_t)(MIN + 2 * i + i % 2));
		blocker[i] = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(bind(blocker[i], &address.sa, address.len), 0);
	}
	assert_int_equal(take(ports, 0, &taken), MIN + 2 * (PAIRS - 1));
	assert_int_equal(ports_take(ports, 0, extra.fd, &extra.rtp), -EADDRNOTAVAIL);
	for (unsigned i = 0; i < PAIRS - 1; i++)
		close(blocker[i]);
	take(ports, 1, &extra);
	give(ports, 1, &taken);
	give(ports, 1, &extra);
	ports_free(ports);
}

static void too_small_a_range_is_refused(void **state)
{
	static const uint16_t refused[][2] = {
		{61001, 61002}, {61000, 61000}, {65535, 65535}};
	struct ports_params params = {.address = test_addr("127.0.0.1")};
	struct ports *ports = NULL;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		params.min = refused[i][0];
		params.max = refused[i][1];
		assert_int_equal(ports_new(&ports, &params), ERR_LIMIT);
	}
	params.min = 65534;
	params.max = 65535;
	assert_int_equal(ports_new(&ports, &params), 0);
	assert_int_equal(ports_total(ports), 1);
	ports_free(ports);
}

/* Where packets are steered nobody else's socket is in the way. */
static void takes_ports_without_sockets(void **state)
{
	const struct ports_params params = {
		.address = test_addr("127.0.0.1"), .min = MIN, .max = MIN + 1};
	struct addr address = test_addr("127.0.0.1");
	int blocker = socket(AF_INET, SOCK_DGRAM, 0);
	struct ports *ports = NULL;
	struct taken taken;

	(void)state;
	addr_set_port(&address, MIN);
	assert_int_equal(bind(blocker, &address.sa, address.len), 0);
	assert_int_equal(ports_new(&ports, &params), 0);
	assert_int_equal(take(ports, 0, &taken), MIN);
	assert_int_equal(taken.fd[0], -1);
	assert_int_equal(taken.fd[1], -1);
	ports_release(ports, MIN, 0);
	ports_free(ports);
	close(blocker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_an_even_port_and_the_next),
		cmocka_unit_test(a_released_pair_rests_and_is_the_last_in_line),
		cmocka_unit_test(under_pressure_the_longest_resting_pair_is_taken),
		cmocka_unit_test(every_pair_is_used_before_one_is_used_again),
		cmocka_unit_test(pairs_that_others_hold_are_skipped),
		cmocka_unit_test(too_small_a_range_is_refused),
		cmocka_unit_test(takes_ports_without_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
