#include "setup/layout.h"

#include "config/config.h"
#include "setup/keys.h"
#include "setup/place.h"
#include "setup/settings.h"
#include "setup/template.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define VARS_MAX 48
/* Where the package's unit has them, and tandemd by itself. */
#define PACKAGED_DIR TANDEM_SYSCONFDIR

/* Variables with the bytes that they need. */
struct vars {
	struct template_var vars[VARS_MAX + 1];
	char text[VARS_MAX][PATH_MAX];
	unsigned count;
};

static void set(struct vars *vars, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct vars *vars, const char *name, const char *format, ...)
{
	unsigned i = 0;
	va_list args;

	while (i < vars->count && strcmp(vars->vars[i].name, name) != 0)
		i++;
	if (i == VARS_MAX)
		abort(); /* more variables than we have: a mistake of ours */
	va_start(args, format);
	vsnprintf(vars->text[i], sizeof(vars->text[i]), format, args);
	va_end(args);
	vars->vars[i] = (struct template_var){name, vars->text[i]};
	vars->count += i == vars->count;
	vars->vars[vars->count].name = NULL;
}

/* --- ports */

/* Where a listener is: as --set has it, or ADDRESS:PORT. */
static void set_listener(struct vars *vars, const char *name, const char *key,
	const char *address, unsigned port, const struct args_values *sets)
{
	const char *given = settings_find(sets, key);
	char text[ADDR_TEXT_SIZE], uri[ADDR_TEXT_SIZE];
	struct addr addr;

	if (addr_parse(&addr, address, 0) == 0)
		snprintf(text, sizeof(text), "%.60s:%u", addr_uri_text(&addr, uri), port);
	set(vars, name, "%s", given ? given : text);
}

/* The port of a listener that was set. */
static unsigned port_of(const struct vars *vars, const char *name)
{
	struct addr addr = {.len = 0};

	for (unsigned i = 0; i < vars->count; i++)
		if (strcmp(vars->vars[i].name, name) == 0 &&
			addr_parse(&addr, vars->vars[i].value, 0) == 0)
			return addr_port(&addr);
	return 0;
}

static void set_listeners(struct vars *vars, const struct layout_params *params)
{
	const struct plan *plan = params->plan;
	bool one = strcmp(plan->internal_address, plan->external_address) == 0;

	set_listener(vars, "INTERNAL_LISTEN", "internal.listen", plan->internal_address,
		5061, params->sets);
	set_listener(vars, "EXTERNAL_UDP", "external.udp", plan->external_address, 5060,
		params->sets);
	set_listener(vars, "EXTERNAL_TCP", "external.tcp", plan->external_address, 5060,
		params->sets);
	/* With one address for both sides the port is the difference. */
	set_listener(vars, "EXTERNAL_TLS", "external.tls", plan->external_address,
		one ? 5062 : 5061, params->sets);
}

/* --- the configuration */

static void set_certificates(struct vars *vars, const struct layout_params *params)
{
	static const char *const prefixes[] = {"INTERNAL", "EXTERNAL"};
	static char names[SIDES_COUNT][4][32];
	bool folder = params->plan->certificates == PLAN_FOLDER;

	for (int i = 0; i < SIDES_COUNT; i++) {
		const struct sides_files *files = &params->sides->of[i];
		const char *const paths[] = {
			files->certificate, files->key, files->trust, files->crl};
		static const char *const suffixes[] = {
			"CERTIFICATE", "KEY", "TRUST", "CRL"};

		for (int j = 0; j < 4; j++) {
			const char *base = strrchr(paths[j], '/');
			bool there = j < 3 ||
				     (folder ? sides_has_file(paths[j]) : params->crl);

			snprintf(names[i][j], sizeof(names[i][j]), "%s_%s", prefixes[i],
				suffixes[j]);
			/* Below the configuration a path stays right when the folder moves. */
			if (!there)
				set(vars, names[i][j], "%s", "");
			else if (folder)
				set(vars, names[i][j], "%s", paths[j]);
			else
				set(vars, names[i][j], "certs%s", base);
		}
	}
}

