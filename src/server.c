#include "server_priv.h"

#include "audit/age.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "check/check.h"
#include "privilege.h"
#include "process/sandbox.h"
#include "startcheck.h"
#include "tls/policy.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* After the drain time the last BYEs get so long to be answered. */
#define SERVER_FAREWELL_MS 2000
#define SERVER_DRAIN_POLL_MS 50

/* ---- configuration ---- */

static void renewed_h(void *arg)
{
	server_use_credentials(arg);
	server_renew_hep(arg);
}

static void judge_h(void *arg)
{
	struct server *server = arg;

	stapler_refresh(server->stapler);
	server_judge_again(server);
}

static int start_trunks(struct server *server, struct err_text *text)
{
	const struct renew_handlers handlers = {
		.use_h = renewed_h, .judge_h = judge_h, .arg = server};
	const struct drains_params drains = {.folder = server->config->tandem.state_dir,
		.clock = loop_clock(server->loop),
		.filing = server->filing};
	int err = trunks_new(&server->trunks, server->loop, server->resolver);

	if (!err)
		err = renew_new(&server->renew, server->loop, server->trunks, &handlers);
	if (!err)
		err = renew_watch(server->renew, server->config);
	if (err)
		return err;
	if (trunks_apply(server->trunks, server->config, text)) {
		startcheck_explain(server->config, text);
		return ERR_CONFIG;
	}
	renew_set_config(server->renew, server->config);
	err = drains_new(&server->drains, &drains, text);
	if (err)
		return err;
	drains_apply(server->drains, server->trunks, true);
	trial_init(&server->trial, loop_timers(server->loop), server_return, server);
	trial_taken(&server->trial, NULL, 0);
	return 0;
}

static void seen_news_h(void *arg)
{
	struct server *server = arg;

	expiry_check_soon(server->expiry);
}

static int start_certificates(struct server *server)
{
	struct seen_params params = {.clock = loop_clock(server->loop),
		.filing = server->filing,
		.news_h = seen_news_h,
		.arg = server};
	char *folder;
	int err;

	if (asprintf(&folder, "%s/peers", server->config->tandem.state_dir) < 0)
		return -ENOMEM;
	params.folder = folder;
	err = seen_new(&server->seen, &params);
	free(folder);
	return err ? err
		   : expiry_new(
			     &server->expiry, server->loop, server->trunks, server->seen);
}

static void witness_h(
	void *arg, const struct peer *peer, const gnutls_datum_t *chain, unsigned count)
{
	struct server *server = arg;

	seen_note(server->seen, peer->id, chain, count);
}

/* ---- the end ---- */

/* Registrars are told, and their answers awaited, but not for long. */
static bool is_leaving(const struct server *server, uint64_t now_ms)
{
	return now_ms < server->leave_until_ms && upkeep_is_leaving(server->upkeep);
}

static void drain_h(void *arg)
{
	struct server *server = arg;
	uint64_t now_ms = timers_now_ms(loop_timers(server->loop));
	struct bridge_totals totals;

	bridge_totals(server->bridge, &totals);
	if ((totals.calls == 0 && totals.subscriptions == 0 &&
		    !is_leaving(server, now_ms)) ||
		(server->farewell && now_ms >= server->drain_until_ms)) {
		loop_stop(server->loop);
		return;
	}
	/* subscriptions do not end by themselves: nobody waits for that */
	if (!server->farewell &&
		(now_ms >= server->drain_until_ms ||
			(totals.calls == 0 && totals.subscriptions > 0))) {
		server->farewell = true;
		server->drain_until_ms = now_ms + SERVER_FAREWELL_MS;
		bridge_end_all(server->bridge, "shutdown");
	}
	timer_start(loop_timers(server->loop), &server->drain_timer, SERVER_DRAIN_POLL_MS,
		drain_h, server);
}

