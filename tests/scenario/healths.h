/*
 * What is known of the health of a trunk's addresses.
 */
#pragma once

#include "stage.h"

/*
 * "expect health ID WORD ...": of the server or gateway ID, each WORD is
 *
 *     ADDRESS=STATE              unknown, up, resting, down; gone: the name has it no more
 *     NAME/ADDRESS=STATE         the same of one of several names
 *     NAME=STATE                 of the name itself
 *     ADDRESS:LAYER=VERDICT      good, bad, not-seen of transport, tls, sip, calls
 *     ADDRESS:status=CODE        its last final response
 *
 * 0; ERR_FORMAT with ERROR.
 */
int healths_expect(struct stage *stage, char *const *words, struct err_text *error);
