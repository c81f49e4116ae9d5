#include "admin/wire_verbs.h"

#include "admin/moment.h"
#include "admin/verbs.h"
#include "audit/style.h"
#include "audit/wire.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "bridge/bridge.h"
#include "config/config.h"
#include "sdp/keyline.h"
#include "tls/keylog.h"
#include "trunk/trunk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A day: whoever needs it longer says so again. */
#define WIRE_MAX_S 86400

/* ---- what is under way ---- */

static void key_h(void *arg, const struct addr *remote, struct span line)
{
	struct wiring *wiring = arg;

	wire_key(wiring->wire, remote, line);
}

static void keep_media_key(struct wiring *wiring, const struct bridge_media_keys *keys,
	bool is_out, const struct sdes_crypto *crypto)
{
	struct keyline line = {.wall_us = clock_real()->wall_us(clock_real()),
		.line = keys->line,
		.out = is_out,
		.local = *keys->local,
		.remote = *keys->remote,
		.crypto = *crypto};
	struct buf out;

	snprintf(line.call, sizeof(line.call), "%s", keys->call);
	snprintf(line.leg, sizeof(line.leg), "%s", keys->leg);
	buf_init(&out, 0);
	keyline_print(&line, &out);
	wire_media_key(wiring->wire, out.err ? (struct span){NULL, 0} : buf_span(&out));
	buf_free(&out);
	sdes_wipe(&line.crypto);
}

static void media_keys_h(void *arg, const struct bridge_media_keys *keys)
{
	struct wiring *wiring = arg;

	if (wiring->trunk[0] &&
		(!keys->trunk || keys->trunk->kind != (enum trunk_kind)wiring->kind ||
			strcmp(keys->trunk->id, wiring->trunk) != 0))
		return;
	keep_media_key(wiring, keys, false, keys->theirs);
	keep_media_key(wiring, keys, true, keys->ours);
}

void wiring_stop(struct wiring *wiring)
{
	struct wire_count tls, media;

	if (!wiring->wire)
		return;
	keylog_set(NULL, NULL);
	bridge_watch_keys(wiring->bridge, NULL, NULL);
	timer_stop(&wiring->timer);
	tls = wire_count(wiring->wire);
	media = wire_media_count(wiring->wire);
	log_warning("wire",
		"event=keys-over folder=%s kept=%" PRIu64 " lost=%" PRIu64
		" media-kept=%" PRIu64 " media-lost=%" PRIu64,
		wire_folder(wiring->wire), tls.kept, tls.lost, media.kept, media.lost);
	wire_free(wiring->wire);
	wiring->wire = NULL;
}

static void over_h(void *arg)
{
	wiring_stop(arg);
}

json_t *wiring_json(const struct wiring *wiring)
{
	struct wire_count tls, media;

	if (!wiring || !wiring->wire)
		return json_null();
	tls = wire_count(wiring->wire);
	media = wire_media_count(wiring->wire);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "warning",
		"secrets of TLS connections and of media are kept: whoever has them and "
		"a "
		"capture "
		"reads and hears all",
		"of", wiring->trunk[0] ? api_text(wiring->trunk) : json_null(), "until",
		moment_json((time_t)(wiring->until_us / 1000000)), "by",
		api_text(wiring->who), "folder", api_text(wire_folder(wiring->wire)),
		"kept", (json_int_t)tls.kept, "lost", (json_int_t)tls.lost, "media_kept",
		(json_int_t)media.kept, "media_lost", (json_int_t)media.lost);
}

/* ---- whose ---- */

struct whom {
	const struct trunk *trunk; /* NULL: all */
	struct addr hosts[WIRE_HOSTS_MAX];
	unsigned count;
};

static void add_host(struct whom *whom, const struct addr *addr)
{
	for (unsigned i = 0; i < whom->count; i++)
		if (addr_equal_host(&whom->hosts[i], addr))
			return;
	if (whom->count < WIRE_HOSTS_MAX)
		whom->hosts[whom->count++] = *addr;
}

/* Where the trunk is, as far as that is known. */
static void add_hosts(struct whom *whom)
{
	const struct trunk *trunk = whom->trunk;

	for (unsigned i = 0; i < trunk->addr_count; i++)
		add_host(whom, &trunk->addrs[i]);
	for (unsigned i = 0; i < trunk->health.count; i++)
		add_host(whom, &trunk->health.addresses[i].addr);
}

