#include "ctl/monitor.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/count.h"
#include "ctl/screen.h"
#include "ctl/show_table.h"
#include "ctl/show_value.h"

#include <stdio.h>

#define ROUNDS_MAX 1000000000
#define INTERVAL_MAX_S 86400

#define RED "\033[31m"
#define PLAIN "\033[0m"

static const struct show_column columns[] = {
	{"KIND", "kind", false, 3},
	{"ID", "id", false, 0},
	{"CALLS", "calls", true, 1},
	{"CALLS/S", "calls_rate", true, 2},
	{"FAILED/S", "failed_rate", true, 4},
	{"STATE", "state", false, 3},
	{"ASR%", "figures.last_hour.asr_percent", true, 6},
	{"PDD", "figures.last_hour.pdd_median_us", true, 6},
	{"LAST ERROR", "last_error", false, 5},
	{NULL, NULL, false, 0},
};

static json_int_t number(const json_t *object, const char *group, const char *name)
{
	return json_integer_value(
		json_object_get(group ? json_object_get(object, group) : object, name));
}

/* A counter's growth a second; negative where there is no sample before, or the server is another. */
static double rate(const json_t *now, const json_t *before, const char *group,
	const char *name, double seconds)
{
	const json_int_t grown = number(now, group, name) - number(before, group, name);

	return before && seconds > 0 && grown >= 0 ? (double)grown / seconds : -1;
}

static void print_rate(const char *name, double value)
{
	if (value < 0)
		printf("%s -", name);
	else
		printf("%s %.*f", name, value < 100 ? 1 : 0, value);
}

static const json_t *find_party(const json_t *sample, const json_t *like)
{
	const json_t *party;
	size_t i;

	json_array_foreach(json_object_get(sample, "parties"), i, party)
	{
		if (json_equal(
			    json_object_get(party, "id"), json_object_get(like, "id")) &&
			json_equal(json_object_get(party, "kind"),
				json_object_get(like, "kind")))
			return party;
	}
	return NULL;
}

static void set_rate(json_t *row, const char *name, double value)
{
	char text[32] = "-";

	if (value >= 0)
		snprintf(text, sizeof(text), "%.1f", value);
	json_object_set_new(row, name, json_string(text));
}

/* The parties of NOW with their rates. */
static json_t *make_rows(const json_t *now, const json_t *before, double seconds)
{
	json_t *rows = json_array(), *row;
	const json_t *party, *old;
	size_t i;

	json_array_foreach(json_object_get(now, "parties"), i, party)
	{
		old = find_party(before, party);
		row = json_deep_copy(party);
		set_rate(row, "calls_rate",
			rate(party, old, NULL, "calls_total", seconds));
		set_rate(row, "failed_rate",
			rate(party, old, NULL, "calls_failed", seconds));
		json_array_append_new(rows, row);
	}
	return rows;
}

/* Lines that fit 80 columns with the figures of a large server. */
static void print_calls(const json_t *now, const json_t *before, double seconds)
{
	printf("calls    %lld, %lld talk", (long long)number(now, "calls", "now"),
		(long long)number(now, "calls", "answered"));
	print_rate("; begin", rate(now, before, "calls", "started", seconds));
	print_rate(", end", rate(now, before, "calls", "ended", seconds));
	print_rate(", fail", rate(now, before, "calls", "failed", seconds));
	print_rate(", refused", rate(now, before, "calls", "refused", seconds));
	printf(" /s\nmedia    %lld sessions, %lld of %lld port pairs",
		(long long)number(now, "media", "sessions"),
		(long long)number(now, "media", "port_pairs_used"),
		(long long)number(now, "media", "port_pairs_total"));
	print_rate("; packets", rate(now, before, "media", "packets", seconds));
	printf(" /s\n");
}

static void print_side(const char *title, const char *side, const json_t *now,
	const json_t *before, double seconds)
{
	printf("%-8s %lld connections", title,
		(long long)number(now, side, "connections"));
	print_rate("; in", rate(now, before, side, "messages_in", seconds));
	print_rate(", out", rate(now, before, side, "messages_out", seconds));
	print_rate(", refused", rate(now, before, side, "refused", seconds));
	print_rate(", strangers", rate(now, before, side, "stray", seconds));
	printf(" /s\n");
}

