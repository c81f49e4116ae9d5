#include "base/secret.h"
#include "config/file.h"
#include "setup/ask.h"
#include "setup/keys.h"
#include "setup/place.h"
#include "setup/sides.h"
#include "setup/verb_table.h"
#include "tls/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PASSWORD_BYTES 512

enum {
	OPTION_SIDE,
	OPTION_NAME,
	OPTION_PASSWORD_FILE,
	OPTION_FROM,
	OPTION_TRUST,
	OPTION_RELOAD,
	OPTION_DIR,
	OPTIONS,
};

static const struct args_option options[] = {
	[OPTION_SIDE] = {"side", "SIDE", false,
		"internal or external (that whose key the certificate is for)"},
	[OPTION_NAME] = {"name", "FQDN", false,
		"what the certificate must be for (fqdn of tandem.conf)"},
	[OPTION_PASSWORD_FILE] = {"password-file", "FILE", false,
		"the password of PKCS#12, or of an encrypted key"},
	[OPTION_FROM] = {"from", "DATE", false,
		"keep what is in use until then (next-from in tandem.conf)"},
	[OPTION_TRUST] = {"trust", NULL, false,
		"trust the authorities in FILE too; needs --side"},
	[OPTION_RELOAD] = {"reload", NULL, false,
		"have the server take it into use at once"},
	[OPTION_DIR] = {"dir", "DIR", false, "the configuration (" TANDEM_SYSCONFDIR ")"},
	[OPTIONS] = {NULL, NULL, false, NULL},
};

static const struct args_verb verb = {.usage = "cert install FILE...",
	.what = "Takes in what an authority answered: PEM, DER, PKCS#7 (.p7b) or PKCS#12 "
		"(.p12,\n"
		".pfx), all files together, in any order. Finds the key that the "
		"certificate\n"
		"is for, puts the chain in order, checks it, and replaces the one in "
		"use, which\n"
		"stays as FILE.old. When anything is wrong nothing is changed.",
	.options = options,
	.word = "<files>"};

/* What is to be done. */
struct install {
	const struct args_values *given;
	const struct sides *sides;
	struct bundle *bundle;
	const struct sides_files *files; /* of the side; NULL until it is known */
	char key[PATH_MAX]; /* that the certificate is for; "": the one that came along */
	bool pending;       /* KEY is NAME.new.key */
	bool has_chain;
	struct place place;
};

/* --- reading */

static int read_password(const struct install *install, char *ret, struct err_text *text)
{
	const char *path = args_value(&install->given[OPTION_PASSWORD_FILE], NULL);
	struct buf bytes;
	int err;

	if (!path)
		return ERR_AUTH;
	buf_init(&bytes, PASSWORD_BYTES - 1);
	err = file_read(path, &bytes);
	if (err == 0) {
		size_t len = bytes.len;

		while (len > 0 && strchr("\r\n", bytes.data[len - 1]))
			len--;
		snprintf(ret, PASSWORD_BYTES, "%.*s", (int)len, bytes.data);
	} else {
		err_set(text, err, "%s: %s", path, err_str(err));
	}
	buf_free(&bytes);
	return err;
}

static int read_file(struct install *install, const char *path, struct err_text *text)
{
	char password[PASSWORD_BYTES] = "";
	char question[256];
	int err = bundle_add(install->bundle, path, NULL, text);
	int asked;

	if (err != ERR_AUTH)
		return err;
	asked = read_password(install, password, text);
	snprintf(question, sizeof(question), "Password of %.200s", path);
	if (asked == ERR_AUTH && isatty(STDIN_FILENO))
		asked = ask_password(question, password, sizeof(password));
	if (asked == 0)
		err = bundle_add(install->bundle, path, password, text);
	else if (asked == ERR_AUTH || asked == ERR_CLOSED)
		err_set(text, ERR_AUTH, "%s wants a password; give --password-file",
			path);
	else
		err = asked;
	secret_wipe_bytes(password, sizeof(password));
	return err;
}

static int read_files(struct install *install, struct err_text *text)
{
	const struct args_values *files = &install->given[OPTIONS];
	int err = 0;

	if (files->count == 0)
		return err_set(text, ERR_FORMAT,
			"which file did the authority answer? tandemctl cert install "
			"FILE...");
	for (unsigned i = 0; err == 0 && i < files->count; i++)
		err = read_file(install, files->values[i], text);
	return err;
}