static void shut_down(struct server *server, bool drain)
{
	uint64_t wait_ms = drain ? server->config->limits.drain_ms : 0;

	/* asked again: whoever asks twice does not want to wait */
	if (server->drain_until_ms)
		wait_ms = 0;
	log_info("server", "event=stopping calls=%u wait-ms=%llu",
		bridge_call_count(server->bridge), (unsigned long long)wait_ms);
	bridge_drain(server->bridge);
	if (!server->leave_until_ms) {
		server->leave_until_ms =
			timers_now_ms(loop_timers(server->loop)) + SERVER_FAREWELL_MS;
		upkeep_leave(server->upkeep);
	}
	service_stopping(server->service, wait_ms + SERVER_FAREWELL_MS);
	server->drain_until_ms = timers_now_ms(loop_timers(server->loop)) + wait_ms;
	drain_h(server);
}

static void acted_h(void *arg, const struct api_act *act)
{
	struct server *server = arg;

	writer_act(server->writer, &(const struct entry_act){.who = act->who,
					   .noun = act->noun,
					   .verb = act->verb,
					   .args = act->args,
					   .arg_count = act->arg_count,
					   .code = act->code});
}

/* A signal says not who sent it that one could believe. */
static void reload_by_signal(struct server *server)
{
	const int err = server_reload(server, 0, NULL);

	acted_h(server, &(const struct api_act){.who = "SIGHUP",
				.noun = "config",
				.verb = "reload",
				.code = err ? API_FAILED : API_OK});
}

static void signal_h(void *arg, uint32_t events)
{
	struct server *server = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(server->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload_by_signal(server);
		else
			shut_down(server, true);
	}
}

static int watch_signals(struct server *server)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	return loop_watch(server->loop, &server->signals, fd, EPOLLIN, signal_h, server);
}

/* ---- callbacks from below ---- */

static void capture_h(void *arg, uint64_t call, const char *id, enum config_audit mode)
{
	struct server *server = arg;

	if (mode != CONFIG_AUDIT_OFF)
		writer_call_begin(server->writer, call, id);
	else
		writer_call_pause(server->writer, call);
}

static void begun_h(void *arg, uint64_t call, const char *id, enum config_audit mode)
{
	struct server *server = arg;

	writer_call_stands(server->writer, call, id);
	capture_h(arg, call, id, mode);
}

static void ended_h(void *arg, const struct record *record)
{
	struct server *server = arg;

	writer_call_end(server->writer, record);
	hep_call_end(server->hep, record);
}

static void refused_h(void *arg, const char *word, const char *id, const char *reason)
{
	struct server *server = arg;

	writer_refused(server->writer, word, id, reason);
}

static bool ready_h(void *arg)
{
	struct server *server = arg;

	return !server->config->audit.required || writer_ready(server->writer);
}

/* One long turn, as that of a reload, or a pause of the whole machine, is no overload. */
#define OVERLOAD_TURNS 4

static bool overloaded_h(void *arg)
{
	struct server *server = arg;

	return loop_busy_us(server->loop) > server->config->limits.overload_ms * 1000 &&
	       loop_busy_turns(server->loop) >= OVERLOAD_TURNS;
}

static const struct config *config_h(void *arg)
{
	struct server *server = arg;

	return server->config;
}

static int reload_h(void *arg, uint64_t confirm_ms, json_t **ret_errors)
{
	return server_reload(arg, confirm_ms, ret_errors);
}

static json_t *check_h(void *arg, bool *ret_good)
{
	struct server *server = arg;

	return startcheck_live(server->config->file, ret_good);
}

static void shutdown_h(void *arg, bool drain)
{
	shut_down(arg, drain);
}

/* ---- the start ---- */

