/*
 * What the tests of evidence share: hex, a folder of their own, a log with records and a key.
 */
#pragma once

#include "base/buf.h"
#include "base/regular.h"
#include "evidence/head.h"
#include "evidence/logbook.h"
#include "evidence/tlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXTURE_NAME "med1.example.com/log"

/* The bytes of HEX; aborts where they are not SIZE. */
static inline void unhex(const char *hex, void *ret, size_t size)
{
	struct buf bytes;

	buf_init(&bytes, 0);
	if (buf_add_unhexed(&bytes, span_of(hex)) != 0 || bytes.len != size)
		abort();
	if (size > 0)
		memcpy(ret, bytes.data, size);
	buf_free(&bytes);
}

static inline struct tlog_hash hash_of(const char *hex)
{
	struct tlog_hash hash;

	unhex(hex, hash.bytes, sizeof(hash.bytes));
	return hash;
}

/* A new folder, in memory where that can be, for a thousand logs are written; remove with fixture_remove(). */
static inline char *fixture_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *path = malloc(4096);

	if (!base)
		base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(path, 4096, "%s/tandem-test-XXXXXX", base);
	if (!mkdtemp(path))
		abort();
	return path;
}

static inline void fixture_remove(char *path)
{
	char command[5000];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		abort();
	free(path);
}

/* "FOLDER/NAME", of the caller. */
static inline char *fixture_path(const char *folder, const char *name)
{
	char *path = malloc(4400);

	snprintf(path, 4400, "%s/%s", folder, name);
	return path;
}

static inline void fixture_write(
	const char *folder, const char *name, const void *data, size_t len)
{
	char *path = fixture_path(folder, name);
	FILE *file = fopen(path, "we");

	if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
		abort();
	free(path);
}

static inline void fixture_read(const char *folder, const char *name, struct buf *ret)
{
	char *path = fixture_path(folder, name);

	buf_init(ret, 0);
	if (regular_read(AT_FDCWD, path, (size_t)64 << 20, ret) != 0)
		abort();
	free(path);
}

static inline struct ed25519 *fixture_key(const char *folder)
{
	char *path = fixture_path(folder, "log.key");
	struct err_text text = {""};
	struct ed25519 *key = NULL;

	if (access(path, F_OK) != 0 && ed25519_create(path, &text) != 0)
		abort();
	if (ed25519_load(&key, path, &text) != 0)
		abort();
	free(path);
	return key;
}

/* Opens FOLDER/log, made where missing. */
static inline int fixture_log_fd(const char *folder)
{
	char *path = fixture_path(folder, "log");
	int fd;

	(void)mkdir(path, 0750);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	free(path);
	return fd;
}

/* Record SEQ as a line without its end. */
static inline void fixture_line(struct buf *out, uint64_t seq)
{
	char salt[HEAD_SALT_SIZE];

	snprintf(salt, sizeof(salt), "%032" PRIx64, seq * 7919);
	head_write(out, seq, salt);
	buf_printf(out, ",\"kind\":\"call\",\"id\":\"c-%" PRIu64 "\"}", seq);
}