/* --- whose it is */

/* Whether KEY is that of one of the certificates: 0, ERR_STATE, or negative with TEXT. */
static int try_key(struct install *install, const struct sides_files *files,
	const char *key, bool pending, struct err_text *text)
{
	int err;

	if (!sides_is_token(key) && !sides_has_file(key))
		return ERR_STATE;
	err = bundle_choose(install->bundle, key, text);
	if (err == 0) {
		install->files = files;
		install->pending = pending;
		install->has_chain = true;
		snprintf(install->key, sizeof(install->key), "%s", key);
	}
	return err;
}

static int try_side(
	struct install *install, const struct sides_files *files, struct err_text *text)
{
	char pending[PATH_MAX];
	int err = ERR_STATE;

	if (!sides_is_token(files->key))
		err = try_key(install, files,
			sides_sibling(files->key, ".new.key", pending), true, text);
	if (err == ERR_STATE)
		err = try_key(install, files, files->key, false, text);
	return err;
}

static int refuse_stranger(const struct install *install, struct err_text *text)
{
	struct facts facts;
	char keys[PATH_MAX] = "";

	for (int i = 0; i < SIDES_COUNT; i++)
		if (install->sides->of[i].asked) {
			size_t at = strlen(keys);

			snprintf(keys + at, sizeof(keys) - at, "%s%s", at ? ", " : "",
				sides_is_token(install->sides->of[i].key)
					? "the key in the token"
					: install->sides->of[i].key);
		}
	memset(&facts, 0, sizeof(facts));
	bundle_other_facts(install->bundle, 0, &facts);
	return err_set(text, ERR_TRUST,
		"no certificate here is for a key of ours (%.200s, or NAME.new.key "
		"beside it): "
		"it is for %.100s. Was it made of another request?",
		keys, facts.names[0] ? facts.names : facts.subject);
}

/* The key that came along with PKCS#12 becomes that of the side. */
static int take_key(struct install *install, struct err_text *text)
{
	const struct sides *sides = install->sides;
	bool one = sides->of[0].asked != sides->of[1].asked;
	int err;

	if (!one)
		return err_set(text, ERR_FORMAT,
			"a key came along: whose is it? give --side internal or "
			"external");
	err = bundle_choose(install->bundle, NULL, text);
	if (err == ERR_STATE)
		return err_set(text, ERR_TRUST,
			"the key that came along belongs to none of the certificates");
	if (err == 0) {
		install->files = &sides->of[sides->of[0].asked ? 0 : 1];
		install->has_chain = true;
	}
	return err;
}

static int find_key(struct install *install, struct err_text *text)
{
	bool trust = install->given[OPTION_TRUST].count > 0;
	int err = ERR_STATE;

	for (int i = 0; err == ERR_STATE && i < SIDES_COUNT; i++)
		if (install->sides->of[i].asked)
			err = try_side(install, &install->sides->of[i], text);
	if (err == ERR_STATE && bundle_has_key(install->bundle))
		err = take_key(install, text);
	if (err != ERR_STATE)
		return err;
	if (!trust)
		return refuse_stranger(install, text);
	return 0; /* authorities alone */
}

/* --- what is wrong with it */

static void say_h(void *arg, enum bundle_mark mark, const char *line)
{
	static const char *const marks[] = {
		[BUNDLE_GOOD] = "ok   ", [BUNDLE_NOTE] = "note ", [BUNDLE_BAD] = "BAD  "};

	(void)arg;
	printf("%s%s\n", marks[mark], line);
}

static int judge(const struct install *install, struct err_text *text)
{
	struct bundle_demands demands = {
		.fqdn = args_value(&install->given[OPTION_NAME],
			install->sides->fqdn[0] ? install->sides->fqdn : NULL),
		.crl = install->files->crl};
	unsigned bad;
	unsigned others = bundle_other_count(install->bundle);

	printf("ok   key: %s\n", install->key[0] == '\0'        ? "came along"
				 : sides_is_token(install->key) ? "in the token"
								: install->key);
	bad = bundle_judge(install->bundle, &demands, say_h, NULL);
	if (others > 0)
		printf("note %u further certificate%s not used\n", others,
			others == 1 ? " is" : "s are");
	if (bad > 0)
		return err_set(text, ERR_TRUST,
			"nothing was changed: with what is marked BAD the far ends would "
			"refuse it");
	return 0;
}

