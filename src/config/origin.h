/*
 * Where the values of a snapshot were written. The loader keeps it with the snapshot, so it stays true
 * when the files change. Loop thread.
 */
#pragma once

#include "config/ini.h"
#include "config/scope.h"

/* Keeps the places of SCOPE, which OWN and profiles of CONFIG filled, in *RET. 0 or -ENOMEM. */
int origin_keep(struct config_origins *ret, const struct config *config,
	const struct scope *scope, const struct ini *own);
void origin_free(struct config_origins *origins);

/* PROFILE is one of those that CONFIG is read from. 0 or -ENOMEM. */
int origin_add_profile(struct config *config, const struct ini *profile);

/* Where KEY is set; NULL: nowhere. */
const struct config_origin *origin_find(
	const struct config_origins *origins, const struct schema_key *key);
