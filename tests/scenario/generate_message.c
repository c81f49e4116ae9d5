/* What parties send in a random flow: descriptions, requests and responses. */
#include "generate.h"

#include <stdio.h>
#include <string.h>

#define CHOICES 160

/* ---- descriptions ---- */

/* Lines in the last description that ENDPOINT got. */
static unsigned count_lines(const struct endpoint *endpoint)
{
	const char *at = endpoint->read_sdp;
	unsigned count = 0;

	while (at && (at = strstr(at, "\r\nm=")) != NULL) {
		count++;
		at++;
	}
	return count;
}

/* The line of fax in it, from 1; 0: none. */
static unsigned fax_line(const struct endpoint *endpoint)
{
	const char *fax =
		endpoint->read_sdp ? strstr(endpoint->read_sdp, "\r\nm=image") : NULL;
	unsigned count = 0;

	for (const char *at = endpoint->read_sdp; fax && at && at <= fax; at++) {
		at = strstr(at, "\r\nm=");
		if (!at)
			break;
		count++;
	}
	return count;
}

static void add_common(struct generator *generator, struct buf *out)
{
	static const char *const directions[] = {
		"sendrecv", "sendonly", "recvonly", "inactive"};
	static const char *const formats[] = {
		"8", "0", "8,0", "0,8,101", "9,8,101", "8,101", "18,8"};
	struct dice *dice = &generator->dice;

	if (dice_in(dice, 25))
		buf_printf(out, " dir=%s", DICE_WORD(dice, directions));
	if (dice_in(dice, 25))
		buf_printf(out, " port=%u", 20000 + 2 * dice_below(dice, 5000));
	if (dice_in(dice, 15))
		buf_printf(out, " formats=%s", DICE_WORD(dice, formats));
	if (dice_in(dice, 5))
		buf_add_str(out, " mux");
}

static void add_protection(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	static const char *const suites[] = {"AES_CM_128_HMAC_SHA1_80",
		"AES_CM_128_HMAC_SHA1_32", "AEAD_AES_256_GCM", "AEAD_AES_128_GCM",
		"AES_256_CM_HMAC_SHA1_80"};
	struct dice *dice = &generator->dice;

	if (endpoint->party->kind != TRANSPORT_TLS)
		return;
	buf_printf(out, " key=%c", 'A' + (int)dice_below(dice, 26));
	if (dice_in(dice, 15))
		buf_printf(out, " suite=%s", DICE_WORD(dice, suites));
}

static void add_odd(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	static const char *const plain[] = {" hold", " refused=1", " formats=3",
		" formats=96,97", " srtp", " nocrypto", " t38=1", " events=0-15",
		" lines=3", " port=0"};
	static const char *const secure[] = {" rtp", " nocrypto", " avp", " hold",
		" refused=1", " tag=9", " t38=1", " lifetime=2^31", " lines=3",
		" formats=96", " port=0"};
	struct dice *dice = &generator->dice;

	buf_add_str(out, endpoint->party->kind == TRANSPORT_TLS ? DICE_WORD(dice, secure)
								: DICE_WORD(dice, plain));
}

void generate_offer(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	unsigned lines = count_lines(endpoint);

	buf_add_str(out, "\n\tsdp");
	add_protection(generator, endpoint, out);
	add_common(generator, out);
	lines = lines ? lines : 1;
	if (dice_in(&generator->dice, 8))
		lines++;
	if (lines > 1)
		buf_printf(out, " lines=%u", lines > 8 ? 8 : lines);
	if (dice_in(&generator->dice, generator->style.odd))
		add_odd(generator, endpoint, out);
}

