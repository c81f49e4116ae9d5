#include "audit/certs.h"

#include "audit/entry.h"
#include "audit/style.h"
#include "base/hash.h"
#include "base/regular.h"
#include "evidence/digest.h"
#include "evidence/radix64.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RFC 7468 3. */
#define LINE_CHARS 64
/* So many files are remembered: one for each way through the topology that calls take most. */
#define CERTS_FILES_MAX 16
/* A file that was damaged is damaged for each call that has it. ext4 knows 65,000 names of one. */
#define CERTS_NAMES_MAX 1000

struct certs_chain {
	struct hash_node node;
	unsigned refs;
	size_t len;
	char der[];
};

/* A file that a call before has: a further call that would have the same gets a second name of it. */
struct certs_file {
	int dir_fd; /* -1: none */
	char name[STYLE_NAME_SIZE];
	unsigned names;
	struct tlog_hash sum;
};

struct certs_pool {
	struct hash chains;
	struct digest *digest;
	struct certs_file files[CERTS_FILES_MAX];
	unsigned oldest; /* of FILES, which gives way */
};

static void forget_file(struct certs_file *file)
{
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	file->dir_fd = -1;
}

int certs_pool_new(struct certs_pool **ret)
{
	struct certs_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	for (unsigned i = 0; i < CERTS_FILES_MAX; i++)
		pool->files[i].dir_fd = -1;
	if (hash_init(&pool->chains) != 0 || digest_new(&pool->digest) != 0) {
		certs_pool_free(pool);
		return -ENOMEM;
	}
	*ret = pool;
	return 0;
}

void certs_pool_free(struct certs_pool *pool)
{
	if (!pool)
		return;
	for (unsigned i = 0; i < CERTS_FILES_MAX; i++)
		forget_file(&pool->files[i]);
	digest_free(pool->digest);
	hash_free(&pool->chains);
	free(pool);
}

/* A reference, or NULL: out of memory. */
static struct certs_chain *take(struct certs_pool *pool, struct span der)
{
	const uint64_t value = hash_bytes(der.p, der.len, 0);
	struct hash_node *node = hash_find(&pool->chains, value);
	struct certs_chain *chain;

	for (; node; node = hash_find_next(node)) {
		chain = HASH_ENTRY(node, struct certs_chain, node);
		if (chain->len == der.len && memcmp(chain->der, der.p, der.len) == 0) {
			chain->refs++;
			return chain;
		}
	}
	chain = calloc(1, sizeof(*chain) + der.len);
	if (!chain)
		return NULL;
	chain->refs = 1;
	chain->len = der.len;
	memcpy(chain->der, der.p, der.len);
	hash_add(&pool->chains, &chain->node, value);
	return chain;
}

void certs_add(
	struct certs *certs, struct certs_pool *pool, uint32_t party, struct span der)
{
	struct certs_chain *chain;

	if (certs->count == CERTS_PARTIES_MAX || der.len == 0)
		return;
	for (unsigned i = 0; i < certs->count; i++)
		if (certs->list[i].party == party)
			return;
	chain = take(pool, der);
	if (!chain)
		return;
	certs->list[certs->count].party = party;
	certs->list[certs->count++].chain = chain;
}

void certs_free(struct certs *certs, struct certs_pool *pool)
{
	for (unsigned i = 0; i < certs->count; i++) {
		struct certs_chain *chain = certs->list[i].chain;

		if (--chain->refs > 0)
			continue;
		hash_remove(&pool->chains, &chain->node);
		free(chain);
	}
	certs->count = 0;
}

bool certs_put(char out[static CERTS_BYTES_MAX], size_t *len, struct span certificate)
{
	const uint32_t head = (uint32_t)certificate.len;

	if (certificate.len > CERTS_BYTES_MAX - sizeof(head) ||
		*len > CERTS_BYTES_MAX - sizeof(head) - certificate.len)
		return false;
	memcpy(out + *len, &head, sizeof(head));
	memcpy(out + *len + sizeof(head), certificate.p, certificate.len);
	*len += sizeof(head) + certificate.len;
	return true;
}

/* ---- PEM ---- */

static void add_pem(struct buf *out, const char *der, size_t len)
{
	struct buf text;

	buf_init(&text, 0);
	radix64_add(&text, der, len);
	buf_add_str(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < text.len; at += LINE_CHARS) {
		buf_add(out, text.data + at,
			text.len - at < LINE_CHARS ? text.len - at : LINE_CHARS);
		buf_add_char(out, '\n');
	}
	buf_add_str(out, "-----END CERTIFICATE-----\n");
	if (text.err)
		out->err = text.err;
	buf_free(&text);
}

