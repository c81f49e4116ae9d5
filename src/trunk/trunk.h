/*
 * Trunks and servers as they run: what the configuration names, with the live state that
 * a reload must keep (calls, drained). Entries are matched by id across reloads. Loop
 * thread.
 */
#pragma once

#include "base/addr.h"
#include "config/config.h"
#include "sip/account.h"
#include "sip/resolve.h"
#include "sip/transport.h"
#include "tls/cred.h"
#include "tls/peer.h"
#include "trunk/figures.h"
#include "trunk/health.h"
#include "trunk/limit.h"
#include "trunk/messages.h"

#include <stdbool.h>
#include <stdint.h>

enum trunk_kind { TRUNK_SERVER, TRUNK_GATEWAY };

struct registration;
struct registrations;
struct source;
struct routes;

/* What its requests proved, where they have to: bridge/proof.h. */
struct trunk_proof {
	uint64_t asked;           /* requests that were challenged, since the start */
	uint64_t wrong_total;     /* passwords that were wrong, since the start */
	unsigned wrong;           /* in a row */
	uint64_t paused_until_ms; /* monotonic: none is looked at before */
};

/* One server or one gateway. Reference counted: a call holds the trunk it uses even when
 * a reload removes it. */
/* What became of a 3xx by which it redirects a call. */
enum trunk_redirect {
	TRUNK_REDIRECT_REFUSED, /* it was a refusal as others are */
	TRUNK_REDIRECT_FOLLOWED,
	TRUNK_REDIRECT_PASSED,
	TRUNK_REDIRECTS,
};

struct trunk {
	unsigned refs;
	enum trunk_kind kind;
	char *id;
	bool configured; /* still in the present configuration */
	bool drained;    /* takes no new calls: drains.h */
	struct config
		*config; /* the snapshot that the next two live in; owned reference */
	const struct config_server *server;   /* of kind SERVER; else NULL */
	const struct config_gateway *gateway; /* of kind GATEWAY; else NULL */
	/* TLS: whom to demand there; lives in the present peer set. NULL in plain, and when
	 * the trunk has left the configuration: nobody there can be judged any more. */
	struct peer *peer;
	struct cred *cred; /* own certificate toward it; NULL: the side's */
	struct cred *next; /* its own that waits for the day of next-from; NULL: none */
	struct trunk_proof proof;
	struct account *account; /* who we are to it; owned; NULL: nobody */
	/* In plain: whom SIP may come from, as last resolved, and behind them those that it
	 * had before and calls may still use. */
	struct addr *addrs;
	unsigned addr_count, former_count;
	struct source *sources; /* where they are filed: sources.h */
	unsigned source_count;
	/* What is registered for it, made and owned elsewhere; NULL: nothing. */
	struct registration *registration;
	unsigned rank;         /* in the order of priority */
	struct trunks *trunks; /* while it is resolved for them */
	struct resolve *resolving;
	unsigned resolving_name; /* which of its names */
	unsigned calls; /* now: those that it made and those that it is asked to take */
	struct limit_use use; /* what else its limits count */
	uint64_t calls_total; /* since start */
	/* Calls that it made, or tried to, in that second: bridge/overload.h. */
	uint64_t asked_second, asked;
	/* Those of them that it refused, or that could not be offered to it, once each; not those
	 * that their caller gave up. */
	uint64_t calls_failed;
	uint64_t redirected[TRUNK_REDIRECTS]; /* its 3xx to calls */
	uint64_t last_ok_us; /* monotonic time of the last answered call */
	/* Where the operator's view of the two begins, and since when; 0: the start. */
	uint64_t calls_total_base, calls_failed_base;
	time_t reset_at;
	struct figures figures;
	struct messages messages; /* requests beside calls */
	struct trunk_health health;
	/* OPTIONS that it was sent to find out about that, and those of them that had an answer. */
	uint64_t options_sent, options_answered;
	/* Why the last call failed, or its name could not be resolved; "": never. */
	char last_error[ERR_REASON_SIZE];
	time_t last_error_at;    /* by the wall clock; 0: none */
	time_t last_error_until; /* a call was answered then; 0: none since */
};

struct trunks;

