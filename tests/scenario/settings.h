/*
 * The configuration of a stage as a list of settings, and the snapshot that it makes. The
 * same settings are read from files only once a process.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "config/config.h"

/* KEY of [SECTION ID] (ID "" for none) becomes VALUE; NULL removes the key, or with a NULL KEY
 * the section. */
void settings_set(struct list *settings, const char *section, const char *id,
	const char *key, const char *value);
/* *RET owns a reference to their snapshot. 0, or negative with TEXT. */
int settings_load(struct list *settings, struct config **ret, struct err_text *text);
/* The value of KEY, or NULL. Borrowed. */
const char *settings_get(
	struct list *settings, const char *section, const char *id, const char *key);
/* Adds all of FROM to TO. */
void settings_copy(struct list *to, const struct list *from);
/* As files: FOLDER/tandem.conf, FOLDER/gateways.d/ID.conf. What stood there goes. */
void settings_write(struct list *settings, const char *folder);
void settings_free(struct list *settings);
/* Gives back every snapshot that was read. */
void settings_forget(void);