static void add_chain(struct buf *out, const struct certs_chain *chain)
{
	uint32_t len;

	for (size_t at = 0; at + sizeof(len) <= chain->len; at += len) {
		memcpy(&len, chain->der + at, sizeof(len));
		at += sizeof(len);
		if (len > chain->len - at)
			return;
		add_pem(out, chain->der + at, len);
	}
}

static void add_all(
	struct buf *out, const struct certs *certs, const struct parties *parties)
{
	for (unsigned i = 0; i < certs->count; i++) {
		const struct party_seen *party =
			parties_find(parties, certs->list[i].party);

		if (party)
			buf_printf(out, "leg %s, %s\n", party->leg, party->trunk);
		else
			buf_add_str(out, "nobody known\n");
		add_chain(out, certs->list[i].chain);
	}
}

/* ---- its file ---- */

/* Makes the file NAME of DIR_FD. 0 or a negated errno. */
typedef int file_h(int dir_fd, const char *name, const void *arg);

/* A further name of the file ARG. */
static int share_file(int dir_fd, const char *name, const void *arg)
{
	const struct certs_file *file = arg;

	return linkat(file->dir_fd, file->name, dir_fd, name, 0) < 0 ? -errno : 0;
}

/* A new file, with the text ARG. */
static int write_file(int dir_fd, const char *name, const void *arg)
{
	const struct buf *text = arg;
	const int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = regular_write(fd, buf_span(text), NULL);
	close(fd);
	if (err)
		unlinkat(dir_fd, name, 0); /* it is of no use in part */
	return err;
}

/* By the first name that is free: a process before this one may have written one of the same call. */
static int make_file(
	int dir_fd, char name[static STYLE_NAME_SIZE], file_h *make_h, const void *arg)
{
	int err = -EEXIST;

	for (unsigned part = 1; part <= STYLE_PARTS_MAX && err == -EEXIST; part++) {
		if (part == 1)
			snprintf(name, STYLE_NAME_SIZE, "call.certs.pem");
		else
			snprintf(name, STYLE_NAME_SIZE, "call.%u.certs.pem", part);
		err = make_h(dir_fd, name, arg);
	}
	return err;
}

static struct certs_file *find_file(struct certs_pool *pool, const struct tlog_hash *sum)
{
	for (unsigned i = 0; i < CERTS_FILES_MAX; i++)
		if (pool->files[i].dir_fd >= 0 &&
			memcmp(&pool->files[i].sum, sum, sizeof(*sum)) == 0)
			return &pool->files[i];
	return NULL;
}

/* Whose place a file takes that is remembered from now on. */
static struct certs_file *give_way(struct certs_pool *pool)
{
	struct certs_file *file = &pool->files[pool->oldest];

	pool->oldest = (pool->oldest + 1) % CERTS_FILES_MAX;
	return file;
}

/* TEXT is in a file of DIR_FD, which it takes. */
static int place(struct certs_pool *pool, int dir_fd, char name[static STYLE_NAME_SIZE],
	const struct buf *text, const struct tlog_hash *sum)
{
	struct certs_file *file = find_file(pool, sum);
	int err;

	/* the one that is remembered may be deleted, or its disk another one now */
	if (file && file->names < CERTS_NAMES_MAX &&
		make_file(dir_fd, name, share_file, file) == 0) {
		file->names++;
		close(dir_fd);
		return 0;
	}
	err = make_file(dir_fd, name, write_file, text);
	if (err) {
		close(dir_fd);
		return err;
	}
	if (!file)
		file = give_way(pool);
	forget_file(file);
	file->dir_fd = dir_fd;
	memcpy(file->name, name, sizeof(file->name));
	file->names = 1;
	file->sum = *sum;
	return 0;
}

int certs_write(struct certs *certs, struct certs_pool *pool,
	const struct parties *parties, int dir_fd, struct buf *files)
{
	struct entry_file written = {.state = "whole"};
	char name[STYLE_NAME_SIZE];
	struct tlog_hash sum;
	struct buf text;
	int err;

	if (dir_fd < 0)
		return dir_fd;
	buf_init(&text, 0);
	add_all(&text, certs, parties);
	err = text.err;
	if (err) {
		close(dir_fd);
		goto out;
	}
	digest_add(pool->digest, text.data, text.len);
	digest_take(pool->digest, &sum);
	err = place(pool, dir_fd, name, &text, &sum);
	if (err)
		goto out;
	written.name = name;
	written.bytes = text.len;
	written.sum = &sum;
	entry_file(files, &written);
	certs_free(certs, pool);
	err = files->err;
out:
	buf_free(&text);
	return err;
}