int trunks_new(struct trunks **ret, struct loop *loop, struct resolver *resolver);
void trunks_free(struct trunks *trunks);

/* WATCH is told of each change of a trunk's health from now on; its h NULL: nobody is. */
void trunks_watch_health(struct trunks *trunks, const struct health_watch *watch);

/*
 * Takes the parts of CONFIG into use: loads every certificate, anchor and CRL first, and
 * changes nothing when one fails (0, or negative with TEXT). Live state is kept by id.
 */
int trunks_apply(struct trunks *trunks, struct config *config, struct err_text *text);

/* Whether trunks_apply() would take CONFIG: loads every certificate, anchor and CRL and
 * forgets them. 0, or negative with TEXT. */
int trunks_check(struct config *config, struct err_text *text);

/*
 * The trunks of CONFIG as calls would find them with all far ends up, in the empty TRUNKS: no file is read and
 * no name looked up. For questions about routes alone; nothing may be connected, and no trunks_apply()
 * follows. 0 or -ENOMEM.
 */
int trunks_plan(struct trunks *trunks, struct config *config);

/*
 * Loads the files of CONFIG, the configuration that runs, anew. What is refused is logged,
 * and in its place stays what was there: one bad file must not keep a revocation from
 * taking effect. Without a difference nothing is touched; otherwise it is as after
 * trunks_apply(). 0 or negative with TEXT.
 */
struct trunks_renewal {
	unsigned changed; /* certificates of ours, and sets of anchors and lists */
	unsigned refused; /* files that were */
};
int trunks_renew(struct trunks *trunks, struct config *config, struct trunks_renewal *ret,
	struct err_text *text);

/* Takes certificates into use whose next-from has come: how many. */
unsigned trunks_switch(struct trunks *trunks);
/* The wall-clock second of the next such day; 0: none is configured. */
time_t trunks_switch_due(const struct trunks *trunks);

/* What we present in one role. */
struct trunk_tls {
	enum trunk_kind kind;
	const struct trunk *trunk;      /* whom it is for alone; NULL: the side's */
	const struct config_tls *files; /* as configured */
	const char *trust;              /* the anchors' file, of the side or its own */
	struct cred *cred;              /* in force; NULL: none yet */
	struct cred *next;              /* staged; NULL: none */
	bool switched;                  /* cred is that of next-certificate */
};

/* Calls H for each side that has a certificate, and for each trunk with one of its own that is
 * loaded: its TLS is on or observed, or calls over TLS have outlived it. */
void trunks_each_tls(const struct trunks *trunks,
	void (*h)(void *arg, const struct trunk_tls *tls), void *arg);

/* What the two sides' transports need; the sets and credentials are owned by TRUNKS. */
struct cred *trunks_cred(const struct trunks *trunks, enum trunk_kind kind);
/* What we present to TRUNK when we connect, and when it asks for the name that it knows us by. NULL: nothing. */
const struct cred *trunks_presented(
	const struct trunks *trunks, const struct trunk *trunk);
struct peer_set *trunks_peers(const struct trunks *trunks, enum trunk_kind kind);

/* The routes to all of them by numbers; NULL: nothing was configured yet. Their `at` is a place of
 * trunks_at(). */
const struct routes *trunks_routes(const struct trunks *trunks);

struct trunk *trunk_ref(struct trunk *trunk);
void trunk_unref(struct trunk *trunk); /* NULL is fine */

struct trunk *trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id);
/* Now, by the monotonic clock of the loop that they run in. */
uint64_t trunks_now_us(const struct trunks *trunks);
/* In order of priority. NULL when INDEX is past the end. */
struct trunk *trunks_at(
	const struct trunks *trunks, enum trunk_kind kind, unsigned index);

/* Takes over what TRUNK's name was just resolved to for a call, so that messages from the address
 * that we call are accepted. */
void trunks_learn_name(
	struct trunks *trunks, struct trunk *trunk, const struct resolve_answer *answer);
/* The same, of ANSWER alone. */
void trunks_learn(
	struct trunks *trunks, struct trunk *trunk, const struct resolve_answer *answer);

