#include "setup/plan.h"

#include "config/file.h"
#include "setup/ask.h"
#include "setup/keys.h"
#include "setup/machine.h"
#include "setup/sides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANSWER_BYTES 1024

/* --- fields, one by one */

static int take_fqdn(struct plan *plan, const char *value, struct err_text *text)
{
	int err = keys_check(SCHEMA_TANDEM, "fqdn", "fqdn", value, text);

	if (err == 0)
		snprintf(plan->fqdn, sizeof(plan->fqdn), "%s", value);
	return err;
}

static int take_address(char ret[static ADDR_TEXT_SIZE], const char *name,
	const char *value, struct err_text *text)
{
	char known[256] = "";
	struct addr addr;

	if (addr_parse_host(&addr, value, strlen(value), 0) != 0 || addr_is_any(&addr))
		return err_set(text, ERR_FORMAT,
			"%s %s: expected a numeric address such as 192.0.2.10", name,
			value);
	if (!machine_has(&addr)) {
		machine_addresses(known, sizeof(known));
		return err_set(text, ERR_FORMAT,
			"%s %s: not an address of this machine (%s); where NAT is "
			"between, give "
			"that of the machine, and the other by "
			"--set media.external-advertise-address=%s",
			name, value, known, value);
	}
	addr_host_text(&addr, ret);
	return 0;
}

static int take_internal_address(
	struct plan *plan, const char *value, struct err_text *text)
{
	return take_address(plan->internal_address, "internal-address", value, text);
}

static int take_external_address(
	struct plan *plan, const char *value, struct err_text *text)
{
	return take_address(plan->external_address, "external-address", value, text);
}

/* The word before the next colon, which *AT is then behind. False when there is none. */
static bool take_word(const char **at, char *ret, size_t size)
{
	size_t len = strcspn(*at, ":");

	if (len == 0 || len >= size)
		return false;
	snprintf(ret, size, "%.*s", (int)len, *at);
	*at += len + ((*at)[len] == ':');
	return true;
}

/* HOST[:PORT], an IPv6 address in brackets. */
static int take_host(
	struct plan_peer *peer, const char *name, const char *at, struct err_text *text)
{
	const char *close = at[0] == '[' ? strchr(at, ']') : NULL;
	const char *end = close ? close + 1 : at + strcspn(at, ":");
	const char *from = close ? at + 1 : at;
	size_t len = (size_t)((close ? close : end) - from);
	char host[sizeof(peer->host)];
	int err;

	if (len == 0 || len >= sizeof(host))
		return err_set(text, ERR_FORMAT, "%s: a host is missing", name);
	snprintf(host, sizeof(host), "%.*s", (int)len, from);
	err = keys_check(SCHEMA_SERVER, "host", name, host, text);
	if (err == 0 && end[0] == ':')
		err = keys_check(SCHEMA_SERVER, "port", name, end + 1, text);
	if (err != 0)
		return err;
	memcpy(peer->host, host, sizeof(host));
	peer->port =
		end[0] == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : peer->kind->port;
	return 0;
}

static int take_kind(struct plan_peer *peer, const char *name, bool trunk,
	const char **at, struct err_text *text)
{
	char word[32], known[256] = "";

	peer->kind = take_word(at, word, sizeof(word)) ? kinds_find(word, trunk) : NULL;
	if (peer->kind)
		return 0;
	kinds_list(trunk, known, sizeof(known));
	return err_set(text, ERR_FORMAT, "%s: expected %s, KIND one of: %s", name,
		trunk ? "KIND:ID:HOST[:PORT]" : "KIND:HOST[:PORT]", known);
}

static int take_pbx(struct plan *plan, const char *value, struct err_text *text)
{
	struct plan_peer peer = {.kind = NULL};
	struct addr addr;
	int err = take_kind(&peer, "pbx", false, &value, text);

	if (err == 0)
		err = take_host(&peer, "pbx", value, text);
	if (err != 0)
		return err;
	/* The first label of its name, which is how people call it. */
	if (addr_parse_host(&addr, peer.host, strlen(peer.host), 0) == 0)
		snprintf(peer.id, sizeof(peer.id), "pbx");
	else
		snprintf(peer.id, sizeof(peer.id), "%.*s", (int)strcspn(peer.host, "."),
			peer.host);
	plan->pbx = peer;
	return 0;
}

static int take_trunk(struct plan *plan, const char *value, struct err_text *text)
{
	struct plan_peer peer = {.kind = NULL};
	int err = take_kind(&peer, "trunk", true, &value, text);

	if (err != 0)
		return err;
	if (!take_word(&value, peer.id, sizeof(peer.id)) || !schema_id_valid(peer.id))
		return err_set(text, ERR_FORMAT,
			"trunk: expected KIND:ID:HOST[:PORT], ID of letters, digits, "
			"'.', '_' "
			"and '-'");
	err = take_host(&peer, "trunk", value, text);
	if (err != 0)
		return err;
	if (plan->pbx.kind && strcmp(plan->pbx.id, peer.id) == 0)
		return err_set(text, ERR_FORMAT,
			"trunk: %s is the name of the PBX already; call it otherwise",
			peer.id);
	if (plan->pbx.kind && strcasecmp(plan->pbx.host, peer.host) == 0)
		return err_set(text, ERR_FORMAT,
			"trunk: %s is the PBX; the trunk is another far end", peer.host);
	plan->trunk = peer;
	return 0;
}

