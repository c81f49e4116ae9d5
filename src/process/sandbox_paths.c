/* Which files the process needs: those of the configuration, and those of libraries. */
#include "process/sandbox_priv.h"

#include "base/regular.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_KEY_MAX 4096

/* What is read without the configuration naming it. Missing ones are passed over. */
static const char *const library_paths[] = {
	"/etc", /* names and users, resolv.conf, GnuTLS, p11-kit, tokens */
	"/usr", /* libraries, locales, time zones, trust anchors of the system */
	"/lib", /* where it is no link to /usr/lib */
	"/lib64",
	"/run/systemd/resolve", /* what resolv.conf is a link to */
	"/run/systemd/userdb",  /* names and users; as the next */
	"/run/nscd",
	"/run/p11-kit", /* tokens of another process */
	"/run/pcscd",
	"/var/lib/sss",
	"/proc/self", /* libraries look at their own memory; the kernel's settings */
	"/proc/sys/kernel",
	"/proc/sys/net",
	"/proc/sys/vm",
	"/proc/sys/crypto", /* GnuTLS: FIPS mode */
	"/proc/meminfo",
	"/proc/stat",
	"/proc/cpuinfo",
	"/sys/devices/system/cpu",
	"/dev/random",
	"/dev/urandom",
	"/dev/zero",
};

static bool is_below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	return strncmp(folder, path, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0' || (len == 1 && folder[0] == '/'));
}

/* PATH with links resolved, as far as it exists; the caller's. NULL: out of memory, or nothing of it can be found. */
static char *resolve(const char *path)
{
	char *whole = realpath(path, NULL), *head, *folder, *slash;
	char *joined = NULL;

	if (whole || errno != ENOENT)
		return whole;
	head = strdup(path);
	slash = head ? strrchr(head, '/') : NULL;
	if (!slash || slash[1] == '\0') {
		free(head);
		return NULL;
	}
	*slash = '\0';
	folder = resolve(slash == head ? "/" : head);
	if (folder && asprintf(&joined, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
			      slash + 1) < 0)
		joined = NULL;
	free(folder);
	free(head);
	return joined;
}

static bool covers(const struct sandbox_paths *paths, const char *resolved, bool writable)
{
	for (size_t i = 0; i < paths->count; i++)
		if ((!writable || paths->list[i].writable) &&
			is_below(paths->list[i].path, resolved))
			return true;
	return false;
}

bool sandbox_reaches(const struct sandbox_paths *paths, const char *path)
{
	char *resolved = resolve(path);
	bool reaches = !resolved || covers(paths, resolved, false);

	free(resolved);
	return reaches;
}

/* Takes RESOLVED. */
static int add(struct sandbox_paths *paths, char *resolved, bool writable)
{
	struct sandbox_path *list;

	if (covers(paths, resolved, writable)) {
		free(resolved);
		return 0;
	}
	list = reallocarray(paths->list, paths->count + 1, sizeof(*list));
	if (!list) {
		free(resolved);
		return -ENOMEM;
	}
	paths->list = list;
	list[paths->count++] =
		(struct sandbox_path){.path = resolved, .writable = writable};
	return 0;
}

/* What is not there needs no rule. */
static int add_path(struct sandbox_paths *paths, const char *path, bool writable)
{
	char *resolved = path[0] ? realpath(path, NULL) : NULL;

	if (!resolved)
		return path[0] && errno == ENOMEM ? -ENOMEM : 0;
	return add(paths, resolved, writable);
}

/* The folder that PATH is in, and where it is a link the folder of the file itself: a renewed file is another one
 * in the same place. Nobody means the whole tree by a file in the root. */
static int add_neighbours(struct sandbox_paths *paths, const char *path)
{
	char *beside = strdup(path), *resolved = realpath(path, NULL);
	char *slash = beside ? strrchr(beside, '/') : NULL;
	int err = beside ? 0 : -ENOMEM;

	if (!err && slash && slash != beside) {
		*slash = '\0';
		err = add_path(paths, beside, false);
	}
	slash = resolved ? strrchr(resolved, '/') : NULL;
	if (slash && slash != resolved)
		*slash = '\0';
	if (!err && resolved)
		err = add_path(paths, resolved, false);
	free(resolved);
	free(beside);
	return err;
}

