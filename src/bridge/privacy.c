#include "bridge/privacy.h"

#include "sip/compose.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* Of the header, in all its lines; and of one word. */
#define PRIVACY_LINES_MAX 8
#define PRIVACY_WORDS_MAX 16

static const struct {
	const char *word;
	enum privacy level;
} levels_by_word[] = {
	{"header", PRIVACY_HEADER},
	{"session", PRIVACY_SESSION},
	{"user", PRIVACY_USER},
	{"none", PRIVACY_NONE},
	{"critical", PRIVACY_CRITICAL},
	{"id", PRIVACY_ID},
	{"history", PRIVACY_HISTORY},
};

static unsigned level_of(struct span word)
{
	for (size_t i = 0; i < LENGTH(levels_by_word); i++)
		if (span_equal_nocase(word, levels_by_word[i].word))
			return levels_by_word[i].level;
	return PRIVACY_OTHER;
}

/* The next word of VALUE. RFC 3323 4.2 has ";" between them; some write ",". */
static bool next_word(struct span *value, struct span *ret)
{
	while (value->len) {
		size_t len = 0;

		while (len < value->len && value->p[len] != ';' && value->p[len] != ',')
			len++;
		*ret = span_trim((struct span){value->p, len});
		len += len < value->len;
		*value = (struct span){value->p + len, value->len - len};
		if (ret->len)
			return true;
	}
	return false;
}

/* Goes through the words of all lines of a message. */
struct walk {
	const struct message *message;
	unsigned line, words;
	struct span rest;
};

static bool walk_next(struct walk *walk, struct span *ret)
{
	while (walk->words < PRIVACY_WORDS_MAX) {
		if (next_word(&walk->rest, ret)) {
			walk->words++;
			return true;
		}
		if (walk->line == PRIVACY_LINES_MAX ||
			!message_line(
				walk->message, "Privacy", walk->line++, &walk->rest))
			return false;
	}
	return false;
}

unsigned privacy_read(const struct message *message)
{
	struct walk walk = {.message = message};
	unsigned levels = 0;
	struct span word;

	while (walk_next(&walk, &word))
		levels |= level_of(word);
	return levels;
}

bool privacy_has(struct span text, const char *wish)
{
	struct span word;

	if (text.len > 1 && text.p[0] == '"')
		text = (struct span){text.p + 1, text.len - 2};
	while (next_word(&text, &word))
		if (span_equal_nocase(word, wish))
			return true;
	return false;
}

void privacy_write(struct buf *out, const struct message *message, unsigned fulfilled)
{
	const unsigned left = privacy_read(message) & ~fulfilled;
	struct walk walk = {.message = message};
	struct buf value;
	struct span word;

	/* critical alone asks for nothing */
	if (!(left & ~(unsigned)PRIVACY_CRITICAL))
		return;
	buf_init(&value, 0);
	while (walk_next(&walk, &word)) {
		if (fulfilled & level_of(word) || !message_token_valid(word))
			continue;
		if (value.len)
			buf_add_char(&value, ';');
		buf_add_span(&value, word);
	}
	if (value.err)
		out->err = value.err;
	else if (value.len)
		compose_header(out, "Privacy", buf_span(&value));
	buf_free(&value);
}
