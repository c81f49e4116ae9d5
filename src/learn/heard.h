/*
 * What a far end said in test calls, as plain data: read from its messages one by one, and kept as far as something
 * follows from it. Of keys nothing is kept. Pure; any thread.
 */
#pragma once

#include "sdp/sdp.h"
#include "sip/message.h"

#include <stdbool.h>
#include <stdint.h>

#define HEARD_CODECS 16
#define HEARD_CRYPTOS 8
/* Room for what it calls itself, and the like; longer texts are cut. */
#define HEARD_TEXT_SIZE 96

/* One a=crypto line (RFC 4568), without its key. */
struct heard_crypto {
	unsigned tag;
	char suite[40];
	bool lifetime, mki;
};

/* What one description of it has of audio; zeroed: there was none. */
struct heard_sdp {
	bool there;
	bool refused; /* its line of audio has port 0 */
	enum sdp_direction direction;
	bool nowhere;                  /* its address is 0.0.0.0 or :: */
	char codecs[HEARD_CODECS][32]; /* speech, in its order */
	unsigned codec_count;          /* more are left out */
	unsigned event_payload;        /* of telephone-event; 0: it has none */
	struct heard_crypto cryptos[HEARD_CRYPTOS];
	unsigned crypto_count;
	bool rtcp_mux;
};

/* How one request of ours was answered. */
struct heard_asked {
	bool asked;
	int status;           /* final; 0: there was none */
	struct heard_sdp sdp; /* of a 2xx */
};

enum heard_hold {
	HEARD_SENDONLY, /* a=sendonly */
	HEARD_INACTIVE, /* a=inactive */
	HEARD_NOWHERE,  /* c=0.0.0.0 (RFC 2543) */
	HEARD_HOLDS,
};

/* How its messages are written; each where it was seen in any. */
struct heard_form {
	bool compact;      /* a header in its short form */
	bool no_tag;       /* a response above 100 without a tag in To */
	bool no_contact;   /* a 2xx to INVITE without a Contact that can be used */
	bool bare_contact; /* a Contact without angle brackets */
	bool contact_user; /* its Contact has a user part */
};

struct heard {
	/* the INVITE with an offer */
	int status;    /* final; 0: there was none */
	bool trying;   /* 100 came */
	bool rang;     /* 180 */
	bool progress; /* 183 */
	bool early;    /* an 18x had a description */
	bool reliable; /* an 18x was to be acknowledged (RFC 3262) */
	bool asserted; /* an 18x or 2xx had P-Asserted-Identity */
	bool allow_said;
	bool allows_update, allows_info;
	bool supports_reliable, supports_timer;
	bool requires_reliable;    /* 421 with Require: 100rel */
	bool supports_no_reliable; /* 420 with Unsupported: 100rel */
	bool supports_no_timer;
	uint32_t expires_s;          /* of Session-Expires in a 2xx; 0: there was none */
	bool refreshes;              /* it does that itself (refresher=uas) */
	uint32_t min_expires_s;      /* of Min-SE in a 422; 0: there was none */
	char agent[HEARD_TEXT_SIZE]; /* Server or User-Agent; "" */
	struct heard_sdp answer;
	uint64_t packets;             /* of media that came while it talked */
	bool asked_us;                /* it sent a re-INVITE or UPDATE of its own */
	bool hung_up;                 /* it ended the call before we did */
	char reason[HEARD_TEXT_SIZE]; /* Reason of that BYE, or of its refusal; "" */
	/* within it */
	struct heard_asked holds[HEARD_HOLDS];
	struct heard_asked resumed; /* the last time that hold was over */
	struct heard_asked update;
	/* an INVITE without an offer */
	struct heard_asked delayed;
	/* an INVITE with a short session */
	struct heard_asked shorter;
	struct heard_form form;
};

/* Takes in a response to an INVITE with an offer of ours, or a BYE: one message after the other. Its form is left to
 * heard_form(). */
void heard_message(struct heard *heard, const struct message *message);
/* What MESSAGE, any of it, says of how it writes. */
void heard_form(struct heard_form *form, const struct message *message);
/* What SDP says of its first line of audio. NULL: nothing. */
void heard_sdp(struct heard_sdp *ret, const struct sdp *sdp);
