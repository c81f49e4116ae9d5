/*
 * Tandem's relay beside rtpengine and a forwarder that does nothing else: tables for
 * Markdown. See tests/bench/media, which runs it.
 *
 *   bench_media [OPTION...] [cpu|delay|limit|session|against]...
 *
 *   --io LIST         back ends, with commas (sockets,io_uring,steer)
 *   --calls N         (1000)
 *   --rates LIST      packets a second of the part cpu (20000,50000)
 *   --rounds N        of the part cpu, each a slice of each server (5)
 *   --seconds N       a slice (2)
 *   --tick US         longest batching of Tandem but in the part delay, which has both (1000)
 *   --suite NAME      of the internal side, as RFC 4568 has it (AES_CM_128_HMAC_SHA1_80)
 *   --captures DIR    an empty folder; without it nothing is captured
 *   --core N, --load-core N     the servers', the load's (0, 1)
 *   --audit-core N    the thread's that writes captures (1)
 *   --against PROGRAM           another build's relay (media_other.c), for the part against
 *
 * Servers of one part stand at the same time and take turns, so that all see the same
 * machine. What the machine does not allow, or is not installed, is said and left out. CPU is
 * that of the server's process with all its threads. Rows with captures are Tandem's first
 * back end again, as it is under [audit] mode; no signalling goes on meanwhile. In the part cpu the
 * load yields its core to whoever wants it, which is the audit thread, and what it then could not
 * send is said.
 */
#include "media_load.h"
#include "media_server.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IO_MAX 3
#define SERVERS_MAX (2 * IO_MAX + 5)
#define RATES_MAX 8
#define ROUNDS_MAX 50
#define TICK_US 1000
/* rtpengine learns where packets come from for three seconds. */
#define WARM_SECONDS 4
#define AGAIN_SECONDS 1
#define CHURN 2000
#define LIMIT_FIRST 40000
#define LIMIT_STEP 1.5
#define LIMIT_HALVINGS 4
#define LIMIT_SEARCH_SECONDS 45
#define LIMIT_MOST 400000
#define LIMIT_TRIES 3
/* A queue that grows loses nothing for a while, but that is no rate that can be kept. rtpengine,
 * which is the measure, is allowed more. */
#define LIMIT_P99_US 5000
#define LIMIT_RTPENGINE_P99_US 100000

struct options {
	enum relay_io io[IO_MAX];
	unsigned io_count;
	unsigned calls;
	unsigned rates[RATES_MAX];
	unsigned rate_count;
	unsigned rounds;
	unsigned seconds;
	unsigned tick_us;
	enum relay_suite suite;
	const char *captures;
	const char *against;
	unsigned core, load_core, audit_core;
};

/* A server with its far ends; SERVER is NULL for the way without one. */
struct rig {
	char name[64];
	struct media_server *server;
	struct media_load *load;
	double cpu[ROUNDS_MAX]; /* us a packet */
	uint64_t user, system;  /* ticks */
	uint64_t lost, sent;
	struct media_captured captured; /* when the rate began */
};

static const char *const io_names[] = {"auto", "sockets", "io_uring", "steer"};

static const char *const capture_names[] = {"", ", signalling captured",
	", media captured as received", ", all captured", ", all captured and encrypted"};

static void name_rig(struct rig *rig, const struct media_params *params)
{
	const char *io = io_names[params->io];

	if (params->kind == MEDIA_RTPENGINE)
		snprintf(rig->name, sizeof(rig->name), "rtpengine");
	else
		snprintf(rig->name, sizeof(rig->name), "%s, %s, tick %u us%s",
			params->kind == MEDIA_BARE    ? "bare forwarder"
			: params->kind == MEDIA_OTHER ? "the other build"
						      : "Tandem",
			io, params->tick_us, capture_names[params->capture]);
}

