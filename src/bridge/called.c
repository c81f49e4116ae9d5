#include "bridge/called.h"

#include "trunk/registration.h"

/* Headers to look in, the first that has a number or name; NULL ends them. */
static const char *const headers[][3] = {
	[CONFIG_CALLED_AUTO] = {"P-Called-Party-ID", "To", NULL},
	[CONFIG_CALLED_REQUEST_URI] = {NULL},
	[CONFIG_CALLED_TO] = {"To", NULL},
	[CONFIG_CALLED_PARTY_ID] = {"P-Called-Party-ID", NULL},
};

void called_find(
	struct party *party, const struct trunk *trunk, const struct message *invite)
{
	const struct registration *registration = trunk->registration;
	enum config_called rule;

	if (!registration)
		return;
	rule = trunk->gateway->registration.called;
	if (rule == CONFIG_CALLED_AUTO &&
		!span_equal_str(message_request_uri(invite)->user, registration->user))
		return;
	for (const char *const *name = headers[rule]; *name; name++)
		if (party_read_called(party, *name))
			return;
}
