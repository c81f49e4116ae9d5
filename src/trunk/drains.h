/*
 * Trunks and servers that an operator has drained: who, when and why, over restarts. Kept in a file of the
 * state folder, which is replaced whole, beside the loop. A change is in force at once, and taken back if it
 * cannot be written: a restart would undo it without a word. What left the configuration stays drained, for it
 * may come back by the next reload, and is forgotten by the next start. Loop thread.
 */
#pragma once

#include "base/clock.h"
#include "base/filing.h"
#include "base/list.h"
#include "trunk/trunk.h"

/* Room for the words of an operator, with a NUL. */
#define DRAINS_REASON_SIZE 200
#define DRAINS_WHO_SIZE 160
/* The most that are kept. */
#define DRAINS_MAX 20000

struct drains;

struct drain {
	struct list node;
	enum trunk_kind kind;
	char id[65];
	uint64_t since; /* seconds since 1970 UTC */
	char who[DRAINS_WHO_SIZE];
	char reason[DRAINS_REASON_SIZE]; /* "": none was given */
};

struct drains_params {
	const char *folder;    /* copied */
	struct clock *clock;   /* borrowed */
	struct filing *filing; /* borrowed */
};

/*
 * Reads FOLDER/drains.json; where there is none nothing is drained. 0, -ENOMEM, or negative with TEXT:
 * the file is not one of ours, and to go on would put trunks back into service that somebody has taken
 * out.
 */
int drains_new(
	struct drains **ret, const struct drains_params *params, struct err_text *text);
void drains_free(struct drains *drains); /* NULL is fine */

/* Marks those of TRUNKS, which are kept in mind. At the START what is not in the configuration is forgotten, and
 * each of the others is a line in the log. Call it after each trunks_apply(). */
void drains_apply(struct drains *drains, const struct trunks *trunks, bool start);

/* Who is told how a change ended: ERR 0: it is on the disk; else it was taken back, and TEXT says why. Once, unless
 * drains_forget() came before. */
struct drains_waiter {
	void (*h)(void *arg, int err, const struct err_text *text);
	void *arg;
};

/*
 * TRUNK takes no new calls from now on. WHO and REASON (NULL: none) are copied, and cut at their room. 0: WAITER (copied) is told.
 * Or negative with TEXT, and nothing changed; ERR_LIMIT: too many are drained, or a change before it is not on the disk yet.
 */
int drains_add(struct drains *drains, struct trunk *trunk, const char *who,
	const char *reason, const struct drains_waiter *waiter, struct err_text *text);
/* The opposite. One that is not drained is fine, and WAITER is told before this returns. */
int drains_remove(struct drains *drains, struct trunk *trunk,
	const struct drains_waiter *waiter, struct err_text *text);
/* The waiter with ARG does not wait any more. */
void drains_forget(struct drains *drains, const void *arg);

/* NULL: it is not drained. */
const struct drain *drains_find(
	const struct drains *drains, enum trunk_kind kind, const char *id);
