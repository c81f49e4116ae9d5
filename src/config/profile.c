#include "config/profile.h"

#include "base/log.h"
#include "base/span.h"
#include "config/nearest.h"
#include "config/origin.h"
#include "config/value.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct profile {
	struct profile *next;
	struct profile *parent;
	char *name;
	struct ini *ini; /* NULL: could not be read, which was told */
	unsigned height; /* profiles from here to the one without a parent */
	bool loading;    /* its parents are being read: who meets it went in a circle */
	bool missing;    /* there is no such file: told to each that names it */
};

void profiles_free(struct profiles *profiles)
{
	struct profile *next;

	for (struct profile *profile = profiles->first; profile != NULL; profile = next) {
		next = profile->next;
		ini_free(profile->ini);
		free(profile->name);
		free(profile);
	}
	profiles->first = NULL;
	profiles->count = 0;
}

static void tell_section(const struct ini *ini, const struct ini_section *section,
	struct config_errors *errors)
{
	struct place place = ini_section_place(ini, section);
	char quoted[LOG_TEXT_SIZE];
	char hint[ERRORS_HINT_SIZE];

	if (schema_section_find(section->name) != SCHEMA_SECTIONS)
		errors_add(
			errors, place, "[%s]: belongs in the main file", section->name);
	else
		errors_add(errors, place, "%s: unknown section%s",
			log_text(quoted, section->name, strlen(section->name)),
			errors_hint(hint, schema_suggest_section(true, section->name)));
}

int profile_apply_sections(
	struct scope *scope, const struct ini *ini, struct config_errors *errors)
{
	unsigned lines[SCHEMA_SECTIONS] = {0};

	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_section *from = &ini->sections[i];
		enum schema_section section = schema_section_find(from->name);
		struct place place = ini_section_place(ini, from);
		int err;

		if (section == SCHEMA_ROUTE) /* routes_load() */
			continue;
		if (section == SCHEMA_SECTIONS || !schema_section_is_gateway(section)) {
			if (errors != NULL)
				tell_section(ini, from, errors);
			continue;
		}
		if (errors != NULL && from->id[0] != '\0')
			errors_add(errors, place, "[%s]: expected no name behind it",
				from->name);
		if (errors != NULL && lines[section] != 0)
			errors_add(errors, place,
				"[%s]: duplicate section, first in line %u", from->name,
				lines[section]);
		lines[section] = from->line;
		err = scope_apply(scope, section, ini, from, errors);
		if (err != 0)
			return err;
	}
	return 0;
}

/* The `profile` key of INI, or NULL. */
static const struct ini_entry *find_profile_key(const struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_section *section = &ini->sections[i];

		if (schema_section_find(section->name) != SCHEMA_GATEWAY)
			continue;
		for (size_t j = 0; j < section->count; j++) {
			if (strcmp(section->entries[j].key, "profile") == 0)
				return &section->entries[j];
		}
	}
	return NULL;
}

/* The name of the profile that the file ENTRY is of, or NULL. Owned by the caller. */
static char *profile_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	if (len <= 5 || strcmp(entry->d_name + len - 5, ".conf") != 0)
		return NULL;
	return strndup(entry->d_name, len - 5);
}

static void tell_missing(
	struct profiles *profiles, const struct ini *ini, const struct ini_entry *entry)
{
	struct nearest nearest = nearest_to(entry->value);
	DIR *folder = opendir(profiles->folder);
	char best[ERRORS_HINT_SIZE] = "";
	char hint[ERRORS_HINT_SIZE];
	const struct dirent *file;

	while (folder != NULL && (file = readdir(folder)) != NULL) {
		char *name = profile_name(file);

		if (name == NULL)
			continue;
		nearest_try(&nearest, name);
		if (nearest.word == name)
			snprintf(best, sizeof(best), "%s", name);
		nearest.word = NULL; /* NAME goes; BEST and the distance stay */
		free(name);
	}
	if (folder != NULL)
		closedir(folder);
	errors_add(profiles->errors, ini_value_place(ini, entry, 0),
		"profile: expected a profile in %s, got \"%s\"%s", profiles->folder,
		entry->value, errors_hint(hint, best[0] != '\0' ? best : NULL));
}

