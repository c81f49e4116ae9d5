/* How servers and gateways are protected, in sentences. */
#include "check/check_priv.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* Anchors that a sentence names. */
#define ANCHORS_NAMED 2

struct anchors {
	struct buf *out;
	unsigned count;
};

static void anchor_h(void *arg, const struct facts *facts)
{
	struct anchors *anchors = arg;

	if (anchors->count++ < ANCHORS_NAMED)
		buf_printf(anchors->out, "%s'%s'", anchors->count > 1 ? " or " : "",
			facts->common_name[0] ? facts->common_name : facts->subject);
}

static void crl_h(void *arg, const struct facts_crl *crl)
{
	(void)arg;
	(void)crl;
}

/* Who has to have certified it: "'Carriers CA'", and whether lists are looked at. */
static void add_anchors(struct buf *out, const char *trust_file, const char *crl_file)
{
	struct anchors anchors = {out, 0};
	const struct trust_reader reader = {anchor_h, crl_h, &anchors};
	struct trust *trust;

	if (trust_load(&trust, trust_file, crl_file, NULL)) {
		buf_add_str(out, "nobody, since its trust cannot be read");
		return;
	}
	trust_read(trust, &reader);
	if (anchors.count > ANCHORS_NAMED)
		buf_printf(out, " or %u others", anchors.count - ANCHORS_NAMED);
	trust_unref(trust);
}

static void add_tls(struct buf *out, enum trunk_kind kind, const struct config *config,
	const struct config_trunk *trunk)
{
	const struct config_tls *common = trunk_side_files(kind, config);
	const struct config_tls *own = &trunk->certs;

	buf_printf(out, "mutual TLS %s%s as %s by ",
		config_tls_version_name(trunk->tls_min),
		trunk->tls_min == CONFIG_TLS_1_3 ? "" : " or later", trunk->host);
	add_anchors(out, own->trust[0] ? own->trust : common->trust,
		own->crl[0] ? own->crl : common->crl);
	buf_add_str(out, trunk->peer.pins.count ? ", with a pinned key" : "");
	buf_add_str(out, own->crl[0] || common->crl[0] ? ", revocation lists"
						       : ", without revocation lists");
	buf_printf(out, ", SRTP %s", config_srtp_name(trunk->srtp));
}

static void add_sentence(struct buf *out, enum trunk_kind kind,
	const struct config *config, const struct config_trunk *trunk)
{
	if (trunk->tls == CONFIG_TLS_YES) {
		add_tls(out, kind, config, trunk);
		return;
	}
	buf_printf(out,
		"plain SIP over %s and RTP: signalling and media are not protected",
		trunk->transport == CONFIG_TCP ? "TCP" : "UDP");
	if (trunk->tls == CONFIG_TLS_OBSERVE)
		buf_add_str(out, "; TLS is observed");
}

/* What allows less than the rules ask for: TLS trunks alone, the sentence of a plain one says it. */
static void add_exceptions(json_t *list, const struct config_trunk *trunk)
{
	const struct config_peer *peer = &trunk->peer;
	const struct {
		bool set;
		const char *key, *value, *allows;
	} rows[] = {
		{trunk->tls_min < CONFIG_TLS_1_2, "tls-min",
			config_tls_version_name(trunk->tls_min), "TLS below 1.2"},
		{trunk->ciphers != CONFIG_CIPHERS_MODERN, "ciphers",
			config_ciphers_name(trunk->ciphers), "AES-CBC"},
		{peer->wildcard != CONFIG_WILDCARD_NO, "wildcard",
			config_wildcard_name(peer->wildcard),
			"a certificate for a whole domain"},
		{peer->revocation == CONFIG_REVOCATION_SOFT, "revocation",
			config_revocation_name(peer->revocation),
			"a certificate whose revocation cannot be judged"},
		{trunk->srtp != CONFIG_SRTP_REQUIRED, "srtp",
			config_srtp_name(trunk->srtp), "RTP in clear"},
		{trunk->media.t38 == CONFIG_T38_RELAY, "t38",
			config_t38_name(trunk->media.t38), "fax in clear"},
	};
	char until[CLOCK_TEXT_SIZE] = "";

	if (trunk->tls != CONFIG_TLS_YES)
		return;
	if (peer->exception_until) {
		clock_text((uint64_t)peer->exception_until * 1000000, until);
		until[10] = '\0';
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[160];

		if (!rows[i].set)
			continue;
		snprintf(text, sizeof(text), "%s = %s allows %s%s%s", rows[i].key,
			rows[i].value, rows[i].allows, until[0] ? " until " : "", until);
		json_array_append_new(list, json_string(text));
	}
}

static void add_trunk(json_t *array, enum trunk_kind kind, const struct config *config,
	const struct config_trunk *trunk)
{
	json_t *exceptions = json_array();
	char quoted[LOG_TEXT_SIZE];
	json_t *sentence;
	struct buf out;

	buf_init(&out, 0);
	add_sentence(&out, kind, config, trunk);
	if (!trunk->enabled)
		buf_add_str(&out, " (not enabled)");
	add_exceptions(exceptions, trunk);
	/* names of authorities may hold what is no UTF-8 */
	sentence = json_string(buf_str(&out) ? out.data : "");
	if (!sentence)
		sentence = json_string(log_text(quoted, out.data, out.len));
	json_array_append_new(
		array, json_pack("{s:s, s:s, s:o, s:o}", "kind",
			       kind == TRUNK_SERVER ? "server" : "trunk", "id", trunk->id,
			       "protection", sentence, "exceptions", exceptions));
	buf_free(&out);
}

json_t *check_protection(const struct config *config)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < config->server_count; i++)
		add_trunk(array, TRUNK_SERVER, config, &config->servers[i].common);
	for (size_t i = 0; array && i < config->gateway_count; i++)
		add_trunk(array, TRUNK_GATEWAY, config, &config->gateways[i].common);
	return array;
}

void check_print_protection(const json_t *trunks, FILE *out)
{
	for (size_t i = 0; i < json_array_size(trunks); i++) {
		const json_t *trunk = json_array_get(trunks, i);
		const json_t *exceptions = json_object_get(trunk, "exceptions");

		fprintf(out, "%s %s: %s\n",
			json_string_value(json_object_get(trunk, "kind")),
			json_string_value(json_object_get(trunk, "id")),
			json_string_value(json_object_get(trunk, "protection")));
		for (size_t j = 0; j < json_array_size(exceptions); j++)
			fprintf(out, "  exception: %s\n",
				json_string_value(json_array_get(exceptions, j)));
	}
}
