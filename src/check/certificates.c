/* Certificates, keys, anchors, lists and passwords, each for itself, so that all that is wrong is said at once. */
#include "check/check_priv.h"

#include "base/clock.h"
#include "tls/cred.h"
#include "tls/password.h"
#include "trunk/material.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOON_DAYS 30
#define DAY_SECONDS 86400

/* Whose files: those of a side, or of one of its trunks. */
struct owner {
	enum trunk_kind kind;
	const struct config_trunk *trunk; /* NULL: the side */
	/* A trunk that is plain as yet goes on without them. */
	enum finding_level level;
};

/* Files that were looked at: many trunks share them. */
struct looked_at {
	const char *one, *other;
};

struct files {
	struct check *check;
	struct looked_at *seen;
	size_t count;
	/* Of all trunks: whom our certificates may be by. */
	struct trust **trusts;
	size_t trust_count;
	bool untold; /* anchors that cannot be read: whom else they name is not known */
	time_t now;
};

static bool was_seen(struct files *files, const char *one, const char *other)
{
	void *grown;

	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->seen[i].one, one) &&
			!strcmp(files->seen[i].other, other))
			return true;
	grown = realloc(files->seen, (files->count + 1) * sizeof(*files->seen));
	if (grown) {
		files->seen = grown;
		files->seen[files->count++] = (struct looked_at){one, other};
	}
	return false;
}

static struct place place_of(
	struct files *files, const struct owner *owner, const char *key)
{
	return owner->trunk
		       ? where_trunk(files->check, owner->kind, owner->trunk, key)
		       : where_main(files->check,
				 owner->kind == TRUNK_SERVER ? "internal" : "external",
				 key);
}

/* What to do, by what the sentence says; "": it says that itself. */
static const struct {
	const char *says, *remedy;
} remedies[] = {
	{" that is damaged ", ""},
	{": a folder, ", ""},
	{"wrong order", ""},
	{"in trust did not sign", ""},
	{"No such file", "put it there, or name the right file"},
	{"Permission denied",
		"the user that the server runs as must be able to read it, and to enter "
		"each folder above (chgrp, chmod 0640)"},
	{" expired on ", "renew it, and put the new one there"},
	{" is not valid before ", "look at this machine's clock, or wait for that day"},
	{"the certificate is for ",
		"have it issued for the fqdn of [tandem], or correct that"},
	{" does not belong to ", "name the key that the certificate was requested with"},
	{"the key in the token", "look at the URI by `p11tool --list-keys TOKEN`, and "
				 "set token-dir where the token "
				 "keeps files (SoftHSM)"},
	{"the file is empty", "put the right one there"},
	{" of a password", "put the password there"},
	{" with the password", "leave the others out"},
	{" in the password", "type it anew"},
	{" a password may have", "ask for a shorter one"},
};

/* Where the sentence does not say it itself. */
static const char *remedy_for(const char *text)
{
	if (strstr(text, "; ") != NULL)
		return "";
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (strstr(text, remedies[i].says) != NULL)
			return remedies[i].remedy;
	/* tls/misfile.h: the command that converts it, or what is wanted */
	if (strchr(text, '`') != NULL || strstr(text, ": name the file with") != NULL)
		return "";
	return "name the right file";
}

/* Two files that belong together, and what sets them. */
struct pair {
	const char *keys[2];
	const char *files[2];
};

/* Which of PAIR the sentence is about. */
static unsigned blamed(const struct pair *pair, const char *text)
{
	const size_t len = strlen(pair->files[1]);

	/* a key: the certificate was good when it came to it */
	if (strstr(text, " does not belong to ") || strstr(text, "the key in the token"))
		return 1;
	/* one file for both */
	if (strcmp(pair->files[0], pair->files[1]) == 0)
		return strstr(text, "no private key") || strstr(text, "no CRL");
	return len && strncmp(text, pair->files[1], len) == 0;
}

static void refuse(struct files *files, const struct owner *owner,
	const struct pair *pair, int err, const struct err_text *text)
{
	const char *why = text->text[0] ? text->text : err_str(err);
	const char *key = pair->keys[blamed(pair, why)];

	findings_add(files->check->findings, owner->level, place_of(files, owner, key),
		remedy_for(why), "%s: %s", key, why);
}

static const char *day_text(time_t when, char buf[static CLOCK_TEXT_SIZE])
{
	clock_text(when > 0 ? (uint64_t)when * 1000000 : 0, buf);
	buf[10] = '\0';
	return buf;
}