/* False, and said, when it cannot be had here. */
static bool open_rig(struct rig *rig, const struct media_params *params, unsigned calls)
{
	struct err_text text = {""};

	memset(rig, 0, sizeof(*rig));
	name_rig(rig, params);
	if (media_server_start(&rig->server, params, &text) != 0) {
		printf("Left out: %s: %s.\n\n", rig->name, text.text);
		return false;
	}
	media_load_new(&rig->load, rig->server, calls);
	return true;
}

static void close_rig(struct rig *rig)
{
	media_load_free(rig->load);
	media_server_stop(rig->server);
	memset(rig, 0, sizeof(*rig));
}

static struct media_params params_of(
	const struct options *o, enum media_kind kind, enum relay_io io, unsigned tick_us)
{
	return (struct media_params){.kind = kind,
		.io = io,
		.tick_us = tick_us,
		.suite = o->suite,
		.core = o->core};
}

static void run(struct rig *rig, unsigned pps, double seconds, struct media_result *ret)
{
	const struct media_slice slice = {.pps = pps, .seconds = seconds};

	media_load_run(rig->load, &slice, ret);
}

/* What the figures of the table above are not the server's alone for. */
static char notes[4096];

static void note_load(
	const struct rig *rig, const struct media_result *result, unsigned asked)
{
	size_t len = strlen(notes);

	if (result->own_drops > 0 || result->pps < 0.99 * asked)
		snprintf(notes + len, sizeof(notes) - len,
			"%s at %u packets/s: the load sent %.0f and itself lost %llu.\n",
			rig->name, asked, result->pps,
			(unsigned long long)result->own_drops);
	len = strlen(notes);
	if (result->bad > 0)
		snprintf(notes + len, sizeof(notes) - len,
			"%s at %u packets/s: %llu packets were not what was sent.\n",
			rig->name, asked, (unsigned long long)result->bad);
}

static void end_table(void)
{
	printf("\n%s%s", notes, notes[0] ? "\n" : "");
	notes[0] = '\0';
}

/* CPU a packet */

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void slice_cpu(struct rig *rig, unsigned pps, unsigned seconds, unsigned round)
{
	struct media_result result;
	double cpu = media_server_cpu_us(rig->server);
	uint64_t user[2], system[2];

	media_server_ticks(rig->server, &user[0], &system[0]);
	run(rig, pps, seconds, &result);
	media_server_ticks(rig->server, &user[1], &system[1]);
	rig->user += user[1] - user[0];
	rig->system += system[1] - system[0];
	cpu = media_server_cpu_us(rig->server) - cpu;
	rig->cpu[round] = cpu / (double)(result.received ? result.received : 1);
	rig->sent += result.sent;
	rig->lost += result.sent - result.received;
	note_load(rig, &result, pps);
}

/* Returns the median of COUNT values; SORTED gets all. */
static double median(const double *values, unsigned count, double *sorted)
{
	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_double);
	return sorted[count / 2];
}

/* What a row is compared with: rows before it, NULL where there are none. */
struct bases {
	const struct rig *rtpengine;
	const struct rig *bare; /* of the same back end */
	const struct rig *uncaptured;
};

static void print_share(double value, double base)
{
	if (base > 0)
		printf(" %.2f |", value / base);
	else
		printf(" - |");
}

/* The median of the rounds' ratios: the machine changes its pace, and a round is short. */
static void print_ratio(const struct rig *rig, const struct rig *base, unsigned rounds)
{
	double ratios[ROUNDS_MAX], sorted[ROUNDS_MAX];

	for (unsigned i = 0; base && i < rounds; i++)
		ratios[i] = rig->cpu[i] / base->cpu[i];
	print_share(base ? median(ratios, rounds, sorted) : 0, base ? 1 : 0);
}

/* Of what should have been captured at this rate, the warming included. */
static void print_captured(struct rig *rig)
{
	struct media_captured now;

	media_server_captured(rig->server, &now);
	printf(" %llu of %llu |\n", (unsigned long long)(now.lost - rig->captured.lost),
		(unsigned long long)(now.offered - rig->captured.offered));
}

