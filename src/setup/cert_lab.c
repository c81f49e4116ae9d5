#include "setup/cert_lab.h"

#include "base/addr.h"
#include "setup/keys.h"
#include "setup/verb_table.h"
#include "tls/authority.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An authority lasts; what it issues is renewed by calling this again, in time. */
#define AUTHORITY_DAYS 3650
#define CERTIFICATE_DAYS 825
#define LIST_DAYS 825

enum { OPTION_SIDE, OPTION_FQDN, OPTION_PEER, OPTION_DIR, OPTIONS };

static const struct args_option options[] = {
	[OPTION_SIDE] = {"side", "SIDE", false, "internal, external or both (both)"},
	[OPTION_FQDN] = {"fqdn", "NAME", false, "this server (fqdn of tandem.conf)"},
	[OPTION_PEER] = {"peer", "NAME", true,
		"who gets a certificate too (all of the configuration); repeats"},
	[OPTION_DIR] = {"dir", "DIR", false, "the configuration (" TANDEM_SYSCONFDIR ")"},
	[OPTIONS] = {NULL, NULL, false, NULL},
};

static const struct args_verb verb = {.usage = "cert lab",
	.what = "Makes an authority for each side below DIR/lab, which may certify only "
		"the\n"
		"domains of the names that it begins with, and by it our own "
		"certificates and\n"
		"those of the far ends. What is there already is kept: called again it "
		"adds\n"
		"what is missing and renews the revocation lists. For a lab or a small "
		"site.",
	.options = options};

/* --- names */

struct domains {
	const char *names[CERT_LAB_PEERS_MAX + 1];
	unsigned name_count;
	const char *addresses[CERT_LAB_PEERS_MAX + 1];
	unsigned address_count;
};

/* The domain that NAME is in; NAME itself where nothing sensible is above it. */
static const char *domain_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && strchr(dot + 1, '.') ? dot + 1 : name;
}

static void add_domain(struct domains *domains, const char *name)
{
	struct addr addr;
	const char *domain = domain_of(name);

	if (addr_parse_host(&addr, name, strlen(name), 0) == 0) {
		domains->addresses[domains->address_count++] = name;
		return;
	}
	for (unsigned i = 0; i < domains->name_count; i++)
		if (strcasecmp(domains->names[i], domain) == 0)
			return;
	domains->names[domains->name_count++] = domain;
}

/* --- files */

static const char *lab_file(const struct sides *sides, enum sides_side side,
	const char *suffix, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%.*s/lab/%s-ca%s", PATH_MAX - 128, sides->dir,
		sides_names[side], suffix);
	return ret;
}

const char *cert_lab_peer_file(const struct sides *sides, const char *name,
	const char *suffix, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%.*s/lab/peers/%s%s", PATH_MAX - 384, sides->dir, name,
		suffix);
	return ret;
}

static int load_authority(const struct sides *sides, enum sides_side side,
	struct authority **ret, struct err_text *text)
{
	char certificate[PATH_MAX], key[PATH_MAX];

	return authority_load(ret, lab_file(sides, side, ".pem", certificate),
		lab_file(sides, side, ".key", key), text);
}

static int make_authority(struct place *place, const struct sides *sides,
	enum sides_side side, const char *fqdn, const struct cert_lab_peers *peers,
	struct authority **ret, struct err_text *text)
{
	struct domains domains = {.name_count = 0};
	char name[64], path[PATH_MAX];
	struct authority_spec spec = {.name = name, .days = AUTHORITY_DAYS};
	struct buf certificate, key;
	int err;

	add_domain(&domains, fqdn);
	for (unsigned i = 0; i < peers->count; i++)
		add_domain(&domains, peers->names[i]);
	spec.domains = domains.names;
	spec.domain_count = domains.name_count;
	spec.addresses = domains.addresses;
	spec.address_count = domains.address_count;
	snprintf(name, sizeof(name), "Tandem lab CA, %s side", sides_names[side]);
	buf_init(&certificate, 0);
	buf_init(&key, 0);
	err = authority_new(ret, &spec, text);
	if (err != 0)
		return err;
	err = authority_print(*ret, &certificate, &key);
	if (err == 0)
		err = place_add(place, lab_file(sides, side, ".key", path), &key,
			PLACE_SECRET, PLACE_REFUSE, text);
	if (err == 0)
		err = place_add(place, lab_file(sides, side, ".pem", path), &certificate,
			PLACE_PUBLIC, PLACE_REFUSE, text);
	buf_free(&certificate);
	buf_free(&key);
	if (err != 0)
		authority_free(*ret);
	return err;
}

