/*
 * Numbers and names are hidden in what is shown of a call to somebody who need not know them. Everything keeps its length. Pure;
 * any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * In a SIP message, TEXT of LEN bytes: user parts and display names of its URIs, and each number of seven digits and more, wherever it is.
 * Letters and digits become 'x', but for the last three digits of a number. Returns whether something was hidden.
 */
bool hide_message(char *text, size_t len);
/* In a record, a line of JSON: all texts but those that are known to have neither numbers nor names; and where there was one its
 * salt, for whoever had that could try what is hidden by the record's hash. Returns whether something was hidden. */
bool hide_record(char *text, size_t len);
