/*
 * A record as it is asked by: the members of a line that the index has, and those that figures are made of. Pure; any thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Least first, so that the weaker of two legs is the smaller one; 0: nothing is known. */
enum cdr_signalling {
	CDR_SIGNALLING_UNKNOWN,
	CDR_SIGNALLING_NONE,
	CDR_SIGNALLING_TLS12,
	CDR_SIGNALLING_TLS13,
};
enum cdr_media { CDR_MEDIA_NONE, CDR_MEDIA_RTP, CDR_MEDIA_UDPTL, CDR_MEDIA_SRTP };

/* Texts stand as in the line: without their quotes, escapes kept, borrowed of it; one that it does not have is empty. */
struct cdr_row_leg {
	struct span party; /* "trunk carrier-a" */
	enum cdr_signalling signalling;
	enum cdr_media media;
	unsigned mos; /* hundredths; 0: unknown */
	uint64_t packets, lost;
	uint64_t jitter_us;
};

/* Numbers of a call, as they are looked for. */
#define CDR_ROW_NUMBERS 9

/* Ids of Microsoft of a call, more are not looked for. */
#define CDR_ROW_IDS 8

struct cdr_row {
	bool numbered; /* it has SEQ */
	uint64_t seq;
	bool call;        /* else only KIND, ID and END_US are set */
	struct span kind; /* "call" also where the line has none */
	struct span id;
	uint64_t end_us; /* wall; of other records: when it was written */
	bool message;    /* of a request that is no call */
	bool inbound;
	uint64_t duration_us;
	bool rang, answered;
	uint64_t ringing_us; /* after the start */
	uint64_t answer_us;  /* likewise */
	uint64_t talk_us;
	unsigned status;
	unsigned
		q850; /* the cause of Q.850 that who ended or refused it last gave; 0: none */
	struct span cause, ended_by;
	struct span from, to;
	struct span numbers[CDR_ROW_NUMBERS]; /* with these two, each once */
	unsigned number_count;
	struct span ids[CDR_ROW_IDS]; /* each once */
	unsigned id_count;
	struct span attempts; /* for cdr_row_attempt() */
	struct cdr_row_leg legs[2];
	unsigned called;         /* which of them is that of who was called */
	const char *called_word; /* "trunk" or "server": what that is */
};

/* LINE is without its line end. 0; ERR_FORMAT: it is no record. */
int cdr_row_read(struct cdr_row *ret, struct span line);

struct cdr_row_attempt {
	struct span target; /* id of the trunk or server */
	unsigned status;    /* 0: none came */
	uint64_t after_us;  /* since the call's start */
};
/* The next attempt off the front of *REST, which begins as row.attempts. False: there is none. */
bool cdr_row_attempt(struct span *rest, struct cdr_row_attempt *ret);

/* Appends TEXT, as it stands in a line, without its escapes; a NUL becomes U+FFFD. */
void cdr_row_text(struct buf *out, struct span text);
/* The microseconds since 1970 of TEXT as clock_text() wrote it. 0, or ERR_FORMAT. */
int cdr_row_time(struct span text, uint64_t *ret_us);