static int start_resolver(struct server *server, struct err_text *text)
{
	const struct addr *dns = &server->config->tandem.dns_server;
	struct resolver_params params = {0};
	char forward[ADDR_TEXT_SIZE + 8];
	char host[ADDR_TEXT_SIZE];

	snprintf(forward, sizeof(forward), "%s@%u",
		dns->len ? addr_host_text(dns, host) : "",
		dns->len ? addr_port(dns) : 0u);
	params.forward = dns->len ? forward : NULL;
	return resolver_new_with(&server->resolver, server->loop, &params, text);
}

static int start_stapler(struct server *server)
{
	const struct stapler_params params = {.loop = server->loop,
		.resolver = server->resolver,
		.trunks = server->trunks,
		.filing = server->filing,
		.folder = server->config->tandem.state_dir};

	return stapler_new(&server->stapler, &params);
}

static int start_bridge(struct server *server)
{
	struct bridge_params params = {.timers = loop_timers(server->loop),
		.config = server->config,
		.trunks = server->trunks,
		.resolver = server->resolver,
		.tap = taps_tap(server->taps),
		.handlers = {.begun_h = begun_h,
			.capture_h = capture_h,
			.ended_h = ended_h,
			.refused_h = refused_h,
			.ready_h = ready_h,
			.overloaded_h = overloaded_h,
			.arg = server}};

	return bridge_new(&server->bridge, &params);
}

static int open_media(struct server *server, struct err_text *text)
{
	struct relay_params params = check_media_params(server->config);
	struct addr *addresses = server_list_media(server->config, &params.address_count);
	int err = addresses ? 0 : -ENOMEM;

	params.addresses = addresses;
	if (!err)
		err = relay_io_open(&server->media, &params, text);
	free(addresses);
	return err;
}

static int open_sockets(struct server *server, struct err_text *text)
{
	struct check_listener wanted[CHECK_LISTENERS];
	const unsigned count = check_listeners(server->config, wanted);

	for (unsigned i = 0; i < count; i++) {
		struct server_socket *socket = &server->sockets[server->socket_count];
		int err = transport_bind(
			wanted[i].kind, wanted[i].address, &socket->fd, text);

		if (err)
			return err;
		socket->side = wanted[i].internal ? SIDE_INTERNAL : SIDE_EXTERNAL;
		socket->kind = wanted[i].kind;
		server->socket_count++;
	}
	return 0;
}

static int start_relay(struct server *server, struct err_text *text)
{
	struct relay_params params = check_media_params(server->config);
	struct addr *addresses = server_list_media(server->config, &params.address_count);
	int err;

	if (!addresses)
		return -ENOMEM;
	params.addresses = addresses;
	params.loop = server->loop;
	params.opened = server->media;
	params.tap = taps_tap(server->taps);
	params.handlers = bridge_relay_handlers(server->bridge);
	server->media = NULL;
	err = relay_new(&server->relay, &params, text);
	free(addresses);
	if (!err)
		bridge_set_relay(server->bridge, server->relay);
	return err;
}

static int new_transport(
	struct server *server, struct transport **ret, const char *name, enum side side)
{
	const struct config *config = server->config;
	struct transport_params params = {.name = name,
		.loop = server->loop,
		.limits = {.max_connections = config->limits.max_connections,
			.max_handshakes = config->limits.max_handshakes,
			.handshake_ms = config->limits.handshake_ms,
			.idle_ms = config->limits.idle_ms,
			.queue_bytes = config->limits.queue_bytes},
		.handlers = bridge_transport_handlers(server->bridge, side),
		.tap = taps_tap(server->taps),
		.witness = {.h = witness_h, .arg = server},
		.dscp = config->sip.dscp};

	return transport_new(ret, &params);
}

static int listen_all(struct server *server, struct err_text *text)
{
	for (unsigned i = 0; i < server->socket_count; i++) {
		struct server_socket *socket = &server->sockets[i];
		const int fd = socket->fd;
		int err;

		socket->fd = -1;
		err = transport_listen(socket->side == SIDE_INTERNAL ? server->internal
								     : server->external,
			socket->kind, fd, NULL, text);
		if (err)
			return err;
	}
	return 0;
}