static void set_main(
	struct vars *vars, const struct layout_params *params, struct layout *ret)
{
	const struct plan *plan = params->plan;
	bool packaged = strcmp(params->sides->dir, PACKAGED_DIR) == 0;

	set(vars, "FQDN", "%s", plan->fqdn);
	set(vars, "DIR", "%s", params->sides->dir);
	set(vars, "INTERNAL_ADDRESS", "%s", plan->internal_address);
	set(vars, "EXTERNAL_ADDRESS", "%s", plan->external_address);
	set(vars, "STATE_DIR", "%s", packaged ? "" : "state");
	set(vars, "RUN_DIR", "%s", packaged ? "" : "run");
	set(vars, "USER", "%s", place_has_service() ? PLACE_SERVICE : "");
	set(vars, "PROFILE_DIR", "%s%s", params->share ? params->share : "",
		params->share ? "/gateway-profiles" : "");
	set(vars, "LAB", "%s", plan->certificates == PLAN_LAB ? "yes" : "");
	if (!packaged)
		snprintf(ret->run_dir, sizeof(ret->run_dir), "%.*s/run", PATH_MAX - 16,
			params->sides->dir);
	set_listeners(vars, params);
	set_certificates(vars, params);
	set(vars, "PBX_ID", "%s", plan->pbx.id);
	set(vars, "PBX_HOST", "%s", plan->pbx.host);
	set(vars, "PBX_PORT", "%u", plan->pbx.port);
	set(vars, "PBX_WHAT", "%s", plan->pbx.kind->what);
	set(vars, "TRUNK_ID", "%s", plan->trunk.id);
	set(vars, "TRUNK_HOST", "%s", plan->trunk.host);
	/* a name of the profile's says nothing new, and would stand in the way of the others */
	set(vars, "TRUNK_NAMED", "%s",
		plan->trunk.kind->names &&
				strcasecmp(plan->trunk.host, plan->trunk.kind->names) == 0
			? ""
			: "yes");
	set(vars, "TRUNK_PORT", "%u", plan->trunk.port);
	set(vars, "TRUNK_WHAT", "%s", plan->trunk.kind->what);
	set(vars, "TRUNK_PROFILE", "%s", plan->trunk.kind->profile);
	set(vars, "TRUNK_PLAIN", "%s",
		strcmp(plan->trunk.kind->transport, "tls") == 0 ? "" : "yes");
}

/* --- the far ends */

static void set_peer(struct vars *vars, const struct layout_params *params, bool trunk)
{
	const struct plan *plan = params->plan;
	const struct plan_peer *peer = trunk ? &plan->trunk : &plan->pbx;
	bool tls = strcmp(peer->kind->transport, "tls") == 0;
	bool udp = strcmp(peer->kind->transport, "udp") == 0;
	const char *listener = !trunk ? "INTERNAL_LISTEN"
			       : tls  ? "EXTERNAL_TLS"
			       : udp  ? "EXTERNAL_UDP"
				      : "EXTERNAL_TCP";

	set(vars, "PEER_ID", "%s", peer->id);
	set(vars, "PEER_HOST", "%s", peer->host);
	set(vars, "PEER_PORT", "%u", peer->port);
	set(vars, "PEER_TRANSPORT", "%s", peer->kind->transport);
	set(vars, "PEER_TLS", "%s", tls ? "yes" : "");
	set(vars, "PEER_TRUNK", "%s", trunk ? "yes" : "");
	set(vars, "TANDEM_PORT", "%u", port_of(vars, listener));
	set(vars, "TANDEM_ADDRESS", "%s",
		trunk ? plan->external_address : plan->internal_address);
	set(vars, "OWN_TRUST", "%s",
		params->sides->of[trunk ? SIDES_EXTERNAL : SIDES_INTERNAL].trust);
}

static int fill(const struct layout_params *params, const char *name,
	const struct vars *vars, struct buf *ret, struct err_text *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s%s/%s.conf.in", PATH_MAX - 64,
		params->share ? params->share : TANDEM_SETUP_DIR,
		params->share ? "/setup" : "", name);
	return template_fill(path, vars->vars, ret, text);
}

