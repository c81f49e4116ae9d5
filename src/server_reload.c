/* A new configuration in the place of the present one, while calls go on. */
#include "server_priv.h"

#include "base/log.h"
#include "config/effective.h"
#include "startcheck.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What only a start takes into use is said, so that nobody waits for it. */
static void tell_restart(const struct config *old, const struct config *fresh)
{
	const struct effective_part before = {.config = old}, now = {.config = fresh};
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	struct buf names;

	buf_init(&names, 0);
	for (size_t i = 0; i < count; i++)
		if (keys[i].at_start && !effective_equal(&before, &now, &keys[i]))
			buf_printf(&names, "%s[%s] %s", names.len > 0 ? ", " : "",
				schema_section_name(keys[i].section), keys[i].name);
	if (names.len > 0 && buf_str(&names))
		log_warning("server",
			"event=reload note=\"these take effect at the next start: %s\"",
			names.data);
	buf_free(&names);
}

void server_use_credentials(struct server *server)
{
	stapler_refresh(server->stapler);
	transport_set_tls(server->internal, trunks_cred(server->trunks, TRUNK_SERVER),
		trunks_peers(server->trunks, TRUNK_SERVER));
	transport_set_tls(server->external, trunks_cred(server->trunks, TRUNK_GATEWAY),
		trunks_peers(server->trunks, TRUNK_GATEWAY));
}

void server_judge_again(struct server *server)
{
	transport_judge_again(server->internal);
	transport_judge_again(server->external);
	expiry_check(server->expiry);
}

/* Every mistake is a line of its own in the log too. */
static void log_lines(struct span rest)
{
	struct span line;

	while (span_next(&rest, '\n', &line))
		if (line.len)
			log_error("server", "event=reload-refused %.*s", SPAN_ARG(line));
}

static json_t *split_lines(const char *text, size_t len)
{
	json_t *lines = json_array();
	struct span rest = {text, len};
	struct span line;

	while (lines && span_next(&rest, '\n', &line))
		if (line.len)
			json_array_append_new(
				lines, json_stringn_nocheck(line.p, line.len));
	return lines;
}

struct addr *server_list_media(const struct config *config, unsigned *ret_count)
{
	struct addr *list =
		calloc(config->server_count + config->gateway_count + 4, sizeof(*list));
	unsigned count = 0;

	if (list) {
		list[count++] = config->media.internal[0];
		list[count++] = config->media.external[0];
	}
	if (list && config->media.internal[1].len)
		list[count++] = config->media.internal[1];
	if (list && config->media.external[1].len)
		list[count++] = config->media.external[1];

	for (size_t i = 0; list && i < config->server_count; i++)
		if (config->servers[i].common.media.address.len)
			list[count++] = config->servers[i].common.media.address;
	for (size_t i = 0; list && i < config->gateway_count; i++)
		if (config->gateways[i].common.enabled &&
			config->gateways[i].common.media.address.len)
			list[count++] = config->gateways[i].common.media.address;
	*ret_count = count;
	return list;
}

/* Further addresses that a reload brings. 0, or negative with TEXT. */
static int add_media(
	struct relay *relay, const struct config *config, struct err_text *text)
{
	unsigned count;
	struct addr *list = server_list_media(config, &count);
	int err = list ? 0 : err_set(text, -ENOMEM, "out of memory");

	/* the sides' own are taken at the start alone */
	for (unsigned i = 2; !err && i < count; i++)
		err = relay_add_address(relay, &list[i], text);
	free(list);
	return err;
}

/* CONFIG in the place of what is in force; whole, or not at all. 0, or negative, with TEXT where a
 * person can do something. */
static int take(struct server *server, struct config *config, struct err_text *text)
{
	struct style *style = NULL;
	struct hep_settings *hep = NULL;
	struct vouch_parts *vouching = NULL;
	int err = style_load(&style, config, text);

	if (!err)
		err = hep_settings_load(&hep, config, hep_in_use(server->hep), text);
	if (!err)
		err = vouch_load(&vouching, server->vouch, config, text);
	if (!err && config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_fips_check(text);
	if (!err)
		err = renew_watch(server->renew, config);
	if (!err)
		err = add_media(server->relay, config, text);
	if (!err)
		err = trunks_apply(server->trunks, config, text);
	if (err) {
		/* without memory some files more are watched, which does no harm */
		(void)renew_watch(server->renew, server->config);
		style_unref(style);
		hep_settings_free(hep);
		vouch_drop(vouching);
		return err;
	}
	writer_set_style(server->writer, style);
	(void)writer_want_key(server->writer, config->audit.log_key);
	writer_keep_keys(server->writer, config->audit.keep_keys);
	taps_mask_digits(server->taps, config->audit.mask_digits);
	style_unref(style);
	server_use_hep(server, hep);
	vouch_use(server->vouch, vouching);
	drains_apply(server->drains, server->trunks, false);
	tell_restart(server->config, config);
	config_unref(server->config);
	server->config = config_ref(config);
	renew_set_config(server->renew, config);
	server_use_credentials(server);
	observe_apply(server->observe);
	bridge_set_config(server->bridge, config);
	/* whoever left the configuration is told before his connection is closed */
	upkeep_apply(server->upkeep);
	server_judge_again(server);
	log_set_numbers(config->tandem.log_numbers);
	log_info("server", "event=reloaded servers=%zu gateways=%zu",
		config->server_count, config->gateway_count);
	return 0;
}

/* What is said at the beginning of each reload is answered at its end, whatever became of it. */
static void tell_done(struct server *server)
{
	service_ready(server->service,
		server->config->server_count + server->config->gateway_count);
}

int server_return(void *arg, struct config *before, struct err_text *text)
{
	struct server *server = arg;
	int err;

	service_reloading(server->service);
	err = take(server, before, text);
	tell_done(server);
	return err;
}

/* Why CONFIG was refused: where it is certificates each that is wrong, else TEXT. */
static json_t *explain(struct config *config, const struct err_text *text)
{
	json_t *lines = startcheck_refusals(config);

	if (json_array_size(lines) > 0)
		return lines;
	json_decref(lines);
	return split_lines(text->text, strlen(text->text));
}

int server_reload(struct server *server, uint64_t confirm_ms, json_t **ret_errors)
{
	struct config *old = config_ref(server->config);
	struct config_errors errors;
	struct err_text text = {{0}};
	struct config *config = NULL;
	int err;

	service_reloading(server->service);
	config_errors_init(&errors);
	err = config_load(&config, old->file, &errors);
	if (err) {
		log_lines(buf_span(&errors.text));
		if (ret_errors)
			*ret_errors = split_lines(errors.text.data, errors.text.len);
	} else {
		err = take(server, config, &text);
	}
	if (text.text[0]) {
		log_error("server", "event=reload-refused reason=\"%s\"", text.text);
		if (ret_errors)
			*ret_errors = explain(config, &text);
	}
	config_errors_free(&errors);
	if (!err)
		trial_taken(&server->trial, old, confirm_ms);
	config_unref(config);
	config_unref(old);
	tell_done(server);
	return err ? ERR_CONFIG : 0;
}
