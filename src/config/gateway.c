#include "config/gateway.h"

#include "base/denied.h"
#include "base/log.h"
#include "config/check.h"
#include "config/origin.h"
#include "config/routes.h"
#include "config/value.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".conf";

/* What all files of a load have in common. */
struct gateways {
	struct config *config;
	struct profiles *profiles;
	bool main_is_sound;
};

/* Hidden files and editors' leftovers (carrier.conf~) are none of ours. */
static int is_gateway_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	size_t suffix_len = sizeof(suffix) - 1;

	return entry->d_name[0] != '.' && len > suffix_len &&
	       strcmp(entry->d_name + len - suffix_len, suffix) == 0;
}

/* Bytes, whatever the locale: errors come in the same order everywhere. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static struct place gateway_place(const struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		if (schema_section_find(ini->sections[i].name) == SCHEMA_GATEWAY)
			return ini_section_place(ini, &ini->sections[i]);
	}
	return (struct place){ini->path, 1, 1};
}

/* Profiles first, then the file, then what neither sets. */
static int fill(const struct gateways *gateways, struct config_gateway *gateway,
	const struct ini *ini)
{
	struct profiles *profiles = gateways->profiles;
	struct scope scope = {.base = gateway};
	struct place place = gateway_place(ini);
	int err = profiles_apply(profiles, &scope, ini);

	if (err == 0)
		err = profile_apply_sections(&scope, ini, profiles->errors);
	if (err == 0)
		err = origin_keep(
			&gateway->common.origins, gateways->config, &scope, ini);
	if (err == 0)
		err = scope_finish(&scope, SCHEMA_GATEWAY, gateways->config, ini->folder,
			place, profiles->errors);
	if (err == 0)
		err = scope_finish(&scope, SCHEMA_CAPTURE, gateways->config, ini->folder,
			place, profiles->errors);
	if (err == 0)
		err = scope_finish(&scope, SCHEMA_REGISTER, gateways->config, ini->folder,
			place, profiles->errors);
	if (err == 0)
		err = routes_load(gateways->config, gateway, ini, profiles->errors);
	gateway->common.host = config_first(&gateway->common.hosts);
	if (err != 0)
		return err;
	if (gateways->main_is_sound)
		check_gateway(gateways->config, gateway, &scope, place, profiles->errors);
	/* SDES keys in clear signalling protect nothing. */
	gateway->common.srtp_with_tls = gateway->common.srtp;
	if (gateway->common.tls != CONFIG_TLS_YES)
		gateway->common.srtp = CONFIG_SRTP_OFF;
	/* Who is plain was there before we asked anything: nobody is asked without being told to. */
	if (gateway->common.tls != CONFIG_TLS_YES &&
		!scope_has(&scope, SCHEMA_GATEWAY, "options-ping"))
		gateway->common.options_ping_ms = CONFIG_OFF;
	return 0;
}

static int load_file(const struct gateways *gateways, const char *path, const char *id)
{
	struct config *config = gateways->config;
	struct profiles *profiles = gateways->profiles;
	struct config_gateway *gateway = &config->gateways[config->gateway_count];
	struct ini *ini = NULL;
	int err = ini_load(&ini, profiles->reader, path, profiles->errors);

	if (ini == NULL) /* told, and no reason not to look at the next one */
		return err == -ENOMEM || err == ERR_LIBRARY ? err : 0;
	config->gateway_count++;
	gateway->common.id = strdup(id);
	gateway->common.file = strdup(path);
	err = gateway->common.id != NULL && gateway->common.file != NULL ? 0 : -ENOMEM;
	if (err == 0)
		err = fill(gateways, gateway, ini);
	ini_free(ini);
	return err;
}

static int load_name(const struct gateways *gateways, const char *name)
{
	const char *folder = gateways->config->tandem.gateway_dir;
	size_t id_len = strlen(name) - (sizeof(suffix) - 1);
	char *id = strndup(name, id_len);
	char *path = value_path(folder, name);
	char quoted[LOG_TEXT_SIZE];
	int err = -ENOMEM;

	if (id != NULL && path != NULL && !schema_id_valid(id)) {
		errors_add(gateways->profiles->errors, (struct place){folder, 1, 1},
			"expected files named ID.conf, ID of 1 to 64 of A-Z a-z 0-9 . _ "
			"-, "
			"got %s",
			log_text(quoted, name, strlen(name)));
		err = 0;
	} else if (id != NULL && path != NULL) {
		err = load_file(gateways, path, id);
	}
	free(id);
	free(path);
	return err;
}

static int load_names(
	const struct gateways *gateways, struct dirent **names, size_t count)
{
	struct config *config = gateways->config;

	if (count > GATEWAY_MAX_COUNT) {
		errors_add(gateways->profiles->errors,
			(struct place){config->tandem.gateway_dir, 1, 1},
			"expected at most %d gateways, got %zu", GATEWAY_MAX_COUNT,
			count);
		return 0;
	}
	config->gateways = calloc(count + 1, sizeof(*config->gateways));
	if (config->gateways == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int err = load_name(gateways, names[i]->d_name);

		if (err != 0)
			return err;
	}
	return 0;
}

int gateways_load(struct config *config, struct profiles *profiles, struct place place,
	bool main_is_sound)
{
	const struct gateways gateways = {config, profiles, main_is_sound};
	struct dirent **names;
	int count = scandir(
		config->tandem.gateway_dir, &names, is_gateway_file, compare_names);
	int err;

	if (count < 0) {
		err = denied_why(config->tandem.gateway_dir, -errno);
		if (err == -ENOMEM)
			return err;
		if (place.file != NULL || err != -ENOENT)
			errors_add(profiles->errors,
				place.file != NULL
					? place
					: (struct place){config->tandem.gateway_dir, 1,
						  1},
				"gateway-dir: cannot be read: %s, expected a folder that "
				"this "
				"user may read",
				err_str(err));
		return 0;
	}
	err = load_names(&gateways, names, (size_t)count);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return err;
}
