/* Redirections in a random flow: what becomes of a 3xx, and whom it names; and a From that changes within a call. */
#include "generate.h"

static const char *const settings[] = {"gateway gw redirect=follow",
	"gateway gw redirect=follow next-on=302,486,503", "gateway gw redirect=pass",
	"gateway gw redirect=pass redirect-out=yes", "gateway gw redirect-out=yes",
	"gateway gt transport=tcp priority=20 redirect=follow",
	"gateway gs tls=yes priority=20 redirect=follow", "server pbx redirect=follow",
	"server pbx redirect=pass redirect-out=yes", "server pbx redirect-out=yes",
	"server pbx2 priority=20 redirect=follow"};

void generate_redirections(struct generator *generator, struct steps *out)
{
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, 40))
		return;
	for (unsigned i = 1 + dice_below(dice, 4); i > 0; i--)
		steps_add(out, DICE_WORD(dice, settings));
	generator->style.redirections = 10 + dice_below(dice, 60);
}

/* The user part of somebody, who may have been called already, or never may be. */
static void add_user(struct dice *dice, struct buf *out)
{
	static const char *const users[] = {
		"+4930200", "+4930100", "112", "nobody", "+4930300;ext=1", "%00"};

	if (dice_in(dice, 75))
		buf_printf(out, "+49303%02u", dice_below(dice, 20));
	else
		buf_add_str(out, DICE_WORD(dice, users));
}

static void add_contact(struct dice *dice, const char *host, struct buf *out)
{
	static const char *const params[] = {
		"", "", ";q=0.5", ";q=0.1", ";q=1.0", ";q=x", ";expires=60"};

	if (dice_in(dice, 10)) {
		buf_printf(out, "<sip:%s>", host);
	} else if (dice_in(dice, 10)) {
		buf_printf(out, "<tel:+49303%02u>", dice_below(dice, 20));
	} else {
		buf_add_str(out, "\"Carol, C\" <sip:");
		add_user(dice, out);
		buf_printf(out, "@%s>", host);
	}
	buf_add_str(out, DICE_WORD(dice, params));
}

unsigned generate_redirect_status(struct generator *generator)
{
	static const unsigned statuses[] = {302, 302, 302, 301, 300, 380, 305, 399};
	struct dice *dice = &generator->dice;

	return statuses[dice_below(dice, sizeof(statuses) / sizeof(statuses[0]))];
}

void generate_redirected(
	struct generator *generator, const struct party *party, struct buf *out)
{
	static const char *const diversions[] = {
		"no-answer;privacy=full", "\"user-busy\"", "away;counter=7", "\"\";x"};
	struct dice *dice = &generator->dice;
	const unsigned count = dice_in(dice, 70) ? 1 : 1 + dice_below(dice, 12);

	if (!generator->style.redirections || dice_in(dice, 5))
		return;
	for (unsigned i = 0; i < count; i++) {
		buf_add_str(out, i ? ", " : "\n\tContact: ");
		add_contact(dice, party->host, out);
	}
	if (dice_in(dice, 25))
		buf_printf(out, "\n\tDiversion: <sip:+4930200@%s>;reason=%s", party->host,
			DICE_WORD(dice, diversions));
}

void generate_changed_from(
	struct generator *generator, const struct endpoint *endpoint, struct buf *out)
{
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, generator->style.identities))
		return;
	if (dice_in(dice, 50))
		buf_add_str(out, "\n\t+Supported: from-change");
	if (dice_in(dice, 30))
		buf_printf(out, "\n\tFrom: %s<sip:+4930%03u@%s>;tag=$tag",
			dice_in(dice, 50) ? "\"Carol, C\" " : "", dice_below(dice, 5),
			endpoint->party->host);
}
