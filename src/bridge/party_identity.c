#include "bridge/party_identity.h"

#include "bridge/party_diversion.h"
#include "bridge/party_privacy.h"

#include <errno.h>
#include <stdlib.h>

void party_identity_in(struct party *party, const struct config_identity *settings)
{
	if (settings->trusted)
		return;
	/* RFC 3325 5: what somebody asserts who is not trusted is not used */
	party->doubted = true;
	party->asserted.count = party->remote.count = 0;
}

static bool is_number(const struct party_name *name)
{
	return name->phone.is_number && !name->unknown.len;
}

/* The first with a number; NULL: there is none. */
static const struct party_name *number_in(const struct party_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		if (is_number(&names->list[i]))
			return &names->list[i];
	return NULL;
}

/* ---- identities that are made ---- */

static int make(struct party_names *names, const struct party_name *of)
{
	struct party_name *list = realloc(names->list, sizeof(*list));

	if (!list)
		return -ENOMEM;
	list[0] = *of;
	list[0].params = (struct span){0};
	names->list = list;
	names->count = 1;
	return 0;
}

/* RFC 3325 5: only who is trusted himself has his word taken for who his caller is. */
static int make_asserted(struct party *party)
{
	const struct party_name *of = number_in(&party->remote);

	if (!of)
		of = number_in(&party->preferred);
	if (!of && is_number(&party->from))
		of = &party->from;
	return of && !party->doubted ? make(&party->asserted, of) : 0;
}

/* draft-ietf-sip-privacy-04 3.2. */
static int make_remote(struct party *party, bool asserted)
{
	static const char *const params[2][2][2] = {
		{{"party=calling;screen=no;privacy=off",
			 "party=calling;screen=no;privacy=full"},
			{"party=calling;screen=yes;privacy=off",
				"party=calling;screen=yes;privacy=full"}},
		{{"party=called;screen=no;privacy=off",
			 "party=called;screen=no;privacy=full"},
			{"party=called;screen=yes;privacy=off",
				"party=called;screen=yes;privacy=full"}}};
	const bool hides = party->privacy & (PRIVACY_ID | PRIVACY_USER) &&
			   !(party->privacy & PRIVACY_NONE);
	const struct party_name *of = number_in(&party->asserted);
	int err;

	if (!of && is_number(&party->from))
		of = &party->from;
	if (!of)
		return 0;
	err = make(&party->remote, of);
	if (!err)
		party->remote.list[0].params =
			span_of(params[party->connected][asserted][hides]);
	return err;
}

/* ---- From ---- */

static void show_number(struct party_name *from, struct phone phone, struct span display)
{
	/* who hides has "Anonymous" there, which is not who that number is */
	if (display.len || from->unknown.len)
		from->display = display;
	from->phone = phone;
	from->unknown = (struct span){0};
	from->tel = false;
}

static void show_from(struct party *party, const char *rule)
{
	const struct party_name *asserted = number_in(&party->asserted);

	if (rule[0] == 'a' && asserted)
		show_number(&party->from, asserted->phone, asserted->display);
	else if (span_starts(span_of(rule), "fixed "))
		show_number(&party->from,
			(struct phone){.number = span_of(rule + strlen("fixed ")),
				.is_number = true},
			(struct span){0});
}

/* ---- how it was forwarded ---- */

static int tell_forwarding(struct party *party, enum config_diversion rule)
{
	const bool diverted = party->diversions.count;
	const bool history = party->history.count;
	int err = 0;

	if (rule == CONFIG_DIVERSION_PASS)
		return 0;
	if ((rule == CONFIG_DIVERSION_DIVERSION || rule == CONFIG_DIVERSION_BOTH) &&
		!diverted && history)
		err = party_diversion_from_history(party);
	if ((rule == CONFIG_DIVERSION_HISTORY || rule == CONFIG_DIVERSION_BOTH) &&
		diverted && !history)
		err = party_diversion_to_history(party);
	if (rule == CONFIG_DIVERSION_DIVERSION || rule == CONFIG_DIVERSION_DROP)
		party->history.count = 0;
	if (rule == CONFIG_DIVERSION_HISTORY || rule == CONFIG_DIVERSION_DROP)
		party->diversions.count = 0;
	return err;
}

/* ---- privacy ---- */

/* What of the wishes, critical aside, is not fulfilled by RULE. */
static unsigned unfulfilled(unsigned wishes, enum config_privacy rule)
{
	if (rule == CONFIG_PRIVACY_APPLY)
		return party_privacy_unknown(wishes);
	if (rule == CONFIG_PRIVACY_STRIP && !(wishes & PRIVACY_NONE))
		return wishes & ~(unsigned)PRIVACY_CRITICAL;
	return 0;
}

static int keep_private(struct party *party, const struct config_identity *settings)
{
	if (party->privacy & PRIVACY_CRITICAL &&
		unfulfilled(party->privacy, settings->privacy))
		return -EPERM;
	if (settings->privacy == CONFIG_PRIVACY_APPLY) {
		party_privacy_hide(party, party->privacy);
	} else if (!settings->trusted) {
		/* RFC 3325 7, RFC 7044 10.1.2: what leaves the trust domain; the header goes on */
		party_privacy_hide(party,
			party->privacy & (PRIVACY_ID | PRIVACY_HISTORY | PRIVACY_NONE));
		party->hidden = 0;
	}
	if (settings->privacy == CONFIG_PRIVACY_STRIP)
		party->hidden = ~0u;
	return 0;
}

int party_identity_out(struct party *party, const struct config_identity *settings)
{
	const bool asserted = party->asserted.count;
	int err = 0;

	if (settings->asserted == CONFIG_IDENTITY_MAKE && !asserted)
		err = make_asserted(party);
	if (!err && settings->remote == CONFIG_IDENTITY_MAKE && !party->remote.count)
		err = make_remote(party, asserted);
	if (!err && settings->from)
		show_from(party, settings->from);
	if (!err && !party->urgent)
		err = tell_forwarding(party, settings->diversion);
	if (err)
		return err;
	if (settings->asserted == CONFIG_IDENTITY_DROP)
		party->asserted.count = party->preferred.count = 0;
	if (settings->remote == CONFIG_IDENTITY_DROP)
		party->remote.count = 0;
	if (!settings->trusted) /* RFC 3325 9.2 */
		party->preferred.count = 0;
	return party->urgent ? 0 : keep_private(party, settings);
}