/* What peers need to verify CRED, of which only the root may be left out. */
static void look_at_issuer(struct files *files, const struct owner *owner,
	const char *key, const char *file, const struct cred *cred)
{
	char issuer[FACTS_TEXT_SIZE];

	if (files->untold || !files->trust_count || !cred_is_alone(cred, issuer))
		return;
	for (size_t i = 0; i < files->trust_count; i++)
		if (trust_has_issuer(files->trusts[i], cred))
			return;
	/* whom a side trusts is known here too where each of its trunks has a trust of its own */
	for (unsigned kind = 0; kind < 2; kind++)
		if (trust_file_has_issuer(
			    trunk_side_files((enum trunk_kind)kind, files->check->config)
				    ->trust,
			    cred))
			return;
	findings_add(files->check->findings, FINDING_WARNING, place_of(files, owner, key),
		"append that one (`cat OWN ISSUER`, or tandemctl cert install), unless "
		"it is itself a root that they trust",
		"%s: %s: the certificate of its issuer, %s, does not follow in the file: "
		"peers that trust only a root above it refuse us",
		key, file, issuer);
}

/* What a good certificate of ours will run into. */
static void look_at_cred(struct files *files, const struct owner *owner, const char *key,
	const char *file, const struct cred *cred)
{
	const time_t expires = cred_expires(cred);
	struct facts_chain *chain = calloc(1, sizeof(*chain));
	char day[CLOCK_TEXT_SIZE];
	const char *eku;

	if (!chain || cred_facts(cred, chain)) {
		free(chain);
		return;
	}
	if (expires < files->now + (time_t)SOON_DAYS * DAY_SECONDS)
		findings_add(files->check->findings, FINDING_WARNING,
			place_of(files, owner, key),
			"renew it, or stage the next one (next-certificate)",
			"%s: %s expires on %s", key, file, day_text(expires, day));
	eku = chain->facts[0].eku;
	if (strcmp(eku, "any") != 0 &&
		(!strstr(eku, "serverAuth") || !strstr(eku, "clientAuth")))
		findings_add(files->check->findings, FINDING_WARNING,
			place_of(files, owner, key),
			"have it issued for serverAuth and clientAuth",
			"%s: %s may be used for %s alone: peers may refuse the other "
			"role",
			key, file, eku);
	free(chain);
	look_at_issuer(files, owner, key, file, cred);
}

static void check_pair(struct files *files, const struct owner *owner,
	const struct pair *pair, time_t when)
{
	/* that of the side must have our name */
	const char *fqdn = owner->trunk ? NULL : files->check->config->tandem.fqdn;
	struct err_text text = {{0}};
	struct cred *cred;
	int err;

	if (!pair->files[0][0] || was_seen(files, pair->files[0], pair->files[1]))
		return;
	err = cred_load_at(&cred, pair->files[0], pair->files[1], fqdn, when, &text);
	if (err) {
		refuse(files, owner, pair, err, &text);
		return;
	}
	look_at_cred(files, owner, pair->keys[0], pair->files[0], cred);
	cred_unref(cred);
}

static void check_own(struct files *files, const struct owner *owner,
	const struct config_tls *tls, const char *key)
{
	const struct pair present = {{"certificate", "key"}, {tls->certificate, key}};
	const struct pair next = {
		{"next-certificate", "next-key"}, {tls->next_certificate, tls->next_key}};

	/* once its day has come the one before it is not looked at any more */
	if (!tls->next_from || tls->next_from > files->now)
		check_pair(files, owner, &present, files->now);
	if (tls->next_from)
		check_pair(files, owner, &next,
			tls->next_from > files->now ? tls->next_from : files->now);
}

/* Anchors and lists that were read, as they are looked at one after another. */
struct reading {
	struct files *files;
	const struct owner *owner;
	const char *trust, *crl;
	char (*anchors)[FACTS_TEXT_SIZE];
	size_t count;
};

static void anchor_h(void *arg, const struct facts *anchor)
{
	struct reading *reading = arg;
	char day[CLOCK_TEXT_SIZE];
	void *grown = realloc(
		reading->anchors, (reading->count + 1) * sizeof(*reading->anchors));

	if (grown) {
		reading->anchors = grown;
		memcpy(reading->anchors[reading->count++], anchor->subject,
			sizeof(anchor->subject));
	}
	if (anchor->to && anchor->to < reading->files->now)
		findings_add(reading->files->check->findings, FINDING_WARNING,
			place_of(reading->files, reading->owner, "trust"),
			"replace it by the authority's present certificate",
			"trust: %s: %s expired on %s: whom it certified is refused",
			reading->trust, anchor->subject, day_text(anchor->to, day));
}

