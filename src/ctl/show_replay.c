#include "ctl/show_replay.h"

#include "admin/api.h"
#include "base/buf.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

static const struct show_column columns[] = {
	{"CALL", "id", false, 4},
	{"START", "start", false, 5},
	{"OF", "via", false, 2},
	{"FROM", "from", false, 3},
	{"TO", "to", false, 0},
	{"KNOWN BY", "known_by", false, 6},
	{"CHANGE", "change", false, 1},
	{"BEFORE", "before_words", false, 1},
	{"AFTER", "after_words", false, 1},
	{NULL, NULL, false, 0},
};

/* The gravest first. */
static const struct {
	const char *change, *words;
} changes[] = {
	{"not-routed", "not routed any more"},
	{"routed", "routed now, and not before"},
	{"elsewhere", "elsewhere"},
	{"numbers", "with other numbers"},
	{"protection", "protected otherwise"},
	{"headers", "with other headers"},
	{"unchanged", "unchanged"},
};

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* ---- one row ---- */

static void add_lines(struct buf *out, const json_t *lines)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		buf_printf(out, "%s %s", i ? ";" : "", json_string_value(line));
	}
}

/* One who is asked: in the words that the change is about. */
static void add_target(struct buf *out, const json_t *target, const char *change)
{
	const json_int_t share = number_of(target, "share_percent");

	buf_add_str(out, show_word(target, "id"));
	if (strcmp(change, "numbers") == 0)
		buf_printf(out, " %s from %s", show_word(target, "called"),
			json_is_string(json_object_get(target, "caller"))
				? show_word(target, "caller")
				: "not known");
	else if (strcmp(change, "protection") == 0)
		buf_printf(out, " %s %s", show_word(target, "signalling"),
			show_word(target, "media"));
	else if (strcmp(change, "headers") == 0)
		add_lines(out, json_object_get(target, "lines"));
	else if (share != 100 &&
		 json_is_integer(json_object_get(target, "share_percent")))
		buf_printf(out, " %d%%", (int)share);
}

/* Owned; NULL without memory. */
static json_t *side_words(const json_t *side, const char *change)
{
	const json_t *targets = json_object_get(side, "targets"), *target;
	const json_t *why = json_object_get(side, "why");
	struct buf out;
	json_t *words;
	size_t i;

	buf_init(&out, 0);
	json_array_foreach(targets, i, target)
	{
		buf_add_str(&out, i ? ", " : "");
		add_target(&out, target, change);
	}
	if (json_array_size(targets) == 0)
		buf_printf(&out, "nobody: %d%s%s", (int)number_of(side, "status"),
			json_is_string(why) ? ", " : "",
			json_is_string(why) ? json_string_value(why) : "");
	words = json_stringn(out.data ? out.data : "", out.len);
	buf_free(&out);
	return words;
}

static json_t *rows_of(const json_t *result)
{
	json_t *rows = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "rows"), i, row)
	{
		json_t *shown = json_copy((json_t *)(uintptr_t)row);
		const char *change = show_word(row, "change");

		json_object_set_new(shown, "before_words",
			side_words(json_object_get(row, "before"), change));
		json_object_set_new(shown, "after_words",
			side_words(json_object_get(row, "after"), change));
		json_array_append_new(rows, shown);
	}
	return rows;
}

/* ---- what is counted ---- */

static void print_counts(const json_t *result)
{
	const json_t *counts = json_object_get(result, "changes");
	const char *before = show_word(result, "before");

	printf("%lld calls since %s, ", (long long)number_of(result, "calls"),
		show_word(result, "since"));
	show_print(result, "after");
	printf(" against ");
	if (before[0])
		show_print(result, "before");
	else
		printf("what their records say");
	printf(":\n");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const json_int_t count = number_of(counts, changes[i].change);

		if (count || i + 1 == sizeof(changes) / sizeof(changes[0]))
			printf("%9lld %s\n", (long long)count, changes[i].words);
	}
}

/* What was not, or not wholly, known. */
static void print_gaps(const json_t *result)
{
	static const struct {
		const char *name, *words;
	} gaps[] = {
		{"own_calls", "calls of this server's own are left out"},
		{"callbacks", "callbacks to emergency callers are left out: no route "
			      "decides them"},
		{"unreadable_records", "lines of the records cannot be read"},
		{"damaged_captures", "captures cannot be read: their calls are known by "
				     "their records"},
		{"encrypted_captures", "captures are encrypted for others: their calls "
				       "are known by their records"},
	};
	const json_int_t records =
		number_of(result, "calls") - number_of(result, "captured");

	if (json_is_true(json_object_get(result, "files_unread")))
		printf("Records of files that are compressed, or no plain files, are "
		       "left out.\n");
	if (records)
		printf("%9lld are known by their records alone: numbers, and no further "
		       "identities or headers\n",
			(long long)records);
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (number_of(result, gaps[i].name))
			printf("%9lld %s\n", (long long)number_of(result, gaps[i].name),
				gaps[i].words);
}

int show_replay(const struct show_style *style, const json_t *result)
{
	const json_int_t left = number_of(result, "rows_left_out");
	json_t *rows = rows_of(result);
	int err = 0;

	print_counts(result);
	print_gaps(result);
	if (json_array_size(rows) > 0) {
		printf("\n");
		err = show_table(style, columns, rows);
	}
	if (left > 0)
		printf("and %lld more; --all shows them\n", (long long)left);
	json_decref(rows);
	return err;
}

int show_replay_code(const json_t *result)
{
	return number_of(json_object_get(result, "changes"), "not-routed") ? API_FAILED
									   : API_OK;
}
