/*
 * The lines of a description on its way from one leg to the other: what media_sdp.c builds its
 * offers and answers of. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "media/relay.h"
#include "sdp/sdp.h"

/* One description of leg FROM on its way to leg TO. */
struct mediation {
	struct relay_session *session;
	const struct config *config;
	struct leg *from, *to;
	const struct sdp *in; /* as FROM said it; NULL: we speak for ourselves */
	struct sdp *out;      /* as TO will get it */
};

/* Session lines that name or locate the other side go; the address becomes ours. */
int media_line_rewrite_session(const struct mediation *m);
/* Addresses and ports of line INDEX, everything of the other hop removed. */
int media_line_rewrite(const struct mediation *m, unsigned index, const char *proto);
/* Writes our key CRYPTO on line INDEX, as LEG wants it written. */
int media_line_add_crypto(struct sdp *out, unsigned index, const struct leg *leg,
	const struct sdes_crypto *crypto);
/* An answer may not do more than its offer allowed (RFC 3264 6.1). */
enum sdp_direction media_line_answered_direction(
	const struct stream_terms *answer, const struct stream_terms *offer);

/* The stream of line INDEX, made where there is none, with terms for an offer. NULL: out of
 * memory. */
struct stream *media_line_stream(struct leg *leg, unsigned index);
/* Takes the line off the relay and both legs. */
void media_line_forget(
	struct relay_session *session, struct leg *a, struct leg *b, unsigned index);
/* LEG's streams have their ports where its configuration says. */
int media_line_place(struct relay_session *session, const struct config *config,
	const struct leg *leg);

/* Whether line INDEX of M->in can be relayed: its protocol, its place, its address. 0, or
 * ERR_SUPPORT with TEXT. */
int media_line_check(const struct mediation *m, unsigned index, struct err_text *text);
void media_line_read_terms(struct stream_terms *terms, const struct sdp_media *media);
/* The payload types that line INDEX of SDP names, a bit each, beside those in TYPES. */
void media_line_add_types(
	const struct sdp *sdp, unsigned index, uint64_t types[static 2]);
/* Where RTCP goes: as a=rtcp says, or beside RTP where that may not be. */
void media_line_check_rtcp(const struct mediation *m, struct stream_terms *terms);
/* Writes line INDEX of an offer to M->to, with our port and keys. THEIRS: the protocol and the
 * direction that the other side offers. 0 or negative. */
int media_line_write_offer(
	const struct mediation *m, unsigned index, const struct stream_terms *theirs);
/* Both legs agreed on line INDEX, and it is served. */
bool media_line_is_agreed(const struct leg *leg, unsigned index);
/* LEG's last description, each line with the direction that was agreed: what both it and our
 * description allow. Owned by the caller; NULL without memory, or when nothing is agreed. */
struct sdp *media_lines_agreed(const struct leg *leg);
/* The same, to be spoken on in both directions: whoever held the call may be another one then. */
struct sdp *media_lines_resumed(const struct leg *leg);
