/*
 * Random flows against a tandemd that runs: the same dice, steps and judge as flows.c, over real
 * sockets and in real time (live.h). Several flows at once, each in a process, a network and with a
 * tandemd of its own: most of them wait for timers.
 *
 * A seed chooses the same steps only as long as the same comes of them, which time may change: a
 * replay is near, and not exact. What a failed flow saw is kept, therefore, as seed-N in the folder
 * of --keep, flows-live.kept.
 *
 *   flows-live [--tandemd PATH] [--seed N] [--runs N] [--seconds N] [--events N] [--worlds N]
 *              [--keep FOLDER] [--all]
 *   flows-live --replay SEED [--tandemd PATH] [--events N] [--all]
 */
#include "limits.h"
#include "live.h"
#include "live_net.h"
#include "options.h"
#include "stage.h"
#include "walk.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIVE_WORLDS_MAX 64
#define LIVE_WORLDS 12
/* In `make check`: some 15 s. */
#define LIVE_RUNS 12
/* A flow and its end; with sanitizers, many at once. */
#define LIVE_FLOW_SECONDS 300
#define LIVE_SKIP 77
/* Every so many seeds end by a shutdown of the server. */
#define LIVE_ABRUPT 3

struct options {
	struct flow_options flow;
	const char *program;
	const char *keep;
	unsigned worlds;
};

/* What the process of a flow tells the one that waits for it. */
struct world {
	pid_t pid; /* 0: free */
	uint64_t seed;
	unsigned events, calls, packets;
	char fault[700]; /* "" : none */
};

struct campaign {
	struct options options;
	struct known_set known;
	struct world *worlds; /* shared */
	time_t until;         /* 0: no limit */
	uint64_t next, runs, events, calls, packets;
	unsigned faults;
};

/* ---- one flow ---- */

static void keep(const struct options *options, const struct world *world,
	const struct live *live, const struct walk_result *result)
{
	char path[300];
	struct buf out;
	FILE *file;

	mkdir(options->keep, 0700);
	buf_init(&out, 0);
	buf_printf(&out, "seed %" PRIu64 ": %s\n", world->seed, world->fault);
	buf_add_span(&out, buf_span(&result->ladder));
	live_print(live, &out);
	snprintf(path, sizeof(path), "%s/seed-%" PRIu64, options->keep, world->seed);
	file = fopen(path, "we");
	if (file) {
		fwrite(out.data, 1, out.len, file);
		fclose(file);
	}
	buf_free(&out);
}

static void play(const struct campaign *campaign, struct world *world)
{
	const struct options *options = &campaign->options;
	struct walk_params params = {.seed = world->seed,
		.events = options->flow.events,
		.known = &campaign->known};
	struct walk_result result;
	struct live *live;

	alarm(LIVE_FLOW_SECONDS);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* who ends the whole ends its flows */
	if (!live_net_enter())
		_exit(LIVE_SKIP);
	stage_prepare();
	live = live_new(options->program, world->seed % LIVE_ABRUPT == 0);
	params.outside = live_outside(live);
	walk_run(&params, &result);
	world->events = result.events;
	world->calls = live_begun(live);
	world->packets = live_packets(live);
	snprintf(world->fault, sizeof(world->fault), "%s",
		result.rule ? result.text : live_fault(live));
	if (world->fault[0])
		keep(options, world, live, &result);
	if (options->flow.replay)
		printf("%s\n", result.ladder.len ? buf_str(&result.ladder) : "");
	walk_result_free(&result);
	live_free(live);
	stage_unprepare();
	fflush(stdout);
	_exit(world->fault[0] ? 1 : 0);
}

/* ---- all of them ---- */

static bool is_over(const struct campaign *campaign)
{
	return limits_end_asked() ||
	       campaign->next - campaign->options.flow.seed >=
		       campaign->options.flow.runs ||
	       (campaign->until && time(NULL) >= campaign->until);
}

static void begin(struct campaign *campaign, struct world *world)
{
	pid_t pid;

	*world = (struct world){.seed = campaign->next++};
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		play(campaign, world);
	world->pid = pid; /* the memory is the child's too: it must not set it to 0 */
}

static void judge_death(struct world *world, int status)
{
	if (WIFSIGNALED(status))
		snprintf(world->fault, sizeof(world->fault), "%s",
			WTERMSIG(status) == SIGALRM ? "hang: the flow does not end"
						    : "the flow itself crashed");
}

/* False: there may be no network of our own. */
static bool end(struct campaign *campaign, struct world *world, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == LIVE_SKIP)
		return false;
	judge_death(world, status);
	campaign->runs++;
	campaign->events += world->events;
	campaign->calls += world->calls;
	campaign->packets += world->packets;
	if (world->fault[0]) {
		campaign->faults++;
		printf("FAILED seed %" PRIu64 ": %s\n", world->seed, world->fault);
	}
	world->pid = 0;
	return true;
}

static struct world *find_world(struct campaign *campaign, pid_t pid)
{
	for (unsigned i = 0; i < campaign->options.worlds; i++)
		if (campaign->worlds[i].pid == pid)
			return &campaign->worlds[i];
	return NULL;
}

static bool run(struct campaign *campaign)
{
	struct world *world;
	bool may = true;
	int status;
	pid_t pid;

	campaign->next = campaign->options.flow.seed;
	for (;;) {
		while (may && !is_over(campaign) &&
			(world = find_world(campaign, 0)) != NULL)
			begin(campaign, world);
		pid = waitpid(-1, &status, 0);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return may;
		world = find_world(campaign, pid);
		if (world && !end(campaign, world, status))
			may = false;
	}
}

/* ---- options ---- */

static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {FLOW_OPTIONS,
		{"worlds", required_argument, NULL, 'w'},
		{"tandemd", required_argument, NULL, 'd'},
		{"keep", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	int letter;

	*options = (struct options){.flow = {.seed = 1, .runs = LIVE_RUNS},
		.program = "./tandemd",
		.keep = "flows-live.kept",
		.worlds = LIVE_WORLDS};
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (flow_option(&options->flow, letter, optarg))
			continue;
		if (letter == 'd')
			options->program = optarg;
		else if (letter == 'k')
			options->keep = optarg;
		else if (letter == 'w')
			options->worlds = (unsigned)strtoul(optarg, NULL, 10);
		else
			return -1;
	}
	if (options->worlds == 0 || options->worlds > LIVE_WORLDS_MAX)
		return -1;
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};

	if (read_options(argc, argv, &campaign.options)) {
		fprintf(stderr,
			"usage: flows-live [--tandemd PATH] [--seed N] [--runs N] "
			"[--seconds N] [--events N] [--worlds N] [--keep FOLDER] [--all] "
			"[--replay SEED]\n");
		return 2;
	}
	known_init(&campaign.known, campaign.options.flow.all);
	campaign.worlds = mmap(NULL, LIVE_WORLDS_MAX * sizeof(struct world),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (campaign.worlds == MAP_FAILED)
		abort();
	if (campaign.options.flow.seconds)
		campaign.until = time(NULL) + campaign.options.flow.seconds;
	limits_begin();
	if (!run(&campaign)) {
		printf("skipped: no network namespace can be made\n");
		return LIVE_SKIP;
	}
	printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " runs, %" PRIu64
	       " events, %" PRIu64 " calls, %" PRIu64 " packets, %u faults\n",
		campaign.options.flow.seed, campaign.next - 1, campaign.runs,
		campaign.events, campaign.calls, campaign.packets, campaign.faults);
	return campaign.faults > 0;
}
