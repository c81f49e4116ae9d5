/*
 * What it costs a call that its trunk and its target have many rules of numbers: on the way in and out, of the
 * called number, From and P-Asserted-Identity; by the index, and by trying each rule in turn. A table for Markdown.
 * By hand: make bench && tests/bench/bench_number [RULES], in each of the four lists.
 */
#include "bridge/party_numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 11
#define CALLS 2000
#define NUMBERS 1024

static char numbers[NUMBERS][24];
static unsigned found; /* so that nothing is left out for want of use */

static unsigned chance(unsigned limit)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % limit);
}

/* Of the processor, whoever else uses the machine. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

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
		const unsigned of = chance(count);

		snprintf(numbers[i], sizeof(numbers[i]), "+%u%u%03u", 30 + of % 67,
			10000 + of, chance(1000));
	}
}

static struct party_name name_of(unsigned nth)
{
	return (struct party_name){
		.phone = {.number = span_of(numbers[nth % NUMBERS]), .is_number = true}};
}

/* The numbers of a call, in and out. */
static void by_index(const struct config_numbers *settings, unsigned nth)
{
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
static void by_loop(const struct config_numbers *settings, unsigned nth)
{
	struct rule_scratch *scratch;

	if (rule_scratch_new(&scratch))
		abort();
	for (unsigned i = 0; i < 6; i++)
		each(settings->called_in, scratch, numbers[(nth + i % 3) % NUMBERS]);
	rule_scratch_free(scratch);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct config_numbers *settings, const char *name,
	void (*call)(const struct config_numbers *settings, unsigned nth), unsigned calls)
{
	uint64_t ns[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const uint64_t begin = now_ns();

		for (unsigned i = 0; i < calls; i++)
			call(settings, i);
		ns[round] = (now_ns() - begin) / calls;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	printf("| %s | %.2f | %.2f |\n", name, (double)ns[0] / 1000,
		(double)ns[ROUNDS / 2] / 1000);
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
	measure(&none, "none", by_index, CALLS);
	measure(&settings, "by the index", by_index, CALLS);
	measure(&settings, "each in turn", by_loop, 20);
	rules_free(settings.called_in);
	rules_free(settings.calling_in);
	rules_free(settings.called_out);
	rules_free(settings.calling_out);
	return found ? 0 : 1;
}
