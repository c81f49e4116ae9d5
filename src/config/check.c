#include "config/check.h"

#include "config/check_emergency.h"
#include "config/check_numbers.h"
#include "config/collector.h"
#include "config/credential.h"

#include <stdio.h>

struct listener {
	enum schema_section section;
	const char *name;
	const struct addr *addr;
};

/* Two TCP listeners on the same address cannot both be opened. */
static void check_listeners(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	const struct listener listeners[] = {
		{SCHEMA_INTERNAL, "listen", &config->internal.listen},
		{SCHEMA_EXTERNAL, "tcp", &config->external.tcp},
		{SCHEMA_EXTERNAL, "tls", &config->external.tls_listen},
	};
	size_t count = sizeof(listeners) / sizeof(listeners[0]);

	for (size_t i = 1; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct listener *later = &listeners[i];
			const struct listener *other = &listeners[j];

			if (later->addr->len == 0 ||
				!addr_equal(later->addr, other->addr))
				continue;
			errors_add(errors,
				scope_place(scope, later->section, later->name, place),
				"%s: expected an address of its own, got that of [%s] %s",
				later->name, schema_section_name(other->section),
				other->name);
		}
	}
}

/* Who accepts or makes TLS connections proves who he is, and knows whom he trusts. */
static void check_tls(const struct config_tls *tls, const char *why, struct place place,
	struct config_errors *errors)
{
	const struct {
		const char *name;
		const char *value;
	} files[] = {
		{"certificate", tls->certificate},
		{"key", tls->key},
		{"trust", tls->trust},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i].value[0] == '\0')
			errors_add(
				errors, place, "%s: missing in %s", files[i].name, why);
	}
}

/* The file would be missing, which is no fault of the path. NAME is the key whose file PATH is. */
static void check_credential(const char *name, const char *path,
	const struct scope *scope, enum schema_section section, struct place place,
	struct config_errors *errors)
{
	const char *missing = credential_missing(path);

	if (missing != NULL)
		errors_add(errors, scope_place(scope, section, name, place),
			"%s: there is no credential \"%s\"; it comes from "
			"LoadCredential=%s:FILE in the unit, when systemd starts "
			"the service, and from nowhere else",
			name, missing, missing);
}

static void check_credentials(const struct config_tls *tls, const struct scope *scope,
	enum schema_section section, struct place place, struct config_errors *errors)
{
	check_credential("key", tls->key, scope, section, place, errors);
	check_credential("next-key", tls->next_key, scope, section, place, errors);
}

static void check_auth(const struct config *config, const struct config_trunk *settings,
	const struct scope *scope, enum schema_section section, struct place place,
	struct config_errors *errors)
{
	const struct config_auth *auth = &settings->auth;
	const bool has_user = auth->user[0] != '\0';
	char whose[96] = "";

	if (section == SCHEMA_SERVER)
		snprintf(whose, sizeof(whose), "[server %s] ", settings->id);
	if (has_user != (auth->secret[0] != '\0'))
		errors_add(errors,
			scope_place(scope, section,
				has_user ? "auth-user" : "auth-secret", place),
			"%s%s: expected %s beside it", whose,
			has_user ? "auth-user" : "auth-secret",
			has_user ? "auth-secret, the file with its password,"
				 : "auth-user");
	if (auth->demand == CONFIG_DEMAND_DIGEST && !has_user)
		errors_add(errors, scope_place(scope, section, "auth", place),
			"auth: digest needs auth-user and auth-secret beside it");
	check_credential("auth-secret", auth->secret, scope, section, place, errors);
	if (has_user && config->tandem.fips == CONFIG_FIPS_REQUIRED &&
		(!(auth->algorithms & CONFIG_ALGORITHM_SHA_256) ||
			auth->algorithms & CONFIG_ALGORITHM_MD5))
		errors_add(errors, scope_place(scope, section, "auth-algorithms", place),
			"%sauth-algorithms: expected sha-256, without md5, with fips = "
			"required",
			whose);
}

/* RFC 3325 7: who is not trusted is not told who hides. WHOSE begins the error's text. */
static void check_identity(const struct config_identity *identity, const char *whose,
	struct place place, struct config_errors *errors)
{
	if (!identity->trusted && identity->privacy == CONFIG_PRIVACY_STRIP)
		errors_add(errors, place,
			"%sprivacy: expected pass or apply with trust-identity = no, "
			"strip "
			"would show who hides to somebody who is not trusted",
			whose);
}

/* What is shown has the family of an address that there is. Each pair is of both families. */
static void check_family(const struct addr address[static 2],
	const struct addr advertise[static 2], const char *name, struct place place,
	struct config_errors *errors)
{
	for (unsigned i = 0; i < 2; i++) {
		bool v6 = addr_is_v6(&advertise[i]);

		if (address[0].len == 0 || advertise[i].len == 0 ||
			addr_is_v6(&address[0]) == v6 ||
			(address[1].len != 0 && addr_is_v6(&address[1]) == v6))
			continue;
		errors_add(errors, place, "%s: expected %s as the address itself", name,
			v6 ? "IPv4" : "IPv6");
	}
}

