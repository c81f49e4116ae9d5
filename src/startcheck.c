#include "startcheck.h"

#include "admin/api.h"
#include "audit/sink_pg.h"
#include "audit/style.h"
#include "audit/witnesses.h"
#include "base/log.h"
#include "check/check.h"
#include "check/where.h"
#include "evidence/stamp.h"
#include "evidence/token.h"
#include "hep/settings.h"
#include "privilege.h"
#include "tls/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who asks waits for a token's key so long. */
#define TOKEN_CHECK_MS 2000

static void add_error(struct findings *findings, const char *file, const char *remedy,
	int err, const struct err_text *text)
{
	findings_add(findings, FINDING_ERROR, (struct place){file, 0, 0}, remedy, "%s",
		text->text[0] ? text->text : err_str(err));
}

/* Takes the configuration apart into findings where it cannot be loaded. */
static int load(struct config **ret, const char *file, struct findings *findings)
{
	struct config_errors errors;
	struct err_text text = {{0}};
	int err;

	config_errors_init(&errors);
	err = config_load(ret, file, &errors);
	findings_add_errors(findings, &errors);
	if (err && !errors.count)
		add_error(findings, file, "name the right file with -c", err, &text);
	config_errors_free(&errors);
	return err;
}

/* The user and group that a start needs. */
static int check_user(struct check *check)
{
	struct err_text text = {{0}};
	gid_t group;
	int err = privilege_user(check->config, &check->user, &text);
	const char *key = "user";

	if (!err) {
		key = "admin-group";
		err = privilege_admin_group(check->config, &group, &text);
	}
	if (!err)
		return 0;
	findings_add(check->findings, FINDING_ERROR, where_main(check, "tandem", key),
		"make it (adduser --system, addgroup --system), or name another", "%s",
		text.text[0] ? text.text : err_str(err));
	return err;
}

static int check_fips(struct check *check)
{
	struct err_text text = {{0}};
	int err = 0;

	if (check->config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_fips_check(&text);
	if (!err)
		return 0;
	findings_add(check->findings, FINDING_ERROR, where_main(check, "tandem", "fips"),
		"", "%s", text.text);
	return err;
}

static void check_recipients(struct check *check)
{
	struct style *style = NULL;
	struct err_text text = {{0}};

	if (style_load(&style, check->config, &text) != 0) {
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "audit", "recipients"),
			"give the server's user read permission, and public keys that "
			"age-keygen made",
			"%s", text.text);
	}
	style_unref(style);
}

static void check_witnesses(struct check *check)
{
	struct err_text text = {{0}};

	if (check->config->audit.witness[0] == '\0' ||
		witnesses_check(check->config->audit.witness,
			check->config->audit.witness_https_ca, &text) == 0)
		return;
	findings_add(check->findings, FINDING_ERROR,
		where_main(check, "audit", "witness"),
		"write the URL of each, a blank, and what `tandem-witness -k` prints "
		"there",
		"witness: %s", text.text);
}

static void check_hep(struct check *check)
{
	struct hep_settings *settings = NULL;
	struct err_text text = {{0}};

	if (hep_settings_load(&settings, check->config, NULL, &text) != 0) {
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "hep", "collector"),
			"give the server's user read permission, and name the right "
			"files",
			"%s", text.text);
	}
	hep_settings_free(settings);
}

/* A start finds out by itself, and says so. */
static void check_log_key(struct check *check)
{
	const char *uri = check->config->audit.log_key;
	struct token *token = NULL;
	struct err_text text = {{0}};

	if (!uri[0] || check->by == CHECK_BY_START)
		return;
	if (token_open(&token, uri, &text) != 0 ||
		token_ready(token, TOKEN_CHECK_MS, &text) != 0) {
		findings_add(check->findings, FINDING_WARNING,
			where_main(check, "audit", "log-key"),
			"look at the URI by `p11tool --list-keys TOKEN`, and set "
			"token-dir where the token keeps files (SoftHSM)",
			"log-key: %s: it cannot sign the log", text.text);
	}
	token_free(token);
}

/* Authorities of hosts that are asked by TLS, where URLS has one. */
static void check_https(
	struct check *check, const char *key, const char *urls, const char *authorities)
{
	struct err_text text = {{0}};

