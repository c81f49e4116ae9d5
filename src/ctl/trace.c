#include "ctl/trace.h"

#include "admin/api.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/ladder_text.h"
#include "ctl/ladder_words.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

/* "12:00:01.123  00002a " */
#define PREFIX 21
#define PLAIN_WIDTH 100
/* Parties that were told already: of so many of the latest no name is said twice. */
#define KNOWN_MAX 64
#define KNOWN_SIZE 128

struct tracing {
	const struct session *session;
	struct ladder_lanes lanes;
	char known[KNOWN_MAX][KNOWN_SIZE];
	unsigned next;
	bool failed; /* it cannot be printed */
};

/* The number at the end of a call's id: "5f3c-00002a". */
static const char *short_id(const json_t *message)
{
	const char *id = show_word(message, "call");
	const char *dash = strrchr(id, '-');

	return dash ? dash + 1 : id;
}

/* Whether the party of MESSAGE was told; it is now. */
static bool is_known(struct tracing *tracing, const json_t *message)
{
	char key[KNOWN_SIZE];

	snprintf(key, sizeof(key), "%s %s %s", show_word(message, "call"),
		show_word(message, "leg"), show_word(message, "party"));
	for (unsigned i = 0; i < KNOWN_MAX; i++)
		if (strcmp(tracing->known[i], key) == 0)
			return true;
	memcpy(tracing->known[tracing->next++ % KNOWN_MAX], key, sizeof(key));
	return false;
}

static void add_prefix(const json_t *message, struct buf *out)
{
	const char *time = show_word(message, "time");

	/* "2026-12-01T12:00:01.123456Z" */
	if (strlen(time) >= 23)
		buf_printf(out, "%.12s", time + 11);
	buf_printf(out, "  %.6s", short_id(message));
}

static void add_party(const json_t *message, struct buf *out)
{
	struct buf line;

	buf_init(&line, 0);
	add_prefix(message, &line);
	buf_printf(&line, "  %s: ", show_word(message, "leg"));
	ladder_add_ascii(&line, show_word(message, "party"));
	buf_printf(&line, ", call %s", show_word(message, "call"));
	buf_add_span(out, buf_span(&line));
	buf_add_char(out, '\n');
	buf_free(&line);
}

static void print_message(struct tracing *tracing, const json_t *message)
{
	struct ladder_arrow arrow = {.message = message, .tail = "", .repeats = 1};
	const char *leg = show_word(message, "leg");
	struct buf out, prefix;
	char label[LADDER_LABEL_SIZE];

	buf_init(&out, 0);
	buf_init(&prefix, 0);
	if (leg[0] && !is_known(tracing, message))
		add_party(message, &out);
	add_prefix(message, &prefix);
	arrow.time = buf_str(&prefix) ? prefix.data : "";
	arrow.lane = strcmp(leg, "a") == 0 ? 0 : leg[0] ? 2 : 1;
	if (tracing->lanes.count > 0)
		ladder_arrow(&tracing->lanes, &arrow, &out);
	else
		buf_printf(&out, "%s  %s %s %s\n", arrow.time,
			json_is_true(json_object_get(message, "sent")) ? "->" : "<-", leg,
			ladder_label(message, 1, sizeof(label) - 1, label));
	fputs(buf_str(&out) ? out.data : "", stdout);
	buf_free(&prefix);
	buf_free(&out);
}

static bool part_h(void *arg, const json_t *part)
{
	struct tracing *tracing = arg;
	const struct options *options = tracing->session->options;
	const json_t *lost = json_object_get(part, "lost");

	if (json_object_get(part, "tracing")) {
		if (!options->quiet)
			fprintf(stderr, "tandemctl: tracing; Ctrl-C ends it\n");
		return true;
	}
	if (options->format == FORMAT_JSON) {
		json_dumpf(part, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
		putchar('\n');
	} else if (lost) {
		printf("-- %lld messages are missing here --\n",
			(long long)json_integer_value(lost));
	} else {
		print_message(tracing, part);
	}
	/* At once, also through a pipe. */
	tracing->failed = answer_flush(API_OK) != API_OK;
	return !tracing->failed;
}

int trace_run(
	const struct session *session, const struct command *command, char *const *args)
{
	struct tracing tracing = {.session = session};
	const unsigned width = session->style.width ? session->style.width : PLAIN_WIDTH;
	struct err_text text = {""};
	json_t *answer = NULL;
	int code;

	(void)ladder_lanes_make(&tracing.lanes, 1, 1, width, PREFIX, 0);
	code = (int)client_follow(session->options->socket_path, command->noun,
		command->verb, args, part_h, &tracing, &answer, &text);
	if (tracing.failed)
		return API_FAILED;
	return answer_end(session, command, code, answer, text.text);
}
