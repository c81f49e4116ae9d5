#include "config/config.h"

#include "base/log.h"
#include "config/check.h"
#include "config/check_emergency.h"
#include "config/check_numbers.h"
#include "config/file.h"
#include "config/gateway.h"
#include "config/ini.h"
#include "config/load.h"
#include "config/origin.h"
#include "config/profile.h"
#include "config/routes.h"
#include "config/scope.h"
#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A snapshot in the making. */
struct load {
	struct config *config;
	struct config_errors *errors;
	struct ini_reader *reader;
	unsigned mistakes;  /* told before this load */
	struct ini *ini;    /* the main file */
	struct scope scope; /* all its sections but the servers' */
};

static void clear_sections(
	void *base, enum schema_section first, enum schema_section last)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++) {
		if (keys[i].section >= first && keys[i].section <= last)
			value_clear(&keys[i], base);
	}
}

static void server_free(struct config_server *server)
{
	clear_sections(server, SCHEMA_SERVER, SCHEMA_SERVER);
	origin_free(&server->common.origins);
	free(server->common.id);
	free(server->common.file);
}

static void config_free(struct config *config)
{
	for (size_t i = 0; i < config->server_count; i++)
		server_free(&config->servers[i]);
	for (size_t i = 0; i < config->gateway_count; i++) {
		clear_sections(&config->gateways[i], SCHEMA_GATEWAY, SCHEMA_REGISTER);
		routes_clear(&config->gateways[i].common);
		free(config->gateways[i].common.id);
		free(config->gateways[i].common.file);
		origin_free(&config->gateways[i].common.origins);
	}
	for (size_t i = 0; i < config->profile_count; i++)
		free(config->profiles[i].file);
	clear_sections(config, SCHEMA_TANDEM, SCHEMA_SIP);
	origin_free(&config->origins);
	free(config->profiles);
	free(config->servers);
	free(config->gateways);
	free(config->gateways_by_id);
	free(config->file);
	free(config);
}

struct config *config_ref(struct config *config)
{
	config->refs++;
	return config;
}

void config_unref(struct config *config)
{
	if (config != NULL && --config->refs == 0)
		config_free(config);
}

static void tell_section(struct load *load, const struct ini_section *section)
{
	struct place place = ini_section_place(load->ini, section);
	char quoted[LOG_TEXT_SIZE];
	char hint[ERRORS_HINT_SIZE];

	if (schema_section_find(section->name) != SCHEMA_SECTIONS)
		errors_add(load->errors, place, "[%s]: belongs in a gateway's file",
			section->name);
	else
		errors_add(load->errors, place, "%s: unknown section%s",
			log_text(quoted, section->name, strlen(section->name)),
			errors_hint(hint, schema_suggest_section(false, section->name)));
}

