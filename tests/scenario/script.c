#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_step(struct script *script, const char *path, unsigned line, char *text)
{
	struct step *grown =
		realloc(script->steps, (script->count + 1) * sizeof(*script->steps));
	struct step *step;
	char *rest;

	if (!grown)
		return -ENOMEM;
	script->steps = grown;
	step = &script->steps[script->count++];
	memset(step, 0, sizeof(*step));
	step->file = strdup(path);
	step->line = line;
	step->text = strdup(text);
	step->copy = strdup(text);
	rest = step->copy;
	while (step->count < SCRIPT_WORDS) {
		char *word = strsep(&rest, " \t");

		if (!word)
			break;
		if (*word)
			step->words[step->count++] = word;
	}
	return 0;
}

static int add_clause(struct script *script, const char *path, unsigned line, char *text,
	struct err_text *error)
{
	struct step *step = script->count ? &script->steps[script->count - 1] : NULL;

	while (*text == ' ' || *text == '\t')
		text++;
	if (!step || step->clause_count == SCRIPT_CLAUSES)
		return err_set(
			error, ERR_FORMAT, "%s:%u: a clause without room", path, line);
	step->clauses[step->clause_count++] = strdup(text);
	return 0;
}

/* NAME.inc in the folder of PATH. */
static int play(
	struct script *script, const char *path, const char *name, struct err_text *error)
{
	const char *slash = strrchr(path, '/');
	char *inner;
	int err;

	if (asprintf(&inner, "%.*s%s.inc", slash ? (int)(slash - path + 1) : 0, path,
		    name) < 0)
		return -ENOMEM;
	err = script_read(script, inner, error);
	free(inner);
	return err;
}

static int read_steps(
	struct script *script, FILE *file, const char *path, struct err_text *error)
{
	char line[1024];
	unsigned number = 0;
	int err = 0;

	while (!err && fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, "\n");

		number++;
		while (len && isspace((unsigned char)line[len - 1]))
			len--;
		line[len] = '\0';
		if (!len || line[0] == '#')
			continue;
		if (isspace((unsigned char)line[0]))
			err = add_clause(script, path, number, line, error);
		else if (!strncmp(line, "play ", 5))
			err = play(script, path, line + 5, error);
		else
			err = add_step(script, path, number, line);
	}
	return err;
}

int script_read(struct script *script, const char *path, struct err_text *error)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return err_set(error, -errno, "%s: %s", path, strerror(errno));
	err = read_steps(script, file, path, error);
	fclose(file);
	return err;
}

int script_parse(struct script *script, const char *text, struct err_text *error)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int err;

	if (!file)
		return err_set(error, -errno, "%s", strerror(errno));
	err = read_steps(script, file, "flow", error);
	fclose(file);
	return err;
}

void script_free(struct script *script)
{
	for (unsigned i = 0; i < script->count; i++) {
		struct step *step = &script->steps[i];

		for (unsigned j = 0; j < step->clause_count; j++)
			free(step->clauses[j]);
		free(step->file);
		free(step->text);
		free(step->copy);
	}
	free(script->steps);
	memset(script, 0, sizeof(*script));
}
