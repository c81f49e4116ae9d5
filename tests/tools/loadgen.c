/*
 * A load of SIP calls through a server: plays a PBX (mutual TLS connections to the server)
 * and a gateway (TCP or UDP) in one process, callers on one side, callees on the other.
 *
 *   loadgen --server ADDR:PORT --cert FILE --key FILE --ca FILE
 *           --gateway-listen ADDR:PORT/tcp|udp [--direction server|gateway]
 *           [--gateway-connect ADDR:PORT] [--connections N] [--rate CPS] [--calls N]
 *           [--hold MS] [--linger MS] [--timeout MS] [--number PREFIX] [--watch PID,...]
 *           [--json]
 *
 * --direction server: the PBX calls (the default); gateway: the gateway calls, at
 * --gateway-connect, and the server reaches the PBX over the PBX's own connections.
 * A call is INVITE 100 180 200 ACK BYE 200 with SDP; it lasts --hold. Every number called
 * is PREFIX (+49) and the call's index, by which both ends know it: the server must leave it
 * as it is. --linger waits before the connections are closed. --watch says what those processes
 * used meanwhile.
 *
 * Prints what became of the calls. It ends by itself. Exit 0: no call failed; 1: some did;
 * 2: usage, or no connection.
 */
#include "base/clock.h"
#include "loadgen_call.h"
#include "loadgen_link.h"
#include "loadgen_watch.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Connections that shake hands at the same time. */
#define OPENING_MAX 32
#define OPENING_TIMEOUT_MS 60000
#define WATCH_MS 250

struct options {
	struct addr server;
	struct addr gateway_listen;
	struct addr gateway_connect;
	enum link_kind gateway_kind;
	bool from_gateway;
	struct link_files files;
	unsigned connections;
	double rate;
	unsigned calls;
	unsigned hold_ms;
	unsigned linger_ms;
	unsigned timeout_ms;
	const char *number;
	struct watch watch;
	bool json;
};

/* What the watched processes used. */
struct usage {
	double cpu_ms;
	uint64_t memory_before_kb; /* before the first connection */
	uint64_t memory_open_kb;   /* all connections open, no call yet */
	uint64_t memory_peak_kb;
	uint64_t memory_after_kb;
};

struct run {
	const struct options *options;
	struct loop *loop;
	struct links *links;
	struct load *load;
	struct timer opening;
	struct timer watching;
	struct timer end;
	unsigned begun; /* connections */
	unsigned lost;
	struct usage usage;
	double cpu_before_ms;
	bool failed;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: loadgen --server ADDR:PORT --cert FILE --key FILE --ca FILE\n"
		"  --gateway-listen ADDR:PORT/tcp|udp [--direction server|gateway]\n"
		"  [--gateway-connect ADDR:PORT] [--connections N] [--rate CPS]\n"
		"  [--calls N] [--hold MS] [--linger MS] [--timeout MS]\n"
		"  [--number PREFIX] [--watch PID,...] [--json]\n");
	return 2;
}

/* ---- options ---- */

static bool read_listen(struct options *options, const char *text)
{
	const char *slash = strchr(text, '/');
	char address[ADDR_TEXT_SIZE];

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	options->gateway_kind = strcmp(slash, "/udp") == 0 ? LINK_UDP : LINK_TCP;
	return (options->gateway_kind == LINK_UDP || strcmp(slash, "/tcp") == 0) &&
	       addr_parse(&options->gateway_listen, address, 5060) == 0;
}

static bool read_unsigned(unsigned *ret, const char *text)
{
	uint64_t value;

	if (span_uint(span_of(text), 100000000, &value))
		return false;
	*ret = (unsigned)value;
	return true;
}

