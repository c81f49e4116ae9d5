/*
 * The record of one call, as it ended: what the CDR says. Filled by bridge/call, given to
 * whoever main named (audit/cdr). Plain data; strings are borrowed during the call of the
 * handler.
 */
#pragma once

#include "base/addr.h"
#include "bridge/side.h"
#include "media/relay.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_SDP_STREAMS RELAY_STREAMS
/* Attempts that a record has at most: the first ones, and the latest. */
#define RECORD_ATTEMPTS 16
/* Transfers that a call may have: further ones are refused. */
#define RECORD_TRANSFERS 10
/* Redirections that a record has at most: the first ones. */
#define RECORD_REDIRECTIONS 10
/* Bytes of what the far end said that a record has at most. */
#define RECORD_FAR_REASON 200
/* Likewise of the text of a reason of an attempt, or of who ended the call; and of a reason phrase. */
#define RECORD_REASON_TEXT 160
#define RECORD_PHRASE 64

/* What a far end says of why it refuses or ends a call: its Reason (RFC 3326, RFC 6432). */
struct record_reason {
	uint32_t q850; /* the cause of Q.850, 1-127; 0: none */
	uint32_t sip;  /* the status that it names, 100-699; 0: none */
	char *text; /* of the one, else of the first that has one; RECORD_REASON_TEXT at most; owned by who made it; NULL: none */
};

/* What a far end said, by the name that a record has for it; both owned by who made the list. */
struct record_word {
	char *name, *value;
};

struct record_words {
	struct record_word *list; /* owned likewise; NULL where there is none */
	unsigned count;
};

/* Where what was captured of it is, and how far that is known to be all when its record is written. Texts are borrowed. */
struct record_capture {
	const char *
		day; /* the folder of audit/ that has its own; NULL: nothing was captured */
	const char *state; /* "whole", "lossy", "unknown", "none"; static */
	uint64_t lost;     /* messages of it that are known to be in no file */
};

/* One attempt to have the call taken: by one target at one address. */
struct record_attempt {
	char *target;        /* id of the server or gateway; owned by who made the list */
	struct addr address; /* where it was asked; len 0: nowhere */
	const char *transport; /* over what, "UDP", "TCP", "TLS"; static; NULL: unknown */
	uint64_t flow;         /* the id of that connection, as in the log; 0: none */
	int status; /* its final response, 200 where it took the call; 0: none */
	/* Owned likewise: "answered 503", or the cause and what to do; NULL: none yet. */
	char *reason;
	char *phrase; /* of its final response, where that is not the usual one; owned likewise; NULL: none */
	struct record_reason said; /* in its final response */
	struct record_words
		microsoft; /* ids in a refusal: noted_microsoft(); owned likewise */
	uint64_t after_us; /* when it was asked, since the call's start */
};

/* A transfer that one of its far ends asked for. Texts are owned by who made the list. */
struct record_transfer {
	char *by;     /* who asked, as record_leg.party has it */
	char *to;     /* the number or name that it named; "": back to itself */
	char *target; /* id of the server or gateway that took it; NULL: nobody did */
	int status; /* what came of it, 200 where the call went on there; 0: nothing yet */
	uint64_t after_us; /* when it was asked for, since the call's start */
};

/* What was done with a number that a 3xx named. */
enum record_redirection_action {
	RECORD_REDIRECTION_FOLLOWED, /* it was called */
	RECORD_REDIRECTION_PASSED,   /* the caller was told it */
	RECORD_REDIRECTION_ACTIONS,
};

/* A number that a far end named by a 3xx. Texts are owned by who made the list. */
struct record_redirection {
	char *by;   /* who answered it, as record_leg.party has it */
	char *to;   /* the number or name, as routes see it */
	int status; /* of the 3xx */
	enum record_redirection_action action;
	uint64_t after_us; /* since the call's start */
};

/* "followed" or "passed". Static. */
static inline const char *record_redirection_name(enum record_redirection_action action)
{
	return action == RECORD_REDIRECTION_FOLLOWED ? "followed" : "passed";
}

