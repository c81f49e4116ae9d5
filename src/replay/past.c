#include "replay/past.h"

#include "audit/capture_read.h"
#include "audit/folder.h"
#include "audit/store_name.h"
#include "base/buf.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *word_of(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));

	return word ? word : "";
}

/* The leg of whoever called; NULL: there are not both. Where both are on one side, the plain name is his. */
static const json_t *caller_leg(const json_t *record)
{
	const json_t *internal = json_object_get(record, "internal");
	const json_t *external = json_object_get(record, "external");

	if (json_is_object(internal) && json_is_object(external))
		return json_is_true(json_object_get(record, "inbound")) ? external
									: internal;
	if (json_is_object(json_object_get(record, "internal_b")))
		return json_is_object(internal) ? internal : NULL;
	if (json_is_object(json_object_get(record, "external_b")))
		return json_is_object(external) ? external : NULL;
	return NULL;
}

/* "server pbx1", "trunk carrier-a". */
static bool read_party(struct past *past, const char *party)
{
	for (unsigned i = TRUNK_SERVER; i <= TRUNK_GATEWAY; i++) {
		const char *word = trunk_word((enum trunk_kind)i);
		const size_t len = strlen(word);

		if (strncmp(party, word, len) != 0 || party[len] != ' ' ||
			!party[len + 1])
			continue;
		past->kind = (enum trunk_kind)i;
		past->via = party + len + 1;
		return true;
	}
	return false;
}

static void read_attempts(struct past *past)
{
	const json_t *attempts = json_object_get(past->record, "attempts");
	const json_t *attempt;
	size_t i;

	json_array_foreach(attempts, i, attempt)
	{
		const char *target = word_of(attempt, "target");
		const unsigned count = past->attempt_count;

		/* the addresses of one are one */
		if (!target[0] || count == PAST_ATTEMPTS ||
			(count && strcmp(past->attempts[count - 1], target) == 0))
			continue;
		past->attempts[past->attempt_count++] = target;
	}
}

/* ---- its INVITE ---- */

/* Parsed, where nothing is wrong with it. */
static struct message *parse(const char *data, size_t len)
{
	struct message_fault fault;
	struct message *message;

	if (message_parse(&message, data, len, &fault) != 0)
		return NULL;
	if (fault.status == 0 && message_is_request(message) &&
		message_method(message) == MESSAGE_INVITE)
		return message;
	message_unref(message);
	return NULL;
}

struct wanted {
	const char *call_id;
	struct message *invite;
	bool broken; /* an INVITE that cannot be parsed came by */
};

static bool data_h(void *arg, const struct capture_item *item)
{
	struct wanted *wanted = arg;
	const struct span data = item->data;

	if (!span_starts(data, "INVITE "))
		return true;
	wanted->invite = parse(data.p, data.len);
	if (!wanted->invite) {
		wanted->broken = true;
		return true;
	}
	if (span_equal_str(message_call_id(wanted->invite), wanted->call_id))
		return false;
	message_unref(wanted->invite);
	wanted->invite = NULL;
	return true;
}

/* Whether TEXT begins with a day that may name a folder: "2026-11-30". */
static bool read_day(const char *text, char day[static STORE_DATE_SIZE])
{
	static const char form[] = "dddd-dd-dd";

	for (unsigned i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return false;
	memcpy(day, text, STORE_DATE_SIZE - 1);
	day[STORE_DATE_SIZE - 1] = '\0';
	return true;
}

/* From its capture. */
static void find_captured(struct past *past, const char *call_id, int audit_fd)
{
	struct wanted wanted = {.call_id = call_id};
	char day[STORE_DATE_SIZE];
	int fd, err;

	if (!call_id[0] || !store_id_ok(past->id) || !read_day(past->start, day))
		return;
	fd = folder_find(audit_fd, day, past->id);
	if (fd >= 0) {
		err = capture_read(fd, data_h, &wanted);
		close(fd);
	} else {
		err = fd;
	}
	past->invite = wanted.invite;
	past->captured = wanted.invite != NULL;
	past->encrypted = err == ERR_STATE;
	past->damaged = !past->captured && !past->encrypted &&
			(wanted.broken || (err && err != -ENOENT));
}

static bool is_user(const char *text)
{
	return !strpbrk(text, " \r\n\t<>@?;\"");
}

/* One that has what the record says, and nothing else. Its hosts name nobody, and never leave. */
static void compose(struct past *past)
{
	const bool urgent = strcmp(word_of(past->record, "emergency"), "priority") == 0;
	const char *from = word_of(past->record, "from_received");
	const char *to = word_of(past->record, "to_received");
	struct buf text;
	bool urn;

	past->received = to[0] != '\0';
	if (!past->received) {
		from = past->from;
		to = past->to;
	}
	urn = strncasecmp(to, "urn:", 4) == 0;
	if (!is_user(from) || !is_user(to))
		return;
	buf_init(&text, 0);
	buf_printf(&text,
		"INVITE %s%s%s SIP/2.0\r\n"
		"Via: SIP/2.0/TLS replay.example;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
		"From: <sip:%s%sreplay.example>;tag=1\r\n"
		"To: <%s%s%s>\r\nContact: <sip:replay.example>\r\n"
		"%sContent-Length: 0\r\n\r\n",
		urn ? "" : "sip:", to, urn ? "" : "@replay.example", from,
		from[0] ? "@" : "", urn ? "" : "sip:", to, urn ? "" : "@replay.example",
		urgent ? "Priority: emergency\r\n" : "");
	if (!text.err)
		past->invite = parse(text.data, text.len);
	buf_free(&text);
}

enum past_use past_read(struct past *ret, struct span line, int audit_fd)
{
	const json_t *leg;
	const char *emergency;

	memset(ret, 0, sizeof(*ret));
	ret->record = json_loadb(line.p, line.len, 0, NULL);
	leg = caller_leg(ret->record);
	ret->id = word_of(ret->record, "id");
	ret->start = word_of(ret->record, "start");
	ret->from = word_of(ret->record, "from");
	ret->to = word_of(ret->record, "to");
	emergency = word_of(ret->record, "emergency");
	if (!leg || !ret->id[0])
		return PAST_BAD;
	/* records of old say it of drills alone */
	if (word_of(ret->record, "purpose")[0] || strcmp(emergency, "drill") == 0)
		return PAST_OURS;
	if (strcmp(emergency, "callback") == 0)
		return PAST_CALLBACK;
	if (!read_party(ret, word_of(leg, "party")))
		return PAST_BAD;
	read_attempts(ret);
	if (audit_fd >= 0)
		find_captured(ret, word_of(leg, "sip_call_id"), audit_fd);
	if (!ret->invite)
		compose(ret);
	return ret->invite ? PAST_CALL : PAST_BAD;
}

void past_free(struct past *past)
{
	message_unref(past->invite);
	json_decref(past->record);
	memset(past, 0, sizeof(*past));
}
