/*
 * What the files of the store share: store.c has its calls and their files, store_root.c the folder of all of them,
 * store_state.c what others may know.
 */
#pragma once

#include "audit/store.h"

#include "audit/capture.h"
#include "audit/certs.h"
#include "audit/datagram.h"
#include "audit/folder.h"
#include "audit/marks.h"
#include "audit/parties.h"
#include "audit/sealing.h"
#include "audit/whose.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"

#include <stdatomic.h>
#include <string.h>

/* One captured call. */
struct entry {
	struct hash_node node;
	struct hash_node named; /* in store.names */
	struct list opened; /* in store.opened while its file is open: least used first */
	struct list dirty;  /* in store.urgent or store.media while records wait */
	struct list phase;  /* in store.closing, then store.closed, once it ended */
	uint64_t call;
	uint64_t ended_us;
	uint64_t lost;
	uint64_t wall_us, mono_us; /* one moment by both clocks */
	struct style *style;
	struct parties parties;
	struct certs certs;      /* of those that are not in their file */
	struct capture *capture; /* NULL: nothing was captured since it was closed */
	unsigned part;           /* of its file */
	uint64_t mark;           /* of its line in the marks; 0: it is not marked */
	uint64_t used;           /* the round of the last record */
	bool urgent;             /* in store.urgent */
	bool refused;            /* its place is taken by something that is not ours */
	struct buf files; /* those that are closed for good: a list of entry_file() */
	char date[STORE_DATE_SIZE];
	char id[STORE_ID_SIZE];
};

struct store {
	struct health *health;
	char *state_dir;
	int root_fd;           /* -1: gone */
	struct folder_day day; /* of the last file, for a round */
	struct marks *marks;
	struct sealing *sealing;
	struct certs_pool *certs;
	struct whose *whose;
	struct classic *classic;
	size_t marked; /* entries that are marked */
	unsigned open_max;
	uint64_t round; /* of store_expire() */
	struct hash entries;
	struct hash names; /* the same, by their ids */
	struct list opened, urgent, media, closing, closed;
	/* atomic, written by the audit thread alone */
	_Atomic uint64_t stored, lost, cut, open_files;
	uint8_t packet[DATAGRAM_MAX];
};

/* The hash of ID in store.names. */
static inline uint64_t store_name_hash(const char *id)
{
	return hash_bytes(id, strlen(id), 0);
}

/* What is to be said of calls before their files are. 0 or a negated errno. */
int store_write_sayings(struct store *store);
/* Begins a new file of marks with those of now. 0 or a negated errno. */
int store_renew_marks(struct store *store);
/* Writes what waits for it, or begins a new one. */
void store_tend_marks(struct store *store);
/* Whether the folder is the one that its path names. */
bool store_root_stands(const struct store *store);
/* It was moved or removed, and its files rest: captures go on where its path leads now. */
void store_follow_root(struct store *store);
