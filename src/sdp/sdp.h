/*
 * A session description (RFC 8866) as an index of its lines, edited in place. It is read
 * leniently and written strictly: what stands in it is always in the order of RFC 8866
 * section 5 with CRLF. One owner, loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/* Bounds checked before anything is indexed. */
#define SDP_MAX_BYTES 32768
#define SDP_MAX_MEDIA 32
#define SDP_MAX_ATTRIBUTES 256 /* a session or media section; browsers' video has 108 */
#define SDP_MAX_ATTRIBUTES_TOTAL 1024
#define SDP_SPARE_ATTRIBUTES 32 /* that edits may add to a full section */
#define SDP_MAX_LINE 1024
#define SDP_MAX_RATE 1000000 /* Hz */

#define SDP_SESSION (-1) /* for `media` arguments: the lines before the first m= */

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

enum sdp_proto {
	SDP_PROTO_OTHER,
	SDP_PROTO_AVP,   /* RTP/AVP */
	SDP_PROTO_AVPF,  /* RTP/AVPF */
	SDP_PROTO_SAVP,  /* RTP/SAVP */
	SDP_PROTO_SAVPF, /* RTP/SAVPF */
	SDP_PROTO_UDPTL, /* udptl */
};

/* One m= line and what belongs to it, session-level values filled in where it has none.
 * Spans point into the sdp and hold until its next edit. */
struct sdp_media {
	struct span type;    /* "audio", "video", "image", ... */
	uint16_t port;       /* 0: refused, or removed */
	unsigned port_count; /* 1 unless "port/count" */
	enum sdp_proto proto;
	struct span proto_text;
	struct span formats; /* "0 8 101" */
	const char
		*fault;  /* why a line with a port cannot be used; NULL: it can. Static */
	struct addr rtp; /* c= with port; len 0 when it has a fault or no c= */
	struct addr
		rtcp; /* a=rtcp (RFC 3605), else rtp with port + 1; len 0 when port is 0 */
	bool rtcp_mux;        /* RFC 5761 */
	bool on_hold_address; /* c=0.0.0.0 or :: (RFC 2543 hold) */
	enum sdp_direction direction;
};

struct sdp;

/*
 * Takes a copy of TEXT, put in order: lines end in CRLF (LF, CR and mixed ones are taken),
 * missing o=, s= and t= are added, further ones and lines that say nothing (unknown letters,
 * malformed b= t= a=, empty ones, NULs and blanks at the end) are left out. A media line that
 * cannot be used (its c= or port, its formats, too many attributes) has a fault; one whose port
 * is no port has port 0 too. 0; ERR_LIMIT over the bounds above; ERR_FORMAT when it is no
 * session description (see tidy.h) with ERROR naming line and reason; -ENOMEM. *ret untouched
 * on error.
 *
 * Where lines of a section contradict each other (two c=, two directions), the first one
 * counts; the edit that sets such a line leaves only one.
 */
int sdp_read(struct sdp **ret, const char *text, size_t len, struct err_text *error);
struct sdp *sdp_copy(const struct sdp *sdp); /* NULL when out of memory */
void sdp_free(struct sdp *sdp);              /* NULL is fine */

/*
 * A description that is only kept: its text in one piece, a third of what it takes otherwise.
 * One owner, loop thread.
 */
struct sdp_text;
/* That of SDP, which is taken. NULL, and SDP stays: out of memory, or a media line has a fault
 * that came with it, which the text does not show. */
struct sdp_text *sdp_text_take(struct sdp *sdp);
/* The description again; sdp_was_repaired() of it is false. 0 or -ENOMEM. */
int sdp_text_read(struct sdp **ret, const struct sdp_text *text);
/* Wipes it as well; NULL is fine. */
void sdp_text_free(struct sdp_text *text);
struct span sdp_text_span(const struct sdp_text *text);

/* Whether the text was another than what sdp_write() gave before the first edit. */
bool sdp_was_repaired(const struct sdp *sdp);

/* The text as it stands now, appended to OUT. */
void sdp_write(const struct sdp *sdp, struct buf *out);

unsigned sdp_count_media(const struct sdp *sdp);
/* INDEX < sdp_count_media(). */
const struct sdp_media *sdp_media(const struct sdp *sdp, unsigned index);
/* Whether it has line INDEX, with a port: one that is not refused. */
bool sdp_is_served(const struct sdp *sdp, unsigned index);
/* The version of o= where that is a number of at most 64 bits, else 0. */
uint64_t sdp_origin_version(const struct sdp *sdp);
/* True when all lines but o= are the same: RFC 3264 8's "unchanged". */
bool sdp_equal_but_origin(const struct sdp *a, const struct sdp *b);

