/*
 * The index of records: what a record costs its thread, what it takes on disk, and how long it takes to find the calls of a number.
 * A table for Markdown. By hand: make bench && tests/bench/bench_index [RECORDS [FOLDER]]; ten million records take 4 GB below
 * FOLDER (/tmp). Their lines are made in memory, and are not kept.
 */
#include "audit/cdr.h"
#include "audit/cdr_row.h"
#include "audit/index_query.h"
#include "audit/index_write.h"
#include "evidence/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Records of a second. */
#define STEP 1000
/* Numbers that call and are called. */
#define NUMBERS 1000000
#define LOOKS 200
#define US UINT64_C(1000000)

static double now_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static uint64_t random_state = 88172645463325252;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static struct record_leg make_leg(const char *party, enum side side)
{
	struct record_leg leg = record_leg_none();

	leg.side = side;
	leg.party = party;
	leg.connected = true;
	leg.transport = "TLS";
	leg.version = "TLS1.3";
	leg.cipher = "AES-256-GCM";
	leg.peer_names = "DNS:pbx1.example.com";
	leg.call_id = "3e0f6a18a1f14f1ea2c3@192.0.2.1";
	leg.session_refresher = "peer";
	leg.media = "AES_CM_128_HMAC_SHA1_80";
	leg.codec = "PCMA";
	leg.media_verdict = "ok";
	leg.mos = 421;
	return leg;
}

/* The line of call number I, with one attempt. */
static void make_line(struct buf *out, uint64_t i)
{
	char from[24], to[24], to_national[24], id[24], trunk[32], target[] = "carrier-a";
	struct record_attempt attempt = {
		.target = target, .status = 200, .after_us = 900};
	struct record record = {.call = i,
		.id = id,
		.method = "INVITE",
		.from = from,
		.to = to,
		.from_received = from,
		.to_received = to_national,
		.from_sent = from,
		.to_sent = to,
		.start_wall_us = 1700000000 * US + i * 1000,
		.ringing_us = 1 * US,
		.answer_us = 4 * US,
		.end_us = (5 + draw(300)) * US,
		.status = 200,
		.cause = "bye",
		.ended_by = "server",
		.detail = "",
		.media_note = "",
		.far_reason = "",
		.attempts = &attempt,
		.attempt_count = 1};
	const uint64_t called = draw(NUMBERS);

	snprintf(trunk, sizeof(trunk), "trunk carrier-%" PRIu64, draw(20));
	record.legs[0] = make_leg("server pbx1", SIDE_INTERNAL);
	record.legs[1] = make_leg(trunk, SIDE_EXTERNAL);
	snprintf(from, sizeof(from), "+4930%07" PRIu64, draw(NUMBERS));
	snprintf(to, sizeof(to), "+4940%07" PRIu64, called);
	snprintf(to_national, sizeof(to_national), "040%07" PRIu64, called);
	snprintf(id, sizeof(id), "5f3c-%06" PRIx64, i);
	buf_clear(out);
	head_write(out, i, "0123456789abcdef0123456789abcdef");
	buf_add_str(out, ",\"kind\":\"call\",");
	{
		struct buf body;

		buf_init(&body, 0);
		cdr_format(&record, &body);
		buf_add(out, body.data + 1, body.len - 1);
		buf_free(&body);
	}
}

static void must(int err, const struct err_text *text)
{
	if (err)
		die("index", text->text);
}

