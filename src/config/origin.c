#include "config/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint16_t source_of(
	const struct config *config, const struct place *place, const struct ini *own)
{
	size_t i = config->profile_count;

	/* A place borrows the path of the file that it is in. */
	if (place->file == own->path)
		return 0;
	while (i > 0 && strcmp(config->profiles[i - 1].file, place->file) != 0)
		i--;
	return (uint16_t)i;
}

int origin_keep(struct config_origins *ret, const struct config *config,
	const struct scope *scope, const struct ini *own)
{
	struct config_origins origins = {.digest = own->digest};
	size_t count = 0;

	for (size_t i = 0; i < SCHEMA_MAX_KEYS; i++)
		count += scope->places[i].file != NULL;
	origins.list = calloc(count + 1, sizeof(*origins.list));
	if (origins.list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < SCHEMA_MAX_KEYS; i++) {
		if (scope->places[i].file != NULL)
			origins.list[origins.count++] = (struct config_origin){
				.key = (uint16_t)i,
				.source = source_of(config, &scope->places[i], own),
				.line = scope->places[i].line};
	}
	*ret = origins;
	return 0;
}

void origin_free(struct config_origins *origins)
{
	free(origins->list);
	*origins = (struct config_origins){0};
}

int origin_add_profile(struct config *config, const struct ini *profile)
{
	struct config_profile *grown =
		reallocarray(config->profiles, config->profile_count + 1, sizeof(*grown));
	struct config_profile added = {.digest = profile->digest};

	if (grown == NULL)
		return -ENOMEM;
	config->profiles = grown;
	added.file = strdup(profile->path);
	if (added.file == NULL)
		return -ENOMEM;
	config->profiles[config->profile_count++] = added;
	return 0;
}

static int compare_key(const void *key, const void *origin)
{
	const size_t index = *(const size_t *)key;
	const struct config_origin *at = origin;

	return index < at->key ? -1 : index > at->key;
}

const struct config_origin *origin_find(
	const struct config_origins *origins, const struct schema_key *key)
{
	const size_t index = schema_index(key);

	if (origins->count == 0)
		return NULL;
	return bsearch(&index, origins->list, origins->count, sizeof(*origins->list),
		compare_key);
}
