/*
 * The configuration's reader. The input is taken as a main file, as a gateway's file, and
 * as one that `tandemctl trunk tls` edits.
 *
 * Holds: a snapshot comes exactly when no mistake was told; an edit changes one value, and
 * the edit back gives the bytes of before.
 */
#include "config/config.h"
#include "config/edit.h"
#include "config/ini.h"
#include "config/load.h"
#include "config/profile.h"
#include "config/value.h"
#include "fuzz.h"

#include <string.h>

/* Names nothing that is there, so that no profile of this machine plays a part. */
#define FOLDER "/nonexistent"

static void try_main(struct ini_reader *reader, const char *data, size_t size)
{
	struct config *config = NULL;
	struct config_errors errors;
	int err;

	config_errors_init(&errors);
	err = load_text(&config, reader, FOLDER "/tandem.conf", data, size, &errors);
	MUST((err == 0) == (config != NULL));
	MUST((err == 0) == (errors.count == 0));
	MUST(err == 0 || err == ERR_CONFIG);
	if (config != NULL)
		MUST(config->server_count > 0 && config->tandem.fqdn[0] != '\0');
	config_unref(config);
	config_errors_free(&errors);
}

static void try_gateway(const struct ini *ini, struct config_errors *errors)
{
	struct config_gateway gateway = {0};
	struct scope scope = {.base = &gateway};
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	MUST(profile_apply_sections(&scope, ini, errors) == 0);
	for (size_t i = 0; i < count; i++) {
		if (schema_section_is_gateway(keys[i].section) &&
			keys[i].section != SCHEMA_ROUTE)
			value_clear(&keys[i], &gateway);
	}
}

/* The first `tls` of the first [gateway], or NULL. */
static const struct ini_entry *find_tls(const struct ini *ini)
{
	const struct ini_section *section = NULL;

	for (size_t i = 0; i < ini->count && section == NULL; i++) {
		if (strcmp(ini->sections[i].name, "gateway") == 0)
			section = &ini->sections[i];
	}
	for (size_t i = 0; section != NULL && i < section->count; i++) {
		if (strcmp(section->entries[i].key, "tls") == 0)
			return &section->entries[i];
	}
	return NULL;
}

static void change_tls(struct ini_reader *reader, const char *value,
	const struct buf *before, struct buf *after)
{
	char path[] = FOLDER "/a.conf";
	struct edit edit = {.path = path,
		.key = "tls",
		.value = value,
		.reader = reader,
		.before = before,
		.after = after};

	MUST(edit_text(&edit) == 0);
}

/* DATA was read without a mistake, as INI. */
static void try_edit(
	struct ini_reader *reader, const struct ini *ini, const char *data, size_t size)
{
	const struct ini_entry *tls = find_tls(ini);
	struct buf first;
	struct buf changed;
	struct buf restored;

	if (tls == NULL || tls->value[0] == '\0' || strlen(tls->value) > 64)
		return;
	buf_init(&first, 0);
	buf_init(&changed, 0);
	buf_init(&restored, 0);
	buf_add(&first, data, size);
	change_tls(reader, "no", &first, &changed);
	MUST(changed.len == first.len - strlen(tls->value) + 2);
	change_tls(reader, tls->value, &changed, &restored);
	MUST(restored.len == first.len &&
		memcmp(restored.data, first.data, first.len) == 0);
	buf_free(&first);
	buf_free(&changed);
	buf_free(&restored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ini_reader *reader;
	struct config_errors errors;
	struct ini *ini = NULL;
	const char *text = (const char *)data;
	int err;

	if (reader == NULL)
		MUST(ini_reader_new(&reader, NULL) == 0);
	try_main(reader, text, size);
	config_errors_init(&errors);
	err = ini_parse(&ini, reader, FOLDER "/a.conf", text, size, &errors);
	MUST(err == 0 || (err == ERR_FORMAT && errors.count > 0));
	if (err == 0 && errors.count == 0)
		try_edit(reader, ini, text, size);
	if (err == 0)
		try_gateway(ini, &errors);
	ini_free(ini);
	config_errors_free(&errors);
	return 0;
}
