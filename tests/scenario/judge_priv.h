/* What the files of the judge share. Not for others. */
#pragma once

#include "judge.h"

/* A request of a party, not ACK. */
struct judge_asked {
	struct list node;
	const struct party *party;
	uint64_t flow; /* id */
	enum transport_kind kind;
	enum message_method method;
	char *branch, *call_id, *from_tag, *to_tag;
	uint64_t at_us, final_us;
	uint32_t cseq;
	int status;     /* the final one; 0: none yet */
	uint64_t print; /* fingerprint of that response */
	bool excused;   /* nobody can answer it any more */
	char *offer;    /* the SDP of an INVITE or UPDATE; NULL: none */
	bool mixed; /* offers passed within its early dialog, which are not followed */
	bool emergency; /* an INVITE that begins an emergency call */
	bool moved; /* the final response came by another connection: an earlier one may be lost */
};

/* A 2xx to an INVITE of Tandem's: one a fork. */
struct judge_answer {
	char *tag;
	uint64_t first_us;
	unsigned acks;
	bool owed; /* the latest has no ACK yet */
};

#define JUDGE_ANSWERS 8

/* An INVITE of Tandem's, one a branch. */
struct judge_invited {
	struct list node;
	const struct party *party;
	uint64_t flow;
	enum transport_kind kind;
	char *branch, *call_id, *from_tag, *to_tag;
	uint32_t cseq;
	uint64_t at_us, cancelled_us;
	uint64_t call;
	bool rang;       /* 1xx came */
	bool refused;    /* 300 to 699 came */
	bool everywhere; /* and that was 600 to 699 */
	bool strange;    /* a response came too late, or over another transport */
	bool answered;   /* a 2xx came that counts */
	bool timed;      /* it says that Tandem has session timers */
	char *offer;     /* its SDP; NULL: none */
	bool mixed;  /* offers passed within its early dialog, which are not followed */
	char *early; /* the latest SDP of an 18x, and whose; NULL: none */
	char *early_tag;
	bool reliable; /* that 18x; whether a later SDP counts is not judged (RFC 3262 5) */
	char *reliable_tags[JUDGE_ANSWERS]; /* of branches that rang reliably, and */
	uint32_t rseqs[JUDGE_ANSWERS];      /* the last number of each */
	unsigned reliable_count;
	struct judge_answer answers[JUDGE_ANSWERS];
	unsigned answer_count;
};

struct sdp;

/* What was agreed in a dialog, by the last offer and answer that passed (RFC 3264). */
struct judge_agreed {
	struct sdp *ours, *theirs; /* NULL: nothing yet */
	char *half;                /* an offer in a 2xx, whose answer an ACK has */
	bool half_is_ours;
	char *update, *update_branch; /* the offer of Tandem's UPDATE that is open */
	bool changed;                 /* since it was judged */
	bool glared; /* since then an INVITE of Tandem's was refused with 491 */
};

/* The session timer of a dialog, by the last 2xx that passed (RFC 4028). */
struct judge_session {
	uint32_t interval_s; /* 0: none */
	bool ours;           /* Tandem refreshes */
	bool unsure;         /* what Tandem made of a response is not known */
	uint64_t agreed_us;
	/* When the INVITE and UPDATE of Tandem were sent that have no final response; 0: none. */
	uint64_t invite_us, update_us;
	char *update; /* branch of Tandem's UPDATE that is open */
	bool timed;   /* which says that Tandem has session timers */
};

/* A dialog that a 2xx confirmed. */
struct judge_dialog {
	struct list node;
	const struct party *party;
	uint64_t flow;
	enum transport_kind kind;
	char *call_id, *ours, *theirs; /* tags of Tandem and of the party */
	bool called;                   /* Tandem answered the INVITE that made it */
	bool ended;
	bool unacked;   /* Tandem's 2xx has no ACK yet */
	bool acked;     /* one of them had one */
	uint64_t ok_us; /* when it was sent; 0: not known */
	uint32_t ok_cseq;
	uint32_t cseq;       /* Tandem's last */
	uint64_t refused_us; /* when an INVITE or UPDATE of Tandem's was refused last */
	uint64_t call;       /* number; 0: not known */
	struct judge_agreed agreed;
	struct judge_session session;
};

/* More NOTIFYs without a final response are not followed: who leaves so many is given up. */
#define JUDGE_NOTIFIES 16

/* What a party subscribed to. */
struct judge_event {
	struct list node;
	const struct party *party;
	uint64_t flow;
	enum transport_kind kind; /* of the flow that it began on */
	char *call_id, *ours,
		*theirs; /* tags of Tandem, "" until known, and of the party */
	uint32_t cseq;   /* of Tandem's last NOTIFY */
	uint32_t open
		[JUDGE_NOTIFIES]; /* NOTIFYs without a final response, by their number */
	unsigned open_count;
	uint64_t sent_us; /* the last of them */
	bool accepted, over;
	bool doubtful; /* the party may have ended it */
	bool doubled;  /* it may be several: what they are told is not followed */
};

/* 64*T1 of RFC 3261. */
#define JUDGE_LONG_US UINT64_C(32000000)
/* The longest pause after a 491: RFC 3261 14.1. */
#define JUDGE_PAUSE_US UINT64_C(4000000)

