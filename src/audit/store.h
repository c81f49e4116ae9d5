/*
 * The captures of all calls: STATE/audit/YYYY-MM-DD/ID/call.pcapng (style.h). Owns folders and files,
 * keeps only so many open, notices a failing disk and one that came back. Audit thread;
 * the counts may be read by any.
 */
#pragma once

#include "audit/health.h"
#include "audit/sealing.h"
#include "audit/store_name.h"
#include "audit/style.h"
#include "base/addr.h"
#include "base/err.h"
#include "base/span.h"
#include "base/tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long messages of an ended call still find their file: 64 T1 and a little, as long as
 * its transactions live (RFC 3261 17.2.1, 17.2.2). Monotonic microseconds. */
#define STORE_LINGER_US UINT64_C(33000000)
struct store;

/* Makes STATE_DIR/audit (0750), repairs what a killed process left. At most OPEN_MAX files
 * are open at once. Borrows HEALTH. 0, or negative with TEXT. */
int store_new(struct store **ret, const char *state_dir, unsigned open_max,
	struct health *health, struct err_text *text);
/* Before the audit thread starts: H is told of calls whose files are closed for good, by store_free() too. */
void store_set_seal(struct store *store, sealing_h *h, void *arg);
/* Flushes and closes everything. NULL is fine. */
void store_free(struct store *store);

struct store_call {
	uint64_t call;
	const char *id;      /* borrowed during the call */
	uint64_t wall_us;    /* when it began, by both clocks: from then on */
	uint64_t mono_us;    /* the monotonic one counts */
	struct style *style; /* a reference is taken */
};

/* A call began. Its file is made with its first record. */
void store_begin(struct store *store, const struct store_call *begun);

/* Who one of its parties is (struct tap_party). */
void store_party(struct store *store, const struct tap_party *party);

/* What one of its parties presented over TLS, as certs_put() puts it together. */
void store_certs(
	struct store *store, uint64_t call, uint32_t party, struct span certificates);

/* One datagram of a call, kept in memory for a while. */
struct store_datagram {
	uint64_t call;
	uint64_t mono_us;
	bool media;     /* one of many: it waits for store_flush_media() */
	uint32_t party; /* of a message; 0: not known */
	unsigned end;   /* of a packet */
	bool sent;
	const char *how; /* of a message: its transport and what TLS says; borrowed */
	const struct tap_onward *onward; /* of a packet; NULL: none. Borrowed */
	struct addr source;
	struct addr destination;
	const void *data;
	size_t len;
};
/* False: the call is not known. */
bool store_add(struct store *store, const struct store_datagram *datagram);
/* So many of an unknown call are lost. */
void store_refuse(struct store *store, unsigned records);

/* The call ended; LOST of its records never reached the store. Its file is closed soon,
 * and continued if more comes within STORE_LINGER_US. */
void store_end(struct store *store, uint64_t call, uint64_t lost, uint64_t mono_us);

/* Writes the files to which more than media was added. */
void store_flush(struct store *store);
/* Writes the others. Rarely: a write costs as much as some twenty packets. */
void store_flush_media(struct store *store);
/* Closes and forgets what ended long enough ago, and closes files that rest. A few times a
 * second. */
void store_expire(struct store *store, uint64_t mono_us);
/* STATE/audit, opened; negative: it is gone. */
int store_root(const struct store *store);
/* Whether the capture of DATE/ID is of a call that goes on, or ended a short while ago. */
bool store_uses(const struct store *store, const char *date, const char *id);
/* Whether something waits for store_expire(). */
bool store_has_ended(const struct store *store);
/* Writes and removes a file of some size: can the disk be written again? The folder is
 * looked up anew, so one that was removed or mounted over comes back. */
bool store_probe(struct store *store);

struct store_counts {
	uint64_t stored, lost, cut;
	uint64_t open_files;
};
void store_counts(const struct store *store, struct store_counts *ret);
