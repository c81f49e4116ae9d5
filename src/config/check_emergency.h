/*
 * What must be right between the keys about emergency calls. Loop thread.
 */
#pragma once

#include "config/scope.h"

struct config;
struct config_gateway;

/* What [emergency] says of gateways, which were all read; PLACE is where the main file begins. */
void check_emergency(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors);

/* The places that GATEWAY keeps for emergency calls; PLACE is that of its [gateway]. */
void check_emergency_reserve(const struct config_gateway *gateway,
	const struct scope *scope, struct place place, struct config_errors *errors);