/* All registrations, by line; owned by TRUNKS. */
struct registrations *trunks_registrations(const struct trunks *trunks);
/* The addresses in TRUNK's registration are others: messages from there are accepted from now on. */
void trunks_refile(struct trunks *trunks, struct trunk *trunk);
/*
 * The trunk that a new call over FLOW is of, which came to a Contact of ours with LINE: the one that
 * registered it, if it may speak over FLOW. Over TLS: by its certificate, also where another trunk has the
 * same name and rules. In plain: its gateway, registrar or outbound proxy has that address, and it has that
 * transport. NULL: none.
 */
struct trunk *trunks_of_line(
	const struct trunks *trunks, const struct flow *flow, struct span line);

/* The trunk that a new call over FLOW belongs to. TLS: by the certificate; NULL where the trunk's
 * tls is not yes now. In plain: by the addresses of the enabled plain gateways with this transport,
 * by host and port, or else by the host alone, the first by priority. NULL: none. */
struct trunk *trunks_of_flow(
	const struct trunks *trunks, const struct flow *flow, enum trunk_kind side);
/* Whether A and B are hosts of one plain gateway, known by its resolved addresses. */
bool trunks_share_plain(
	const struct trunks *trunks, const struct addr *a, const struct addr *b);
/* Whether messages from REMOTE are accepted in plain: it is the host of such a gateway, or
 * one that a trunk with calls in progress had before. For transport_handlers.allowed_h. */
bool trunks_allow_plain(
	const struct trunks *trunks, enum transport_kind kind, const struct addr *remote);

/* The gateway or server whose address REMOTE is, in whatever way it may speak: by the addresses that
 * plain ones have, by those that stand in the settings of others. NULL: nobody's. For what is
 * said of a refused source: nothing may be allowed by it. It takes time in proportion to the trunks. */
const struct trunk *trunks_at_address(
	const struct trunks *trunks, const struct addr *remote);

/* ---- what a trunk's settings say: trunk_settings.c ---- */

/* Those that servers and gateways have in common. They live as long as trunk->config. */
const struct config_trunk *trunk_settings(const struct trunk *trunk);
/* The files of KIND's side: those of [internal] or [external] in CONFIG. */
const struct config_tls *trunk_side_files(
	enum trunk_kind kind, const struct config *config);
/* tls = yes; every server. */
bool trunk_is_tls(const struct trunk *trunk);
/* Who we are at the far end of FLOW, borrowed. NULL: nobody that may be said there, since it is not, or not
 * surely, TRUNK's: by its certificate, in plain by its addresses. */
struct account *trunk_account(const struct trunk *trunk, const struct flow *flow);
/* One more call that goes WAY, and its limits of today; what max-calls keeps for EMERGENCY calls is room for
 * these alone. */
struct limit_question trunk_limits(
	const struct trunk *trunk, enum limit_way way, bool emergency, uint64_t now_us);
enum transport_kind trunk_transport(const struct trunk *trunk);
const char *trunk_host(const struct trunk *trunk); /* the first of its names */
/* As many as its health has. */
const char *trunk_host_at(const struct trunk *trunk, unsigned nth);
/* Which of them HOST is; HEALTH_NAMES_MAX: none. */
unsigned trunk_host_find(const struct trunk *trunk, const char *host);
uint16_t trunk_port(const struct trunk *trunk); /* 0: SRV */
/* What an id of that kind is called in the log, in metrics and in answers: "server", "trunk". */
static inline const char *trunk_word(enum trunk_kind kind)
{
	return kind == TRUNK_SERVER ? "server" : "trunk";
}
/* "server pbx1" or "trunk carrier-a". Returns BUF. */
const char *trunk_name(const struct trunk *trunk, char buf[static 80]);
/* The same of one that may be configured no more. */
const char *trunk_name_of(enum trunk_kind kind, const char *id, char buf[static 80]);
/* Whether the certificate that proves PEER proves TRUNK too: it is its peer, or one with the same name, the
 * same trust and the same rules. */
bool trunk_is_peer(const struct trunk *trunk, const struct peer *peer);
/* Whether NAME is what trunk_name() says. */
bool trunk_is_named(const struct trunk *trunk, const char *name);
