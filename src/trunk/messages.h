/*
 * What one trunk or server sends and gets beside calls (MESSAGE, PUBLISH, SUBSCRIBE, NOTIFY): how many of which method fared how, and how
 * many may come or go in a second. Pure, but for what a first request allocates; time is the caller's, in
 * microseconds that never go back. Loop thread.
 */
#pragma once

#include "config/config.h"
#include "sip/message.h"
#include "trunk/limit.h"

/* RFC 3428 8: a MESSAGE of as many bytes surely passes a path that does not care for congestion. */
#define MESSAGES_UDP_MAX 1300

/* Classes of final responses, 2xx to 6xx. */
#define MESSAGES_CLASSES 5

/* The methods that are counted, in the order of enum config_method. */
enum messages_method {
	MESSAGES_MESSAGE,
	MESSAGES_PUBLISH,
	MESSAGES_SUBSCRIBE,
	MESSAGES_NOTIFY,
	MESSAGES_METHODS,
};

struct messages_count {
	/* Requests that have their final response, by its first digit, from 2. */
	uint64_t ended[LIMIT_WAYS][MESSAGES_METHODS][MESSAGES_CLASSES];
};

/* Zero-initialised. */
struct messages {
	struct bucket rates[LIMIT_WAYS];
	struct messages_count *count; /* owned; NULL: there was none yet */
	unsigned subscriptions;       /* that it made or serves, or may soon */
};

void messages_free(struct messages *messages);

/* The bit of METHOD in enum config_method; 0: it is no such method. */
unsigned messages_bit(enum message_method method);
/* NTH of enum messages_method: "MESSAGE". */
const char *messages_name(enum messages_method nth);

/* A request of METHOD that went WAY has its final response STATUS, 200-699. */
void messages_ended(struct messages *messages, enum message_method method,
	enum limit_way way, int status);

/* Microseconds until one more may go WAY, by SETTINGS; 0: now. */
uint64_t messages_wait_us(const struct messages *messages,
	const struct config_messages *settings, enum limit_way way, uint64_t now_us);
/* One more goes WAY. */
void messages_charge(struct messages *messages, const struct config_messages *settings,
	enum limit_way way, uint64_t now_us);
