#include "witness/settings.h"

#include "base/regular.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define PORT 8431
#define RATE 20
#define RATE_MAX 10000

/* Each: 0, or ERR_FORMAT with TEXT. */

static int set_listen(struct settings *settings, struct span value, struct err_text *text)
{
	if (addr_parse(&settings->listen, value.p, PORT) != 0)
		return err_set(text, ERR_FORMAT,
			"listen: expected ADDRESS:PORT, got \"%s\"", value.p);
	return 0;
}

static int set_name(struct settings *settings, struct span value, struct err_text *text)
{
	static const uint8_t any[ED25519_PUBLIC_LEN];
	struct note_key key;

	if (note_key_make(&key, value, any) != 0)
		return err_set(text, ERR_FORMAT,
			"name: expected text without blanks and plus, as "
			"witness.example.com/w1, got \"%s\"",
			value.p);
	memcpy(settings->name, key.name, sizeof(key.name));
	return 0;
}

static int set_path(char *ret, size_t size, const char *name, struct span value,
	struct err_text *text)
{
	if (value.len == 0 || span_copy(value, ret, size) != 0)
		return err_set(text, ERR_FORMAT, "%s: expected a path", name);
	return 0;
}

static int set_state(struct settings *settings, struct span value, struct err_text *text)
{
	return set_path(settings->state, sizeof(settings->state), "state", value, text);
}

static int set_key(struct settings *settings, struct span value, struct err_text *text)
{
	return set_path(settings->key, sizeof(settings->key), "key", value, text);
}

static int set_certificate(
	struct settings *settings, struct span value, struct err_text *text)
{
	return set_path(settings->certificate, sizeof(settings->certificate),
		"certificate", value, text);
}

static int set_certificate_key(
	struct settings *settings, struct span value, struct err_text *text)
{
	return set_path(settings->certificate_key, sizeof(settings->certificate_key),
		"certificate-key", value, text);
}

static int set_rate(struct settings *settings, struct span value, struct err_text *text)
{
	uint64_t rate;

	if (span_uint(value, RATE_MAX, &rate) != 0 || rate == 0)
		return err_set(text, ERR_FORMAT,
			"rate: expected a number from 1 to %d, got \"%s\"", RATE_MAX,
			value.p);
	settings->rate = (unsigned)rate;
	return 0;
}

static int add_log(struct settings *settings, struct span value, struct err_text *text)
{
	if (settings->log_count == WITNESS_LOGS_MAX)
		return err_set(
			text, ERR_FORMAT, "log: expected at most %d", WITNESS_LOGS_MAX);
	if (note_key_read(&settings->logs[settings->log_count], value) != 0)
		return err_set(text, ERR_FORMAT,
			"log: expected the key of a log, as `tandemctl cdr key` prints "
			"it, got \"%s\"",
			value.p);
	settings->log_count++;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct settings *settings, struct span value, struct err_text *text);
} rows[] = {
	{"listen", set_listen},
	{"name", set_name},
	{"state", set_state},
	{"key", set_key},
	{"certificate", set_certificate},
	{"certificate-key", set_certificate_key},
	{"rate", set_rate},
	{"log", add_log},
};

static int read_line(struct settings *settings, struct span line, struct err_text *text)
{
	char value[SETTINGS_PATH_SIZE];
	struct span name;

	line = span_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return 0;
	if (!span_next(&line, '=', &name) || !line.p ||
		span_copy(span_trim(line), value, sizeof(value)) != 0)
		return err_set(text, ERR_FORMAT, "expected NAME = VALUE");
	name = span_trim(name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (span_equal_str(name, rows[i].name))
			return rows[i].set(settings, span_of(value), text);
	return err_set(text, ERR_FORMAT,
		"\"%.*s\" is no setting: there are listen, name, state, key, "
		"certificate, "
		"certificate-key, rate and log",
		(int)name.len, name.p);
}

static int check(struct settings *settings, struct err_text *text)
{
	if (!settings->name[0])
		return err_set(text, ERR_FORMAT, "name is missing");
	if (!settings->log_count)
		return err_set(
			text, ERR_FORMAT, "log is missing: who is to be witnessed?");
	if (settings->certificate[0] && !settings->certificate_key[0])
		return err_set(text, ERR_FORMAT,
			"certificate-key is missing beside certificate");
	if (settings->certificate_key[0] && !settings->certificate[0])
		return err_set(text, ERR_FORMAT,
			"certificate is missing beside certificate-key");
	if (!settings->key[0])
		snprintf(settings->key, sizeof(settings->key), "%s/witness.key",
			settings->state);
	return 0;
}

int settings_load(struct settings *ret, const char *path, struct err_text *text)
{
	struct settings settings = {.rate = RATE, .state = "/var/lib/tandem-witness"};
	struct span rest, line;
	struct err_text why = {""};
	unsigned number = 0;
	struct buf file;
	int err;

	(void)addr_parse(&settings.listen, "127.0.0.1", PORT);
	buf_init(&file, 0);
	err = regular_read(AT_FDCWD, path, FILE_MAX, &file);
	if (err)
		err_set(text, err, "%s: %s", path, err_str(err));
	rest = buf_span(&file);
	while (!err && rest.len > 0 && span_next(&rest, '\n', &line)) {
		number++;
		err = read_line(&settings, line, &why);
		if (err)
			err_set(text, err, "%s:%u: %s", path, number, why.text);
	}
	if (!err) {
		err = check(&settings, &why);
		if (err)
			err_set(text, err, "%s: %s", path, why.text);
	}
	buf_free(&file);
	if (!err)
		*ret = settings;
	return err;
}
