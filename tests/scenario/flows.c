/*
 * Random flows: legal and illegal events on all legs at once, on the virtual clock, judged
 * by rules. The same seed plays the same flow. What breaks a rule is shrunk to the shortest
 * script and printed in the language of scenarios.
 *
 * --go-on tells each fault in a line and plays on; --all leaves nothing out that is known.
 *
 *   flows [--seed N] [--runs N] [--seconds N] [--events N] [--all] [--go-on]
 *   flows --replay SEED [--events N] [--all]
 *   flows --show FILE
 *
 * --show plays the steps of a scenario and prints it with all that came of them.
 */
#include "limits.h"
#include "options.h"
#include "stage.h"
#include "trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In `make check`: some 10 s. */
#define FLOWS_RUNS 1000
/* Of the processor, for one flow: it takes some 10 ms. */
#define FLOW_SECONDS 120

struct options {
	struct flow_options flow;
	bool go_on;       /* after a fault */
	const char *show; /* a scenario to play; NULL: none */
};

/* What the process that plays shares with the one that waits for it. */
struct shared {
	uint64_t seed; /* that is played */
	uint64_t runs, events;
};

struct campaign {
	struct options options;
	struct known_set known;
	struct shared *shared;
	time_t until; /* 0: no limit */
	unsigned faults;
};

static struct walk_params params_of(const struct campaign *campaign, uint64_t seed)
{
	return (struct walk_params){.seed = seed,
		.events = campaign->options.flow.events,
		.known = &campaign->known};
}

static bool is_over(const struct campaign *campaign)
{
	return limits_end_asked() ||
	       campaign->shared->runs >= campaign->options.flow.runs ||
	       (campaign->until && time(NULL) >= campaign->until);
}

/* What the process that plays ends with. */
enum { PLAYED_ALL, PLAYED_FAULT, PLAYED_DIFFERENTLY };

/* Plays SEED; the ladder is the caller's. A fault ends the process. */
static char *play(struct campaign *campaign, uint64_t seed)
{
	const struct walk_params params = params_of(campaign, seed);
	struct walk_result result;
	char *ladder;

	limits_cpu(FLOW_SECONDS);
	walk_run(&params, &result);
	campaign->shared->runs++;
	campaign->shared->events += result.events;
	if (result.rule)
		_exit(PLAYED_FAULT);
	ladder = span_dup(buf_span(&result.ladder));
	walk_result_free(&result);
	return ladder;
}

/* Plays one seed after the other until something is found. The first is played once more behind all
 * others, for nothing that one leaves in the process may show in another. */
static void play_on(struct campaign *campaign)
{
	struct shared *shared = campaign->shared;
	const uint64_t first = shared->seed;
	struct shared before;
	char *ladder = NULL;
	char *again;

	while (!is_over(campaign)) {
		again = play(campaign, shared->seed);
		if (!ladder)
			ladder = again;
		else
			free(again);
		shared->seed++;
	}
	if (!ladder)
		_exit(PLAYED_ALL);
	before = *shared;
	again = play(campaign, first);
	*shared = before;
	_exit(strcmp(ladder, again) ? PLAYED_DIFFERENTLY : PLAYED_ALL);
}

/* ---- a fault ---- */

static void print_indented(const char *text)
{
	printf("%s\n", text ? text : "");
}

static void tell(
	struct campaign *campaign, uint64_t seed, struct steps *steps, const char *rule)
{
	struct walk_params params = params_of(campaign, seed);
	struct trial trial;

	trial_shrink(steps, &params, rule);
	params.steps = steps;
	trial_run(&params, false, &trial);
	printf("--- shortest, %u steps: %s\n", steps->count,
		trial.text ? trial.text : "it does not fail again");
	if (trial.scenario) {
		print_indented(trial.scenario);
	} else {
		struct buf text;

		buf_init(&text, 0);
		steps_print(steps, &text);
		print_indented(buf_str(&text));
		buf_free(&text);
	}
	printf("--- what happened\n");
	print_indented(trial.ladder);
	trial_free(&trial);
}

