/*
 * Opening packets of SRTP whose roll-over counter (ROC) is not the expected one: after a loss of
 * half its cycle, or where a far end reads RFC 3711 3.3.1 otherwise. A packet is opened at
 * another ROC only if it is authentic there, and that is later than all that was heard, so
 * nothing that came before can come again.
 *
 * No clock; owned by the worker of the stream.
 */
#pragma once

#include "media/srtp.h"

/* Packets searched for in a second of one stream: a flood of bad tags costs no more. */
#define SEARCH_PER_SECOND 50
/* Longer packets are not searched for. */
#define SEARCH_LEN_MAX 2048

/* Zeroed it is ready. */
struct search {
	bool armed; /* the last packet was refused: the next one is kept for a search */
	unsigned left;
	uint64_t second_us; /* when LEFT was filled */
	uint32_t found;     /* packets that were authentic elsewhere, and went on there */
	/* Since the key or the description is another: packets that are authentic at ROC 0 of a
	 * key whose ROC is later. They stay refused. */
	uint32_t restarted;
};

/* As srtp_context_open() of RTP, with a search where that fails. */
int search_open(struct search *search, struct srtp_context *context, uint64_t now_us,
	uint8_t *data, size_t *len);
