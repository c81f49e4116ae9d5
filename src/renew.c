#include "renew.h"

#include "base/files.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How often it is looked whether the wall clock was set, and what counts as that. */
#define RENEW_CLOCK_MS 10000
#define RENEW_CLOCK_SET_US 2000000
/* The longest sleep until a certificate's day; the clock may be set meanwhile. */
#define RENEW_SLEEP_MAX_S 3600

struct renew {
	struct loop *loop;
	struct trunks *trunks;
	struct renew_handlers handlers;
	struct files *files;
	struct config *config; /* owned reference; NULL before the first */
	struct timer day;      /* a certificate's next-from */
	struct timer clock;
	int64_t offset_us; /* of the wall clock from the monotonic one */
};

/* ---- files ---- */

static void files_changed_h(void *arg)
{
	struct renew *renew = arg;
	struct trunks_renewal renewal;
	struct err_text text = {{0}};

	if (!renew->config)
		return;
	if (trunks_renew(renew->trunks, renew->config, &renewal, &text)) {
		log_error("tls", "event=tls-files-refused kept=all reason=\"%s\"",
			text.text);
		return;
	}
	renew->handlers.use_h(renew->handlers.arg);
	if (renewal.changed)
		log_info("tls", "event=tls-files-reloaded renewed=%u refused=%u",
			renewal.changed, renewal.refused);
	else
		log_debug("tls", "event=tls-files-same refused=%u", renewal.refused);
	if (renewal.changed)
		renew->handlers.judge_h(renew->handlers.arg);
	renew_set_config(renew, renew->config);
}

/* Paths while they are gathered; borrowed from the configuration. */
struct paths {
	const char **list;
	size_t count;
};

static void add_tls(struct paths *paths, const struct config_tls *tls)
{
	const char *const names[] = {tls->certificate, tls->key, tls->trust, tls->crl,
		tls->next_certificate, tls->next_key};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && strncmp(names[i], "pkcs11:", 7) != 0)
			paths->list[paths->count++] = names[i];
}

static void add_trunk(struct paths *paths, const struct config_trunk *trunk)
{
	add_tls(paths, &trunk->certs);
	paths->list[paths->count++] = trunk->auth.secret;
}

int renew_watch(struct renew *renew, const struct config *config)
{
	size_t owners = 3 + config->server_count + config->gateway_count;
	struct paths paths = {calloc(7 * owners, sizeof(char *)), 0};
	int err;

	if (!paths.list)
		return -ENOMEM;
	add_tls(&paths, &config->internal.tls);
	add_tls(&paths, &config->external.tls);
	add_tls(&paths, &config->hep.tls);
	paths.list[paths.count++] = config->hep.password;
	for (size_t i = 0; i < config->server_count; i++)
		add_trunk(&paths, &config->servers[i].common);
	for (size_t i = 0; i < config->gateway_count; i++)
		add_trunk(&paths, &config->gateways[i].common);
	err = files_set(renew->files, paths.list, paths.count);
	free(paths.list);
	return err;
}

/* ---- days and clocks ---- */

static int64_t wall_us(const struct renew *renew)
{
	struct clock *clock = loop_clock(renew->loop);

	return (int64_t)clock->wall_us(clock);
}

static int64_t clock_offset_us(const struct renew *renew)
{
	struct clock *clock = loop_clock(renew->loop);

	return wall_us(renew) - (int64_t)clock->mono_us(clock);
}

static void day_h(void *arg);

static void wait_for_day(struct renew *renew)
{
	time_t due = trunks_switch_due(renew->trunks);
	int64_t left_us = (int64_t)due * 1000000 - wall_us(renew);

	timer_stop(&renew->day);
	if (!due)
		return;
	if (left_us < 0)
		left_us = 0;
	if (left_us > (int64_t)RENEW_SLEEP_MAX_S * 1000000)
		left_us = (int64_t)RENEW_SLEEP_MAX_S * 1000000;
	timer_start(loop_timers(renew->loop), &renew->day,
		(uint64_t)(left_us + 999) / 1000, day_h, renew);
}

static void switch_certificates(struct renew *renew)
{
	unsigned count = trunks_switch(renew->trunks);

	if (count) {
		log_info("tls", "event=certificate-switched count=%u", count);
		renew->handlers.use_h(renew->handlers.arg);
	}
	wait_for_day(renew);
}

static void day_h(void *arg)
{
	switch_certificates(arg);
}

/* Timers run by the monotonic clock, certificates by the other one: when that is set, what
 * timers wait for may have come already. */
static void clock_h(void *arg)
{
	struct renew *renew = arg;
	int64_t offset_us = clock_offset_us(renew);
	int64_t moved_us = offset_us - renew->offset_us;

	timer_start(
		loop_timers(renew->loop), &renew->clock, RENEW_CLOCK_MS, clock_h, renew);
	renew->offset_us = offset_us;
	if (moved_us < RENEW_CLOCK_SET_US && moved_us > -RENEW_CLOCK_SET_US)
		return;
	log_warning("tls",
		"event=clock-set by-ms=%lld note=\"certificates are judged anew\"",
		(long long)moved_us / 1000);
	switch_certificates(renew);
	renew->handlers.judge_h(renew->handlers.arg);
}

void renew_set_config(struct renew *renew, struct config *config)
{
	struct config *old = renew->config;

	renew->config = config_ref(config);
	config_unref(old);
	wait_for_day(renew);
}

/* ---- life ---- */

int renew_new(struct renew **ret, struct loop *loop, struct trunks *trunks,
	const struct renew_handlers *handlers)
{
	struct renew *renew = calloc(1, sizeof(*renew));
	int err;

	if (!renew)
		return -ENOMEM;
	renew->loop = loop;
	renew->trunks = trunks;
	renew->handlers = *handlers;
	renew->offset_us = clock_offset_us(renew);
	err = files_new(&renew->files, loop, files_changed_h, renew);
	if (err) {
		free(renew);
		return err;
	}
	timer_start(loop_timers(loop), &renew->clock, RENEW_CLOCK_MS, clock_h, renew);
	*ret = renew;
	return 0;
}

void renew_free(struct renew *renew)
{
	if (!renew)
		return;
	timer_stop(&renew->day);
	timer_stop(&renew->clock);
	files_free(renew->files);
	config_unref(renew->config);
	free(renew);
}