static bool read_option(struct options *options, int option, const char *text)
{
	switch (option) {
	case 's':
		return addr_parse(&options->server, text, 5061) == 0;
	case 'c':
		options->files.cert = text;
		return true;
	case 'k':
		options->files.key = text;
		return true;
	case 'a':
		options->files.ca = text;
		return true;
	case 'g':
		return read_listen(options, text);
	case 'G':
		return addr_parse(&options->gateway_connect, text, 5060) == 0;
	case 'd':
		options->from_gateway = strcmp(text, "gateway") == 0;
		return options->from_gateway || strcmp(text, "server") == 0;
	case 'n':
		return read_unsigned(&options->connections, text);
	case 'r':
		options->rate = strtod(text, NULL);
		return options->rate > 0;
	case 'N':
		return read_unsigned(&options->calls, text);
	case 'h':
		return read_unsigned(&options->hold_ms, text);
	case 'l':
		return read_unsigned(&options->linger_ms, text);
	case 't':
		return read_unsigned(&options->timeout_ms, text);
	case 'u':
		options->number = text;
		return strlen(text) < 16;
	case 'w':
		return watch_parse(&options->watch, text) == 0;
	case 'j':
		options->json = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"server", required_argument, NULL, 's'},
		{"cert", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},
		{"ca", required_argument, NULL, 'a'},
		{"gateway-listen", required_argument, NULL, 'g'},
		{"gateway-connect", required_argument, NULL, 'G'},
		{"direction", required_argument, NULL, 'd'},
		{"connections", required_argument, NULL, 'n'},
		{"rate", required_argument, NULL, 'r'},
		{"calls", required_argument, NULL, 'N'},
		{"hold", required_argument, NULL, 'h'},
		{"linger", required_argument, NULL, 'l'},
		{"timeout", required_argument, NULL, 't'},
		{"number", required_argument, NULL, 'u'},
		{"watch", required_argument, NULL, 'w'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0)
		if (!read_option(options, option, optarg)) {
			fprintf(stderr, "loadgen: %s\n", argv[optind - 1]);
			return false;
		}
	return optind == argc && options->server.len && options->files.cert &&
	       options->gateway_listen.len &&
	       (!options->from_gateway || options->gateway_connect.len);
}

/* ---- a run ---- */

static void closed_h(void *arg, struct link *link, const char *why)
{
	struct run *run = arg;

	(void)link;
	fprintf(stderr, "loadgen: a connection ended: %s\n", why);
	run->lost++;
}

static void message_h(void *arg, struct link *link, struct span message, uint64_t read_us)
{
	struct run *run = arg;

	load_message(run->load, link, message, read_us);
}

static void watch_h(void *arg)
{
	struct run *run = arg;
	uint64_t kb = watch_memory_kb(&run->options->watch);

	if (kb > run->usage.memory_peak_kb)
		run->usage.memory_peak_kb = kb;
	timer_start(loop_timers(run->loop), &run->watching, WATCH_MS, watch_h, run);
}

static void end_h(void *arg)
{
	struct run *run = arg;

	run->usage.cpu_ms = watch_cpu_ms(&run->options->watch) - run->cpu_before_ms;
	watch_h(run);
	run->usage.memory_after_kb = watch_memory_kb(&run->options->watch);
	loop_stop(run->loop);
}

static void late_h(void *arg)
{
	struct run *run = arg;

	fprintf(stderr, "loadgen: the run did not end in time\n");
	run->failed = true;
	loop_stop(run->loop);
}

static void calls_done_h(void *arg)
{
	struct run *run = arg;

	timer_start(
		loop_timers(run->loop), &run->end, run->options->linger_ms, end_h, run);
}

static void start_calls(struct run *run)
{
	const struct options *options = run->options;
	uint64_t all_ms = (uint64_t)(options->calls / options->rate * 1000) * 2 +
			  options->hold_ms + options->linger_ms + 2 * options->timeout_ms;

	timer_start(loop_timers(run->loop), &run->end, all_ms + 10000, late_h, run);
	if (options->watch.count)
		watch_h(run);
	run->usage.memory_open_kb = run->usage.memory_peak_kb;
	run->cpu_before_ms = watch_cpu_ms(&options->watch);
	load_start(run->load);
}

