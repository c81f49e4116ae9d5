/* Requests that are no calls in a random flow: messages, published states, subscriptions and what is notified of
 * them. */
#include "generate.h"

#include <string.h>

#define METHODS "MESSAGE,PUBLISH,SUBSCRIBE,NOTIFY"

static const char *const gateways[] = {"gateway gw methods=" METHODS,
	"gateway gw methods=SUBSCRIBE event-packages=presence,dialog",
	"gateway gw methods=" METHODS " max-subscriptions=2",
	"gateway gw methods=" METHODS " max-message-rate=1",
	"gateway gt transport=tcp priority=20 methods=" METHODS,
	"gateway gs tls=yes priority=20 methods=" METHODS};

static const char *const servers[] = {"server pbx methods=" METHODS,
	"server pbx methods=SUBSCRIBE,MESSAGE event-packages=presence,dialog",
	"server pbx methods=" METHODS " max-subscriptions=3"};

void generate_exchanges(struct generator *generator, struct steps *out)
{
	struct dice *dice = &generator->dice;

	/* from outside each call that began has a record, and nothing else has one */
	if (generator->stage->outside || !dice_in(dice, 40))
		return;
	steps_add(out, DICE_WORD(dice, gateways));
	if (dice_in(dice, 40))
		steps_add(out, DICE_WORD(dice, gateways));
	steps_add(out, DICE_WORD(dice, servers));
	generator->style.exchanges = 5 + dice_below(dice, 40);
}

/* ---- what they say ---- */

static void add_event(struct generator *generator, struct buf *out)
{
	static const char *const events[] = {"presence", "presence", "presence",
		"presence", "dialog", "message-summary", "refer", ";x",
		"presence;id=7;call-id=$callid;from-tag=$tag"};

	buf_printf(out, "\n\tEvent: %s", DICE_WORD(&generator->dice, events));
}

static void add_body(struct generator *generator, struct buf *out)
{
	static const char *const types[] = {"application/pidf+xml",
		"application/pidf+xml", "application/simple-message-summary",
		"text/plain", "application/dialog-info+xml", "application/sdp"};

	if (dice_in(&generator->dice, 50))
		buf_printf(out, "\n\tbody %s\n\t| <presence/>",
			DICE_WORD(&generator->dice, types));
}

/* Most say nothing odd; the words that never cross are those of judge_headers.c. */
static void add_odd(struct generator *generator, struct buf *out)
{
	static const char *const headers[] = {"Content-Language: de",
		"Record-Route: <sip:$host;lr>", "Require: eventlist", "-Contact",
		"SIP-ETag: nEvEr", "Supported: nEvEr", "Allow-Events: nEvEr",
		"Call-Info: <sip:nEvEr@x>", "Server: nEvEr", "Max-Forwards: 1",
		"Accept: application/pidf+xml, nEvEr/x", "Accept: nEvEr/x"};

	if (dice_in(&generator->dice, 15))
		buf_printf(out, "\n\t%s", DICE_WORD(&generator->dice, headers));
}

static void add_expires(struct generator *generator, struct buf *out)
{
	static const char *const times[] = {"0", "1", "30", "60", "600", "99999999999"};

	if (dice_in(&generator->dice, 80))
		buf_printf(out, "\n\tExpires: %s", DICE_WORD(&generator->dice, times));
}

static void add_state(struct generator *generator, struct buf *out)
{
	static const char *const states[] = {"active", "active;expires=600",
		"active;expires=5", "pending;expires=60", "odd", "terminated",
		"terminated;reason=noresource",
		"terminated;reason=probation;retry-after=5", "terminated;reason=timeout",
		";nEvEr"};

	if (!dice_in(&generator->dice, 3))
		buf_printf(out, "\n\tSubscription-State: %s",
			DICE_WORD(&generator->dice, states));
}

static void add_said(struct generator *generator, const char *method, struct buf *out)
{
	if (strcmp(method, "MESSAGE") != 0)
		add_event(generator, out);
	if (strcmp(method, "NOTIFY") == 0)
		add_state(generator, out);
	if (strcmp(method, "SUBSCRIBE") == 0 || strcmp(method, "PUBLISH") == 0)
		add_expires(generator, out);
	if (strcmp(method, "MESSAGE") == 0)
		buf_add_str(out, "\n\tbody text/plain\n\t| hello");
	else if (strcmp(method, "SUBSCRIBE") != 0 || dice_in(&generator->dice, 10))
		add_body(generator, out);
	add_odd(generator, out);
}

/* ---- who says it ---- */

void generate_exchange(
	struct generator *generator, const struct party *party, struct buf *out)
{
	static const char *const methods[] = {"SUBSCRIBE", "SUBSCRIBE", "SUBSCRIBE",
		"SUBSCRIBE", "MESSAGE", "PUBLISH", "NOTIFY"};
	const char *method = DICE_WORD(&generator->dice, methods);

	buf_printf(out, "%s.%u sends %s", party->name, ++generator->begun, method);
	generate_identity(generator, party, true, out);
	add_said(generator, method, out);
}

void generate_within(
	struct generator *generator, const struct actor *actor, struct buf *out)
{
	const bool notifies = actor->events == ACTOR_NOTIFIES;
	const char *method = notifies ? "NOTIFY" : "SUBSCRIBE";

	/* what the rules do not let it */
	if (dice_in(&generator->dice, 3))
		method = notifies ? "SUBSCRIBE" : "BYE";
	buf_printf(out, "%s sends %s", actor->endpoint->name, method);
	if (dice_in(&generator->dice, 4))
		buf_add_str(out, " again");
	else
		add_said(generator, method, out);
}

void generate_events_answered(
	struct generator *generator, const char *method, unsigned status, struct buf *out)
{
	static const char *const times[] = {"0", "1", "30", "1200", "x"};

	if (status == 423)
		buf_add_str(out, "\n\tMin-Expires: 600");
	if (status < 300 && strcmp(method, "SUBSCRIBE") == 0 &&
		dice_in(&generator->dice, 20))
		buf_printf(out, "\n\tExpires: %s", DICE_WORD(&generator->dice, times));
	if (status < 300 && strcmp(method, "SUBSCRIBE") == 0 &&
		dice_in(&generator->dice, 5))
		buf_add_str(out, "\n\t-Contact");
}
