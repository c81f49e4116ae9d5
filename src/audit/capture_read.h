/*
 * Reads a capture back, of both formats: what stands in the datagrams that audit/datagram.h made. A file may have been changed by
 * whoever has its folder; so nothing of it is believed. Any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Blocks of one capture that capture_read() looks at: the INVITE is the first packet, media may follow without end. */
#define CAPTURE_READ_MAX 64

/* One datagram. All is borrowed during the call. */
struct capture_item {
	uint64_t wall_us;
	struct addr source, destination;
	/* What the classic format does not say is "" and false: */
	bool knows;        /* who sent it */
	bool sent;         /* by us */
	const char *leg;   /* "a", "b", "c"; "?" or "": nobody's */
	const char *trunk; /* "trunk carrier-a" */
	struct span comment;
	struct span data; /* no message for sure */
};

/* False: that was what is wanted. */
typedef bool capture_read_h(void *arg, const struct capture_item *item);

/*
 * Calls H for the first datagrams of the capture in DIR_FD, a call's folder, for whole ones alone, in their
 * order. Links are never followed. 0; -ENOENT: there is none; ERR_STATE: it is encrypted, for others; -ELOOP, -EPERM: it
 * is a link, or no plain file; ERR_FORMAT: it is no capture of ours, or damaged; other negated errnos.
 */
int capture_read(int dir_fd, capture_read_h *h, void *arg);
/* The same of FILE, which is closed. */
int capture_read_file(FILE *file, capture_read_h *h, void *arg);

/* What the capture in DIR_FD, a call's folder, is called: "call.pcapng". Static; NULL: there is none. */
const char *capture_read_name(int dir_fd);

/* One that is read in steps, between other work. One thread. */
struct capture_reader;

/* As capture_read() says. *RET has nothing to do with DIR_FD any more. */
int capture_reader_open(struct capture_reader **ret, int dir_fd);
/* FILE is taken, whatever comes of it. */
int capture_reader_of(struct capture_reader **ret, FILE *file);
void capture_reader_free(struct capture_reader *reader); /* NULL is fine */

/* Looks at COUNT blocks at most. -EAGAIN: there may be more; 0: that was the end, or H wanted no more; ERR_FORMAT: what follows
 * is damaged, or was cut off while it was written. */
int capture_reader_step(
	struct capture_reader *reader, unsigned count, capture_read_h *h, void *arg);
