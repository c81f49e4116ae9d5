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
	bool rang;     /* 1xx came */
	bool refused;  /* 300 to 699 came */
	bool strange;  /* a response came too late, or over another transport */
	bool answered; /* a 2xx came that counts */
	struct judge_answer answers[JUDGE_ANSWERS];
	unsigned answer_count;
};

/* A dialog that a 2xx confirmed. */
struct judge_dialog {
	struct list node;
	const struct party *party;
	uint64_t flow;
	char *call_id, *ours, *theirs; /* tags of Tandem and of the party */
	bool called;                   /* Tandem answered the INVITE that made it */
	bool ended;
	bool unacked; /* Tandem's 2xx has no ACK yet */
	bool acked;   /* one of them had one */
	uint64_t ok_us;
	uint32_t ok_cseq;
	uint32_t cseq; /* Tandem's last */
};

/* 64*T1 of RFC 3261. */
#define JUDGE_LONG_US UINT64_C(32000000)

uint64_t judge_now_us(const struct judge *judge);
bool judge_open(const struct judge *judge, const struct party *party, uint64_t flow);

/* judge_dialog.c */
void judge_dialog_sent(
	struct judge *judge, const struct stage_passed *passed, bool again);
void judge_dialog_came(struct judge *judge, const struct stage_passed *passed);
/* Tandem's first 2xx to the INVITE ASKED. */
void judge_dialog_answered(struct judge *judge, const struct judge_asked *asked,
	const struct message *answer);
void judge_dialog_step(struct judge *judge);
void judge_dialog_end(struct judge *judge);
void judge_dialog_free(struct judge *judge);