/* All sections but the servers'. */
static int apply_main(struct load *load)
{
	unsigned lines[SCHEMA_SECTIONS] = {0};

	for (size_t i = 0; i < load->ini->count; i++) {
		const struct ini_section *from = &load->ini->sections[i];
		enum schema_section section = schema_section_find(from->name);
		struct place place = ini_section_place(load->ini, from);
		int err;

		if (section == SCHEMA_SERVER)
			continue;
		if (section == SCHEMA_SECTIONS || schema_section_is_gateway(section)) {
			tell_section(load, from);
			continue;
		}
		if (from->id[0] != '\0')
			errors_add(load->errors, place,
				"[%s]: expected no name behind it", from->name);
		if (lines[section] != 0)
			errors_add(load->errors, place,
				"[%s]: duplicate section, first in line %u", from->name,
				lines[section]);
		lines[section] = from->line;
		err = scope_apply(&load->scope, section, load->ini, from, load->errors);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Where the main file's SECTION begins, or else the file. */
static struct place main_place(const struct load *load, enum schema_section section)
{
	for (size_t i = 0; i < load->ini->count; i++) {
		if (schema_section_find(load->ini->sections[i].name) == section)
			return ini_section_place(load->ini, &load->ini->sections[i]);
	}
	return (struct place){load->ini->path, 1, 1};
}

static int finish_main(struct load *load)
{
	for (unsigned i = SCHEMA_TANDEM; i <= SCHEMA_SIP; i++) {
		enum schema_section section = (enum schema_section)i;
		int err = scope_finish(&load->scope, section, load->config,
			load->ini->folder, main_place(load, section), load->errors);

		if (err != 0)
			return err;
	}
	return 0;
}

/* What is wrong with the ID of a server's section, told. */
static void check_server_id(struct load *load, const struct ini_section *from)
{
	struct place place = ini_section_place(load->ini, from);
	char quoted[LOG_TEXT_SIZE];

	if (!schema_id_valid(from->id))
		errors_add(load->errors, place,
			"[server ID]: expected a name of 1 to 64 of A-Z a-z 0-9 . _ -, "
			"got %s",
			from->id[0] != '\0' ? log_text(quoted, from->id, strlen(from->id))
					    : "nothing");
	else if (config_server_find(load->config, from->id) != NULL)
		errors_add(
			load->errors, place, "[server %s]: duplicate section", from->id);
}

/* What no key of [server ID] sets. */
static int server_init(
	struct config_server *server, const char *id, const char *main_file)
{
	struct config_trunk *common = &server->common;

	common->enabled = true;
	common->transport = CONFIG_TCP;
	common->tls = CONFIG_TLS_YES;
	common->tls_min = CONFIG_TLS_1_2;
	common->ciphers = CONFIG_CIPHERS_MODERN;
	common->srtp = common->srtp_with_tls = CONFIG_SRTP_REQUIRED;
	common->emergency.from = CONFIG_EMERGENCY_PRIORITY;
	common->id = strdup(id);
	common->file = strdup(main_file);
	return common->id != NULL && common->file != NULL ? 0 : -ENOMEM;
}

static int add_server(struct load *load, const struct ini_section *from)
{
	struct config *config = load->config;
	struct config_server *server = &config->servers[config->server_count];
	struct place place = ini_section_place(load->ini, from);
	struct scope scope = {.base = server};
	int err;

	check_server_id(load, from);
	config->server_count++;
	err = server_init(server, from->id, config->file);
	if (err == 0)
		err = scope_apply(&scope, SCHEMA_SERVER, load->ini, from, load->errors);
	if (err == 0)
		err = origin_keep(&server->common.origins, config, &scope, load->ini);
	if (err != 0)
		return err;
	err = scope_finish(
		&scope, SCHEMA_SERVER, config, load->ini->folder, place, load->errors);
	server->common.host = config_first(&server->common.hosts);
	if (err == 0)
		check_server(config, server, &scope, place, load->errors);
	return err;
}

/* After the main sections: servers inherit from [internal]. */
static int add_servers(struct load *load)
{
	const struct ini *ini = load->ini;

	load->config->servers = calloc(ini->count + 1, sizeof(*load->config->servers));
	if (load->config->servers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ini->count; i++) {
		int err = 0;

		if (schema_section_find(ini->sections[i].name) == SCHEMA_SERVER)
			err = add_server(load, &ini->sections[i]);
		if (err != 0)
			return err;
	}
	return 0;
}

static int add_gateways(struct load *load)
{
	struct profiles profiles = {
		.config = load->config,
		.folder = load->config->tandem.profile_dir,
		.reader = load->reader,
		.errors = load->errors,
	};
	struct place place = scope_place(
		&load->scope, SCHEMA_TANDEM, "gateway-dir", (struct place){NULL, 0, 0});
	int err = gateways_load(
		load->config, &profiles, place, load->errors->count == load->mistakes);

	profiles_free(&profiles);
	return err;
}

static int compare_order(const struct config_trunk *a, const struct config_trunk *b)
{
	if (a->route.priority != b->route.priority)
		return a->route.priority < b->route.priority ? -1 : 1;
	return strcmp(a->id, b->id);
}

static int compare_servers(const void *a, const void *b)
{
	const struct config_server *x = a;
	const struct config_server *y = b;

	return compare_order(&x->common, &y->common);
}

static int compare_gateways(const void *a, const void *b)
{
	const struct config_gateway *x = a;
	const struct config_gateway *y = b;

	return compare_order(&x->common, &y->common);
}

static int compare_ids(const void *a, const void *b)
{
	const struct config_gateway *const *x = a;
	const struct config_gateway *const *y = b;

	return strcmp((*x)->common.id, (*y)->common.id);
}

static int sort(struct config *config)
{
	size_t count = config->gateway_count;
	const struct config_gateway **by_id = calloc(count + 1, sizeof(*by_id));

	if (by_id == NULL)
		return -ENOMEM;
	qsort(config->servers, config->server_count, sizeof(*config->servers),
		compare_servers);
	if (count > 0)
		qsort(config->gateways, count, sizeof(*config->gateways),
			compare_gateways);
	for (size_t i = 0; i < count; i++)
		by_id[i] = &config->gateways[i];
	qsort(by_id, count, sizeof(*by_id), compare_ids);
	config->gateways_by_id = by_id;
	return 0;
}

/* Fills LOAD->config. Mistakes are counted in LOAD->errors, whatever this returns. */
static int build(struct load *load)
{
	int err = apply_main(load);

	if (err == 0)
		err = origin_keep(
			&load->config->origins, load->config, &load->scope, load->ini);
	if (err == 0)
		err = finish_main(load);
	if (err == 0)
		err = add_servers(load);
	if (err == 0) {
		check_main(load->config, &load->scope,
			(struct place){load->ini->path, 1, 1}, load->errors);
		err = add_gateways(load);
	}
	if (err == 0)
		err = sort(load->config);
	/* a gateway with a mistake may be missing */
	if (err == 0 && load->errors->count == load->mistakes) {
		check_emergency(load->config, &load->scope,
			(struct place){load->ini->path, 1, 1}, load->errors);
		routes_check_sources(load->config, load->errors);
		check_numbers_made(load->config);
	}
	return err;
}

/* Ends a load that came to ERR: hands its config out, or frees it. */
static int end_load(struct load *load, int err, struct config **ret)
{
	struct place place = {load->config->file, 1, 1};

	if (err == -ENOMEM || err == ERR_LIBRARY)
		errors_add(load->errors, place, "cannot be loaded: %s", err_str(err));
	/* Own codes say why one file was refused; to the caller it is all the same. */
	if (err == ERR_FORMAT || err == ERR_LIMIT || err == ERR_SUPPORT)
		err = ERR_CONFIG;
	if (err == 0 && load->errors->count != load->mistakes)
		err = ERR_CONFIG;
	ini_free(load->ini);
	if (err != 0) {
		config_unref(load->config);
		return err;
	}
	*ret = load->config;
	return 0;
}

static int begin_load(struct load *load, const char *file, struct ini_reader *reader,
	struct config_errors *errors)
{
	int err;

	*load = (struct load){
		.errors = errors, .mistakes = errors->count, .reader = reader};
	load->config = calloc(1, sizeof(*load->config));
	if (load->config == NULL)
		return -ENOMEM;
	load->config->refs = 1;
	load->scope.base = load->config;
	err = file_absolute(&load->config->file, file);
	if (err != 0)
		config_unref(load->config);
	return err;
}

int load_text(struct config **ret, struct ini_reader *reader, const char *file,
	const char *data, size_t len, struct config_errors *errors)
{
	struct load load;
	int err = begin_load(&load, file, reader, errors);

	if (err != 0)
		return err;
	err = ini_parse(&load.ini, reader, load.config->file, data, len, errors);
	if (err == 0)
		err = build(&load);
	return end_load(&load, err, ret);
}

int config_load(struct config **ret, const char *file, struct config_errors *errors)
{
	struct ini_reader *reader;
	struct err_text text;
	struct load load;
	int err = ini_reader_new(&reader, &text);

	if (err != 0) {
		errors_add(errors, (struct place){file, 1, 1}, "%s", text.text);
		return err;
	}
	err = begin_load(&load, file, reader, errors);
	if (err == 0) {
		err = ini_load(&load.ini, reader, load.config->file, errors);
		if (err == 0)
			err = build(&load);
		err = end_load(&load, err, ret);
	}
	ini_reader_free(reader);
	return err;
}
