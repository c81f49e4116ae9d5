/* Who calls whom, in a random flow: what trunks are shown, and what messages say of identities. */
#include "generate.h"

#include "judge.h"

void generate_identities(struct generator *generator, struct steps *out)
{
	static const char *const settings[] = {"gateway gw identity-from=asserted",
		"gateway gw identity-from=\"fixed +4930911\"", "gateway gw asserted=make",
		"gateway gw asserted=drop remote-party-id=make",
		"gateway gw remote-party-id=drop",
		"gateway gw trust-identity=no privacy=pass", "gateway gw privacy=apply",
		"gateway gw trust-identity=yes privacy=strip",
		"gateway gw diversion=history-info", "gateway gw diversion=diversion",
		"gateway gw diversion=both", "gateway gw connected=pass",
		"gateway gw connected=pass privacy=apply", "server pbx connected=pass",
		"server pbx connected=pass trust-identity=no",
		"server pbx connected=pass privacy=apply",
		"server pbx connected=pass asserted=make remote-party-id=make",
		"server pbx diversion=diversion"};
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, 40))
		return;
	for (unsigned i = 1 + dice_below(dice, 3); i > 0; i--)
		steps_add(out, DICE_WORD(dice, settings));
	generator->style.identities = 20 + dice_below(dice, 60);
}

/* A party of PARTY's house. Of who hides nobody who is not to know may ever see it. */
static void add_name(struct generator *generator, const struct party *party,
	const char *header, bool hides, struct buf *out)
{
	struct dice *dice = &generator->dice;

	buf_printf(out, "\n\t+%s: ", header);
	if (dice_in(dice, 40))
		buf_add_str(out, "\"Carol, C\" ");
	if (dice_in(dice, 15))
		buf_printf(out, "<tel:%s%03u>", hides ? JUDGE_HIDDEN : "+4930",
			dice_below(dice, 5));
	else
		buf_printf(out, "<sip:%s%03u@%s>", hides ? JUDGE_HIDDEN : "+4930",
			dice_below(dice, 5), party->host);
}

static void add_forwardings(
	struct generator *generator, const struct party *party, struct buf *out)
{
	static const char *const diversions[] = {";reason=user-busy;counter=2",
		";reason=unconditional;privacy=full", ";counter=99", ""};
	static const char *const entries[] = {
		";index=1", ";index=1.1;mp=1", ";index=1.1.1;rc=1.1", ""};
	struct dice *dice = &generator->dice;
	const bool history = dice_in(dice, 50);

	for (unsigned i = dice_below(dice, 4); i > 0; i--) {
		add_name(generator, party, history ? "History-Info" : "Diversion", false,
			out);
		buf_add_str(out,
			history ? DICE_WORD(dice, entries) : DICE_WORD(dice, diversions));
	}
}

void generate_identity(struct generator *generator, const struct party *party, bool first,
	struct buf *out)
{
	static const char *const wishes[] = {
		"none", "user", "header", "history", "session", "id;strange", ";,"};
	struct dice *dice = &generator->dice;
	/* an emergency call shows everything */
	const bool hides = !generator->style.emergencies && dice_in(dice, 30);

	if (!dice_in(dice, generator->style.identities))
		return;
	if (dice_in(dice, 80))
		add_name(generator, party, "P-Asserted-Identity", hides, out);
	if (dice_in(dice, 30))
		add_name(generator, party, "Remote-Party-ID", hides, out);
	if (first && dice_in(dice, 20))
		add_name(generator, party, "P-Preferred-Identity", hides, out);
	if (hides)
		buf_add_str(out,
			dice_in(dice, 50) ? "\n\tPrivacy: id" : "\n\tPrivacy: user;id");
	else if (dice_in(dice, 20))
		buf_printf(out, "\n\tPrivacy: %s", DICE_WORD(dice, wishes));
	if (first && dice_in(dice, 40))
		buf_add_str(out, "\n\t+Supported: from-change");
	if (first && dice_in(dice, 30))
		add_forwardings(generator, party, out);
}
