#include "trunk/side.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct trunk *side_find(const struct trunk_side *side, const char *id)
{
	for (unsigned i = 0; i < side->count; i++)
		if (!strcmp(side->trunks[i]->id, id))
			return side->trunks[i];
	return NULL;
}

static int load_tls(struct trunk *trunk, struct trunk_side *side,
	const struct trunk_side *old, struct material *material, struct err_text *text)
{
	const struct trunk *before = side_find(old, trunk->id);
	struct material_certs certs = {.old_next = before ? before->next : NULL};
	int err;

	material->before = before;
	err = material_load(
		material, trunk, side->peers, &trunk->peer, &trunk->cred, text);
	if (err)
		return err;
	certs.tls = &trunk_settings(trunk)->certs;
	return material_next(material, &certs, trunk->cred, &trunk->next, text);
}

void side_free(struct trunk_side *side)
{
	for (unsigned i = 0; i < side->count; i++)
		trunk_unref(side->trunks[i]);
	free(side->trunks);
	cred_unref(side->cred);
	cred_unref(side->next);
	config_unref(side->config);
	peer_set_unref(side->peers);
	memset(side, 0, sizeof(*side));
}

/*
 * Whether TRUNK is judged over TLS though its new calls are plain: its TLS is observed, or
 * was switched off while calls that began with it stand on a TLS connection, which is to be
 * judged as before. New calls do not come that way: trunks_of_flow() looks at the present
 * setting.
 */
static bool is_judged_in_plain(const struct trunk *trunk, const struct trunk_side *old)
{
	const struct trunk *before = side_find(old, trunk->id);

	if (trunk_settings(trunk)->tls == CONFIG_TLS_OBSERVE &&
		trunk_settings(trunk)->enabled)
		return true;
	return before && before->calls && before->peer;
}

/* Its calls are plain and must go on, whatever is wrong with the files of TLS. */
static void add_plain_peer(struct trunk *trunk, struct trunk_side *side,
	const struct trunk_side *old, struct material *material)
{
	struct err_text text = {{0}};

	if (!is_judged_in_plain(trunk, old))
		return;
	if (load_tls(trunk, side, old, material, &text))
		log_warning("trunk", "%s=%s event=not-judged reason=\"%s\"",
			trunk_word(trunk->kind), trunk->id, text.text);
}

int side_build(struct trunk_side *side, const struct trunk_side *old,
	enum trunk_kind kind, struct config *config, struct material *material,
	struct err_text *text)
{
	bool server = kind == TRUNK_SERVER;
	size_t count = server ? config->server_count : config->gateway_count;
	const struct config_tls *common = trunk_side_files(kind, config);
	const struct material_certs certs = {.tls = common,
		.key = common->key,
		.fqdn = config->tandem.fqdn,
		.old = old->cred,
		.old_next = old->next};
	int err = peer_set_new(&side->peers);

	side->trunks = calloc(count ? count : 1, sizeof(struct trunk *));
	if (err || !side->trunks)
		return -ENOMEM;
	side->config = config_ref(config);
	err = material_present(material, &certs, &side->cred, text);
	if (!err)
		err = material_next(material, &certs, side->cred, &side->next, text);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct trunk *trunk =
			trunk_new(kind, config, server ? &config->servers[i] : NULL,
				server ? NULL : &config->gateways[i]);

		if (!trunk)
			return -ENOMEM;
		side->trunks[side->count++] = trunk;
		material->before = side_find(old, trunk->id);
		err = material_account(material, trunk, &trunk->account, text);
		if (err)
			return err;
		if (trunk_is_tls(trunk))
			err = load_tls(trunk, side, old, material, text);
		if (err)
			return err;
	}
	/* Behind those of TLS: where a certificate fits two, its calls are taken. */
	for (unsigned i = 0; i < side->count; i++)
		if (!trunk_is_tls(side->trunks[i]))
			add_plain_peer(side->trunks[i], side, old, material);
	return 0;
}
