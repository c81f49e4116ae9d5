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
#define WIRE_KEYS_NAME "tls.keys"

struct wire;

struct wire_params {
	const char *state_dir;
	struct age_recipients *recipients; /* a reference is taken; NULL: not encrypted */
	/* Secrets of connections with these hosts alone; none: with all. Copied. */
	const struct addr *hosts;
	unsigned host_count; /* WIRE_HOSTS_MAX at most */
	uint64_t wall_us;    /* now */
};

/* Makes the folder, and the file of the secrets. 0, or negative with TEXT. */
int wire_new(struct wire **ret, const struct wire_params *params, struct err_text *text);
/* Ends an encrypted file, and wipes what is in memory. NULL is fine. */
void wire_free(struct wire *wire);

/* A line of the key log, of a connection with REMOTE. */
void wire_key(struct wire *wire, const struct addr *remote, struct span line);
/* Where the capture belongs. */
const char *wire_folder(const struct wire *wire);
/* Lines that were kept, and those that could not be. */
uint64_t wire_kept(const struct wire *wire);
uint64_t wire_lost(const struct wire *wire);