/* What an installation has without a lab must not be replaced by one. */
static int refuse_foreign(const struct sides_files *files, struct err_text *text)
{
	const char *const paths[] = {files->certificate, files->key, files->trust};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (sides_is_token(paths[i]) || sides_has_file(paths[i]))
			return err_set(text, -EEXIST,
				"%s is there, and not by a lab: nothing was changed. For "
				"a "
				"renewal see tandemctl cert request --help",
				sides_is_token(paths[i]) ? "a key in a token" : paths[i]);
	return 0;
}

/* --- what is issued */

static int issue(const struct authority *authority, const char *name, bool rsa,
	struct buf *ret_key, struct buf *ret_certificate, struct err_text *text)
{
	struct csr_spec spec = {
		.names = &name, .name_count = 1, .key_type = rsa ? CSR_RSA : CSR_ECDSA};

	return authority_issue(
		authority, &spec, CERTIFICATE_DAYS, ret_key, ret_certificate, text);
}

static int add_own(struct place *place, const struct sides_files *files,
	const struct authority *authority, const char *fqdn, bool rsa,
	struct err_text *text)
{
	struct buf key, certificate;
	int err;

	if (sides_has_file(files->certificate))
		return 0;
	buf_init(&key, 0);
	buf_init(&certificate, 0);
	err = issue(authority, fqdn, rsa, &key, &certificate, text);
	if (err == 0)
		err = place_add(place, files->key, &key, PLACE_KEY, PLACE_REFUSE, text);
	if (err == 0)
		err = place_add(place, files->certificate, &certificate, PLACE_PUBLIC,
			PLACE_REFUSE, text);
	buf_free(&key);
	buf_free(&certificate);
	return err;
}

static int add_trust(struct place *place, const struct sides_files *files,
	const struct authority *authority, struct err_text *text)
{
	struct buf trust, list;
	int err = 0;

	buf_init(&trust, 0);
	buf_init(&list, 0);
	if (!sides_has_file(files->trust)) {
		err = authority_print(authority, &trust, NULL);
		if (err == 0)
			err = place_add(place, files->trust, &trust, PLACE_PUBLIC,
				PLACE_REFUSE, text);
	}
	if (err == 0)
		err = authority_list(authority, LIST_DAYS, &list, text);
	if (err == 0)
		err = place_add(
			place, files->crl, &list, PLACE_PUBLIC, PLACE_REPLACE, text);
	buf_free(&trust);
	buf_free(&list);
	return err;
}

/* The forms that programs want: apart, and certificate with key in one (FreeSWITCH, baresip). */
static int add_peer_files(struct place *place, const struct sides *sides,
	const struct authority *authority, const char *name, struct buf *key,
	struct buf *certificate, struct err_text *text)
{
	char path[PATH_MAX];
	struct buf both, ca;
	int err;

	buf_init(&both, 0);
	buf_init(&ca, 0);
	buf_add(&both, certificate->data, certificate->len);
	buf_add(&both, key->data, key->len);
	err = authority_print(authority, &ca, NULL);
	if (err == 0)
		err = place_add(place, cert_lab_peer_file(sides, name, ".key", path), key,
			PLACE_SECRET, PLACE_REFUSE, text);
	if (err == 0)
		err = place_add(place, cert_lab_peer_file(sides, name, ".pem", path),
			certificate, PLACE_PUBLIC, PLACE_REFUSE, text);
	if (err == 0)
		err = place_add(place,
			cert_lab_peer_file(sides, name, "-agent.pem", path), &both,
			PLACE_SECRET, PLACE_REFUSE, text);
	if (err == 0)
		err = place_add(place, cert_lab_peer_file(sides, name, "-ca.pem", path),
			&ca, PLACE_PUBLIC, PLACE_REPLACE, text);
	buf_free(&both);
	buf_free(&ca);
	return err;
}

static int add_peer(struct place *place, const struct sides *sides,
	const struct authority *authority, const char *name, bool rsa,
	struct err_text *text)
{
	char path[PATH_MAX];
	struct buf key, certificate;
	int err;

	if (sides_has_file(cert_lab_peer_file(sides, name, ".pem", path)))
		return 0;
	buf_init(&key, 0);
	buf_init(&certificate, 0);
	err = issue(authority, name, rsa, &key, &certificate, text);
	if (err == 0)
		err = add_peer_files(
			place, sides, authority, name, &key, &certificate, text);
	buf_free(&key);
	buf_free(&certificate);
	return err;
}