/* "file:" of a token's PIN (RFC 7512), as tls/cred.h reads it. */
static int add_pin(struct sandbox_paths *paths, const char *uri)
{
	static const char mark[] = "pin-source=";
	const char *at = strstr(uri, mark);
	char path[PATH_MAX];
	size_t len;

	if (!at)
		return 0;
	at += sizeof(mark) - 1;
	if (strncmp(at, "file:", 5) == 0)
		at += 5;
	while (at[0] == '/' && at[1] == '/')
		at++;
	len = strcspn(at, "&");
	if (at[0] != '/' || len >= sizeof(path))
		return 0;
	memcpy(path, at, len);
	path[len] = '\0';
	return add_neighbours(paths, path);
}

/* The key of the log may be in another token than the one that is configured by now. */
static int add_log_key(struct sandbox_paths *paths, const struct config *config)
{
	struct buf uri;
	char *path;
	int err;

	buf_init(&uri, 0);
	if (asprintf(&path, "%s/log.key", config->tandem.state_dir) < 0)
		return -ENOMEM;
	(void)regular_read(AT_FDCWD, path, LOG_KEY_MAX, &uri);
	free(path);
	err = config->audit.log_key ? add_pin(paths, config->audit.log_key) : 0;
	if (!err && span_starts(buf_span(&uri), "pkcs11:")) {
		uri.data[strcspn(buf_str(&uri), "\r\n")] = '\0';
		err = add_pin(paths, uri.data);
	}
	if (uri.data)
		secret_wipe_bytes(uri.data, uri.len);
	buf_free(&uri);
	return err;
}

static int add_tls(struct sandbox_paths *paths, const struct config_tls *tls)
{
	const char *const names[] = {tls->certificate, tls->key, tls->trust, tls->crl,
		tls->next_certificate, tls->next_key};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!names[i] || !names[i][0])
			continue;
		err = strncmp(names[i], "pkcs11:", 7) == 0
			      ? add_pin(paths, names[i])
			      : add_neighbours(paths, names[i]);
	}
	return err;
}

static int add_trunk(struct sandbox_paths *paths, const struct config_trunk *trunk)
{
	const int err = add_tls(paths, &trunk->certs);

	if (err || !trunk->auth.secret[0])
		return err;
	return add_neighbours(paths, trunk->auth.secret);
}

static int add_trunks(struct sandbox_paths *paths, const struct config *config)
{
	int err = add_tls(paths, &config->internal.tls);

	if (!err)
		err = add_tls(paths, &config->external.tls);
	for (size_t i = 0; !err && i < config->server_count; i++)
		err = add_trunk(paths, &config->servers[i].common);
	for (size_t i = 0; !err && i < config->gateway_count; i++)
		err = add_trunk(paths, &config->gateways[i].common);
	return err;
}

int sandbox_list_paths(const struct config *config, struct sandbox_paths *ret)
{
	const char *const ours[] = {config->tandem.state_dir, config->tandem.run_dir,
		config->tandem.token_dir, "/dev/null"};
	const char *const vouching[] = {config->audit.timestamp_ca,
		config->audit.timestamp_https_ca, config->audit.witness_https_ca};
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *const read[] = {config->tandem.gateway_dir,
		config->tandem.profile_dir, credentials ? credentials : ""};
	int err = 0;

	*ret = (struct sandbox_paths){0};
	for (size_t i = 0; !err && i < sizeof(ours) / sizeof(ours[0]); i++)
		err = add_path(ret, ours[i], true);
	for (size_t i = 0; !err && i < sizeof(library_paths) / sizeof(library_paths[0]);
		i++)
		err = add_path(ret, library_paths[i], false);
	for (size_t i = 0; !err && i < sizeof(read) / sizeof(read[0]); i++)
		err = add_path(ret, read[i], false);
	if (!err)
		err = add_neighbours(ret, config->file);
	if (!err && config->audit.recipients && config->audit.recipients[0])
		err = add_neighbours(ret, config->audit.recipients);
	if (!err)
		err = add_tls(ret, &config->hep.tls);
	if (!err && config->sink.postgresql && config->sink.postgresql[0])
		err = add_neighbours(ret, config->sink.postgresql);
	if (!err && config->hep.password && config->hep.password[0])
		err = add_neighbours(ret, config->hep.password);
	if (!err)
		err = add_log_key(ret, config);
	for (size_t i = 0; !err && i < sizeof(vouching) / sizeof(vouching[0]); i++)
		if (vouching[i] && vouching[i][0])
			err = add_neighbours(ret, vouching[i]);
	return err ? err : add_trunks(ret, config);
}

void sandbox_free_paths(struct sandbox_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i].path);
	free(paths->list);
	*paths = (struct sandbox_paths){0};
}
