/*
 * The RTP streams that we send to one end of a line. They are ours: SSRC, sequence numbers and
 * timestamps are made here from those that the other end sends, and go on without a break
 * whatever it does: another SSRC, numbers that begin again, a pause, packets of our own.
 *
 * An SSRC of the other end is a source here. One that follows another that fell silent goes out
 * in the same stream; those that live at once have a stream each. A stream's numbers are its
 * first source's own, until that would break them.
 *
 * Plain data but for OUTGOING.more, which is made once, for the few lines that have more than one
 * source at a time. Owned by the worker of the line; no clock, no lock.
 */
#pragma once

#include "base/saved.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Streams of ours at once. A further source takes the place of the longest silent one. */
#define OUTGOING_STREAMS 8
/* Sources that are remembered. */
#define OUTGOING_SOURCES 12
/* What most lines do with. */
#define OUTGOING_FEW_STREAMS 1
#define OUTGOING_FEW_SOURCES 2
/* Of an index: there is none. */
#define OUTGOING_NONE 0xff
/* A source of which nothing came for so long has fallen silent. */
#define OUTGOING_SILENT_US 500000
/* A sequence number is sent once; what is older than this is not sent any more. */
#define OUTGOING_WINDOW 128

/* How a payload type counts time. */
struct outgoing_clock {
	uint32_t rate;      /* Hz; 90000 is taken to be video */
	uint32_t rate_most; /* what it may be where RATE is a guess, else RATE */
};

struct outgoing_source {
	uint32_t ssrc;
	uint8_t index;  /* its place among the sources */
	uint8_t stream; /* the index of what it goes out in, or OUTGOING_NONE */
	bool mapped;    /* the offsets are of that stream */
	uint8_t late_run;
	uint16_t late_next;  /* the number that would make the run of late ones longer */
	uint16_t seq_offset; /* what is sent is what came and this */
	uint32_t timestamp_offset;
	uint32_t highest;   /* that came; its wraps are in the upper half */
	uint32_t timestamp; /* of that one */
	uint32_t step;      /* from one timestamp to the next */
	uint64_t newest_us; /* when it came */
	uint64_t since_us;  /* when its first one came */
	uint64_t heard_us;  /* when any packet came; 0: the place is free */
};

struct outgoing_stream {
	uint32_t ssrc;  /* ours */
	uint8_t index;  /* its place among the streams */
	uint8_t source; /* the index of what goes out in it, or OUTGOING_NONE */
	bool started;
	bool follows; /* not started: HIGHEST is what it begins behind */
	bool broken;  /* the next packet does not follow on the last one by itself */
	uint32_t rate;
	uint32_t highest;   /* that was sent; its wraps are in the upper half */
	uint32_t base;      /* the first one of the present offsets */
	uint64_t window[2]; /* a bit each for HIGHEST and those before it: was sent */
	uint32_t timestamp; /* where the stream has come to */
	uint32_t step;
	uint64_t sent_us;
	uint32_t packets, octets; /* as sender reports count: RFC 3550 6.4.1 */
	/* What the far end says that it lost: by its last report, and when the present source
	 * began. */
	int32_t lost_now, lost_base;
};

/* Those beyond the few. */
struct outgoing_more {
	struct outgoing_source sources[OUTGOING_SOURCES - OUTGOING_FEW_SOURCES];
	struct outgoing_stream streams[OUTGOING_STREAMS - OUTGOING_FEW_STREAMS];
};

struct outgoing {
	struct outgoing_stream streams[OUTGOING_FEW_STREAMS];
	struct outgoing_source sources[OUTGOING_FEW_SOURCES];
	struct outgoing_more *more; /* owned; NULL while the few are enough */
	uint8_t last;               /* the source of the packet before */
	uint8_t latest;             /* the stream that was sent in most lately */
	uint32_t reporter;          /* who sends RTCP there and no RTP; 0: not known */
	uint64_t random;            /* the state of what SSRCs come from */
};