static void print_alarms(const struct show_style *style, const json_t *alarms)
{
	const json_t *alarm;
	size_t i;

	json_array_foreach(alarms, i, alarm)
	{
		printf("%sALARM%s    ", style->color ? RED : "",
			style->color ? PLAIN : "");
		show_safe(json_string_value(alarm), json_string_length(alarm));
		putchar('\n');
	}
}

/* Emergency calls of now, and that some reached nobody since the start. */
static void print_emergencies(const struct show_style *style, const json_t *now)
{
	const json_t *counts =
		json_object_get(json_object_get(now, "calls"), "emergency");
	long long calls = (long long)number(counts, NULL, "now");
	long long failed = (long long)number(counts, NULL, "failed");

	if (calls > 0)
		printf("%sEMERGENCY%s %lld calls\n", style->color ? RED : "",
			style->color ? PLAIN : "", calls);
	if (failed > 0)
		printf("%sALARM%s    emergency calls that nobody took: %lld\n",
			style->color ? RED : "", style->color ? PLAIN : "", failed);
}

static int print_sample(
	const struct session *session, const json_t *now, const json_t *before)
{
	const double seconds =
		(double)(number(now, NULL, "mono_us") - number(before, NULL, "mono_us")) /
		1e6;
	json_t *rows = make_rows(now, before, seconds);
	size_t total = (size_t)number(now, NULL, "parties_total");
	int err;

	printf("%s\n", json_string_value(json_object_get(now, "time")));
	print_calls(now, before, seconds);
	print_side("servers", "internal", now, before, seconds);
	print_side("trunks", "external", now, before, seconds);
	print_emergencies(&session->style, now);
	print_alarms(&session->style, json_object_get(now, "alarms"));
	putchar('\n');
	err = show_table(&session->style, columns, rows);
	if (!err && total > json_array_size(rows))
		printf("and %zu with fewer calls\n", total - json_array_size(rows));
	json_decref(rows);
	return err;
}

/* Asks for a sample; *RET is the caller's. */
static int ask(const struct session *session, const struct command *command, json_t **ret)
{
	char *const none[] = {NULL};
	struct err_text text = {""};
	json_t *answer = NULL;
	int code = (int)client_ask(session->options->socket_path, command->noun,
		command->verb, none, &answer, &text);

	if (code != API_OK) {
		fprintf(stderr, "tandemctl: %s\n", text.text);
		return code;
	}
	code = (int)json_integer_value(json_object_get(answer, "code"));
	if (code != API_OK)
		code = answer_print(session, command, answer);
	else
		*ret = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return code;
}

static int print(const struct session *session, unsigned nth, const json_t *now,
	const json_t *before)
{
	if (session->options->quiet)
		return 0;
	if (session->options->format == FORMAT_JSON) {
		json_dumpf(now, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
		return 0;
	}
	screen_begin(nth);
	return print_sample(session, now, before);
}

int monitor_run(
	const struct session *session, const struct command *command, char *const *args)
{
	unsigned rounds = 0, seconds = 1;
	json_t *now = NULL, *before = NULL;
	int code = API_OK;

	if (count_option(args, "-n", 1, ROUNDS_MAX, &rounds) ||
		count_option(args, "-i", 1, INTERVAL_MAX_S, &seconds))
		return API_USAGE;
	for (unsigned nth = 0; code == API_OK && (rounds == 0 || nth < rounds); nth++) {
		if (nth > 0)
			screen_wait(seconds * 1000);
		code = ask(session, command, &now);
		if (code == API_OK && (print(session, nth, now, before) || screen_end()))
			code = answer_flush(API_FAILED);
		if (code != API_OK)
			break;
		json_decref(before);
		before = now;
		now = NULL;
	}
	json_decref(before);
	json_decref(now);
	return code;
}
