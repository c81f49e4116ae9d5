/* What of headers and statuses crosses: nothing that never does, and by the rules of the configuration. */
#include "judge_priv.h"

#include "config/codes.h"

#include <string.h>

/* In the value of every header that a party sends and that may never cross. */
static const char mark[] = "nEvEr";
/* What every header begins with that crosses by a rule alone. */
static const char ruled[] = "X-Cross-";

static bool has_rules(const struct config_trunk *settings)
{
	return settings->crossing.pass.count || settings->crossing.add.count;
}

static bool any_has_rules(const struct config *config)
{
	for (size_t i = 0; i < config->server_count; i++)
		if (has_rules(&config->servers[i].common))
			return true;
	for (size_t i = 0; i < config->gateway_count; i++)
		if (has_rules(&config->gateways[i].common))
			return true;
	return false;
}

void judge_headers_sent(struct judge *judge, const struct stage_passed *passed)
{
	struct span text = message_text(passed->message);

	/* a key may be anything */
	text.len -= message_body(passed->message).len;
	/* calls keep the configuration that they began with */
	judge->ruled = judge->ruled || any_has_rules(judge->stage->config);
	if (memmem(text.p, text.len, mark, sizeof(mark) - 1))
		judge_fault(judge, "header", "what never crosses goes to %s",
			passed->party->name);
	if (memmem(text.p, text.len, ruled, sizeof(ruled) - 1) && !judge->ruled)
		judge_fault(judge, "header", "what no rule passes goes to %s",
			passed->party->name);
}

void judge_headers_refused(
	struct judge *judge, const struct judge_asked *asked, int status, uint64_t call)
{
	const struct config_trunk *settings = judge_trunk_settings(judge, asked->party);

	if (!settings || !call || asked->to_tag[0] || asked->excused ||
		judge->changed_us >= asked->at_us)
		return;
	if (codes_find(&settings->crossing.codes_out, status, 0))
		judge_fault(judge, "status", "%d to %s, whose codes-out has another",
			status, asked->party->name);
}