/* Opens the next connections, as many at a time as a server likes. */
static void opening_h(void *arg)
{
	struct run *run = arg;
	const struct options *options = run->options;

	while (run->begun < options->connections &&
		links_opening(run->links) < OPENING_MAX) {
		struct link *link = links_connect(run->links, LINK_TLS, &options->server);

		run->begun++;
		if (!link)
			run->lost++;
		else if (!options->from_gateway)
			load_add_link(run->load, link);
	}
	if (run->lost) {
		fprintf(stderr, "loadgen: no connection to the server\n");
		run->failed = true;
		loop_stop(run->loop);
	} else if (run->begun == options->connections && links_opening(run->links) == 0) {
		start_calls(run);
	} else {
		timer_start(loop_timers(run->loop), &run->opening, 2, opening_h, run);
	}
}

/* The gateway's side: it listens, and where it calls has what it calls by. */
static int open_gateway(struct run *run)
{
	const struct options *options = run->options;
	struct link *link = NULL;

	if (links_listen(run->links, options->gateway_kind, &options->gateway_listen,
		    options->from_gateway ? &options->gateway_connect : NULL, &link))
		return -1;
	if (!options->from_gateway)
		return 0;
	if (options->gateway_kind == LINK_TCP)
		link = links_connect(run->links, LINK_TCP, &options->gateway_connect);
	return link ? load_add_link(run->load, link) : -1;
}

static int make_load(struct run *run)
{
	const struct options *options = run->options;
	static char target[ADDR_TEXT_SIZE + 20], pbx[ADDR_TEXT_SIZE],
		gateway[ADDR_TEXT_SIZE];
	const char *plain = options->gateway_kind == LINK_UDP ? "UDP" : "TCP";
	const struct addr *to =
		options->from_gateway ? &options->gateway_connect : &options->server;
	struct load_params params = {.loop = run->loop,
		.rate = options->rate,
		.count = options->calls,
		.hold_ms = options->hold_ms,
		.timeout_ms = options->timeout_ms,
		.srtp = !options->from_gateway,
		.target = target,
		.number = options->number,
		.caller_host = options->from_gateway ? gateway : pbx,
		.callee_host = options->from_gateway ? pbx : gateway,
		.caller_transport = options->from_gateway ? plain : "TLS",
		.callee_transport = options->from_gateway ? "TLS" : plain,
		.done_h = calls_done_h,
		.arg = run};

	addr_text(to, target);
	/* Nobody connects to the PBX: any port will do. */
	snprintf(pbx, sizeof(pbx), "127.0.0.1:5061");
	addr_text(&options->gateway_listen, gateway);
	return load_new(&run->load, &params);
}

static int run_load(struct run *run)
{
	const struct options *options = run->options;
	struct link_handlers handlers = {
		.message_h = message_h, .closed_h = closed_h, .arg = run};
	int err = loop_new(&run->loop, clock_real());

	if (err || make_load(run) ||
		links_new(&run->links, run->loop, &options->files, &handlers))
		return -1;
	run->usage.memory_before_kb = watch_memory_kb(&options->watch);
	if (open_gateway(run))
		return -1;
	timer_start(loop_timers(run->loop), &run->end, OPENING_TIMEOUT_MS, late_h, run);
	opening_h(run);
	if (!run->failed)
		loop_run(run->loop);
	return run->failed ? -1 : 0;
}

/* ---- the report ---- */

static double own_cpu_ms(void)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1e3 +
	       (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e3;
}

static const char *reason_name(unsigned reason, char buf[static 16])
{
	if (reason == LOAD_TIMEOUT)
		return "timeout";
	if (reason == LOAD_NO_LINK)
		return "no-connection";
	snprintf(buf, 16, "%u", reason);
	return buf;
}

static void print_reasons(const struct load_result *result, bool json)
{
	const char *separator = "";
	char name[16];

	for (unsigned i = 0; i < LOAD_REASONS; i++) {
		if (!result->reasons[i])
			continue;
		printf("%s%s%s%s: %u", separator, json ? "\"" : "", reason_name(i, name),
			json ? "\"" : "", result->reasons[i]);
		separator = ", ";
	}
}

