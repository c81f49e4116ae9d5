/*
 * Profiles: files of gateway keys that gateways, and other profiles, inherit from. Each is
 * read and checked once a load, however many gateways name it. Loop thread.
 */
#pragma once

#include "config/errors.h"
#include "config/ini.h"
#include "config/scope.h"

/* A gateway's profile, its profile, and so on. */
#define PROFILE_MAX_DEPTH 8
/* Profiles read in one load. */
#define PROFILE_MAX_COUNT 1000

struct profile;

struct profiles {
	struct config *config; /* borrowed; it is read for */
	const char *folder;    /* borrowed */
	struct ini_reader *reader;
	struct config_errors *errors;
	struct profile *first;
	size_t count;
};

void profiles_free(struct profiles *profiles);

/*
 * Applies to SCOPE, a gateway's, the profile that INI names with `profile`, after those
 * that it inherits from. Without that key nothing happens. Mistakes are added to the errors of
 * PROFILES. 0, or a negative code that ends the load: -ENOMEM, ERR_LIBRARY.
 */
int profiles_apply(struct profiles *profiles, struct scope *scope, const struct ini *ini);

/*
 * The sections of a gateway's file or a profile: applies each to SCOPE. ERRORS as in
 * scope_apply(). 0 or -ENOMEM.
 */
int profile_apply_sections(
	struct scope *scope, const struct ini *ini, struct config_errors *errors);
