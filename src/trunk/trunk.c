#include "trunk/trunk_priv.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the addresses of a plain gateway with a host name are looked up again. */
#define TRUNK_RESOLVE_MS 60000
/* While a name cannot be resolved. */
#define TRUNK_RETRY_MS 5000

int trunks_new(struct trunks **ret, struct loop *loop, struct resolver *resolver)
{
	struct trunks *trunks = calloc(1, sizeof(*trunks));

	if (!trunks)
		return -ENOMEM;
	if (sources_new(&trunks->sources) || registrations_new(&trunks->registrations)) {
		sources_free(trunks->sources);
		free(trunks);
		return -ENOMEM;
	}
	trunks->loop = loop;
	trunks->resolver = resolver;
	trunks->health_world.timers = loop_timers(loop);
	*ret = trunks;
	return 0;
}

void trunks_watch_health(struct trunks *trunks, const struct health_watch *watch)
{
	trunks->health_world.watch = *watch;
}

/* ---- swapping ---- */

/* Moves the settings of FRESH into OLD, whose live state calls hold on to. FRESH is left
 * with OLD's references and dies. */
static void renew(struct trunk *old, struct trunk *fresh)
{
	struct trunk kept = *old;
	const bool other_port = trunk_port(old) != trunk_port(fresh);
	unsigned where[HEALTH_NAMES_MAX];
	bool moves = other_port || old->health.name_count != fresh->health.name_count;

	for (unsigned i = 0; i < old->health.name_count; i++) {
		where[i] = other_port ? HEALTH_NAMES_MAX
				      : trunk_host_find(fresh, trunk_host_at(old, i));
		moves = moves || where[i] == HEALTH_NAMES_MAX;
	}
	health_renew(&old->health, &fresh->health, where);
	if (moves) {
		old->addr_count = old->former_count = 0;
		resolve_cancel(old->resolving);
		old->resolving = NULL;
	}
	old->config = fresh->config;
	old->server = fresh->server;
	old->gateway = fresh->gateway;
	old->cred = fresh->cred;
	old->next = fresh->next;
	if (old->account != fresh->account)
		account_close(old->account);
	old->account = fresh->account;
	old->peer = fresh->peer;
	fresh->config = kept.config;
	fresh->cred = kept.cred;
	fresh->next = kept.next;
	fresh->account = kept.account;
}

static void drop_retired(struct trunks *trunks)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < trunks->retired_count; i++) {
		if (trunks->retired[i]->calls || trunks->retired[i]->registration) {
			trunks->retired[kept++] = trunks->retired[i];
			continue;
		}
		sources_remove(trunks->sources, trunks->retired[i]);
		trunk_unref(trunks->retired[i]);
	}
	trunks->retired_count = kept;
}

/* TLS peers are known by certificate, and resolved when they are called. */
static void refresh_h(void *arg)
{
	struct trunks *trunks = arg;

	drop_retired(trunks);
	timer_start(loop_timers(trunks->loop), &trunks->refresh,
		trunks_resolve(trunks) ? TRUNK_RETRY_MS : TRUNK_RESOLVE_MS, refresh_h,
		trunks);
}

/* After a reload: who is whose namesake, TLS, enabled or first has changed. */
static void file_all_sources(struct trunks *trunks)
{
	struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];

	/* From behind: then none that goes was the first of its place, whose next one would
	 * have to be looked for. */
	for (unsigned i = side->count; i-- > 0;) {
		sources_remove(trunks->sources, side->trunks[i]);
		side->trunks[i]->rank = i;
	}
	for (unsigned i = 0; i < side->count; i++)
		trunks_file(trunks, side->trunks[i]);
	for (unsigned i = 0; i < trunks->retired_count; i++)
		trunks_file(trunks, trunks->retired[i]);
}

/* For every trunk of today: so that none that goes, while it still has calls or is registered, is lost for want of
 * memory. 0 or -ENOMEM. */
static int make_room_for_retired(struct trunks *trunks)
{
	const size_t room = (size_t)trunks->retired_count +
			    trunks->sides[TRUNK_SERVER].count +
			    trunks->sides[TRUNK_GATEWAY].count;
	void *grown;

	if (!room)
		return 0;
	grown = realloc(trunks->retired, room * sizeof(struct trunk *));
	if (!grown)
		return -ENOMEM;
	trunks->retired = grown;
	return 0;
}

/* Trunks that are gone and still have calls stay known until those have ended. Their peer
 * goes with its set. */
