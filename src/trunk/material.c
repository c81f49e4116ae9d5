#include "trunk/material.h"

#include "base/clock.h"
#include "base/log.h"
#include "tls/password.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What runs takes the place of files that are refused, where that is wanted. */
static bool keep_old(struct material *material, const void *old, const char *what,
	const struct err_text *text)
{
	if (!material->keep_old || !old)
		return false;
	material->refused++;
	log_error("tls", "event=tls-files-refused kept=\"the old %s\" reason=\"%s\"",
		what, text->text);
	return true;
}

/* Whom peers of the files must lead to, and who is revoked. */
struct trust_files {
	const char *anchors, *crl;
};

static void unlisted_h(void *arg, const char *name)
{
	const struct trust_files *files = arg;

	log_warning("certificates",
		"event=no-list authority=\"%s\" trust=\"%s\" crl=\"%s\" "
		"note=\"none of the lists is by it: whom it certified itself is "
		"refused, unless revocation is soft; add its list, or leave crl "
		"out\"",
		name, files->anchors, files->crl);
}

static void host_h(void *arg, const char *subject, const char *issuer)
{
	const struct trust_files *files = arg;

	log_warning("certificates",
		"event=no-authority certificate=\"%s\" issuer=\"%s\" trust=\"%s\" "
		"note=\"it is a host's certificate and no CA's: it lets in that one "
		"alone, until it is renewed; %s\"",
		subject, issuer, files->anchors, trust_host_advice(subject, issuer));
}

/* *RET owns a reference. */
static int load_trust(struct material *material, const char *anchors, const char *crl,
	struct trust **ret, struct err_text *text)
{
	const struct peer *peer = material->before ? material->before->peer : NULL;
	struct trust *old = peer ? peer->trust : NULL;
	int err;

	if (old && trust_is_of(old, anchors, crl)) {
		*ret = trust_ref(old);
		return 0;
	}
	err = trust_load(ret, anchors, crl, text);
	if (!err) {
		struct trust_files files = {anchors, crl};

		material->changed++;
		/* lists of others would cut everybody off, and no file is wrong by itself */
		trust_unlisted(*ret, unlisted_h, &files);
		trust_hosts(*ret, host_h, &files);
	}
	if (err && keep_old(material, old, "anchors and lists", text)) {
		*ret = trust_ref(old);
		err = 0;
	}
	return err;
}

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
	err = load_trust(material, anchors, crl, ret, text);
	if (err)
		return err;
	material->trusts[material->trust_count].anchors = anchors;
	material->trusts[material->trust_count].crl = crl;
	material->trusts[material->trust_count++].trust = *ret;
	return 0;
}

/* A pair of files and what is asked of them. */
struct pair {
	const char *certificate, *key;
	time_t when;
	const struct material_certs *certs;
	struct cred *old;
};

/* Each who knows us by a name of its own must find it there. */
static int check_hosts(const struct cred *cred, const struct material_certs *certs,
	struct err_text *text)
{
	int err = 0;

	for (size_t i = 0; i < certs->user_count && !err; i++) {
		const struct config_trunk *user = certs->users[i];
		struct err_text why = {{0}};

		if (user->contact_host[0])
			err = cred_check_host(cred, user->contact_host, NULL, &why);
		if (err)
			err_set(text, err, "contact-host of %s: %s", user->id, why.text);
	}
	return err;
}

static int load_pair(const struct pair *pair, struct cred **ret, struct err_text *text)
{
	struct cred *cred;
	int err = cred_load_at(
		&cred, pair->certificate, pair->key, pair->certs->fqdn, pair->when, text);

	if (err)
		return err;
	err = check_hosts(cred, pair->certs, text);
	if (err)
		cred_unref(cred);
	else
		*ret = cred;
	return err;
}

/* *RET owns a reference. */
static int load_cred(struct material *material, const struct pair *pair,
	struct cred **ret, struct err_text *text)
{
	struct cred *cred;
	int err = load_pair(pair, &cred, text);

	if (err && keep_old(material, pair->old, "certificate", text)) {
		*ret = cred_ref(pair->old);
		return 0;
	}
	if (err)
		return err;
	/* One that did not change stays the same object: connections made with it are
	 * reused on. */
	if (pair->old && cred_equal(cred, pair->old)) {
		cred_unref(cred);
		cred = cred_ref(pair->old);
	} else {
		material->changed++;
	}
	*ret = cred;
	return 0;
}

/* What was loaded for another is *RET: whether it is good for PAIR too. */
static int share_cred(struct material *material, const struct pair *pair,
	struct cred **ret, struct err_text *text)
{
	int err = check_hosts(*ret, pair->certs, text);

	if (!err)
		return 0;
	cred_unref(*ret);
	*ret = NULL;
	if (!keep_old(material, pair->old, "certificate", text))
		return err;
	*ret = cred_ref(pair->old);
	return 0;
}

