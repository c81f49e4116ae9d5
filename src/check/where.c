#include "check/where.h"

struct place where_main(struct check *check, const char *section, const char *key)
{
	struct place place;

	locate(&check->locator, check->config->file, section, NULL, key, &place);
	return place;
}

bool where_is_set(struct check *check, const char *section, const char *key)
{
	struct place place;

	return locate(&check->locator, check->config->file, section, NULL, key, &place);
}

struct place where_trunk(struct check *check, enum trunk_kind kind,
	const struct config_trunk *trunk, const char *key)
{
	const bool server = kind == TRUNK_SERVER;
	struct place own, common;

	if (locate(&check->locator, trunk->file, server ? "server" : "gateway",
		    server ? trunk->id : NULL, key, &own))
		return own;
	if (locate(&check->locator, check->config->file, server ? "internal" : "external",
		    NULL, key, &common))
		return common;
	return own;
}
