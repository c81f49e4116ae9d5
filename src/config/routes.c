#include "config/routes.h"

#include "base/log.h"
#include "config/locate.h"
#include "config/origin.h"
#include "config/scope.h"
#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void route_clear(struct config_route *route)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (keys[i].section == SCHEMA_ROUTE)
			value_clear(&keys[i], route);
	origin_free(&route->origins);
	free(route->name);
}

void routes_clear(struct config_trunk *settings)
{
	for (size_t i = 0; i < settings->route_count; i++)
		route_clear(&settings->routes[i]);
	free(settings->routes);
	settings->routes = NULL;
	settings->route_count = 0;
}

/* What is wrong with the title of a route, told. */
static void check_title(const struct config_trunk *settings, const struct ini *ini,
	const struct ini_section *from, struct config_errors *errors)
{
	struct place place = ini_section_place(ini, from);
	char quoted[LOG_TEXT_SIZE];

	if (!schema_id_valid(from->id))
		errors_add(errors, place,
			"[route NAME]: expected a name of 1 to 64 of A-Z a-z 0-9 . _ -, "
			"got %s",
			from->id[0] != '\0' ? log_text(quoted, from->id, strlen(from->id))
					    : "nothing");
	for (size_t i = 0; i < settings->route_count; i++)
		if (strcmp(settings->routes[i].name, from->id) == 0)
			errors_add(
				errors, place, "[route %s]: duplicate section", from->id);
}

static int load_route(const struct config *config, struct config_gateway *gateway,
	const struct ini *ini, const struct ini_section *from,
	struct config_errors *errors)
{
	struct config_trunk *settings = &gateway->common;
	struct config_route *route = &settings->routes[settings->route_count];
	struct place place = ini_section_place(ini, from);
	struct scope scope = {.base = route};
	int err;

	check_title(settings, ini, from, errors);
	route->name = strdup(from->id);
	if (route->name == NULL)
		return -ENOMEM;
	settings->route_count++;
	err = scope_apply(&scope, SCHEMA_ROUTE, ini, from, errors);
	if (err == 0)
		err = origin_keep(&route->origins, config, &scope, ini);
	if (err == 0)
		err = scope_finish(
			&scope, SCHEMA_ROUTE, gateway, ini->folder, place, errors);
	if (err == 0 && !scope_has(&scope, SCHEMA_ROUTE, "prefixes") &&
		!scope_has(&scope, SCHEMA_ROUTE, "callers") &&
		!scope_has(&scope, SCHEMA_ROUTE, "sources"))
		errors_add(errors, place,
			"[route %s]: expected prefixes, callers or sources, else it "
			"takes the same calls as [gateway]",
			route->name);
	return err;
}

int routes_load(const struct config *config, struct config_gateway *gateway,
	const struct ini *ini, struct config_errors *errors)
{
	size_t count = 0;

	for (size_t i = 0; i < ini->count; i++)
		count += schema_section_find(ini->sections[i].name) == SCHEMA_ROUTE;
	if (count == 0)
		return 0;
	if (count > ROUTES_MAX) {
		errors_add(errors, (struct place){ini->path, 1, 1},
			"expected at most %d sections [route NAME], got %zu", ROUTES_MAX,
			count);
		return 0;
	}
	gateway->common.routes = calloc(count, sizeof(*gateway->common.routes));
	if (gateway->common.routes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_section *from = &ini->sections[i];
		int err = 0;

		if (schema_section_find(from->name) == SCHEMA_ROUTE)
			err = load_route(config, gateway, ini, from, errors);
		if (err != 0)
			return err;
	}
	return 0;
}

/* ---- sources ---- */

/* Those of routes are told by the section of their keys; FILE is read again for the place alone. */
struct checked {
	const struct config *config;
	struct locator locator;
	struct config_errors *errors;
};

static bool is_there(const struct config *config, const char *source)
{
	if (strncmp(source, "server:", 7) == 0)
		return config_server_find(config, source + 7) != NULL;
	if (strncmp(source, "trunk:", 6) == 0)
		return config_gateway_find(config, source + 6) != NULL;
	return true; /* servers, gateways */
}

static void check_route(struct checked *checked, const struct config_trunk *settings,
	const struct config_route *route, const char *section, const char *id)
{
	for (size_t i = 0; i < route->sources.count; i++) {
		const char *source = route->sources.words[i];
		struct place place;

		if (is_there(checked->config, source))
			continue;
		(void)locate(&checked->locator, settings->file, section, id, "sources",
			&place);
		errors_add(checked->errors, place,
			"sources: expected a server or trunk that there is, got \"%s\"",
			source);
	}
}

void routes_check_sources(const struct config *config, struct config_errors *errors)
{
	struct checked checked = {.config = config, .errors = errors};

	for (size_t i = 0; i < config->server_count; i++) {
		const struct config_trunk *settings = &config->servers[i].common;

		check_route(&checked, settings, &settings->route, "server", settings->id);
	}
	for (size_t i = 0; i < config->gateway_count; i++) {
		const struct config_trunk *settings = &config->gateways[i].common;

		check_route(&checked, settings, &settings->route, "gateway", NULL);
		for (size_t j = 0; j < settings->route_count; j++) {
			const struct config_route *route = &settings->routes[j];

			if (route->origins.count > 0)
				check_route(
					&checked, settings, route, "route", route->name);
		}
	}
	locator_free(&checked.locator);
}
