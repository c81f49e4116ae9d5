/*
 * What a message of a ladder is called, and what is said of it: printable ASCII. Pure; tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

#define LADDER_LABEL_SIZE 160
#define LADDER_NOTE_SIZE 320

/* Appends TEXT, each character that is not printable ASCII as '?'. */
void ladder_add_ascii(struct buf *out, const char *text);

/* Whether it is a message, and not a remark of the record: see ladder_remark(). */
bool ladder_is_message(const json_t *message);
/* "INVITE (1)", "180 Ringing (1 INVITE)", "BYE (2) x3" where it came three times. As long as ROOM if that says enough. Returns
 * RET. */
const char *ladder_label(const json_t *message, unsigned repeats, unsigned room,
	char ret[static LADDER_LABEL_SIZE]);
/* What is said in its place where it is none. Valid until the next call. */
const char *ladder_remark(const json_t *message);
/* The NTH thing to say below it: media lines, a digit, whom a transfer is to, why. False: there is no more. */
bool ladder_note(const json_t *message, unsigned nth, char ret[static LADDER_NOTE_SIZE]);
