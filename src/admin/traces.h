/*
 * The messages of calls as they pass, for whoever traces: of one call, of calls of a number or of a trunk, or of all, captured
 * or not, with keys overwritten. While nobody traces it costs nothing: the taps ask for nothing then.
 *
 * Nobody waits for whoever traces: what is too much, or what he does not read, is dropped and counted, and he gets the count.
 * Loop thread.
 */
#pragma once

#include "audit/taps.h"
#include "base/clock.h"
#include "base/err.h"
#include "config/pattern.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Who traces at once. */
#define TRACES_MAX 4
/* Messages a second that are told at most, to all of them together. */
#define TRACES_RATE_MAX 1000
/* Calls that are known at once; of further ones the one that was silent for longest is forgotten. */
#define TRACES_CALLS_MAX 1024

struct bridge;
struct trace;
struct traces;

enum trace_kind { TRACE_ALL, TRACE_CALL, TRACE_NUMBER, TRACE_TRUNK };

struct trace_params {
	enum trace_kind kind;
	const char *text; /* a call's id, a pattern, a trunk's or server's id; borrowed */
};

/* ROW is the callee's: as trace.json has it, a message or {"lost": N}. False: he had no room. It must not end the trace. */
typedef bool traces_h(void *arg, json_t *row);

/* 0 or -ENOMEM. TAPS and CLOCK are borrowed, until traces_free(), which must come after whoever taps is gone. */
int traces_new(struct traces **ret, struct taps *taps, struct clock *clock);
/* NULL is fine. */
void traces_free(struct traces *traces);
/* Who is asked for the numbers of calls; before the first trace. */
void traces_set_bridge(struct traces *traces, struct bridge *bridge);

/* Calls that stand are traced too. 0; ERR_LIMIT: TRACES_MAX do; ERR_FORMAT: no pattern, or too long; -ENOMEM; with TEXT. */
int traces_begin(struct traces *traces, struct trace **ret,
	const struct trace_params *params, traces_h *h, void *arg, struct err_text *text);
/* NULL is fine. */
void traces_end(struct trace *trace);