/* Every mistake of the profile itself, told once. */
static int check_profile(struct profiles *profiles, const struct ini *ini)
{
	struct config_gateway gateway = {0};
	struct scope scope = {.base = &gateway};
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	int err = profile_apply_sections(&scope, ini, profiles->errors);

	for (size_t i = 0; i < ini->count; i++) {
		if (schema_section_find(ini->sections[i].name) == SCHEMA_ROUTE)
			errors_add(profiles->errors,
				ini_section_place(ini, &ini->sections[i]),
				"[route]: belongs in a gateway's file, not in a profile");
	}
	for (size_t i = 0; i < count; i++) {
		if (schema_section_is_gateway(keys[i].section) &&
			keys[i].section != SCHEMA_ROUTE)
			value_clear(&keys[i], &gateway);
	}
	return err;
}

static int find_profile(struct profile **ret, struct profiles *profiles,
	const struct ini *ini, unsigned depth);

/* Reads what PROFILE is made of, and those that it inherits from. */
static int load_profile(
	struct profiles *profiles, struct profile *profile, unsigned depth)
{
	char *path;
	int err;

	if (asprintf(&path, "%s/%s.conf", profiles->folder, profile->name) < 0)
		return -ENOMEM;
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		free(path);
		profile->missing = true;
		return 0;
	}
	err = ini_load(&profile->ini, profiles->reader, path, profiles->errors);
	free(path);
	if (err == -ENOMEM || err == ERR_LIBRARY)
		return err;
	if (profile->ini == NULL)
		return 0;
	err = origin_add_profile(profiles->config, profile->ini);
	if (err == 0)
		err = check_profile(profiles, profile->ini);
	if (err == 0)
		err = find_profile(&profile->parent, profiles, profile->ini, depth + 1);
	if (err == 0 && profile->parent != NULL)
		profile->height += profile->parent->height;
	return err;
}

static struct profile *known_profile(const struct profiles *profiles, const char *name)
{
	struct profile *profile = profiles->first;

	while (profile != NULL && strcmp(profile->name, name) != 0)
		profile = profile->next;
	return profile;
}

static int add_profile(struct profile **ret, struct profiles *profiles, const char *name)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (profile == NULL)
		return -ENOMEM;
	profile->name = strdup(name);
	if (profile->name == NULL) {
		free(profile);
		return -ENOMEM;
	}
	profile->height = 1;
	profile->next = profiles->first;
	profiles->first = profile;
	profiles->count++;
	*ret = profile;
	return 0;
}

/*
 * The profile that INI names, read if that was not done. *ret stays NULL when it names
 * none, or when what it names is of no use. DEPTH profiles lead to it.
 */
static int find_profile(struct profile **ret, struct profiles *profiles,
	const struct ini *ini, unsigned depth)
{
	const struct ini_entry *entry = find_profile_key(ini);
	struct profile *profile;
	int err;

	/* A value that is no name was told by scope_apply(). */
	if (entry == NULL || !schema_id_valid(entry->value))
		return 0;
	profile = known_profile(profiles, entry->value);
	if (profile != NULL && profile->loading) {
		errors_add(profiles->errors, ini_value_place(ini, entry, 0),
			"profile: \"%s\" inherits from itself", entry->value);
		return 0;
	}
	if (depth + (profile != NULL ? profile->height : 1) > PROFILE_MAX_DEPTH ||
		(profile == NULL && profiles->count == PROFILE_MAX_COUNT)) {
		errors_add(profiles->errors, ini_value_place(ini, entry, 0),
			"profile: expected at most %d profiles deep and %d in all",
			PROFILE_MAX_DEPTH, PROFILE_MAX_COUNT);
		return 0;
	}
	if (profile == NULL) {
		err = add_profile(&profile, profiles, entry->value);
		if (err != 0)
			return err;
		profile->loading = true;
		err = load_profile(profiles, profile, depth);
		profile->loading = false;
		if (err != 0)
			return err;
	}
	if (profile->missing)
		tell_missing(profiles, ini, entry);
	if (profile->ini != NULL)
		*ret = profile;
	return 0;
}

int profiles_apply(struct profiles *profiles, struct scope *scope, const struct ini *ini)
{
	struct profile *chain[PROFILE_MAX_DEPTH];
	struct profile *profile = NULL;
	size_t count = 0;
	int err = find_profile(&profile, profiles, ini, 0);

	if (err != 0)
		return err;
	while (profile != NULL && count < PROFILE_MAX_DEPTH) {
		chain[count++] = profile;
		profile = profile->parent;
	}
	while (count > 0) {
		err = profile_apply_sections(scope, chain[--count]->ini, NULL);
		if (err != 0)
			return err;
	}
	return 0;
}
