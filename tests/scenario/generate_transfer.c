/* Transfers in a random flow: who may ask for one, and to whom. */
#include "generate.h"

static const char *const gateways[] = {"gateway gw transfer=handle",
	"gateway gw transfer=handle calls-to=gateways",
	"gateway gt transport=tcp priority=20 transfer=handle referred-by=yes",
	"gateway gs tls=yes priority=20 transfer=handle"};

static const char *const servers[] = {"server pbx transfer=handle",
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

/* Another endpoint of its party, whose dialog is replaced; NULL: there is none. */
static const struct endpoint *consulted(
	struct generator *generator, const struct endpoint *by)
{
	const struct endpoint *found = NULL;
	unsigned count = 0;

	LIST_FOREACH (generator->actors, node, next) {
		const struct actor *actor = LIST_ENTRY(node, struct actor, node);

		if (actor->endpoint != by && actor->dialog == ACTOR_TALKING &&
			(actor->endpoint->party == by->party ||
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
		dice_in(dice, 50) ? consulted(generator, by) : NULL;

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
