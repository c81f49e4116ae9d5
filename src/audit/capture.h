/*
 * One capture while it is written: what is added waits in memory and is written by the batch. The file always ends
 * on a whole block (pcapng), record (pcap) or, where it is encrypted, chunk. capture_read.h reads it back.
 * Audit thread.
 *
 * An encrypted capture is written by whole chunks of 64 KiB, and what waits for one is in memory alone. It has
 * another name (STYLE_UNFINISHED) until capture_finish() wrote its end: what cannot be opened to its end is known
 * by its name.
 */
#pragma once

#include "audit/classic.h"
#include "audit/style.h"
#include "audit/sums.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capture;

/* So much waits at most, beside one record, before capture_flush() is due; where it is encrypted a chunk. */
#define CAPTURE_BATCH 16384

struct capture_params {
	int dir_fd;
	struct style *style;     /* a reference is taken */
	struct classic *classic; /* borrowed */
	unsigned part;           /* style_file_name() */
	const char *
		comment; /* of the file, after the name of the server; borrowed during the call */
};

/*
 * Makes the file, 0600, which must not exist. Links are never followed. 0 or a negated errno. What the file begins
 * with is written by the first capture_flush().
 */
int capture_new(struct capture **ret, const struct capture_params *params);

/* Adds an interface, one of pcapng, for packets that are added. Returns its number. Texts are borrowed during the
 * call. */
uint32_t capture_interface(
	struct capture *capture, const char *name, const char *description);

struct capture_packet {
	uint32_t interface; /* of capture_interface() */
	uint64_t wall_us;
	bool sent;
	const char *comment; /* "": none */
	uint64_t id;         /* random */
	const void *data;    /* an IP packet */
	size_t len;
	size_t whole; /* its length before it was cut to LEN */
};

/* Adds one record in memory. False: there is no room, since an encrypted capture could not be written: it is lost,
 * and counted by the caller. */
bool capture_add(struct capture *capture, const struct capture_packet *packet);
/* Whether capture_flush() is due. */
bool capture_is_full(const struct capture *capture);
/* Forgets what waits in memory, but where it is encrypted: there it stays. Returns how many records were forgotten. */
uint64_t capture_drop(struct capture *capture);

/*
 * Writes what waits; where it is encrypted, its whole chunks. 0; or a negated errno: the file was cut back to where it
 * is whole. (-ENOENT: somebody removed the file; what it held is gone.) *ret_stored and *ret_lost say what became of
 * records since the last flush; an encrypted capture keeps what it could not write, and tries it again. The capture can
 * be used further, but for -ENOENT.
 */
int capture_flush(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost);

/* Closes the file for a while, after capture_flush(). */
void capture_rest(struct capture *capture);
/* Opens it again, for DIR_FD. 0 or a negated errno (-ENOENT: it is not there any more; -ELOOP, -EPERM: something else
 * is). */
int capture_wake(struct capture *capture, int dir_fd);
bool capture_is_open(const struct capture *capture);

/* Whether nothing may be added behind the end of the file that capture_finish() writes. */
bool capture_is_final(const struct capture *capture);
/* Writes all that waits, as capture_flush() does, and the end of an encrypted capture, which gets its name. Its file
 * must be open. Nothing can be added any more. */
int capture_finish(
	struct capture *capture, int dir_fd, uint64_t *ret_stored, uint64_t *ret_lost);

/*
 * What the file is known by, as far as it is written. Of the tree's leaves those of a file that can be read can be made again; those
 * of an encrypted one are kept beside it, 32 bytes each (style_leaves_name()): capture_leaves() writes what there is of them,
 * when they are many (capture_has_leaves()), before it rests and when it is finished.
 */
struct capture_seal {
	char name[STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)];
	bool whole; /* it ends as it should */
	bool has_tree;
	struct sums_state sums;
};
/* 0; -ENOENT: nothing of it is written; -ENOMEM. */
int capture_seal(const struct capture *capture, struct capture_seal *ret);
bool capture_has_leaves(const struct capture *capture);
/* 0 or a negated errno: they are kept, and written by the next call. */
int capture_leaves(struct capture *capture, int dir_fd);

/* What was not written is thrown away. NULL is fine. Returns how many records these were. */
uint64_t capture_close(struct capture *capture);