static void examine(struct campaign *campaign, uint64_t seed)
{
	const struct walk_params params = params_of(campaign, seed);
	struct trial trial;

	campaign->faults++;
	trial_run(&params, true, &trial);
	printf("FAILED seed %" PRIu64 ": %s\n", seed,
		trial.text && trial.rule ? trial.text : "only once: not deterministic");
	if (trial.rule && !campaign->options.go_on)
		tell(campaign, seed, &trial.steps, trial.rule);
	trial_free(&trial);
	fflush(stdout);
}

static void run(struct campaign *campaign)
{
	struct shared *shared = campaign->shared;

	shared->seed = campaign->options.flow.seed;
	while (!is_over(campaign)) {
		uint64_t seed_before = shared->seed;
		uint64_t runs_before = shared->runs;
		int status = 0;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid)
			play_on(campaign);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			abort();
		if (!status)
			break;
		if (WIFEXITED(status) && WEXITSTATUS(status) == PLAYED_DIFFERENTLY) {
			printf("FAILED seed %" PRIu64 ": another ladder behind others\n",
				seed_before);
			campaign->faults++;
			break;
		}
		examine(campaign, shared->seed);
		if (shared->runs == runs_before && shared->seed == seed_before)
			shared->runs++; /* it died in its first run */
		shared->seed++;
		if (!campaign->options.go_on)
			break;
	}
}

static int replay(struct campaign *campaign)
{
	const struct walk_params params =
		params_of(campaign, campaign->options.flow.seed);
	struct trial trial;
	int failed;

	trial_run(&params, false, &trial);
	print_indented(trial.ladder);
	printf("seed %" PRIu64 ": %s\n", campaign->options.flow.seed,
		trial.rule ? trial.text : "passed");
	failed = trial.rule != NULL;
	trial_free(&trial);
	return failed;
}

static int show(struct campaign *campaign)
{
	struct steps steps = {0};
	struct walk_params params = {.steps = &steps, .known = &campaign->known};
	struct err_text text = {{0}};
	struct trial trial = {0};

	if (walk_read(&steps, campaign->options.show, &text)) {
		printf("%s\n", text.text);
		return 1;
	}
	trial_run(&params, false, &trial);
	print_indented(trial.scenario);
	print_indented(trial.ladder);
	printf("%s\n", trial.rule ? trial.text : "nothing to object to");
	trial_free(&trial);
	steps_free(&steps);
	return 0;
}

/* ---- options ---- */

static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {FLOW_OPTIONS,
		{"show", required_argument, NULL, 'w'}, {"go-on", no_argument, NULL, 'g'},
		{NULL, 0, NULL, 0}};
	int letter;

	*options = (struct options){.flow = {.seed = 1, .runs = FLOWS_RUNS}};
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (flow_option(&options->flow, letter, optarg))
			continue;
		if (letter == 'w')
			options->show = optarg;
		else if (letter == 'g')
			options->go_on = true;
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};
	int failed;

	if (read_options(argc, argv, &campaign.options)) {
		fprintf(stderr,
			"usage: flows [--seed N] [--runs N] [--seconds N] "
			"[--events N] [--all] [--go-on] [--replay SEED] [--show FILE]\n");
		return 2;
	}
	known_init(&campaign.known, campaign.options.flow.all);
	campaign.shared = mmap(NULL, sizeof(*campaign.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (campaign.shared == MAP_FAILED)
		abort();
	if (campaign.options.flow.seconds)
		campaign.until = time(NULL) + campaign.options.flow.seconds;
	limits_begin();
	stage_prepare();
	if (campaign.options.show) {
		failed = show(&campaign);
	} else if (campaign.options.flow.replay) {
		failed = replay(&campaign);
	} else {
		run(&campaign);
		failed = campaign.faults > 0;
		printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " runs, %" PRIu64
		       " events, %u faults\n",
			campaign.options.flow.seed, campaign.shared->seed - !failed,
			campaign.shared->runs, campaign.shared->events, campaign.faults);
	}
	stage_unprepare();
	return failed;
}