void generate_answer(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	struct dice *dice = &generator->dice;
	unsigned lines = count_lines(endpoint);
	unsigned fax = fax_line(endpoint);

	buf_add_str(out, "\n\tsdp");
	add_protection(generator, endpoint, out);
	add_common(generator, out);
	lines = lines ? lines : 1;
	if (dice_in(dice, generator->style.odd / 4))
		lines += dice_in(dice, 50) ? 1 : -1U;
	if (lines != 1)
		buf_printf(out, " lines=%u", lines > 8 ? 8 : lines);
	if (lines > 1 && dice_in(dice, 20))
		buf_printf(out, " refused=%u", 1 + dice_below(dice, lines));
	if (fax && dice_in(dice, 80))
		buf_printf(out, " t38=%u", fax);
	if (dice_in(dice, generator->style.odd))
		add_odd(generator, endpoint, out);
}

/* ---- responses ---- */

static void reply(struct generator *generator, const struct actor *actor, unsigned status,
	const char *method, struct buf *out)
{
	bool answers = !strcmp(method, "INVITE") && status > 100 && status < 300;
	struct dice *dice = &generator->dice;

	if (status >= 200 && !actor->early &&
		generate_challenge(generator, actor->endpoint->party, method,
			actor->endpoint->name, out))
		return;
	buf_printf(out, "%s replies %u to %s", actor->endpoint->name, status, method);
	if (status == 503)
		generate_rest(generator, out);
	if (status / 100 == 3)
		generate_redirected(generator, actor->endpoint->party, out);
	if (!strcmp(method, "REGISTER"))
		generate_registered(generator, status, out);
	if (status == 422)
		generate_session_small(generator, out);
	generate_events_answered(generator, method, status, out);
	if (status >= 200 && status < 300 &&
		(!strcmp(method, "INVITE") || !strcmp(method, "UPDATE")))
		generate_session_answered(generator, out);
	if (!answers)
		return;
	if (status >= 200 ? !dice_in(dice, 5) : status == 183 || dice_in(dice, 15)) {
		if (actor->offered)
			generate_answer(generator, actor->endpoint, out);
		else
			generate_offer(generator, actor->endpoint, out);
	}
	generate_identity(generator, actor->endpoint->party, false, out);
	generate_takes_refer(generator, out);
	if (status < 200 && dice_in(dice, 15))
		buf_printf(
			out, "\n\tRequire: 100rel\n\tRSeq: %u", 1 + dice_below(dice, 3));
}

/* Headers that cross, perhaps, and such that never may: those have "nEvEr" in them (judge_headers.c). */
static void add_headers(struct generator *generator, struct buf *out)
{
	static const char *const headers[] = {"X-Cross-A: 1", "X-Cross-B: 2",
		"X-Cross-Own: $callid", "many 40 X-Cross-M: 1", "long 1025 X-Cross-L",
		"X-Cross-F: 1\n\tfold Via: 2", "Server: nEvEr",
		"Referred-By: <sip:nEvEr@x>", "P-Charging-Vector: icid-value=nEvEr",
		"Identity: nEvEr", "Security-Client: nEvEr",
		"Reason: Q.850;cause=17;text=\"nEvEr\"", "Reason: SIP;cause=200",
		"Reason: Q.850;cause=34", "Geolocation: <cid:nEvEr>",
		"In-Reply-To: nEvEr", "Warning: 399 nEvEr \"x\"",
		"Content-Language: nEvEr"};
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, 20))
		return;
	for (unsigned i = 1 + dice_below(dice, 3); i > 0; i--)
		buf_printf(out, "\n\t%s", DICE_WORD(dice, headers));
}

