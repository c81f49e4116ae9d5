#include "admin/signed_report.h"

#include "admin/api.h"
#include "admin/exception.h"
#include "admin/tally.h"
#include "base/clock.h"
#include "evidence/head.h"
#include "evidence/records.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Lines of a step: a millisecond or two. */
#define LINES_A_STEP 200
#define RANGES_MAX 1000
#define KIND_MAX 32
/* The kind stands right behind the head. */
#define KIND_WITHIN 160
#define US_PER_S UINT64_C(1000000)

struct signed_report {
	struct records *records;
	char *host, *log;
	char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], made[CLOCK_TEXT_SIZE];
	time_t made_s;
	struct signed_report_counts counts;
	uint64_t size;   /* records up to the last one that was read */
	bool any;        /* one was read */
	uint64_t failed; /* calls that were never answered */
	uint64_t headless, unreadable;
	json_t *kinds;   /* of the period: how many */
	json_t *missing; /* numbers that no file has: [first, last] */
	json_t *gaps;    /* records of gaps, as they stand */
	json_t *lost;    /* calls of which a kill left their begin alone */
	json_t *calls;   /* that were not protected */
};

int signed_report_new(
	struct signed_report **ret, const struct signed_report_period *period)
{
	struct signed_report *report = calloc(1, sizeof(*report));

	if (!report)
		return -ENOMEM;
	clock_text(period->since_us, report->since);
	clock_text(period->until_us, report->until);
	clock_text(period->made_us, report->made);
	report->made_s = (time_t)(period->made_us / US_PER_S);
	report->host = strdup(period->host);
	report->log = strdup(period->log);
	report->kinds = json_object();
	report->missing = json_array();
	report->gaps = json_array();
	report->lost = json_array();
	report->calls = json_array();
	if (!report->host || !report->log || !report->calls) {
		signed_report_free(report);
		return -ENOMEM;
	}
	*ret = report;
	return 0;
}

void signed_report_free(struct signed_report *report)
{
	if (!report)
		return;
	records_free(report->records);
	free(report->host);
	free(report->log);
	json_decref(report->kinds);
	json_decref(report->missing);
	json_decref(report->gaps);
	json_decref(report->lost);
	json_decref(report->calls);

	free(report);
}

static json_t *span_json(struct span text)
{
	/* it stands in a line of JSON, where nothing else than its escapes is to be undone */
	struct buf quoted;
	json_t *value;

	buf_init(&quoted, 0);
	buf_add_char(&quoted, '"');
	buf_add_span(&quoted, text);
	buf_add_char(&quoted, '"');
	value = quoted.err ? NULL
			   : json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
	buf_free(&quoted);
	return value ? value : json_string("");
}

static json_t *number_json(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static void count_kind(struct signed_report *report, struct span line)
{
	static const char word[] = "\"kind\":\"";
	const size_t within = line.len < KIND_WITHIN ? line.len : KIND_WITHIN;
	const char *at = memmem(line.p, within, word, sizeof(word) - 1);
	char kind[KIND_MAX] = "";
	const char *end;

	if (at) {
		at += sizeof(word) - 1;
		end = memchr(at, '"', (size_t)(line.p + line.len - at));
		if (end)
			span_copy((struct span){at, (size_t)(end - at)}, kind,
				sizeof(kind));
	}
	json_object_set_new(report->kinds, kind,
		json_integer(
			json_integer_value(json_object_get(report->kinds, kind)) + 1));
	if (strcmp(kind, "gap") == 0)
		json_array_append_new(
			report->gaps, json_loadb(line.p, line.len, 0, NULL));
	if (strcmp(kind, "lost") == 0)
		json_array_append_new(
			report->lost, json_loadb(line.p, line.len, 0, NULL));
}

static json_t *leg_json(const struct cdr_leg *leg)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "party", span_json(leg->party),
		"signalling", span_json(leg->transport), "tls_version",
		span_json(leg->tls_version), "media", span_json(leg->media),
		"signalling_required", span_json(leg->signalling_required),
		"media_required", span_json(leg->media_required));
}

static void count_call(
	struct signed_report *report, const struct cdr *cdr, uint64_t number)
{
	json_t *legs;

	if (!cdr->answered && !cdr->message) {
		report->failed++;
		return;
	}
	report->counts.calls++;
	legs = json_array();
	for (unsigned i = 0; i < 2; i++) {
		if (cdr->legs[i].party.len == 0 || tally_leg_is_secure(&cdr->legs[i]))
			continue;
		json_array_append_new(legs, leg_json(&cdr->legs[i]));
	}
	if (json_array_size(legs) == 0) {
		json_decref(legs);
		return;
	}
	report->counts.unprotected++;
	json_array_append_new(report->calls,
		json_pack("{s:o, s:o, s:o, s:b, s:o}", "record", number_json(number),
			"id", span_json(cdr->id), "end", span_json(cdr->end), "message",
			(int)cdr->message, "legs", legs));
}