/* *RET owns a reference. */
static int cached_cred(struct material *material, const struct pair *pair,
	struct cred **ret, struct err_text *text)
{
	struct cred *cred;
	void *grown;
	int err;

	for (size_t i = 0; i < material->cred_count; i++)
		if (!strcmp(material->creds[i].certificate, pair->certificate) &&
			!strcmp(material->creds[i].key, pair->key)) {
			*ret = cred_ref(material->creds[i].cred);
			return share_cred(material, pair, ret, text);
		}
	grown = realloc(
		material->creds, (material->cred_count + 1) * sizeof(*material->creds));
	if (!grown)
		return -ENOMEM;
	material->creds = grown;
	err = load_cred(material, pair, &cred, text);
	if (err)
		return err;
	material->creds[material->cred_count].certificate = pair->certificate;
	material->creds[material->cred_count].key = pair->key;
	material->creds[material->cred_count++].cred = cred;
	*ret = cred_ref(cred);
	return 0;
}

static time_t now_of(const struct material *material)
{
	return material->now ? material->now : time(NULL);
}

int material_present(struct material *material, const struct material_certs *certs,
	struct cred **ret, struct err_text *text)
{
	const struct config_tls *tls = certs->tls;
	bool switched = tls->next_from && tls->next_from <= now_of(material);
	const struct pair pair = {switched ? tls->next_certificate : tls->certificate,
		switched ? tls->next_key : certs->key, time(NULL), certs, certs->old};

	if (!pair.certificate[0]) {
		*ret = NULL;
		return 0;
	}
	return certs->fqdn ? load_cred(material, &pair, ret, text)
			   : cached_cred(material, &pair, ret, text);
}

int material_next(struct material *material, const struct material_certs *certs,
	const struct cred *present, struct cred **ret, struct err_text *text)
{
	const struct config_tls *tls = certs->tls;
	const struct pair pair = {tls->next_certificate, tls->next_key, tls->next_from,
		certs, certs->old_next};
	char when[CLOCK_TEXT_SIZE];

	*ret = NULL;
	if (tls->next_from <= now_of(material))
		return 0;
	if (load_cred(material, &pair, ret, text)) {
		struct err_text why = *text;

		return err_set(text, ERR_TRUST, "next-certificate: %s", why.text);
	}
	if (present && cred_expires(present) < tls->next_from)
		log_warning("tls",
			"event=certificate-gap certificate=\"%s\" note=\"it expires on "
			"%.10s, before next-from\"",
			tls->certificate,
			clock_text((uint64_t)cred_expires(present) * 1000000, when));
	return 0;
}

