#include "trunk/trunk.h"

#include "fakes.h"
#include "tls/peer.h"
#include "tls/policy.h"
#include "trunk/stapler.h"

#include <string.h>

struct fakes fakes;

struct trunk *trunk_ref(struct trunk *trunk)
{
	trunk->refs++;
	return trunk;
}

void trunk_unref(struct trunk *trunk)
{
	trunk->refs--;
}

struct trunk *trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id)
{
	struct trunk *trunk = fakes.trunks[kind];

	(void)trunks;
	return trunk && strcmp(trunk->id, id) == 0 ? trunk : NULL;
}

struct trunk *trunks_at(const struct trunks *trunks, enum trunk_kind kind, unsigned index)
{
	(void)trunks;
	return index < fakes.listed[kind] ? fakes.trunks[kind] : NULL;
}

struct trunk *trunks_of_flow(
	const struct trunks *trunks, const struct flow *flow, enum trunk_kind side)
{
	(void)trunks;
	(void)flow;
	return fakes.flow_trunks[side];
}

void trunks_each_tls(const struct trunks *trunks,
	void (*h)(void *arg, const struct trunk_tls *tls), void *arg)
{
	(void)trunks;
	if (fakes.own)
		h(arg, fakes.own);
}

int trunks_check(struct config *config, struct err_text *text)
{
	(void)config;
	(void)text;
	return 0;
}

struct cred *trunks_cred(const struct trunks *trunks, enum trunk_kind kind)
{
	(void)trunks;
	(void)kind;
	return NULL;
}

const struct cred *trunks_presented(
	const struct trunks *trunks, const struct trunk *trunk)
{
	(void)trunks;
	return trunk->cred;
}

void stapler_each(const struct stapler *stapler,
	void (*h)(void *arg, const struct stapler_state *state), void *arg)
{
	(void)stapler;
	h(arg, &(struct stapler_state){.certificate = "own.pem",
		       .responder = "http://ca.example/",
		       .until = 1,
		       .error = "no answer"});
}

const struct routes *trunks_routes(const struct trunks *trunks)
{
	(void)trunks;
	return NULL;
}

uint64_t trunks_now_us(const struct trunks *trunks)
{
	(void)trunks;
	return 0;
}