static void retire_unconfigured(struct trunks *trunks, const struct trunk_side *old)
{
	for (unsigned i = 0; i < old->count; i++) {
		struct trunk *trunk = old->trunks[i];

		if (trunk->configured)
			continue;
		trunk->peer = NULL;
		trunk->health.world = NULL;
		account_close(trunk->account);
		sources_remove(trunks->sources, trunk);
		resolve_cancel(trunk->resolving);
		trunk->resolving = NULL;
		if (trunk->calls || trunk->registration)
			trunks->retired[trunks->retired_count++] = trunk_ref(trunk);
	}
}

static void swap_side(
	struct trunks *trunks, struct trunk_side *side, struct trunk_side *fresh)
{
	struct trunk_side old = *side;

	for (unsigned i = 0; i < old.count; i++)
		old.trunks[i]->configured = false;
	for (unsigned i = 0; i < fresh->count; i++) {
		struct trunk *known = side_find(&old, fresh->trunks[i]->id);

		if (!known)
			continue;
		renew(known, fresh->trunks[i]);
		known->configured = true;
		if (known->peer)
			known->peer->owner = known;
		trunk_unref(fresh->trunks[i]);
		fresh->trunks[i] = trunk_ref(known);
	}
	retire_unconfigured(trunks, &old);
	*side = *fresh;
	for (unsigned i = 0; i < side->count; i++)
		side->trunks[i]->health.world = &trunks->health_world;
	memset(fresh, 0, sizeof(*fresh));
	side_free(&old);
}

/* What peers may be unable to verify, of all that is presented once SIDE is in force. */
static void warn_alone(const struct trunk_side *side, const struct material *material)
{
	material_warn_alone(material, side->config, side->cred);
	material_warn_alone(material, side->config, side->next);
	for (unsigned i = 0; i < side->count; i++) {
		material_warn_alone(material, side->config, side->trunks[i]->cred);
		material_warn_alone(material, side->config, side->trunks[i]->next);
	}
}

/* Both sides beside those that run, with what MATERIAL says of them. */
static int build_sides(struct trunks *trunks, struct trunk_side fresh[static 2],
	struct config *config, struct material *material, struct err_text *text)
{
	int err = 0;

	material->now = trunks_wall(trunks);
	for (unsigned kind = 0; kind < 2 && !err; kind++)
		err = side_build(&fresh[kind], &trunks->sides[kind],
			(enum trunk_kind)kind, config, material, text);
	if (!err)
		err = make_room_for_retired(trunks);
	for (unsigned kind = 0; kind < 2 && !err && material->changed; kind++)
		warn_alone(&fresh[kind], material);
	return err;
}

static void swap_sides(struct trunks *trunks, struct trunk_side fresh[static 2])
{
	drop_retired(trunks);
	swap_side(trunks, &trunks->sides[TRUNK_SERVER], &fresh[TRUNK_SERVER]);
	swap_side(trunks, &trunks->sides[TRUNK_GATEWAY], &fresh[TRUNK_GATEWAY]);
	file_all_sources(trunks);
}

int trunks_apply(struct trunks *trunks, struct config *config, struct err_text *text)
{
	struct trunk_side fresh[2] = {0};
	struct material material = {0};
	struct routes *routes = NULL;
	int err = build_sides(trunks, fresh, config, &material, text);

	if (!err)
		err = routes_new(&routes, config);
	if (!err) {
		swap_sides(trunks, fresh);
		routes_free(trunks->routes);
		trunks->routes = routes;
		refresh_h(trunks);
	}
	side_free(&fresh[TRUNK_SERVER]);
	side_free(&fresh[TRUNK_GATEWAY]);
	material_free(&material);
	return err;
}

int trunks_plan(struct trunks *trunks, struct config *config)
{
	int err = side_plan(&trunks->sides[TRUNK_SERVER], TRUNK_SERVER, config);

	if (!err)
		err = side_plan(&trunks->sides[TRUNK_GATEWAY], TRUNK_GATEWAY, config);
	return err ? err : routes_new(&trunks->routes, config);
}

int trunks_renew(struct trunks *trunks, struct config *config, struct trunks_renewal *ret,
	struct err_text *text)
{
	struct trunk_side fresh[2] = {0};
	struct material material = {.keep_old = true};
	int err;

	trunks_switch(trunks);
	err = build_sides(trunks, fresh, config, &material, text);
	if (!err && material.changed)
		swap_sides(trunks, fresh);
	if (!err)
		*ret = (struct trunks_renewal){material.changed, material.refused};
	side_free(&fresh[TRUNK_SERVER]);
	side_free(&fresh[TRUNK_GATEWAY]);
	material_free(&material);
	return err;
}

/* ---- certificates that wait for their day ---- */

static bool switch_cred(struct cred **cred, struct cred **next)
{
	if (!*next)
		return false;
	cred_unref(*cred);
	*cred = *next;
	*next = NULL;
	return true;
}