/* What libpcap is to let through: what a trunk sends and gets, and media, which may come from elsewhere. */
static json_t *filter_json(const struct config *config, const struct whom *whom)
{
	char host[ADDR_TEXT_SIZE];
	struct buf out;
	json_t *filter;

	buf_init(&out, 0);
	for (unsigned i = 0; i < whom->count; i++)
		buf_printf(&out, "host %s or ", addr_host_text(&whom->hosts[i], host));
	if (whom->count > 0)
		buf_printf(&out, "udp portrange %u-%u", config->media.port_min,
			config->media.port_max);
	filter = json_string(out.len > 0 ? buf_str(&out) : "");
	buf_free(&out);
	return filter;
}

static bool find_whom(const struct verbs_context *context, const char *id,
	struct whom *whom, struct err_text *text)
{
	if (!id)
		return true;
	whom->trunk = trunks_find(context->trunks, TRUNK_GATEWAY, id);
	if (!whom->trunk)
		whom->trunk = trunks_find(context->trunks, TRUNK_SERVER, id);
	if (!whom->trunk) {
		err_set(text, 0, "no such trunk or server: %.64s", id);
		return false;
	}
	add_hosts(whom);
	if (whom->count == 0)
		err_set(text, 0,
			"where %.64s is, is not known: its names have no address", id);
	return whom->count > 0;
}

/* ---- verbs ---- */

struct wanted {
	time_t for_s;
	const char *trunk;
};

static bool read_args(const char *const *args, size_t count, struct wanted *ret)
{
	for (size_t i = 0; i + 1 < count; i += 2) {
		if (strcmp(args[i], "--for") == 0) {
			if (moment_span(args[i + 1], WIRE_MAX_S, &ret->for_s) != 0)
				return false;
		} else if (strcmp(args[i], "--trunk") == 0) {
			ret->trunk = args[i + 1];
		} else {
			return false;
		}
	}
	return count % 2 == 0 && ret->for_s > 0;
}

static enum api_code begin(const struct verbs_context *context,
	const struct wanted *wanted, const struct whom *whom, json_t **ret_result,
	struct err_text *text)
{
	const struct config *config = context->config_h(context->arg);
	struct wiring *wiring = context->wiring;
	char until[MOMENT_TEXT_SIZE];
	const struct wire_params params = {.state_dir = config->tandem.state_dir,
		.recipients = writer_style(context->writer)->recipients,
		.hosts = whom->hosts,
		.host_count = whom->count,
		.wall_us = clock_real()->wall_us(clock_real())};

	if (wire_new(&wiring->wire, &params, text) != 0)
		return API_FAILED;
	wiring->until_us = params.wall_us + (uint64_t)wanted->for_s * 1000000;
	snprintf(wiring->who, sizeof(wiring->who), "%s", api_who(context->api));
	snprintf(wiring->trunk, sizeof(wiring->trunk), "%s",
		wanted->trunk ? wanted->trunk : "");
	wiring->kind = whom->trunk ? (int)whom->trunk->kind : 0;
	wiring->bridge = context->bridge;
	timer_start(loop_timers(context->loop), &wiring->timer,
		(uint64_t)wanted->for_s * 1000, over_h, wiring);
	keylog_set(key_h, wiring);
	bridge_watch_keys(context->bridge, media_keys_h, wiring);
	log_warning("wire", "event=keys-kept folder=%s until=%s by=\"%s\"",
		wire_folder(wiring->wire),
		moment_text((time_t)(wiring->until_us / 1000000), until), wiring->who);
	*ret_result = json_pack("{s:s, s:o, s:o, s:b}", "folder",
		wire_folder(wiring->wire), "until",
		moment_json((time_t)(wiring->until_us / 1000000)), "filter",
		filter_json(config, whom), "encrypted", params.recipients != NULL);
	return API_OK;
}

enum api_code wire_verb_start(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct wanted wanted = {.trunk = NULL};
	struct whom whom = {.count = 0};

	if (!read_args(args, arg_count, &wanted)) {
		err_set(text, 0, "usage: wire start --for TIME [--trunk ID]");
		return API_USAGE;
	}
	if (context->wiring->wire) {
		err_set(text, 0, "one is under way: `tandemctl wire stop` ends it");
		return API_FAILED;
	}
	if (!find_whom(context, wanted.trunk, &whom, text))
		return API_NOT_FOUND;
	return begin(context, &wanted, &whom, ret_result, text);
}

enum api_code wire_verb_stop(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;

	(void)args;
	(void)arg_count;
	(void)ret_result;
	if (!context->wiring->wire) {
		err_set(text, 0, "none is under way");
		return API_NOT_FOUND;
	}
	wiring_stop(context->wiring);
	return API_OK;
}
