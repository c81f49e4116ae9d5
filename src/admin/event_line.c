#include "admin/event_line.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct event_match {
	char *key, *value;
};

/* ---- a line ---- */

/* The value at TEXT, a word or in quotes. Returns what is behind it. */
static const char *read_value(const char *text, struct buf *ret)
{
	const size_t len = strcspn(text, " ");

	buf_clear(ret);
	if (text[0] != '"') {
		buf_add(ret, text, len);
		return text + len;
	}
	for (text++; *text && *text != '"'; text++) {
		if (text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		buf_add_char(ret, *text);
	}
	return *text ? text + 1 : text;
}

static void read_words(const char *text, json_t *words)
{
	struct buf value;
	char key[64];
	size_t len;

	buf_init(&value, 0);
	while (*(text += strspn(text, " "))) {
		len = strcspn(text, " =");
		if (text[len] != '=' || len == 0 || len >= sizeof(key)) {
			text += strcspn(text, " ");
			continue;
		}
		memcpy(key, text, len);
		key[len] = '\0';
		text = read_value(text + len + 1, &value);
		json_object_set_new(
			words, key, json_string(buf_str(&value) ? value.data : ""));
	}
	buf_free(&value);
}

int event_line_read(struct event_line *ret, enum log_level level, const char *line)
{
	const char *text = line + strcspn(line, " ");
	size_t len;

	text += *text == ' ';
	len = strcspn(text, " ");
	*ret = (struct event_line){.level = level,
		.text = line,
		.module = strndup(text, len),
		.words = json_object()};
	if (!ret->module || !ret->words) {
		event_line_free(ret);
		return -ENOMEM;
	}
	read_words(text + len, ret->words);
	return 0;
}

void event_line_free(struct event_line *line)
{
	free(line->module);
	json_decref(line->words);
}

json_t *event_line_json(const struct event_line *line, uint64_t wall_us)
{
	char time[CLOCK_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:O, s:s}", "time", clock_text(wall_us, time),
		"level", log_level_name(line->level), "module", line->module, "words",
		line->words, "line", line->text);
}

/* ---- a filter ---- */

static bool is_for(const char *key, const char *name)
{
	return strcmp(key, name) == 0;
}

int event_filter_read(struct event_filter *filter, const char *const *matches,
	size_t count, struct err_text *text)
{
	struct event_match *match;

	filter->level = LOG_LEVEL_INFO;
	filter->matches = count ? calloc(count, sizeof(*filter->matches)) : NULL;
	if (count && !filter->matches)
		return err_set(text, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(matches[i], '=');

		if (!equals || equals == matches[i] || !equals[1])
			return err_set(text, -EINVAL,
				"%.60s: expected KEY=VALUE, such as trunk=carrier-a",
				matches[i]);
		match = &filter->matches[filter->count++];
		match->key = strndup(matches[i], (size_t)(equals - matches[i]));
		match->value = strdup(equals + 1);
		if (!match->key || !match->value)
			return err_set(text, -ENOMEM, "out of memory");
		if (is_for(match->key, "level") &&
			(log_level_parse(match->value, &filter->level) ||
				filter->level > LOG_LEVEL_INFO))
			return err_set(text, -EINVAL,
				"%.60s: a level here is error, warning or info",
				match->value);
		if (!is_for(match->key, "trunk") || filter->calls)
			continue;
		filter->calls = calloc(EVENT_CALLS_MAX, sizeof(*filter->calls));
		if (!filter->calls)
			return err_set(text, -ENOMEM, "out of memory");
	}
	return 0;
}

void event_filter_free(struct event_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		free(filter->matches[i].key);
		free(filter->matches[i].value);
	}
	free(filter->matches);
	free(filter->calls);
}

static const char *word_of(const struct event_line *line, const char *key)
{
	return json_string_value(json_object_get(line->words, key));
}

/* The number at the end of a call's id ("5f3a-000042"), which workers alone have. 0: it has none. */
static unsigned long long call_number(const char *id)
{
	const char *dash = strrchr(id, '-');
	const char *digits = dash ? dash + 1 : id;

	return digits[0] && digits[strspn(digits, "0123456789")] == '\0'
		       ? strtoull(digits, NULL, 10)
		       : 0;
}

static bool is_call(const char *value, const char *wanted)
{
	if (strcmp(value, wanted) == 0)
		return true;
	/* Two ids differ even where their numbers do not: they are of two runs of the server. */
	return (!strchr(value, '-') || !strchr(wanted, '-')) && call_number(value) > 0 &&
	       call_number(value) == call_number(wanted);
}

static bool names_trunk(const struct event_line *line, const char *id)
{
	static const char *const keys[] = {
		"trunk", "server", "gateway", "from", "to", "peer", "target"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = word_of(line, keys[i]);

		if (value && strcmp(value, id) == 0)
			return true;
	}
	return false;
}

/* FNV-1a, never 0. Nobody outside chooses ids of calls. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 14695981039346656037ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211ULL;
	return hash | 1;
}

static bool is_remembered(const struct event_filter *filter, const char *call)
{
	const uint64_t hash = hash_of(call);

	for (unsigned i = 0; i < EVENT_CALLS_MAX; i++)
		if (filter->calls[i] == hash)
			return true;
	return false;
}

static bool pass_trunk(
	struct event_filter *filter, const struct event_line *line, const char *id)
{
	const char *call = word_of(line, "call");

	if (!names_trunk(line, id))
		return call && is_remembered(filter, call);
	if (call && !is_remembered(filter, call)) {
		filter->calls[filter->next_call] = hash_of(call);
		filter->next_call = (filter->next_call + 1) % EVENT_CALLS_MAX;
	}
	return true;
}

static bool pass(struct event_filter *filter, const struct event_match *match,
	const struct event_line *line)
{
	const char *value;

	if (is_for(match->key, "level"))
		return true; /* the whole filter's */
	if (is_for(match->key, "module"))
		return strcmp(line->module, match->value) == 0;
	if (is_for(match->key, "trunk"))
		return pass_trunk(filter, line, match->value);
	value = word_of(line, match->key);
	if (value && is_for(match->key, "call"))
		return is_call(value, match->value);
	return value && strcmp(value, match->value) == 0;
}

/* Whether one of the matches with the key of NTH lets the line pass. */
static bool pass_key(
	struct event_filter *filter, size_t nth, const struct event_line *line)
{
	bool passed = false;

	for (size_t i = 0; i < filter->count; i++)
		if (is_for(filter->matches[i].key, filter->matches[nth].key))
			passed |= pass(filter, &filter->matches[i], line);
	return passed;
}

bool event_filter_pass(struct event_filter *filter, const struct event_line *line)
{
	if (line->level > filter->level)
		return false;
	for (size_t i = 0; i < filter->count; i++)
		if (!pass_key(filter, i, line))
			return false;
	return true;
}
