/* Trunks to Microsoft Teams: what its certificates are like since 2026. */
#include "check/check_priv.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MICROSOFT_DOMAIN ".pstnhub.microsoft.com"

/* The authorities that Microsoft names for its SIP proxies, by the SHA-256 of their certificates. */
static const struct {
	const char *name;
	const char *fingerprint;
} roots[] = {
	{"DigiCert Global Root CA", "43:48:A0:E9:44:4C:78:CB:26:5E:05:8D:5E:89:44:B4:"
				    "D8:4F:96:62:BD:26:DB:25:7F:89:34:A4:43:C7:01:61"},
	{"DigiCert Global Root G2", "CB:3C:CB:B7:60:31:E5:E0:13:8F:8D:D3:9A:23:F9:DE:"
				    "47:FF:C3:5E:43:C1:14:4C:EA:27:D4:6A:5A:B1:CB:5F"},
	{"DigiCert Global Root G3", "31:AD:66:48:F8:10:41:38:C7:38:F3:9E:A4:32:01:33:"
				    "39:3E:3A:18:CC:02:29:6E:F9:7C:2A:C9:EF:67:31:D0"},
	{"DigiCert TLS ECC P384 Root G5",
		"01:8E:13:F0:77:25:32:CF:80:9B:D1:B1:72:81:86:72:"
		"83:FC:48:C6:E1:3B:E9:C6:98:12:85:4A:49:0C:1B:05"},
	{"DigiCert TLS RSA4096 Root G5",
		"37:1A:00:DC:05:33:B3:72:1A:7E:EB:40:E8:41:9E:70:"
		"79:9D:2B:0A:0F:2C:1D:80:69:31:65:F7:CE:C4:AD:75"},
	{"Microsoft ECC Root Certificate Authority 2017",
		"35:8D:F3:9D:76:4A:F9:E1:B7:66:E9:C9:72:DF:35:2E:"
		"E1:5C:FA:C2:27:AF:6A:D1:D7:0E:8E:4A:6E:DC:BA:02"},
	{"Microsoft RSA Root Certificate Authority 2017",
		"C7:41:F7:0F:4B:2A:8D:88:BF:2E:71:C1:41:22:EF:53:"
		"EF:10:EB:A0:CF:A5:E6:4C:FA:20:F4:18:85:30:73:E0"},
};

#define ROOTS (sizeof(roots) / sizeof(roots[0]))

static void anchor_h(void *arg, const struct facts *anchor)
{
	bool *there = arg;

	for (size_t i = 0; i < ROOTS; i++)
		if (strcmp(anchor->fingerprint, roots[i].fingerprint) == 0)
			there[i] = true;
}

static void check_roots(struct check *check, const struct config_trunk *trunk)
{
	const struct config_tls *side = trunk_side_files(TRUNK_GATEWAY, check->config);
	const char *file = trunk->certs.trust[0] ? trunk->certs.trust : side->trust;
	bool there[ROOTS] = {false};
	const struct trust_reader reader = {.anchor_h = anchor_h, .arg = there};
	unsigned missing = 0;
	struct trust *trust;
	struct buf names;

	/* without lists; what cannot be read was told as a mistake */
	if (trust_load(&trust, file, NULL, NULL))
		return;
	trust_read(trust, &reader);
	trust_unref(trust);
	buf_init(&names, 0);
	for (size_t i = 0; i < ROOTS; i++)
		if (!there[i])
			buf_printf(&names, "%s%s", missing++ ? ", " : "", roots[i].name);
	if (missing)
		findings_add(check->findings, FINDING_WARNING,
			where_trunk(check, TRUNK_GATEWAY, trunk, "trust"),
			"add them; the profile teams has their fingerprints",
			"trust: %s lacks %u of the %zu authorities of Microsoft's "
			"certificates, and refuses what they issue: %s",
			file, missing, ROOTS, buf_str(&names));
	buf_free(&names);
}

static bool is_microsofts(const char *host)
{
	const size_t len = strlen(host), domain = strlen(MICROSOFT_DOMAIN);

	return len > domain && strcasecmp(host + len - domain, MICROSOFT_DOMAIN) == 0;
}

void check_microsoft(struct check *check)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < config->gateway_count; i++) {
		const struct config_trunk *trunk = &config->gateways[i].common;

		if (!trunk->enabled || trunk->tls == CONFIG_TLS_NO ||
			!is_microsofts(trunk->host))
			continue;
		if (trunk->peer.eku == CONFIG_EKU_STRICT)
			findings_add(check->findings, FINDING_WARNING,
				where_trunk(check, TRUNK_GATEWAY, trunk, "eku"),
				"leave eku as it is by default",
				"eku: strict refuses %s when it calls: since 2026 its "
				"certificates have serverAuth alone",
				trunk->host);
		check_roots(check, trunk);
	}
}