/* How one leg was protected and what it carried. */
struct record_leg {
	enum side side;
	const char *party; /* "server pbx1", "trunk carrier-a" */
	uint64_t flow;     /* the id of its connection, as in the log; 0: none */
	bool connected;    /* a connection to it opened, or over UDP something was sent */
	const char *
		transport; /* "UDP", "TCP", "TLS"; "" where it was never connected, as the
	                         * next three then are */
	const char *version;    /* "TLS1.3", "" */
	const char *cipher;     /* "AES-256-GCM", "" */
	const char *peer_names; /* "DNS:pbx1.example.com", "" */
	/* What its configuration demanded when the call began: the least TLS version, and "SRTP" or
	 * "SRTP or UDPTL", each "" where none was. */
	const char *signalling_required;
	const char *media_required;
	struct addr remote;  /* signalling */
	const char *call_id; /* SIP Call-ID */
	unsigned tolerated;  /* its deviations from an RFC, a bit each: tolerated.h */
	/* Its session timer (RFC 4028), as it was agreed last: how long it may go without a refresh, 0: none;
	 * and who refreshes, "us" or "peer", "" where there is none. */
	uint32_t session_s;
	const char *session_refresher;
	const char *
		media; /* "RTP" when a stream of it is plain, else "UDPTL" when fax went by
	                * it at any time, else the SRTP suite of the first stream; "" without
	                * media */
	const char *codec;        /* the first of its last description: "PCMA"; "" */
	struct addr media_remote; /* as its SDP says */
	/* where its media was found instead; len 0: it was not */
	struct addr media_latched;
	/* Of what came from there: diagnosis_verdict(); "" where the call was not answered. */
	const char *media_verdict;
	struct relay_stats stats; /* all streams added up; loss and jitter of the worst */
	uint64_t key_age_us;      /* of the SRTP key that opens what it sends; 0: none */
	unsigned mos; /* of the first stream, as it came from there: see mos_estimate() */
	/* Borrowed. Ids in its other messages, and the headers that its trunk names (record-headers) of the INVITE that came from it,
	 * or of its final response. */
	struct record_words microsoft, headers;
};

struct record {
	uint64_t call;  /* the call's number since start */
	const char *id; /* unique for ever: "5f3c-000001" style text */
	const char
		*method; /* "INVITE": a call; "MESSAGE": a request that is none; static */
	bool inbound;    /* from a gateway to a server */
	const char *
		elin; /* of its location: its caller is shown by it, or it is called; "" */
	const char *location; /* of its caller: "passed", "dropped"; "": it said none */
	const char
		*emergency; /* what made it an emergency call: emergency_name(); static */
	const char *
		purpose; /* of a test call of ours, whose first leg is nobody: "drill"; else "" or NULL */
	const char *from; /* user parts or whole tel: numbers as signalled */
	const char *to;
	/* The same as they came, before rules of numbers, and as whom was asked last was shown them, after its
	 * rules; "": nobody was asked. FROM and TO are what routes saw. */
	const char *from_received, *to_received, *from_sent, *to_sent;
	/* The first number that was asserted of who calls, and as whom was asked last was shown it; "" or NULL: none. */
	const char *asserted, *asserted_sent;
	/* Who forwarded the call last before it came, as its INVITE said (Diversion, or else History-Info), and why, a word
	 * of RFC 5806; "" or NULL: nobody, or that is not said. */
	const char *diverted_by, *diverted_reason;
	uint64_t start_wall_us; /* INVITE arrived */
	uint64_t ringing_us;    /* after start; 0: never */
	uint64_t answer_us;     /* after start, monotonic; 0: never */
	uint64_t end_us;        /* after start */
	int status;             /* final SIP status of the INVITE; 487 when cancelled */
	const char
		*cause; /* "bye", "cancel", "busy", "timeout", "media-timeout", "hangup",
	                           "shutdown", "peer-lost", "peer-refused", "session-expired", "rejected", ... */
	const char *ended_by;   /* as record_party(), or "tandem" */
	const char *detail;     /* a sentence where something failed; "" */
	const char *media_note; /* see diagnosis_media(); "": all is well */
	int far_status; /* the last refusal of whoever was called, unchanged; 0: none */
	const char *far_reason; /* what the far end said of its refusal or BYE; "" */
	struct record_reason
		released; /* what was said in the BYE or CANCEL that ended it; text borrowed */
	const struct record_attempt *attempts; /* in order of time */
	unsigned attempt_count;
	/* The id of the call whose place it took by Replaces, or was to take, and of that which took its; "" or NULL: none. */
	const char *replaces, *replaced_by;
	const struct record_transfer *transfers; /* likewise */
	unsigned transfer_count;
	const struct record_redirection *redirections; /* likewise */
	unsigned redirection_count;
	/* What its rules capture of it now, as in the configuration; static; NULL: "off". */
	const char *capture_mode;
	const struct record_capture *captured; /* of who captures; NULL: nobody says so */
	/* That of the internal side first; where both are on one side, the caller's. */
	struct record_leg legs[2];
};

/* A leg of which nothing is known: no text is NULL. */
static inline struct record_leg record_leg_none(void)
{
	return (struct record_leg){.party = "",
		.transport = "",
		.version = "",
		.cipher = "",
		.peer_names = "",
		.signalling_required = "",
		.media_required = "",
		.call_id = "",
		.session_refresher = "",
		.media = "",
		.codec = "",
		.media_verdict = ""};
}

/* What names leg INDEX of RECORD where it is written: "internal" and "external"; where both are on
 * one side the second one, that of who was called, is "internal_b" or "external_b". */
static inline const char *record_leg_name(const struct record *record, unsigned index)
{
	const enum side side = record->legs[index].side;

	if (index == 0 || side != record->legs[0].side)
		return side_name(side);
	return side == SIDE_INTERNAL ? "internal_b" : "external_b";
}

/* What it is called in words: see side_party(). */
static inline const char *record_party(const struct record *record, unsigned index)
{
	return side_party(
		record->legs[index].side, record->legs[!index].side, index == 0);
}
