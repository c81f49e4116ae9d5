#include "bridge/party_dry.h"

#include "bridge/party_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What names us in From, as far as it does not depend on a connection. */
static const char *shown_host(const struct trunk *to, const char *fqdn)
{
	const char *contact_host = trunk_settings(to)->contact_host;

	if (to->gateway && to->gateway->from_host[0])
		return to->gateway->from_host;
	return contact_host[0] ? contact_host : fqdn;
}

static char *write_lines(
	const struct party *party, const struct trunk *to, const char *fqdn)
{
	const struct party_shown shown = {.host = shown_host(to, fqdn),
		.target = trunk_host(to),
		.port = "",
		.params = "",
		.user_phone = to->gateway && to->gateway->user_phone};
	struct party_invite written = {0};
	struct buf out;
	char *lines = NULL;

	buf_init(&out, 0);
	if (!party_write(party, &shown, &written)) {
		buf_printf(&out, "Request-URI: %s\r\nFrom: %s\r\nTo: %s\r\n",
			buf_str(&written.uri), buf_str(&written.from),
			buf_str(&written.to));
		buf_add(&out, written.headers.data, written.headers.len);
		lines = out.err ? NULL : span_dup(buf_span(&out));
	}
	buf_free(&out);
	party_invite_free(&written);
	return lines;
}

int party_dry(struct party_dry *ret, const struct party *party, const struct trunk *to,
	const char *fqdn)
{
	struct party *shown;
	int err = party_copy(&shown, party);

	memset(ret, 0, sizeof(*ret));
	if (err)
		return err;
	err = party_rules_out(shown, trunk_settings(to));
	if (!err) {
		ret->called = party_number(&shown->called);
		ret->caller = party_number(&shown->from);
		ret->lines = write_lines(shown, to, fqdn);
		err = ret->called && ret->caller && ret->lines ? 0 : -ENOMEM;
	}
	party_free(shown);
	return err;
}

void party_dry_free(struct party_dry *dry)
{
	free(dry->called);
	free(dry->caller);
	free(dry->lines);
	memset(dry, 0, sizeof(*dry));
}