/* WHOSE begins the error's text: "" or "[server pbx1] ". */
static void check_media(const struct config_media *media, const char *whose,
	struct place place, struct config_errors *errors)
{
	if (media->advertise.len != 0 && media->address.len == 0)
		errors_add(errors, place,
			"%smedia-advertise-address: expected media-address beside it",
			whose);
	else if (media->advertise.len != 0 &&
		 addr_is_v6(&media->address) != addr_is_v6(&media->advertise))
		errors_add(errors, place,
			"%smedia-advertise-address: expected %s as media-address is",
			whose, addr_is_v6(&media->address) ? "IPv6" : "IPv4");
}

/* A certificate that comes, its key, and the day: one without the others does nothing. */
static void check_next(const struct config_tls *tls, const struct scope *scope,
	enum schema_section section, struct place place, struct config_errors *errors)
{
	const struct {
		const char *name;
		bool set;
	} keys[] = {
		{"next-certificate", tls->next_certificate[0] != '\0'},
		{"next-key", tls->next_key[0] != '\0'},
		{"next-from", tls->next_from != 0},
	};
	const char *known = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].set)
			known = keys[i].name;
	}
	for (size_t i = 0; known != NULL && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i].set)
			errors_add(errors, scope_place(scope, section, known, place),
				"%s: missing, %s needs it", keys[i].name, known);
	}
}

/* What the versions and ciphers of one gateway may not be together. */
static void check_terms(const struct config *config, const struct config_gateway *gateway,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	bool modern = gateway->common.ciphers == CONFIG_CIPHERS_MODERN;

	if (config->tandem.fips == CONFIG_FIPS_REQUIRED) {
		if (gateway->common.tls_min < CONFIG_TLS_1_2)
			errors_add(errors,
				scope_place(scope, SCHEMA_GATEWAY, "tls-min", place),
				"tls-min: expected 1.2 or 1.3 with fips = required");
		if (!modern)
			errors_add(errors,
				scope_place(scope, SCHEMA_GATEWAY, "ciphers", place),
				"ciphers: expected modern with fips = required");
	} else if (gateway->common.tls_min < CONFIG_TLS_1_2 && modern) {
		errors_add(errors, scope_place(scope, SCHEMA_GATEWAY, "tls-min", place),
			"tls-min: below 1.2 expected ciphers = compatible or legacy "
			"beside it, modern ciphers begin with TLS 1.2");
	}
}

/* What goes below the rules has an end. */
static void check_exception(const struct config_peer *peer, const char *what,
	const struct scope *scope, enum schema_section section, struct place place,
	struct config_errors *errors)
{
	if (peer->exception_until == 0)
		errors_add(errors, scope_place(scope, section, what, place),
			"%s: an exception, expected exception-until beside it", what);
}

/* KEY has VALUE, which is an exception. */
static void check_server_exception(const struct config_server *server, const char *key,
	const char *value, const struct scope *scope, struct place place,
	struct config_errors *errors)
{
	if (server->common.peer.exception_until == 0)
		errors_add(errors, scope_place(scope, SCHEMA_SERVER, key, place),
			"[server %s] %s: %s is an exception, expected exception-until "
			"beside it",
			server->common.id, key, value);
}

/* A certificate with another's key would fail at the first handshake. */
static void check_pair(const struct scope *scope, enum schema_section section,
	struct place place, struct config_errors *errors)
{
	bool has_certificate = scope_has(scope, section, "certificate");
	bool has_key = scope_has(scope, section, "key");

	if (has_certificate && !has_key)
		errors_add(errors, scope_place(scope, section, "certificate", place),
			"certificate: expected its key beside it");
	if (has_key && !has_certificate)
		errors_add(errors, scope_place(scope, section, "key", place),
			"key: expected its certificate beside it");
}

/* WHOSE begins the error's text: "" or "[server pbx1] ". */
static void check_hosts(const struct config_trunk *settings, const char *whose,
	struct place place, struct config_errors *errors)
{
	if (settings->hosts.count > CONFIG_HOSTS_MAX)
		errors_add(errors, place, "%shost: expected at most %d names, got %zu",
			whose, CONFIG_HOSTS_MAX, settings->hosts.count);
}

/* What we ask for is what we take. */
static void check_timers(const struct config_timers *timers, const char *whose,
	const struct scope *scope, enum schema_section section, struct place place,
	struct config_errors *errors)
{
	if (timers->mode == CONFIG_SESSION_TIMER_OFFER &&
		timers->expires_ms < timers->min_ms)
		errors_add(errors,
			scope_place(scope, section, "session-expires",
				scope_place(
					scope, section, "min-session-expires", place)),
			"%ssession-expires: expected at least min-session-expires",
			whose);
}