static int fill_peer(const struct layout_params *params, bool trunk, struct vars *vars,
	struct buf *ret, struct err_text *text)
{
	const struct plan_peer *peer = trunk ? &params->plan->trunk : &params->plan->pbx;
	char name[64];

	set_peer(vars, params, trunk);
	snprintf(name, sizeof(name), "peer-%s", peer->kind->template);
	return fill(params, name, vars, ret, text);
}

int layout_make(
	struct layout *ret, const struct layout_params *params, struct err_text *text)
{
	struct vars *vars = calloc(1, sizeof(*vars));
	int err;

	memset(ret, 0, sizeof(*ret));
	if (!vars)
		return err_set(text, -ENOMEM, "out of memory");
	set_main(vars, params, ret);
	err = fill(params, "tandem", vars, &ret->main, text);
	if (err == 0)
		err = fill(params, "gateway", vars, &ret->gateway, text);
	if (err == 0)
		err = settings_apply(params->sets, false, &ret->main);
	if (err == 0)
		err = settings_apply(params->sets, true, &ret->gateway);
	if (err == 0)
		err = fill_peer(params, false, vars, &ret->pbx_side, text);
	if (err == 0)
		err = fill_peer(params, true, vars, &ret->trunk_side, text);
	free(vars);
	return err;
}

void layout_drop(struct layout *layout)
{
	buf_free(&layout->main);
	buf_free(&layout->gateway);
	buf_free(&layout->pbx_side);
	buf_free(&layout->trunk_side);
}

int layout_check_sets(const struct args_values *sets, struct err_text *text)
{
	for (unsigned i = 0; i < sets->count; i++) {
		struct settings_one one;

		if (!settings_read(&one, sets->values[i]))
			return err_set(text, ERR_FORMAT,
				"--set %s: expected SECTION.KEY=VALUE, as in "
				"--set limits.max-calls=100",
				sets->values[i]);
		if (keys_check(one.section, one.key, "--set", one.value, text) != 0)
			return ERR_FORMAT;
	}
	return 0;
}

/* --- as the server reads it */

static int add_copy(struct place *place, const char *folder, const char *name,
	const struct buf *content, struct err_text *text)
{
	char path[PATH_MAX];
	struct buf copy;

	buf_init(&copy, 0);
	buf_add(&copy, content->data, content->len);
	snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX - 128, folder, name);
	return place_add(place, path, &copy, PLACE_SECRET, PLACE_REFUSE, text);
}

static int read_copy(const char *folder, struct err_text *text)
{
	char path[PATH_MAX];
	struct config_errors errors;
	struct config *config = NULL;
	int err;

	snprintf(path, sizeof(path), "%.*s/tandem.conf", PATH_MAX - 64, folder);
	config_errors_init(&errors);
	err = config_load(&config, path, &errors);
	config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	config_unref(config);
	return err ? err_set(text, err,
			     "nothing was written: these settings do not fit each "
			     "other")
		   : 0;
}

int layout_check(
	const struct layout *layout, const struct plan *plan, struct err_text *text)
{
	const char *parent = getenv("TMPDIR");
	char folder[PATH_MAX], name[128];
	struct place place;
	int err;

	snprintf(folder, sizeof(folder), "%.*s/tandem-setup-XXXXXX", PATH_MAX - 128,
		parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		return err_set(text, -errno, "%s: %s", folder, strerror(errno));
	place_init(&place);
	snprintf(name, sizeof(name), "gateways.d/%s.conf", plan->trunk.id);
	err = add_copy(&place, folder, "tandem.conf", &layout->main, text);
	if (err == 0)
		err = add_copy(&place, folder, name, &layout->gateway, text);
	if (err == 0)
		err = place_commit(&place, text);
	if (err == 0)
		err = read_copy(folder, text);
	for (unsigned i = 0; i < place.count; i++)
		unlink(place.files[i].path);
	for (unsigned i = place.folder_count; i-- > 0;)
		rmdir(place.folders[i]);
	place_free(&place);
	rmdir(folder);
	return err;
}
