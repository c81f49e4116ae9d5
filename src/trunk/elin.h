/*
 * Emergency location identification numbers: which caller is shown by which number of his location, so that
 * the emergency centre, when it calls back, reaches him. Each number is one caller's at a time. A table of fixed
 * size. Loop thread.
 */
#pragma once

#include "base/saved.h"
#include "base/span.h"
#include "trunk/trunk.h"

/* More numbers than that are not kept: the one that was used longest ago gives way. */
#define ELINS_MAX 1024
#define ELIN_SIZE 40

struct elins;

/* A number, and whose it is. */
struct elin {
	char number[ELIN_SIZE];
	char caller[ELIN_SIZE]; /* his number */
	enum trunk_kind kind;   /* of the server or gateway that his call came from */
	char trunk[72];         /* its id */
	unsigned calls;         /* emergency calls of his that are in progress */
	uint64_t used_us;       /* monotonic: when the last of them began or ended */
};

/* As many numbers one call may choose among. */
#define ELIN_CHOICE 16

/* The numbers that CONFIG has for the location of CALLER: how many. */
unsigned elins_configured(const struct config *config, struct span caller,
	struct span ret[static ELIN_CHOICE]);

/* Who calls. */
struct elin_caller {
	enum trunk_kind kind;
	const char *trunk;
	struct span number;
};

enum elin_taken {
	ELIN_FREE,   /* it was nobody's */
	ELIN_OWN,    /* it was his already */
	ELIN_REUSED, /* it was another one's: none was free */
};

int elins_new(struct elins **ret);
void elins_free(struct elins *elins); /* NULL is fine */

/*
 * One of NUMBERS, COUNT of them and at least one, becomes CALLER's, for a call that begins: his own, else the first
 * that is nobody's, or was not used for KEEP_US; else the one that was used longest ago, first among those without
 * a call. *RET lives until the next call of this. 0; ERR_LIMIT: CALLER or no number fits.
 */
int elins_take(struct elins *elins, const struct span *numbers, unsigned count,
	const struct elin_caller *caller, uint64_t now_us, uint64_t keep_us,
	const struct elin **ret, enum elin_taken *ret_taken);
/* A call that took NUMBER is over. */
void elins_leave(struct elins *elins, const char *number, uint64_t now_us);
/* Whose NUMBER is: of a call in progress, or used within KEEP_US. NULL: nobody's. */
const struct elin *elins_find(
	const struct elins *elins, struct span number, uint64_t now_us, uint64_t keep_us);
/* The same of a NUMBER that is called, however it is written: visual separators, '+', and zeros in front do not
 * count, nor does a missing beginning where 7 digits are left. */
const struct elin *elins_called(
	const struct elins *elins, struct span number, uint64_t now_us, uint64_t keep_us);
/* Those that elins_find() finds, by INDEX; NULL: there are no more. */
const struct elin *elins_at(
	const struct elins *elins, unsigned index, uint64_t now_us, uint64_t keep_us);

/* Writes them all. 0 or -ENOMEM. */
int elins_save(const struct elins *elins, struct saved to);
/* ELINS, new, becomes what was written, without calls in progress: these take theirs again. What cannot be
 * read is left out. */
void elins_load(struct elins *elins, struct saved from);
/* A call that took NUMBER in another process goes on. */
void elins_resume(struct elins *elins, const char *number);
