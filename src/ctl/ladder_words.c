#include "ctl/ladder_words.h"

#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

void ladder_add_ascii(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		/* one for each character of UTF-8 */
		if ((*c & 0xc0) != 0x80)
			buf_add_char(out, *c < 0x20 || *c >= 0x7f ? '?' : (char)*c);
	}
}

/* TEXT in RET of SIZE bytes. Returns RET. */
static const char *ascii(const char *text, char *ret, size_t size)
{
	struct buf out;

	buf_init(&out, 0);
	ladder_add_ascii(&out, text);
	snprintf(ret, size, "%s", buf_str(&out) ? out.data : "");
	buf_free(&out);
	return ret;
}

static int status_of(const json_t *message)
{
	return (int)json_integer_value(json_object_get(message, "status"));
}

bool ladder_is_message(const json_t *message)
{
	return status_of(message) > 0 || show_word(message, "method")[0];
}

/* "1" and "INVITE" of "1 INVITE". */
static void split_cseq(
	const json_t *message, char number[static 16], char method[static 32])
{
	char text[64];
	size_t len;

	ascii(show_word(message, "cseq"), text, sizeof(text));
	len = strcspn(text, " \t");
	snprintf(number, 16, "%.*s", (int)len, text);
	snprintf(method, 32, "%s", text + len + strspn(text + len, " \t"));
}

/* Of a response: the more there is room, the more it says. */
static void response_label(
	const json_t *message, unsigned room, char ret[static LADDER_LABEL_SIZE])
{
	const int status = status_of(message);
	char phrase[80], number[16], method[32];
	int len;

	ascii(show_word(message, "phrase"), phrase, sizeof(phrase));
	split_cseq(message, number, method);
	if (!number[0]) {
		snprintf(ret, LADDER_LABEL_SIZE, "%d%s%s", status, phrase[0] ? " " : "",
			phrase);
		return;
	}
	len = snprintf(
		ret, LADDER_LABEL_SIZE, "%d %s (%s %s)", status, phrase, number, method);
	if (len > (int)room)
		len = snprintf(
			ret, LADDER_LABEL_SIZE, "%d %s (%s)", status, phrase, number);
	if (len > (int)room)
		len = snprintf(
			ret, LADDER_LABEL_SIZE, "%d (%s %s)", status, number, method);
	if (len > (int)room)
		snprintf(ret, LADDER_LABEL_SIZE, "%d (%s)", status, number);
}

const char *ladder_label(const json_t *message, unsigned repeats, unsigned room,
	char ret[static LADDER_LABEL_SIZE])
{
	char count[16] = "", number[16], method[32], name[48];
	size_t len;

	if (repeats > 1)
		snprintf(count, sizeof(count), " x%u", repeats);
	room -= room > strlen(count) ? (unsigned)strlen(count) : 0;
	if (status_of(message) > 0) {
		response_label(message, room, ret);
	} else {
		split_cseq(message, number, method);
		ascii(show_word(message, "method"), name, sizeof(name));
		snprintf(ret, LADDER_LABEL_SIZE, number[0] ? "%s (%s)" : "%s", name,
			number);
	}
	len = strlen(ret);
	if (count[0] && len > room)
		len = room > 0 ? room : 0;
	snprintf(ret + len, LADDER_LABEL_SIZE - len, "%s", count);
	return ret;
}

const char *ladder_remark(const json_t *message)
{
	static char text[LADDER_NOTE_SIZE];

	if (ladder_is_message(message)) {
		const bool sent = json_is_true(json_object_get(message, "sent"));
		char label[LADDER_LABEL_SIZE], address[64];

		snprintf(text, sizeof(text), "%s %s: %s", sent ? "to" : "from",
			ascii(show_word(message, sent ? "destination" : "source"),
				address, sizeof(address)),
			ladder_label(message, 1, sizeof(label), label));
		return text;
	}
	if (show_word(message, "digit")[0]) {
		snprintf(text, sizeof(text), "digit %.1s in RTP",
			show_word(message, "digit"));
		return text;
	}
	snprintf(text, sizeof(text), "%s: ",
		json_is_true(json_object_get(message, "sent")) ? "not asked"
							       : "no answer");
	ascii(show_word(message, "phrase"), text + strlen(text),
		sizeof(text) - strlen(text));
	return text;
}

static void add_words(struct buf *out, const json_t *words)
{
	const json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
	{
		buf_add_char(out, i ? ',' : ' ');
		ladder_add_ascii(
			out, json_string_value(word) ? json_string_value(word) : "");
	}
}

/* "audio RTP/SAVP PCMA,telephone-event 192.0.2.1:10000 sendonly (hold)" */
static void media_note(const json_t *media, char ret[static LADDER_NOTE_SIZE])
{
	const char *direction = show_word(media, "direction");
	const json_int_t port = json_integer_value(json_object_get(media, "port"));
	struct buf out;

	buf_init(&out, 0);
	ladder_add_ascii(&out, show_word(media, "type"));
	buf_add_char(&out, ' ');
	ladder_add_ascii(&out, show_word(media, "protocol"));
	add_words(&out, json_object_get(media, "codecs"));
	if (port == 0) {
		buf_add_str(&out, " refused");
	} else {
		buf_printf(&out, " %s%s%lld", show_word(media, "address"),
			show_word(media, "address")[0] ? ":" : "port ", (long long)port);
		if (strcmp(direction, "sendrecv") != 0)
			buf_printf(&out, " %s", direction);
		if (json_is_true(json_object_get(media, "hold")))
			buf_add_str(&out, " (hold)");
		add_words(&out, json_object_get(media, "suites"));
	}
	ascii(buf_str(&out) ? out.data : "", ret, LADDER_NOTE_SIZE);
	buf_free(&out);
}

bool ladder_note(const json_t *message, unsigned nth, char ret[static LADDER_NOTE_SIZE])
{
	static const struct {
		const char *name, *prefix;
	} words[] = {{"digit", "digit "}, {"refer_to", "to "}, {"reason", "reason: "}};
	const json_t *media = json_object_get(message, "media");
	char text[LADDER_NOTE_SIZE - 16];

	if (nth < json_array_size(media)) {
		media_note(json_array_get(media, nth), ret);
		return true;
	}
	nth -= (unsigned)json_array_size(media);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!show_word(message, words[i].name)[0] ||
			!ladder_is_message(message) || nth-- > 0)
			continue;
		snprintf(ret, LADDER_NOTE_SIZE, "%s%s", words[i].prefix,
			ascii(show_word(message, words[i].name), text, sizeof(text)));
		return true;
	}
	return false;
}