static void crl_h(void *arg, const struct facts_crl *crl)
{
	const struct reading *reading = arg;
	struct findings *findings = reading->files->check->findings;
	struct place place = place_of(reading->files, reading->owner, "crl");
	char day[CLOCK_TEXT_SIZE];
	bool known = false;

	for (size_t i = 0; i < reading->count && !known; i++)
		known = strcmp(reading->anchors[i], crl->issuer) == 0;
	if (!known)
		findings_add(findings, FINDING_NOTE, place, "",
			"crl: %s: the list of %s is by no authority in trust; it counts "
			"for an intermediate one alone",
			reading->crl, crl->issuer);
	if (crl->due && crl->due < reading->files->now)
		findings_add(findings, FINDING_WARNING, place, "fetch the present one",
			"crl: %s: the list of %s was due on %s: whom it certified is "
			"refused",
			reading->crl, crl->issuer, day_text(crl->due, day));
	else if (crl->issued > reading->files->now)
		findings_add(findings, FINDING_WARNING, place,
			"look at this machine's clock",
			"crl: %s: the list of %s is not valid before %s: whom it "
			"certified is refused",
			reading->crl, crl->issuer, day_text(crl->issued, day));
}

static void unlisted_h(void *arg, const char *name)
{
	const struct reading *reading = arg;

	findings_add(reading->files->check->findings, FINDING_WARNING,
		place_of(reading->files, reading->owner, "crl"),
		"add its list, leave crl out, or give the trunk that has a trust of its "
		"own its own crl",
		"crl: %s: none of the lists is by %s of %s: whom it certified is "
		"refused, "
		"unless revocation is soft",
		reading->crl, name, reading->trust);
}

static void host_h(void *arg, const char *subject, const char *issuer)
{
	const struct reading *reading = arg;

	findings_add(reading->files->check->findings, FINDING_WARNING,
		place_of(reading->files, reading->owner, "trust"),
		trust_host_advice(subject, issuer),
		"trust: %s: %s, issued by %s, is a host's certificate and no CA's: it "
		"lets in that one alone, until it is renewed",
		reading->trust, subject, issuer);
}

/* Takes TRUST. */
static void keep_trust(struct files *files, struct trust *trust)
{
	void *grown =
		realloc(files->trusts, (files->trust_count + 1) * sizeof(struct trust *));

	if (!grown) {
		files->untold = true;
		trust_unref(trust);
		return;
	}
	files->trusts = grown;
	files->trusts[files->trust_count++] = trust;
}

static void check_trust(struct files *files, const struct owner *owner,
	const char *trust_file, const char *crl_file)
{
	const struct pair pair = {{"trust", "crl"}, {trust_file, crl_file}};
	struct reading reading = {files, owner, trust_file, crl_file, NULL, 0};
	const struct trust_reader reader = {anchor_h, crl_h, &reading};
	struct err_text text = {{0}};
	struct trust *trust;
	int err;

	if (!trust_file[0] || was_seen(files, trust_file, crl_file))
		return;
	err = trust_load(&trust, trust_file, crl_file, &text);
	if (err) {
		refuse(files, owner, &pair, err, &text);
		files->untold = true;
		return;
	}
	trust_read(trust, &reader);
	trust_unlisted(trust, unlisted_h, &reading);
	trust_hosts(trust, host_h, &reading);
	free(reading.anchors);
	keep_trust(files, trust);
}

static const char *either(const char *own, const char *common)
{
	return own[0] ? own : common;
}

/* Whether files for TLS are read for it. */
static bool has_tls(const struct config_trunk *trunk)
{
	return trunk->tls == CONFIG_TLS_YES ||
	       (trunk->tls == CONFIG_TLS_OBSERVE && trunk->enabled);
}

static struct owner owner_of(enum trunk_kind kind, const struct config_trunk *trunk)
{
	return (struct owner){kind, trunk,
		trunk->tls == CONFIG_TLS_YES ? FINDING_ERROR : FINDING_WARNING};
}

static void check_trunk_trust(
	struct files *files, enum trunk_kind kind, const struct config_trunk *trunk)
{
	const struct config_tls *common = trunk_side_files(kind, files->check->config);
	const struct owner owner = owner_of(kind, trunk);

	if (has_tls(trunk))
		check_trust(files, &owner, either(trunk->certs.trust, common->trust),
			either(trunk->certs.crl, common->crl));
}

/* By what it knows us: CRED, which is presented to it, must have that name. */
static void check_contact_host(
	struct files *files, const struct owner *owner, const struct cred *cred)
{
	const struct config_trunk *trunk = owner->trunk;
	struct findings *findings = files->check->findings;
	struct err_text text = {{0}};
	bool wildcard = false;

