#include "bridge/proof.h"

#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"

#include <stdio.h>

/* Of the words of a line of the log. */
#define WORDS_SIZE (ADDR_TEXT_SIZE + 160)

/* One request, and who is to have sent it. */
struct claim {
	struct bridge *bridge;
	struct trunk *trunk;
	struct txn_server *txn;
	const struct message *request;
	struct digest_credentials credentials;
	uint64_t now_ms;
	char about[ADDR_TEXT_SIZE +
		   80]; /* whom a nonce is for: the trunk, and the host that asks */
};

static const char *our_realm(const struct claim *claim)
{
	return claim->trunk->config->tandem.fqdn;
}

static void begin(struct claim *claim)
{
	char host[ADDR_TEXT_SIZE];

	claim->request = txn_server_request(claim->txn);
	claim->now_ms = timers_now_ms(claim->bridge->timers);
	snprintf(claim->about, sizeof(claim->about), "%s %s", claim->trunk->id,
		addr_host_text(&txn_server_flow(claim->txn)->remote, host));
}

/* The first that are for our realm: others are for others, on the way or behind us. */
static bool find_credentials(struct claim *claim)
{
	struct span line;

	for (unsigned nth = 0; message_line(claim->request, "Authorization", nth, &line);
		nth++)
		if (!digest_credentials_read(&claim->credentials, line) &&
			digest_realm_is(claim->credentials.realm, our_realm(claim)))
			return true;
	return false;
}

/* ---- asking ---- */

/* Best first (RFC 8760 2.4). SHA-512-256 is asked for where it is all that is allowed: few know it. */
static void add_challenges(
	const struct claim *claim, const char *nonce, bool stale, struct buf *out)
{
	static const enum digest_algorithm order[] = {
		DIGEST_SHA_256, DIGEST_SHA_512_256, DIGEST_MD5};
	const struct account *account = claim->trunk->account;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!account_takes(account, order[i]) ||
			(order[i] == DIGEST_SHA_512_256 &&
				account_takes(account, DIGEST_SHA_256)))
			continue;
		buf_printf(out,
			"WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
			"algorithm=%s, qop=\"auth\"%s\r\n",
			our_realm(claim), nonce, digest_algorithm_name(order[i]),
			stale ? ", stale=true" : "");
	}
}

static void ask(const struct claim *claim, bool stale)
{
	char nonce[NONCE_SIZE], tag[DIALOG_TAG_SIZE];
	struct buf out;

	if (nonces_make(
		    claim->bridge->nonces, claim->now_ms, span_of(claim->about), nonce)) {
		txn_server_reply(claim->txn, 503, NULL, NULL, NULL);
		return;
	}
	secret_token(tag, 8);
	buf_init(&out, 0);
	compose_response(&out, claim->request, 401, NULL, tag);
	add_challenges(claim, nonce, stale, &out);
	compose_body(&out, NULL, (struct span){NULL, 0});
	/* no refusal: nothing is said of it, as a call begins so */
	if (!out.err)
		txn_server_respond(claim->txn, 401, out.data, out.len);
	else
		txn_server_reply(claim->txn, 503, NULL, NULL, NULL);
	buf_free(&out);
	claim->trunk->proof.asked++;
}

/* ---- judging ---- */

/* The start line's, as far as both mean the same: some leave port and parameters out. Else who is between us and a
 * far end could have another number called. Within a call there is none to call (RFC 3261 22.4 5). */
static bool is_of_request(const struct claim *claim)
{
	const struct message_uri *uri = message_request_uri(claim->request);
	struct message_uri named;

	if (message_to(claim->request)->tag.len)
		return true;
	return !message_uri_parse(&named, claim->credentials.uri) &&
	       span_equal(named.user, uri->user) &&
	       span_same_letters(named.host, uri->host);
}

static bool is_proved(const struct claim *claim)
{
	const struct digest_credentials *credentials = &claim->credentials;
	bool proved = account_is_proved(
		claim->trunk->account, credentials, message_method_name(claim->request));

	return proved && credentials->qop == DIGEST_QOP_AUTH && is_of_request(claim);
}

/* " trunk=a remote=... method=INVITE count=3": which request, and how many wrong ones in a row. */
static const char *words_of(const struct claim *claim, char ret[static WORDS_SIZE])
{
	const struct trunk *trunk = claim->trunk;
	char remote[ADDR_TEXT_SIZE];

	snprintf(ret, WORDS_SIZE, "trunk=%s remote=%s method=%s count=%u", trunk->id,
		addr_text(&txn_server_flow(claim->txn)->remote, remote),
		message_method_str(message_method(claim->request)), trunk->proof.wrong);
	return ret;
}

static void log_wrong(const struct claim *claim)
{
	char words[WORDS_SIZE], hidden_text[40] = "";
	unsigned hidden;

	if (!log_limit_pass(&claim->bridge->proof_limit, &hidden))
		return;
	if (hidden)
		snprintf(hidden_text, sizeof(hidden_text), " suppressed=%u", hidden);
	log_warning("bridge", "event=password-wrong %s%s", words_of(claim, words),
		hidden_text);
}

static void log_tried(const struct claim *claim)
{
	char words[WORDS_SIZE];

	log_warning("bridge", "event=password-tried %s", words_of(claim, words));
}

/* The nonce was ours and for him, so whoever guesses has heard us: nobody who only writes a trunk's address on
 * his datagrams can have it shut out. */
static void count_wrong(const struct claim *claim)
{
	struct trunk_proof *proof = &claim->trunk->proof;

	proof->wrong++;
	proof->wrong_total++;
	if (proof->wrong % PROOF_WRONG_MAX) {
		log_wrong(claim);
		return;
	}
	proof->paused_until_ms = claim->now_ms + PROOF_PAUSE_MS;
	log_tried(claim);
}

static bool judge(const struct claim *claim)
{
	const struct digest_credentials *credentials = &claim->credentials;
	const enum nonce_state state = nonces_judge(claim->bridge->nonces, claim->now_ms,
		span_of(claim->about), credentials->nonce, credentials->nc);

	/* of a foreign nonce nothing is said, not even whether the password was right */
	if (state == NONCE_FOREIGN) {
		ask(claim, false);
		return false;
	}
	if (!is_proved(claim)) {
		count_wrong(claim);
		ask(claim, false);
		return false;
	}
	if (state == NONCE_STALE) {
		ask(claim, true);
		return false;
	}
	nonces_use(claim->bridge->nonces, credentials->nonce, credentials->nc);
	claim->trunk->proof.wrong = 0;
	return true;
}

bool proof_given(struct bridge *bridge, struct trunk *trunk,
	const struct config_trunk *settings, struct txn_server *txn)
{
	struct claim claim = {.bridge = bridge, .trunk = trunk, .txn = txn};

	/* who left the configuration has no password any more: what is left of his calls is known by his
	 * address, or his certificate */
	if (settings->auth.demand != CONFIG_DEMAND_DIGEST || !trunk->account ||
		!trunk->configured)
		return true;
	begin(&claim);
	if (!find_credentials(&claim)) {
		ask(&claim, false);
		return false;
	}
	if (claim.now_ms < trunk->proof.paused_until_ms) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 403,
				.where = "Authorization",
				.why = "too many wrong passwords: try again in a "
				       "minute"});
		return false;
	}
	return judge(&claim);
}
