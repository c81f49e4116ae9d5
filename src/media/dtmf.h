/*
 * Digits as telephone-events (RFC 4733, RFC 2833 before it): heard in the packets of a
 * stream, and played into one: in the place of its audio, or in packets of our own while there
 * is none. No input or output, no clock, no allocation and no lock; what is kept here belongs
 * to the worker of the stream.
 */
#pragma once

#include "base/saved.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 4733 3.2: 0 to 9, * (10), # (11), A to D (12 to 15), flash (16). */
#define DTMF_FLASH 16
#define DTMF_EVENTS 17

/* Payload types of one end: one for each clock rate of its codecs. */
#define DTMF_FORMATS 4
/* Digits that wait to be played; an end's digits in a second, which no finger exceeds. */
#define DTMF_QUEUE 64
#define DTMF_PER_SECOND 32
/* Shorter ones are not recognised everywhere, and a longer one keeps the others waiting. */
#define DTMF_SHORTEST_MS 40
#define DTMF_LONGEST_MS 5000
/* Between two digits, at least (ITU-T Q.24). */
#define DTMF_PAUSE_MS 50
/* A digit of which no packet came for so long is over, though its end was lost. */
#define DTMF_SILENCE_US 500000
/* A digit that could not be played for so long, because nothing may be sent, is dropped. */
#define DTMF_EXPIRY_MS 5000
/* When no audio came for so long, we play in packets of our own, one each so often. */
#define DTMF_ALONE_US 60000
#define DTMF_PACE_US 20000
/* Bytes of one of those. */
#define DTMF_PACKET 16

struct dtmf_digit {
	uint8_t event;
	uint16_t duration_ms;
};

/* What SDP agreed with the end that has telephone-events; the other one has none. */
struct dtmf_terms {
	unsigned count; /* 0: nothing is turned into anything */
	struct dtmf_format {
		uint8_t type;
		uint32_t rate;
	} formats[DTMF_FORMATS]; /* that may come; the first one is what is played */
	uint32_t audio_rate;     /* of the timestamps that are played into */
};

/* How a struct dtmf_terms is written out. */
extern const struct saved_field dtmf_terms_fields[];

/* The format of payload TYPE, or NULL. */
const struct dtmf_format *dtmf_format(const struct dtmf_terms *terms, uint8_t type);

/* ---- hearing ---- */

/* Zeroed: nothing was heard. */
struct dtmf_reader {
	bool known;  /* an event came; what follows is of the latest one */
	bool active; /* which is not over */
	uint8_t event;
	uint16_t
		duration; /* in units of RATE, of the latest segment (RFC 4733 2.5.1.3) */
	uint32_t before;  /* of the segments before it */
	uint32_t timestamp;
	uint32_t ssrc;
	uint32_t rate;
	uint64_t heard_us;
	uint64_t second_us; /* when the second began in which TOLD digits ended */
	unsigned told;
	uint64_t lost; /* digits beyond DTMF_PER_SECOND */
};

/*
 * Takes one whole RTP packet of a telephone-event. Returns how many digits it ended, in order:
 * its own, and before it one whose end was lost. Repetitions and late packets end none.
 */
unsigned dtmf_reader_packet(struct dtmf_reader *reader, const struct dtmf_format *format,
	const uint8_t *data, size_t len, uint64_t now_us,
	struct dtmf_digit ret[static 2]);
/* True: the digit under way ended for want of packets. */
bool dtmf_reader_expire(
	struct dtmf_reader *reader, uint64_t now_us, struct dtmf_digit *ret);

/* ---- playing ---- */

/* Zeroed: nothing waits. */
struct dtmf_player {
	struct dtmf_waiting {
		uint32_t since_ms; /* wraps */
		struct dtmf_digit digit;
	} queue[DTMF_QUEUE]; /* a ring: COUNT from FIRST on */
	unsigned first, count;
	bool playing;
	struct dtmf_digit digit; /* which, and how far it is: */
	uint32_t start;          /* its timestamp */
	unsigned ends;           /* end packets of it that left */
	bool resting;            /* no digit begins before REST */
	bool known; /* the next three are of the stream that is played into */
	uint32_t ssrc;
	uint32_t latest; /* timestamp */
	uint32_t step;   /* from a packet's timestamp to the next one's */
	uint32_t rest;
	uint64_t audio_us; /* when the latest packet came; 0: never */
	uint64_t moved_us; /* when a packet last could be sent */
	uint64_t lost;     /* digits that found no place, in time */
};

/* A digit to be played after those that wait, within the lengths above. */
void dtmf_player_add(
	struct dtmf_player *player, const struct dtmf_digit *digit, uint64_t now_us);
/*
 * DATA is a whole RTP packet of audio toward the end of TERMS. When a digit is to be played,
 * the packet becomes one of its event, under its own sequence number. Returns its length.
 */
size_t dtmf_player_packet(struct dtmf_player *player, const struct dtmf_terms *terms,
	uint8_t *data, size_t len, uint64_t now_us);

/* Whether a digit waits or is under way. */
bool dtmf_player_busy(const struct dtmf_player *player);
/* Whether there is no audio to play into. */
bool dtmf_player_alone(const struct dtmf_player *player, uint64_t now_us);
/* Whether a packet is to be made now, at TIMESTAMP of our stream: not between two digits. */
bool dtmf_player_ready(struct dtmf_player *player, uint32_t timestamp);
/*
 * DATA holds the RTP header of a packet of our own (DTMF_PACKET bytes), whose timestamp is that
 * of now, for which dtmf_player_ready() said yes: makes it one of the digit's event.
 */
void dtmf_player_make(struct dtmf_player *player, const struct dtmf_terms *terms,
	uint8_t *data, uint64_t now_us);
/* Drops what has waited too long while nothing could be sent. */
void dtmf_player_expire(struct dtmf_player *player, uint64_t now_us);
