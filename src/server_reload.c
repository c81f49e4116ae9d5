/* A new configuration in the place of the present one, while calls go on. */
#include "server_priv.h"

#include "base/log.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_addresses(const struct addr a[static 2], const struct addr b[static 2])
{
	return addr_equal(&a[0], &b[0]) && addr_equal(&a[1], &b[1]);
}

/* What only a start takes into use is said, so that nobody waits for it. */
static bool needs_restart(const struct config *old, const struct config *config)
{
	return !addr_equal(&old->internal.listen, &config->internal.listen) ||
	       !addr_equal(&old->external.udp, &config->external.udp) ||
	       !addr_equal(&old->external.tcp, &config->external.tcp) ||
	       !addr_equal(&old->external.tls_listen, &config->external.tls_listen) ||
	       !addr_equal(&old->tandem.dns_server, &config->tandem.dns_server) ||
	       !same_addresses(old->media.internal, config->media.internal) ||
	       !same_addresses(old->media.external, config->media.external) ||
	       old->media.port_min != config->media.port_min ||
	       old->media.port_max != config->media.port_max ||
	       old->media.workers != config->media.workers ||
	       old->media.io != config->media.io ||
	       old->media.tick_us != config->media.tick_us ||
	       old->media.dscp != config->media.dscp ||
	       old->sip.dscp != config->sip.dscp || old->sip.t1_ms != config->sip.t1_ms ||
	       old->sip.t2_ms != config->sip.t2_ms ||
	       old->sip.t4_ms != config->sip.t4_ms ||
	       old->limits.max_connections != config->limits.max_connections ||
	       old->limits.max_handshakes != config->limits.max_handshakes ||
	       old->limits.handshake_ms != config->limits.handshake_ms ||
	       old->limits.idle_ms != config->limits.idle_ms ||
	       old->limits.queue_bytes != config->limits.queue_bytes ||
	       old->tandem.fips != config->tandem.fips ||
	       strcmp(old->tandem.state_dir, config->tandem.state_dir) != 0 ||
	       strcmp(old->tandem.run_dir, config->tandem.run_dir) != 0 ||
	       strcmp(old->tandem.user, config->tandem.user) != 0;
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

int server_reload(struct server *server, json_t **ret_errors)
{
	struct config_errors errors;
	struct err_text text = {{0}};
	struct config *config = NULL;
	int err;

	config_errors_init(&errors);
	err = config_load(&config, server->config->file, &errors);
	if (err) {
		log_lines(buf_span(&errors.text));
		if (ret_errors)
			*ret_errors = split_lines(errors.text.data, errors.text.len);
	}
	if (!err && config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_fips_check(&text);
	if (!err)
		err = renew_watch(server->renew, config);
	if (!err)
		err = add_media(server->relay, config, &text);
	if (!err)
		err = trunks_apply(server->trunks, config, &text);
	if (text.text[0]) {
		log_error("server", "event=reload-refused reason=\"%s\"", text.text);
		if (ret_errors)
			*ret_errors = split_lines(text.text, strlen(text.text));
	}
	config_errors_free(&errors);
	if (err) {
		/* without memory some files more are watched, which does no harm */
		(void)renew_watch(server->renew, server->config);
		config_unref(config);
		return ERR_CONFIG;
	}
	if (needs_restart(server->config, config))
		log_warning("server", "event=reload note=\"changes of listeners, "
				      "folders, user, DNS server, fips, media "
				      "addresses, ports, workers and tick, dscp, "
				      "connection limits and [sip] timers take "
				      "effect at the next start\"");
	config_unref(server->config);
	server->config = config;
	renew_set_config(server->renew, config);
	server_use_credentials(server);
	server_judge_again(server);
	observe_apply(server->observe);
	bridge_set_config(server->bridge, config);
	log_info("server", "event=reloaded servers=%zu gateways=%zu",
		config->server_count, config->gateway_count);
	return 0;
}
