/*
 * The files of gateways.d: each makes one gateway. Loop thread.
 */
#pragma once

#include "config/profile.h"

#define GATEWAY_MAX_COUNT 10000

/*
 * Reads every gateway's file of CONFIG's gateway-dir into CONFIG. A folder that is not
 * there is a mistake at PLACE; when PLACE has no file (the default folder), it counts as
 * empty. Without MAIN_IS_SOUND, mistakes that may only follow from those of the main file are
 * not reported. 0, or a negative code that ends the load: -ENOMEM, ERR_LIBRARY.
 */
int gateways_load(struct config *config, struct profiles *profiles, struct place place,
	bool main_is_sound);
