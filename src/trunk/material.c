#include "trunk/material.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int cached_trust(struct material *material, const char *anchors, const char *crl,
	struct trust **ret, struct err_text *text)
{
	void *grown;
	int err;

	for (size_t i = 0; i < material->trust_count; i++)
		if (!strcmp(material->trusts[i].anchors, anchors) &&
			!strcmp(material->trusts[i].crl, crl)) {
			*ret = material->trusts[i].trust;
			return 0;
		}
	grown = realloc(material->trusts,
		(material->trust_count + 1) * sizeof(*material->trusts));
	if (!grown)
		return -ENOMEM;
	material->trusts = grown;
	err = trust_load(ret, anchors, crl, text);
	if (err)
		return err;
	material->trusts[material->trust_count].anchors = anchors;
	material->trusts[material->trust_count].crl = crl;
	material->trusts[material->trust_count++].trust = *ret;
	return 0;
}

/* *RET owns a reference. */
static int cached_cred(struct material *material, const char *certificate,
	const char *key, struct cred **ret, struct err_text *text)
{
	struct cred *cred;
	void *grown;
	int err;

	for (size_t i = 0; i < material->cred_count; i++)
		if (!strcmp(material->creds[i].certificate, certificate) &&
			!strcmp(material->creds[i].key, key)) {
			*ret = cred_ref(material->creds[i].cred);
			return 0;
		}
	grown = realloc(
		material->creds, (material->cred_count + 1) * sizeof(*material->creds));
	if (!grown)
		return -ENOMEM;
	material->creds = grown;
	err = cred_load(&cred, certificate, key, NULL, text);
	if (err)
		return err;
	material->creds[material->cred_count].certificate = certificate;
	material->creds[material->cred_count].key = key;
	material->creds[material->cred_count++].cred = cred;
	*ret = cred_ref(cred);
	return 0;
}

void material_free(struct material *material)
{
	for (size_t i = 0; i < material->trust_count; i++)
		trust_unref(material->trusts[i].trust);
	for (size_t i = 0; i < material->cred_count; i++)
		cred_unref(material->creds[i].cred);
	free(material->trusts);
	free(material->creds);
}

static const char *either(const char *own, const char *common)
{
	return own[0] ? own : common;
}

/* Names the peer in an error that only named a file. */
static int blame(struct err_text *text, int err, const struct trunk *trunk)
{
	struct err_text why = *text;
	char name[80];

	return err_set(text, err, "%s: %s", trunk_name(trunk, name),
		why.text[0] ? why.text : err_str(err));
}
/* The trunk as a peer of SET, judged as its configuration says. */
static int add_peer(
	struct trunk *trunk, struct peer_set *set, struct trust *trust, struct peer **ret)
{
	const struct config_peer *own = trunk->kind == TRUNK_SERVER
						? &trunk->server->peer
						: &trunk->gateway->peer;
	char name[80];
	const struct peer_params params = {
		.id = trunk_name(trunk, name),
		.name = trunk_host(trunk),
		.other_names = own->names.words,
		.other_name_count = own->names.count,
		.pins = own->pins.words,
		.pin_count = own->pins.count,
		.wildcard = own->wildcard == CONFIG_WILDCARD_ONE_LABEL,
		.strict_purpose = own->eku == CONFIG_EKU_STRICT,
		.must_ask = own->mutual == CONFIG_MUTUAL_STRICT,
		.trust = trust,
		.owner = trunk,
	};

	return peer_add(set, &params, ret);
}

int material_load(struct material *material, struct trunk *trunk, struct peer_set *set,
	struct peer **ret_peer, struct cred **ret_cred, struct err_text *text)
{
	const struct config *config = trunk->config;
	const struct config_tls *common = trunk->kind == TRUNK_SERVER
						  ? &config->internal.tls
						  : &config->external.tls;
	const struct config_tls *own = trunk->kind == TRUNK_SERVER
					       ? &trunk->server->tls
					       : &trunk->gateway->certs;
	struct cred *cred = NULL;
	struct trust *trust;
	int err = cached_trust(material, either(own->trust, common->trust),
		either(own->crl, common->crl), &trust, text);

	if (!err && trunk->kind == TRUNK_GATEWAY && own->certificate[0])
		err = cached_cred(material, own->certificate,
			either(own->key, common->key), &cred, text);
	if (!err)
		err = add_peer(trunk, set, trust, ret_peer);
	if (err) {
		cred_unref(cred);
		return blame(text, err, trunk);
	}
	*ret_cred = cred;
	return 0;
}