	if (!strstr(urls, "https://") || stamp_check_authorities(authorities, &text) == 0)
		return;
	findings_add(check->findings, FINDING_WARNING, where_main(check, "audit", key),
		"name a PEM file of the authorities, and give the server's user read "
		"permission",
		"%s: %s: nobody is asked by https", key, text.text);
}

/* Calls are served without them, so these are no errors. */
static void check_readers(struct check *check)
{
	const struct config *config = check->config;
	struct err_text text = {{0}};

	if (config->audit.timestamp_url[0] &&
		stamp_check_authorities(config->audit.timestamp_ca, &text) != 0) {
		findings_add(check->findings, FINDING_WARNING,
			where_main(check, "audit", "timestamp-ca"),
			"name a PEM file of the authority's certificates, and give the "
			"server's user read permission",
			"timestamp-ca: %s: no stamp will be good", text.text);
	}
	check_https(check, "timestamp-https-ca", config->audit.timestamp_url,
		config->audit.timestamp_https_ca);
	check_https(check, "witness-https-ca", config->audit.witness,
		config->audit.witness_https_ca);
	if (config->sink.postgresql[0] &&
		sink_pg_check(config->sink.postgresql, config->sink.verify, &text) != 0) {
		findings_add(check->findings, FINDING_WARNING,
			where_main(check, "sink", "postgresql"),
			"write the connection string there, for the server's user alone "
			"to read",
			"postgresql: %s: no record will be sent", text.text);
	}
}

/* Files that are named beside those of TLS, as a start reads them. */
static void check_named_files(struct check *check)
{
	check_recipients(check);
	check_witnesses(check);
	check_hep(check);
	check_readers(check);
	check_log_key(check);
}

/* The rights of whom a start becomes, and the configuration as he reads it. */
static int become(struct config **config, struct findings *findings, bool *ret_changed)
{
	const char *file = (*config)->file;
	struct config_errors errors;
	struct err_text text = {{0}};
	int err;

	config_errors_init(&errors);
	err = privilege_become(config, &errors, ret_changed, &text);
	if (err && text.text[0])
		add_error(findings, file,
			"he needs read permission for it and each folder above", err,
			&text);
	findings_add_errors(findings, &errors);
	config_errors_free(&errors);
	return err;
}

/* All of it. *CONFIG is NULL where it cannot be loaded, by us or by the user. */
static void check_whole(struct config **config, const char *file,
	struct findings *findings, enum check_by by)
{
	struct check check;
	const struct passwd *user;
	bool changed;
	int err = load(config, file, findings);

	if (err)
		return;
	check_begin(&check, *config, findings, by);
	err = by == CHECK_BY_TEST ? check_user(&check) : 0;
	user = check.user;
	(void)check_fips(&check);
	check_machine(&check);
	check_end(&check);
	if (!err && by == CHECK_BY_TEST && become(config, findings, &changed))
		return;
	check_begin(&check, *config, findings, by);
	check.user = user;
	check_rights(&check);
	check_named_files(&check);
	check_certificates(&check);
	check_advice(&check);
	check_end(&check);
}

/* The mistakes as lines. */
static json_t *error_lines(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < findings->count; i++) {
		char *line = NULL;

		if (findings->list[i].level == FINDING_ERROR)
			line = finding_line(&findings->list[i]);
		if (line)
			json_array_append_new(array, api_text(line));
		free(line);
	}
	return array;
}

/* {"file", "servers", "gateways", "mistakes", "warnings", "would_start", "verdict",
 * "errors", "findings", "trunks"}; takes TRUNKS. CONFIG may be NULL. */
static json_t *result_json(const char *file, const struct config *config,
	const struct findings *findings, json_t *trunks)
{
	char verdict[FINDINGS_VERDICT_SIZE];

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:s, s:o, s:o, s:o}", "file",
		config ? config->file : file, "servers",
		(json_int_t)(config ? config->server_count : 0), "gateways",
		(json_int_t)(config ? config->gateway_count : 0), "mistakes",
		(json_int_t)findings->counts[FINDING_ERROR], "warnings",
		(json_int_t)findings->counts[FINDING_WARNING], "would_start",
		(int)(findings->counts[FINDING_ERROR] == 0), "verdict",
		findings_verdict(findings, verdict), "errors", error_lines(findings),
		"findings", findings_json(findings), "trunks",
		trunks ? trunks : json_array());
}