static void cpu_row(
	const struct options *o, struct rig *rig, unsigned pps, struct bases *bases)
{
	const struct media_params *params = media_server_params(rig->server);
	const bool tandem = params->kind == MEDIA_TANDEM;
	const bool captured = params->capture != MEDIA_NO_CAPTURE;
	double sorted[ROUNDS_MAX], cpu = median(rig->cpu, o->rounds, sorted);
	double ticks = (double)(rig->user + rig->system);
	double user = ticks > 0 ? cpu * (double)rig->user / ticks : cpu;

	if (params->kind == MEDIA_RTPENGINE)
		bases->rtpengine = rig;
	if (params->kind == MEDIA_BARE)
		bases->bare = rig;
	if (tandem && !captured && params->io == o->io[0])
		bases->uncaptured = rig;
	printf("| %u | %s | %.2f | %.2f-%.2f | %.2f | %.2f |", pps, rig->name, cpu,
		sorted[0], sorted[o->rounds - 1], user, cpu - user);
	print_ratio(rig, bases->rtpengine, o->rounds);
	print_ratio(rig, tandem && !captured ? bases->bare : NULL, o->rounds);
	print_ratio(rig, captured ? bases->uncaptured : NULL, o->rounds);
	printf(" %llu of %llu |", (unsigned long long)rig->lost,
		(unsigned long long)rig->sent);
	if (captured)
		print_captured(rig);
	else
		printf(" - |\n");
}

static void cpu_rate(const struct options *o, struct rig *rigs, unsigned count,
	unsigned pps, unsigned warm_seconds)
{
	struct bases bases = {0};
	struct media_result warm;

	for (unsigned i = 0; i < count; i++) {
		rigs[i].sent = rigs[i].lost = rigs[i].user = rigs[i].system = 0;
		media_server_captured(rigs[i].server, &rigs[i].captured);
		run(&rigs[i], pps, warm_seconds, &warm);
	}
	for (unsigned round = 0; round < o->rounds; round++)
		for (unsigned i = 0; i < count; i++)
			slice_cpu(&rigs[i], pps, o->seconds, round);
	for (unsigned i = 0; i < count; i++)
		cpu_row(o, &rigs[i], pps, &bases);
}

/* The load, which never waits, takes what others leave; servers that are made meanwhile do not. */
static void yield_core(bool yield)
{
	const struct sched_param param = {0};
	const int policy = yield ? SCHED_IDLE | SCHED_RESET_ON_FORK : SCHED_OTHER;

	if (sched_setscheduler(0, policy, &param) != 0)
		fprintf(stderr, "the load keeps its core for itself\n");
}

/* rtpengine, each back end bare and as it is, the first one with captures. How many. */
static unsigned open_cpu_rigs(const struct options *o, struct rig *rigs)
{
	struct media_params params = params_of(o, MEDIA_RTPENGINE, RELAY_IO_AUTO, 0);
	unsigned count = 0;

	count += open_rig(&rigs[count], &params, o->calls);
	for (unsigned i = 0; i < o->io_count; i++) {
		params = params_of(o, MEDIA_BARE, o->io[i], o->tick_us);
		if (!open_rig(&rigs[count], &params, o->calls))
			continue;
		count++;
		params.kind = MEDIA_TANDEM;
		count += open_rig(&rigs[count], &params, o->calls);
	}
	params = params_of(o, MEDIA_TANDEM, o->io[0], o->tick_us);
	params.folder = o->captures;
	params.audit_core = o->audit_core;
	for (unsigned i = MEDIA_CAPTURE_SIGNALLING;
		o->captures && i <= MEDIA_CAPTURE_ENCRYPTED; i++) {
		params.capture = (enum media_capture)i;
		count += open_rig(&rigs[count], &params, o->calls);
	}
	return count;
}

