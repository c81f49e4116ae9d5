#include "hiding.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *at)
{
	uint64_t bytes = 0;

	memcpy(&bytes, at, HIDING_SHORTEST);
	return (unsigned)((bytes * UINT64_C(0x9e3779b97f4a7c15)) >> 52);
}

static void forget(struct hiding *hiding, unsigned side, unsigned index)
{
	struct hiding_word *word = &hiding->words[side][index];
	int *at;

	if (!word->text)
		return;
	for (at = &hiding->buckets[side][word->bucket]; *at != (int)index + 1;)
		at = &hiding->words[side][*at - 1].next;
	*at = word->next;
	free(word->text);
	word->text = NULL;
}

static bool knows(const struct hiding *hiding, unsigned side, struct span word)
{
	int at = hiding->buckets[side][bucket_of(word.p)];

	for (; at; at = hiding->words[side][at - 1].next)
		if (span_equal_str(word, hiding->words[side][at - 1].text))
			return true;
	return false;
}

void hiding_add(struct hiding *hiding, enum side side, struct span word)
{
	const unsigned kept = hiding->kept[side];
	struct hiding_word *slot;
	unsigned index;

	if (word.len < HIDING_SHORTEST || knows(hiding, side, word))
		return;
	index = hiding->count[side]++;
	if (index >= HIDING_MAX)
		index = kept + (index - kept) % (HIDING_MAX - kept);
	forget(hiding, side, index);
	slot = &hiding->words[side][index];
	slot->text = span_dup(word);
	slot->bucket = bucket_of(word.p);
	slot->next = hiding->buckets[side][slot->bucket];
	hiding->buckets[side][slot->bucket] = (int)index + 1;
}

void hiding_keep(struct hiding *hiding)
{
	memcpy(hiding->kept, hiding->count, sizeof(hiding->kept));
}

static void learn_keys(struct hiding *hiding, enum side side, struct span body)
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

void hiding_learn(struct hiding *hiding, enum side side, const struct message *message)
{
	if (message_can_answer(message)) {
		hiding_add(hiding, side, message_call_id(message));
		hiding_add(hiding, side, message_from(message)->tag);
		hiding_add(hiding, side, message_to(message)->tag);
		hiding_add(hiding, side, message_via(message)->branch);
	}
	learn_keys(hiding, side, message_body(message));
}

int hiding_check(const struct hiding *hiding, enum side side, const char *text,
	size_t len, struct err_text *error)
{
	enum side other = side == SIDE_INTERNAL ? SIDE_EXTERNAL : SIDE_INTERNAL;

	for (size_t i = 0; i + HIDING_SHORTEST <= len; i++) {
		int at = hiding->buckets[other][bucket_of(text + i)];

		for (; at; at = hiding->words[other][at - 1].next) {
			const char *word = hiding->words[other][at - 1].text;
			size_t word_len = strlen(word);

			if (word_len <= len - i && !memcmp(text + i, word, word_len))
				return err_set(error, ERR_FORMAT,
					"topology hiding: \"%s\" of the %s side shows "
					"on the other",
					word,
					other == SIDE_INTERNAL ? "internal" : "external");
		}
	}
	return 0;
}

void hiding_free(struct hiding *hiding)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < HIDING_MAX; i++)
			free(hiding->words[side][i].text);
	memset(hiding, 0, sizeof(*hiding));
}
