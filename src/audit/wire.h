/*
 * The secrets that a capture on the wire needs to be read: STATE/audit/wire/TIME/keys, 0600, apart from the capture, and encrypted
 * where captures are (style.h). The capture itself is made by tandemctl, with the rights of whoever calls it. Loop thread.
 */
#pragma once

#include "audit/age.h"
#include "base/addr.h"
#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

#define WIRE_HOSTS_MAX 64
/* Lines of the NSS key log (tls/keylog.h), and lines of SRTP (sdp/keyline.h). */
#define WIRE_KEYS_NAME "tls.keys"
#define WIRE_MEDIA_KEYS_NAME "srtp.keys"

struct wire;

struct wire_params {
	const char *state_dir;
	struct age_recipients *recipients; /* a reference is taken; NULL: not encrypted */
	/* Secrets of connections with these hosts alone; none: with all. Copied. */
	const struct addr *hosts;
	unsigned host_count; /* WIRE_HOSTS_MAX at most */
	uint64_t wall_us;    /* now */
};

/* Makes the folder, and the files of the secrets. 0, or negative with TEXT. */
int wire_new(struct wire **ret, const struct wire_params *params, struct err_text *text);
/* Ends encrypted files, and wipes what is in memory. NULL is fine. */
void wire_free(struct wire *wire);

/* A line of the key log, of a connection with REMOTE; as keylog_h has it. */
void wire_key(struct wire *wire, const struct addr *remote, struct span line);
/* A line of SRTP, with its end; p NULL: there was no room for it. */
void wire_media_key(struct wire *wire, struct span line);
/* Where the capture belongs. */
const char *wire_folder(const struct wire *wire);
/* Lines that were kept, and those that could not be. */
struct wire_count {
	uint64_t kept, lost;
};
struct wire_count wire_count(const struct wire *wire);
struct wire_count wire_media_count(const struct wire *wire);
