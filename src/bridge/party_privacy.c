#include "bridge/party_privacy.h"

/* RFC 3323 4.1.1.3. One that names nobody already is left as it is. */
static void hide_uri(struct party_name *name)
{
	if (name->unknown.len)
		return;
	name->phone = (struct phone){.number = span_of("anonymous")};
	name->tel = false;
	name->unknown = span_of("anonymous.invalid");
}

static void hide_name(struct party_name *name)
{
	hide_uri(name);
	name->display = span_of("\"Anonymous\"");
}

/* What the parameter privacy of NAME, of a Diversion or Remote-Party-ID, begins with: the draft of the
 * latter has "full-network" too. */
static bool wants(const struct party_name *name, const char *what)
{
	struct span value;

	if (!message_param(name->params, "privacy", &value))
		return false;
	if (value.len > 1 && value.p[0] == '"')
		value = (struct span){value.p + 1, value.len - 2};
	value.len = value.len > strlen(what) ? strlen(what) : value.len;
	return span_equal_nocase(value, what);
}

static void hide_diversion(struct party_name *name, bool all)
{
	const bool full = all || wants(name, "full");

	if (full || wants(name, "uri"))
		hide_uri(name);
	if (full || wants(name, "name"))
		name->display = (struct span){0};
}

/* RFC 7044 10.1.2: an entry that says none is shown, whatever the others are. */
static void hide_entry(struct party_name *name, bool all)
{
	if (privacy_has(name->privacy, "none") ||
		(!all && !privacy_has(name->privacy, "history")))
		return;
	hide_uri(name);
	name->display = name->privacy = (struct span){0};
}

static void hide_remote(struct party *party)
{
	struct party_names *remote = &party->remote;
	unsigned kept = 0;

	for (unsigned i = 0; i < remote->count; i++) {
		struct party_name *name = &remote->list[i];

		if (wants(name, "full") || wants(name, "uri"))
			continue;
		if (wants(name, "name"))
			name->display = (struct span){0};
		remote->list[kept++] = *name;
	}
	remote->count = kept;
}

void party_privacy_hide(struct party *party, unsigned wishes)
{
	const unsigned all = PRIVACY_HEADER | PRIVACY_SESSION | PRIVACY_USER |
			     PRIVACY_ID | PRIVACY_HISTORY;
	const bool history =
		wishes & (PRIVACY_HEADER | PRIVACY_SESSION | PRIVACY_HISTORY);

	/* RFC 3323 4.2: nothing is done for who wants none of it */
	if (wishes & PRIVACY_NONE)
		return;
	/* a PBX that asks for id leaves it to the network to hide him in From too */
	if (wishes & (PRIVACY_ID | PRIVACY_USER))
		hide_name(&party->from);
	if (wishes & (PRIVACY_ID | PRIVACY_HEADER))
		party->asserted.count = party->preferred.count = party->remote.count = 0;
	hide_remote(party);
	for (unsigned i = 0; i < party->diversions.count; i++)
		hide_diversion(&party->diversions.list[i], history);
	for (unsigned i = 0; i < party->history.count; i++)
		hide_entry(&party->history.list[i], history);
	party->hidden |= wishes & all;
}

unsigned party_privacy_unknown(unsigned wishes)
{
	return wishes & PRIVACY_NONE ? 0 : wishes & PRIVACY_OTHER;
}