static void silent_h(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

bool startcheck_test(const char *file, bool as_json)
{
	char verdict[FINDINGS_VERDICT_SIZE];
	struct findings findings = {0};
	struct err_text text = {{0}};
	struct config *config = NULL;
	json_t *trunks = NULL, *result;
	bool good;
	int err = policy_start(&text);

	/* what the parts log is among the findings */
	log_set_sink(silent_h, NULL);
	if (err)
		add_error(&findings, file, "", err, &text);
	else
		check_whole(&config, file, &findings, CHECK_BY_TEST);
	findings_sort(&findings);
	if (config)
		trunks = check_protection(config);
	good = findings.counts[FINDING_ERROR] == 0;
	if (as_json) {
		result = result_json(file, config, &findings, trunks);
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(result);
	} else {
		findings_print(&findings, false, stderr);
		check_print_protection(trunks, stdout);
		printf("%s: %s\n", file, findings_verdict(&findings, verdict));
		json_decref(trunks);
	}
	findings_free(&findings);
	config_unref(config);
	policy_stop();
	log_set_sink(NULL, NULL);
	return good;
}

/* ---- at a start ---- */

static void log_warnings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding->level == FINDING_WARNING)
			log_warning("server",
				"event=start-warning where=\"%s:%u\" what=\"%s\" "
				"remedy=\"%s\"",
				finding->file, finding->line, finding->what,
				finding->remedy);
	}
}

/* Prints the mistakes and logs the warnings of FINDINGS, which it frees. */
static int conclude(const char *file, struct findings *findings, struct err_text *text)
{
	char verdict[FINDINGS_VERDICT_SIZE];
	int err = 0;

	findings_sort(findings);
	findings_print(findings, true, stderr);
	if (findings->counts[FINDING_ERROR])
		err = err_set(text, ERR_CONFIG, "%s: %s; `tandemd -t` checks it", file,
			findings_verdict(findings, verdict));
	else
		log_warnings(findings);
	findings_free(findings);
	return err;
}

int startcheck_load(struct config **ret, const char *file, struct err_text *text)
{
	struct findings findings = {0};

	(void)load(ret, file, &findings);
	return conclude(file, &findings, text);
}

int startcheck_machine(struct config *config, struct err_text *text)
{
	struct findings findings = {0};
	struct check check;

	check_begin(&check, config, &findings, CHECK_BY_START);
	(void)check_user(&check);
	(void)check_fips(&check);
	check_machine(&check);
	check_end(&check);
	return conclude(config->file, &findings, text);
}

int startcheck_become(struct config **config, bool *ret_changed, struct err_text *text)
{
	struct findings findings = {0};

	(void)become(config, &findings, ret_changed);
	return conclude((*config)->file, &findings, text);
}

int startcheck_rights(struct config *config, struct err_text *text)
{
	struct findings findings = {0};
	struct check check;

	check_begin(&check, config, &findings, CHECK_BY_START);
	check_rights(&check);
	check_named_files(&check);
	check_end(&check);
	return conclude(config->file, &findings, text);
}

void startcheck_explain(struct config *config, struct err_text *text)
{
	struct err_text first = *text;
	struct findings findings = {0};
	struct check check;

	check_begin(&check, config, &findings, CHECK_BY_START);
	check_certificates(&check);
	check_end(&check);
	/* the next moment they may be whole: then what was said first counts */
	if (conclude(config->file, &findings, text) == 0)
		*text = first;
}

json_t *startcheck_refusals(struct config *config)
{
	struct findings findings = {0};
	struct check check;
	json_t *lines;

	check_begin(&check, config, &findings, CHECK_BY_SERVER);
	check_certificates(&check);
	check_end(&check);
	findings_sort(&findings);
	lines = error_lines(&findings);
	findings_free(&findings);
	return lines;
}

json_t *startcheck_live(const char *file, bool *ret_good)
{
	struct findings findings = {0};
	struct config *config = NULL;
	json_t *result;

	check_whole(&config, file, &findings, CHECK_BY_SERVER);
	findings_sort(&findings);
	result = result_json(
		file, config, &findings, config ? check_protection(config) : NULL);
	*ret_good = findings.counts[FINDING_ERROR] == 0;
	findings_free(&findings);
	config_unref(config);
	return result;
}
