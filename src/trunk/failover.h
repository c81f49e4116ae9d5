/*
 * What follows when a target did not accept a call: a table of cause and phase. Pure. Any
 * thread. RFC 3261 16.7, RFC 3263 4.3.
 */
#pragma once

#include <stdbool.h>

enum failover_cause {
	FAILOVER_UNREACHED, /* no address, refused, no route, TLS refused, ICMP, lost, or
				* no response in time */
	FAILOVER_TIMEOUT,   /* 408, or no final response at all */
	FAILOVER_UNAVAILABLE, /* 503 */
	FAILOVER_NEXT,        /* another response of next-on: 500, 502, 504 by default */
	FAILOVER_REDIRECTED,  /* 3xx */
	FAILOVER_REFUSED,     /* 4xx or 5xx that is not in next-on */
	FAILOVER_DECLINED,    /* 6xx: nobody anywhere takes it (RFC 3261 21.6) */
	FAILOVER_CAUSES,
};

/* How far the target had come. */
enum failover_phase {
	FAILOVER_QUIET,      /* no 101-199 from it */
	FAILOVER_RINGING,    /* one at least, without SDP */
	FAILOVER_RINGING_ON, /* the same, with next-after-ringing */
	FAILOVER_MEDIA,      /* early media */
	FAILOVER_PHASES,
};

enum failover_step {
	FAILOVER_ADDRESS, /* its next address, then the next target */
	FAILOVER_TARGET,  /* the next target */
	FAILOVER_STOP,    /* the caller is refused */
};

/* Of a final response, 300-699; NEXT: it is one of next-on of whoever gave it. */
enum failover_cause failover_cause(int status, bool next);
/* Whether a far end that answered STATUS may take a call that says less: nothing but its description. */
bool failover_says_too_much(int status);
/* Of an EMERGENCY call, which goes on as long as somebody is left to be asked, however far it had come:
 * that a telephone rang, or an announcement was heard, helps nobody. Only 6xx, which speaks for all, ends it. */
enum failover_step failover_step(
	enum failover_cause cause, enum failover_phase phase, bool emergency);
