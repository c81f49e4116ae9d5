/*
 * What it costs a call that its trunk and its target have many rules of numbers: on the way in and out, of the
 * called number, From and P-Asserted-Identity; by the index, and by trying each rule in turn. A table for Markdown.
 * By hand: make bench && tests/bench/bench_number [RULES], in each of the four lists.
 */
#include "bench.h"

#include "bridge/party_numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 2000
#define NUMBERS 1024

static char numbers[NUMBERS][24];
static unsigned found; /* so that nothing is left out for want of use */

/* As sites have them: a block of numbers of a country and area each, with something to keep, and at the end one
 * for all others. */
static struct rules *make_rules(unsigned count)
{
	struct rules *list = NULL;

	for (unsigned i = 0; i < count; i++) {
		char text[80];
		struct span bad;

		snprintf(text, sizeof(text), "^\\+%u%u(\\d{2,4})$ -> 0%u$1", 30 + i % 67,
			10000 + i, i);
		if (i + 1 == count)
			snprintf(text, sizeof(text), "^\\+(\\d+)$ -> 00$1");
		if (rules_add(&list, text, &bad))
			abort();
	}
	if (rules_settle(list))
		abort();
	return list;
}

static void make_numbers(unsigned count)
{
	for (unsigned i = 0; i < NUMBERS; i++) {
		const unsigned of = bench_chance(count);

		snprintf(numbers[i], sizeof(numbers[i]), "+%u%u%03u", 30 + of % 67,
			10000 + of, bench_chance(1000));
	}
}

static struct party_name name_of(unsigned nth)
{
	return (struct party_name){
		.phone = {.number = span_of(numbers[nth % NUMBERS]), .is_number = true}};
}

/* The numbers of a call, in and out. */
static void by_index(const void *arg, unsigned nth)
{
	const struct config_numbers *settings = arg;
	struct party_name asserted = name_of(nth + 2);
	const struct party came = {.called = name_of(nth),
		.from = name_of(nth + 1),
		.asserted = {.list = &asserted, .count = 1}};

	for (unsigned way = NUMBER_IN; way <= NUMBER_OUT; way++) {
		struct party *party;

		if (party_copy(&party, &came) ||
			party_numbers(party, settings, (enum number_way)way))
			abort();
		found += (unsigned)party->called.phone.number.len;
		party_free(party);
	}
}

static void each(
	const struct rules *list, struct rule_scratch *scratch, const char *number)
{
	char out[RULE_NUMBER_SIZE];

	for (size_t i = 0; i < rules_count(list); i++)
		if (rule_apply(rules_at(list, i), scratch, span_of(number), out) ==
			RULE_MATCHES) {
			found += out[0] == '0';
			return;
		}
}

/* The same numbers, three on each way. */
static void by_loop(const void *arg, unsigned nth)
{
	const struct config_numbers *settings = arg;
	struct rule_scratch *scratch;

	if (rule_scratch_new(&scratch))
		abort();
	for (unsigned i = 0; i < 6; i++)
		each(settings->called_in, scratch, numbers[(nth + i % 3) % NUMBERS]);
	rule_scratch_free(scratch);
}

int main(int argc, char **argv)
{
	const unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	struct config_numbers none = {.in = CONFIG_NUMBERS_PASS};
	struct config_numbers settings = none;

	if (!count || count > RULES_MAX)
		return 2;
	make_numbers(count);
	settings.called_in = make_rules(count);
	settings.calling_in = make_rules(count);
	settings.called_out = make_rules(count);
	settings.calling_out = make_rules(count);
	printf("%u rules in each list; six numbers a call.\n\n| rules | least, us | "
	       "median, us "
	       "|\n|---|---|---|\n",
		count);
	bench_measure("none", by_index, &none, CALLS);
	bench_measure("by the index", by_index, &settings, CALLS);
	bench_measure("each in turn", by_loop, &settings, 20);
	rules_free(settings.called_in);
	rules_free(settings.calling_in);
	rules_free(settings.called_out);
	rules_free(settings.calling_out);
	return found ? 0 : 1;
}
