#include "hiding.h"

#include "sip/message.h"

#include <stdlib.h>
#include <string.h>

#define HIDING_SHORTEST 6

void hiding_add(struct hiding *hiding, enum relay_side side, struct span word)
{
	if (word.len < HIDING_SHORTEST)
		return;
	for (unsigned i = 0; i < hiding->count[side]; i++)
		if (span_equal_str(word, hiding->words[side][i]))
			return;
	if (hiding->count[side] < HIDING_MAX)
		hiding->words[side][hiding->count[side]++] = span_dup(word);
}

static void learn_keys(struct hiding *hiding, enum relay_side side, struct span body)
{
	struct span line;

	while (span_next(&body, '\n', &line)) {
		const char *at = memmem(line.p, line.len, "inline:", 7);
		struct span key;

		if (!at)
			continue;
		at += 7;
		key = (struct span){at, (size_t)(line.p + line.len - at)};
		key.len = key.len > 40 ? 40 : key.len;
		hiding_add(hiding, side, key);
	}
}

void hiding_learn(
	struct hiding *hiding, enum relay_side side, const char *text, size_t len)
{
	struct message_fault fault;
	struct message *message;

	if (message_parse(&message, text, len, &fault))
		return;
	if (message_can_answer(message)) {
		hiding_add(hiding, side, message_call_id(message));
		hiding_add(hiding, side, message_from(message)->tag);
		hiding_add(hiding, side, message_to(message)->tag);
		hiding_add(hiding, side, message_via(message)->branch);
	}
	learn_keys(hiding, side, message_body(message));
	message_unref(message);
}

int hiding_check(const struct hiding *hiding, enum relay_side side, const char *text,
	size_t len, struct err_text *error)
{
	enum relay_side other = side == RELAY_INTERNAL ? RELAY_EXTERNAL : RELAY_INTERNAL;

	for (unsigned i = 0; i < hiding->count[other]; i++) {
		const char *word = hiding->words[other][i];

		if (memmem(text, len, word, strlen(word)))
			return err_set(error, ERR_FORMAT,
				"topology hiding: \"%s\" of the %s side shows on the "
				"other",
				word, other == RELAY_INTERNAL ? "internal" : "external");
	}
	return 0;
}

void hiding_free(struct hiding *hiding)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < hiding->count[side]; i++)
			free(hiding->words[side][i]);
	memset(hiding, 0, sizeof(*hiding));
}
