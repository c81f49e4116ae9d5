/*
 * Small files that are replaced whole: the new one is on the disk before it takes the place of the old one, so that after any fault
 * there is one of the two. They are written one after another by a thread beside the loop (aside.h), which waits for no disk
 * therefore. Loop thread.
 */
#pragma once

#include "base/aside.h"
#include "base/buf.h"

/* So many may wait for the disk. */
#define FILING_MAX 1000

struct filing;

struct filing_file {
	/* Copied. FOLDER is made (0750) where it is missing; a link in the place of NAME is replaced, and none is followed. */
	const char *folder, *name;
	struct buf *
		bytes; /* taken, whatever is returned, and empty afterwards. NULL: the file is removed, and one that is not there is fine */
	/* In the loop, once, unless filing_free() came before: 0, or a negated errno, and there is what was there before. May be NULL. */
	void (*done_h)(void *arg, int err);
	void *arg;
};

/* LOOP NULL: there is none, and each file is written before filing_put() returns. 0 or -ENOMEM. */
int filing_new(struct filing **ret, struct loop *loop);
/* What was not written yet is not written any more, but for one that a disk holds up, and nobody is told of it. Whoever put it may be
 * freed before, if the loop takes no turn between. NULL is fine. */
void filing_free(struct filing *filing);

/* 0: done_h tells how it ends. Or -ENOMEM, or ERR_LIMIT: FILING_MAX wait already; nothing is done, and done_h is not called. */
int filing_put(struct filing *filing, const struct filing_file *file);
