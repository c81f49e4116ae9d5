#include "setup/keys.h"

#include "config/config.h"
#include "config/value.h"

#include <string.h>

int keys_check(enum schema_section section, const char *name, const char *label,
	const char *value, struct err_text *text)
{
	const struct schema_key *key = schema_find(section, name);
	union {
		struct config config;
		struct config_server server;
		struct config_gateway gateway;
	} scratch;
	char expected[SCHEMA_EXPECTED_SIZE];
	struct span bad;
	int err;

	if (!key) {
		const char *nearest = schema_suggest(section, name);

		return err_set(text, ERR_FORMAT, "%s: [%s] has no key %s%s%s%s", label,
			schema_section_name(section), name,
			nearest ? " (did you mean " : "", nearest ? nearest : "",
			nearest ? "?)" : "");
	}
	memset(&scratch, 0, sizeof(scratch));
	err = value_set(key, &scratch, "/", value, &bad);
	value_clear(key, &scratch);
	if (err == 0)
		return 0;
	return err_set(text, err, "%s %s: expected %s", label, value,
		schema_expected(key, expected, sizeof(expected)));
}