void material_warn_alone(const struct material *material, const struct config *config,
	const struct cred *cred)
{
	char issuer[FACTS_TEXT_SIZE];

	if (!cred || !material->trust_count || !cred_is_alone(cred, issuer))
		return;
	for (size_t i = 0; i < material->trust_count; i++)
		if (trust_has_issuer(material->trusts[i].trust, cred))
			return;
	for (unsigned kind = 0; kind < 2; kind++)
		if (trust_file_has_issuer(
			    trunk_side_files((enum trunk_kind)kind, config)->trust, cred))
			return;
	log_warning("certificates",
		"event=no-intermediate certificate=\"%s\" issuer=\"%s\" "
		"note=\"the issuer's certificate does not follow in the file: peers that "
		"trust only a root above it refuse us; append it, unless it is itself a "
		"root that they trust\"",
		cred_file(cred), issuer);
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
/* Servers have no such setting: the rule for everybody holds. */
static struct policy_terms terms_of(const struct trunk *trunk)
{
	static const enum policy_version versions[] = {
		[CONFIG_TLS_1_0] = POLICY_TLS_1_0,
		[CONFIG_TLS_1_1] = POLICY_TLS_1_1,
		[CONFIG_TLS_1_2] = POLICY_TLS_1_2,
		[CONFIG_TLS_1_3] = POLICY_TLS_1_3,
	};
	static const enum policy_ciphers ciphers[] = {
		[CONFIG_CIPHERS_MODERN] = POLICY_MODERN,
		[CONFIG_CIPHERS_COMPATIBLE] = POLICY_COMPATIBLE,
		[CONFIG_CIPHERS_LEGACY] = POLICY_LEGACY,
	};
	const struct config_trunk *settings = trunk_settings(trunk);

	return (struct policy_terms){
		versions[settings->tls_min], ciphers[settings->ciphers]};
}

/* The name by which it alone knows us; NULL: that of everybody. */
static const char *our_host(const struct trunk *trunk)
{
	const char *host = trunk_settings(trunk)->contact_host;

	return host[0] && strcasecmp(host, trunk->config->tandem.fqdn) != 0 ? host : NULL;
}

/* The trunk as a peer of SET, judged as its configuration says. */
static int add_peer(
	struct trunk *trunk, struct peer_set *set, struct trust *trust, struct peer **ret)
{
	const struct config_peer *own = &trunk_settings(trunk)->peer;
	const struct config_words *hosts = &trunk_settings(trunk)->hosts;
	char name[80];
	static const enum peer_revocation revocations[] = {
		[CONFIG_REVOCATION_HARD] = PEER_REVOCATION_HARD,
		[CONFIG_REVOCATION_SOFT] = PEER_REVOCATION_SOFT,
		[CONFIG_REVOCATION_STAPLE] = PEER_REVOCATION_STAPLE,
	};
	const struct peer_params params = {
		.id = trunk_name(trunk, name),
		.name = trunk_host(trunk),
		.further_hosts = hosts->words + 1,
		.further_host_count = hosts->count - 1,
		.other_names = own->names.words,
		.other_name_count = own->names.count,
		.pins = own->pins.words,
		.pin_count = own->pins.count,
		.wildcard = own->wildcard == CONFIG_WILDCARD_ONE_LABEL,
		.strict_purpose = own->eku == CONFIG_EKU_STRICT,
		.must_ask = own->mutual == CONFIG_MUTUAL_STRICT,
		.revocation = revocations[own->revocation],
		.terms = terms_of(trunk),
		.trust = trust,
		.our_host = our_host(trunk),
		.owner = trunk,
	};

	return peer_add(set, &params, ret);
}

/* Files that it merely has of its side are none of its own: with them it would not follow
 * when its side changes to the next ones. */
bool material_has_own(const struct config_tls *own, const struct config_tls *common)
{
	return own->next_from || strcmp(own->certificate, common->certificate) ||
	       strcmp(own->key, common->key);
}

int material_load(struct material *material, struct trunk *trunk, struct peer_set *set,
	struct peer **ret_peer, struct cred **ret_cred, struct err_text *text)
{
	const struct config_tls *common = trunk_side_files(trunk->kind, trunk->config);
	const struct config_tls *own = &trunk_settings(trunk)->certs;
	const struct trunk *before = material->before;
	const struct config_trunk *const user = trunk_settings(trunk);
	const struct material_certs certs = {.tls = own,
		.key = either(own->key, common->key),
		.users = &user,
		.user_count = 1,
		.old = before ? before->cred : NULL};
	struct cred *cred = NULL;
	struct trust *trust;
	int err = cached_trust(material, either(own->trust, common->trust),
		either(own->crl, common->crl), &trust, text);

	if (!err && material_has_own(own, common))
		err = material_present(material, &certs, &cred, text);
	if (!err)
		err = add_peer(trunk, set, trust, ret_peer);
	if (err) {
		cred_unref(cred);
		return blame(text, err, trunk);
	}
	peer_present(*ret_peer, cred);
	*ret_cred = cred;
	return 0;
}

/* ---- passwords ---- */

/* RFC 8760: a hash goes with its variant for a session. */
static unsigned algorithms_of(unsigned configured)
{
	static const struct {
		enum config_algorithm bit;
		unsigned algorithms;
	} rows[] = {
		{CONFIG_ALGORITHM_SHA_512_256,
			DIGEST_BIT(DIGEST_SHA_512_256) |
				DIGEST_BIT(DIGEST_SHA_512_256_SESS)},
		{CONFIG_ALGORITHM_SHA_256,
			DIGEST_BIT(DIGEST_SHA_256) | DIGEST_BIT(DIGEST_SHA_256_SESS)},
		{CONFIG_ALGORITHM_MD5, DIGEST_WEAK},
	};
	unsigned algorithms = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (configured & (unsigned)rows[i].bit)
			algorithms |= rows[i].algorithms;
	return algorithms;
}

static int make_account(struct material *material, const struct trunk *trunk,
	struct span secret, struct account **ret)
{
	const struct config_auth *auth = &trunk_settings(trunk)->auth;
	struct account *old = material->before ? material->before->account : NULL;
	const struct account_params params = {.user = auth->user,
		.secret = secret,
		.terms = {.algorithms = algorithms_of(auth->algorithms),
			.realm = auth->realm,
			/* what we demand must not be got from ourselves */
			.never = auth->demand == CONFIG_DEMAND_DIGEST
					 ? trunk->config->tandem.fqdn
					 : NULL}};

	if (old && account_is(old, &params)) {
		*ret = account_ref(old);
		return 0;
	}
	material->changed++;
	return account_new(ret, &params);
}

int material_account(struct material *material, const struct trunk *trunk,
	struct account **ret, struct err_text *text)
{
	const struct config_auth *auth = &trunk_settings(trunk)->auth;
	struct account *old = material->before ? material->before->account : NULL;
	struct buf secret;
	int err;

	*ret = NULL;
	if (!auth->user[0])
		return 0;
	buf_init(&secret, 0);
	err = password_read(&secret, auth->secret, text);
	if (!err)
		err = make_account(material, trunk, buf_span(&secret), ret);
	buf_free(&secret);
	if (err && keep_old(material, old, "password", text)) {
		*ret = account_ref(old);
		return 0;
	}
	return err ? blame(text, err, trunk) : 0;
}