	if (!trunk->contact_host[0]) {
		/* those of a side have it */
		if (cred_check_host(cred, files->check->config->tandem.fqdn, NULL, &text))
			findings_add(findings, FINDING_WARNING,
				place_of(files, owner, "certificate"),
				"set contact-host to a name that it has",
				"certificate: %s: Contact and Via say that name",
				text.text);
		return;
	}
	if (cred_check_host(cred, trunk->contact_host, &wildcard, &text))
		findings_add(findings, owner->level,
			place_of(files, owner, "contact-host"),
			"have the certificate issued for that name, give it a "
			"certificate "
			"of its own, or correct the name",
			"contact-host: %s", text.text);
	else if (wildcard)
		findings_add(findings, FINDING_NOTE,
			place_of(files, owner, "contact-host"), "",
			"contact-host: %s has %s by a wildcard alone: Teams takes that, "
			"who "
			"follows RFC 5922 does not",
			cred_file(cred), trunk->contact_host);
}

/* What of OWN and COMMON is presented at the time of the check, if it can be loaded. */
static void check_presented(struct files *files, const struct owner *owner,
	const struct config_tls *own, const struct config_tls *common)
{
	const bool has_own = material_has_own(own, common);
	const struct config_tls *tls = has_own ? own : common;
	const bool next = tls->next_from && tls->next_from <= files->now;
	struct cred *cred;

	if (!has_own && !owner->trunk->contact_host[0])
		return;
	if (cred_load_at(&cred, next ? tls->next_certificate : tls->certificate,
		    next ? tls->next_key : either(tls->key, common->key), NULL,
		    files->now, NULL))
		return; /* that was said */
	check_contact_host(files, owner, cred);
	cred_unref(cred);
}

static void check_trunk_own(
	struct files *files, enum trunk_kind kind, const struct config_trunk *trunk)
{
	const struct config_tls *common = trunk_side_files(kind, files->check->config);
	const struct owner owner = owner_of(kind, trunk);

	if (!has_tls(trunk))
		return;
	check_own(files, &owner, &trunk->certs, either(trunk->certs.key, common->key));
	check_presented(files, &owner, &trunk->certs, common);
}

/* Needed whether or not there is TLS. */
static void check_password(
	struct check *check, enum trunk_kind kind, const struct config_trunk *trunk)
{
	struct err_text text = {{0}};
	struct buf password;
	int err;

	if (!trunk->auth.user[0])
		return;
	buf_init(&password, 0);
	err = password_read(&password, trunk->auth.secret, &text);
	if (err)
		findings_add(check->findings, FINDING_ERROR,
			where_trunk(check, kind, trunk, "auth-secret"),
			remedy_for(text.text), "auth-secret: %s",
			text.text[0] ? text.text : err_str(err));
	buf_free(&password);
}

/* Whatever a start would refuse beside. */
static void check_all(struct check *check)
{
	struct err_text text = {{0}};
	int err = trunks_check(check->config, &text);

	if (err)
		findings_add(check->findings, FINDING_ERROR,
			(struct place){check->config->file, 0, 0}, remedy_for(text.text),
			"%s", text.text[0] ? text.text : err_str(err));
}

static void files_end(struct files *files)
{
	for (size_t i = 0; i < files->trust_count; i++)
		trust_unref(files->trusts[i]);
	free(files->trusts);
	free(files->seen);
}

void check_certificates(struct check *check)
{
	const struct config *config = check->config;
	struct files files = {.check = check, .now = time(NULL)};
	const unsigned before = check->findings->counts[FINDING_ERROR];

	/* anchors first: our own certificates are held against all of them */
	for (size_t i = 0; i < config->server_count; i++)
		check_trunk_trust(&files, TRUNK_SERVER, &config->servers[i].common);
	for (size_t i = 0; i < config->gateway_count; i++)
		check_trunk_trust(&files, TRUNK_GATEWAY, &config->gateways[i].common);
	for (unsigned kind = 0; kind < 2; kind++) {
		const struct owner owner = {(enum trunk_kind)kind, NULL, FINDING_ERROR};
		const struct config_tls *tls =
			trunk_side_files((enum trunk_kind)kind, config);

		check_own(&files, &owner, tls, tls->key);
	}
	for (size_t i = 0; i < config->server_count; i++)
		check_trunk_own(&files, TRUNK_SERVER, &config->servers[i].common);
	for (size_t i = 0; i < config->gateway_count; i++)
		check_trunk_own(&files, TRUNK_GATEWAY, &config->gateways[i].common);
	files_end(&files);
	for (size_t i = 0; i < config->server_count; i++)
		check_password(check, TRUNK_SERVER, &config->servers[i].common);
	for (size_t i = 0; i < config->gateway_count; i++)
		check_password(check, TRUNK_GATEWAY, &config->gateways[i].common);
	if (check->findings->counts[FINDING_ERROR] == before)
		check_all(check);
}
