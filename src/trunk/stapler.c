#include "trunk/stapler.h"

#include "base/clock.h"
#include "base/log.h"
#include "tls/fetch.h"
#include "tls/staple.h"
#include "trunk/staple_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STAPLER_RETRY_S 60
#define STAPLER_RETRY_MAX_S 3600
/* A response that lives for seconds is no reason to ask without a pause. */
#define STAPLER_PAUSE_MIN_S 10
/* The longest sleep: the clock that dates are about may be set meanwhile. */
#define STAPLER_SLEEP_MAX_S 3600

struct stapler {
	struct loop *loop;
	struct resolver *resolver;
	const struct trunks *trunks;
	struct fetcher *fetcher;
	struct filing *filing;
	char *folder;
	struct list jobs; /* struct job */
};

/* A certificate of ours and what is asked about it. */
struct job {
	struct list node;
	struct stapler *stapler;
	struct cred
		*cred; /* owned reference; jobs are told apart by it and the next two */
	char *setting; /* "auto", or the URL */
	char *file;    /* of the certificate */
	char *trust;   /* file where its issuer may be */
	struct staple *staple;
	const char *url; /* the responder's; borrowed of the above */
	bool wanted;     /* while the trunks are gone through */
	struct timer timer;
	time_t next;
	time_t until;
	unsigned failures; /* in a row */
	struct resolve *resolving;
	struct fetch *fetch;
	char error[ERR_TEXT_SIZE];
};

static time_t wall_now(const struct job *job)
{
	struct clock *clock = loop_clock(job->stapler->loop);

	return (time_t)(clock->wall_us(clock) / 1000000);
}

