#include "admin/faults.h"

#include "admin/api.h"
#include "admin/exception.h"
#include "admin/moment.h"
#include "config/config.h"
#include "media/relay.h"
#include "tls/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 512

/* Whom and what a fault is about. */
struct subject {
	const char *kind, *id, *traffic, *rule;
};

static void add(struct faults *faults, const struct subject *subject, const char *words,
	const char *fix)
{
	json_array_append_new(faults->array,
		json_pack("{s:s, s:o, s:s, s:s, s:o, s:s}", "kind", subject->kind, "id",
			api_text(subject->id), "traffic", subject->traffic, "rule",
			subject->rule, "words", api_text(words), "fix", fix));
}

static void own_certificate_h(void *arg, const struct trunk_tls *tls)
{
	struct faults *faults = arg;
	const char *side = tls->kind == TRUNK_SERVER ? "internal" : "external";
	const struct subject subject = {.kind = tls->trunk ? "trunk" : "side",
		.id = tls->trunk ? tls->trunk->id : side,
		.traffic = "signalling",
		.rule = "certificate-expired"};
	char words[WORDS_MAX], date[MOMENT_TEXT_SIZE];

	if (!tls->cred || cred_expires(tls->cred) > faults->now)
		return;
	snprintf(words, sizeof(words), "the certificate that we present, %s, expired %s",
		tls->switched ? tls->files->next_certificate : tls->files->certificate,
		moment_text(cred_expires(tls->cred), date));
	add(faults, &subject, words,
		"put a new certificate and its key in place; they are taken into use "
		"without a reload");
}

void faults_of_server(struct faults *faults, const struct verbs_context *context)
{
	const struct config *config = context->config_h(context->arg);
	const struct subject subject = {.kind = "tandem",
		.id = "",
		.traffic = "signalling",
		.rule = "fips-inactive"};
	const bool required = config->tandem.fips == CONFIG_FIPS_REQUIRED;

	if (required && !policy_fips_active())
		add(faults, &subject,
			"fips = required, but GnuTLS is not in FIPS 140 mode",
			"start tandemd where the FIPS mode of the system is on");
	else if (required && strcmp(relay_crypto_name(), "GnuTLS") != 0)
		add(faults, &subject,
			"fips = required was set while tandemd ran without it",
			"start tandemd anew");
	trunks_each_tls(context->trunks, own_certificate_h, faults);
}

void faults_of_trunk(struct faults *faults, const struct trunk *trunk)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	const struct subject subject = {.kind = trunk->gateway ? "trunk" : "server",
		.id = trunk->id,
		.traffic = "signalling",
		.rule = "crl-overdue"};
	char words[WORDS_MAX], date[MOMENT_TEXT_SIZE];
	time_t due;

	if (!trunk_is_tls(trunk) || !trunk->peer ||
		settings->peer.revocation == CONFIG_REVOCATION_SOFT)
		return;
	due = trust_crl_due(trunk->peer->trust);
	if (due == 0 || due > faults->now)
		return;
	snprintf(words, sizeof(words), "a revocation list in %s was due %s",
		settings->certs.crl, moment_text(due, date));
	add(faults, &subject, words,
		"fetch the authority's present list; whom it concerns is refused");
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void add_exceptions(
	struct faults *faults, struct subject *subject, const json_t *row)
{
	const json_t *entry;
	char words[WORDS_MAX];
	size_t i;

	subject->rule = "exception-over";
	json_array_foreach(json_object_get(row, "exceptions"), i, entry)
	{
		if (!exception_is_over(entry))
			continue;
		snprintf(words, sizeof(words),
			"%s, which allows %s, was excepted until %s",
			text_of(entry, "setting"), text_of(entry, "allows"),
			text_of(entry, "until"));
		add(faults, subject, words,
			"end the exception, or give it another exception-until");
	}
}

static void add_connections(
	struct faults *faults, struct subject *subject, const json_t *row)
{
	const char *least = text_of(row, "tls_least");
	const json_t *connection;
	char words[WORDS_MAX];
	size_t i;

	subject->rule = "connection-below";
	json_array_foreach(json_object_get(row, "connections"), i, connection)
	{
		const char *version = text_of(connection, "tls_version");

		/* "TLS1.2" < "TLS1.3"; in plain it is "". */
		if (strcmp(version, least) >= 0)
			continue;
		snprintf(words, sizeof(words),
			"the connection with %s is %s %s, demanded is %s",
			text_of(connection, "remote"), text_of(connection, "transport"),
			version, least);
		add(faults, subject, words,
			"tandemctl config reload judges every connection anew");
	}
}

void faults_of_row(struct faults *faults, const json_t *row, const struct tally_sum *sum)
{
	struct subject subject = {.kind = text_of(row, "kind"),
		.id = text_of(row, "id"),
		.traffic = text_of(row, "traffic")};
	char words[WORDS_MAX];

	if (strcmp(text_of(row, "state"), "disabled") != 0)
		add_exceptions(faults, &subject, row);
	add_connections(faults, &subject, row);
	if (!sum || sum->below == 0)
		return;
	subject.rule = "calls-below";
	snprintf(words, sizeof(words),
		"%" PRIu64
		" legs of calls had less than was demanded, the last in call %s",
		sum->below, sum->below_id);
	add(faults, &subject, words,
		"look at that call's record; nothing should let this happen");
}