static void reply_invite(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	static const struct {
		unsigned status, first, further;
	} choices[] = {{100, 3, 3}, {180, 14, 3}, {181, 1, 1}, {183, 10, 1}, {199, 1, 0},
		{200, 34, 45}, {202, 1, 0}, {302, 2, 0}, {401, 1, 1}, {403, 1, 2},
		{404, 2, 0}, {408, 1, 3}, {415, 0, 1}, {422, 1, 2}, {480, 2, 1},
		{481, 1, 3}, {486, 4, 1}, {487, 1, 1}, {488, 2, 5}, {491, 1, 6},
		{500, 2, 3}, {503, 4, 2}, {600, 1, 0}, {603, 1, 0}};
	unsigned weights[sizeof(choices) / sizeof(choices[0])];
	unsigned at;

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		weights[i] = actor->dialog == ACTOR_TALKING ? choices[i].further
							    : choices[i].first;
	at = dice_weigh(&generator->dice, weights, sizeof(choices) / sizeof(choices[0]));
	if (actor->dialog != ACTOR_TALKING &&
		dice_in(&generator->dice, generator->style.redirections))
		reply(generator, actor, generate_redirect_status(generator), "INVITE",
			out);
	else
		reply(generator, actor, choices[at].status, "INVITE", out);
	add_headers(generator, out);
}

static void reply_other(struct generator *generator, const struct actor *actor,
	enum message_method method, struct buf *out)
{
	static const unsigned statuses[] = {403, 404, 405, 408, 415, 422, 423, 481, 488,
		489, 491, 500, 501, 503, 603};
	struct dice *dice = &generator->dice;
	unsigned status = 200;

	if (dice_in(dice, 20))
		status = statuses[dice_below(
			dice, sizeof(statuses) / sizeof(statuses[0]))];
	if (method == MESSAGE_REGISTER)
		status = generate_register_status(generator);
	reply(generator, actor, status, message_method_str(method), out);
}

/* ---- requests ---- */

static void request(const struct actor *actor, const char *method, struct buf *out)
{
	buf_printf(out, "%s sends %s", actor->endpoint->name, method);
}

static void send_ack(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	request(actor, "ACK", out);
	if (actor->ack_answers ? !dice_in(&generator->dice, 8)
			       : dice_in(&generator->dice, 2))
		generate_answer(generator, actor->endpoint, out);
}

/* What an INVITE says of reliable provisional responses and UPDATE. */
static void add_reliable(struct generator *generator, struct buf *out)
{
	static const char *const clauses[] = {"Supported: 100rel", "Require: 100rel"};
	struct dice *dice = &generator->dice;

	if (dice_in(dice, 20))
		buf_add_str(out, "\n\tRecv-Info: app.one, app.two;x=1");
	if (dice_in(dice, 25))
		buf_printf(out, "\n\t%s", DICE_WORD(dice, clauses));
	if (dice_in(dice, 40))
		buf_add_str(out, "\n\tAllow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK");
}

static void send_prack(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	request(actor, "PRACK", out);
	if (dice_in(&generator->dice, 90))
		buf_add_str(out, "\n\tRAck: $rseq $icseq INVITE");
	else
		buf_add_str(out, "\n\tRAck: 1 1 INVITE");
	if (dice_in(&generator->dice, 25))
		generate_offer(generator, actor->endpoint, out);
}

static void send_invite(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	buf_printf(out, "%s sends INVITE", endpoint->name);
	if (!dice_in(&generator->dice, 15))
		generate_offer(generator, endpoint, out);
	add_reliable(generator, out);
	generate_session_asked(generator, out);
	generate_identity(generator, endpoint->party, false, out);
	generate_changed_from(generator, endpoint, out);
	add_headers(generator, out);
}

/* What a MESSAGE, or a package, brings. */
static void add_text(struct generator *generator, struct buf *out)
{
	static const char *const types[] = {"text/plain", "text/html", "image/png",
		"application/sdp", "multipart/mixed;boundary=a"};

	if (dice_in(&generator->dice, 90))
		buf_printf(out, "\n\tbody %s\n\t| hello",
			dice_in(&generator->dice, 70)
				? types[0]
				: DICE_WORD(&generator->dice, types));
}