static void print_json(const struct run *run, const struct load_result *result)
{
	const struct usage *used = &run->usage;

	printf("{\"begun\": %u, \"completed\": %u, \"failed\": %u, \"reasons\": {",
		result->begun, result->completed, result->failed);
	print_reasons(result, true);
	printf("}, \"repeated\": %u, \"peak\": %u, \"asked_rate\": %.1f, \"rate\": %.1f, "
	       "\"goodput\": %.1f, \"seconds\": %.3f, ",
		result->repeated, result->peak, run->options->rate, result->rate,
		result->goodput, result->seconds);
	printf("\"callee\": {\"invites\": %u, \"acks\": %u, \"byes\": %u}, ",
		result->callee_invites, result->callee_acks, result->callee_byes);
	printf("\"delay_ms\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, "
	       "\"max\": %.3f}, ",
		result->delay.p50_ms, result->delay.p90_ms, result->delay.p99_ms,
		result->delay.max_ms);
	printf("\"connections\": %u, \"lost\": %u, \"own_cpu_ms\": %.1f, ",
		run->options->connections, run->lost, own_cpu_ms());
	printf("\"server\": {\"cpu_ms\": %.1f, \"cpu_ms_per_call\": %.4f, ", used->cpu_ms,
		result->completed ? used->cpu_ms / result->completed : 0);
	printf("\"memory_before_kb\": %llu, \"memory_open_kb\": %llu, "
	       "\"memory_peak_kb\": %llu, \"memory_after_kb\": %llu}}\n",
		(unsigned long long)used->memory_before_kb,
		(unsigned long long)used->memory_open_kb,
		(unsigned long long)used->memory_peak_kb,
		(unsigned long long)used->memory_after_kb);
}

static void print_text(const struct run *run, const struct load_result *result)
{
	const struct usage *used = &run->usage;

	printf("calls: %u begun, %u completed, %u failed", result->begun,
		result->completed, result->failed);
	if (result->failed) {
		printf(" (");
		print_reasons(result, false);
		printf(")");
	}
	printf("; at most %u at once\n", result->peak);
	printf("callee: %u INVITE, %u ACK, %u BYE\n", result->callee_invites,
		result->callee_acks, result->callee_byes);
	printf("rate: %.0f a second asked, %.0f achieved over %.1f s\n",
		run->options->rate, result->rate, result->seconds);
	printf("delay added, ms: p50 %.2f, p90 %.2f, p99 %.2f, max %.2f\n",
		result->delay.p50_ms, result->delay.p90_ms, result->delay.p99_ms,
		result->delay.max_ms);
	printf("own CPU: %.0f ms\n", own_cpu_ms());
	if (run->options->watch.count)
		printf("server: %.0f ms CPU, %.3f ms a call; memory %llu kB before, %llu "
		       "connected, %llu at most, %llu after\n",
			used->cpu_ms,
			result->completed ? used->cpu_ms / result->completed : 0,
			(unsigned long long)used->memory_before_kb,
			(unsigned long long)used->memory_open_kb,
			(unsigned long long)used->memory_peak_kb,
			(unsigned long long)used->memory_after_kb);
}

int main(int argc, char **argv)
{
	struct options options = {.connections = 1,
		.rate = 10,
		.calls = 10,
		.timeout_ms = 10000,
		.number = "+49"};
	struct run run = {.options = &options};
	struct load_result result;
	struct rlimit files;
	int err;

	signal(SIGPIPE, SIG_IGN);
	if (!read_options(&options, argc, argv))
		return usage();
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	err = run_load(&run);
	if (run.load) {
		load_result(run.load, &result);
		if (options.json)
			print_json(&run, &result);
		else
			print_text(&run, &result);
	}
	if (run.loop) {
		timer_stop(&run.opening);
		timer_stop(&run.watching);
		timer_stop(&run.end);
	}
	load_free(run.load);
	links_free(run.links);
	loop_free(run.loop);
	if (err)
		return 2;
	return result.failed || result.completed != options.calls ? 1 : 0;
}
