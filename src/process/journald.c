#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "process/journald.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* The words of a line that have a field. A line with two of a kind has both. */
static const struct {
	const char *key;
	const char *name;
} known[] = {
	{"call", "CALL_ID"},
	{"event", "EVENT"},
	{"flow", "FLOW"},
	{"rule", "RULE"},
	{"server", "SERVER"},
	{"side", "SIDE"},
	{"status", "SIP_CODE"},
	{"trunk", "TRUNK"},
};

static const char *name_of(const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].key) == len && memcmp(known[i].key, key, len) == 0)
			return known[i].name;
	return NULL;
}

/* From AT on; behind it a blank or the end. A quoted value ends at the next quote that no backslash precedes. */
static const char *read_value(const char *at, struct span *ret)
{
	if (*at != '"') {
		*ret = (struct span){at, strcspn(at, " ")};
		return at + ret->len;
	}
	ret->p = ++at;
	while (*at != '\0' && *at != '"')
		at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
	ret->len = (size_t)(at - ret->p);
	return *at == '"' ? at + 1 : at;
}

size_t journald_fields(
	const char *line, struct journald_field ret[static JOURNALD_FIELDS_MAX])
{
	size_t count = 0;
	const char *at = line;

	while (*at != '\0' && count < JOURNALD_FIELDS_MAX) {
		const size_t len = strcspn(at, " =\"");
		const char *name = name_of(at, len);
		struct span value = {at, 0};

		if (at[len] == '=') {
			at = read_value(at + len + 1, &value);
			if (name && value.len > 0)
				ret[count++] = (struct journald_field){name, value};
		} else {
			at = at[len] == '"' ? read_value(at + len, &value) : at + len;
		}
		at += strspn(at, " ");
	}
	return count;
}

#ifdef HAVE_LIBSYSTEMD

/* The place in our code where the line is sent tells nobody anything. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdlib.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

/* Longer than any line that log.h makes. */
#define ENTRY_SIZE 16384
/* MESSAGE, PRIORITY, SYSLOG_IDENTIFIER. */
#define FIXED_FIELDS 3

struct entry {
	struct iovec parts[FIXED_FIELDS + JOURNALD_FIELDS_MAX];
	int count;
	size_t used;
	char text[ENTRY_SIZE];
};

/* What does not fit is left out: the message comes first. */
static void add(struct entry *entry, const char *name, const char *value, size_t len)
{
	size_t name_len = strlen(name);
	char *to = entry->text + entry->used;

	if (name_len + 1 + len > sizeof(entry->text) - entry->used)
		return;
	memcpy(to, name, name_len);
	to[name_len] = '=';
	memcpy(to + name_len + 1, value, len);
	entry->parts[entry->count++] = (struct iovec){to, name_len + 1 + len};
	entry->used += name_len + 1 + len;
}

bool journald_listens(void)
{
	return access(JOURNAL_SOCKET, W_OK) == 0;
}

void journald_sink(void *arg, enum log_level level, const char *line)
{
	static const char *const priorities[] = {"3", "4", "6", "7"};
	struct journald_field fields[JOURNALD_FIELDS_MAX];
	struct entry entry;
	size_t count = journald_fields(line, fields);

	(void)arg;
	entry.count = 0;
	entry.used = 0;
	add(&entry, "MESSAGE", line, strlen(line));
	add(&entry, "PRIORITY", priorities[level], 1);
	add(&entry, "SYSLOG_IDENTIFIER", "tandemd", strlen("tandemd"));
	for (size_t i = 0; i < count; i++)
		add(&entry, fields[i].name, fields[i].value.p, fields[i].value.len);
	if (sd_journal_sendv(entry.parts, entry.count) < 0)
		dprintf(STDERR_FILENO, "<%s>%s\n", priorities[level], line);
}

#else

bool journald_listens(void)
{
	return false;
}

void journald_sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	dprintf(STDERR_FILENO, "%s\n", line);
}

#endif