/* SEED is random. */
void outgoing_init(struct outgoing *outgoing, uint64_t seed);
void outgoing_clear(struct outgoing *outgoing);

/* Writes it. 0 or -ENOMEM. */
int outgoing_save(const struct outgoing *outgoing, struct saved to);
/* OUTGOING, new, goes on there, under SSRCs of its own. 0; ERR_FORMAT with ERROR; -ENOMEM. */
int outgoing_load(struct outgoing *outgoing, struct saved from, struct err_text *error);

/* The streams that are there, from 0 on; each has an SSRC, sent or not. */
unsigned outgoing_stream_count(const struct outgoing *outgoing);
const struct outgoing_stream *outgoing_stream(
	const struct outgoing *outgoing, unsigned index);
/* The one that was sent in most lately. */
static inline const struct outgoing_stream *outgoing_latest(
	const struct outgoing *outgoing)
{
	return outgoing_stream(outgoing, outgoing->latest);
}

/*
 * DATA is a whole RTP packet of the other end, in clear: gives it our SSRC and numbers, and the
 * marker where a talkspurt begins anew by that. False: it is not to be sent, because its number
 * was, or is too old.
 */
bool outgoing_packet(struct outgoing *outgoing, const struct outgoing_clock *clock,
	uint8_t *data, size_t len, uint64_t now_us);
/* That packet, of LEN bytes by now, is sent. */
void outgoing_count(struct outgoing *outgoing, const uint8_t *data, size_t len);
/* All SSRCs become others, and their counts begin again; the numbers go on. */
void outgoing_renew(struct outgoing *outgoing);
/*
 * The far end had numbers before AFTER from us, in a stream of another line. What comes next has AFTER or one behind it, so that
 * whoever goes by the numbers alone does not take it for late: Asterisk 22 does, whatever SSRC they come under. 0, or where
 * we are ahead already: nothing.
 */
void outgoing_follow(struct outgoing *outgoing, uint32_t after);
/* Packets of the other end were held back: what comes next follows on what was sent. */
void outgoing_pause(struct outgoing *outgoing);

/* Numbers for a packet of our own, at a clock of RATE, that leaves now. */
struct outgoing_numbers {
	uint32_t ssrc, timestamp;
	uint16_t seq;
};
struct outgoing_numbers outgoing_insert(
	struct outgoing *outgoing, uint32_t rate, uint64_t now_us);
/* The timestamp of now in the stream that outgoing_insert() takes. */
uint32_t outgoing_timestamp(
	const struct outgoing *outgoing, uint32_t rate, uint64_t now_us);

/* ---- for RTCP ---- */

/* The SSRC that speaks for us where no stream is meant: of the latest one. */
uint32_t outgoing_ssrc(const struct outgoing *outgoing);
/* The stream that SSRC of the other end goes out in now, and that source in *RET; or NULL. */
const struct outgoing_stream *outgoing_of_source(
	struct outgoing *outgoing, uint32_t ssrc, const struct outgoing_source **ret);
/* The stream that is sent as SSRC, and in *RET what goes out in it. NULL: none, or nothing. */
struct outgoing_stream *outgoing_of_stream(
	struct outgoing *outgoing, uint32_t ssrc, const struct outgoing_source **ret);
/* A number of ours as its source has it. False: it is not of the present offsets. */
bool outgoing_source_seq(const struct outgoing_stream *stream,
	const struct outgoing_source *source, uint16_t seq, uint16_t *ret);
/* The same with wraps, as near to the source's highest as can be. */
uint32_t outgoing_source_highest(const struct outgoing_source *source, uint32_t highest);
/* SSRC of the other end said goodbye: its stream is over, and its SSRC is never used again.
 * False: there was none. *RET: what it was sent as. */
bool outgoing_end(struct outgoing *outgoing, uint32_t ssrc, uint32_t *ret);
