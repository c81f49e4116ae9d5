/*
 * Questions to a person at a terminal. tandemctl's only thread.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Both ends of the dialogue are a terminal. */
bool ask_possible(void);

/* Whether ANSWER is right: 0, or negative with TEXT, which is shown before the question is put again. */
typedef int ask_check_h(void *arg, const char *answer, struct err_text *text);

struct ask_question {
	const char *question; /* "This server's name" */
	const char *why;      /* one line */
	const char *fallback; /* for an empty answer; NULL: none */
	ask_check_h *check_h;
	void *arg;
};

/* Asks until the answer is right. 0, or ERR_CLOSED at the end of the input. */
int ask_line(const struct ask_question *question, char *ret, size_t size);
/* True when the answer begins with y, or is empty and FALLBACK. False at the end of the input. */
bool ask_yes(const char *question, bool fallback);
/* Without echo. 0, or ERR_CLOSED. */
int ask_password(const char *question, char *ret, size_t size);
