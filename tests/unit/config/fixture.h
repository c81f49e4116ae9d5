/*
 * A folder of configuration files for one test.
 */
#pragma once

#include "../unit.h"

#include "config/config.h"

struct fixture {
	char folder[64];
	struct config *config; /* what the last fixture_load() gave, or NULL */
	struct config_errors errors;
};

/* A main file without a mistake; profiles are in profiles/. */
extern const char fixture_main[];

/* For cmocka_unit_test_setup_teardown(): *STATE is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Writes TEXT to NAME in the folder. */
void fixture_write(const struct fixture *fixture, const char *name, const char *text);
/* Writes fixture_main with FROM, which must be in it, replaced by TO. */
void fixture_write_main(const struct fixture *fixture, const char *from, const char *to);
/* NAME's contents, owned by the caller. */
char *fixture_read(const struct fixture *fixture, const char *name);
/* NAME's path, in a buffer that the next call overwrites. */
const char *fixture_path(const struct fixture *fixture, const char *name);

/* Loads tandem.conf into fixture->config. */
int fixture_load(struct fixture *fixture);
void fixture_load_ok(struct fixture *fixture);
/* The load fails with exactly these lines; in them the folder's name is left out. */
void fixture_load_fails(struct fixture *fixture, const char *lines);