static const struct config_tls *side_files(const struct trunks *trunks, unsigned kind)
{
	return trunk_side_files((enum trunk_kind)kind, trunks->sides[kind].config);
}

static unsigned switch_side(struct trunk_side *side, enum trunk_kind kind, time_t now)
{
	unsigned count = 0;

	if (side->next && trunk_side_files(kind, side->config)->next_from <= now)
		count += switch_cred(&side->cred, &side->next);
	for (unsigned i = 0; i < side->count; i++) {
		struct trunk *trunk = side->trunks[i];

		if (trunk->next && trunk_settings(trunk)->certs.next_from <= now)
			count += switch_cred(&trunk->cred, &trunk->next);
	}
	return count;
}

unsigned trunks_switch(struct trunks *trunks)
{
	const time_t now = trunks_wall(trunks);
	unsigned count = 0;

	for (unsigned kind = 0; kind < 2; kind++) {
		struct trunk_side *side = &trunks->sides[kind];
		struct err_text text = {{0}};
		unsigned switched = switch_side(side, (enum trunk_kind)kind, now);

		/* two of one contact-host may have different days: between them the old one is
		 * presented to who asks for that name */
		if (switched && side_present(side, &text))
			log_warning("trunk", "event=not-presented side=%s reason=\"%s\"",
				kind == TRUNK_SERVER ? "internal" : "external",
				text.text[0] ? text.text : err_str(-ENOMEM));
		count += switched;
	}
	return count;
}

static void note_due(time_t *due, time_t from)
{
	if (!*due || from < *due)
		*due = from;
}

time_t trunks_switch_due(const struct trunks *trunks)
{
	time_t due = 0;

	for (unsigned kind = 0; kind < 2; kind++) {
		const struct trunk_side *side = &trunks->sides[kind];

		if (side->next)
			note_due(&due, side_files(trunks, kind)->next_from);
		for (unsigned i = 0; i < side->count; i++)
			if (side->trunks[i]->next)
				note_due(&due,
					trunk_settings(side->trunks[i])->certs.next_from);
	}
	return due;
}

static const char *trust_file(const struct trunk *trunk)
{
	const char *own = trunk_settings(trunk)->certs.trust;

	return own[0] ? own : trunk_side_files(trunk->kind, trunk->config)->trust;
}

static void tell_tls(void (*h)(void *arg, const struct trunk_tls *tls), void *arg,
	struct trunk_tls *tls)
{
	tls->switched = tls->cred && !tls->next && tls->files->next_from;
	h(arg, tls);
}

void trunks_each_tls(const struct trunks *trunks,
	void (*h)(void *arg, const struct trunk_tls *tls), void *arg)
{
	for (unsigned kind = 0; kind < 2; kind++) {
		const struct trunk_side *side = &trunks->sides[kind];

		if (side->cred || side->next)
			tell_tls(h, arg,
				&(struct trunk_tls){.kind = (enum trunk_kind)kind,
					.files = side_files(trunks, kind),
					.trust = side_files(trunks, kind)->trust,
					.cred = side->cred,
					.next = side->next});
		for (unsigned i = 0; i < side->count; i++) {
			const struct trunk *trunk = side->trunks[i];

			if (trunk->cred || trunk->next)
				tell_tls(h, arg,
					&(struct trunk_tls){.kind = trunk->kind,
						.trunk = trunk,
						.files = &trunk_settings(trunk)->certs,
						.trust = trust_file(trunk),
						.cred = trunk->cred,
						.next = trunk->next});
		}
	}
}

int trunks_check(struct config *config, struct err_text *text)
{
	struct trunk_side none = {0};
	struct material material = {0};
	int err = 0;

	for (unsigned kind = 0; kind < 2 && !err; kind++) {
		struct trunk_side side = {0};

		err = side_build(
			&side, &none, (enum trunk_kind)kind, config, &material, text);
		side_free(&side);
	}
	material_free(&material);
	return err;
}

static void remove_all_sources(struct trunks *trunks)
{
	struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];

	for (unsigned i = 0; i < side->count; i++)
		sources_remove(trunks->sources, side->trunks[i]);
	for (unsigned i = 0; i < trunks->retired_count; i++)
		sources_remove(trunks->sources, trunks->retired[i]);
}

void trunks_free(struct trunks *trunks)
{
	if (!trunks)
		return;
	timer_stop(&trunks->refresh);
	remove_all_sources(trunks);
	side_free(&trunks->sides[TRUNK_SERVER]);
	side_free(&trunks->sides[TRUNK_GATEWAY]);
	for (unsigned i = 0; i < trunks->retired_count; i++)
		trunk_unref(trunks->retired[i]);
	free(trunks->retired);
	sources_free(trunks->sources);
	routes_free(trunks->routes);
	registrations_free(trunks->registrations);
	free(trunks);
}