static void part_cpu(const struct options *o)
{
	struct rig rigs[SERVERS_MAX];
	unsigned count;

	yield_core(true);
	count = open_cpu_rigs(o, rigs);
	printf("CPU a packet, us; %u calls, %u slices of %u s each.\n\n", o->calls,
		o->rounds, o->seconds);
	printf("| packets/s | server | median | least-most | user | system | of "
	       "rtpengine "
	       "| of the bare forwarder | of the same without captures | lost | of the "
	       "captures |\n"
	       "|---|---|---|---|---|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < o->rate_count; i++)
		cpu_rate(o, rigs, count, o->rates[i],
			i == 0 ? WARM_SECONDS : AGAIN_SECONDS);
	yield_core(false);
	end_table();
	while (count > 0)
		close_rig(&rigs[--count]);
}

/* Another build */

/* Slices in turns, the first one first as often as not, so that both see the same machine. */
static void against_rate(const struct options *o, struct rig rigs[2], unsigned pps)
{
	double ratios[ROUNDS_MAX], sorted[2][ROUNDS_MAX], cpu[2];
	struct media_result warm;

	for (unsigned i = 0; i < 2; i++) {
		rigs[i].sent = rigs[i].lost = rigs[i].user = rigs[i].system = 0;
		run(&rigs[i], pps, AGAIN_SECONDS, &warm);
	}
	for (unsigned round = 0; round < o->rounds; round++) {
		slice_cpu(&rigs[round % 2], pps, o->seconds, round);
		slice_cpu(&rigs[!(round % 2)], pps, o->seconds, round);
		ratios[round] = rigs[1].cpu[round] / rigs[0].cpu[round];
	}
	qsort(ratios, o->rounds, sizeof(ratios[0]), by_double);
	for (unsigned i = 0; i < 2; i++)
		cpu[i] = median(rigs[i].cpu, o->rounds, sorted[i]);
	printf("| %u | %s | %.2f | %.2f | %.2f | %.3f | %.3f | %.3f | %llu of %llu |\n",
		pps, io_names[media_server_params(rigs[1].server)->io], cpu[0],
		sorted[0][0], cpu[1], ratios[o->rounds / 2], cpu[1] / cpu[0],
		sorted[1][0] / sorted[0][0],
		(unsigned long long)(rigs[0].lost + rigs[1].lost),
		(unsigned long long)(rigs[0].sent + rigs[1].sent));
}

static void part_against(const struct options *o)
{
	if (!o->against)
		return;
	printf("CPU a packet beside another build, us; %u calls, %u slices of %u s each, "
	       "in "
	       "turns.\n\n"
	       "| packets/s | io | it, median | least | ours, median | ratio, median of "
	       "the rounds | of the medians | of the least | lost |\n"
	       "|---|---|---|---|---|---|---|---|---|\n",
		o->calls, o->rounds, o->seconds);
	for (unsigned i = 0; i < o->io_count; i++) {
		struct media_params params =
			params_of(o, MEDIA_OTHER, o->io[i], o->tick_us);
		struct rig rigs[2];

		params.program = o->against;
		if (!open_rig(&rigs[0], &params, o->calls))
			continue;
		params.kind = MEDIA_TANDEM;
		if (open_rig(&rigs[1], &params, o->calls)) {
			for (unsigned j = 0; j < o->rate_count; j++)
				against_rate(o, rigs, o->rates[j]);
			close_rig(&rigs[1]);
		}
		close_rig(&rigs[0]);
	}
	end_table();
}

/* Delay */

static void delay_row(struct rig *rig, unsigned pps, double seconds, double base[2])
{
	struct media_slice slice = {.pps = pps, .seconds = seconds, .delay = true};
	struct media_result result;

	/* With a server: until it knows its rate, and where packets come from. */
	if (rig->server)
		run(rig, pps, WARM_SECONDS, &result);
	media_load_run(rig->load, &slice, &result);
	if (!rig->server) {
		base[0] = result.p50_us;
		base[1] = result.p99_us;
	}
	printf("| %u | %s | %.0f | %.0f | %.0f | %.0f | %llu |\n", pps, rig->name,
		result.p50_us, result.p99_us, result.p50_us - base[0],
		result.p99_us - base[1],
		(unsigned long long)(result.sent - result.received));
	note_load(rig, &result, pps);
}

static void delay_rate(const struct options *o, unsigned calls, unsigned pps)
{
	struct rig rig = {.name = "none: straight over the loopback"};
	struct media_params params = params_of(o, MEDIA_RTPENGINE, RELAY_IO_AUTO, 0);
	double base[2];

	media_load_new(&rig.load, NULL, calls);
	delay_row(&rig, pps, o->seconds, base);
	close_rig(&rig);
	if (open_rig(&rig, &params, calls)) {
		delay_row(&rig, pps, o->seconds, base);
		close_rig(&rig);
	}
	for (unsigned i = 0; i < 2 * o->io_count; i++) {
		params = params_of(o, MEDIA_TANDEM, o->io[i / 2], i % 2 ? TICK_US : 0);
		if (!open_rig(&rig, &params, calls))
			continue;
		delay_row(&rig, pps, o->seconds, base);
		close_rig(&rig);
	}
}

static void part_delay(const struct options *o)
{
	printf("Delay one way, us.\n\n"
	       "| packets/s | server | p50 | p99 | added p50 | added p99 | lost |\n"
	       "|---|---|---|---|---|---|---|\n");
	delay_rate(o, 20, 1000);
	delay_rate(o, o->calls, 20000);
	end_table();
}

/* The highest rate without loss */

/* A rate that held, and how. */
struct limit {
	unsigned pps;
	double core; /* share of the core that the server used */
	struct media_result result;
	bool of_load; /* more was not to be had from the load */
};

/* A stray pause of the machine is not the server's limit: the best of some tries. */
static bool holds(
	const struct options *o, struct rig *rig, unsigned pps, struct limit *limit)
{
	const struct media_slice slice = {
		.pps = pps, .seconds = o->seconds, .delay = true};
	const bool tandem = media_server_params(rig->server)->kind == MEDIA_TANDEM;
	const double most_us = tandem ? LIMIT_P99_US : LIMIT_RTPENGINE_P99_US;
	struct media_result result;

	for (unsigned i = 0; i < LIMIT_TRIES; i++) {
		double cpu = media_server_cpu_us(rig->server);

		media_load_run(rig->load, &slice, &result);
		cpu = media_server_cpu_us(rig->server) - cpu;
		limit->of_load = result.pps < 0.99 * pps;
		if (limit->of_load || result.sent != result.received ||
			result.p99_us > most_us)
			continue;
		limit->pps = pps;
		limit->result = result;
		limit->core = cpu * result.pps / (double)result.sent / 1e6;
		return true;
	}
	return false;
}

/* Up in steps, then between what held and what did not, as long as there is time. */
static void find_limit(const struct options *o, struct rig *rig, struct limit *limit)
{
	double good = 0, bad = LIMIT_FIRST;
	const time_t end = time(NULL) + LIMIT_SEARCH_SECONDS;
	bool of_load = false;

	while (bad <= LIMIT_MOST && holds(o, rig, (unsigned)bad, limit)) {
		good = bad;
		bad *= LIMIT_STEP;
	}
	of_load = limit->of_load;
	for (unsigned i = 0; i < LIMIT_HALVINGS && time(NULL) < end; i++) {
		double middle = (good + bad) / 2;
		bool held = holds(o, rig, (unsigned)middle, limit);

		*(held ? &good : &bad) = middle;
		of_load = held ? of_load : limit->of_load;
	}
	limit->of_load = of_load;
}

static void limit_row(
	const struct options *o, const struct media_params *params, double *rtpengine)
{
	struct media_slice slice = {.seconds = o->seconds, .delay = true};
	struct media_result over, after;
	struct limit limit = {0};
	struct rig rig;

	if (!open_rig(&rig, params, o->calls))
		return;
	run(&rig, LIMIT_FIRST / 2, WARM_SECONDS, &after);
	find_limit(o, &rig, &limit);
	if (params->kind == MEDIA_RTPENGINE)
		*rtpengine = limit.pps;
	slice.pps = (limit.pps > 0 ? limit.pps : LIMIT_FIRST) * 3 / 2;
	media_load_run(rig.load, &slice, &over);
	run(&rig, LIMIT_FIRST / 2, o->seconds, &after);
	printf("| %s | %s%u |", rig.name, limit.of_load ? "at least " : "", limit.pps);
	print_share(limit.pps, *rtpengine);
	printf(" %.0f %% | %.0f | %.0f | %.0f | %.1f %% | %.1f %% | %.1f %% | %.2f %% "
	       "|\n",
		100 * limit.core, limit.result.p50_us, limit.result.p99_us, over.pps,
		100 * over.lost, 100 * over.lost_min, 100 * over.lost_max,
		100 * after.lost_max);
	close_rig(&rig);
}

static void part_limit(const struct options *o)
{
	struct media_params params = params_of(o, MEDIA_RTPENGINE, RELAY_IO_AUTO, 0);
	double rtpengine = 0;

	printf("The highest rate without loss, %u calls, slices of %u s; half as much "
	       "again; "
	       "and %u packets a second afterwards. \"At least\": the load itself cannot "
	       "send more.\n\n"
	       "| server | packets/s | of rtpengine | CPU of the core | delay p50 us | "
	       "p99 us "
	       "| packets/s beyond | lost | "
	       "of the best stream | of the worst | worst afterwards |\n"
	       "|---|---|---|---|---|---|---|---|---|---|---|\n",
		o->calls, o->seconds, LIMIT_FIRST / 2);
	limit_row(o, &params, &rtpengine);
	for (unsigned i = 0; i < o->io_count; i++) {
		params = params_of(o, MEDIA_TANDEM, o->io[i], o->tick_us);
		limit_row(o, &params, &rtpengine);
	}
	end_table();
}

/* What a session costs */

/* A fresh server each time: what an earlier load left would hide growth. */
static void session_row(const struct media_params *params, unsigned calls)
{
	struct media_memory before, with;
	struct media_server *server;
	struct err_text text = {""};
	struct rig rig = {0};
	double cpu, loop;

	name_rig(&rig, params);
	if (media_server_start(&server, params, &text) != 0) {
		printf("Left out: %s: %s.\n\n", rig.name, text.text);
		return;
	}
	rig.server = server;
	/* Once through, for what is made the first time, and gone again. */
	media_load_new(&rig.load, server, 1);
	media_server_churn(server, media_load_call(rig.load), CHURN / 10, &loop);
	media_server_memory(server, &before);
	media_load_free(rig.load);
	media_load_new(&rig.load, server, calls);
	usleep(500000);
	media_server_memory(server, &with);
	cpu = media_server_churn(server, media_load_call(rig.load), CHURN, &loop);
	printf("| %s | %s | %u | %.1f |", rig.name, relay_suite_name(params->suite),
		calls, (with.rss_kb - before.rss_kb) / calls);
	if (with.heap_kb > 0)
		printf(" %.1f |", (with.heap_kb - before.heap_kb) / calls);
	else
		printf(" - |");
	printf(" %.1f |", cpu / CHURN);
	if (loop > 0)
		printf(" %.1f |\n", loop / CHURN);
	else
		printf(" - |\n");
	close_rig(&rig);
}

static void part_session(const struct options *o)
{
	struct rlimit files;
	unsigned most;

	getrlimit(RLIMIT_NOFILE, &files);
	/* Ended calls whose sockets the worker has yet to close need some too. */
	most = files.rlim_cur > 22000 ? 5000 : (unsigned)(files.rlim_cur - 2000) / 4;
	printf("What a call with audio takes.\n\n"
	       "| server | suite | calls at once | kB RSS | kB heap | CPU us to begin "
	       "and end | of it the loop's |\n|---|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i <= o->io_count; i++) {
		struct media_params params =
			params_of(o, MEDIA_RTPENGINE, RELAY_IO_AUTO, 0);

		if (i > 0)
			params = params_of(o, MEDIA_TANDEM, o->io[i - 1], o->tick_us);
		session_row(&params, 100);
		session_row(&params, most);
		params.suite = RELAY_AEAD_AES_256_GCM;
		session_row(&params, most);
	}
	end_table();
}

/* Options */

static bool parse_io(struct options *o, char *list)
{
	o->io_count = 0;
	for (char *rest = list, *name; (name = strsep(&rest, ",")) != NULL;) {
		enum relay_io io = RELAY_IO_SOCKETS;

		while (io <= RELAY_IO_STEER && strcmp(name, io_names[io]) != 0)
			io++;
		if (io > RELAY_IO_STEER || o->io_count == IO_MAX)
			return false;
		o->io[o->io_count++] = io;
	}
	return true;
}

static bool parse_rates(struct options *o, char *list)
{
	o->rate_count = 0;
	for (char *rest = list, *rate; (rate = strsep(&rest, ",")) != NULL;) {
		if (o->rate_count == RATES_MAX)
			return false;
		o->rates[o->rate_count++] = (unsigned)strtoul(rate, NULL, 10);
	}
	return true;
}

static bool parse_suite(struct options *o, const char *name)
{
	o->suite = RELAY_AEAD_AES_256_GCM;
	while (o->suite < RELAY_PLAIN && strcmp(name, relay_suite_name(o->suite)) != 0)
		o->suite++;
	return o->suite < RELAY_PLAIN;
}

static bool parse(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {{"io", 1, NULL, 'i'},
		{"calls", 1, NULL, 'c'}, {"rates", 1, NULL, 'r'},
		{"rounds", 1, NULL, 'n'}, {"seconds", 1, NULL, 's'},
		{"tick", 1, NULL, 't'}, {"suite", 1, NULL, 'u'},
		{"captures", 1, NULL, 'a'}, {"core", 1, NULL, 'k'},
		{"load-core", 1, NULL, 'l'}, {"audit-core", 1, NULL, 'd'},
		{"against", 1, NULL, 'g'}, {NULL, 0, NULL, 0}};
	bool good = true;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned number = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		if (c == 'i')
			good &= parse_io(o, optarg);
		else if (c == 'r')
			good &= parse_rates(o, optarg);
		else if (c == 'c')
			o->calls = number;
		else if (c == 'n')
			o->rounds = number;
		else if (c == 's')
			o->seconds = number;
		else if (c == 't')
			o->tick_us = number;
		else if (c == 'u')
			good &= parse_suite(o, optarg);
		else if (c == 'a')
			o->captures = optarg;
		else if (c == 'g')
			o->against = optarg;
		else if (c == 'k')
			o->core = number;
		else if (c == 'l')
			o->load_core = number;
		else if (c == 'd')
			o->audit_core = number;
		else
			good = false;
	}
	return good && o->calls > 0 && o->seconds > 0 && o->rounds > 0 &&
	       o->rounds <= ROUNDS_MAX;
}

