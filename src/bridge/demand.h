/*
 * What operators want captured beside what the configuration says: a call, calls of a number, calls of a trunk or server, for
 * a while. More than the configuration is captured then, also between two gateways one of which has less. Loop thread.
 */
#pragma once

#include "base/list.h"
#include "base/timer.h"
#include "config/config.h"
#include "config/pattern.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge;
struct trunk;

/* At once. */
#define DEMANDS_MAX 32
#define DEMAND_TEXT_SIZE 80
#define DEMAND_WHO_SIZE 160
/* The longest while, in seconds: a month. */
#define DEMAND_MAX_S (31 * 86400)

enum demand_kind { DEMAND_CALL, DEMAND_NUMBER, DEMAND_TRUNK };

struct demand {
	struct list node;
	struct bridge *bridge;
	struct timer timer;
	unsigned number; /* what it is called, from 1 */
	enum demand_kind kind;
	char text
		[DEMAND_TEXT_SIZE]; /* a call's id, a pattern, a trunk's or server's id */
	char who[DEMAND_WHO_SIZE];
	struct pattern pattern;
	enum config_audit mode;
	uint64_t until_us; /* wall */
};

struct demand_params {
	enum demand_kind kind;
	const char *text;
	const char *who;
	enum config_audit mode;
	uint64_t for_s; /* 1 to DEMAND_MAX_S */
};

/* Begins one, for calls that stand as well. 0 with its number; ERR_LIMIT; ERR_FORMAT: no pattern, or too long; -ENOMEM. */
int demand_start(
	struct bridge *bridge, const struct demand_params *params, unsigned *ret_number);
/* False: there is none of that number. */
bool demand_stop(struct bridge *bridge, unsigned number);
/* NULL: the first one. NULL at the end. */
const struct demand *demand_next(
	const struct bridge *bridge, const struct demand *demand);
void demands_free(struct bridge *bridge);

/* What a call is known by. */
struct demand_of {
	const char *id;
	const char *from, *to;     /* numbers; NULL: not known yet */
	const struct trunk *a, *b; /* NULL: not known */
};

/* The most that is demanded of it; CONFIG_AUDIT_OFF: nothing is. */
enum config_audit demand_mode(const struct bridge *bridge, const struct demand_of *of);
const char *demand_kind_name(enum demand_kind kind); /* "call", "number", "trunk" */
