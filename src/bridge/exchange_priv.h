/*
 * What the files of an exchange share: exchange.c, its events; exchange_send.c, what is sent;
 * exchange_record.c, what is kept of it. Not for others. Loop thread.
 */
#pragma once

#include "bridge/exchange.h"
#include "bridge/history.h"
#include "bridge/hunt.h"
#include "bridge/party.h"
#include "bridge/subscription.h"

struct exchange {
	struct list node; /* in bridge->exchanges */
	struct bridge *bridge;
	struct bridge_side *home;
	struct config *config; /* the snapshot that it began with; owned reference */
	uint64_t number;
	uint32_t from_party, to_party; /* for the tap */
	char id[32];
	struct txn_server *in;   /* NULL: it has its answer, or its sender is lost */
	struct message *request; /* owned reference */
	enum message_method method;
	struct flow *from_flow; /* it came over that; owned reference */
	struct target *source;  /* its sender; owned reference */
	struct party *party;    /* who sends to whom */
	/* Numbers or names, for the record: as they came, after the rules of its sender, as the one that was asked
	 * last is shown them. */
	char *from_received, *to_received, *from, *to, *from_sent, *to_sent;
	struct hunt *hunt;      /* for who takes it */
	struct target *target;  /* the one that is asked; NULL: none; of HUNT */
	struct target *asked;   /* the last one; owned reference; NULL: none */
	struct txn_client *out; /* what it was sent; NULL: nothing waits there */
	struct flow *to_flow;   /* over that, last; owned reference; NULL */
	struct history history;
	struct subscription *subscription; /* of SUBSCRIBE; owned; else NULL */
	bool settled;                      /* that was accepted, and goes on */
	enum config_audit capture;
	bool shown;          /* the request went to the tap */
	bool tapped;         /* the same, while it was captured */
	struct timer trying; /* 100 is due (RFC 4320 4.2) */
	struct timer late;   /* its sender gives up soon; then: its burial */
	uint64_t start_wall_us, start_us, end_us; /* end: after start */
	int status;
	const char *cause; /* static; NULL: it goes on */
	const char *by;    /* who ended it: see record_party(); of exchange_record() */
	char detail[ERR_REASON_SIZE];
};

enum exchange_by { EXCHANGE_BY_TANDEM, EXCHANGE_BY_SENDER, EXCHANGE_BY_TARGET };

/* Sends it over FLOW, which leads to its target. 0; else nothing was sent: *RET_STATUS refuses its sender, as
 * if the target had, or is 0 where the flow failed; TEXT says why. */
int exchange_send(struct exchange *exchange, struct flow *flow,
	const struct txn_client_user *user, int *ret_status, struct err_text *text);
/* Whether STATUS, of a target, is for the sender as it is: about what he sent. */
bool exchange_is_of_content(const struct exchange *exchange, int status);
/* Appends what of RESPONSE crosses, and what a refusal with STATUS of our own needs; whole lines. RESPONSE may
 * be NULL. */
void exchange_add_answer(const struct exchange *exchange, int status,
	const struct message *response, struct buf *out);

/* It begins: what is captured of it by the rule of its first target. */
void exchange_capture_begin(struct exchange *exchange);
/* Its next target is about to be asked: from now on the rule of that holds. */
void exchange_capture_follow(struct exchange *exchange);
/* Its sender has its answer, STATUS: counts it. */
void exchange_count(const struct exchange *exchange, int status);
/* It ended: its record and its line. */
void exchange_record(const struct exchange *exchange, enum exchange_by by);
