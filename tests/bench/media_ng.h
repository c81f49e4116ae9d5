/*
 * rtpengine as a media server: how it is started here, and calls by its ng protocol (bencode
 * over UDP, docs/ng_control_protocol.md of rtpengine).
 */
#pragma once

#include "media_server.h"

struct media_ng;

/* A free address on the host of LOCAL for the protocol. */
void media_ng_address(struct addr *ret, const struct addr *local);
/* Becomes rtpengine: no kernel module, one thread for media, all on the host of NG. Returns
 * when it is not installed. */
void media_ng_exec(const struct addr *ng);

/* Waits until it answers, WAIT_MS at most. 0, or negative with TEXT. */
int media_ng_new(struct media_ng **ret, const struct addr *ng, unsigned wait_ms,
	struct err_text *text);
void media_ng_free(struct media_ng *ng);

/* Offer from end A with SRTP, answer from end B without. */
void media_ng_open(struct media_ng *ng, unsigned number, enum relay_suite suite,
	struct media_call *call);
void media_ng_close(struct media_ng *ng, unsigned number);
