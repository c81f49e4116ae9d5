/*
 * A line of the log that is put together word by word, without the cost of printf: for lines that each
 * call has. What does not fit is cut. On the stack, zeroed by log_words_init().
 */
#pragma once

#include "base/log.h"

#include <string.h>

#define LOG_WORDS_SIZE 1900

struct log_words {
	size_t len;
	char text[LOG_WORDS_SIZE];
};

static inline void log_words_init(struct log_words *words)
{
	words->len = 0;
}

/* TEXT of LEN bytes as it is. */
static inline void log_add_bytes(struct log_words *words, const char *text, size_t len)
{
	const size_t room = sizeof(words->text) - words->len;

	if (len > room)
		len = room;
	memcpy(words->text + words->len, text, len);
	words->len += len;
}

static inline void log_add(struct log_words *words, const char *text)
{
	log_add_bytes(words, text, strlen(text));
}

/* VALUE in decimal, with zeroes before it up to DIGITS. */
void log_add_uint(struct log_words *words, uint64_t value, unsigned digits);

/* Writes the line, as log_write(). */
void log_words(enum log_level level, const char *module, const struct log_words *words);