int cert_lab_add(struct place *place, const struct sides *sides, enum sides_side side,
	const char *fqdn, const struct cert_lab_peers *peers, struct err_text *text)
{
	const struct sides_files *files = &sides->of[side];
	struct authority *authority = NULL;
	char path[PATH_MAX];
	int err;

	if (sides_has_file(lab_file(sides, side, ".key", path))) {
		err = load_authority(sides, side, &authority, text);
	} else {
		err = refuse_foreign(files, text);
		if (err == 0)
			err = make_authority(
				place, sides, side, fqdn, peers, &authority, text);
	}
	if (err != 0)
		return err;
	err = add_own(place, files, authority, fqdn, peers->rsa, text);
	if (err == 0)
		err = add_trust(place, files, authority, text);
	for (unsigned i = 0; err == 0 && i < peers->count; i++)
		err = add_peer(
			place, sides, authority, peers->names[i], peers->rsa, text);
	authority_free(authority);
	return err;
}

void cert_lab_warn(const struct sides *sides)
{
	printf("\nThe keys of the lab's authorities are below %s/lab, readable by you "
	       "alone.\n"
	       "Whoever has them can be any server or gateway of yours: for more than a "
	       "lab or\n"
	       "a small site keep that folder elsewhere, and use `tandemctl cert "
	       "request`.\n",
		sides->dir);
}

/* --- the verb */

static int add_name(struct cert_lab_peers *peers, const char *name, struct err_text *text)
{
	for (unsigned i = 0; i < peers->count; i++)
		if (strcasecmp(peers->names[i], name) == 0)
			return 0;
	if (peers->count == CERT_LAB_PEERS_MAX)
		return err_set(text, ERR_LIMIT,
			"more than %d far ends; name some by --peer", CERT_LAB_PEERS_MAX);
	peers->names[peers->count++] = name;
	return 0;
}

static int read_config(
	const struct config *config, struct cert_lab_peers *peers, struct err_text *text)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < config->server_count; i++)
		err = add_name(
			&peers[SIDES_INTERNAL], config->servers[i].common.host, text);
	for (size_t i = 0; err == 0 && i < config->gateway_count; i++) {
		const struct config_gateway *gateway = &config->gateways[i];

		/* Microsoft has its own certificates. */
		if (strcmp(gateway->profile, "teams") == 0)
			continue;
		peers[SIDES_EXTERNAL].rsa |= strcmp(gateway->profile, "sfb") == 0;
		err = add_name(&peers[SIDES_EXTERNAL], gateway->common.host, text);
	}
	return err;
}

static int read_peers(const struct args_values *given, const struct sides *sides,
	struct cert_lab_peers *peers, struct err_text *text)
{
	const struct args_values *names = &given[OPTION_PEER];
	int err = 0;

	memset(peers, 0, SIDES_COUNT * sizeof(*peers));
	if (names->count > 0 && sides->of[0].asked && sides->of[1].asked)
		return err_set(
			text, ERR_FORMAT, "--peer needs --side internal or external");
	for (unsigned i = 0; err == 0 && i < names->count; i++) {
		err = keys_check(SCHEMA_SERVER, "host", "--peer", names->values[i], text);
		if (err != 0)
			return err;
		err = add_name(&peers[sides->of[SIDES_INTERNAL].asked ? SIDES_INTERNAL
								      : SIDES_EXTERNAL],
			names->values[i], text);
	}
	if (err == 0 && names->count == 0 && sides->config)
		err = read_config(sides->config, peers, text);
	return err;
}

static int make(
	const struct args_values *given, const struct sides *sides, struct err_text *text)
{
	const char *fqdn = args_value(&given[OPTION_FQDN], sides->fqdn);
	struct cert_lab_peers peers[SIDES_COUNT];
	struct place place;
	int err = read_peers(given, sides, peers, text);

	if (err == 0 && fqdn[0])
		err = keys_check(SCHEMA_TANDEM, "fqdn", "--fqdn", fqdn, text);
	else if (err == 0)
		err = err_set(text, ERR_FORMAT,
			"%s/tandem.conf is not there to say the server's name; give "
			"--fqdn",
			sides->dir);
	if (err != 0)
		return err;
	place_init(&place);
	for (int i = 0; err == 0 && i < SIDES_COUNT; i++)
		if (sides->of[i].asked)
			err = cert_lab_add(
				&place, sides, (enum sides_side)i, fqdn, &peers[i], text);
	if (err == 0)
		err = place_commit(&place, text);
	for (unsigned i = 0; err == 0 && i < place.count; i++)
		printf("%s\n", place.files[i].path);
	place_free(&place);
	return err;
}

int cert_lab_run(char *const *words, bool *ret_reload)
{
	static const struct sides_verb run = {
		&verb, OPTION_DIR, OPTION_SIDE, make, cert_lab_warn};
	struct args_values given[OPTIONS + 1];

	(void)ret_reload;
	return sides_run(&run, words, given);
}