/* What a folder must have for both sides. */
static int check_folder(const char *folder, struct err_text *text)
{
	static const char *const suffixes[] = {".pem", ".key", "-ca.pem"};
	char path[PATH_MAX];

	for (int side = 0; side < SIDES_COUNT; side++)
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			snprintf(path, sizeof(path), "%.*s/%s%s", PATH_MAX - 64, folder,
				sides_names[side], suffixes[i]);
			if (!sides_has_file(path))
				return err_set(text, ERR_FORMAT,
					"certificates %s: %s is not there; expected "
					"internal.pem, internal.key, internal-ca.pem, "
					"and the "
					"same of external",
					folder, path);
		}
	return 0;
}

static int take_certificates(struct plan *plan, const char *value, struct err_text *text)
{
	char *folder = NULL;
	struct stat st;
	int err;

	if (strcmp(value, "lab") == 0 || strcmp(value, "request") == 0) {
		plan->certificates = value[0] == 'l' ? PLAN_LAB : PLAN_REQUEST;
		return 0;
	}
	if (stat(value, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(text, ERR_FORMAT,
			"certificates %s: expected lab, request, or a folder that is "
			"there",
			value);
	err = check_folder(value, text);
	if (err == 0)
		err = file_absolute(&folder, value);
	if (err == 0 && strlen(folder) < PATH_MAX - 64) {
		snprintf(plan->certificate_folder, sizeof(plan->certificate_folder), "%s",
			folder);
		plan->certificates = PLAN_FOLDER;
	}
	free(folder);
	return err;
}

/* --- defaults */

static bool find_fqdn(const struct plan *plan, char *ret, size_t size)
{
	(void)plan;
	return machine_fqdn(ret, size);
}

static bool find_internal_address(const struct plan *plan, char *ret, size_t size)
{
	(void)plan;
	(void)size;
	return machine_address(ret);
}

static bool find_external_address(const struct plan *plan, char *ret, size_t size)
{
	snprintf(ret, size, "%s", plan->internal_address);
	return true;
}

static bool find_certificates(const struct plan *plan, char *ret, size_t size)
{
	(void)plan;
	snprintf(ret, size, "lab");
	return true;
}

static bool find_none(const struct plan *plan, char *ret, size_t size)
{
	(void)plan;
	(void)ret;
	(void)size;
	return false;
}

/* In the order of enum plan_field. */
static const struct field {
	const char *name, *question, *why;
	int (*take)(struct plan *plan, const char *value, struct err_text *text);
	bool (*find)(const struct plan *plan, char *ret, size_t size);
} fields[PLAN_FIELDS] = {
	[PLAN_FQDN] = {"--fqdn", "What is the full name of this server?",
		"Far ends connect to it, and its certificates must carry it.", take_fqdn,
		find_fqdn},
	[PLAN_PBX] = {"--pbx", "Which PBX is it for? KIND:HOST[:PORT]",
		"HOST is the name in its certificate: asterisk:pbx1.example.com",
		take_pbx, find_none},
	[PLAN_TRUNK] = {"--trunk", "Which trunk comes first? KIND:ID:HOST[:PORT]",
		"ID is what you call it: carrier:carrier-a:sbc.carrier.example",
		take_trunk, find_none},
	[PLAN_INTERNAL_ADDRESS] = {"--internal-address",
		"Which address of this machine is for the PBX?",
		"It listens there for TLS, and media of that side comes to it.",
		take_internal_address, find_internal_address},
	[PLAN_EXTERNAL_ADDRESS] = {"--external-address",
		"Which address of this machine is for trunks?",
		"The same, or that of another network.", take_external_address,
		find_external_address},
	[PLAN_CERTIFICATES] = {"--certificates",
		"Where do certificates come from? lab, request, or a folder",
		"lab makes them now by a small authority of your own; request makes what "
		"an "
		"authority wants.",
		take_certificates, find_certificates},
};

struct asked {
	struct plan *plan;
	const struct field *field;
};

static int check_h(void *arg, const char *answer, struct err_text *text)
{
	struct asked *asked = arg;

	return asked->field->take(asked->plan, answer, text);
}

static int ask_field(struct plan *plan, const struct field *field)
{
	struct asked asked = {plan, field};
	char fallback[ANSWER_BYTES] = "", answer[ANSWER_BYTES];
	struct ask_question question = {.question = field->question,
		.why = field->why,
		.check_h = check_h,
		.arg = &asked};

	if (field->find(plan, fallback, sizeof(fallback)))
		question.fallback = fallback;
	return ask_line(&question, answer, sizeof(answer));
}

/* Nobody to ask: its default, or its name added to MISSING. */
static int default_field(struct plan *plan, const struct field *field, bool yes,
	char *missing, size_t size, struct err_text *text)
{
	char value[ANSWER_BYTES];
	size_t at = strlen(missing);

	if (yes && field->find(plan, value, sizeof(value)))
		return field->take(plan, value, text);
	if (at + 1 < size)
		snprintf(missing + at, size - at, "%s%s", at ? ", " : "", field->name);
	return 0;
}

int plan_read(struct plan *ret, const struct args_values *given, bool yes,
	struct err_text *text)
{
	bool person = !yes && ask_possible();
	char missing[256] = "";
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	/* What was given is judged before anything is asked. */
	for (int i = 0; err == 0 && i < PLAN_FIELDS; i++)
		if (given[i].count > 0)
			err = fields[i].take(ret, given[i].values[0], text);
	for (int i = 0; err == 0 && i < PLAN_FIELDS; i++) {
		if (given[i].count > 0)
			continue;
		err = person ? ask_field(ret, &fields[i])
			     : default_field(ret, &fields[i], yes, missing,
				       sizeof(missing), text);
	}
	if (err == ERR_CLOSED)
		return err_set(text, err, "nothing was written");
	if (err == 0 && missing[0])
		return err_set(text, ERR_FORMAT,
			"missing: %s (no terminal to ask at; --yes takes the defaults of "
			"this "
			"machine for what has one)",
			missing);
	return err;
}
