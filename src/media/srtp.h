/*
 * SRTP and SRTCP for one direction of one stream: a context opens what a peer sends, or
 * seals what we send to it. srtp.c and the engines alone know
 * libsrtp2.
 *
 * srtp_key_check() may be called by any thread; a context belongs to the thread that uses
 * it.
 */
#pragma once

#include "base/saved.h"
#include "media/relay.h"
#include "media/ssrcs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that sealing may add: tag, SRTCP index, MKI. */
#define SRTP_TRAILER_MAX (16 + 4 + 4)

/* SSRCs that a context seals for at once. They are ours, and few. */
#define SRTP_SEAL_SSRCS SSRCS_LIVE

/* A packet sequence older than this is refused, authentic or not (RFC 3711 3.3.2). */
#define SRTP_REPLAY_WINDOW 128

enum srtp_direction { SRTP_OPEN, SRTP_SEAL };

struct srtp_context;
struct srtp_engine;

/* Once per process, before there is a worker; later calls return the first one's result,
 * whatever their ENGINE. 0, or ERR_LIBRARY with TEXT when libsrtp2 or a test vector failed. */
int srtp_library_start(const struct srtp_engine *engine, struct err_text *text);

/*
 * Whether a context could be made of KEY. 0, or ERR_SUPPORT: not an SRTP suite, a key of
 * another length than the suite's, or an MKI that libsrtp2 cannot do (below 2.7 it
 * misplaces the MKI where RTP and RTCP tags differ in length, so with the _32 suites).
 */
int srtp_key_check(const struct relay_key *key);
/* Same suite, key, salt and MKI; constant time in the key. */
bool srtp_key_equal(const struct relay_key *a, const struct relay_key *b);

/* A context at ROC 0. KEY is copied. 0, ERR_SUPPORT, -ENOMEM or ERR_LIBRARY. */
int srtp_context_new(struct srtp_context **ret, const struct relay_key *key,
	enum srtp_direction direction);
/* Wipes the keys. NULL is fine. */
void srtp_context_free(struct srtp_context *context);
/* Writes how far each SSRC has come, without the key. 0 or -ENOMEM. */
int srtp_context_save(const struct srtp_context *context, struct saved to);
/* CONTEXT, new and of the same key, goes on there: of each SSRC later packets alone are taken. 0;
 * ERR_FORMAT or ERR_LIMIT with ERROR; -ENOMEM. */
int srtp_context_load(
	struct srtp_context *context, struct saved from, struct err_text *error);
/* The key the context was made of; borrowed. */
const struct relay_key *srtp_context_key(const struct srtp_context *context);

/*
 * In place; *len goes from the sealed to the clear length and back. DATA is aligned to 4
 * bytes; for sealing SRTP_TRAILER_MAX bytes are free behind it.
 * 0, ERR_AUTH, ERR_REPLAY, ERR_FORMAT (a header that runs over the packet), ERR_LIMIT
 * (SSRCS_MAX, SRTP_SEAL_SSRCS), -ENOMEM or ERR_LIBRARY. On failure DATA is spoilt, the context
 * is as before.
 *
 * Opening takes any number of SSRCs: see ssrcs.h.
 */
int srtp_context_open(
	struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len);
int srtp_context_seal(
	struct srtp_context *context, bool rtcp, uint8_t *data, size_t *len);
/* Nothing is sealed as SSRC, host order, any more: it must not be used again under this key. */
void srtp_context_end(struct srtp_context *context, uint32_t ssrc);

/*
 * Roll-over counters (ROC), the upper 32 bits of a packet's index: RFC 3711 3.3.1. A context
 * guesses the ROC of a packet from those that came before, and a new one begins at 0.
 */

/* CONTEXT, new, takes the place of BEFORE, which had another key. KEEP: the first packets of
 * its SSRCs go on at their ROC; else at 0. Without memory all begin at 0. */
void srtp_context_follow(
	struct srtp_context *context, struct srtp_context *before, bool keep);
/* The ROC that the SSRC of DATA, a packet of RTP that was opened, has reached. */
uint32_t srtp_context_roc(struct srtp_context *context, const uint8_t *data);

/* What loss or another reading of RFC 3711 can come to. */
#define SRTP_ROCS_MAX 3
/*
 * Where else than srtp_context_open() takes it to be the packet of RTP in DATA may be, most
 * likely first: later than all that was heard of its SSRC or, at its first packet, where it
 * was under the key before. Returns how many.
 */
unsigned srtp_context_rocs(struct srtp_context *context, const uint8_t *data,
	uint32_t ret[static SRTP_ROCS_MAX]);
/* As srtp_context_open() of RTP, but at ROC. */
int srtp_context_open_at(
	struct srtp_context *context, uint32_t roc, uint8_t *data, size_t *len);
