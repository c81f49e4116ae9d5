/* Session timers in a random flow: settings, who asks for what, and who answers what. */
#include "generate.h"

static const char *const gateways[] = {
	"gateway gw session-timer=offer session-expires=90s",
	"gateway gw session-timer=offer session-refresh=invite",
	"gateway gw session-timer=refuse", "gateway gw min-session-expires=3m",
	"gateway gt transport=tcp priority=20 session-timer=offer session-expires=100s",
	"gateway gs tls=yes priority=20 session-timer=offer session-expires=2m"};

static const char *const servers[] = {
	"server pbx session-timer=offer session-expires=90s",
	"server pbx session-timer=offer session-expires=2m min-session-expires=2m",
	"server pbx session-refresh=invite", "server pbx session-timer=refuse"};

void generate_sessions(struct generator *generator, struct steps *out)
{
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, 40))
		return;
	if (dice_in(dice, 60))
		steps_add(out, DICE_WORD(dice, gateways));
	if (dice_in(dice, 40))
		steps_add(out, DICE_WORD(dice, servers));
	generator->style.sessions = 30 + dice_below(dice, 60);
}

static void add_expires(struct generator *generator, struct buf *out)
{
	static const char *const intervals[] = {
		"90", "90", "95", "100", "120", "120", "180", "1800", "90000", "60", "0"};
	static const char *const refreshers[] = {"", ";refresher=uac", ";refresher=uas"};
	struct dice *dice = &generator->dice;

	buf_printf(out, "\n\tSession-Expires: %s%s", DICE_WORD(dice, intervals),
		DICE_WORD(dice, refreshers));
}

void generate_session_asked(struct generator *generator, struct buf *out)
{
	static const char *const least[] = {"90", "95", "120", "1000"};
	struct dice *dice = &generator->dice;

	if (!dice_in(dice, generator->style.sessions))
		return;
	if (dice_in(dice, 85))
		buf_add_str(out, "\n\t+Supported: timer");
	if (dice_in(dice, 75))
		add_expires(generator, out);
	if (dice_in(dice, 10))
		buf_printf(out, "\n\tMin-SE: %s", DICE_WORD(dice, least));
}

void generate_session_answered(struct generator *generator, struct buf *out)
{
	if (dice_in(&generator->dice, generator->style.sessions))
		add_expires(generator, out);
}

void generate_session_small(struct generator *generator, struct buf *out)
{
	static const char *const least[] = {"90", "120", "200", "2000", "0"};

	if (dice_in(&generator->dice, 90))
		buf_printf(out, "\n\tMin-SE: %s", DICE_WORD(&generator->dice, least));
}
