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
	const struct config_trunk *const user = trunk_settings(trunk);
	const struct material_certs certs = {.tls = &user->certs,
		.users = &user,
		.user_count = 1,
		.old_next = before ? before->next : NULL};
	int err;

	material->before = before;
	err = material_load(
		material, trunk, side->peers, &trunk->peer, &trunk->cred, text);
	if (err)
		return err;
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

static int make_trunks(struct trunk_side *side, enum trunk_kind kind)
{
	struct config *config = side->config;
	const bool server = kind == TRUNK_SERVER;
	const size_t count = server ? config->server_count : config->gateway_count;

	side->trunks = calloc(count ? count : 1, sizeof(struct trunk *));
	if (!side->trunks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct trunk *trunk =
			trunk_new(kind, config, server ? &config->servers[i] : NULL,
				server ? NULL : &config->gateways[i]);

		if (!trunk)
			return -ENOMEM;
		side->trunks[side->count++] = trunk;
	}
	return 0;
}

/* Those over TLS to whom the certificate of their side, COMMON, is presented. */
static size_t list_users(const struct trunk_side *side, const struct config_tls *common,
	const struct config_trunk **ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < side->count; i++) {
		const struct config_trunk *settings = trunk_settings(side->trunks[i]);

		if (trunk_is_tls(side->trunks[i]) &&
			!material_has_own(&settings->certs, common))
			ret[count++] = settings;
	}
	return count;
}

/* What the side presents, now and next. */
static int load_common(struct trunk_side *side, const struct trunk_side *old,
	enum trunk_kind kind, struct material *material, struct err_text *text)
{
	const struct config_tls *common = trunk_side_files(kind, side->config);
	const struct config_trunk **users = calloc(side->count + 1, sizeof(*users));
	struct material_certs certs = {.tls = common,
		.key = common->key,
		.fqdn = side->config->tandem.fqdn,
		.users = users,
		.old = old->cred,
		.old_next = old->next};
	int err;

	if (!users)
		return -ENOMEM;
	certs.user_count = list_users(side, common, users);
	err = material_present(material, &certs, &side->cred, text);
	if (!err)
		err = material_next(material, &certs, side->cred, &side->next, text);
	free(users);
	return err;
}

int side_present(struct trunk_side *side, struct err_text *text)
{
	for (unsigned i = 0; i < side->count; i++)
		if (side->trunks[i]->peer)
			peer_present(side->trunks[i]->peer, side->trunks[i]->cred);
	return peer_set_present(side->peers, side->cred, text);
}

int side_plan(struct trunk_side *side, enum trunk_kind kind, struct config *config)
{
	side->config = config_ref(config);
	return make_trunks(side, kind);
}

int side_build(struct trunk_side *side, const struct trunk_side *old,
	enum trunk_kind kind, struct config *config, struct material *material,
	struct err_text *text)
{
	int err = peer_set_new(&side->peers);

	if (err)
		return err;
	side->config = config_ref(config);
	err = make_trunks(side, kind);
	if (!err)
		err = load_common(side, old, kind, material, text);
	for (unsigned i = 0; i < side->count && !err; i++) {
		struct trunk *trunk = side->trunks[i];

		material->before = side_find(old, trunk->id);
		err = material_account(material, trunk, &trunk->account, text);
		if (!err && trunk_is_tls(trunk))
			err = load_tls(trunk, side, old, material, text);
	}
	if (err)
		return err;
	/* Behind those of TLS: where a certificate fits two, its calls are taken. */
	for (unsigned i = 0; i < side->count; i++)
		if (!trunk_is_tls(side->trunks[i]))
			add_plain_peer(side->trunks[i], side, old, material);
	return side_present(side, text);
}
