#include "captures.h"

#include "base/span.h"

#include <stdlib.h>

/* A call of which anything was to be captured. */
struct captured {
	struct list node;
	uint64_t call;
	bool now;
};

void captures_init(struct captures *captures)
{
	list_init(&captures->calls);
	buf_init(&captures->words, 0);
}

void captures_free(struct captures *captures)
{
	LIST_FOREACH (&captures->calls, node, next) {
		list_remove(node);
		free(LIST_ENTRY(node, struct captured, node));
	}
	buf_free(&captures->words);
}

static struct captured *find(const struct captures *captures, uint64_t call)
{
	LIST_FOREACH (&captures->calls, node, next) {
		struct captured *captured = LIST_ENTRY(node, struct captured, node);

		if (captured->call == call)
			return captured;
	}
	return NULL;
}

void captures_set(struct captures *captures, uint64_t call, enum config_audit mode)
{
	struct captured *captured = find(captures, call);

	if (!captured) {
		captured = calloc(1, sizeof(*captured));
		if (!captured)
			abort();
		captured->call = call;
		list_append(&captures->calls, &captured->node);
	}
	captured->now = mode != CONFIG_AUDIT_OFF;
}

/* The method, or the status. */
static struct span kind_of(const struct tap_message *message)
{
	struct span rest = {message->data, message->len};
	struct span word = {"", 0};

	if (span_next(&rest, ' ', &word) && span_equal_str(word, "SIP/2.0"))
		span_next(&rest, ' ', &word);
	return word;
}

void captures_add(
	struct captures *captures, const char *party, const struct tap_message *message)
{
	const struct captured *captured = find(captures, message->call);
	struct span kind = kind_of(message);

	if (captured && captured->now)
		buf_printf(&captures->words, "%s%c%.*s ", party,
			message->sent ? '<' : '>', SPAN_ARG(kind));
}

void captures_take(struct captures *captures, struct buf *out)
{
	buf_add_span(out, buf_span(&captures->words));
	buf_clear(&captures->words);
}
