/*
 * The routes of one configuration by the numbers that they take: a tree of their prefixes, and one of the
 * callers of each, made at a reload, in which a call's numbers are looked up. It holds what is configured and no live state; whether a route takes
 * a call in other respects is judged by functions that need no tree, which `route test` asks too. Loop thread.
 *
 * The work of a look-up is bounded by the length of the number where prefixes are digits alone; with classes of
 * digits by the places of all prefixes together, each of which is looked at once at most.
 */
#pragma once

#include "config/config.h"
#include "config/pattern.h"
#include "trunk/trunk.h"

/* A call as routes see it. */
struct route_call {
	enum trunk_kind kind; /* who makes it: a server or a gateway */
	const char *from;     /* its id; NULL: any of its kind whose name no route has */
	enum config_calls_to calls_to; /* of it */
	struct span called, caller;    /* numbers */
};

struct route {
	enum trunk_kind kind; /* whom it leads to: */
	unsigned at;          /* its place in trunks_at() */
	const struct config_trunk *settings;
	const struct config_route *config;
	unsigned callers; /* the tree of its callers; 0: it takes any */
};

/* How well a route fits a call; zeroed: it takes any number, of any caller. */
struct route_fit {
	struct pattern_fit called, caller;
};

/* What keeps a route from a call, in the order in which they are asked. */
enum route_verdict {
	ROUTE_FITS,
	ROUTE_NOT_SOURCE, /* it names sources, and the caller is none of them */
	ROUTE_NOT_SIDE,   /* it names none, and calls-to of the caller leads elsewhere */
	ROUTE_NOT_CALLED,
	ROUTE_NOT_CALLER,
	ROUTE_VERDICTS,
};

struct routes;

/* An index of the routes of CONFIG, to which a reference is taken. 0 or -ENOMEM. */
int routes_new(struct routes **ret, struct config *config);
void routes_free(struct routes *routes); /* NULL is fine */

/*
 * Calls H with each route that takes the called number, the best fit of its prefixes first; once a route for
 * each of its prefixes that fits. False from H ends it, but routes of the same fit follow. Callers and
 * sources are not looked at.
 */
typedef bool routes_found_h(void *arg, const struct route *route, struct pattern_fit fit);
void routes_each(
	const struct routes *routes, struct span called, routes_found_h *h, void *arg);
/* Whether ROUTE, one of ROUTES, takes calls of CALLER, with the best fit in *RET. */
bool routes_fit_caller(const struct routes *routes, const struct route *route,
	struct span caller, struct pattern_fit *ret);

/* Whether ROUTE is for calls of such a source: ROUTE_FITS, _NOT_SOURCE or _NOT_SIDE. */
/* Where calls of such a source go as far as nobody names it: what its calls-to says. */
enum trunk_kind route_side(const struct route_call *call);
enum route_verdict route_judge_source(
	const struct route *route, const struct route_call *call);
/* The best of PATTERNS that fits NUMBER, borrowed from them, with its fit in *RET, which is zeroed where none
 * does: NULL. Of those that fit alike the first. */
const char *route_best(
	const struct config_words *patterns, struct span number, struct pattern_fit *ret);
/* All of it, by each pattern in turn: what routes_each() and routes_fit_caller() find by their trees. *RET is
 * of ROUTE_FITS. */
enum route_verdict route_judge(
	const struct route *route, const struct route_call *call, struct route_fit *ret);