static int start_transports(struct server *server, struct err_text *text)
{
	int err = new_transport(server, &server->internal, "internal", SIDE_INTERNAL);

	if (!err)
		err = new_transport(server, &server->external, "external", SIDE_EXTERNAL);
	if (err)
		return err;
	bridge_set_transports(server->bridge, server->internal, server->external);
	server_use_credentials(server);
	return listen_all(server, text);
}

static int start_observe(struct server *server)
{
	const struct observe_params params = {.loop = server->loop,
		.resolver = server->resolver,
		.trunks = server->trunks};
	int err = observe_new(&server->observe, &params);

	if (err)
		return err;
	transport_watch_judged(server->external, observe_judged_h, server->observe);
	observe_apply(server->observe);
	return 0;
}

static int start_upkeep(struct server *server)
{
	const struct upkeep_params params = {.timers = loop_timers(server->loop),
		.bridge = server->bridge,
		.trunks = server->trunks,
		.resolver = server->resolver};
	int err = upkeep_new(&server->upkeep, &params);

	if (!err)
		upkeep_apply(server->upkeep);
	return err;
}

static int start_control(struct server *server, struct err_text *text)
{
	struct verbs_context *verbs = &server->verbs;
	gid_t group;
	int err;

	verbs->loop = server->loop;
	verbs->resolver = server->resolver;
	verbs->bridge = server->bridge;
	verbs->trunks = server->trunks;
	verbs->drains = server->drains;
	verbs->seen = server->seen;
	verbs->observe = server->observe;
	verbs->stapler = server->stapler;
	verbs->vouch = server->vouch;
	verbs->trial = &server->trial;
	verbs->relay = server->relay;
	verbs->internal = server->internal;
	verbs->external = server->external;
	verbs->writer = server->writer;
	verbs->hep = server->hep;
	verbs->index = server->index;
	verbs->wiring = &server->wiring;
	verbs->sink = server->sink;
	verbs->start_wall_us = clock_real()->wall_us(clock_real());
	verbs->config_h = config_h;
	verbs->reload_h = reload_h;
	verbs->check_h = check_h;
	verbs->shutdown_h = shutdown_h;
	verbs->arg = server;
	if (asprintf(&server->control_path, "%s/control.sock",
		    server->config->tandem.run_dir) < 0)
		return -ENOMEM;
	err = events_new(&server->events, server->loop);
	verbs->events = server->events;
	verbs->traces = server->traces;
	traces_set_bridge(server->traces, server->bridge);
	if (!err)
		err = api_new(&server->api, verbs_table, verbs);
	verbs->api = server->api;
	if (!err)
		api_set_witness(server->api, acted_h, server);
	if (!err)
		err = privilege_admin_group(server->config, &group, text);
	return err ? err
		   : control_new(&server->control, server->loop, server->control_path,
			     group, server->api, text);
}

