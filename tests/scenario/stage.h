/*
 * The stage of one scenario: the real bridge with real trunks, transactions and dialogs,
 * on a virtual clock, a fake wire, a fake resolver and a fake relay; and the parties who
 * play against it. One thread.
 */
#pragma once

#include "captures.h"
#include "hiding.h"
#include "names.h"
#include "script.h"
#include "told.h"
#include "wire.h"

#include "base/buf.h"
#include "bridge/bridge.h"
#include "upkeep/upkeep.h"

#define STAGE_OUR_INTERNAL "10.1.0.1"
#define STAGE_OUR_EXTERNAL "203.0.113.1"

/* So many calls at most end in one scenario. */
#define STAGE_OVER 64

/* One message that Tandem sent to a party. */
struct letter {
	struct list node;
	uint64_t flow; /* id */
	uint64_t call; /* that it is part of; 0: none */
	char *text;
	size_t len;
	struct message *message;
};

#define PINGED_SILENT (-1)

/* How a party answers OPTIONS outside of a dialog: pinged.h. */
struct pinged {
	int status
		[8]; /* of one after the other, and then the last; 0: the scenario does */
	unsigned statuses, at;
	char *retry_after;
	uint64_t after_ms;
	bool tagless;
	unsigned count;      /* that came since it was asked */
	unsigned keepalives; /* the same of double CRLF */
	bool mute;           /* these are not answered */
};

/* A host that Tandem talks to: a server, a gateway, or anybody else at an address. */
struct party {
	struct list node;
	char *name;
	enum side side;
	enum transport_kind kind;
	struct addr addr;  /* where it listens and sends from */
	struct addr media; /* what its SDP says */
	char *host;        /* its name */
	char *as;          /* whose certificate it has, over TLS; NULL: its own */
	struct pinged pinged;
	bool led_to; /* the name of another led to its address: what is that one's comes to it */
	bool known_by; /* it has, or had before a reload, a password by which it knows us */
	bool configured; /* a server or gateway: known by certificate over TLS */
	bool unseen; /* outside.h: datagrams to it were lost, so not all that was sent is known */
	struct list inbox; /* struct letter */
	struct list held;  /* the same, over flows that stall: not there yet */
};

/* A message on its way. */
struct stage_passed {
	struct party *party;
	struct flow *flow; /* NULL: PARTY's TLS would be refused */
	uint64_t call;     /* of what Tandem sent; 0: none */
	struct message *message;
};

#define STAGE_WATCHES 2

/* Who watches everything that happens on the stage; each may be NULL. */
struct stage_watch {
	/* Tandem sent it. */
	void (*sent_h)(void *arg, const struct stage_passed *passed);
	/* A party sends it; Tandem gets it, if at all, when this returns. */
	void (*came_h)(void *arg, const struct stage_passed *passed);
	void (*begun_h)(void *arg, uint64_t call);
	void (*ended_h)(void *arg, const struct record *record);
	void *arg;
};

struct outside; /* outside.h */

struct stage {
	struct outside *outside; /* NULL: Tandem is in this process */
	struct clock_virtual clock;
	struct loop *loop;
	struct config *config;
	struct trunks *trunks;
	struct resolver *resolver;
	struct relay *relay;
	struct bridge *bridge;
	struct upkeep *upkeep;
	struct transport *transports[2]; /* by enum side */
	struct list settings;            /* struct setting, the configuration as text */
	struct list parties;
	struct list pongs;     /* struct pong: pinged.c */
	struct list endpoints; /* struct endpoint: endpoint.h */
	struct list records;   /* struct record_text: expect.c pops them */
	struct hiding hiding;
	struct buf ladder; /* everything that happened, for people */
	struct buf logs;
	uint64_t first_flow; /* flows of the process before it */
	size_t story_end;    /* what "expect story" has read of them */
	struct captures captures;
	struct tap tap; /* what reaches the captures */
	uint64_t start_us;
	uint64_t wire_us; /* when the last message passed */
	unsigned begun, ended;
	unsigned numbers;          /* given to endpoints and what they send, so far */
	uint64_t over[STAGE_OVER]; /* numbers of the calls whose record was handed out */
	bool referred; /* a transfer was accepted, or asked for by Replaces: calls may go on without a leg of theirs */
	bool overloaded; /* overloaded_h says yes */
	bool not_ready;  /* ready_h says no */
	struct stage_watch watches[STAGE_WATCHES];
	struct err_text fault; /* a rule that holds in every scenario was broken */
};

struct record_text {
	struct list node;
	char *text; /* "cause=bye status=200 ..." */
};

/* Certificates and folders that all stages share. */
void stage_prepare(void);
void stage_unprepare(void);

/* The default configuration: server pbx, gateway gw in plain UDP. */
void stage_init(struct stage *stage);
void stage_free(struct stage *stage);

/* KEY of [SECTION ID] (ID "" for none) becomes VALUE; NULL removes the section. Before
 * stage_start(), or before stage_reload(). */
void stage_set(struct stage *stage, const char *section, const char *id, const char *key,
	const char *value);
/* Makes everything from the settings. */
int stage_start(struct stage *stage, struct err_text *text);
/* Makes trunks, bridge, transports and relay, of its configuration. For rebirth.c. */
int stage_raise(struct stage *stage, struct err_text *text);
bool stage_started(const struct stage *stage);
/* From now on no trunk is kept up: nothing is sent that no call needs. */
void stage_end_upkeep(struct stage *stage);
int stage_reload(struct stage *stage, struct err_text *text);

struct party *stage_party(struct stage *stage, const char *name);
struct party *stage_add_party(struct stage *stage, const char *name, enum side side,
	const char *host, const char *address, enum transport_kind kind);
/* The flow between PARTY and Tandem, as PARTY would use it. NULL: it speaks TLS and is no peer of
 * today's configuration, so that it would be refused. */
struct flow *stage_flow(struct stage *stage, struct party *party);
/* TEXT, a whole message, goes from PARTY to Tandem over FLOW (NULL: nowhere). False: its source was
 * refused before it was parsed. */
bool stage_deliver(
	struct stage *stage, struct party *party, struct flow *flow, const char *text);
/* For outside.h: Tandem sent LEN bytes at DATA, as part of call CALL (0: none); and what PASSED says is
 * on its way to Tandem, which takes it. */
void stage_sent(struct stage *stage, struct flow *flow, uint64_t call, const char *data,
	size_t len);
void stage_came(struct stage *stage, const struct stage_passed *passed);
/* A call began, and the record of one was handed out. */
void stage_begun(struct stage *stage, uint64_t call);
/* Who has the address REMOTE, or else its host. NULL: nobody. */
struct party *stage_party_at(struct stage *stage, const struct addr *remote);
/* The tap that the layers below are given. */
struct tap stage_tap(struct stage *stage);
void stage_ended(struct stage *stage, const struct record *record);
/* Whether the flow of PARTY by that id is open. */
bool stage_is_open(const struct stage *stage, const struct party *party, uint64_t flow);
/* Whether its party reads nothing. */
bool stage_stalls(const struct stage *stage, const struct flow *flow);
/* What FLOW holds back for PARTY is there now. */
void stage_release(struct party *party, const struct flow *flow);
void stage_letter_free(struct letter *letter);

/* Lets MS pass, millisecond by millisecond where timers are due. */
void stage_advance(struct stage *stage, uint64_t ms);
/* What is due now. */
void stage_settle(struct stage *stage);
/* The first party that has unread letters, or NULL. */
struct party *stage_unread(struct stage *stage);

void stage_note(struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