static void prepare(const struct options *o)
{
	struct rlimit files = {.rlim_cur = 400000, .rlim_max = 400000};

	/* Four sockets a call; as many as one may have. */
	if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
		getrlimit(RLIMIT_NOFILE, &files);
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (!media_pin(o->load_core))
		fprintf(stderr, "core %u cannot be used: the load is not pinned\n",
			o->load_core);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const struct options *o);
	} parts[] = {{"cpu", part_cpu}, {"delay", part_delay}, {"limit", part_limit},
		{"session", part_session}, {"against", part_against}};
	struct options o = {.io = {RELAY_IO_SOCKETS, RELAY_IO_URING, RELAY_IO_STEER},
		.io_count = 3,
		.calls = 1000,
		.rates = {20000, 50000},
		.rate_count = 2,
		.rounds = 5,
		.seconds = 2,
		.tick_us = TICK_US,
		.suite = RELAY_AES_CM_128_HMAC_SHA1_80,
		.core = 0,
		.load_core = 1,
		.audit_core = 1};

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "see the head of tests/bench/bench_media.c\n");
		return 2;
	}
	prepare(&o);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		bool wanted = optind == argc;

		for (int k = optind; k < argc; k++)
			wanted |= strcmp(argv[k], parts[i].name) == 0;
		if (wanted)
			parts[i].run(&o);
	}
	return 0;
}
