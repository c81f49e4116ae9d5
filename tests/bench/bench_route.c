/*
 * What it costs to choose whom a call goes to, among many prefixes: by the tree, and by looking at each trunk. A
 * table for Markdown. By hand: make bench && tests/bench/bench_route [TRUNKS], three prefixes each.
 */
#include "../unit/trunk/plain.h"
#include "bench.h"

#include "trunk/pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 20000
#define NUMBERS 1024

static char numbers[NUMBERS][24];

static void digits(char *out, unsigned count)
{
	while (count-- > 0)
		*out++ = (char)('0' + bench_chance(10));
	*out = '\0';
}

/* Prefixes as carriers have them: a country, and some digits of an area. */
static struct plain_gateway *make_gateways(unsigned count)
{
	struct plain_gateway *gateways = calloc(count + 1, sizeof(*gateways));

	assert_non_null(gateways);
	for (unsigned i = 0; i < count; i++) {
		char *texts = malloc(160);

		assert_non_null(texts);
		snprintf(texts, 16, "g%05u", i);
		snprintf(texts + 16, 32, "127.%u.%u.%u", 1 + i / 60000, i / 250 % 240,
			1 + i % 250);
		gateways[i] = (struct plain_gateway){.id = texts, .host = texts + 16};
		for (unsigned j = 0; j < 3; j++) {
			char *prefix = texts + 48 + 32 * j;

			prefix[0] = '+';
			digits(prefix + 1, 3 + bench_chance(6));
			gateways[i].prefixes[j] = prefix;
		}
	}
	for (unsigned i = 0; i < NUMBERS; i++) {
		const char *prefix =
			gateways[bench_chance(count)].prefixes[bench_chance(3)];

		strcpy(numbers[i], prefix);
		digits(numbers[i] + strlen(prefix), 6);
	}
	return gateways;
}

static struct pick_question question_of(const struct plain *plain, unsigned nth)
{
	return (struct pick_question){.config = plain->config,
		.call = {.kind = TRUNK_SERVER,
			.from = "pbx1",
			.called = span_of(numbers[nth % NUMBERS]),
			.caller = span_of("+4930123456")}};
}

static unsigned found; /* so that nothing is left out for want of use */

static void by_tree(const void *arg, unsigned nth)
{
	const struct plain *plain = arg;
	const struct pick_question question = question_of(plain, nth);
	struct pick pick;

	pick_candidates(plain->trunks, &question, &pick);
	found += pick.count;
}

static void by_loop(const void *arg, unsigned nth)
{
	const struct plain *plain = arg;
	const struct pick_question question = question_of(plain, nth);
	struct trunk *trunk;

	for (unsigned i = 0; (trunk = trunks_at(plain->trunks, TRUNK_GATEWAY, i)); i++) {
		struct pick_opinion opinion;

		pick_judge(plain->trunks, trunk, &question, &opinion);
		found += opinion.verdict == ROUTE_FITS;
	}
}

int main(int argc, char **argv)
{
	const unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 3334;
	struct plain_gateway *gateways = make_gateways(count);
	struct plain plain;

	plain_start(&plain);
	plain_apply(&plain, gateways);
	printf("%u prefixes of %u trunks.\n\n| choice | least, us | median, us |\n"
	       "|---|---|---|\n",
		3 * count, count);
	bench_measure("by the tree", by_tree, &plain, CALLS);
	bench_measure("each trunk looked at", by_loop, &plain, 50);
	plain_stop(&plain);
	for (unsigned i = 0; i < count; i++)
		free((void *)(uintptr_t)gateways[i].id);
	free(gateways);
	return found ? 0 : 1;
}
