#include "sip/nonce.h"

#include "base/err.h"
#include "tls/hashing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* When it was made, in seconds; its number; and the code over both. In hex digits. */
#define TIME_LEN 8
#define NUMBER_LEN 12
#define CODE_LEN (NONCE_SIZE - 1 - TIME_LEN - NUMBER_LEN)
#define PLAIN_LEN (TIME_LEN + NUMBER_LEN)

/* One that was used. Of two with the same place the later number takes it, and the earlier one is stale. */
struct used {
	uint64_t number; /* 0: none */
	uint32_t highest;
	uint64_t before; /* a bit for each count below HIGHEST that was used */
};

struct nonces {
	struct secret key;
	uint64_t made;
	struct used used[NONCE_USED];
};

/* As they are read. */
struct parts {
	uint64_t made_s, number;
};

int nonces_new(struct nonces **ret)
{
	struct nonces *nonces = calloc(1, sizeof(*nonces));
	int err = nonces ? secret_random(&nonces->key, 32) : -ENOMEM;

	if (err) {
		free(nonces);
		return err;
	}
	*ret = nonces;
	return 0;
}

void nonces_free(struct nonces *nonces)
{
	if (nonces)
		secret_wipe(&nonces->key);
	free(nonces);
}

static int code_of(const struct nonces *nonces, struct span plain, struct span about,
	char ret[static HASHING_HEX_SIZE])
{
	const struct span parts[] = {plain, about};

	return hashing_code(&nonces->key, parts, 2, ret);
}

int nonces_make(struct nonces *nonces, uint64_t now_ms, struct span about,
	char ret[static NONCE_SIZE])
{
	char plain[PLAIN_LEN + 1], code[HASHING_HEX_SIZE];
	int err;

	nonces->made++;
	snprintf(plain, sizeof(plain), "%08llx%012llx",
		(unsigned long long)(now_ms / 1000) & 0xffffffff,
		(unsigned long long)nonces->made & 0xffffffffffff);
	err = code_of(nonces, span_of(plain), about, code);
	if (!err)
		snprintf(ret, NONCE_SIZE, "%s%.*s", plain, CODE_LEN, code);
	return err;
}

static bool read_hex(struct span text, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char c = text.p[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

static bool read_parts(struct span nonce, struct parts *ret)
{
	return nonce.len == NONCE_SIZE - 1 &&
	       read_hex((struct span){nonce.p, TIME_LEN}, &ret->made_s) &&
	       read_hex((struct span){nonce.p + TIME_LEN, NUMBER_LEN}, &ret->number);
}

static bool is_ours(const struct nonces *nonces, struct span about, struct span nonce)
{
	char code[HASHING_HEX_SIZE];

	return !code_of(nonces, (struct span){nonce.p, PLAIN_LEN}, about, code) &&
	       hashing_same((struct span){nonce.p + PLAIN_LEN, CODE_LEN},
		       (struct span){code, CODE_LEN});
}

/* Whether NC may still come. */
static bool is_unused(const struct used *used, uint64_t number, uint32_t nc)
{
	if (used->number != number)
		return used->number < number;
	if (nc > used->highest)
		return true;
	return nc != used->highest && used->highest - nc <= NONCE_WINDOW &&
	       !(used->before >> (used->highest - nc - 1) & 1);
}

enum nonce_state nonces_judge(const struct nonces *nonces, uint64_t now_ms,
	struct span about, struct span nonce, uint32_t nc)
{
	struct parts parts;

	if (!read_parts(nonce, &parts) || !is_ours(nonces, about, nonce))
		return NONCE_FOREIGN;
	if (now_ms / 1000 - parts.made_s > NONCE_LIFE_MS / 1000 ||
		!is_unused(&nonces->used[parts.number % NONCE_USED], parts.number, nc))
		return NONCE_STALE;
	return NONCE_GOOD;
}

/* NC is above the highest count so far. */
static void rise(struct used *used, uint32_t nc)
{
	const uint32_t by = nc - used->highest;

	used->before = by < NONCE_WINDOW ? used->before << by : 0;
	if (used->highest && by <= NONCE_WINDOW)
		used->before |= UINT64_C(1) << (by - 1);
	used->highest = nc;
}

void nonces_use(struct nonces *nonces, struct span nonce, uint32_t nc)
{
	struct used *used;
	struct parts parts;

	if (!read_parts(nonce, &parts))
		return;
	used = &nonces->used[parts.number % NONCE_USED];
	if (used->number != parts.number)
		*used = (struct used){.number = parts.number};
	if (nc > used->highest)
		rise(used, nc);
	else if (nc < used->highest && used->highest - nc <= NONCE_WINDOW)
		used->before |= UINT64_C(1) << (used->highest - nc - 1);
}
