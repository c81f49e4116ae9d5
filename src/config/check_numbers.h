/* What dial plans must be, beyond what each key says. Loop thread, while a configuration is loaded. */
#pragma once

#include "config/errors.h"
#include "config/scope.h"

/* Finds out [emergency] `made` of CONFIG, which is complete. */
void check_numbers_made(struct config *config);

/* SETTINGS, read as SECTION in SCOPE. PLACE is where the section begins. */
void check_numbers(const struct config_trunk *settings, const struct scope *scope,
	enum schema_section section, struct place place, struct config_errors *errors);
