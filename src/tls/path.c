#include "tls/path.h"

/* A far end chooses what it presents: 8 certificates of one name would have 5,040 paths. */
#define PATHS_MAX 32

struct search {
	const struct chain *chain;
	gnutls_x509_trust_list_t list;
	path_h *h;
	void *arg;
	struct chain path; /* the present one */
	unsigned left;     /* paths that may still be tried */
};

static bool has_equal(const struct chain *chain, unsigned count, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0; i < count; i++) {
		if (gnutls_x509_crt_equals(chain->crts[i], crt) != 0)
			return true;
	}
	return false;
}

/* Whether the certificate at INDEX goes on with the path, and is none that did so before. */
static bool search_fits(const struct search *search, unsigned index)
{
	const struct chain *path = &search->path;
	gnutls_x509_crt_t crt = search->chain->crts[index];

	return gnutls_x509_crt_check_issuer(path->crts[path->count - 1], crt) != 0 &&
	       !has_equal(path, path->count, crt) &&
	       !has_equal(search->chain, index, crt);
}

static bool search_ends(const struct search *search)
{
	gnutls_x509_crt_t top = search->path.crts[search->path.count - 1];
	gnutls_x509_crt_t anchor;

	return gnutls_x509_trust_list_get_issuer(search->list, top, &anchor, 0) == 0;
}

static bool search_try(struct search *search)
{
	if (search->left == 0)
		return false;
	search->left--;
	return search->h(search->arg, &search->path);
}

/* At most POLICY_CHAIN_MAX deep: no certificate is twice in a path. */
static bool search_up(struct search *search)
{
	bool ends = search_ends(search);

	if (ends && search_try(search))
		return true;
	for (unsigned i = 0; i < search->chain->count && search->left > 0; i++) {
		if (!search_fits(search, i))
			continue;
		ends = true;
		search->path.crts[search->path.count++] = search->chain->crts[i];
		if (search_up(search))
			return true;
		search->path.count--;
	}
	return !ends && search_try(search);
}

bool path_find(
	const struct chain *chain, gnutls_x509_trust_list_t list, path_h *h, void *arg)
{
	struct search search = {.chain = chain,
		.list = list,
		.h = h,
		.arg = arg,
		.path = {.crts = {chain->crts[0]}, .count = 1},
		.left = PATHS_MAX};

	return search_up(&search);
}
