/*
 * What is remembered of each SSRC under one SRTP key, so that none of its packets counts twice:
 * the highest index that it reached. An SSRC is never forgotten while the key lives. The replay
 * windows themselves are the library's; it has them of the SSRCs heard lately alone, and of any
 * other SSRC only later packets than its highest are taken.
 *
 * Only authentic packets come here, so a stranger fills nothing. Owned by the context that it is
 * of.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* SSRCs of one key, 24 bytes each; packets of further ones are refused. */
#define SSRCS_MAX 16384
/* Most calls have one, and one more for RTCP. */
#define SSRCS_FEW 2
/* Those of them that the library has a stream for. */
#define SSRCS_LIVE 16

struct ssrc {
	uint32_t ssrc;       /* network order */
	uint32_t roc;        /* with SEQ the highest index of RTP */
	uint32_t rtcp_index; /* the highest of RTCP */
	uint32_t used;       /* when it was heard last, in packets; wraps */
	uint16_t seq;
	bool live;       /* the library has a stream for it */
	bool heard;      /* RTP: SEQ and ROC count */
	bool window;     /* and the stream knows its latest packets */
	bool rtcp_heard; /* the same of RTCP */
	bool rtcp_window;
};

struct ssrcs {
	struct ssrc *list; /* sorted by SSRC: FEW, or owned */
	unsigned count, room;
	unsigned last; /* index of the latest that was looked for */
	uint32_t clock;
	struct ssrc few[SSRCS_FEW];
	uint32_t live[SSRCS_LIVE + 1];
	unsigned live_count;
};

/* It does not move afterwards. */
void ssrcs_init(struct ssrcs *ssrcs);
void ssrcs_clear(struct ssrcs *ssrcs);
/* NULL: not known. Stands until ssrcs_add(). */
struct ssrc *ssrcs_find(struct ssrcs *ssrcs, uint32_t ssrc);
/* Sees to it that one more can be added. 0, ERR_LIMIT or -ENOMEM. */
int ssrcs_reserve(struct ssrcs *ssrcs);
/* That of SSRC, added where it is not known. There is room. */
struct ssrc *ssrcs_add(struct ssrcs *ssrcs, uint32_t ssrc);
void ssrcs_remove(struct ssrcs *ssrcs, struct ssrc *ssrc);
/*
 * SSRC was heard, and the library has a stream for it. Where that makes SSRCS_LIVE + 1 of them,
 * the one that is silent longest has none any more: the caller ends its stream. Else NULL.
 */
struct ssrc *ssrcs_use(struct ssrcs *ssrcs, struct ssrc *ssrc);
