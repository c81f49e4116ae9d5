/*
 * One media line of one leg: what was agreed on it, and what an outstanding offer would
 * make of it. Loop thread.
 */
#pragma once

#include "media/relay.h"
#include "sdp/sdes.h"
#include "sdp/sdp.h"

#include <stdbool.h>

/* The codec of a line: the first of the answer that was offered, tones and comfort noise apart. */
struct stream_codec {
	char name[32]; /* "PCMA", as the description has it; "": not known */
	uint32_t rate; /* clock rate in Hz; 0: not known */
	uint8_t type;  /* RTP payload type in what this far end sends */
};

/* What one exchange says of the line. */
struct stream_terms {
	bool set;
	bool secure;               /* SRTP */
	enum sdp_proto proto;      /* of the m= line */
	struct sdes_crypto ours;   /* seals what we send; only when secure */
	struct sdes_crypto theirs; /* opens what they send; only when secure */
	struct addr rtp, rtcp;     /* theirs */
	uint64_t payload_types[2]; /* of the exchange, a bit each */
	struct stream_codec codec; /* agreed, once there is an answer */
	struct dtmf_terms dtmf;    /* telephone-events, where the other leg has none */
	bool mux;
	bool hold_address;            /* c=0.0.0.0 */
	enum sdp_direction direction; /* as they wrote it */
};

struct stream {
	struct stream_terms now; /* agreed */
	struct stream_terms
		*next; /* of the outstanding offer, theirs or ours; owned; NULL:
				      * no offer was made since the last one was agreed */
	struct sdes_crypto *offered; /* our crypto lines of an outstanding offer; owned */
	unsigned offered_count;
	bool secured;  /* it was agreed to be SRTP at any time */
	bool demanded; /* our outstanding offer was SAVP: an answer without SRTP fails */
	/* Since it changed to another call's media, until that is told: what relay_remote.after will say. */
	uint32_t after;
};

struct stream *stream_new(void);         /* NULL when out of memory */
void stream_free(struct stream *stream); /* wipes its keys; NULL is fine */
/* Writes what was agreed, keys sealed. 0, -ENOMEM, or what the sealer returns. */
int stream_save(const struct stream *stream, struct saved to);
/* STREAM, new, becomes that. 0; ERR_FORMAT or ERR_AUTH with ERROR. */
int stream_load(struct stream *stream, struct saved from, struct err_text *error);
/* Sees to it that there are terms for an offer; those that are there stay. 0 or -ENOMEM. */
int stream_make_next(struct stream *stream);
/* The offer is another one: its terms are not set, and none of our crypto lines is left. */
void stream_clear_next(struct stream *stream);
/* The outstanding offer came to nothing, or was agreed. */
void stream_drop_next(struct stream *stream);
/* There are terms of an outstanding offer, and they are set. */
bool stream_is_offered(const struct stream *stream);
/* Of our offered crypto lines only that with OURS stays, in its place. */
void stream_keep_offered(struct stream *stream, const struct sdes_crypto *ours);
/* What holds now: what is agreed, or what an exchange that is not over would make of it. */
struct stream_terms *stream_in_force(struct stream *stream);
