/*
 * The routes of gateways beside their own: [route NAME], and what routes name. Loop thread, while a
 * configuration is loaded.
 */
#pragma once

#include "config/config.h"
#include "config/errors.h"
#include "config/ini.h"

/* The most [route NAME] of a gateway. */
#define ROUTES_MAX 1000

/*
 * Reads the [route NAME] of INI, a gateway's file, whose other sections are in GATEWAY and whose keys count
 * where a route sets none. Mistakes go to ERRORS. 0 or -ENOMEM.
 */
int routes_load(const struct config *config, struct config_gateway *gateway,
	const struct ini *ini, struct config_errors *errors);
/* Each server: and trunk: of `sources` in CONFIG, which is complete, is one that there is; else a mistake. */
void routes_check_sources(const struct config *config, struct config_errors *errors);
/* Frees the routes of SETTINGS but its own. */
void routes_clear(struct config_trunk *settings);
