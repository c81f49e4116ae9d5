/*
 * What a bundle consists of: files that are given away piece by piece, and their sums. One thread.
 */
#pragma once

#include "base/buf.h"
#include "evidence/tlog.h"

/* Files of a bundle. */
#define OUTPUTS_MAX 64
#define OUTPUTS_NAME_SIZE 64

/* A piece of the file NAME, behind those before; LEN may be 0. */
typedef void outputs_h(void *arg, const char *name, struct span piece);

struct outputs;

/* 0 or -ENOMEM. */
int outputs_new(struct outputs **ret, outputs_h *h, void *arg);
void outputs_free(struct outputs *outputs); /* NULL is fine */

/* Gives a piece of NAME. 0; -ENOMEM; ERR_LIMIT: there are too many files. */
int outputs_add(struct outputs *outputs, const char *name, struct span piece);
/* A line each, as sha256sum(1) has them, in the order in which they were begun. */
void outputs_sums(const struct outputs *outputs, struct buf *out);
