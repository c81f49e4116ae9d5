#include "ctl/show_learn.h"

#include "admin/api.h"
#include "ctl/show_value.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void print_calls(const json_t *calls)
{
	const json_t *call;
	size_t i;

	json_array_foreach(calls, i, call)
	{
		printf("call ");
		show_print(call, "id");
		printf(": %d, ",
			(int)json_integer_value(json_object_get(call, "status")));
		show_print(call, "what");
		printf("\n");
	}
}

/* One topic a block; its name stands in the first line alone. */
static void print_facts(const json_t *facts)
{
	const char *before = "";
	const json_t *fact;
	size_t i;

	json_array_foreach(facts, i, fact)
	{
		const char *topic = show_word(fact, "topic");

		printf("%-14s ", strcmp(topic, before) == 0 ? "" : topic);
		show_print(fact, "said");
		printf("\n");
		before = topic;
	}
}

static void print_line(const json_t *line)
{
	show_print(line, "key");
	printf(" = ");
	show_print(line, "value");
	printf("   ; ");
	show_print(line, "why");
	printf("\n");
}

/* Those that are, or are not, IN_FORCE. Returns how many. */
static unsigned print_lines(const json_t *lines, bool in_force, const char *title)
{
	unsigned count = 0;
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (json_is_true(json_object_get(line, "in_force")) != in_force)
			continue;
		if (count++ == 0)
			printf("\n%s\n", title);
		printf("%s", in_force ? "; " : "");
		print_line(line);
	}
	return count;
}

void show_learn(const json_t *result)
{
	const json_t *lines = json_object_get(result, "lines");
	const bool answered = json_is_true(json_object_get(result, "answered"));

	print_calls(json_object_get(result, "calls"));
	if (!answered) {
		printf("no call was answered: ");
		show_print(result, "why");
		printf("\n");
	}
	printf("\n");
	print_facts(json_object_get(result, "facts"));
	if (!print_lines(lines, false, "; for its file in gateways.d:") && answered)
		printf("\n; nothing in its file needs to change\n");
	print_lines(lines, true, "; in force already:");
}

int show_learn_code(const json_t *result)
{
	return json_is_true(json_object_get(result, "answered")) ? API_OK : API_FAILED;
}
