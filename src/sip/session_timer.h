/*
 * Session timers (RFC 4028): what messages say of them, what is agreed on, and when a session is to
 * be refreshed or ended. Pure: no clock, no messages sent. Any thread.
 *
 * One dialog has one session timer. Each of its ends may ask for one in INVITE and UPDATE, and only
 * the 2xx decides.
 */
#pragma once

#include "config/config.h"
#include "sip/message.h"

#include <stdbool.h>
#include <stdint.h>

/* Nobody may ask for a shorter interval (RFC 4028 4). */
#define SESSION_MIN_S 90

enum session_refresher {
	SESSION_BY_ANY, /* it is not said */
	SESSION_BY_UAC, /* whoever sent the request */
	SESSION_BY_UAS, /* whoever answered it */
};

/* What a message says of session timers. */
struct session_said {
	bool supported;     /* Supported or Require lists "timer" */
	bool asked;         /* it has a Session-Expires that can be read */
	uint32_t expires_s; /* of it; 0 is as any other number here */
	enum session_refresher refresher;
	uint32_t min_s; /* Min-SE; 0: none that can be read */
};

/* Reads MESSAGE. A header that breaks its grammar, or comes twice, is as if it were absent. */
void session_read(const struct message *message, struct session_said *ret);

/* ---- what is agreed on ---- */

/* Of one dialog, as a 2xx says it. */
struct session_terms {
	uint32_t interval_s; /* 0: there is no session timer */
	bool ours;           /* it is for us to refresh */
};

/* What a request of ours asks for. */
struct session_request {
	uint32_t expires_s; /* 0: no Session-Expires */
	enum session_refresher refresher;
	uint32_t min_s; /* 0: no Min-SE */
};

struct session_timer;

/* The Min-SE of the 422 that a request which says SAID is to be refused with; 0: it is not
 * (RFC 4028 9). */
uint32_t session_too_small(
	const struct config_timers *policy, const struct session_said *said);
/* The 2xx to a request that says SAID, in the dialog of SESSION (RFC 4028 9, table 2). */
struct session_terms session_answer(const struct config_timers *policy,
	const struct session_said *said, const struct session_timer *session);
/* What the next request in the dialog of SESSION asks for; FIRST: it begins the dialog
 * (RFC 4028 7.1, 7.4). */
struct session_request session_ask(const struct config_timers *policy,
	const struct session_timer *session, bool first);
/* What a 2xx to a request of ours, which says SAID, agreed on (RFC 4028 7.2). */
struct session_terms session_accept(const struct session_said *said);

/* ---- one dialog's timer ---- */

enum session_state {
	SESSION_OFF,    /* no session timer */
	SESSION_OURS,   /* we refresh; the time for that has not come */
	SESSION_ASKED,  /* a refresh of ours is under way */
	SESSION_THEIRS, /* they refresh */
	SESSION_STATES,
};

enum session_event {
	SESSION_AGREED_OURS,   /* a 2xx, either way, with a timer that we refresh */
	SESSION_AGREED_THEIRS, /* one that they refresh */
	SESSION_DROPPED,       /* a 2xx without a timer, or the dialog is over */
	SESSION_DUE,           /* its next moment has come */
	SESSION_OVER,          /* the interval is over */
	SESSION_BUSY,          /* the refresh cannot be sent now */
	SESSION_GLARE,         /* it was answered 491 */
	SESSION_REFUSED, /* it was refused in another way, or its connection ended */
	SESSION_GONE,    /* it was answered 408 or 481, or not at all */
	SESSION_EVENTS,
};

enum session_action {
	SESSION_NOTHING,
	SESSION_REFRESH, /* a refresh is to be sent; what becomes of it is told */
	SESSION_EXPIRE,  /* the session is over: its dialog is to be ended by BYE */
	SESSION_ACTIONS,
};

/* Zeroed: there is no session timer. */
struct session_timer {
	enum session_state state;
	uint32_t interval_s; /* 0: none */
	uint32_t min_s;     /* the largest Min-SE that was heard in the dialog; 0: none */
	uint64_t agreed_us; /* monotonic, of the last 2xx */
	uint64_t at_us;     /* its next moment; 0: never */
	unsigned glares;    /* 491 in a row */
};

/* How long a refresh that cannot be sent waits. */
#define SESSION_BUSY_MS 2000
/* Retries of a refresh that was refused are at least so far apart. */
#define SESSION_RETRY_MS 10000
/* So many 491 in a row are tried again after their pause; further ones are refusals like others. */
#define SESSION_GLARES 5

/* A 2xx agreed on TERMS at NOW_US. */
void session_agree(struct session_timer *session, const struct session_terms *terms,
	uint64_t now_us);
/* A Min-SE was heard, in a request or a 422. */
void session_heed_min(struct session_timer *session, uint32_t min_s);
/* AT_US has come. */
enum session_action session_time(struct session_timer *session, uint64_t now_us);
/* EVENT, SESSION_DROPPED or of the refresh that was to be sent, happened at NOW_US. PAUSE_US: of
 * SESSION_GLARE, how long RFC 3261 14.1 wants us to wait. */
enum session_action session_happens(struct session_timer *session,
	enum session_event event, uint64_t now_us, uint64_t pause_us);
/* STATE, INTERVAL_S, MIN_S and AGREED_US were read back: it goes on where it was, and a refresh that
 * was under way is due again. */
void session_resume(struct session_timer *session, uint64_t now_us);
/* When it ends unless it is refreshed; 0: never. We are given the whole interval for our refresh. Theirs
 * must have come the smaller of 32 s and a third earlier (RFC 4028 10). */
uint64_t session_end_us(const struct session_timer *session);
/* It is for us to refresh. */
bool session_is_ours(const struct session_timer *session);
