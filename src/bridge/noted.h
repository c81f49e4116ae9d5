/*
 * What few far ends say, and records have where they said it: ids by which Microsoft's support finds a call, and headers that
 * record-headers names. Bounded; without memory less is kept. Loop thread.
 */
#pragma once

#include "base/saved.h"
#include "bridge/record.h"
#include "config/config.h"
#include "sip/message.h"

/* Of an id, and of the value of a header, bytes; and of all headers of a leg, how many. */
#define NOTED_ID_MAX 128
#define NOTED_VALUE_MAX 256
#define NOTED_HEADERS_MAX 16
/* More lines of one name are left out. */
#define NOTED_REPEATS_MAX 4

/*
 * Adds what MESSAGE (NULL is fine) has of Microsoft's ids to WORDS, in the place of what they had under the same name: x_c and
 * x_i of its Contact, which Teams searches by, conversation_id and call_id, and diagnostics, why it refused or ended the call.
 */
void noted_microsoft(struct record_words *words, const struct message *message);
/* HEADERS become those of MESSAGE that NAMES name, in the order of NAMES, each line by itself. */
void noted_headers(struct record_words *headers, const struct config_words *names,
	const struct message *message);
/* Frees what is in it, and zeroes it. */
void noted_free(struct record_words *words);

/* Writes them to LIST of TO. 0 or -ENOMEM. */
int noted_save(const struct record_words *words, struct saved to, const char *list);
/* WORDS, zeroed, become what was written. 0; ERR_FORMAT with ERROR; -ENOMEM. */
int noted_load(struct record_words *words, struct saved from, const char *list,
	struct err_text *error);
