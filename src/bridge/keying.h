/*
 * How the media of one leg is protected: which offers are taken, what we offer, which
 * answers are enough. The rule that no side gets less than its configuration demands lives
 * here alone. RFC 4568. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* What LEG's configuration demands: the least TLS version ("TLS1.2"), and "SRTP" or, where fax
 * is excepted, "SRTP or UDPTL"; each "" where none is. */
const char *keying_least_tls(const struct config_trunk *settings);
const char *keying_least_media(const struct leg *leg);

/* LEG offered line INDEX of IN: chooses their crypto and our key for the answer, into
 * stream->next. 0, or ERR_SUPPORT (refuse the line) with TEXT. */
int keying_read_offer(const struct leg *leg, struct stream *stream, const struct sdp *in,
	unsigned index, struct err_text *text);

/* Whether MEDIA, a line of unencrypted fax (T.38 over UDPTL), may pass between A and B: only where
 * the configuration of both says so. */
bool keying_takes_udptl(
	const struct leg *a, const struct leg *b, const struct sdp_media *media);

/* We offer to LEG: fills stream->offered with our crypto lines. *ret_secure_proto: whether
 * the m= line says SAVP. 0 or negative. */
int keying_make_offer(
	const struct leg *leg, struct stream *stream, bool *ret_secure_proto);

/*
 * Line INDEX of IN, which LEG said, answers stream->offered. Of its crypto lines the first counts
 * whose suite was offered, under whatever tag: each of our lines has a key of its own. 0, or
 * ERR_SUPPORT: it is less than was asked.
 */
int keying_read_answer(struct leg *leg, struct stream *stream, const struct sdp *in,
	unsigned index, struct err_text *text);
