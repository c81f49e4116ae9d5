/* The words of the configuration for its values. */
#include "config/config.h"

#include "config/schema.h"
#include <string.h>

const char *config_suite_name(enum config_suite suite)
{
	for (size_t i = 0; schema_suites[i] != NULL; i++) {
		if (suite == 1U << i)
			return schema_suites[i];
	}
	return "";
}

/* The word of NAME in SECTION for VALUE. */
static const char *enum_name(
	enum schema_section section, const char *name, unsigned value)
{
	const struct schema_key *key = schema_find(section, name);

	for (unsigned i = 0; key->words[i] != NULL; i++) {
		if (i == value)
			return key->words[i];
	}
	return "";
}

const char *config_srtp_name(enum config_srtp srtp)
{
	return enum_name(SCHEMA_GATEWAY, "srtp", srtp);
}

const char *config_reason_name(enum config_reason reason)
{
	return enum_name(SCHEMA_GATEWAY, "reason", reason);
}

const char *config_audit_name(enum config_audit mode)
{
	return enum_name(SCHEMA_AUDIT, "mode", mode);
}

const char *config_wildcard_name(enum config_wildcard wildcard)
{
	return enum_name(SCHEMA_GATEWAY, "wildcard", wildcard);
}

const char *config_eku_name(enum config_eku eku)
{
	return enum_name(SCHEMA_GATEWAY, "eku", eku);
}

const char *config_mutual_name(enum config_mutual mutual)
{
	return enum_name(SCHEMA_GATEWAY, "mutual", mutual);
}

const char *config_revocation_name(enum config_revocation revocation)
{
	return enum_name(SCHEMA_GATEWAY, "revocation", revocation);
}

uint16_t config_port(const struct config_trunk *settings, bool tls)
{
	return tls && settings->tls_port ? settings->tls_port : settings->port;
}

bool config_tls_of_switch(const char *word, enum config_tls_mode *ret)
{
	static const struct {
		const char *word;
		enum config_tls_mode mode;
	} words[] = {
		{"on", CONFIG_TLS_YES},
		{"observe", CONFIG_TLS_OBSERVE},
		{"off", CONFIG_TLS_NO},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*ret = words[i].mode;
			return true;
		}
	}
	return false;
}

const char *config_tls_name(enum config_tls_mode mode)
{
	return enum_name(SCHEMA_GATEWAY, "tls", mode);
}

const char *config_tls_version_name(enum config_tls_version version)
{
	return enum_name(SCHEMA_GATEWAY, "tls-min", version);
}

const char *config_ciphers_name(enum config_ciphers ciphers)
{
	return enum_name(SCHEMA_GATEWAY, "ciphers", ciphers);
}

const char *config_t38_name(enum config_t38 t38)
{
	return enum_name(SCHEMA_GATEWAY, "t38", t38);
}
