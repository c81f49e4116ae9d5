#include "setup/cert_request.h"

#include "setup/keys.h"
#include "setup/verb_table.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_SIDE, OPTION_NAME, OPTION_KEY_TYPE, OPTION_KEY, OPTION_DIR, OPTIONS };

static const struct args_option options[] = {
	[OPTION_SIDE] = {"side", "SIDE", false, "internal, external or both (both)"},
	[OPTION_NAME] = {"name", "FQDN", true,
		"a name of the certificate (fqdn of tandem.conf); repeats"},
	[OPTION_KEY_TYPE] = {"key-type", "TYPE", false,
		"ecdsa (P-256) or rsa (3072 bits); rsa where Teams or Skype is a far "
		"end"},
	[OPTION_KEY] = {"key", "KEY", false,
		"a key that exists: a PEM file or a pkcs11: URI"},
	[OPTION_DIR] = {"dir", "DIR", false, "the configuration (" TANDEM_SYSCONFDIR ")"},
	[OPTIONS] = {NULL, NULL, false, NULL},
};

static const struct args_verb verb = {.usage = "cert request",
	.what = "Makes a key and a certificate request (PKCS#10) for each side, below "
		"DIR/certs,\n"
		"or where tandem.conf has them. A key that is in use is never replaced: "
		"a\n"
		"renewal gets NAME.new.key, which `cert install` puts into its place.",
	.options = options};

static int add_files(struct place *place, const char *key_path, bool key_exists,
	const struct csr_spec *spec, struct err_text *text)
{
	struct buf key, request;
	char path[PATH_MAX];
	int err;

	buf_init(&key, 0);
	buf_init(&request, 0);
	err = csr_make(spec, &key, &request, text);
	if (err == 0 && !key_exists)
		err = place_add(place, key_path, &key, PLACE_KEY, PLACE_REFUSE, text);
	sides_sibling(key_path, ".csr", path);
	if (err == 0)
		err = place_add(place, path, &request, PLACE_PUBLIC, PLACE_REPLACE, text);
	if (err == 0)
		printf("%s  for %s%s\n", path, spec->names[0],
			key_exists ? ", with the key that is there" : "");
	if (err == 0 && !key_exists)
		printf("%s  its key; keep it here\n", key_path);
	buf_free(&key);
	buf_free(&request);
	return err;
}

int cert_request_add(struct place *place, const struct sides_files *files,
	const struct csr_spec *spec, struct err_text *text)
{
	struct csr_spec with_key = *spec;
	char path[PATH_MAX];
	bool exists;

	if (!with_key.key && sides_is_token(files->key))
		with_key.key = files->key;
	if (with_key.key)
		return add_files(place,
			sides_is_token(with_key.key) ? files->certificate : with_key.key,
			true, &with_key, text);
	snprintf(path, sizeof(path), "%s", files->key);
	if (sides_has_file(files->key) && sides_has_file(files->certificate))
		sides_sibling(files->key, ".new.key", path);
	exists = sides_has_file(path);
	if (exists)
		with_key.key = path;
	return add_files(place, path, exists, &with_key, text);
}

void cert_request_explain(const struct sides *sides)
{
	printf("\nSend the requests (.csr, they are no secret) to the authority that far "
	       "ends\n"
	       "trust: that of your enterprise for the internal side, a public one or "
	       "that of\n"
	       "your carrier for the external. Ask for a certificate of a TLS server and "
	       "client\n"
	       "(serverAuth and clientAuth) with the names of the request. Then:\n"
	       "  tandemctl cert install --dir %s FILE...\n",
		sides->dir);
}

/* Old peers refuse ECDSA. */
static bool wants_rsa(const struct sides *sides)
{
	for (size_t i = 0; sides->config && i < sides->config->gateway_count; i++) {
		const char *profile = sides->config->gateways[i].profile;

		if (strcmp(profile, "teams") == 0 || strcmp(profile, "sfb") == 0)
			return true;
	}
	return false;
}

static int read_spec(const struct args_values *given, const struct sides *sides,
	struct csr_spec *ret, struct err_text *text)
{
	const char *type = args_value(&given[OPTION_KEY_TYPE], NULL);

	*ret = (struct csr_spec){.names = given[OPTION_NAME].values,
		.name_count = given[OPTION_NAME].count,
		.key = args_value(&given[OPTION_KEY], NULL)};
	if (ret->name_count == 0) {
		ret->names = &sides->fqdn;
		ret->name_count = sides->fqdn[0] ? 1 : 0;
	}
	if (ret->name_count == 0)
		return err_set(text, ERR_FORMAT,
			"%s/tandem.conf is not there to say the server's name; give "
			"--name",
			sides->dir);
	for (size_t i = 0; i < ret->name_count; i++)
		if (keys_check(SCHEMA_SERVER, "host", "--name", ret->names[i], text) != 0)
			return ERR_FORMAT;
	if (type && strcmp(type, "rsa") != 0 && strcmp(type, "ecdsa") != 0)
		return err_set(
			text, ERR_FORMAT, "--key-type %s: expected ecdsa or rsa", type);
	ret->key_type = type ? (strcmp(type, "rsa") == 0 ? CSR_RSA : CSR_ECDSA)
			     : (wants_rsa(sides) ? CSR_RSA : CSR_ECDSA);
	return 0;
}

static int add_sides(struct place *place, const struct sides *sides,
	const struct csr_spec *spec, struct err_text *text)
{
	bool shared = strcmp(sides->of[0].key, sides->of[1].key) == 0;
	int err = 0;

	for (int i = 0; err == 0 && i < SIDES_COUNT; i++)
		if (sides->of[i].asked && !(shared && i > 0 && sides->of[0].asked))
			err = cert_request_add(place, &sides->of[i], spec, text);
	return err;
}

static int make(
	const struct args_values *given, const struct sides *sides, struct err_text *text)
{
	struct place place;
	struct csr_spec spec;
	int err = read_spec(given, sides, &spec, text);

	if (err != 0)
		return err;
	if (spec.key && sides->of[SIDES_INTERNAL].asked &&
		sides->of[SIDES_EXTERNAL].asked)
		return err_set(
			text, ERR_FORMAT, "--key needs --side internal or external");
	place_init(&place);
	err = add_sides(&place, sides, &spec, text);
	if (err == 0)
		err = place_commit(&place, text);
	place_free(&place);
	return err;
}

int cert_request_run(char *const *words, bool *ret_reload)
{
	static const struct sides_verb run = {
		&verb, OPTION_DIR, OPTION_SIDE, make, cert_request_explain};
	struct args_values given[OPTIONS + 1];

	(void)ret_reload;
	return sides_run(&run, words, given);
}
