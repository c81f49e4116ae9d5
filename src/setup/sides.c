#include "setup/sides.h"

#include "config/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const sides_names[SIDES_COUNT] = {"internal", "external"};

bool sides_is_token(const char *key)
{
	return strncmp(key, "pkcs11:", 7) == 0;
}

bool sides_has_file(const char *path)
{
	return access(path, F_OK) == 0;
}

const char *sides_sibling(const char *path, const char *suffix, char ret[static PATH_MAX])
{
	size_t len = strlen(path);

	if (len > 4 && (strcmp(path + len - 4, ".key") == 0 ||
			       strcmp(path + len - 4, ".pem") == 0))
		len -= 4;
	snprintf(ret, PATH_MAX, "%.*s%s", (int)len, path, suffix);
	return ret;
}

/* DIR has room for what follows it: sides_place() looked. */
static void join(
	char ret[static PATH_MAX], const char *dir, const char *side, const char *suffix)
{
	snprintf(ret, PATH_MAX, "%.*s/certs/%s%s", PATH_MAX - 64, dir, side, suffix);
}

static void set_defaults(struct sides *ret)
{
	const char *dir = ret->dir;

	for (int i = 0; i < SIDES_COUNT; i++) {
		struct sides_files *files = &ret->of[i];

		join(files->certificate, dir, sides_names[i], ".pem");
		join(files->key, dir, sides_names[i], ".key");
		join(files->trust, dir, sides_names[i], "-ca.pem");
		join(files->crl, dir, sides_names[i], ".crl");
	}
}

static int copy(char ret[static PATH_MAX], const char *path, struct err_text *text)
{
	if (snprintf(ret, PATH_MAX, "%s", path) < PATH_MAX)
		return 0;
	return err_set(text, ERR_LIMIT, "%.64s...: longer than a path may be", path);
}

/* What the configuration says. Keys that it does not name keep their defaults. */
static int take(
	struct sides_files *ret, const struct config_tls *tls, struct err_text *text)
{
	int err = 0;

	if (tls->certificate[0])
		err = copy(ret->certificate, tls->certificate, text);
	if (err == 0 && tls->key[0])
		err = copy(ret->key, tls->key, text);
	if (err == 0 && tls->trust[0])
		err = copy(ret->trust, tls->trust, text);
	if (err == 0 && tls->crl[0])
		err = copy(ret->crl, tls->crl, text);
	return err;
}

static int load(struct sides *sides, struct err_text *text)
{
	char file[PATH_MAX];
	struct config_errors errors;
	int err;

	snprintf(file, sizeof(file), "%.*s/tandem.conf", PATH_MAX - 64, sides->dir);
	if (!sides_has_file(file))
		return 0;
	config_errors_init(&errors);
	err = config_load(&sides->config, file, &errors);
	config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	if (err != 0)
		return err_set(text, err, "%s: %s", file,
			err == ERR_CONFIG ? "mend these mistakes first" : err_str(err));
	sides->fqdn = sides->config->tandem.fqdn;
	err = take(&sides->of[SIDES_INTERNAL], &sides->config->internal.tls, text);
	if (err == 0)
		err = take(
			&sides->of[SIDES_EXTERNAL], &sides->config->external.tls, text);
	return err;
}

int sides_place(struct sides *ret, const char *dir, struct err_text *text)
{
	char *absolute = NULL;
	int err = file_absolute(&absolute, dir);

	memset(ret, 0, sizeof(*ret));
	ret->fqdn = "";
	if (err == 0 && strlen(absolute) > PATH_MAX - 512)
		err = -ENAMETOOLONG;
	if (err == 0)
		snprintf(ret->dir, sizeof(ret->dir), "%s", absolute);
	free(absolute);
	if (err != 0)
		return err_set(text, err, "%s: %s", dir, err_str(err));
	set_defaults(ret);
	return 0;
}

int sides_read(
	struct sides *ret, const char *dir, const char *side, struct err_text *text)
{
	bool both = !side || strcmp(side, "both") == 0;
	bool known = both;
	int err = sides_place(ret, dir, text);

	for (int i = 0; i < SIDES_COUNT; i++) {
		ret->of[i].asked = both || strcmp(side, sides_names[i]) == 0;
		known = known || ret->of[i].asked;
	}
	if (err == 0 && !known)
		err = err_set(text, ERR_FORMAT,
			"--side %s: expected internal, external or both", side);
	if (err == 0)
		err = load(ret, text);
	if (err != 0)
		sides_drop(ret);
	return err;
}

void sides_drop(struct sides *sides)
{
	config_unref(sides->config);
	sides->config = NULL;
}

int sides_run(
	const struct sides_verb *verb, char *const *words, struct args_values *given)
{
	struct err_text text = {""};
	struct sides sides;
	int err = args_read(verb->args, words, given, &text);

	if (err > 0)
		return 0;
	if (err == 0)
		err = sides_read(&sides, args_value(&given[verb->dir], TANDEM_SYSCONFDIR),
			args_value(&given[verb->side], NULL), &text);
	if (err == 0) {
		err = verb->make(given, &sides, &text);
		if (err == 0)
			verb->say(&sides);
		sides_drop(&sides);
	}
	if (err != 0)
		fprintf(stderr, "tandemctl: %s\n", text.text);
	return err == 0 ? 0 : err == ERR_FORMAT ? 2 : 1;
}