uint64_t judge_now_us(const struct judge *judge);
/* Where Tandem is outside, what it does is seen later than it was done: so much at most. */
uint64_t judge_slack_us(const struct judge *judge);
/* Whether SINCE_US is surely less than 64*T1 ago. */
bool judge_is_recent(const struct judge *judge, uint64_t since_us);
/* Whether the record of CALL was handed out. */
bool judge_has_record(const struct judge *judge, uint64_t call);
bool judge_open(const struct judge *judge, const struct party *party, uint64_t flow);

/* judge_identity.c */
void judge_identity_sent(struct judge *judge, const struct stage_passed *passed);

/* judge_dialog.c */
void judge_dialog_sent(
	struct judge *judge, const struct stage_passed *passed, bool again);
void judge_dialog_came(struct judge *judge, const struct stage_passed *passed);
/* Tandem's first 2xx to the INVITE ASKED. */
void judge_dialog_answered(struct judge *judge, const struct judge_asked *asked,
	const struct message *answer, uint64_t call);
/* Tandem's final response to the UPDATE ASKED. */
void judge_dialog_updated(struct judge *judge, const struct judge_asked *asked,
	const struct message *answer);
void judge_dialog_step(struct judge *judge);
void judge_dialog_end(struct judge *judge);
void judge_dialog_free(struct judge *judge);
/* No INVITE of DIALOG is open, either way, and no ACK is awaited. */
bool judge_dialog_is_quiet(struct judge *judge, const struct judge_dialog *dialog);
/* DIALOG may be in a pause after a 491, by RFC 3261 14.1, behind which Tandem makes an offer: what it
 * agreed to last was withdrawn before, and the relay need not follow it. */
bool judge_dialog_may_pause(struct judge *judge, const struct judge_dialog *dialog);

/* judge_event.c */
/* A request of Tandem; AGAIN: it was sent before. */
void judge_event_sent(struct judge *judge, const struct stage_passed *passed, bool again);
/* Tandem's final response to ASKED. */
void judge_event_answered(
	struct judge *judge, const struct judge_asked *asked, int status);
/* What a party sent. */
void judge_event_came(struct judge *judge, const struct stage_passed *passed);
void judge_event_end(struct judge *judge);
void judge_event_free(struct judge *judge);

/* judge_session.c */
/* Tandem's 2xx to an INVITE or UPDATE; the party's to Tandem's INVITE, which was TIMED. */
void judge_session_answered(
	struct judge *judge, struct judge_dialog *dialog, const struct message *answer);
void judge_session_accepted(struct judge *judge, struct judge_dialog *dialog, bool timed,
	const struct message *answer);
/* A request of Tandem's, and a response to an UPDATE of it; SAME_KIND: by the transport of the dialog. */
void judge_session_sent(
	struct judge *judge, struct judge_dialog *dialog, const struct message *request);
void judge_session_heard(struct judge *judge, struct judge_dialog *dialog,
	const struct message *response, bool same_kind);
void judge_session_step(struct judge *judge);
void judge_session_record(struct judge *judge, const struct record *record);

/* judge_media.c */
/* The SDP of MESSAGE as text, to be freed; NULL: it has none. */
char *judge_media_text(const struct message *message);
/* OURS and THEIRS are an offer and its answer; not without both. */
void judge_media_agree(struct judge_agreed *agreed, const char *ours, const char *theirs);
/* What is agreed is not known any more. */
void judge_media_forget(struct judge_agreed *agreed);
/* TEXT (may be NULL) is an offer in a 2xx. */
void judge_media_half(struct judge_agreed *agreed, const char *text, bool ours);
/* ACK (may be without SDP) has the answer to it. */
void judge_media_whole(struct judge_agreed *agreed, const struct message *ack);
/* Tandem's UPDATE, and the final response to it. */
void judge_media_update(struct judge_agreed *agreed, const struct message *update);
void judge_media_updated(struct judge_agreed *agreed, const struct message *response);
void judge_media_free(struct judge_agreed *agreed);
/* The two ends of each call are as its legs agreed. */
void judge_media_step(struct judge *judge);

/* judge_headers.c */
/* A message of Tandem. */
void judge_headers_sent(struct judge *judge, const struct stage_passed *passed);
/* Tandem refused the INVITE ASKED with STATUS, as part of CALL (0: of none). */
void judge_headers_refused(
	struct judge *judge, const struct judge_asked *asked, int status, uint64_t call);

/* judge_trunk.c */
/* Those of PARTY in the configuration of now; NULL: it is not there. */
const struct config_trunk *judge_trunk_settings(
	const struct judge *judge, const struct party *party);
void judge_trunk_played(struct judge *judge, const struct step *step);
/* A request of Tandem; AGAIN: it was sent before. */
void judge_trunk_sent(struct judge *judge, const struct stage_passed *passed, bool again);
/* A response of a party. */
void judge_trunk_came(struct judge *judge, const struct stage_passed *passed);
bool judge_trunk_is_emergency(
	const struct judge *judge, const struct stage_passed *passed);
/* Tandem refused the INVITE ASKED with STATUS, as part of CALL (0: of none). */
void judge_trunk_refused(
	struct judge *judge, const struct judge_asked *asked, int status, uint64_t call);
void judge_trunk_step(struct judge *judge);