/* WHOSE as above. */
static void check_packages(const struct config_trunk *settings, const char *whose,
	struct place place, struct config_errors *errors)
{
	if (settings->messages.info_packages.count > CONFIG_PACKAGES_MAX)
		errors_add(errors, place,
			"%sinfo-packages: expected at most %d packages, got %zu", whose,
			CONFIG_PACKAGES_MAX, settings->messages.info_packages.count);
}

void check_server(const struct config *config, const struct config_server *server,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	char whose[96];

	snprintf(whose, sizeof(whose), "[server %s] ", server->common.id);
	check_hosts(&server->common, whose,
		scope_place(scope, SCHEMA_SERVER, "host", place), errors);
	check_packages(&server->common, whose,
		scope_place(scope, SCHEMA_SERVER, "info-packages", place), errors);
	check_pair(scope, SCHEMA_SERVER, place, errors);
	check_next(&server->common.certs, scope, SCHEMA_SERVER, place, errors);
	/* those of [internal] are checked there */
	if (scope_has(scope, SCHEMA_SERVER, "key") ||
		scope_has(scope, SCHEMA_SERVER, "next-key"))
		check_credentials(
			&server->common.certs, scope, SCHEMA_SERVER, place, errors);
	check_media(&server->common.media, whose,
		scope_place(scope, SCHEMA_SERVER, "media-advertise-address", place),
		errors);
	check_identity(&server->common.identity, whose,
		scope_place(scope, SCHEMA_SERVER, "privacy", place), errors);
	check_auth(config, &server->common, scope, SCHEMA_SERVER, place, errors);
	check_timers(&server->common.timers, whose, scope, SCHEMA_SERVER, place, errors);
	check_numbers(&server->common, scope, SCHEMA_SERVER, place, errors);
	if (server->common.peer.revocation == CONFIG_REVOCATION_SOFT)
		check_server_exception(
			server, "revocation", "soft", scope, place, errors);
	if (server->common.media.t38 == CONFIG_T38_RELAY)
		check_server_exception(server, "t38", "relay", scope, place, errors);
}

/* Nobody is sent anything who has not proved who he is, where he was to. */
static void check_hep(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	struct collector_place collector;

	if (config->hep.collector[0] != '\0' &&
		collector_parse(config->hep.collector, &collector) == 0 &&
		collector.transport == COLLECTOR_TLS)
		check_tls(&config->hep.tls, "[hep], which its collector by tls needs",
			scope_place(scope, SCHEMA_HEP, "collector", place), errors);
	check_credential("key", config->hep.tls.key, scope, SCHEMA_HEP, place, errors);
	check_credential(
		"password", config->hep.password, scope, SCHEMA_HEP, place, errors);
	check_credential(
		"postgresql", config->sink.postgresql, scope, SCHEMA_SINK, place, errors);
}

/* A key in a file is the server's own to make, and to put where a start finds it. */
static void check_log_key(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	const char *key = config->audit.log_key;

	if (key[0] != '\0' && strncmp(key, "pkcs11:", 7) != 0)
		errors_add(errors, scope_place(scope, SCHEMA_AUDIT, "log-key", place),
			"log-key: expected a pkcs11: URI, got \"%s\"; without it the key "
			"is in the file log.key in state-dir",
			key);
}

/* Who vouches for the log of records. */
static void check_vouching(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	const char *url = config->audit.timestamp_url;
	bool secure;

	if (!url[0])
		return;
	place = scope_place(scope, SCHEMA_AUDIT, "timestamp-url", place);
	/* What comes back is signed, so http: is good enough. */
	secure = strncmp(url, "https://", 8) == 0;
	if ((!secure && strncmp(url, "http://", 7) != 0) ||
		strlen(url) <= strlen("http://") + secure)
		errors_add(errors, place,
			"timestamp-url: expected an http: or https: URL, got \"%s\"",
			url);
	if (strlen(url) > CONFIG_TIMESTAMP_URL_MAX)
		errors_add(errors, place,
			"timestamp-url: expected at most %d characters, got %zu",
			CONFIG_TIMESTAMP_URL_MAX, strlen(url));
	if (secure && !config->audit.timestamp_https_ca[0])
		errors_add(errors, place,
			"timestamp-url: expected timestamp-https-ca beside it for an "
			"https: URL");
	if (!config->audit.timestamp_ca[0])
		errors_add(
			errors, place, "timestamp-url: expected timestamp-ca beside it");
}

