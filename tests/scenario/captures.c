#include "captures.h"

#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>

/* A party that was told, and whether the first message of its call came. */
struct told {
	struct list node;
	uint64_t owner;
	char leg[8];
	bool first_came;
};

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
	list_init(&captures->parties);
	buf_init(&captures->watched, 0);
}

void captures_free(struct captures *captures)
{
	LIST_FOREACH (&captures->calls, node, next) {
		list_remove(node);
		free(LIST_ENTRY(node, struct captured, node));
	}
	LIST_FOREACH (&captures->parties, node, next) {
		list_remove(node);
		free(LIST_ENTRY(node, struct told, node));
	}
	buf_free(&captures->words);
	buf_free(&captures->watched);
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

static struct told *find_told(const struct captures *captures, uint64_t owner)
{
	LIST_FOREACH (&captures->parties, node, next) {
		struct told *told = LIST_ENTRY(node, struct told, node);

		if (told->owner == owner)
			return told;
	}
	return NULL;
}

void captures_tell(struct captures *captures, const struct tap_party *party)
{
	const uint64_t owner = tap_owner(party->call, party->party);
	struct told *told = find_told(captures, owner);

	if (!told) {
		told = calloc(1, sizeof(*told));
		if (!told)
			abort();
		told->owner = owner;
		list_append(&captures->parties, &told->node);
	}
	snprintf(told->leg, sizeof(told->leg), "%s", party->id[0] ? party->leg : "?");
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
	struct told *told = find_told(captures, tap_owner(message->call, message->party));
	struct span kind = kind_of(message);

	if (captured && captured->now)
		buf_printf(&captures->words, "%s%c%.*s ", party,
			message->sent ? '<' : '>', SPAN_ARG(kind));
	if (message->call != 0 && !(message->first && told && told->first_came))
		buf_printf(&captures->watched, "%s:%s%c%.*s ", told ? told->leg : "?",
			party, message->sent ? '<' : '>', SPAN_ARG(kind));
	if (told && message->first)
		told->first_came = true;
}

void captures_take(struct captures *captures, struct buf *out)
{
	buf_add_span(out, buf_span(&captures->words));
	buf_clear(&captures->words);
}

void captures_take_watched(struct captures *captures, struct buf *out)
{
	buf_add_span(out, buf_span(&captures->watched));
	buf_clear(&captures->watched);
}