/* Numbers that lie between two lines are in no file: whoever removed them left a hole. */
static void look_for_hole(struct signed_report *report, uint64_t number)
{
	if (report->any && number > report->size &&
		json_array_size(report->missing) < RANGES_MAX)
		json_array_append_new(
			report->missing, json_pack("[o, o]", number_json(report->size),
						 number_json(number - 1)));
	report->any = true;
	if (number >= report->size)
		report->size = number + 1;
}

static bool is_of_period(const struct signed_report *report, struct span time)
{
	char text[CLOCK_TEXT_SIZE];

	return span_copy(time, text, sizeof(text)) == 0 &&
	       strcmp(text, report->since) >= 0 && strcmp(text, report->until) < 0;
}

static void take_line(struct signed_report *report, struct span line)
{
	struct cdr cdr;
	uint64_t number;
	int err;

	if (head_read(line, &number) != 0) {
		report->headless++;
		return;
	}
	look_for_hole(report, number);
	err = cdr_read(&cdr, line);
	if (err && err != -ENOMSG) {
		report->unreadable++;
		return;
	}
	if (!is_of_period(report, cdr.end))
		return;
	if (report->counts.records++ == 0)
		report->counts.first = number;
	report->counts.last = number;
	count_kind(report, line);
	if (!err)
		count_call(report, &cdr, number);
}

static int read_lines(struct signed_report *report, struct err_text *text)
{
	struct span line;
	int err;

	for (unsigned i = 0; i < LINES_A_STEP; i++) {
		err = records_next(report->records, &line, text);
		if (err == -ENOENT)
			return 0;
		if (err == ERR_LIMIT)
			report->unreadable++;
		else if (err == ERR_FORMAT)
			continue; /* it is being written */
		else if (err)
			return err;
		else
			take_line(report, line);
		if (report->counts.unprotected > SIGNED_REPORT_CALLS)
			return err_set(text, ERR_LIMIT,
				"more than %d calls were not protected, which is more "
				"than a report can name: choose a shorter period",
				SIGNED_REPORT_CALLS);
	}
	return -EAGAIN;
}

int signed_report_step(
	struct signed_report *report, const char *state_dir, struct err_text *text)
{
	int err = report->records ? 0 : records_open(&report->records, state_dir, text);

	if (!err)
		err = read_lines(report, text);
	if (err == -EAGAIN)
		return err;
	/* to close them may take as long as the disk does */
	records_free(report->records);
	report->records = NULL;
	return err;
}

const struct signed_report_counts *signed_report_counts(
	const struct signed_report *report)
{
	return &report->counts;
}

/* The exceptions of "trunk ID" or "server ID" as they are now; null: it is not configured any more. */
static json_t *exceptions_json(const struct signed_report *report,
	const struct trunks *trunks, const char *party)
{
	static const char *const words[] = {
		[TRUNK_SERVER] = "server ", [TRUNK_GATEWAY] = "trunk "};
	const struct trunk *trunk = NULL;
	json_t *array, *more;

	for (int kind = TRUNK_SERVER; kind <= TRUNK_GATEWAY && !trunk; kind++)
		if (strncmp(party, words[kind], strlen(words[kind])) == 0)
			trunk = trunks_find(trunks, (enum trunk_kind)kind,
				party + strlen(words[kind]));
	if (!trunk)
		return json_null();
	array = exception_list(trunk, TALLY_SIGNALLING, report->made_s);
	more = exception_list(trunk, TALLY_MEDIA, report->made_s);
	json_array_extend(array, more);
	json_decref(more);
	return array;
}

static json_t *parties_json(
	const struct signed_report *report, const struct trunks *trunks)
{
	json_t *parties = json_object(), *call, *leg;
	const char *name;
	size_t i, k;

	json_array_foreach(report->calls, i, call)
	{
		json_array_foreach(json_object_get(call, "legs"), k, leg)
		{
			name = json_string_value(json_object_get(leg, "party"));
			if (name && !json_object_get(parties, name))
				json_object_set_new(parties, name,
					exceptions_json(report, trunks, name));
		}
	}
	return parties;
}

int signed_report_write(
	const struct signed_report *report, const struct trunks *trunks, struct buf *out)
{
	const struct signed_report_counts *counts = &report->counts;
	json_t *object = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, "
				   "s:{s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:O, s:O}, "
				   "s:{s:o, s:o, s:o, s:O}, s:O, s:o}",
		"v", 1, "report", "protection", "host", report->host, "log", report->log,
		"made", report->made, "since", report->since, "until", report->until,
		"records", "first", number_json(counts->first), "last",
		number_json(counts->last), "count", number_json(counts->records), "size",
		number_json(report->size), "without_number",
		number_json(report->headless), "unreadable",
		number_json(report->unreadable), "kinds", report->kinds, "missing",
		report->missing, "gaps", report->gaps, "calls", "answered",
		number_json(counts->calls), "unprotected",
		number_json(counts->unprotected), "failed", number_json(report->failed),
		"lost", report->lost, "unprotected", report->calls, "exceptions",
		parties_json(report, trunks));
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(object);
	if (!text)
		return -ENOMEM;
	buf_add_str(out, text);
	buf_add_char(out, '\n');
	free(text);
	return out->err;
}
