/*
 * tandem-witness: sees logs of records grow, and cosigns that (C2SP tlog-witness). It needs none of the rights and keys of
 * a server of calls, and so is a program of its own.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "evidence/cosign.h"
#include "tls/cred.h"
#include "tls/policy.h"
#include "witness/endpoint.h"
#include "witness/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif
#ifndef TANDEM_SYSCONFDIR
#define TANDEM_SYSCONFDIR "/etc/tandem"
#endif

/* Exit codes: tandem-witness(8). */
enum { GOOD = 0, FAILED = 1, USAGE = 2 };

static int usage(FILE *out, int code)
{
	fprintf(out,
		"usage: tandem-witness [-c FILE]      serve\n"
		"       tandem-witness [-c FILE] -t   check the file\n"
		"       tandem-witness [-c FILE] -k   print the key, which is made where "
		"missing\n"
		"       tandem-witness -V | -h\n");
	return code;
}

static int fail(const struct err_text *text)
{
	fprintf(stderr, "tandem-witness: %s\n", text->text);
	return FAILED;
}

/* All that a witness is. */
struct parts {
	struct settings settings;
	struct ed25519 *signer;
	struct note_key key;
	struct cred *cred; /* of https; NULL: it is http */
	struct witness *witness;
	struct endpoint *endpoint;
};

/* The folder of the state, which one process has at a time. Negative with TEXT. */
static int open_state(const char *path, struct err_text *text)
{
	int fd, err;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(text, -errno, "cannot make %s: %s", path, err_str(-errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(text, -errno, "cannot open %s: %s", path, err_str(-errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err_set(text, err, "another witness uses %s", path);
}

static int load_key(struct parts *parts, struct err_text *text)
{
	const char *path = parts->settings.key;
	uint8_t public[ED25519_PUBLIC_LEN];
	int err = 0;

	if (strncmp(path, "pkcs11:", 7) != 0 && access(path, F_OK) < 0 && errno == ENOENT)
		err = ed25519_create(path, text);
	if (!err)
		err = ed25519_load(&parts->signer, path, text);
	if (err)
		return err;
	ed25519_public(parts->signer, public);
	return cosign_key_make(&parts->key, span_of(parts->settings.name), public);
}

/* Certificate and key of https, as the server has those of SIP: what it refuses is refused here. */
static int load_certificate(struct parts *parts, struct err_text *text)
{
	const struct settings *settings = &parts->settings;
	int err;

	if (!settings->certificate[0])
		return 0;
	err = policy_start(text);
	return err ? err
		   : cred_load(&parts->cred, settings->certificate,
			     settings->certificate_key, NULL, text);
}

static int start(struct parts *parts, int state_fd, struct err_text *text)
{
	struct endpoint_params params = {.cred = parts->cred,
		.listen = &parts->settings.listen,
		.rate = parts->settings.rate};
	int err = witness_new(&parts->witness, state_fd, &parts->key, parts->signer);

	if (err)
		return err_set(text, err, "%s", err_str(err));
	for (unsigned i = 0; i < parts->settings.log_count && !err; i++)
		err = witness_add_log(parts->witness, &parts->settings.logs[i], text);
	if (err)
		return err;
	params.witness = parts->witness;
	return endpoint_start(&parts->endpoint, &params, text);
}

/* Until it is told to end. */
static void serve(const sigset_t *ends)
{
	int number;

	while (sigwait(ends, &number) != 0)
		;
}

/* That it would serve: its settings are good, and so is what they name for https. */
static int check(struct parts *parts)
{
	struct err_text text = {""};

	return load_certificate(parts, &text) == 0 ? GOOD : fail(&text);
}

/* For those whose logs are witnessed; also while it serves. */
static int print_key(struct parts *parts)
{
	struct err_text text = {""};
	char key[NOTE_KEY_TEXT_SIZE];

	if (mkdir(parts->settings.state, 0700) < 0 && errno != EEXIST) {
		err_set(&text, -errno, "cannot make %s: %s", parts->settings.state,
			err_str(-errno));
		return fail(&text);
	}
	if (load_key(parts, &text) != 0)
		return fail(&text);
	puts(note_key_text(&parts->key, key));
	return GOOD;
}

static int run(struct parts *parts)
{
	struct err_text text = {""};
	char key[NOTE_KEY_TEXT_SIZE];
	sigset_t ends;
	int state_fd, err;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if (load_certificate(parts, &text) != 0)
		return fail(&text);
	state_fd = open_state(parts->settings.state, &text);
	if (state_fd < 0)
		return fail(&text);
	err = load_key(parts, &text);
	if (err) {
		close(state_fd);
		return fail(&text);
	}
	note_key_text(&parts->key, key);
	if (start(parts, state_fd, &text) != 0)
		return fail(&text);
	fprintf(stderr, "tandem-witness: ready logs=%u tls=%s key=%s\n",
		parts->settings.log_count, parts->cred ? "yes" : "no", key);
	serve(&ends);
	return GOOD;
}

int main(int argc, char **argv)
{
	const char *path = TANDEM_SYSCONFDIR "/witness.conf";
	bool check_only = false, key_only = false;
	struct err_text text = {""};
	struct parts *parts;
	int option, code;

	while ((option = getopt(argc, argv, "c:tkVh")) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			check_only = true;
			break;
		case 'k':
			key_only = true;
			break;
		case 'V':
			printf("tandem-witness %s\n", PACKAGE_VERSION);
			return GOOD;
		case 'h':
			return usage(stdout, GOOD);
		default:
			return usage(stderr, USAGE);
		}
	}
	if (optind < argc)
		return usage(stderr, USAGE);
	parts = calloc(1, sizeof(*parts));
	if (!parts)
		return FAILED;
	if (settings_load(&parts->settings, path, &text) != 0)
		code = fail(&text);
	else
		code = check_only ? check(parts)
		       : key_only ? print_key(parts)
				  : run(parts);
	endpoint_stop(parts->endpoint);
	witness_free(parts->witness);
	cred_unref(parts->cred);
	ed25519_free(parts->signer);
	free(parts);
	return code;
}
