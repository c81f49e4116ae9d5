/*
 * Plays scenario files: the signalling code on a virtual clock and a fake wire. Without
 * arguments all of tests/scenario/cases below $srcdir; -v shows every ladder, -x ends with
 * the first that fails.
 */
#include "heap.h"
#include "play.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
	unsigned passed, failed;
	bool verbose;
	bool only_first; /* failure */
};

static void tell(const char *path, const struct stage *stage, const struct step *step,
	const struct err_text *error)
{
	printf("FAILED %s\n", path);
	if (step)
		printf("%s:%u: %s\n", step->file, step->line, step->text);
	else
		printf("at the end\n");
	printf("%s\n--- what happened ---\n%.*s---\n", error->text,
		(int)stage->ladder.len, stage->ladder.data ? stage->ladder.data : "");
}

static void play_script(
	const char *path, const struct script *script, struct tally *tally)
{
	struct err_text error = {{0}};
	const struct step *step = NULL;
	struct stage stage;
	int err = 0;

	heap_watch(0, false);
	stage_init(&stage);
	for (unsigned i = 0; i < script->count && !err; i++) {
		step = &script->steps[i];
		err = play_step(&stage, step, &error);
	}
	if (!err) {
		step = NULL;
		err = play_end(&stage, &error);
	}
	if (err) {
		if (!error.text[0])
			err_set(&error, err, "%s", err_str(err));
		tell(path, &stage, step, &error);
		tally->failed++;
	} else if (tally->verbose) {
		printf("%.*s", (int)stage.ladder.len, stage.ladder.data);
	}
	stage_free(&stage);
	if (err)
		return;
	if (heap_left()) {
		printf("FAILED %s\n%lu blocks of memory are lost: `oom --nth 1000000 %s` "
		       "counts them, the sanitizers name them\n",
			path, heap_left(), path);
		tally->failed++;
		return;
	}
	if (heap_keys()) {
		printf("FAILED %s\n%lu blocks of memory were given back with a key\n",
			path, heap_keys());
		tally->failed++;
		return;
	}
	printf("ok %s\n", path);
	tally->passed++;
}

static void play_file(const char *path, struct tally *tally)
{
	struct script script = {0};
	struct err_text error = {{0}};

	if (script_read(&script, path, &error)) {
		printf("FAILED %s\n%s\n", path, error.text);
		tally->failed++;
	} else {
		play_script(path, &script, tally);
	}
	script_free(&script);
	fflush(stdout);
}

static bool is_over(const struct tally *tally)
{
	return tally->only_first && tally->failed;
}

static void play_all(struct tally *tally)
{
	const char *folder = getenv("srcdir");
	char pattern[1024];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/scenario/cases/*.scn",
		folder ? folder : ".");
	if (glob(pattern, 0, NULL, &found)) {
		printf("FAILED no scenarios at %s\n", pattern);
		tally->failed++;
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && !is_over(tally); i++)
		play_file(found.gl_pathv[i], tally);
	globfree(&found);
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	int first = 1;

	for (; first < argc && argv[first][0] == '-'; first++) {
		tally.verbose |= !strcmp(argv[first], "-v");
		tally.only_first |= !strcmp(argv[first], "-x");
	}
	stage_prepare();
	if (first == argc)
		play_all(&tally);
	for (int i = first; i < argc && !is_over(&tally); i++)
		play_file(argv[i], &tally);
	stage_unprepare();
	printf("%u passed, %u failed\n", tally.passed, tally.failed);
	return tally.failed ? 1 : 0;
}
