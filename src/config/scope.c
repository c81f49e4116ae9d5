#include "config/scope.h"

#include "base/log.h"
#include "config/rules.h"
#include "config/value.h"
#include "config/words.h"

#include <errno.h>
#include <string.h>

static void tell_unknown(enum schema_section section, const struct ini *ini,
	const struct ini_entry *entry, struct config_errors *errors)
{
	char quoted[LOG_TEXT_SIZE];
	char hint[ERRORS_HINT_SIZE];

	errors_add(errors, ini_entry_place(ini, entry), "%s: unknown key in [%s]%s",
		log_text(quoted, entry->key, strlen(entry->key)),
		schema_section_name(section),
		errors_hint(hint, schema_suggest(section, entry->key)));
}

/* BAD is the wrong part of the value. */
static void tell_value(const struct schema_key *key, const struct ini *ini,
	const struct ini_entry *entry, struct span bad, struct config_errors *errors)
{
	char expected[SCHEMA_EXPECTED_SIZE];
	char quoted[LOG_TEXT_SIZE];
	char word[LOG_TEXT_SIZE];
	char hint[ERRORS_HINT_SIZE];
	const char *why = words_why(key->type, bad);
	const char *suggestion = NULL;

	if (why) {
		errors_add(errors,
			ini_value_place(ini, entry, (size_t)(bad.p - entry->value)),
			"%s: %s is not possible: %s", key->name,
			log_text(quoted, bad.p, bad.len), why);
		return;
	}
	if (bad.len > 0 && span_copy(bad, word, sizeof(word)) == 0)
		suggestion = schema_suggest_word(key, word);
	errors_add(errors, ini_value_place(ini, entry, (size_t)(bad.p - entry->value)),
		"%s: expected %s, got %s%s", key->name,
		schema_expected(key, expected, sizeof(expected)),
		bad.len > 0 ? log_text(quoted, bad.p, bad.len) : "nothing",
		errors_hint(hint, suggestion));
}

/* The same of a rule, whose fault has words of its own. */
static void tell_rule(const struct schema_key *key, const struct ini *ini,
	const struct ini_entry *entry, struct config_errors *errors)
{
	struct err_text why = {{0}};
	struct rule *rule = NULL;
	struct span bad;

	if (rule_parse(&rule, entry->value, &bad, &why) == 0) {
		rule_free(rule);
		bad = span_of(entry->value);
		err_set(&why, 0, "expected at most %d rules", RULES_MAX);
	}
	errors_add(errors, ini_value_place(ini, entry, (size_t)(bad.p - entry->value)),
		"%s: %s", key->name, why.text);
}

static int apply_entry(struct scope *scope, enum schema_section section,
	const struct ini *ini, const struct ini_entry *entry,
	struct config_errors *errors)
{
	const struct schema_key *key = schema_find(section, entry->key);
	struct place *place;
	struct span bad;
	bool again;
	int err;

	if (key == NULL) {
		if (errors != NULL)
			tell_unknown(section, ini, entry, errors);
		return 0;
	}
	place = &scope->places[schema_index(key)];
	/* Set in this file: another one, a profile, may be overridden. */
	again = place->file == ini->path;
	if (again && key->type != SCHEMA_RULES) {
		if (errors != NULL)
			errors_add(errors, ini_entry_place(ini, entry),
				"%s: duplicate key, first set in line %u", key->name,
				place->line);
		return 0;
	}
	err = again ? value_add(key, scope->base, entry->value, &bad)
		    : value_set(key, scope->base, ini->folder, entry->value, &bad);
	if (err == -ENOMEM)
		return err;
	if (err != 0 && errors != NULL && key->type == SCHEMA_RULES)
		tell_rule(key, ini, entry, errors);
	else if (err != 0 && errors != NULL)
		tell_value(key, ini, entry, bad, errors);
	/* A wrong value counts as set, lest it be told as missing too. */
	scope->wrong[schema_index(key)] = err != 0;
	if (!again)
		*place = ini_value_place(ini, entry, 0);
	return 0;
}

int scope_apply(struct scope *scope, enum schema_section section, const struct ini *ini,
	const struct ini_section *from, struct config_errors *errors)
{
	for (size_t i = 0; i < from->count; i++) {
		int err = apply_entry(scope, section, ini, &from->entries[i], errors);

		if (err != 0)
			return err;
	}
	return 0;
}

static int finish_key(struct scope *scope, const struct schema_key *key,
	const void *parent, const char *folder)
{
	size_t index = schema_index(key);
	struct span bad;

	if (scope->places[index].file != NULL && !scope->wrong[index])
		return 0;
	if (key->inherits)
		return value_copy(
			key, scope->base, schema_find(key->parent, key->name), parent);
	if (key->fallback == NULL || key->fallback[0] == '\0')
		return 0;
	return value_set(key, scope->base, folder, key->fallback, &bad);
}

int scope_finish(struct scope *scope, enum schema_section section, const void *parent,
	const char *folder, struct place place, struct config_errors *errors)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++) {
		const struct schema_key *key = &keys[i];
		char expected[SCHEMA_EXPECTED_SIZE];
		int err;

		if (key->section != section)
			continue;
		if (key->fallback == NULL && scope->places[i].file == NULL)
			errors_add(errors, place, "%s: missing in [%s], expected %s",
				key->name, schema_section_name(section),
				schema_expected(key, expected, sizeof(expected)));
		err = finish_key(scope, key, parent, folder);
		if (err == 0)
			err = value_settle(key, scope->base);
		if (err != 0)
			return err;
	}
	return 0;
}

bool scope_has(const struct scope *scope, enum schema_section section, const char *name)
{
	return scope->places[schema_index(schema_find(section, name))].file != NULL;
}

struct place scope_place(const struct scope *scope, enum schema_section section,
	const char *name, struct place instead)
{
	struct place place = scope->places[schema_index(schema_find(section, name))];

	return place.file != NULL ? place : instead;
}
