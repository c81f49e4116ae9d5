/*
 * Who calls whom, as a value: read once from the INVITE that came, changed by rules that are
 * functions from one party to another, and written out at one place toward the far end. No
 * host of the side where it came from is ever written: names and numbers cross, addresses do
 * not.
 *
 * What is read is bounded, and what cannot be read is left out, never refused. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "bridge/privacy.h"
#include "config/rules.h"
#include "sip/message.h"
#include "sip/phone.h"

/* More of each are left out. RFC 3325 9.1 has two identities; the rest is ours. */
#define PARTY_ASSERTED_MAX 4
#define PARTY_REMOTE_MAX 2
#define PARTY_DIVERSIONS_MAX 10
#define PARTY_HISTORY_MAX 20

/* A name-addr: who somebody is. */
struct party_name {
	struct span display; /* as received */
	struct phone phone;
	bool tel; /* the URI was tel: */
	struct span
		unknown;    /* a host that names nobody ("anonymous.invalid"), or empty */
	struct span cause;  /* RFC 4458: why it was retargeted, or empty */
	struct span reason; /* History-Info: escaped Reason and Privacy within the */
	struct span privacy; /* URI (RFC 7044 10.2), or empty */
	struct span params;  /* of the header; which of them cross depends on it */
	struct span
		own; /* parameters of its URI that it gave itself, and gets back; or empty */
};

/* A party's own texts are at most so long, all together. */
#define PARTY_TEXTS_MAX_BYTES (16 * 1024)

/* Those of one header; most INVITEs have none. */
struct party_names {
	struct party_name *list;
	unsigned count;
};

struct party_text;

/* A rule that could not be applied. */
struct party_fault {
	const struct rule
		*rule; /* of the settings that changed the party; NULL: there was none */
	enum rule_result result;
};

struct party {
	struct message *
		source; /* what the spans borrow from; owned reference; NULL: of a call of ours */
	struct party_text *texts; /* and what rules wrote; owned */
	size_t texts_bytes;
	struct party_fault fault; /* the first; not copied */
	bool emergency; /* CALLED is an emergency number or stands for a service: no rule changes it */
	bool urgent;      /* who calls for help is shown, whatever he wishes to hide */
	bool connected;   /* it is who was called, and answers */
	bool doubted;     /* nobody vouches for who its caller is */
	unsigned privacy; /* what its caller wishes to hide, a mask of enum privacy */
	unsigned hidden;  /* which of these wishes are fulfilled, and not told any more */
	struct party_name called;
	struct party_name from;
	struct party_names asserted;   /* P-Asserted-Identity */
	struct party_names preferred;  /* P-Preferred-Identity; one at most */
	struct party_names remote;     /* Remote-Party-ID */
	struct party_names diversions; /* the latest first */
	struct party_names history;    /* the oldest first */
	/* Referred-By of a transfer (RFC 3892): who asked for it; or, whole, as that far end wrote it, to itself. */
	struct party_name referred;
	struct span referred_whole;
};

/* What INVITE says; a reference to it is taken. 0 or -ENOMEM. */
int party_read(struct party **ret, struct message *invite);
/* The same of who is at the end that sent MESSAGE, a response or a request within a dialog: asserted and
 * remote alone, and what he wishes to hide; and From, by which he is known: that of MESSAGE where BY_FROM, else the first
 * number that is asserted or remote; empty where there is none. */
int party_read_connected(struct party **ret, struct message *message, bool by_from);
/* Whom its source calls is in the header NAME, and not in the Request-URI. False, and nothing changed: that has
 * none, or no number or name in it. */
bool party_read_called(struct party *party, const char *name);
/* Another one that says the same, to be changed for one far end. Its texts are borrowed from PARTY, which
 * outlives it. 0 or -ENOMEM. */
int party_copy(struct party **ret, const struct party *party);
/* A copy of TEXT, which lives as long as PARTY: what a rule writes. 0; -ENOMEM; ERR_LIMIT: there would be more
 * than PARTY_TEXTS_MAX_BYTES of them. */
int party_keep(struct party *party, struct span text, struct span *ret);
void party_free(struct party *party); /* NULL is fine */

/* The number, or name, without what means nothing in it: the caller's to free. NULL without memory. */
char *party_number(const struct party_name *name);
/* What routes know the caller by: From, or where that is no number, as of a caller who hides it, the first number
 * that is asserted. */
const struct party_name *party_caller(const struct party *party);

/* The far end that a party is shown to. Texts are borrowed. */
struct party_shown {
	const char *host;   /* names us: in From and in every identity */
	const char *target; /* the host of whom is called */
	const char *port;   /* its port, in the Request-URI: ":5080" or "" */
	const char *params; /* of the Request-URI: ";transport=tcp" or "" */
	bool user_phone;    /* ;user=phone behind every number */
	bool referred_by;   /* Referred-By is for it */
	struct span caller; /* the number by which the caller is known; empty: his own */
	struct span
		service; /* the Request-URI, in place of whom PARTY calls; empty: none */
};

/* What an INVITE of ours says of it; owned texts. */
struct party_invite {
	struct buf uri, from, to; /* Request-URI; name-addrs without tag */
	struct buf headers;       /* whole lines */
};

/* Writes PARTY for the far end SHOWN to *RET, which is zeroed. 0 or -ENOMEM; free it in any
 * case. */
int party_write(const struct party *party, const struct party_shown *shown,
	struct party_invite *ret);
/* Appends From by which it is shown, a name-addr without tag; nothing where it has none. 0 or -ENOMEM. */
int party_write_from(
	const struct party *party, const struct party_shown *shown, struct buf *out);
/* Appends what a response or a further request says of it: whole lines. 0, -ENOMEM or ERR_LIMIT. */
int party_write_connected(
	const struct party *party, const struct party_shown *shown, struct buf *out);
void party_invite_free(struct party_invite *invite);
