#include "ctl/show_route.h"

#include "admin/api.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

static const struct show_column target_columns[] = {
	{"KIND", "kind", false, 1},
	{"ID", "id", false, 0},
	{"ROUTE", "route", false, 8},
	{"PREFIX", "prefix", false, 2},
	{"CALLERS", "caller_prefix", false, 7},
	{"CALLED AS", "called_sent", false, 2},
	{"SHOWN AS", "caller_sent", false, 5},
	{"PRIORITY", "priority", true, 3},
	{"WEIGHT", "weight", true, 6},
	{"SIGNALLING", "signalling", false, 4},
	{"MEDIA", "media", false, 5},
	{"HOST", "host", false, 9},
	{"PORT", "port", true, 10},
	{"LAST, SINCE", "obstacle", false, 4},
	{NULL, NULL, false, 0},
};

static const struct show_column other_columns[] = {
	{"KIND", "kind", false, 2},
	{"ID", "id", false, 0},
	{"WHY NOT", "words", false, 1},
	{NULL, NULL, false, 0},
};

static const struct show_column rule_columns[] = {
	{"WHERE", "where", false, 0},
	{"NUMBER", "number", false, 1},
	{"BY", "by", false, 2},
	{"RULE", "rule", false, 4},
	{"BECOMES", "becomes", false, 3},
	{NULL, NULL, false, 0},
};

static void print_question(const json_t *result)
{
	printf("%scall to ",
		json_is_true(json_object_get(result, "emergency")) ? "emergency " : "");
	show_print(result, "called");
	printf(" from ");
	show_print(result, "caller");
	printf(" of ");
	show_print(result, "via");
	printf("\n\n");
}

/* The rules of OBJECT, each with WHERE they are applied, are added to ROWS. */
static void add_rules(json_t *rows, const json_t *object, const char *where)
{
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(object, "rules"), i, step)
	{
		json_t *row = json_pack("{s:s}", "where", where);

		json_object_update(row, (json_t *)(uintptr_t)step);
		json_array_append_new(rows, row);
	}
}

/* What changes numbers on the way in, and out to each target. Nothing where nothing does. */
static int show_rules(const struct show_style *style, const json_t *result)
{
	json_t *rows = json_array();
	const json_t *target;
	int err = 0;
	size_t i;

	add_rules(rows, result, "in");
	json_array_foreach(json_object_get(result, "targets"), i, target)
	{
		add_rules(rows, target, json_string_value(json_object_get(target, "id")));
	}
	if (json_array_size(rows)) {
		err = show_table(style, rule_columns, rows);
		printf("\n");
	}
	json_decref(rows);
	return err;
}

/* Who calls whom, as each of TARGETS would see it. */
static void print_leaves(const json_t *targets)
{
	const json_t *target, *line;
	size_t at, nth;

	json_array_foreach(targets, at, target)
	{
		const json_t *leaves = json_object_get(target, "leaves");

		printf("\n");
		show_print(target, "id");
		printf(json_is_array(leaves)
				? " would see:\n"
				: " would not be asked: the caller demands privacy "
				  "(critical) that it is not given\n");
		json_array_foreach(leaves, nth, line)
		{
			printf("  ");
			show_safe(json_string_value(line), json_string_length(line));
			printf("\n");
		}
	}
}

/* "NAME WORD, WORD" of a list that has any. */
static void print_list(
	const json_t *crossing, const char *member, const char *name, bool *any)
{
	const json_t *words = json_object_get(crossing, member);
	const json_t *word;
	size_t i;

	if (json_array_size(words) == 0)
		return;
	printf("%s%s ", *any ? "; " : "", name);
	json_array_foreach(words, i, word)
	{
		printf("%s", i > 0 ? ", " : "");
		show_safe(json_string_value(word), json_string_length(word));
	}
	*any = true;
}

/* What crosses to TARGET otherwise than by default, in a line. */
static void print_crossing(const json_t *target)
{
	static const struct {
		const char *member, *name;
	} lists[] = {
		{"codes", "codes"},
		{"caller_codes", "codes-out of the caller"},
		{"headers_pass", "passes"},
		{"headers_drop", "drops"},
		{"headers_add", "adds"},
	};
	const json_t *crossing = json_object_get(target, "crossing");
	const char *reason = json_string_value(json_object_get(crossing, "reason"));
	bool any = false;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!any && json_array_size(json_object_get(crossing, lists[i].member))) {
			show_print(target, "id");
			printf(": ");
		}
		print_list(crossing, lists[i].member, lists[i].name, &any);
	}
	if (reason && strcmp(reason, "pass") != 0) {
		if (!any)
			show_print(target, "id");
		printf("%sreason %s", any ? "; " : ": ", reason);
		any = true;
	}
	if (any)
		printf("\n");
}

static void print_crossings(const json_t *targets)
{
	const json_t *target;
	size_t i;

	json_array_foreach(targets, i, target)
	{
		print_crossing(target);
	}
}

int show_route(const struct show_style *style, const json_t *result)
{
	const json_t *others = json_object_get(result, "others");
	const json_t *status = json_object_get(result, "status");
	const json_int_t left =
		json_integer_value(json_object_get(result, "others_left_out"));
	int err;

	print_question(result);
	err = show_rules(style, result);
	if (err)
		return err;
	if (json_is_null(status)) {
		err = show_table(
			style, target_columns, json_object_get(result, "targets"));
		print_leaves(json_object_get(result, "targets"));
	} else {
		printf("nobody would be asked: the caller would be answered %d\n",
			(int)json_integer_value(status));
	}
	if (!err)
		print_crossings(json_object_get(result, "targets"));
	if (err || json_array_size(others) == 0)
		return err;
	printf("\n");
	err = show_table(style, other_columns, others);
	if (left > 0)
		printf("and %d more\n", (int)left);
	return err;
}

int show_route_code(const json_t *result)
{
	return json_is_null(json_object_get(result, "status")) ? API_OK : API_FAILED;
}
