#include "admin/diff.h"

#include "admin/api.h"
#include "admin/origin_json.h"
#include "admin/verbs.h"
#include "config/config.h"
#include "config/effective.h"
#include "config/print.h"
#include "sip/transport.h"
#include "trunk/trunk.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 160

/* Two snapshots, and what is found between them. */
struct diff {
	const struct verbs_context *context;
	const struct config *old, *fresh;
	json_t *changes;
	json_t *restart;
};

/* One server, gateway or section in both of them. */
struct pair {
	enum trunk_kind kind;
	bool is_section;
	const char *id;
	struct effective_part old, fresh; /* config NULL: it is not there */
	unsigned calls, connections;
	json_t *keys, *effects;
};

/* ---- keys ---- */

static json_t *value_json(const struct effective_part *part, const struct schema_key *key,
	struct effective *ret)
{
	json_t *value;
	struct buf text;

	buf_init(&text, 0);
	effective_read(part, key, ret, &text);
	value = api_text(buf_str(&text) ? text.data : "");
	buf_free(&text);
	return value;
}

/* What is inherited on both sides is a change of the section that it comes from. */
static bool is_shown(const struct pair *pair, const struct schema_key *key)
{
	struct effective old = {0}, fresh = {0};
	struct buf text;

	if (!pair->old.config)
		return true;
	buf_init(&text, 0);
	effective_read(&pair->old, key, &old, &text);
	effective_read(&pair->fresh, key, &fresh, &text);
	buf_free(&text);
	return old.from != EFFECTIVE_INHERITED || fresh.from != EFFECTIVE_INHERITED;
}

static void add_key(struct diff *diff, struct pair *pair, const struct schema_key *key)
{
	struct effective fresh;
	json_t *old = json_null(), *value = value_json(&pair->fresh, key, &fresh);
	char section[EFFECTIVE_SECTION_SIZE], name[TEXT_SIZE];

	if (pair->old.config) {
		struct effective ignored;

		old = value_json(&pair->old, key, &ignored);
	} else if (fresh.from != EFFECTIVE_FILE && fresh.from != EFFECTIVE_PROFILE) {
		json_decref(value); /* of an added one what it sets itself */
		return;
	}
	json_array_append_new(
		pair->keys, json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "section",
				    effective_section(&pair->fresh, key, section), "key",
				    key->name, "old", old, "new", value, "origin",
				    origin_json(&fresh), "restart", (int)key->at_start));
	if (!key->at_start)
		return;
	snprintf(name, sizeof(name), "[%s] %s", schema_section_name(key->section),
		key->name);
	json_array_append_new(diff->restart, json_string(name));
}

static bool differs(const struct pair *pair, const struct schema_key *key)
{
	return !pair->old.config || !effective_equal(&pair->old, &pair->fresh, key);
}

/* Whether one of NAMES, which end with NULL, differs. */
static bool any_differs(const struct pair *pair, const char *const *names)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++) {
		if (!effective_has(&pair->fresh, &keys[i]) || !differs(pair, &keys[i]))
			continue;
		for (size_t j = 0; names[j]; j++)
			if (strcmp(keys[i].name, names[j]) == 0)
				return true;
	}
	return false;
}

static void compare_keys(struct diff *diff, struct pair *pair, unsigned section)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (effective_has(&pair->fresh, &keys[i]) &&
			(!pair->is_section || keys[i].section == section) &&
			differs(pair, &keys[i]) && is_shown(pair, &keys[i]))
			add_key(diff, pair, &keys[i]);
}

static const struct config_route *route_find(
	const struct config_gateway *gateway, const char *name)
{
	for (size_t i = 0; i < gateway->common.route_count; i++)
		if (strcmp(gateway->common.routes[i].name, name) == 0)
			return &gateway->common.routes[i];
	return NULL;
}