static void send_info(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	static const char *const bodies[] = {"Signal=5", "Signal=#", "Signal=flash",
		"Duration=160", "Signal=5\n\t| Duration=250"};

	request(actor, "INFO", out);
	if (dice_in(&generator->dice, 30)) {
		buf_printf(out, "\n\tInfo-Package: app.%s",
			dice_in(&generator->dice, 70) ? "one" : "two");
		add_text(generator, out);
		return;
	}
	if (dice_in(&generator->dice, 85))
		buf_printf(out, "\n\tbody application/dtmf-relay\n\t| %s",
			DICE_WORD(&generator->dice, bodies));
}

static void send_other(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	static const char *const methods[] = {"OPTIONS", "UPDATE", "PRACK", "REFER",
		"NOTIFY", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REGISTER", "WHATEVER"};
	const char *method = DICE_WORD(&generator->dice, methods);

	request(actor, method, out);
	if (!strcmp(method, "UPDATE") && dice_in(&generator->dice, 50))
		generate_offer(generator, actor->endpoint, out);
	if (!strcmp(method, "UPDATE")) {
		generate_identity(generator, actor->endpoint->party, false, out);
		generate_changed_from(generator, actor->endpoint, out);
	}
	if (!strcmp(method, "PRACK"))
		buf_add_str(out, "\n\tRAck: $rseq $icseq INVITE");
	if (!strcmp(method, "REFER"))
		buf_printf(out, "\n\tRefer-To: <sip:+4930300@%s>",
			actor->endpoint->party->host);
	if (!strcmp(method, "MESSAGE"))
		add_text(generator, out);
	if (!strcmp(method, "NOTIFY"))
		generate_notified(generator, out);
}

/* ---- what may be done ---- */

enum act {
	ACT_CALL, /* of nobody yet */
	ACT_ANSWER,
	ACT_REPLY, /* + method */
	ACT_ACK = ACT_REPLY + MESSAGE_OTHER + 1,
	ACT_CANCEL,
	ACT_REINVITE,
	ACT_BYE,
	ACT_INFO,
	ACT_OTHER,
	ACT_FORK,
	ACT_PRACK,
	ACT_UPDATE,
	ACT_REFRESH,
	ACT_REFER,
	ACT_NOTIFY,
	ACT_EXCHANGE, /* of nobody yet */
	ACT_WITHIN,   /* a subscription */
};

struct choices {
	unsigned count;
	unsigned weights[CHOICES];
	unsigned acts[CHOICES];
	struct actor *actors[CHOICES];
};

static void choose(
	struct choices *choices, unsigned weight, unsigned act, struct actor *actor)
{
	if (choices->count == CHOICES)
		return;
	choices->weights[choices->count] = weight;
	choices->acts[choices->count] = act;
	choices->actors[choices->count++] = actor;
}

static void choose_of(
	const struct generator *generator, struct choices *choices, struct actor *actor)
{
	for (unsigned method = 0; method <= MESSAGE_OTHER; method++)
		if (actor->asked[method] && method != MESSAGE_INVITE)
			choose(choices, 40, ACT_REPLY + method, actor);
	if (actor->asked[MESSAGE_INVITE]) {
		choose(choices, 40, ACT_ANSWER, actor);
		if (actor->dialog == ACTOR_EARLY && !actor->caller)
			choose(choices, 2, ACT_FORK, actor);
	}
	/* what it asks before it has its answer is another subscription */
	if (actor->events && !actor->asking[MESSAGE_SUBSCRIBE])
		choose(choices, actor->events == ACTOR_NOTIFIES ? 8 : 4, ACT_WITHIN,
			actor);
	if (actor->ack_due)
		choose(choices, 50, ACT_ACK, actor);
	if (actor->asking[MESSAGE_INVITE] && actor->rang) {
		choose(choices, 5, ACT_CANCEL, actor);
		choose(choices, 2, ACT_UPDATE, actor);
	}
	if (actor->reliable)
		choose(choices, 40, ACT_PRACK, actor);
	if (actor->dialog == ACTOR_EARLY && !actor->caller)
		choose(choices, 1, ACT_BYE, actor);
	if (actor->dialog != ACTOR_TALKING)
		return;
	if (!actor->asking[MESSAGE_INVITE] && !actor->ack_due)
		choose(choices, 6, ACT_REINVITE, actor);
	choose(choices, 3, ACT_BYE, actor);
	choose(choices, 2, ACT_INFO, actor);
	choose(choices, 2, ACT_UPDATE, actor);
	choose(choices, 2, ACT_OTHER, actor);
	if (generator->style.sessions)
		choose(choices, 5, ACT_REFRESH, actor);
	if (generator->style.transfers)
		choose(choices, 4 + generator->style.transfers / 5, ACT_REFER, actor);
	if (generator->style.transfers && actor->cseq[MESSAGE_REFER])
		choose(choices, 20, ACT_NOTIFY, actor);
}

static void fork_off(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	buf_printf(out, "%sf%u forks %s", actor->endpoint->name, ++generator->forks,
		actor->endpoint->name);
}

/* Who begins something. */
static const struct party *beginner(struct generator *generator)
{
	struct stage *stage = generator->stage;
	struct party *parties[16];
	unsigned count = 0;

	LIST_FOREACH (&stage->parties, node, next) {
		struct party *one = LIST_ENTRY(node, struct party, node);

		/* servers call half of the time */
		if (count < 15)
			parties[count++] = one;
		if (count < 15 && one->side == SIDE_INTERNAL)
			parties[count++] = one;
	}
	return parties[dice_below(&generator->dice, count)];
}

static void new_call(struct generator *generator, struct buf *out)
{
	const struct party *party = beginner(generator);

	buf_printf(out, "%s.%u sends INVITE", party->name, ++generator->begun);
	if (!dice_in(&generator->dice, 15))
		generate_offer(generator,
			&(struct endpoint){.party = (struct party *)(uintptr_t)party},
			out);
	add_reliable(generator, out);
	generate_session_asked(generator, out);
	generate_identity(generator, party, true, out);
	generate_called(generator, out);
	generate_replaces(generator, party, out);
	generate_takes_refer(generator, out);
}

static void act(struct generator *generator, unsigned what, const struct actor *actor,
	struct buf *out)
{
	switch (what) {
	case ACT_CALL:
		new_call(generator, out);
		break;
	case ACT_ANSWER:
		reply_invite(generator, actor, out);
		break;
	case ACT_ACK:
		send_ack(generator, actor, out);
		break;
	case ACT_CANCEL:
		request(actor, "CANCEL", out);
		add_headers(generator, out);
		break;
	case ACT_REINVITE:
		send_invite(generator, actor->endpoint, out);
		break;
	case ACT_BYE:
		request(actor, "BYE", out);
		add_headers(generator, out);
		break;
	case ACT_EXCHANGE:
		generate_exchange(generator, beginner(generator), out);
		break;
	case ACT_WITHIN:
		generate_within(generator, actor, out);
		break;
	case ACT_REFER:
		generate_refer(generator, actor->endpoint, out);
		break;
	case ACT_NOTIFY:
		request(actor, "NOTIFY", out);
		generate_notified(generator, out);
		break;
	case ACT_INFO:
		send_info(generator, actor, out);
		break;
	case ACT_OTHER:
		send_other(generator, actor, out);
		break;
	case ACT_FORK:
		fork_off(generator, actor, out);
		break;
	case ACT_PRACK:
		send_prack(generator, actor, out);
		break;
	case ACT_UPDATE:
		request(actor, "UPDATE", out);
		generate_offer(generator, actor->endpoint, out);
		generate_session_asked(generator, out);
		break;
	case ACT_REFRESH:
		request(actor, "UPDATE", out);
		generate_session_asked(generator, out);
		break;
	default:
		reply_other(
			generator, actor, (enum message_method)(what - ACT_REPLY), out);
		break;
	}
}

static unsigned count_alive(const struct generator *generator)
{
	unsigned count = 0;

	LIST_FOREACH (generator->actors, node, next) {
		const struct actor *actor = LIST_ENTRY(node, struct actor, node);

		count += actor->caller && actor->dialog != ACTOR_OVER;
	}
	return count;
}

bool generate_legal(struct generator *generator, struct buf *out)
{
	struct choices choices = {0};
	unsigned at;

	LIST_FOREACH (generator->actors, node, next)
		choose_of(generator, &choices, LIST_ENTRY(node, struct actor, node));
	if (count_alive(generator) < generator->style.calls && generator->begun < 24)
		choose(&choices, 15, ACT_CALL, NULL);
	if (generator->style.exchanges && generator->begun < 48)
		choose(&choices, generator->style.exchanges, ACT_EXCHANGE, NULL);
	if (!choices.count)
		return false;
	at = dice_weigh(&generator->dice, choices.weights, choices.count);
	act(generator, choices.acts[at], choices.actors[at], out);
	return true;
}

/* ---- against the rules ---- */

static struct actor *any_actor(struct generator *generator)
{
	unsigned count = 0;
	unsigned at;

	LIST_FOREACH (generator->actors, node, next)
		count++;
	if (!count)
		return NULL;
	at = dice_below(&generator->dice, count);
	LIST_FOREACH (generator->actors, node, next)
		if (!at--)
			return LIST_ENTRY(node, struct actor, node);
	return NULL;
}

static void odd_clause(struct generator *generator, struct buf *out)
{
	static const char *const clauses[] = {"Require: 100rel", "Require: whatever",
		"Supported: 100rel, timer", "Max-Forwards: 0", "Max-Forwards: 1",
		"To: <sip:nobody@$host>;tag=nothing-$tag", "-Contact",
		"Contact: <sip:+49@192.0.2.77>", "Expires: 1", "Session-Expires: 90",
		"Content-Type: text/plain"};

	if (dice_in(&generator->dice, 20))
		buf_printf(out, "\n\t%s", DICE_WORD(&generator->dice, clauses));
}

static void chaos_request(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	static const char *const methods[] = {"INVITE", "ACK", "CANCEL", "BYE", "INVITE",
		"BYE", "ACK", "CANCEL", "INFO", "UPDATE", "PRACK"};
	const char *method = DICE_WORD(&generator->dice, methods);

	request(actor, method, out);
	if (dice_in(&generator->dice, 30)) {
		buf_add_str(out, " again");
		return;
	}
	if ((!strcmp(method, "INVITE") || !strcmp(method, "UPDATE") ||
		    !strcmp(method, "ACK")) &&
		dice_in(&generator->dice, 60))
		generate_offer(generator, actor->endpoint, out);
	odd_clause(generator, out);
}

static void chaos_response(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	static const char *const methods[] = {
		"INVITE", "INVITE", "INVITE", "BYE", "CANCEL", "INFO", "OPTIONS"};
	static const unsigned statuses[] = {100, 180, 183, 200, 200, 200, 302, 404, 408,
		481, 486, 487, 491, 500, 503, 603};
	struct dice *dice = &generator->dice;

	if (dice_in(dice, 35))
		buf_printf(out, "%s replies 200 to INVITE again", actor->endpoint->name);
	else
		reply(generator, actor,
			statuses[dice_below(
				dice, sizeof(statuses) / sizeof(statuses[0]))],
			DICE_WORD(dice, methods), out);
}

void generate_chaos(struct generator *generator, struct buf *out)
{
	const struct actor *actor = any_actor(generator);

	if (!actor) {
		new_call(generator, out);
	} else if (dice_in(&generator->dice, 50)) {
		chaos_request(generator, actor, out);
	} else {
		chaos_response(generator, actor, out);
	}
}
