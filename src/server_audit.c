/* Who observes calls: the audit writer, the export to a collector, and who traces. */
#include "server_priv.h"

#include "base/log.h"

#include <errno.h>

static int start_writer(struct server *server, struct err_text *text)
{
	struct style *style = NULL;
	int err = style_load(&style, server->config, text);
	struct writer_params params = {.state_dir = server->config->tandem.state_dir,
		.run_dir = server->config->tandem.run_dir,
		.style = style,
		.name = server->config->tandem.fqdn,
		.keep_keys = server->config->audit.keep_keys,
		.key = server->config->audit.log_key,
		.vouch = server->vouch,
		.workers = relay_worker_count(server->config->media.workers)};

	if (err)
		return err;
	err = writer_new(&server->writer, &params, text);
	if (!err)
		taps_add(server->taps, writer_listener(server->writer),
			TAPS_CAPTURED | TAPS_MEDIA);
	style_unref(style);
	return err;
}

static int start_hep(struct server *server, struct err_text *text)
{
	const struct hep_params params = {.loop = server->loop,
		.resolver = server->resolver,
		.taps = server->taps,
		.workers = relay_worker_count(server->config->media.workers)};
	struct hep_settings *settings = NULL;
	int err = hep_settings_load(&settings, server->config, NULL, text);

	if (!err)
		err = hep_new(&server->hep, &params);
	if (err) {
		hep_settings_free(settings);
		return err;
	}
	hep_use(server->hep, settings);
	return 0;
}

/* Who reads the records as they are written: without them calls are served all the same. */
static void start_readers(struct server *server)
{
	const struct config *config = server->config;
	const struct sink_params sink = {.state_dir = config->tandem.state_dir,
		.file = config->sink.postgresql,
		.table = config->sink.table,
		.verify = config->sink.verify,
		.writer = server->writer};

	if (config->audit.index)
		index_start(&server->index, config->tandem.state_dir);
	if (config->sink.postgresql[0])
		sink_start(&server->sink, &sink);
}

int server_start_audit(struct server *server, struct err_text *text)
{
	int err = taps_new(&server->taps);

	if (!err)
		taps_mask_digits(server->taps, server->config->audit.mask_digits);
	if (!err)
		err = vouch_new(&server->vouch, server->config, server->loop,
			server->resolver, text);
	if (!err)
		err = start_writer(server, text);
	if (!err)
		err = start_hep(server, text);
	if (!err)
		err = traces_new(&server->traces, server->taps, clock_real());
	if (!err)
		start_readers(server);
	return err;
}

void server_stop_audit(struct server *server)
{
	hep_free(server->hep);
	index_free(server->index);
	sink_free(server->sink);
	writer_free(server->writer);
	vouch_free(server->vouch);
	taps_free(server->taps);
	traces_free(server->traces);
}

void server_use_hep(struct server *server, struct hep_settings *settings)
{
	if (hep_use(server->hep, settings))
		calls_tell_parties(server->bridge);
}

void server_renew_hep(struct server *server)
{
	const struct hep_settings *before = hep_in_use(server->hep);
	struct hep_settings *settings = NULL;
	struct err_text text = {{0}};

	if (!before)
		return;
	if (hep_settings_load(&settings, server->config, before, &text) != 0) {
		log_error("hep", "event=hep-files-refused reason=\"%s\"", text.text);
		return;
	}
	server_use_hep(server, settings);
}
