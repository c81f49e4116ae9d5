/* Transfers in a random flow: who may ask for one, and to whom. */
#include "generate.h"

static const char *const gateways[] = {"gateway gw transfer=handle",
	"gateway gw transfer=pass replaces=yes", "gateway gw replaces=yes",
	"gateway gw transfer=handle calls-to=gateways",
	"gateway gt transport=tcp priority=20 transfer=handle referred-by=yes",
	"gateway gs tls=yes priority=20 transfer=handle"};

static const char *const servers[] = {"server pbx transfer=handle",
	"server pbx transfer=pass", "server pbx transfer=pass replaces=no",
	"server pbx transfer=handle referred-by=yes allow-notify=yes"};

void generate_transfers(struct generator *generator, struct steps *out)
{
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, 40))
		return;
	if (dice_in(dice, 60))
		steps_add(out, DICE_WORD(dice, gateways));
	if (dice_in(dice, 70))
		steps_add(out, DICE_WORD(dice, servers));
	generator->style.transfers = 20 + dice_below(dice, 60);
}

/* Another endpoint of PARTY than BY, which may be NULL, whose dialog is replaced; NULL: there is none. */
static const struct endpoint *consulted(
	struct generator *generator, const struct party *party, const struct endpoint *by)
{
	const struct endpoint *found = NULL;
	unsigned count = 0;

	LIST_FOREACH (generator->actors, node, next) {
		const struct actor *actor = LIST_ENTRY(node, struct actor, node);

		if (actor->endpoint != by &&
			(actor->dialog == ACTOR_TALKING ||
				(actor->dialog == ACTOR_EARLY &&
					dice_in(&generator->dice, 50))) &&
			(actor->endpoint->party == party ||
				dice_in(&generator->dice, 10)) &&
			!dice_below(&generator->dice, ++count))
			found = actor->endpoint;
	}
	return found;
}

void generate_refer(
	struct generator *generator, const struct endpoint *by, struct buf *out)
{
	static const char *const targets[] = {"sip:+4930300@host.example",
		"sip:+4930300@host.example", "tel:+4930301", "sip:host.example;x-m=1",
		"sip:112@host.example", "sip:nobody@host.example", "http://host.example"};
	struct dice *dice = &generator->dice;
	const struct endpoint *other =
		dice_in(dice, 50) ? consulted(generator, by->party, by) : NULL;

	buf_printf(out, "%s sends REFER", by->name);
	if (other)
		buf_printf(out,
			"\n\tRefer-To: <sip:+4930300@host.example?Replaces=$%s.replaces>",
			other->name);
	else
		buf_printf(out, "\n\tRefer-To: <%s>", DICE_WORD(dice, targets));
	if (dice_in(dice, 15))
		buf_add_str(out, "\n\tRefer-Sub: false");
	if (dice_in(dice, 30))
		buf_add_str(out, "\n\tReferred-By: <sip:+4930100@host.example>");
}

void generate_replaces(
	struct generator *generator, const struct party *party, struct buf *out)
{
	struct dice *dice = &generator->dice;
	const struct endpoint *other;

	if (!dice_in(dice, generator->style.transfers))
		return;
	other = consulted(generator, party, NULL);
	if (!other)
		return;
	buf_printf(out, "\n\tReplaces: $%s.dialog", other->name);
	if (dice_in(dice, 10))
		buf_add_str(out, ";early-only");
	if (dice_in(dice, 50))
		buf_add_str(out, "\n\tRequire: replaces");
	if (dice_in(dice, 3))
		buf_printf(out, "\n\t+Replaces: $%s.dialog", other->name);
}

void generate_takes_refer(struct generator *generator, struct buf *out)
{
	struct dice *dice = &generator->dice;

	if (generator->style.transfers && dice_in(dice, 50))
		buf_add_str(out,
			"\n\tAllow: INVITE, ACK, CANCEL, BYE, UPDATE, REFER, NOTIFY");
}

void generate_notified(struct generator *generator, struct buf *out)
{
	static const char *const states[] = {"active;expires=60", "active;expires=60",
		"terminated;reason=noresource", "pending"};
	static const char *const lines[] = {"SIP/2.0 100 Trying", "SIP/2.0 180 nEvEr",
		"SIP/2.0 200 OK", "SIP/2.0 486 nEvEr\n\t| Server: nEvEr",
		"SIP/2.0 603 Decline", "SIP/2.0 20", "nEvEr"};
	static const char *const events[] = {
		"refer", "refer", "refer;id=2", "refer;id=3", "dialog"};
	struct dice *dice = &generator->dice;

	buf_printf(out, "\n\tEvent: %s\n\tSubscription-State: %s",
		DICE_WORD(dice, events), DICE_WORD(dice, states));
	if (dice_in(dice, 90))
		buf_printf(out, "\n\tbody message/sipfrag;version=2.0\n\t| %s",
			DICE_WORD(dice, lines));
}