/* The time of --from, which keys_check() has judged: a UTC day, or a minute of it. */
static time_t read_from(const char *word)
{
	struct tm tm = {.tm_isdst = 0};

	if (sscanf(word, "%d-%d-%d%*c%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour, &tm.tm_min) < 3)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm);
}

/* It must be good on that day too. */
static int judge_from(const struct install *install, struct err_text *text)
{
	const char *word = install->given[OPTION_FROM].values[0];
	struct facts facts;

	for (unsigned i = 0; i < bundle_chain_count(install->bundle); i++) {
		bundle_chain_facts(install->bundle, i, &facts);
		if (facts.from > read_from(word) || read_from(word) >= facts.to)
			return err_set(text, ERR_TRUST,
				"--from %s: nothing was changed: the certificate of "
				"%.200s is "
				"not valid then",
				word, facts.subject);
	}
	return 0;
}

/* --- writing */

static int add_key_file(struct install *install, const char *to, struct err_text *text)
{
	struct buf key;
	int err = 0;

	buf_init(&key, 0);
	if (install->key[0])
		err = file_read(install->key, &key);
	else
		err = bundle_print_key(install->bundle, &key);
	if (err == 0)
		err = place_add(
			&install->place, to, &key, PLACE_KEY, PLACE_KEEP_OLD, text);
	else
		err_set(text, err, "the key: %s", err_str(err));
	buf_free(&key);
	return err;
}

static int add_chain(struct install *install, const char *to, struct err_text *text)
{
	struct buf chain;
	int err;

	buf_init(&chain, 0);
	err = bundle_print_chain(install->bundle, &chain);
	if (err == 0)
		err = place_add(
			&install->place, to, &chain, PLACE_PUBLIC, PLACE_KEEP_OLD, text);
	buf_free(&chain);
	return err;
}

/* Beside what is in use, until --from. */
static int add_next(struct install *install, struct err_text *text)
{
	char certificate[PATH_MAX], key[PATH_MAX];
	int err = judge_from(install, text);

	if (err != 0)
		return err;
	if (sides_is_token(install->files->key))
		return err_set(text, ERR_SUPPORT,
			"--from with a key in a token: name next-certificate and "
			"next-key in "
			"tandem.conf by hand");
	sides_sibling(install->files->key, ".new.key", key);
	sides_sibling(install->files->certificate, ".new.pem", certificate);
	err = add_chain(install, certificate, text);
	if (err == 0 && !install->pending)
		err = add_key_file(install, key, text);
	return err;
}

static int add_now(struct install *install, struct err_text *text)
{
	int err = add_chain(install, install->files->certificate, text);

	if (err == 0 && (install->pending || !install->key[0])) {
		if (sides_is_token(install->files->key))
			return err_set(text, ERR_SUPPORT,
				"tandem.conf has its key in a token: the key that came "
				"along "
				"cannot be put there; set key to a file first");
		err = add_key_file(install, install->files->key, text);
	}
	return err;
}

static bool has_authority(const struct bundle *bundle)
{
	struct buf anchors;
	int count;

	buf_init(&anchors, 0);
	count = bundle_print_anchors(bundle, NULL, &anchors);
	buf_free(&anchors);
	return count > 0;
}

static int add_trust(
	struct install *install, const struct sides_files *files, struct err_text *text)
{
	struct bundle *known = NULL;
	struct buf trust;
	int count = bundle_new(&known);

	buf_init(&trust, 0);
	if (count == 0 && sides_has_file(files->trust)) {
		count = bundle_add(known, files->trust, NULL, text);
		if (count == 0)
			count = file_read(files->trust, &trust);
	}
	if (count == 0 && trust.len > 0 && trust.data[trust.len - 1] != '\n')
		buf_add_char(&trust, '\n');
	if (count == 0)
		count = bundle_print_anchors(install->bundle, known, &trust);
	bundle_free(known);
	if (count == 0 && !install->has_chain && !has_authority(install->bundle))
		count = err_set(text, ERR_FORMAT,
			"--trust: none of these certificates is that of an authority");
	if (count > 0) {
		printf("ok   trust: %d more authorit%s in %s\n", count,
			count == 1 ? "y" : "ies", files->trust);
		count = place_add(&install->place, files->trust, &trust, PLACE_PUBLIC,
			PLACE_KEEP_OLD, text);
	} else if (count == 0) {
		printf("note trust: %s has all authorities of these files\n",
			files->trust);
	}
	buf_free(&trust);
	return count;
}

static int add_all(struct install *install, struct err_text *text)
{
	const struct sides *sides = install->sides;
	int err = 0;

	if (install->has_chain) {
		err = judge(install, text);
		if (err == 0)
			err = install->given[OPTION_FROM].count > 0
				      ? add_next(install, text)
				      : add_now(install, text);
	}
	if (err == 0 && install->given[OPTION_TRUST].count > 0) {
		if (sides->of[0].asked == sides->of[1].asked)
			return err_set(text, ERR_FORMAT,
				"--trust needs --side: servers and gateways are trusted "
				"apart");
		err = add_trust(install, &sides->of[sides->of[0].asked ? 0 : 1], text);
	}
	return err;
}

/* The request is answered, and its key has another name now. */
static void clean_up(const struct install *install)
{
	char request[PATH_MAX];

	if (!install->pending || install->given[OPTION_FROM].count > 0)
		return;
	unlink(install->key);
	unlink(sides_sibling(install->key, ".csr", request));
}

static void say_next(const struct install *install)
{
	const struct args_values *given = install->given;
	char path[PATH_MAX];

	for (unsigned i = 0; i < install->place.count; i++)
		printf("%s\n", install->place.files[i].path);
	if (install->has_chain && given[OPTION_FROM].count > 0) {
		printf("\nAdd to [%s] in %s/tandem.conf:\n",
			install->files == &install->sides->of[SIDES_INTERNAL]
				? "internal"
				: "external",
			install->sides->dir);
		printf("  next-certificate = %s\n",
			sides_sibling(install->files->certificate, ".new.pem", path));
		printf("  next-key = %s\n",
			sides_sibling(install->files->key, ".new.key", path));
		printf("  next-from = %s\n", given[OPTION_FROM].values[0]);
	}
	if (given[OPTION_RELOAD].count == 0)
		printf("\nNext, when the server runs:\n  tandemctl config reload\n");
}

static int do_install(struct install *install, struct err_text *text)
{
	const struct args_values *from = &install->given[OPTION_FROM];
	int err = bundle_new(&install->bundle);

	if (err == 0 && from->count > 0)
		err = keys_check(
			SCHEMA_INTERNAL, "next-from", "--from", from->values[0], text);
	if (err == 0)
		err = read_files(install, text);
	if (err == 0)
		err = find_key(install, text);
	if (err == 0)
		err = add_all(install, text);
	if (err == 0)
		err = place_commit(&install->place, text);
	if (err == 0) {
		clean_up(install);
		say_next(install);
	}
	return err;
}

int cert_install_run(char *const *words, bool *ret_reload)
{
	struct args_values given[OPTIONS + 1];
	struct err_text text = {""};
	struct sides sides;
	struct install install = {.given = given, .sides = &sides};
	int err = args_read(&verb, words, given, &text);

	if (err > 0)
		return 0;
	if (err == 0)
		err = sides_read(&sides,
			args_value(&given[OPTION_DIR], TANDEM_SYSCONFDIR),
			args_value(&given[OPTION_SIDE], NULL), &text);
	if (err == 0) {
		place_init(&install.place);
		err = do_install(&install, &text);
		*ret_reload = err == 0 && given[OPTION_RELOAD].count > 0;
		place_free(&install.place);
		bundle_free(install.bundle);
		sides_drop(&sides);
	}
	if (err != 0)
		fprintf(stderr, "tandemctl: %s\n", text.text);
	return err == 0 ? 0 : err == ERR_FORMAT ? 2 : 1;
}