/* A route that is gone, by what it set itself. */
static void add_gone(struct pair *pair, const struct effective_part *route)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	char section[EFFECTIVE_SECTION_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct effective effective;
		json_t *old;

		if (!effective_has(route, &keys[i]))
			continue;
		old = value_json(route, &keys[i], &effective);
		if (effective.from != EFFECTIVE_FILE) {
			json_decref(old);
			continue;
		}
		json_array_append_new(
			pair->keys, json_pack("{s:s, s:s, s:o, s:s, s:o, s:b}", "section",
					    effective_section(route, &keys[i], section),
					    "key", keys[i].name, "old", old, "new", "",
					    "origin", origin_json(&effective), "restart",
					    (int)keys[i].at_start));
	}
}

/* The routes of a gateway that stays: their keys are listed with its own. */
static void compare_routes(struct diff *diff, struct pair *pair)
{
	const struct config_gateway *old = pair->old.gateway;
	const struct config_gateway *fresh = pair->fresh.gateway;

	for (size_t i = 0; i < fresh->common.route_count; i++) {
		const struct config_route *route = &fresh->common.routes[i];
		struct pair part = *pair;

		part.fresh.route = route;
		part.old.route = old ? route_find(old, route->name) : NULL;
		if (!part.old.route)
			part.old.config = NULL;
		compare_keys(diff, &part, SCHEMA_ROUTE);
	}
	for (size_t i = 0; old && i < old->common.route_count; i++) {
		const struct config_route *route = &old->common.routes[i];
		struct effective_part part = pair->old;

		part.route = route;
		if (!route_find(fresh, route->name))
			add_gone(pair, &part);
	}
}

/* ---- what follows ---- */

static void add_effect(struct pair *pair, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_effect(struct pair *pair, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(pair->effects, json_string(text));
}

static const char *plural(unsigned count)
{
	return count == 1 ? "" : "s";
}

/* "3 calls go on", with BUF; nothing stands: what comes first is enough. */
static void add_standing(struct pair *pair, const char *how)
{
	if (pair->calls)
		add_effect(pair, "%u call%s %s on %s", pair->calls, plural(pair->calls),
			pair->calls == 1 ? "goes" : "go", how);
}

static const struct config_trunk *settings_of(const struct effective_part *part)
{
	return part->gateway ? &part->gateway->common : &part->server->common;
}

static void tell_removed(struct pair *pair)
{
	const bool tls = settings_of(&pair->old)->tls == CONFIG_TLS_YES;

	add_effect(pair, "no new calls by it");
	if (tls && pair->connections)
		add_effect(pair, "%u connection%s will be closed", pair->connections,
			plural(pair->connections));
	if (pair->calls && tls)
		add_effect(pair, "%u call%s end%s when the connection is closed",
			pair->calls, plural(pair->calls), pair->calls == 1 ? "s" : "");
	else if (pair->calls)
		add_standing(pair, "until they end");
}

static const char *tls_words(const struct config_trunk *settings)
{
	return settings->tls == CONFIG_TLS_YES ? "TLS" : "plain";
}

/* The way of signalling, and whether there are calls at all. True: it was said what calls do. */
static bool tell_switches(struct pair *pair)
{
	const struct config_trunk *old = settings_of(&pair->old);
	const struct config_trunk *fresh = settings_of(&pair->fresh);
	bool told = false;

	if (old->enabled != fresh->enabled) {
		add_effect(pair,
			fresh->enabled ? "calls are taken again" : "no new calls by it");
		if (!fresh->enabled)
			add_standing(pair, "until they end");
		told = true;
	}
	if ((old->tls == CONFIG_TLS_YES) != (fresh->tls == CONFIG_TLS_YES)) {
		add_standing(pair, old->tls == CONFIG_TLS_YES ? "over TLS" : "in plain");
		add_effect(pair, "the next call is %s", tls_words(fresh));
		told = true;
	}
	if (fresh->limits.max_calls < old->limits.max_calls &&
		pair->calls >= fresh->limits.max_calls) {
		add_effect(pair, "no new calls until fewer than %u stand",
			fresh->limits.max_calls);
		if (!told)
			add_standing(pair, "until they end");
		told = true;
	}
	return told;
}

static void tell_changed(struct pair *pair)
{
	static const char *const judged[] = {"host", "names", "wildcard", "eku", "pins",
		"mutual", "revocation", "trust", "crl", "tls-min", "ciphers", NULL};
	static const char *const shown[] = {
		"certificate", "key", "next-certificate", "next-key", "next-from", NULL};
	const bool tls = settings_of(&pair->old)->tls == CONFIG_TLS_YES &&
			 settings_of(&pair->fresh)->tls == CONFIG_TLS_YES;

	if (!tell_switches(pair) && pair->calls)
		add_standing(pair, "by the old settings, the next one is by the new");
	if (tls && pair->connections && any_differs(pair, judged))
		add_effect(pair,
			"%u connection%s judged again: one that no longer fits is "
			"closed, and "
			"its calls end",
			pair->connections, pair->connections == 1 ? " is" : "s are");
	if (tls && any_differs(pair, shown))
		add_effect(pair, "new connections present the new certificate");
}

/* How many servers and gateways have the value of KEY from its section. */
static unsigned count_heirs(const struct diff *diff, const struct schema_key *key)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count), *heir;
	struct effective_part part = {.config = diff->fresh};
	unsigned heirs = 0;
	struct effective value;
	struct buf text;

	buf_init(&text, 0);
	for (size_t i = 0; i < count; i++) {
		heir = &keys[i];
		if (!heir->inherits || heir->parent != key->section ||
			strcmp(heir->name, key->name) != 0)
			continue;
		part.gateway = NULL;
		for (size_t j = 0; j < diff->fresh->server_count; j++) {
			part.server = &diff->fresh->servers[j];
			if (!effective_has(&part, heir))
				break;
			effective_read(&part, heir, &value, &text);
			heirs += value.from == EFFECTIVE_INHERITED;
		}
		part.server = NULL;
		for (size_t j = 0; j < diff->fresh->gateway_count; j++) {
			part.gateway = &diff->fresh->gateways[j];
			if (!effective_has(&part, heir))
				break;
			effective_read(&part, heir, &value, &text);
			heirs += value.from == EFFECTIVE_INHERITED;
		}
		buf_clear(&text);
	}
	buf_free(&text);
	return heirs;
}

