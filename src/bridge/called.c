#include "bridge/called.h"

#include "trunk/registration.h"

/* Headers to look in, the first that has a number or name; NULL ends them. */
static const char *const headers[][3] = {
	[CONFIG_CALLED_AUTO] = {"P-Called-Party-ID", "To", NULL},
	[CONFIG_CALLED_REQUEST_URI] = {NULL},
	[CONFIG_CALLED_TO] = {"To", NULL},
	[CONFIG_CALLED_PARTY_ID] = {"P-Called-Party-ID", NULL},
};

void called_find_by(struct party *party, enum config_called rule, struct span user,
	const struct message *invite)
{
	if (rule == CONFIG_CALLED_AUTO &&
		!span_equal(message_request_uri(invite)->user, user))
		return;
	for (const char *const *name = headers[rule]; *name; name++)
		if (party_read_called(party, *name))
			return;
}

void called_find(
	struct party *party, const struct trunk *trunk, const struct message *invite)
{
	const struct registration *registration = trunk->registration;

	if (registration)
		called_find_by(party, trunk->gateway->registration.called,
			span_of(registration->user), invite);
}