/* Before any session is made and any file is read by the library. */
static int start_fips(const struct config *config, struct err_text *text)
{
	int err = 0;

	if (config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_fips_check(text);
	if (!err && config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_restrict(text);
	return err == ERR_SUPPORT ? ERR_CONFIG : err;
}

/* What needs more rights is open. From here on with those of [tandem] user, who reads the configuration at each
 * reload, and so must be able to now. Before there are other threads: each would keep the rights of before. */
static int become_user(struct server *server, struct err_text *text)
{
	return startcheck_become(&server->config, &server->became_user, text);
}

static int start_parts(struct server *server, const char *file, struct err_text *text)
{
	int err = policy_start(text);

	age_start(); /* here, since a reload may be the first that wants it */
	if (!err)
		err = startcheck_load(&server->config, file, text);
	if (!err)
		err = startcheck_machine(server->config, text);
	if (!err)
		err = start_fips(server->config, text);
	if (!err)
		err = privilege_prepare(server->config, text);
	if (!err)
		err = open_media(server, text);
	if (!err)
		err = open_sockets(server, text);
	if (!err)
		privilege_note_uses(server->config, server->media);
	if (!err)
		err = become_user(server, text);
	if (!err)
		err = startcheck_rights(server->config, text);
	if (!err)
		err = sandbox_files(server->config, text);
	if (!err)
		err = privilege_lock_state(server->config, &server->lock_fd, text);
	if (!err)
		err = loop_new(&server->loop, clock_real());
	if (!err)
		err = filing_new(&server->filing, server->loop);
	if (!err)
		err = watch_signals(server);
	if (!err)
		err = start_resolver(server, text);
	if (!err)
		err = start_trunks(server, text);
	if (!err)
		err = start_certificates(server);
	if (!err)
		err = start_stapler(server);
	if (!err)
		err = server_start_audit(server, text);
	if (!err)
		err = start_bridge(server);
	if (!err)
		err = start_relay(server, text);
	if (!err)
		err = start_transports(server, text);
	if (!err)
		err = start_observe(server);
	if (!err)
		err = start_upkeep(server);
	if (!err)
		err = start_control(server, text);
	return err;
}

/* Root could have done what failed: say who it was. */
static void say_user(const struct server *server, int err, struct err_text *text)
{
	const struct err_text why = *text;

	if (server->became_user && why.text[0])
		err_set(text, err, "as %s: %s", server->config->tandem.user, why.text);
}

int server_start(struct server **ret, const char *file, struct err_text *text)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->lock_fd = -1;
	err = start_parts(server, file, text);
	if (!err)
		err = privilege_pid_file(server->config, &server->pid_path, text);
	if (!err)
		err = service_new(&server->service, server->loop, server->bridge,
			server->relay, server->writer);
	if (!err)
		err = sandbox_calls(server->config, text);
	if (err) {
		say_user(server, err, text);
		server_stop(server);
		return err;
	}
	log_set_numbers(server->config->tandem.log_numbers);
	log_info("server",
		"event=ready servers=%zu gateways=%zu workers=%u "
		"descriptors-allowed=%llu",
		server->config->server_count, server->config->gateway_count,
		relay_worker_count(server->config->media.workers),
		(unsigned long long)descriptors_allowed());
	service_ready(server->service,
		server->config->server_count + server->config->gateway_count);
	expiry_check(server->expiry);
	*ret = server;
	return 0;
}

int server_run(struct server *server)
{
	return loop_run(server->loop);
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	service_free(server->service);
	control_free(server->control);
	api_free(server->api);
	trial_free(&server->trial);
	events_free(server->events);
	if (server->loop)
		timer_stop(&server->drain_timer);
	renew_free(server->renew);
	stapler_free(server->stapler);
	upkeep_free(server->upkeep);
	/* which the bridge tells of keys */
	wiring_stop(&server->wiring);
	bridge_free(server->bridge);
	relay_free(server->relay);
	relay_io_close(server->media);
	for (unsigned i = 0; i < server->socket_count; i++)
		if (server->sockets[i].fd >= 0)
			close(server->sockets[i].fd);
	transport_free(server->internal);
	transport_free(server->external);
	observe_free(server->observe);
	server_stop_audit(server);
	expiry_free(server->expiry);
	seen_free(server->seen);
	drains_free(server->drains);
	filing_free(server->filing);
	trunks_free(server->trunks);
	resolver_free(server->resolver);
	if (server->signals.loop) {
		int fd = server->signals.fd;

		loop_unwatch(&server->signals);
		close(fd);
	}
	loop_free(server->loop);
	config_unref(server->config);
	if (server->pid_path)
		unlink(server->pid_path);
	if (server->lock_fd >= 0)
		close(server->lock_fd);
	free(server->pid_path);
	free(server->control_path);
	policy_stop();
	free(server);
}
