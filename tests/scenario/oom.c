/*
 * Scenarios with one allocation of Tandem's that fails: no crash, nothing left over, no
 * memory lost; what the call then comes to is not looked at, but it has its record.
 *
 *   oom [--seed N] [--runs N]   so many, scenario and allocation by chance
 *   oom --all [FILE ...]        each allocation of each scenario (make oom)
 *   oom --nth N FILE            one, with its stack
 */
#include "dice.h"
#include "heap.h"
#include "limits.h"
#include "stage.h"
#include "walk.h"

#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OOM_RUNS 300
#define OOM_SECONDS 60 /* of the processor, for one */

/* ---- one run, in a process of its own ---- */

struct outcome {
	unsigned long count;
	unsigned long lost; /* blocks */
	bool whole;         /* it came to its end */
	char text[300];     /* what is wrong; "": nothing */
};

static void play(
	const struct steps *steps, unsigned long nth, bool tell, struct outcome *outcome)
{
	static struct known_set known;
	struct walk_params params = {.steps = steps, .known = &known, .lenient = true};
	struct walk_result result;

	heap_watch(nth, tell);
	walk_run(&params, &result);
	outcome->count = heap_count();
	outcome->lost = heap_left();
	if (result.rule)
		snprintf(outcome->text, sizeof(outcome->text), "%.290s", result.text);
	outcome->whole = true;
	walk_result_free(&result);
}

static void judge_outcome(struct outcome *outcome, int status, unsigned long lost_before)
{
	if (!outcome->whole || !WIFEXITED(status) || WEXITSTATUS(status))
		snprintf(outcome->text, sizeof(outcome->text), "%s %d",
			WIFSIGNALED(status) ? "crash: signal" : "crash: status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	else if (!outcome->text[0] && outcome->lost > lost_before)
		snprintf(outcome->text, sizeof(outcome->text), "%lu blocks lost",
			outcome->lost - lost_before);
}

/* Plays STEPS with the NTH allocation failing (0: none). LOST_BEFORE blocks stay anyway. */
static void run(const struct steps *steps, unsigned long nth, unsigned long lost_before,
	bool tell, struct outcome *ret)
{
	int fds[2];
	int status = 0;
	pid_t pid;

	*ret = (struct outcome){0};
	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC))
		abort();
	pid = fork();
	if (!pid) {
		int nowhere = tell ? -1 : open("/dev/null", O_WRONLY);

		if (nowhere >= 0)
			dup2(nowhere, STDERR_FILENO);
		limits_cpu(OOM_SECONDS);
		play(steps, nth, tell, ret);
		_exit(write(fds[1], ret, sizeof(*ret)) != sizeof(*ret));
	}
	close(fds[1]);
	if (pid < 0 || read(fds[0], ret, sizeof(*ret)) < 0)
		abort();
	close(fds[0]);
	waitpid(pid, &status, 0);
	judge_outcome(ret, status, lost_before);
}

/* ---- many ---- */

struct piece {
	char *path;
	struct steps steps;
	unsigned long count, lost; /* without a failure; COUNT 0: not known yet */
};

struct pieces {
	struct piece *all;
	unsigned count;
	unsigned long runs, faults;
};

static void add_piece(struct pieces *pieces, const char *path)
{
	struct err_text text = {{0}};
	struct piece *piece;

	pieces->all = realloc(pieces->all, (pieces->count + 1) * sizeof(*piece));
	if (!pieces->all)
		abort();
	piece = &pieces->all[pieces->count++];
	*piece = (struct piece){.path = strdup(path)};
	if (walk_read(&piece->steps, path, &text)) {
		printf("FAILED %s\n", text.text);
		pieces->faults++;
	}
}

static void add_all(struct pieces *pieces)
{
	const char *folder = getenv("srcdir");
	char pattern[1024];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/scenario/cases/*.scn",
		folder ? folder : ".");
	if (glob(pattern, 0, NULL, &found)) {
		printf("FAILED no scenarios at %s\n", pattern);
		pieces->faults++;
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_piece(pieces, found.gl_pathv[i]);
	globfree(&found);
}

static void count_piece(struct piece *piece)
{
	struct outcome outcome;

	if (piece->count)
		return;
	run(&piece->steps, 0, 0, false, &outcome);
	piece->count = outcome.count ? outcome.count : 1;
	piece->lost = outcome.lost;
}

static void try_nth(struct pieces *pieces, struct piece *piece, unsigned long nth)
{
	struct outcome outcome;

	run(&piece->steps, nth, piece->lost, false, &outcome);
	pieces->runs++;
	if (!outcome.text[0])
		return;
	pieces->faults++;
	printf("FAILED oom --nth %lu %s: %s\n", nth, piece->path, outcome.text);
	fflush(stdout);
}

static void try_some(struct pieces *pieces, uint64_t seed, unsigned runs)
{
	struct dice dice;

	dice_seed(&dice, seed);
	for (unsigned i = 0; i < runs && pieces->count && !limits_end_asked(); i++) {
		struct piece *piece = &pieces->all[dice_below(&dice, pieces->count)];

		count_piece(piece);
		try_nth(pieces, piece, 1 + dice_below(&dice, (unsigned)piece->count));
	}
}

static void try_all(struct pieces *pieces)
{
	for (unsigned i = 0; i < pieces->count && !limits_end_asked(); i++) {
		struct piece *piece = &pieces->all[i];

		count_piece(piece);
		for (unsigned long nth = 1; nth <= piece->count && !limits_end_asked();
			nth++)
			try_nth(pieces, piece, nth);
	}
}

static void show(const struct pieces *pieces, unsigned long nth)
{
	struct outcome outcome;

	run(&pieces->all[0].steps, nth, 0, true, &outcome);
	printf("%lu allocations, %lu blocks left: %s\n", outcome.count, outcome.lost,
		outcome.text[0] ? outcome.text : "nothing to object to");
}

static void free_pieces(struct pieces *pieces)
{
	for (unsigned i = 0; i < pieces->count; i++) {
		steps_free(&pieces->all[i].steps);
		free(pieces->all[i].path);
	}
	free(pieces->all);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"seed", required_argument, NULL, 's'},
		{"runs", required_argument, NULL, 'r'}, {"all", no_argument, NULL, 'a'},
		{"nth", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	unsigned long seed = 1, runs = OOM_RUNS, nth = 0;
	struct pieces pieces = {0};
	bool all = false;
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

		if (option == 's')
			seed = number;
		else if (option == 'r')
			runs = number;
		else if (option == 'n')
			nth = number;
		else if (option == 'a')
			all = true;
		else
			return 2;
	}
	limits_begin();
	stage_prepare();
	for (int i = optind; i < argc; i++)
		add_piece(&pieces, argv[i]);
	if (optind == argc)
		add_all(&pieces);
	if (nth)
		show(&pieces, nth);
	else if (all)
		try_all(&pieces);
	else
		try_some(&pieces, seed, (unsigned)runs);
	printf("seed %lu: %lu runs, %lu faults\n", seed, pieces.runs, pieces.faults);
	stage_unprepare();
	free_pieces(&pieces);
	return pieces.faults > 0;
}