static void tell_section(const struct diff *diff, struct pair *pair, unsigned section)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	bool now = false;

	for (size_t i = 0; i < count; i++) {
		unsigned heirs;

		if (keys[i].section != section || !differs(pair, &keys[i]))
			continue;
		if (keys[i].at_start) {
			add_effect(pair, "%s: needs a restart", keys[i].name);
			continue;
		}
		now = true;
		heirs = count_heirs(diff, &keys[i]);
		if (heirs)
			add_effect(pair,
				"%s: of %u server%s or trunk%s that inherit%s it too",
				keys[i].name, heirs, plural(heirs), plural(heirs),
				heirs == 1 ? "s" : "");
	}
	if (now)
		add_effect(pair, section == SCHEMA_INTERNAL || section == SCHEMA_EXTERNAL
					 ? "counts for the next handshake; open "
					   "connections are judged again"
					 : "counts for the next call");
}

/* ---- pairs ---- */

struct counted {
	const struct verbs_context *context;
	const struct trunk *trunk;
	unsigned count;
};

static void count_connection(void *arg, struct flow *flow)
{
	struct counted *counted = arg;

	counted->count +=
		!flow->closed && trunks_of_flow(counted->context->trunks, flow,
					 counted->trunk->kind) == counted->trunk;
}

/* What stands now. */
static void count_standing(const struct diff *diff, struct pair *pair)
{
	const struct verbs_context *context = diff->context;
	struct transport *transport =
		pair->kind == TRUNK_GATEWAY ? context->external : context->internal;
	struct counted counted = {.context = context};

	counted.trunk = trunks_find(context->trunks, pair->kind, pair->id);
	if (!counted.trunk)
		return;
	if (transport)
		transport_each(transport, count_connection, &counted);
	pair->calls = counted.trunk->calls;
	pair->connections = counted.count;
}

static const char *kind_name(const struct pair *pair)
{
	if (pair->is_section)
		return "section";
	return pair->kind == TRUNK_GATEWAY ? "trunk" : "server";
}

