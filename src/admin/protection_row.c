#include "admin/protection_row.h"

#include "admin/api.h"
#include "admin/exception.h"
#include "base/buf.h"
#include "config/config.h"
#include "tls/policy.h"

#include <stdio.h>
#include <string.h>

static const char *const traffic_names[TALLY_KINDS] = {"signalling", "media", "messages"};

const char *protection_required(
	const struct trunk *trunk, enum tally_kind kind, char *out, size_t size)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	const enum config_srtp srtp = settings->srtp;

	if (kind == TALLY_MEDIA)
		return srtp == CONFIG_SRTP_REQUIRED &&
				       settings->media.t38 == CONFIG_T38_RELAY
			       ? "SRTP, but for fax"
		       : srtp == CONFIG_SRTP_REQUIRED ? "SRTP"
		       : srtp == CONFIG_SRTP_OPTIONAL ? "SRTP where it is offered"
						      : "none";
	if (!trunk_is_tls(trunk))
		return "none";
	snprintf(out, size, "mutual TLS %s, %s ciphers",
		config_tls_version_name(settings->tls_min),
		config_ciphers_name(settings->ciphers));
	return out;
}

/* As connections name it; "": none is demanded. */
static const char *tls_least(const struct trunk *trunk, enum tally_kind kind)
{
	if (kind == TALLY_MEDIA || !trunk_is_tls(trunk))
		return "";
	return trunk->peer ? policy_version_name(trunk->peer->terms.min) : "TLS1.2";
}

/* The record's escapes are undone. */
static json_t *unescaped(const char *text)
{
	struct buf quoted;
	json_t *string = NULL;

	buf_init(&quoted, 0);
	buf_printf(&quoted, "\"%s\"", text);
	if (!quoted.err)
		string = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
	buf_free(&quoted);
	return string ? string : api_text(text);
}

static json_t *ways_json(const struct tally_sum *sum)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < sum->way_count; i++) {
		const struct tally_way *way = &sum->ways[i];

		json_array_append_new(
			array, json_pack("{s:o, s:o, s:b, s:I, s:I}", "protection",
				       unescaped(way->text), "peer_names",
				       unescaped(way->names), "protected",
				       (int)way->secure, "legs", (json_int_t)way->ended,
				       "legs_now", (json_int_t)way->now));
	}
	return array;
}

/* Percent, one decimal, never rounded up: 100 is said of all alone. */
static json_t *share_json(const struct tally_sum *sum)
{
	if (sum->legs == 0)
		return json_null();
	return json_real((double)(sum->secure * 1000 / sum->legs) / 10);
}

json_t *protection_row(
	const struct tally_party *party, enum tally_kind kind, const char *name)
{
	static const struct tally_party nothing;
	const struct tally_sum *sum;
	const char *blank = strchr(name, ' ');
	char party_kind[16];

	party = party ? party : &nothing;
	sum = &party->sums[kind];
	snprintf(party_kind, sizeof(party_kind), "%.*s",
		(int)(blank ? (size_t)(blank - name) : strlen(name)), name);
	return json_pack(
		"{s:s, s:o, s:s, s:s, s:s, s:s, s:[], s:o, s:I, s:I, s:o, s:o, s:[]}",
		"kind", party_kind, "id", api_text(blank ? blank + 1 : ""), "state", "",
		"traffic", traffic_names[kind], "required", "", "tls_least", "",
		"connections", "ways", ways_json(sum), "legs", (json_int_t)sum->legs,
		"protected_legs", (json_int_t)sum->secure, "share", share_json(sum),
		"failed_legs",
		kind == TALLY_SIGNALLING ? json_integer((json_int_t)party->failed)
					 : json_null(),
		"exceptions");
}

static const char *state_name(const struct trunk *trunk)
{
	return !trunk_settings(trunk)->enabled ? "disabled" : "configured";
}

void protection_row_demand(
	json_t *row, const struct trunk *trunk, enum tally_kind kind, time_t now)
{
	char required[64];

	json_object_set_new(row, "state", json_string(state_name(trunk)));
	json_object_set_new(row, "required",
		json_string(
			protection_required(trunk, kind, required, sizeof(required))));
	json_object_set_new(row, "tls_least", json_string(tls_least(trunk, kind)));
	json_object_set_new(row, "exceptions", exception_list(trunk, kind, now));
}