/* SECONDS, a tenth more or less: many certificates must not ask at the same time. */
static time_t spread(time_t seconds)
{
	uint32_t random = 0;

	if (seconds < 10 || getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		return seconds;
	return seconds - seconds / 10 + (time_t)(random % (uint32_t)(seconds / 5 + 1));
}

static void job_ask(struct job *job);

static void job_sleep(struct job *job);

static void job_due_h(void *arg)
{
	struct job *job = arg;

	if (job->next > wall_now(job))
		job_sleep(job);
	else
		job_ask(job);
}

static void job_sleep(struct job *job)
{
	time_t left = job->next - wall_now(job);

	if (left < 0)
		left = 0;
	if (left > STAPLER_SLEEP_MAX_S)
		left = STAPLER_SLEEP_MAX_S;
	timer_start(loop_timers(job->stapler->loop), &job->timer, (uint64_t)left * 1000,
		job_due_h, job);
}

static void job_fail(struct job *job, const char *why)
{
	time_t pause = STAPLER_RETRY_S;
	char until[CLOCK_TEXT_SIZE];

	for (unsigned i = 0; i < job->failures && pause < STAPLER_RETRY_MAX_S; i++)
		pause *= 2;
	pause = spread(pause < STAPLER_RETRY_MAX_S ? pause : STAPLER_RETRY_MAX_S);
	job->failures++;
	job->next = wall_now(job) + pause;
	snprintf(job->error, sizeof(job->error), "%s", why);
	log_warning("stapler",
		"event=staple-failed certificate=\"%s\" responder=\"%s\" reason=\"%s\" "
		"next-try-s=%lld sent-until=%s",
		job->file, job->url, job->error, (long long)pause,
		job->until > wall_now(job)
			? clock_text((uint64_t)job->until * 1000000, until)
			: "none");
	job_sleep(job);
}

/* Presents DER if it is good. 0, or negative with TEXT. */
static int job_take(struct job *job, const gnutls_datum_t *der, struct err_text *text)
{
	struct ocsp_answer answer;
	time_t now = wall_now(job), pause;
	int err = staple_take(job->staple, der, &answer, text);

	if (err)
		return err;
	pause = spread((answer.next_update - now) / 2);
	job->until = answer.next_update;
	job->next = now + (pause > STAPLER_PAUSE_MIN_S ? pause : STAPLER_PAUSE_MIN_S);
	return 0;
}

/* ARG is the stapler: the job may be over. */
static void kept_h(void *arg, int err)
{
	const struct stapler *stapler = arg;

	if (err)
		log_warning("stapler",
			"event=staple-not-kept folder=\"%s\" reason=\"%s\"",
			stapler->folder, err_str(err));
}

static void job_keep(const struct job *job, const gnutls_datum_t *body)
{
	struct stapler *stapler = job->stapler;
	const struct span response = {(const char *)body->data, body->size};
	int err = staple_store_write(stapler->filing, stapler->folder,
		staple_id(job->staple), response, kept_h, stapler);

	if (err)
		kept_h(stapler, err);
}

static void fetched_h(void *arg, int err, const gnutls_datum_t *body, const char *why)
{
	struct job *job = arg;
	struct err_text text = {{0}};
	char until[CLOCK_TEXT_SIZE], next[CLOCK_TEXT_SIZE];

	job->fetch = NULL;
	if (!err)
		err = job_take(job, body, &text);
	if (err) {
		job_fail(job, text.text[0] ? text.text : why);
		return;
	}
	job->failures = 0;
	job->error[0] = '\0';
	log_info("stapler",
		"event=staple-fetched certificate=\"%s\" responder=\"%s\" until=%s "
		"next=%s",
		job->file, job->url, clock_text((uint64_t)job->until * 1000000, until),
		clock_text((uint64_t)job->next * 1000000, next));
	job_keep(job, body);
	job_sleep(job);
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct job *job = arg;
	struct err_text text = {{0}};
	struct fetch_params params = {.url = job->url,
		.addrs = answer->addrs,
		.addr_count = answer->count,
		.type = "application/ocsp-request",
		.want = "application/ocsp-response",
		.h = fetched_h,
		.arg = job};

	job->resolving = NULL;
	if (answer->err)
		job_fail(job, answer->why);
	else if (staple_request(job->staple, &params.body))
		job_fail(job, "GnuTLS makes no request");
	else if (fetch_begin(job->stapler->fetcher, &params, &job->fetch, &text))
		job_fail(job, text.text);
	gnutls_free(params.body.data);
}

static void job_ask(struct job *job)
{
	struct err_text text = {{0}};
	char host[FETCH_HOST_SIZE];
	uint16_t port;

	if (job->resolving || job->fetch)
		return;
	if (staple_find_issuer(job->staple, job->trust, &text))
		job_fail(job, text.text);
	else if (fetch_parse(job->url, host, &port))
		job_fail(job, "that is no http: URL");
	else if (resolver_ask(job->stapler->resolver,
			 &(struct resolve_question){.host = host,
				 .port = port,
				 .kind = TRANSPORT_TCP,
				 .h = resolved_h,
				 .arg = job},
			 &job->resolving))
		job_fail(job, "its name cannot be looked up");
}

/* ---- jobs ---- */

static void job_free(struct job *job)
{
	timer_stop(&job->timer);
	resolve_cancel(job->resolving);
	fetch_cancel(job->fetch);
	staple_free(job->staple);
	cred_unref(job->cred);
	free(job->setting);
	free(job->file);
	free(job->trust);
	free(job);
}

static struct job *job_find(
	const struct stapler *stapler, const struct cred *cred, const char *setting)
{
	LIST_FOREACH (&stapler->jobs, node, next) {
		struct job *job = LIST_ENTRY(node, struct job, node);

		if (job->cred == cred && !strcmp(job->setting, setting))
			return job;
	}
	return NULL;
}

/* What an earlier run kept. */
static void job_read_kept(struct job *job)
{
	unsigned char *data;
	size_t len;

	if (staple_find_issuer(job->staple, job->trust, NULL) ||
		staple_store_read(
			job->stapler->folder, staple_id(job->staple), &data, &len))
		return;
	(void)job_take(job, &(gnutls_datum_t){data, (unsigned)len}, NULL);
	free(data);
}

/* False when nobody is to be asked: the certificate names no responder. */
static bool job_begin(struct job *job)
{
	if (!job->setting || !job->file || !job->trust ||
		staple_new(&job->staple, job->cred, NULL))
		return false;
	job->url = strcmp(job->setting, "auto") != 0 ? job->setting
						     : staple_responder(job->staple);
	return job->url != NULL;
}

static void job_add(struct stapler *stapler, struct cred *cred, const char *setting,
	const char *file, const char *trust)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return;
	job->stapler = stapler;
	job->cred = cred_ref(cred);
	job->setting = strdup(setting);
	job->file = strdup(file);
	job->trust = strdup(trust);
	job->wanted = true;
	job->next = wall_now(job);
	if (!job_begin(job)) {
		job_free(job);
		return;
	}
	job_read_kept(job);
	list_append(&stapler->jobs, &job->node);
	job_sleep(job);
}

