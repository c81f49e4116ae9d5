#include "admin/exception.h"

#include "admin/api.h"
#include "admin/moment.h"

#include <stdio.h>
#include <string.h>

struct exceptions {
	json_t *array;
	const struct config_peer *peer;
	time_t now;
};

static const char *state_of(const struct exceptions *exceptions)
{
	const struct config_peer *peer = exceptions->peer;

	if (peer->exception_until != 0 && peer->exception_until <= exceptions->now)
		return "expired";
	return peer->exception_until != 0 && peer->exception_reason[0] ? "documented"
								       : "undocumented";
}

static void add(const struct exceptions *exceptions, const char *key, const char *value,
	const char *allows)
{
	const struct config_peer *peer = exceptions->peer;
	char setting[64];

	snprintf(setting, sizeof(setting), "%s = %s", key, value);
	json_array_append_new(exceptions->array,
		json_pack("{s:s, s:s, s:o, s:o, s:s}", "setting", setting, "allows",
			allows, "reason", api_text(peer->exception_reason), "until",
			moment_json(peer->exception_until), "state",
			state_of(exceptions)));
}

static void add_signalling(
	const struct exceptions *exceptions, const struct config_trunk *settings)
{
	const struct config_peer *peer = &settings->peer;

	if (settings->tls != CONFIG_TLS_YES) {
		add(exceptions, "tls", config_tls_name(settings->tls), "SIP in clear");
		return; /* what else is set counts with TLS alone */
	}
	if (settings->tls_min < CONFIG_TLS_1_2)
		add(exceptions, "tls-min", config_tls_version_name(settings->tls_min),
			"TLS below 1.2");
	if (settings->ciphers != CONFIG_CIPHERS_MODERN)
		add(exceptions, "ciphers", config_ciphers_name(settings->ciphers),
			settings->ciphers == CONFIG_CIPHERS_LEGACY
				? "AES-CBC, and no forward secrecy"
				: "AES-CBC");
	if (peer->wildcard != CONFIG_WILDCARD_NO)
		add(exceptions, "wildcard", config_wildcard_name(peer->wildcard),
			"a certificate for a whole domain");
	if (peer->revocation == CONFIG_REVOCATION_SOFT)
		add(exceptions, "revocation", config_revocation_name(peer->revocation),
			"a certificate whose revocation cannot be judged");
}

static void add_media(
	const struct exceptions *exceptions, const struct config_trunk *settings)
{
	/* Its keys would cross in clear: srtp is off whatever the file says. */
	if (settings->tls != CONFIG_TLS_YES) {
		add(exceptions, "tls", config_tls_name(settings->tls), "RTP in clear");
		return;
	}
	if (settings->srtp != CONFIG_SRTP_REQUIRED)
		add(exceptions, "srtp", config_srtp_name(settings->srtp), "RTP in clear");
	if (settings->media.t38 == CONFIG_T38_RELAY)
		add(exceptions, "t38", config_t38_name(settings->media.t38),
			"fax in clear");
}

/* What crosses in plain, as methods names it. */
static void add_messages(
	const struct exceptions *exceptions, const struct config_trunk *settings)
{
	char names[48];
	size_t len = 0;

	if (settings->tls == CONFIG_TLS_YES || !settings->messages.methods)
		return;
	for (enum messages_method nth = 0; nth < MESSAGES_METHODS; nth++) {
		if (!(settings->messages.methods & 1U << nth))
			continue;
		span_append(names, sizeof(names), &len, len ? ", " : "");
		span_append(names, sizeof(names), &len, messages_name(nth));
	}
	add(exceptions, "methods", names, "messages in clear");
}

json_t *exception_list(const struct trunk *trunk, enum tally_kind kind, time_t now)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	const struct exceptions exceptions = {
		.array = json_array(), .peer = &settings->peer, .now = now};

	if (kind == TALLY_SIGNALLING)
		add_signalling(&exceptions, settings);
	else if (kind == TALLY_MESSAGES)
		add_messages(&exceptions, settings);
	else
		add_media(&exceptions, settings);
	return exceptions.array;
}

bool exception_is_over(const json_t *entry)
{
	const char *state = json_string_value(json_object_get(entry, "state"));

	return state && strcmp(state, "expired") == 0;
}
