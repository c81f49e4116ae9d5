#include "audit/certs.h"

#include "audit/entry.h"
#include "audit/style.h"
#include "base/hash.h"
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

struct certs_chain {
	struct hash_node node;
	unsigned refs;
	size_t len;
	char der[];
};

struct certs_pool {
	struct hash chains;
};

int certs_pool_new(struct certs_pool **ret)
{
	struct certs_pool *pool = calloc(1, sizeof(*pool));

	if (!pool || hash_init(&pool->chains) != 0) {
		free(pool);
		return -ENOMEM;
	}
	*ret = pool;
	return 0;
}

void certs_pool_free(struct certs_pool *pool)
{
	if (!pool)
		return;
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

/* A process before this one may have written one of the same call. */
static int make_file(int dir_fd, char name[static STYLE_NAME_SIZE])
{
	int fd = -1;

	for (unsigned part = 1; part <= STYLE_PARTS_MAX; part++) {
		if (part == 1)
			snprintf(name, STYLE_NAME_SIZE, "call.certs.pem");
		else
			snprintf(name, STYLE_NAME_SIZE, "call.%u.certs.pem", part);
		fd = openat(dir_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int seal(struct buf *files, const char *name, const struct buf *text)
{
	struct tlog_hash sum;
	struct digest *digest;

	if (digest_new(&digest) != 0)
		return -ENOMEM;
	digest_add(digest, text->data, text->len);
	digest_take(digest, &sum);
	digest_free(digest);
	entry_file(files,
		&(struct entry_file){
			.name = name, .state = "whole", .bytes = text->len, .sum = &sum});
	return files->err;
}

int certs_write(struct certs *certs, struct certs_pool *pool,
	const struct parties *parties, int dir_fd, struct buf *files)
{
	char name[STYLE_NAME_SIZE];
	struct buf text;
	ssize_t n;
	int fd, err;

	if (dir_fd < 0)
		return dir_fd;
	buf_init(&text, 0);
	add_all(&text, certs, parties);
	fd = text.err ? text.err : make_file(dir_fd, name);
	err = fd < 0 ? fd : 0;
	if (!err) {
		/* small, and of no use in part */
		n = write(fd, text.data, text.len);
		if (n != (ssize_t)text.len) {
			err = n < 0 ? -errno : -ENOSPC;
			unlinkat(dir_fd, name, 0);
		}
		close(fd);
	}
	close(dir_fd);
	if (!err)
		err = seal(files, name, &text);
	if (!err)
		certs_free(certs, pool);
	buf_free(&text);
	return err;
}