static void want(struct stapler *stapler, struct cred *cred, const char *file,
	const struct trunk_tls *tls)
{
	struct job *job;

	if (!cred || !strcmp(tls->files->staple, "off"))
		return;
	job = job_find(stapler, cred, tls->files->staple);
	if (!job) {
		job_add(stapler, cred, tls->files->staple, file, tls->trust);
		return;
	}
	job->wanted = true;
	if (job->failures) {
		job->failures = 0;
		job->next = wall_now(job);
	}
	job_sleep(job);
}

static void want_h(void *arg, const struct trunk_tls *tls)
{
	const struct config_tls *files = tls->files;

	want(arg, tls->cred, tls->switched ? files->next_certificate : files->certificate,
		tls);
	want(arg, tls->next, files->next_certificate, tls);
}

static bool is_known_id(const struct stapler *stapler, const char *id)
{
	LIST_FOREACH (&stapler->jobs, node, next) {
		const struct job *job = LIST_ENTRY(node, struct job, node);

		if (!strcmp(staple_id(job->staple), id))
			return true;
	}
	return false;
}

static void job_end(struct job *job)
{
	list_remove(&job->node);
	if (!is_known_id(job->stapler, staple_id(job->staple)))
		staple_store_forget(job->stapler->filing, job->stapler->folder,
			staple_id(job->staple));
	job_free(job);
}

void stapler_refresh(struct stapler *stapler)
{
	LIST_FOREACH (&stapler->jobs, node, next)
		LIST_ENTRY(node, struct job, node)->wanted = false;
	trunks_each_tls(stapler->trunks, want_h, stapler);
	LIST_FOREACH (&stapler->jobs, node, next) {
		struct job *job = LIST_ENTRY(node, struct job, node);

		if (!job->wanted)
			job_end(job);
	}
}

void stapler_each(const struct stapler *stapler,
	void (*h)(void *arg, const struct stapler_state *state), void *arg)
{
	LIST_FOREACH (&stapler->jobs, node, next) {
		const struct job *job = LIST_ENTRY(node, struct job, node);
		const bool asking = job->resolving || job->fetch;

		h(arg, &(struct stapler_state){.certificate = job->file,
			       .responder = job->url,
			       .until = job->until > wall_now(job) ? job->until : 0,
			       .next = asking ? 0 : job->next,
			       .error = job->error});
	}
}

/* ---- life ---- */

int stapler_new(struct stapler **ret, const struct stapler_params *params)
{
	struct stapler *stapler = calloc(1, sizeof(*stapler));
	int err;

	if (!stapler)
		return -ENOMEM;
	list_init(&stapler->jobs);
	stapler->loop = params->loop;
	stapler->resolver = params->resolver;
	stapler->trunks = params->trunks;
	stapler->filing = params->filing;
	stapler->folder = strdup(params->folder);
	err = stapler->folder ? fetcher_new(&stapler->fetcher, params->loop) : -ENOMEM;
	if (err) {
		stapler_free(stapler);
		return err;
	}
	*ret = stapler;
	return 0;
}

void stapler_free(struct stapler *stapler)
{
	if (!stapler)
		return;
	LIST_FOREACH (&stapler->jobs, node, next) {
		struct job *job = LIST_ENTRY(node, struct job, node);

		list_remove(&job->node);
		job_free(job);
	}
	fetcher_free(stapler->fetcher);
	free(stapler->folder);
	free(stapler);
}
