/* What the layers below the made-up server of test_verbs.c say, whatever it does: the words of
 * settings, trunks, and numbers. */
#include "bridge/bridge.h"
#include "config/config.h"
#include "config/load.h"
#include "media/relay.h"
#include "sip/transport.h"
#include "trunk/stapler.h"
#include "trunk/trunk.h"

#include <stdio.h>

void config_errors_init(struct config_errors *errors)
{
	buf_init(&errors->text, 0);
}

void config_errors_free(struct config_errors *errors)
{
	buf_free(&errors->text);
}

struct config *config_ref(struct config *same)
{
	return same;
}

void config_unref(struct config *ignored)
{
	(void)ignored;
}

const char *config_suite_name(enum config_suite suite)
{
	return suite == CONFIG_SUITE_AES_CM_128_80 ? "AES_CM_128_HMAC_SHA1_80" : "other";
}

const char *config_srtp_name(enum config_srtp srtp)
{
	return srtp == CONFIG_SRTP_REQUIRED ? "required" : "off";
}

const char *config_wildcard_name(enum config_wildcard wildcard)
{
	return wildcard == CONFIG_WILDCARD_NO ? "no" : "one-label";
}

const char *config_eku_name(enum config_eku eku)
{
	return eku == CONFIG_EKU_EITHER ? "either" : "strict";
}

const char *config_tls_name(enum config_tls_mode mode)
{
	static const char *const names[] = {"no", "observe", "yes"};

	return names[mode];
}

const char *config_t38_name(enum config_t38 t38)
{
	return t38 == CONFIG_T38_REFUSE ? "refuse" : "relay";
}

const char *config_tls_version_name(enum config_tls_version version)
{
	static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};

	return names[version];
}

const char *config_ciphers_name(enum config_ciphers ciphers)
{
	static const char *const names[] = {"modern", "compatible", "legacy"};

	return names[ciphers];
}

const char *config_mutual_name(enum config_mutual mutual)
{
	return mutual == CONFIG_MUTUAL_LAX ? "lax" : "strict";
}

const char *config_revocation_name(enum config_revocation revocation)
{
	return revocation == CONFIG_REVOCATION_HARD   ? "hard"
	       : revocation == CONFIG_REVOCATION_SOFT ? "soft"
						      : "other";
}

void stapler_each(const struct stapler *stapler,
	void (*h)(void *arg, const struct stapler_state *state), void *arg)
{
	(void)stapler;
	h(arg, &(struct stapler_state){.certificate = "own.pem",
		       .responder = "http://ca.example/",
		       .until = 1,
		       .error = "no answer"});
}

const char *config_audit_name(enum config_audit mode)
{
	return mode == CONFIG_AUDIT_FULL ? "full" : "off";
}

int trunks_check(struct config *checked, struct err_text *text)
{
	(void)checked;
	(void)text;
	return 0;
}

void trunks_each_tls(const struct trunks *trunks,
	void (*h)(void *arg, const struct trunk_tls *tls), void *arg)
{
	(void)trunks;
	(void)h;
	(void)arg;
}

const char *transport_kind_name(enum transport_kind kind)
{
	return kind == TRANSPORT_TLS ? "TLS" : "UDP";
}

void transport_totals(const struct transport *transport, struct transport_totals *ret)
{
	(void)transport;
	*ret = (struct transport_totals){.connections = 3, .refused = 4};
}

void relay_totals(const struct relay *relay, struct relay_totals *ret)
{
	(void)relay;
	*ret = (struct relay_totals){.io = "sockets", .workers = 2, .ports_total = 5000};
}

void bridge_totals(const struct bridge *bridge, struct bridge_totals *ret)
{
	(void)bridge;
	*ret = (struct bridge_totals){.calls = 1, .started = 9, .ended = 8};
}

unsigned bridge_call_count(const struct bridge *bridge)
{
	(void)bridge;
	return 1;
}

struct trunk *trunk_ref(struct trunk *trunk)
{
	trunk->refs++;
	return trunk;
}

void trunk_unref(struct trunk *trunk)
{
	trunk->refs--;
}

struct cred *trunks_cred(const struct trunks *trunks, enum trunk_kind kind)
{
	(void)trunks;
	(void)kind;
	return NULL;
}