void check_main(const struct config *config, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	check_listeners(config, scope, place, errors);
	if (config->external.tls_listen.len != 0)
		check_tls(&config->external.tls, "[external], which its tls needs",
			scope_place(scope, SCHEMA_EXTERNAL, "tls", place), errors);
	check_hep(config, scope, place, errors);
	check_family(config->media.internal, config->media.internal_advertise,
		"internal-advertise-address",
		scope_place(scope, SCHEMA_MEDIA, "internal-advertise-address", place),
		errors);
	check_family(config->media.external, config->media.external_advertise,
		"external-advertise-address",
		scope_place(scope, SCHEMA_MEDIA, "external-advertise-address", place),
		errors);
	if (config->sip.t1_ms > config->sip.t2_ms)
		errors_add(errors,
			scope_place(scope, SCHEMA_SIP, "t1",
				scope_place(scope, SCHEMA_SIP, "t2", place)),
			"t1: expected at most t2");
	if (config->audit.disk_low > 0 &&
		config->audit.disk_critical >= config->audit.disk_low)
		errors_add(errors,
			scope_place(scope, SCHEMA_AUDIT, "disk-critical",
				scope_place(scope, SCHEMA_AUDIT, "disk-low", place)),
			"disk-critical: expected less than disk-low");
	check_next(&config->internal.tls, scope, SCHEMA_INTERNAL, place, errors);
	check_next(&config->external.tls, scope, SCHEMA_EXTERNAL, place, errors);
	check_credentials(&config->internal.tls, scope, SCHEMA_INTERNAL, place, errors);
	check_credentials(&config->external.tls, scope, SCHEMA_EXTERNAL, place, errors);
	check_vouching(config, scope, place, errors);
	check_log_key(config, scope, place, errors);
	if (config->server_count == 0)
		errors_add(errors, place, "[server ID]: missing, expected at least one");
}

void check_gateway(const struct config *config, const struct config_gateway *gateway,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	check_hosts(&gateway->common, "",
		scope_place(scope, SCHEMA_GATEWAY, "host", place), errors);
	check_packages(&gateway->common, "",
		scope_place(scope, SCHEMA_GATEWAY, "info-packages", place), errors);
	check_pair(scope, SCHEMA_GATEWAY, place, errors);
	check_numbers(&gateway->common, scope, SCHEMA_GATEWAY, place, errors);
	/* One that is out of use may be unfinished. */
	if (!gateway->common.enabled)
		return;
	if (gateway->common.tls != CONFIG_TLS_NO)
		check_tls(&gateway->common.certs,
			"[gateway] and in [external], which tls = yes or observe needs",
			scope_place(scope, SCHEMA_GATEWAY, "tls", place), errors);
	check_next(&gateway->common.certs, scope, SCHEMA_GATEWAY, place, errors);
	check_credentials(&gateway->common.certs, scope, SCHEMA_GATEWAY, place, errors);
	check_media(&gateway->common.media, "",
		scope_place(scope, SCHEMA_GATEWAY, "media-advertise-address", place),
		errors);
	check_terms(config, gateway, scope, place, errors);
	check_emergency_reserve(gateway, scope, place, errors);
	check_identity(&gateway->common.identity, "",
		scope_place(scope, SCHEMA_GATEWAY, "privacy", place), errors);
	check_auth(config, &gateway->common, scope, SCHEMA_GATEWAY, place, errors);
	check_timers(&gateway->common.timers, "", scope, SCHEMA_GATEWAY, place, errors);
	check_register(gateway, scope, place, errors);
	if (gateway->common.tls_min < CONFIG_TLS_1_2)
		check_exception(&gateway->common.peer, "tls-min", scope, SCHEMA_GATEWAY,
			place, errors);
	if (gateway->common.ciphers != CONFIG_CIPHERS_MODERN)
		check_exception(&gateway->common.peer, "ciphers", scope, SCHEMA_GATEWAY,
			place, errors);
	if (gateway->common.peer.revocation == CONFIG_REVOCATION_SOFT)
		check_exception(&gateway->common.peer, "revocation", scope,
			SCHEMA_GATEWAY, place, errors);
	if (gateway->common.tls == CONFIG_TLS_YES &&
		gateway->common.media.t38 == CONFIG_T38_RELAY)
		check_exception(&gateway->common.peer, "t38", scope, SCHEMA_GATEWAY,
			place, errors);
	if (gateway->common.tls != CONFIG_TLS_NO &&
		gateway->common.srtp == CONFIG_SRTP_OFF)
		errors_add(errors, scope_place(scope, SCHEMA_GATEWAY, "srtp", place),
			"srtp: expected required or optional while tls is not no, "
			"got \"off\"");
	if (gateway->common.tls != CONFIG_TLS_YES &&
		gateway->common.transport == CONFIG_UDP && config->external.udp.len == 0)
		errors_add(errors, scope_place(scope, SCHEMA_GATEWAY, "transport", place),
			"transport: expected udp in [external] to be set for it");
}
