#include "config/locate.h"

#include <string.h>

void locator_free(struct locator *locator)
{
	ini_free(locator->ini);
	ini_reader_free(locator->reader);
	memset(locator, 0, sizeof(*locator));
}

/* Without memory, or with a file that has gone, nothing is found. */
static const struct ini *read_file(struct locator *locator, const char *file)
{
	struct config_errors errors;

	if (locator->ini != NULL && strcmp(locator->ini->path, file) == 0)
		return locator->ini;
	ini_free(locator->ini);
	locator->ini = NULL;
	if (locator->reader == NULL && ini_reader_new(&locator->reader, NULL) != 0)
		return NULL;
	config_errors_init(&errors);
	(void)ini_load(&locator->ini, locator->reader, file, &errors);
	config_errors_free(&errors);
	return locator->ini;
}

static bool is_section(
	const struct ini_section *section, const char *name, const char *id)
{
	return strcmp(section->name, name) == 0 &&
	       (id == NULL || strcmp(section->id, id) == 0);
}

bool locate(struct locator *locator, const char *file, const char *section,
	const char *id, const char *key, struct place *ret)
{
	const struct ini *ini = read_file(locator, file);

	*ret = (struct place){file, 1, 1};
	for (size_t i = 0; ini != NULL && i < ini->count; i++) {
		const struct ini_section *found = &ini->sections[i];

		if (!is_section(found, section, id))
			continue;
		*ret = (struct place){file, found->line, found->column};
		for (size_t j = 0; key != NULL && j < found->count; j++) {
			const struct ini_entry *entry = &found->entries[j];

			if (strcmp(entry->key, key) == 0) {
				*ret = (struct place){
					file, entry->line, entry->value_column};
				return true;
			}
		}
	}
	return false;
}
