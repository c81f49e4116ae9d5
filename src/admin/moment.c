#include "admin/moment.h"

#include "base/err.h"
#include "base/span.h"

#include <stdio.h>
#include <string.h>

const char *moment_text(time_t when, char buf[static MOMENT_TEXT_SIZE])
{
	struct tm tm;

	buf[0] = '\0';
	if (gmtime_r(&when, &tm))
		strftime(buf, MOMENT_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

json_t *moment_json(time_t when)
{
	char text[MOMENT_TEXT_SIZE];

	return when ? json_string(moment_text(when, text)) : json_null();
}

int moment_span(const char *text, time_t max, time_t *ret)
{
	static const struct {
		char letter;
		time_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	uint64_t count;

	for (size_t i = 0; len > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].letter)
			continue;
		if (span_uint((struct span){text, len - 1},
			    (uint64_t)(max / units[i].seconds), &count) != 0)
			return ERR_FORMAT;
		*ret = (time_t)count * units[i].seconds;
		return 0;
	}
	return ERR_FORMAT;
}

static int parse_ago(const char *text, time_t now, time_t *ret)
{
	time_t ago;

	if (moment_span(text, now, &ago) != 0)
		return ERR_FORMAT;
	*ret = now - ago;
	return 0;
}

static int parse_date(const char *text, time_t *ret)
{
	static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%MZ"};
	static const size_t lens[] = {10, 17};

	for (size_t i = 0; i < 2; i++) {
		struct tm tm = {0}, kept;
		const char *end = strptime(text, formats[i], &tm);

		if (end != text + lens[i] || *end != '\0')
			continue;
		kept = tm;
		*ret = timegm(&tm);
		/* timegm() takes 31 April for 1 May. */
		return kept.tm_mday == tm.tm_mday ? 0 : ERR_FORMAT;
	}
	return ERR_FORMAT;
}

int moment_since(const char *text, time_t now, time_t *ret)
{
	time_t when;

	if (parse_ago(text, now, &when) != 0 && parse_date(text, &when) != 0)
		return ERR_FORMAT;
	if (when < 0 || when > now)
		return ERR_FORMAT;
	*ret = when;
	return 0;
}
