/*
 * Packets of SRTP in a capture on the wire are opened with the keys that the server kept meanwhile (sdp/keyline.h).
 * tandemctl's only thread.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "ctl/wire_frame.h"

struct wire_media;

/* KEYS is the file of keys; a last line without its end is left out. CALL: those of that call alone; NULL: all. 0; -ENOENT: that
 * call has none; or negative; with TEXT. */
int wire_media_new(struct wire_media **ret, struct span keys, const char *call,
	struct err_text *text);
/* Wipes the keys. NULL is fine. */
void wire_media_free(struct wire_media *media);

enum wire_media_found {
	WIRE_MEDIA_NONE,   /* no packet of a line that has keys */
	WIRE_MEDIA_OPENED, /* the payload is RTP or RTCP now */
	WIRE_MEDIA_AGAIN,  /* it was captured twice, or sent again: it stays as it was */
	WIRE_MEDIA_CLOSED, /* no key opens it: likewise */
};

#define WIRE_MEDIA_NOTE_SIZE 200

/*
 * FRAME, in DATA, was captured at US since 1970. OPENED: the payload in DATA is in clear, *RET_LEN its length, and NOTE says by what key. Frames come in
 * the order in which they were captured.
 */
enum wire_media_found wire_media_open(struct wire_media *media, uint64_t us,
	const struct wire_frame *frame, uint8_t *data, size_t *ret_len,
	char note[static WIRE_MEDIA_NOTE_SIZE]);
