/*
 * An endpoint: one dialog of a party as the party sees it, enough of a user agent to
 * write whole messages from a word. "pbx" is the first of party pbx, "pbx.2" another.
 */
#pragma once

#include "stage.h"

struct endpoint {
	struct list node;
	struct stage *stage;
	struct party *party;
	char *name;    /* "gw", "gw.2" */
	char *call_id; /* NULL until it sent or got something */
	char tag[48];
	char *remote_tag;     /* "" until known */
	char *local, *remote; /* name-addrs without tags */
	char *target;         /* Tandem's Contact */
	char *route;          /* Route lines */
	uint32_t cseq;        /* of the last request that we sent */
	uint32_t invite_cseq;
	char branch[48]; /* of our last INVITE */
	char rseq[16];   /* of the last reliable response that we got; "" */
	char *invite_uri;
	char *sent_invite, *sent_request, *sent_response, *sent_ack;
	struct message *got[MESSAGE_OTHER + 1];      /* last request of each method */
	struct message *answered[MESSAGE_OTHER + 1]; /* last response to each */
	enum message_method got_last;
	/* Of the last 401 or 407 that it got, the challenges, a line each; and how often it answered. */
	char *challenges;
	unsigned answers;
	char *read;     /* the last letter that was expected, whole */
	char *read_sdp; /* the last one that had a body */
	unsigned sdp_version;
};

/* The endpoint NAME, made where there is none; NULL when there is no such party. */
struct endpoint *endpoint_find(struct stage *stage, const char *name);
void endpoint_free(struct endpoint *endpoint);

/* "E sends METHOD [again]" and "E replies STATUS [to METHOD] [again]", with clauses. */
int endpoint_send(struct stage *stage, struct endpoint *endpoint, const struct step *step,
	struct err_text *error);
int endpoint_reply(struct stage *stage, struct endpoint *endpoint,
	const struct step *step, struct err_text *error);
/* "E forks OTHER": another branch that got OTHER's INVITE. JOIN, "E joins OTHER": the same
 * dialog, seen at another place. */
int endpoint_fork(struct endpoint *endpoint, const struct endpoint *other, bool join);

/* A letter that belongs to it was read: remembers what later messages need. */
void endpoint_read(struct endpoint *endpoint, struct letter *letter);
/* Whether MESSAGE belongs to its dialog, or may begin it. */
bool endpoint_owns(const struct endpoint *endpoint, const struct message *message);

/* Replaces $tag, $callid, ... and $OTHER.tag in TEXT. */
void endpoint_expand(struct stage *stage, struct endpoint *endpoint, const char *text,
	struct buf *out);

/* The header line that answers a challenge as WORDS ("user=u secret=s algorithm=MD5 nc=2") say, for a request that begins with
 * START: endpoint_auth.c. 0, or negative with ERROR. */
int endpoint_auth(struct endpoint *endpoint, const char *words, const char *start,
	struct buf *out, struct err_text *error);
/* Keeps the challenges of RESPONSE. */
void endpoint_learn_challenges(struct endpoint *endpoint, const struct message *response);

/* The SDP that WORDS ("srtp key=A dir=sendonly") describe: sdp_text.c. */
int endpoint_sdp(struct endpoint *endpoint, const char *words, struct buf *out,
	struct err_text *error);
