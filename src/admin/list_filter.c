#include "admin/list_filter.h"

#include "admin/moment.h"
#include "audit/cdr_row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

struct reading {
	struct list_filter *list;
	const char *option, *value;
	time_t now;
	struct err_text *text;
};

typedef int read_h(const struct reading *reading);

static int wrong(const struct reading *reading, const char *expected)
{
	return err_set(reading->text, -EINVAL, "%s %.40s: expected %s", reading->option,
		reading->value, expected);
}

static const char *keep(const struct reading *reading)
{
	struct list_filter *list = reading->list;
	char *copy = strdup(reading->value);

	if (copy)
		list->texts[list->text_count++] = copy;
	return copy;
}

static int read_text(const struct reading *reading, const char **ret)
{
	if (*ret)
		return err_set(
			reading->text, -EINVAL, "%s: more than once", reading->option);
	*ret = keep(reading);
	return *ret ? 0 : err_set(reading->text, -ENOMEM, "out of memory");
}

static int read_moment(const struct reading *reading, uint64_t *ret_us)
{
	time_t when;

	if (moment_since(reading->value, reading->now, &when) != 0)
		return wrong(reading,
			"a day (2026-11-01), a minute (2026-11-01T06:30Z) or how long "
			"ago (90m, 24h, 30d)");
	*ret_us = (uint64_t)when * US_PER_S;
	return 0;
}

static int read_since(const struct reading *reading)
{
	return read_moment(reading, &reading->list->filter.since_us);
}

static int read_until(const struct reading *reading)
{
	return read_moment(reading, &reading->list->filter.until_us);
}

/* Both are looked for by words of the index, of which one is gone through. */
static int check_words(const struct reading *reading)
{
	if (reading->list->filter.number && reading->list->filter.microsoft)
		return err_set(reading->text, -EINVAL,
			"--number and --microsoft: expected one of them");
	return 0;
}

static int read_number(const struct reading *reading)
{
	struct list_filter *list = reading->list;
	struct span bad;

	if (!reading->value[0] || strlen(reading->value) > 80 ||
		pattern_parse(&list->pattern, span_of(reading->value), &bad) != 0)
		return wrong(reading, "the beginning of numbers, as in prefixes");
	list->filter.number = &list->pattern;
	return check_words(reading);
}

static int read_trunk(const struct reading *reading)
{
	return read_text(reading, &reading->list->filter.trunk);
}

static int read_server(const struct reading *reading)
{
	return read_text(reading, &reading->list->filter.server);
}

static int read_cause(const struct reading *reading)
{
	return read_text(reading, &reading->list->filter.cause);
}

static int read_kind(const struct reading *reading)
{
	int err = read_text(reading, &reading->list->filter.kind);

	if (!err && strcmp(reading->value, "all") == 0)
		reading->list->filter.kind = "";
	return err;
}

/* "486" or "4xx". */
static int read_status(const struct reading *reading)
{
	const char *value = reading->value;
	uint64_t status;

	if (strlen(value) == 3 && strcmp(value + 1, "xx") == 0 && value[0] >= '1' &&
		value[0] <= '6') {
		reading->list->filter.status = (unsigned)(value[0] - '0');
		return 0;
	}
	if (span_uint(span_of(value), 699, &status) != 0 || status < 100)
		return wrong(reading, "a status (486) or a class (4xx)");
	reading->list->filter.status = (unsigned)status;
	return 0;
}

static int read_microsoft(const struct reading *reading)
{
	const char *value = reading->value;
	const size_t len = strlen(value);
	int err;

	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return wrong(reading, "an id without blanks");
	if (len == 0 || len > INDEX_MICROSOFT_MAX)
		return wrong(reading, "an id of 256 characters at most");
	err = read_text(reading, &reading->list->filter.microsoft);
	return err ? err : check_words(reading);
}

static int read_q850(const struct reading *reading)
{
	uint64_t cause;

	if (span_uint(span_of(reading->value), 127, &cause) != 0 || cause == 0)
		return wrong(reading, "a cause of Q.850 from 1 to 127");
	reading->list->filter.q850 = (unsigned)cause;
	return 0;
}

static const struct {
	const char *word, *name;
	int signalling, media;
} protections[] = {
	{"tls1.3", "TLS1.3", CDR_SIGNALLING_TLS13, -1},
	{"tls1.2", "TLS1.2", CDR_SIGNALLING_TLS12, -1},
	{"none", "none", CDR_SIGNALLING_NONE, -1},
	{"srtp", "SRTP", -1, CDR_MEDIA_SRTP},
	{"rtp", "RTP", -1, CDR_MEDIA_RTP},
	{"udptl", "UDPTL", -1, CDR_MEDIA_UDPTL},
};

#define PROTECTIONS (sizeof(protections) / sizeof(protections[0]))

