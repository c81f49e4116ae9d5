/* The files of a Tandem that runs: configuration and certificates. */
#include "live_priv.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_CRL_DAYS 30

/* ---- certificates ---- */

/* Like the stage's, by a root that goes on to sign for the parties. */
void live_write_certificates(struct live *live)
{
	struct lab_id us;

	lab_root(&live->root, "Scenario CA");
	lab_host(&us, "med.tandem.example", &live->root);
	lab_write_chain("ca.pem", &live->root);
	lab_write_chain("us.pem", &us);
	lab_write_key("us.key", &us, 0600);
	lab_drop(&us);
	live_revoke(live, NULL);
}

void live_certify(struct live *live, struct live_station *station)
{
	char chain[32], key[32];

	snprintf(chain, sizeof(chain), "party%u.pem", ++live->certificates);
	snprintf(key, sizeof(key), "party%u.key", live->certificates);
	live_net_drop_cred(station);
	lab_host(&station->id, station->party->host, &live->root);
	lab_write_chain(chain, &station->id);
	lab_write_key(key, &station->id, 0600);
	station->cred =
		live_link_cred(lab_path(chain), lab_path(key), lab_path("ca.pem"));
}

void live_revoke(struct live *live, const struct live_station *station)
{
	lab_write_crl("revoked.pem", &live->root, NULL, station ? &station->id : NULL,
		LIVE_CRL_DAYS, false);
}

/* ---- the configuration ---- */

static void shorten(struct list *settings, const char *key, const char *fallback)
{
	const char *value = settings_get(settings, "limits", "", key);
	char text[32];

	if (!value && !fallback)
		return;
	snprintf(text, sizeof(text), "%lums",
		strtoul(value ? value : fallback, NULL, 10) * 1000 / LIVE_SCALE);
	settings_set(settings, "limits", "", key, text);
}

/* The stage's settings, where this machine has its files, and its time. */
void live_write_settings(struct live *live)
{
	static const char *const files[][2] = {{"certificate", "us.pem"},
		{"key", "us.key"}, {"trust", "ca.pem"}, {"crl", "revoked.pem"}};
	static const char *const ours[][3] = {{"tandem", "dns-server", LIVE_DNS},
		{"tandem", "state-dir", "state"}, {"tandem", "run-dir", "run"},
		{"media", "io", "sockets"}, {"media", "workers", "1"},
		{"media", "timeout", "6s"}, {"limits", "overload", "1m"},
		{"limits", "drain-timeout", "1s"}, {"sip", "t1", "50ms"},
		{"sip", "t2", "400ms"}, {"sip", "t4", "500ms"}};
	struct list settings;

	list_init(&settings);
	settings_copy(&settings, &live->outside.stage->settings);
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		settings_set(
			&settings, "internal", "", files[i][0], lab_path(files[i][1]));
		settings_set(
			&settings, "external", "", files[i][0], lab_path(files[i][1]));
	}
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		settings_set(&settings, ours[i][0], "", ours[i][1], ours[i][2]);
	shorten(&settings, "setup-timeout", "180");
	shorten(&settings, "max-duration", NULL);
	settings_write(&settings, live->daemon.folder);
	settings_free(&settings);
}
