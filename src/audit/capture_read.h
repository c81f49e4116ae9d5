/*
 * Reads a capture back, of both formats: what stands in the datagrams that audit/datagram.h made. A file may have been changed by
 * whoever has its folder; so nothing of it is believed. Any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdio.h>

/* Datagrams of one capture that are looked at: the INVITE is the first, media may follow without end. */
#define CAPTURE_READ_MAX 64

/* DATA is borrowed during the call, and is no message for sure. False: that was what is wanted. */
typedef bool capture_read_h(void *arg, struct span data);

/*
 * Calls H with what the first datagrams of the capture in DIR_FD, a call's folder, carry, whole ones alone, in their
 * order. Links are never followed. 0; -ENOENT: there is none; ERR_STATE: it is encrypted, for others; -ELOOP, -EPERM: it
 * is a link, or no plain file; ERR_FORMAT: it is no capture of ours, or damaged; other negated errnos.
 */
int capture_read(int dir_fd, capture_read_h *h, void *arg);
/* The same of FILE, which is closed. */
int capture_read_file(FILE *file, capture_read_h *h, void *arg);
