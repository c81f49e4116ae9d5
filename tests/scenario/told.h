/* A fake relay: relay.h without sockets, which remembers what it was told. */
#pragma once

#include "base/buf.h"
#include "media/relay.h"

/* The next stream to be added finds no port when EMPTY. */
void told_set_empty(struct relay *relay, bool empty);
/* While BUSY the worker takes no commands. */
void told_set_busy(struct relay *relay, bool busy);
/* TO, new, has the ports of FROM before it. */
void told_inherit(struct relay *to, const struct relay *from);
/* How many sessions are open. */
unsigned told_sessions(const struct relay *relay);
/* The call of the newest one; 0: none is open. */
uint64_t told_newest_call(const struct relay *relay);
/*
 * What the newest session was told of stream INDEX at END, as words: "none" without
 * one, else "rtp=203.0.113.21:30000 suite=RTP send receive", with rx and tx keys in
 * base64. For the session: "timeout=60000 tap". OUT is appended to.
 */
void told_stream(
	const struct relay *relay, enum relay_end end, unsigned index, struct buf *out);
/* What was told of the stream in the session of CALL; NULL: nothing. */
const struct relay_remote *told_remote(
	const struct relay *relay, uint64_t call, enum relay_end end, unsigned index);
void told_session(const struct relay *relay, struct buf *out);
/* No media came from END in the newest session. */
void told_silence(struct relay *relay, enum relay_end end);
/* A digit ended in what END sent in the newest session. */
void told_hear(struct relay *relay, enum relay_end end, struct dtmf_digit digit);
/* Its RTP was found to come from FOUND. */
void told_latch(struct relay *relay, enum relay_end end, const struct addr *found);
/* The digits that the newest session was to play since the last call, "5:160 6:160 ", event and
 * duration. OUT is appended to. */
void told_digits(struct relay *relay, struct buf *out);