static int read_protection(const struct reading *reading)
{
	struct index_filter *filter = &reading->list->filter;

	for (size_t i = 0; i < PROTECTIONS; i++) {
		if (strcmp(protections[i].word, reading->value) != 0)
			continue;
		if (protections[i].signalling >= 0)
			filter->signalling = protections[i].signalling;
		if (protections[i].media >= 0)
			filter->media = protections[i].media;
		return 0;
	}
	return wrong(reading, "tls1.3, tls1.2, none, srtp, rtp or udptl");
}

const char *list_signalling_name(int signalling)
{
	for (size_t i = 0; i < PROTECTIONS; i++)
		if (signalling > 0 && protections[i].signalling == signalling)
			return protections[i].name;
	return NULL;
}

const char *list_media_name(int media)
{
	for (size_t i = 0; i < PROTECTIONS; i++)
		if (media > 0 && protections[i].media == media)
			return protections[i].name;
	return NULL;
}

/* "3.5" or "3.55" or "3". */
static int read_quality(const struct reading *reading)
{
	const char *value = reading->value;
	const size_t len = strlen(value);
	unsigned mos = 0;
	bool good = len == 1 || ((len == 3 || len == 4) && value[1] == '.');

	for (size_t i = 0; good && i < 4; i++) {
		if (i == 1)
			continue;
		good = i >= len || (value[i] >= '0' && value[i] <= '9');
		mos = mos * 10 + (i < len && good ? (unsigned)(value[i] - '0') : 0);
	}
	if (!good || mos < 100 || mos > 500)
		return wrong(reading, "a mean opinion score from 1 to 5, such as 3.5");
	reading->list->filter.mos_below = mos;
	return 0;
}

static int read_limit(const struct reading *reading)
{
	uint64_t limit;

	if (span_uint(span_of(reading->value), LIST_ROWS_MAX, &limit) != 0 || limit == 0)
		return wrong(reading, "a number of rows from 1 to 200");
	reading->list->filter.limit = (unsigned)limit;
	return 0;
}

static int read_next(const struct reading *reading)
{
	if (span_uint(span_of(reading->value), INT64_MAX,
		    &reading->list->filter.before) != 0)
		return wrong(reading, "what an answer had as next");
	return 0;
}

static int set_answered(const struct reading *reading, int answered)
{
	if (reading->list->filter.answered >= 0)
		return err_set(reading->text, -EINVAL,
			"--answered and --failed: expected one of them");
	reading->list->filter.answered = answered;
	return 0;
}

static int read_answered(const struct reading *reading)
{
	return set_answered(reading, 1);
}

static int read_failed(const struct reading *reading)
{
	return set_answered(reading, 0);
}

static const struct {
	const char *name;
	bool value;
	read_h *h;
} options[] = {
	{"--since", true, read_since},
	{"--until", true, read_until},
	{"--number", true, read_number},
	{"--trunk", true, read_trunk},
	{"--server", true, read_server},
	{"--status", true, read_status},
	{"--cause", true, read_cause},
	{"--q850", true, read_q850},
	{"--microsoft", true, read_microsoft},
	{"--protection", true, read_protection},
	{"--quality", true, read_quality},
	{"--answered", false, read_answered},
	{"--failed", false, read_failed},
	{"--kind", true, read_kind},
	{"--limit", true, read_limit},
	{"--next", true, read_next},
};

/* Returns how many words it took, or negative. */
static int read_option(struct reading *reading, const char *const *args, size_t left)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int err;

		if (strcmp(options[i].name, args[0]) != 0)
			continue;
		reading->option = args[0];
		reading->value = "";
		if (options[i].value && left < 2)
			return err_set(
				reading->text, -EINVAL, "%s needs a value", args[0]);
		if (options[i].value)
			reading->value = args[1];
		err = options[i].h(reading);
		return err ? err : options[i].value ? 2 : 1;
	}
	return err_set(reading->text, -EINVAL, "%.40s: no such option", args[0]);
}

int list_filter_read(struct list_filter *ret, const char *const *args, size_t arg_count,
	time_t now, struct err_text *text)
{
	struct reading reading = {.list = ret, .now = now, .text = text};
	int taken;

	*ret = (struct list_filter){.filter = {.signalling = -1,
					    .media = -1,
					    .answered = -1,
					    .limit = LIST_ROWS_MAX}};
	for (size_t i = 0; i < arg_count; i += (size_t)taken) {
		taken = read_option(&reading, args + i, arg_count - i);
		if (taken < 0) {
			list_filter_free(ret);
			return taken;
		}
	}
	return 0;
}

void list_filter_free(struct list_filter *list)
{
	for (unsigned i = 0; i < list->text_count; i++)
		free(list->texts[i]);
	list->text_count = 0;
}
