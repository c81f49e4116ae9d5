#include "config/effective.h"

#include "base/hash.h"
#include "config/file.h"
#include "config/origin.h"
#include "config/print.h"

#include <stdio.h>
#include <string.h>

/* What the rows of its sections fill. */
static const void *base_of(const struct effective_part *part)
{
	if (part->route != NULL)
		return part->route;
	if (part->gateway != NULL)
		return part->gateway;
	return part->server != NULL ? (const void *)part->server : part->config;
}

static const struct config_trunk *trunk_of(const struct effective_part *part)
{
	if (part->gateway != NULL)
		return &part->gateway->common;
	return part->server != NULL ? &part->server->common : NULL;
}

bool effective_has(const struct effective_part *part, const struct schema_key *key)
{
	if (part->route != NULL || key->section == SCHEMA_ROUTE)
		return part->route != NULL && key->section == SCHEMA_ROUTE;
	if (part->gateway != NULL)
		return schema_section_is_gateway(key->section);
	if (part->server != NULL)
		return key->section == SCHEMA_SERVER;
	return key->section <= SCHEMA_SIP;
}

/* Of a gateway the loader turns srtp off while tls is not yes; what was written is kept beside it. */
static bool is_srtp(const struct effective_part *part, const struct schema_key *key)
{
	return part->gateway != NULL && key->section == SCHEMA_GATEWAY &&
	       strcmp(key->name, "srtp") == 0;
}

static void read_value(const struct effective_part *part, const struct schema_key *key,
	struct effective *ret, struct buf *value)
{
	if (!is_srtp(part, key)) {
		print_value(key, base_of(part), value);
		return;
	}
	buf_add_str(value, key->words[part->gateway->common.srtp_with_tls]);
	if (part->gateway->common.srtp != part->gateway->common.srtp_with_tls)
		ret->note = "off, as tls is not yes";
}

static void place(const struct effective_part *part, const struct config_origin *origin,
	struct effective *ret)
{
	const struct config_trunk *trunk = trunk_of(part);

	ret->line = origin->line;
	ret->file = origin->source > 0 ? part->config->profiles[origin->source - 1].file
		    : trunk != NULL    ? trunk->file
				       : part->config->file;
	ret->from = origin->source > 0 ? EFFECTIVE_PROFILE : EFFECTIVE_FILE;
}

void effective_read(const struct effective_part *part, const struct schema_key *key,
	struct effective *ret, struct buf *value)
{
	const struct effective_part above_part = {.config = part->config,
		.gateway = part->route != NULL ? part->gateway : NULL};
	const struct config_trunk *trunk = trunk_of(part);
	const struct config_origins *above = part->route != NULL
						     ? &part->gateway->common.origins
						     : &part->config->origins;
	const struct config_origins *origins = part->route != NULL ? &part->route->origins
					       : trunk != NULL     ? &trunk->origins
								   : above;
	const struct config_origin *origin = origin_find(origins, key);

	*ret = (struct effective){.from = EFFECTIVE_DEFAULT};
	read_value(part, key, ret, value);
	if (origin != NULL) {
		place(part, origin, ret);
		return;
	}
	if (!key->inherits)
		return;
	origin = origin_find(above, schema_find(key->parent, key->name));
	if (origin != NULL)
		place(&above_part, origin, ret);
	ret->from = EFFECTIVE_INHERITED;
	ret->section = schema_section_name(key->parent);
}

bool effective_equal(const struct effective_part *a, const struct effective_part *b,
	const struct schema_key *key)
{
	if (is_srtp(a, key))
		return a->gateway->common.srtp_with_tls ==
		       b->gateway->common.srtp_with_tls;
	return print_equal(key, base_of(a), base_of(b));
}

const char *effective_section(const struct effective_part *part,
	const struct schema_key *key, char buf[static EFFECTIVE_SECTION_SIZE])
{
	snprintf(buf, EFFECTIVE_SECTION_SIZE, "%s%s%s", schema_section_name(key->section),
		part->route != NULL ? " " : "",
		part->route != NULL ? part->route->name : "");
	return buf;
}

const char *effective_from_name(enum effective_from from)
{
	static const char *const names[] = {
		[EFFECTIVE_FILE] = "file",
		[EFFECTIVE_PROFILE] = "profile",
		[EFFECTIVE_INHERITED] = "inherited",
		[EFFECTIVE_DEFAULT] = "default",
	};

	return names[from];
}

static void check_file(const char *file, uint64_t digest,
	void (*h)(void *arg, const char *file, bool gone), void *arg)
{
	struct buf data;
	bool gone;

	buf_init(&data, 0);
	gone = file_read(file, &data) != 0;
	if (gone || hash_bytes(data.data, data.len, 0) != digest)
		h(arg, file, gone);
	buf_free(&data);
}

/* Whether one of the keys of ORIGINS is set in the profile of that INDEX. */
static bool uses(const struct config_origins *origins, size_t index)
{
	for (size_t i = 0; i < origins->count; i++) {
		if (origins->list[i].source == index + 1)
			return true;
	}
	return false;
}

void effective_stale(const struct effective_part *part,
	void (*h)(void *arg, const char *file, bool gone), void *arg)
{
	const struct config *config = part->config;
	const struct config_trunk *trunk = trunk_of(part);

	if (part->gateway != NULL) {
		check_file(trunk->file, trunk->origins.digest, h, arg);
		for (size_t i = 0; i < config->profile_count; i++) {
			if (uses(&trunk->origins, i))
				check_file(config->profiles[i].file,
					config->profiles[i].digest, h, arg);
		}
	}
	check_file(config->file, config->origins.digest, h, arg);
}
