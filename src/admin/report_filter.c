#include "admin/report_filter.h"

#include "admin/moment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)
#define SINCE_DEFAULT "24h"

static int wrong(struct err_text *text, const char *option, const char *value,
	const char *expected)
{
	return err_set(text, -EINVAL, "%s %.40s: expected %s", option, value, expected);
}

static int read_moment(const char *option, const char *value, time_t now,
	uint64_t *ret_us, struct err_text *text)
{
	time_t when;

	if (moment_since(value, now, &when) != 0)
		return wrong(text, option, value,
			"a day (2026-11-01), a minute (2026-11-01T06:30Z) or how long "
			"ago "
			"(90m, 24h, 30d)");
	*ret_us = (uint64_t)when * US_PER_S;
	return 0;
}

static int read_word(const char *option, const char *value, const char *no,
	const char *yes, bool *ret, struct err_text *text)
{
	char expected[40];

	snprintf(expected, sizeof(expected), "%s or %s", no, yes);
	if (strcmp(value, no) != 0 && strcmp(value, yes) != 0)
		return wrong(text, option, value, expected);
	*ret = strcmp(value, yes) == 0;
	return 0;
}

static int read_number(const char *option, const char *value, uint64_t min, uint64_t max,
	uint64_t *ret, struct err_text *text)
{
	uint64_t number;

	if (span_uint(span_of(value), max, &number) != 0 || number < min)
		return wrong(text, option, value, "a number of rows");
	*ret = number;
	return 0;
}

static int read_id(struct report_filter *filter, const char *option, const char *value,
	struct err_text *text)
{
	if (!value[0] || strlen(value) >= sizeof(filter->party))
		return wrong(text, option, value, "the id of a trunk or server");
	snprintf(filter->party, sizeof(filter->party), "%s", value);
	return 0;
}

static int read_option(struct report_filter *filter, const char *option,
	const char *value, time_t now, struct err_text *text)
{
	struct index_report *report = &filter->report;
	uint64_t limit = report->limit;
	int err;

	if (strcmp(option, "--since") == 0)
		return read_moment(option, value, now, &report->since_us, text);
	if (strcmp(option, "--until") == 0)
		return read_moment(option, value, now, &report->until_us, text);
	if (strcmp(option, "--by") == 0)
		return read_word(
			option, value, "trunk", "server", &report->servers, text);
	if (strcmp(option, "--per") == 0)
		return read_word(option, value, "hour", "day", &report->days, text);
	if (strcmp(option, "--id") == 0)
		return read_id(filter, option, value, text);
	if (strcmp(option, "--next") == 0)
		return read_number(option, value, 0, INT64_MAX, &report->skip, text);
	if (strcmp(option, "--limit") != 0)
		return err_set(text, -EINVAL, "%.40s: no such option", option);
	err = read_number(option, value, 1, REPORT_ROWS_MAX, &limit, text);
	report->limit = (unsigned)limit;
	return err;
}

int report_filter_read(struct report_filter *ret, const char *const *args,
	size_t arg_count, time_t now, struct err_text *text)
{
	int err;

	*ret = (struct report_filter){.report = {.limit = REPORT_ROWS_MAX}};
	err = read_moment("--since", SINCE_DEFAULT, now, &ret->report.since_us, text);
	for (size_t i = 0; !err && i < arg_count; i += 2) {
		if (i + 1 == arg_count)
			return err_set(text, -EINVAL, "%.40s needs a value", args[i]);
		err = read_option(ret, args[i], args[i + 1], now, text);
	}
	return err;
}

/* Of 100, with a decimal; null where there is nothing to divide by. */
static json_t *share_json(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return json_null();
	return json_real((double)(part * 1000 / whole) / 10);
}

static json_t *mean_json(uint64_t sum, uint64_t count)
{
	return count > 0 ? json_integer((json_int_t)(sum / count)) : json_null();
}

static json_t *score_json(uint64_t hundredths, uint64_t count)
{
	return count > 0 && hundredths > 0 ? json_real((double)(hundredths / count) / 100)
					   : json_null();
}

static json_t *integer(uint64_t number)
{
	return json_integer((json_int_t)number);
}

json_t *report_row_json(const struct index_report_row *row)
{
	const uint64_t *figures = row->figures;
	char begin[MOMENT_TEXT_SIZE];
	json_t *object = json_pack("{s:s, s:s, s:s}", "begin",
		moment_text((time_t)(row->begin_us / US_PER_S), begin), "party",
		row->party, "direction", row->direction == HOUR_OUT ? "out" : "in");
	const struct {
		const char *name;
		json_t *value;
	} members[] = {
		{"attempts", integer(figures[HOUR_ATTEMPTS])},
		{"answered", integer(figures[HOUR_ANSWERED])},
		{"asr_percent",
			share_json(figures[HOUR_ANSWERED], figures[HOUR_ATTEMPTS])},
		{"ner_percent",
			share_json(figures[HOUR_EFFECTIVE], figures[HOUR_ATTEMPTS])},
		{"acd_us", mean_json(figures[HOUR_TALK_US], figures[HOUR_ANSWERED])},
		{"talk_us", integer(figures[HOUR_TALK_US])},
		{"pdd_mean_us", mean_json(figures[HOUR_DELAY_US], figures[HOUR_DELAYS])},
		{"pdd_max_us",
			mean_json(figures[HOUR_DELAY_MAX_US], figures[HOUR_DELAYS] > 0)},
		{"mos_mean", score_json(figures[HOUR_SCORE], figures[HOUR_SCORES])},
		{"mos_min", score_json(figures[HOUR_SCORE_MIN], 1)},
		{"loss_percent", share_json(figures[HOUR_LOST],
					 figures[HOUR_PACKETS] + figures[HOUR_LOST])},
		{"jitter_mean_us",
			mean_json(figures[HOUR_JITTER_US], figures[HOUR_JITTERS])},
		{"tls13", integer(figures[HOUR_TLS13])},
		{"tls12", integer(figures[HOUR_TLS12])},
		{"plain", integer(figures[HOUR_PLAIN])},
		{"srtp", integer(figures[HOUR_SRTP])},
		{"udptl", integer(figures[HOUR_UDPTL])},
		{"rtp", integer(figures[HOUR_RTP])},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_set_new(object, members[i].name, members[i].value);
	return object;
}
