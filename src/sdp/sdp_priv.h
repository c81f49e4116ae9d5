/*
 * What sdp.c (reading) and edit.c (writing) share: the inside of struct sdp. Private to
 * src/sdp.
 */
#pragma once

#include "sdp/lines.h"
#include "sdp/sdp.h"

/* What a section's own lines say, before one level is filled in from the other. */
struct sdp_section {
	bool has_connection;
	struct addr connection;       /* of the first c=; len 0 when it cannot be used */
	const char *connection_fault; /* why it cannot, or NULL */
	bool has_direction;
	enum sdp_direction direction;
	bool has_rtcp;
	struct span rtcp;
	bool rtcp_mux;
};

struct sdp_line {
	struct sdp_section own; /* what the media section says itself ... */
	struct sdp_media full;  /* ... and with the session's values filled in */
	const char *fault;      /* why the line as it came cannot be used, its c= apart */
};

/* Every call holds four: no larger than its text needs. Edits never change the number of
 * media lines. */
struct sdp {
	struct lines lines;
	bool repaired;
	uint64_t origin_version;
	struct sdp_section session;
	struct sdp_line media[]; /* sdp_count_media() */
};

/* v= and o= are always the first two lines: tidy() sees to it. */
#define SDP_LINE_ORIGIN 1

/* What the section says itself; for an edit to keep up with its line. */
struct sdp_section *sdp_own(struct sdp *sdp, int media);
/* Fills in media[MEDIA] (SDP_SESSION: all of them) after a change of own or session. */
void sdp_resolve(struct sdp *sdp, int media);
/* Reads own from the attributes and c= lines anew, and resolves. The edit has made sure
 * that this cannot fail. */
void sdp_reread(struct sdp *sdp, int media);

/* The index of a section for struct lines; asserts that MEDIA is one of SDP's. */
unsigned sdp_section_of(const struct sdp *sdp, int media);
/* "sendrecv" and so on. False when NAME is no direction. */
bool sdp_direction_parse(struct span name, enum sdp_direction *ret);