static void fill(const char *folder, uint64_t count)
{
	struct follow_position position = {.file = "x", .line = "y"};
	double busy_s = 0, parse_s = 0, worst_s = 0, begin_s;
	struct index_writer *writer;
	struct err_text text = {""};
	struct buf lines[STEP];
	uint64_t at = 0;

	must(index_writer_new(&writer, folder, &text), &text);
	for (unsigned i = 0; i < STEP; i++)
		buf_init(&lines[i], 0);
	for (uint64_t done = 0; done < count; done += STEP) {
		double step_s;

		for (unsigned i = 0; i < STEP; i++)
			make_line(&lines[i], done + i);
		begin_s = now_s(CLOCK_THREAD_CPUTIME_ID);
		for (unsigned i = 0; i < STEP; i++) {
			struct cdr_row row;

			if (cdr_row_read(&row, buf_span(&lines[i])) != 0)
				die("line", lines[i].data);
		}
		parse_s += now_s(CLOCK_THREAD_CPUTIME_ID) - begin_s;
		begin_s = now_s(CLOCK_THREAD_CPUTIME_ID);
		must(index_writer_begin(writer, &text), &text);
		must(index_writer_file(writer, "x", &text), &text);
		for (unsigned i = 0; i < STEP; i++) {
			struct cdr_row row;

			(void)cdr_row_read(&row, buf_span(&lines[i]));
			must(index_writer_add(writer, at, &row, &text), &text);
			at += lines[i].len + 1;
		}
		position.end = at;
		position.next = done + STEP;
		must(index_writer_commit(writer, &position, &text), &text);
		step_s = now_s(CLOCK_THREAD_CPUTIME_ID) - begin_s;
		busy_s += step_s;
		worst_s = step_s > worst_s ? step_s : worst_s;
	}
	printf("| a record of %" PRIu64 " bytes is read | %.2f us |\n", at / count,
		parse_s / (double)count * 1e6);
	printf("| read and added, 1,000 a transaction | %.2f us |\n",
		busy_s / (double)count * 1e6);
	printf("| the longest transaction | %.1f ms |\n", worst_s * 1e3);
	index_writer_free(writer);
	for (unsigned i = 0; i < STEP; i++)
		buf_free(&lines[i]);
}

static bool count_h(void *arg, const struct index_row *row)
{
	(void)row;
	(*(unsigned *)arg)++;
	return true;
}

static int compare(const void *a, const void *b)
{
	const double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

/* Each by a connection of its own, as tandemctl's questions are. */
static void look(const char *folder, const char *what, const char *begin, int digits,
	uint64_t numbers)
{
	double times[LOOKS];
	unsigned rows = 0;

	for (unsigned i = 0; i < LOOKS; i++) {
		struct index_filter filter = {
			.signalling = -1, .media = -1, .answered = -1, .limit = 50};
		double begin_s = now_s(CLOCK_MONOTONIC);
		struct index_query *query;
		struct err_text text = {""};
		struct pattern pattern;
		struct span bad;
		char number[32];

		snprintf(number, sizeof(number), "%s%0*d", begin, digits,
			(int)draw(numbers));
		if (pattern_parse(&pattern, span_of(number), &bad) != 0)
			die("pattern", number);
		filter.number = numbers > 1 ? &pattern : NULL;
		must(index_query_new(&query, folder, NULL, &text), &text);
		must(index_query_rows(query, &filter, count_h, &rows, &text), &text);
		index_query_free(query);
		times[i] = (now_s(CLOCK_MONOTONIC) - begin_s) * 1e3;
	}
	qsort(times, LOOKS, sizeof(*times), compare);
	printf("| %s: median, longest of %d | %.2f ms, %.2f ms (%u rows each) |\n", what,
		LOOKS, times[LOOKS / 2], times[LOOKS - 1], rows / LOOKS);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	const char *base = argc > 2 ? argv[2] : "/tmp";
	char folder[4096], path[4200];
	struct stat st;

	count -= count % STEP;
	snprintf(folder, sizeof(folder), "%s/bench-index-XXXXXX", base);
	if (count == 0 || !mkdtemp(folder))
		die("folder", base);
	printf("| %" PRIu64 " records | |\n|---|---|\n", count);
	fill(folder, count);
	snprintf(path, sizeof(path), "%s/" INDEX_NAME, folder);
	if (stat(path, &st) == 0)
		printf("| on disk, of a record | %.0f bytes |\n",
			(double)st.st_size / (double)count);
	look(folder, "calls of a number", "+4940", 7, NUMBERS);
	look(folder, "calls of a number that has none", "+4950", 7, NUMBERS);
	look(folder, "the latest 50", "", 1, 1);
	look(folder, "the latest 50 of a hundred numbers", "+4940", 5, NUMBERS / 100);
	snprintf(path, sizeof(path), "rm -r '%s'", folder);
	return system(path) == 0 ? 0 : 1;
}