/* Nothing is added where nothing differs. */
static void add_pair(struct diff *diff, struct pair *pair, unsigned section)
{
	const char *change = !pair->old.config     ? "added"
			     : !pair->fresh.config ? "removed"
						   : "changed";

	pair->keys = json_array();
	pair->effects = json_array();
	if (pair->fresh.config)
		compare_keys(diff, pair, section);
	if (pair->fresh.gateway)
		compare_routes(diff, pair);
	if (pair->fresh.config && pair->old.config && json_array_size(pair->keys) == 0) {
		json_decref(pair->keys);
		json_decref(pair->effects);
		return;
	}
	if (!pair->is_section && pair->old.config)
		count_standing(diff, pair);
	if (pair->is_section)
		tell_section(diff, pair, section);
	else if (!pair->old.config)
		add_effect(pair,
			settings_of(&pair->fresh)->enabled
				? "takes calls from then on, %s"
				: "is there, but disabled (%s)",
			tls_words(settings_of(&pair->fresh)));
	else if (!pair->fresh.config)
		tell_removed(pair);
	else
		tell_changed(pair);
	json_array_append_new(diff->changes,
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o}", "kind", kind_name(pair),
			"id", pair->id, "change", change, "calls", (int)pair->calls,
			"connections", (int)pair->connections, "keys", pair->keys,
			"effects", pair->effects));
}

static void compare_sections(struct diff *diff)
{
	for (unsigned section = SCHEMA_TANDEM; section <= SCHEMA_SIP; section++) {
		struct pair pair = {.is_section = true,
			.id = schema_section_name((enum schema_section)section),
			.old = {.config = diff->old},
			.fresh = {.config = diff->fresh}};

		add_pair(diff, &pair, section);
	}
}

static void compare_servers(struct diff *diff)
{
	for (size_t i = 0; i < diff->old->server_count; i++) {
		const struct config_server *old = &diff->old->servers[i];
		const struct config_server *fresh =
			config_server_find(diff->fresh, old->common.id);
		struct pair pair = {.kind = TRUNK_SERVER,
			.id = old->common.id,
			.old = {.config = diff->old, .server = old},
			.fresh = {.config = fresh ? diff->fresh : NULL, .server = fresh}};

		add_pair(diff, &pair, SCHEMA_SERVER);
	}
	for (size_t i = 0; i < diff->fresh->server_count; i++) {
		const struct config_server *fresh = &diff->fresh->servers[i];
		struct pair pair = {.kind = TRUNK_SERVER,
			.id = fresh->common.id,
			.fresh = {.config = diff->fresh, .server = fresh}};

		if (!config_server_find(diff->old, fresh->common.id))
			add_pair(diff, &pair, SCHEMA_SERVER);
	}
}

static void compare_gateways(struct diff *diff)
{
	for (size_t i = 0; i < diff->old->gateway_count; i++) {
		const struct config_gateway *old = &diff->old->gateways[i];
		const struct config_gateway *fresh =
			config_gateway_find(diff->fresh, old->common.id);
		struct pair pair = {.kind = TRUNK_GATEWAY,
			.id = old->common.id,
			.old = {.config = diff->old, .gateway = old},
			.fresh = {
				.config = fresh ? diff->fresh : NULL, .gateway = fresh}};

		add_pair(diff, &pair, SCHEMA_GATEWAY);
	}
	for (size_t i = 0; i < diff->fresh->gateway_count; i++) {
		const struct config_gateway *fresh = &diff->fresh->gateways[i];
		struct pair pair = {.kind = TRUNK_GATEWAY,
			.id = fresh->common.id,
			.fresh = {.config = diff->fresh, .gateway = fresh}};

		if (!config_gateway_find(diff->old, fresh->common.id))
			add_pair(diff, &pair, SCHEMA_GATEWAY);
	}
}

json_t *diff_json(const struct verbs_context *context, const struct config *old,
	const struct config *fresh)
{
	struct diff diff = {.context = context,
		.old = old,
		.fresh = fresh,
		.changes = json_array(),
		.restart = json_array()};

	compare_sections(&diff);
	compare_servers(&diff);
	compare_gateways(&diff);
	return json_pack("{s:s, s:b, s:o, s:o}", "file", fresh->file, "differs",
		(int)(json_array_size(diff.changes) > 0), "changes", diff.changes,
		"restart", diff.restart);
}
