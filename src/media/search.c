#include "media/search.h"

#include <string.h>

#define SECOND_US 1000000

static bool may_search(struct search *search, uint64_t now_us)
{
	if (search->second_us == 0 || now_us - search->second_us >= SECOND_US) {
		search->second_us = now_us;
		search->left = SEARCH_PER_SECOND;
	}
	if (search->left == 0)
		return false;
	search->left--;
	return true;
}

/* A fresh context knows no packet, and is thrown away: what it lets through is not let
 * through, it says what the far end does. */
static bool is_restarted(
	struct srtp_context *context, const uint8_t *sealed, size_t sealed_len)
{
	_Alignas(8) uint8_t copy[SEARCH_LEN_MAX];
	struct srtp_context *fresh = NULL;
	size_t len = sealed_len;
	bool restarted;

	if (srtp_context_roc(context, sealed) == 0 ||
		srtp_context_new(&fresh, srtp_context_key(context), SRTP_OPEN) != 0)
		return false;
	memcpy(copy, sealed, len);
	restarted = srtp_context_open(fresh, false, copy, &len) == 0;
	srtp_context_free(fresh);
	return restarted;
}

/* SEALED is the packet as it came; DATA is where it is opened. */
static int try_rocs(struct search *search, struct srtp_context *context,
	const uint8_t *sealed, size_t sealed_len, uint8_t *data, size_t *len)
{
	uint32_t rocs[SRTP_ROCS_MAX];
	unsigned count = srtp_context_rocs(context, sealed, rocs);

	for (unsigned i = 0; i < count; i++) {
		memcpy(data, sealed, sealed_len);
		*len = sealed_len;
		if (srtp_context_open_at(context, rocs[i], data, len) == 0) {
			search->found++;
			return 0;
		}
	}
	*len = sealed_len;
	if (is_restarted(context, sealed, sealed_len))
		search->restarted++;
	return ERR_AUTH;
}

int search_open(struct search *search, struct srtp_context *context, uint64_t now_us,
	uint8_t *data, size_t *len)
{
	_Alignas(8) uint8_t sealed[SEARCH_LEN_MAX];
	size_t sealed_len = *len;
	bool kept = search->armed && sealed_len <= sizeof(sealed);
	int err;

	/* Opening spoils it. */
	if (kept)
		memcpy(sealed, data, sealed_len);
	err = srtp_context_open(context, false, data, len);
	search->armed = err == ERR_AUTH || err == ERR_REPLAY;
	if (!kept || !search->armed || !may_search(search, now_us))
		return err;
	if (try_rocs(search, context, sealed, sealed_len, data, len) != 0)
		return err;
	search->armed = false;
	return 0;
}
