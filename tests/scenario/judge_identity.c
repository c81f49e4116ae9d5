/* Whether who hides is told to somebody who is not to know it. */
#include "judge_priv.h"

#include "settings.h"

#include <string.h>

/* Who is not trusted with it, or for whom we are the privacy service. */
static bool is_not_told(const struct judge *judge, const struct party *party)
{
	const char *section = party->side == SIDE_INTERNAL ? "server" : "gateway";
	struct list *settings = &judge->stage->settings;
	const char *trusted =
		settings_get(settings, section, party->name, "trust-identity");
	const char *privacy = settings_get(settings, section, party->name, "privacy");

	return (trusted && !strcmp(trusted, "no")) ||
	       (privacy && !strcmp(privacy, "apply"));
}

void judge_identity_sent(struct judge *judge, const struct stage_passed *passed)
{
	const struct span text = message_text(passed->message);
	const size_t head = text.len - message_body(passed->message).len;

	/* what is another's, who may know, comes to it */
	if (passed->party->led_to)
		return;
	if (memmem(text.p, head, JUDGE_HIDDEN, strlen(JUDGE_HIDDEN)) &&
		is_not_told(judge, passed->party))
		judge_fault(judge, "identity", "who hides is shown to %s",
			passed->party->name);
}