/*
 * Attributes. MEDIA is an index or SDP_SESSION; NAME is "crypto", "rtpmap", ...
 * sdp_attribute() gives the value (after the colon; empty for a flag) of the NTH attribute
 * of that name in that section, false when there is none.
 */
bool sdp_attribute(const struct sdp *sdp, int media, const char *name, unsigned nth,
	struct span *ret_value);

/*
 * Edits. Each returns 0 or -ENOMEM/ERR_LIMIT/ERR_FORMAT and then changes nothing. What they
 * leave is always a description that sdp_read() takes. Replaced text is freed with the sdp,
 * not before: an sdp is edited once per message, not for ever.
 */

/* o=USER ID VERSION IN IP4|IP6 ADDRESS */
int sdp_set_origin(struct sdp *sdp, const char *user, uint64_t id, uint64_t version,
	const struct addr *address);
int sdp_set_name(struct sdp *sdp, const char *name); /* s= */
/* Sets t= to what FROM has. */
int sdp_set_time(struct sdp *sdp, const struct sdp *from);
/* Sets c= of that section; adds the line in its place (RFC 8866 section 5) when missing. */
int sdp_set_connection(struct sdp *sdp, int media, const struct addr *address);
/* Removes c= of that section. ERR_FORMAT when a media line in use would lose its address. */
int sdp_remove_connection(struct sdp *sdp, int media);
/* Port (0 refuses the line) and proto of m=; proto text NULL keeps what stands. A
 * "port/count" becomes "port". ERR_FORMAT for a port without any c=, or an RTP proto with
 * formats that are no payload types. */
int sdp_set_media(struct sdp *sdp, unsigned media, uint16_t port, const char *proto);
/* Refuses the line: port 0, with type, proto and formats of LIKE (a line of another description;
 * NULL: as they stand), and nothing else said. */
int sdp_refuse_media(struct sdp *sdp, unsigned media, const struct sdp_media *like);
/* Replaces the format list (one at least) and drops rtpmap, fmtp and rtcp-fb lines of all
 * other formats. */
int sdp_keep_formats(
	struct sdp *sdp, unsigned media, const struct span *formats, size_t count);
/* Removes the attributes of the section whose name is one of COUNT; returns how many. */
unsigned sdp_remove_attributes(
	struct sdp *sdp, int media, const char *const *names, size_t count);
/* Removes the attributes of the section that KEEP does not want; returns how many. */
typedef bool sdp_keep_h(struct span name, struct span value, void *arg);
unsigned sdp_keep_attributes(struct sdp *sdp, int media, sdp_keep_h *keep, void *arg);
/* Removes the lines of the section whose type is one of the letters TYPES ("iuepk"); v o s
 * t m c always stay. Returns how many. */
unsigned sdp_remove_lines(struct sdp *sdp, int media, const char *types);
/* Appends a=NAME:VALUE (a=NAME when VALUE is NULL) at the end of the section. */
int sdp_add_attribute(struct sdp *sdp, int media, const char *name, const char *value);
/* Writes the direction attribute of that media section, replacing what stands. */
int sdp_set_direction(struct sdp *sdp, unsigned media, enum sdp_direction direction);

/* sendonly <-> recvonly, as an answer mirrors an offer. */
enum sdp_direction sdp_direction_reverse(enum sdp_direction direction);
bool sdp_direction_sends(enum sdp_direction direction);
bool sdp_direction_receives(enum sdp_direction direction);
const char *sdp_direction_name(enum sdp_direction direction);
bool sdp_proto_is_rtp(enum sdp_proto proto);
bool sdp_proto_is_secure(enum sdp_proto proto);
/* Whether it is one with feedback (RFC 4585, 5124): AVPF, SAVPF. */
bool sdp_proto_has_feedback(enum sdp_proto proto);
/* The secure or plain sibling of an RTP proto ("RTP/SAVPF" for AVPF, secure); "udptl" for
 * UDPTL, NULL for OTHER. */
const char *sdp_proto_text(enum sdp_proto proto, bool secure);

/*
 * The name in rtpmap of FORMAT ("PCMU/8000"), or of RFC 3551's static table when there is no
 * rtpmap, without clock rate in *ret_name. False when unknown.
 */
bool sdp_format_codec(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret_name);
/* The same of the first format of the first media line, in a text that is only kept. */
bool sdp_text_codec(const struct sdp_text *text, struct span *ret_name);
/* What the rtpmap of FORMAT says ("opus/48000/2"). False when it has none. */
bool sdp_format_map(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret);
/* The clock rate in the rtpmap of FORMAT, in Hz; 0: it has none, or not a sensible one. */
uint32_t sdp_format_rate(const struct sdp *sdp, unsigned media, struct span format);
