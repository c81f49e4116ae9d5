/*
 * The judge of random flows: watches what passes, knows nothing of Tandem's inside, and
 * says which rule was broken first. Rules have short names that stay.
 *
 *   unanswered     a request had no final response in time
 *   two-finals     a request had two, or a provisional one after it
 *   no-request     a response to nothing
 *   ack-missing    a 2xx to an INVITE of Tandem's was not acknowledged, or a repetition of it
 *   ack-stray      an ACK for nothing
 *   not-ended      a dialog that was confirmed never saw a BYE
 *   cseq           a CSeq that does not rise within a dialog
 *   cancel         a CANCEL of nothing, before 1xx (RFC 3261 9.1) or after the end
 *   glare          an INVITE while another of that dialog is open or not acknowledged (14.1)
 *   bye-early      a BYE by the called side before the ACK (15)
 *   key-in-clear   a key in a message that is not sent over TLS
 *   records        not one record a call
 *   relay          an end of the relay is not as its leg agreed: address, keys, direction; not
 *                  followed once a transfer was accepted, and so the next one
 *   legs-differ    the legs of a call agreed on other lines or another first format
 *   credentials    of one trunk to another, or for a nonce that this one never had
 *   asked-again    one INVITE more often than a far end may ask for credentials
 *   emergency      an emergency call was refused while a path that lives was not tried
 *   resting        a call went to who asked for rest by 503, while another was there
 *   session        a call outlived its session timer, or ended by one that was refreshed
 *   identity       a caller who hides is shown to who is not to know him
 *   header         a header crossed that never may, or by no rule
 *   status         a refusal that the caller's codes-out has another for
 *   event-stray    a NOTIFY of no subscription, of another dialog of it, or behind its last
 *   event-left     who subscribed was not told of the end
 *   usable         a call was refused at once though a target was there, and nothing in its way
 */
#pragma once

#include "known.h"
#include "stage.h"

/* The beginning of numbers of callers who hide. */
#define JUDGE_HIDDEN "+4966"
#define JUDGE_RECORDS 64
#define JUDGE_PATHS 16
#define JUDGE_PARTY 16
#define JUDGE_CHALLENGES 128

/* A party as a target of calls. */
struct judge_path {
	char party[JUDGE_PARTY];
	bool away, stalls, shakes; /* for now */
	bool unnamed;              /* its name has no answer */
	bool elsewhere;            /* its name has other addresses than its own */
	bool lost; /* its connection, or its name leads elsewhere: no longer followed */
	uint64_t rests_from_us,
		rests_until_us; /* it asked for rest: 503 with Retry-After */
	bool suspect;           /* Tandem may have had a reason to pass it over */
};

/* That a party asked for credentials. */
struct judge_challenge {
	const struct party *party;
	char nonce[32];
};

struct judge {
	struct stage *stage;
	const struct known_set *known;
	struct list asked;   /* requests of parties: struct judge_asked */
	struct list invited; /* INVITEs of Tandem's: struct judge_invited */
	struct list dialogs; /* struct judge_dialog */
	struct list events;  /* struct judge_event */
	uint64_t *sent; /* fingerprints of Tandem's requests, for repetitions; owned */
	unsigned sent_count;
	uint64_t records[JUDGE_RECORDS]; /* numbers of calls */
	unsigned record_count;
	struct judge_path paths[JUDGE_PATHS];
	unsigned path_count;
	struct judge_challenge challenges[JUDGE_CHALLENGES];
	unsigned challenge_count;
	/* The last reload or rebirth; the last rebirth; the operator's end of calls. */
	uint64_t changed_us, reborn_us, hung_up_us;
	bool hindered; /* something may keep calls away that has nothing to do with paths */
	bool short_of_ports; /* of the relay */
	bool ruled;       /* some configuration so far let headers cross, or added some */
	bool pinged;      /* OPTIONS may have ended a rest, which passes by the judge */
	const char *rule; /* the first that was broken; NULL: none */
	struct err_text text; /* and how */
};

void judge_init(struct judge *judge, struct stage *stage, const struct known_set *known);
void judge_free(struct judge *judge);
/* STEP is about to be played. */
void judge_played(struct judge *judge, const struct step *step);
/* After each step. */
void judge_step(struct judge *judge);
/* When nothing may be open any more. */
void judge_end(struct judge *judge);

void judge_fault(struct judge *judge, const char *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
