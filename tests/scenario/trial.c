#include "trial.h"

#include "limits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run takes some milliseconds; with sanitizers some more. */
#define TRIAL_SECONDS 60
#define TRIAL_SHRINKS 3000

/* ---- the child: a letter for the kind, a text, a NUL ---- */

static void say(int fd, char kind, const char *text)
{
	const char *rest = text ? text : "";
	size_t len = strlen(rest) + 1;

	if (write(fd, &kind, 1) != 1)
		_exit(3);
	while (len) {
		ssize_t n = write(fd, rest, len);

		if (n <= 0)
			_exit(3);
		rest += n;
		len -= (size_t)n;
	}
}

static void step_h(void *arg, const char *text)
{
	say(*(int *)arg, 's', text);
}

static void play_child(struct walk_params params, int fd)
{
	struct walk_result result;

	limits_cpu(TRIAL_SECONDS);
	params.step_h = step_h;
	params.arg = &fd;
	walk_run(&params, &result);
	say(fd, 'c', buf_str(&result.scenario));
	say(fd, 'l', buf_str(&result.ladder));
	say(fd, 't', result.text);
	say(fd, 'r', result.rule);
	walk_result_free(&result);
	_exit(0);
}

/* ---- the parent ---- */

static void take(struct trial *trial, char kind, const char *text, bool *ret_whole)
{
	switch (kind) {
	case 's':
		steps_add(&trial->steps, text);
		break;
	case 'c':
		trial->scenario = strdup(text);
		break;
	case 'l':
		trial->ladder = strdup(text);
		break;
	case 't':
		trial->text = strdup(text);
		break;
	default:
		*ret_whole = true;
		trial->rule = *text ? strdup(text) : NULL;
		break;
	}
}

static void read_all(int fd, struct trial *trial, bool *ret_whole)
{
	struct buf all;
	char chunk[8192];
	ssize_t n;

	buf_init(&all, 0);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&all, chunk, (size_t)n);
	for (size_t at = 0; at < all.len;) {
		const char *text = all.data + at + 1;
		const char *end = memchr(text, '\0', all.len - at - 1);

		if (!end)
			break;
		take(trial, all.data[at], text, ret_whole);
		at += (size_t)(end - text) + 2;
	}
	buf_free(&all);
}

static void judge_death(struct trial *trial, int status)
{
	bool hang = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;

	free(trial->rule);
	free(trial->text);
	trial->rule = strdup(hang ? "hang" : "crash");
	if (asprintf(&trial->text, "%s %d",
		    WIFSIGNALED(status) ? "killed by signal" : "ended with status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)) < 0)
		abort();
}

void trial_run(const struct walk_params *params, bool quiet, struct trial *ret)
{
	bool whole = false;
	int fds[2];
	int status;
	pid_t pid;

	*ret = (struct trial){0};
	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC))
		abort();
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid) {
		int nowhere = quiet ? open("/dev/null", O_WRONLY) : -1;

		if (nowhere >= 0)
			dup2(nowhere, STDERR_FILENO);
		close(fds[0]);
		play_child(*params, fds[1]);
	}
	close(fds[1]);
	read_all(fds[0], ret, &whole);
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (!whole || !WIFEXITED(status) || WEXITSTATUS(status))
		judge_death(ret, status);
}

void trial_free(struct trial *trial)
{
	free(trial->rule);
	free(trial->text);
	free(trial->scenario);
	free(trial->ladder);
	steps_free(&trial->steps);
}

/* ---- shrinking: delta debugging ---- */

struct shrinker {
	const struct walk_params *like;
	const char *rule;
	unsigned tries;
};

static bool still(struct shrinker *shrinker, const struct steps *steps)
{
	struct walk_params params = *shrinker->like;
	struct trial trial;
	bool same;

	params.steps = steps;
	if (shrinker->tries++ >= TRIAL_SHRINKS)
		return false;
	trial_run(&params, true, &trial);
	same = trial.rule && !strcmp(trial.rule, shrinker->rule);
	trial_free(&trial);
	return same;
}

/* STEPS become FEWER, which is taken over, where the rule is still broken. */
static bool try_steps(struct shrinker *shrinker, struct steps *steps, struct steps *fewer)
{
	if (!still(shrinker, fewer)) {
		steps_free(fewer);
		return false;
	}
	steps_free(steps);
	*steps = *fewer;
	return true;
}

/* One pass that leaves out CHUNK steps at a time, from the end. True: some went. */
static bool leave_out(struct shrinker *shrinker, struct steps *steps, unsigned chunk)
{
	bool some = false;

	for (unsigned at = steps->count; at > 0;) {
		struct steps fewer;
		unsigned len = at < chunk ? at : chunk;

		at -= len;
		steps_copy_without(&fewer, steps, at, len);
		if (try_steps(shrinker, steps, &fewer))
			some = true;
	}
	return some;
}

/* Clauses go, and the words of a description. */
static bool simplify(struct shrinker *shrinker, struct steps *steps, unsigned at)
{
	const char *clause = strrchr(steps->texts[at], '\n');
	const char *word = strrchr(steps->texts[at], ' ');
	const char *cut = clause && word && word > clause && strstr(clause, "\tsdp")
				  ? word
				  : clause;
	struct steps simpler;

	if (!cut)
		return false;
	steps_copy(&simpler, steps);
	simpler.texts[at][cut - steps->texts[at]] = '\0';
	return try_steps(shrinker, steps, &simpler);
}

void trial_shrink(struct steps *steps, const struct walk_params *like, const char *rule)
{
	struct shrinker shrinker = {.like = like, .rule = rule};
	bool some = true;

	for (unsigned chunk = steps->count / 2; chunk > 1; chunk /= 2)
		leave_out(&shrinker, steps, chunk);
	while (some && shrinker.tries < TRIAL_SHRINKS) {
		some = leave_out(&shrinker, steps, 1);
		for (unsigned i = 0; i < steps->count; i++)
			while (simplify(&shrinker, steps, i))
				some = true;
	}
}
