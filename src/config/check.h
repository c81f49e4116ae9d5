/*
 * What must be right between keys, once each of them is. Loop thread.
 */
#pragma once

#include "config/scope.h"

/* The main file's sections; PLACE is where the file begins. */
void check_main(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors);

/* A finished server; PLACE is that of its [server ID]. */
void check_server(const struct config *config, const struct config_server *server,
	const struct scope *scope, struct place place, struct config_errors *errors);

/* The same of its [register]: check_register.c. */
void check_register(const struct config_gateway *gateway, const struct scope *scope,
	struct place place, struct config_errors *errors);

/* A finished gateway; PLACE is that of its [gateway]. */
void check_gateway(const struct config *config, const struct config_gateway *gateway,
	const struct scope *scope, struct place place, struct config_errors *errors);
