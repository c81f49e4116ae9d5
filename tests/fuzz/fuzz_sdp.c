/*
 * The SDP reader and editor. The input is a text; what follows its first NUL is a list of
 * edits: a byte that picks the edit, a byte that picks the section, a byte of length and
 * that many bytes of text. Without any, the edits that a relay makes are tried.
 *
 * Holds: what is read is well formed from then on, so that to read it again changes nothing; an
 * edit that fails changes nothing; what an edit leaves is well formed and then says the same of its
 * media; what is said of a line does not depend on how often it is copied.
 */
#include "fuzz.h"
#include "sdp/sdp.h"

#include <string.h>

struct edit {
	uint8_t kind;
	uint8_t section;
	char text[256];
};

static struct addr address_of(const char *text)
{
	struct addr addr;

	MUST(addr_parse_host(&addr, text, strlen(text), 0) == 0);
	return addr;
}

static void must_print(const struct sdp *sdp, const char *text, size_t len)
{
	struct buf buf;

	buf_init(&buf, 0);
	sdp_write(sdp, &buf);
	MUST(buf.err == 0 && buf.len == len && memcmp(buf.data, text, len) == 0);
	buf_free(&buf);
}

static void must_equal_span(struct span a, struct span b)
{
	MUST(span_equal(a, b));
}

static void must_equal_addr(const struct addr *a, const struct addr *b)
{
	MUST(a->len == b->len && (!a->len || addr_equal(a, b)));
}

static void must_equal_media(const struct sdp_media *a, const struct sdp_media *b)
{
	must_equal_span(a->type, b->type);
	must_equal_span(a->proto_text, b->proto_text);
	must_equal_span(a->formats, b->formats);
	must_equal_addr(&a->rtp, &b->rtp);
	must_equal_addr(&a->rtcp, &b->rtcp);
	MUST(a->port == b->port && a->port_count == b->port_count &&
		a->proto == b->proto);
	MUST(a->rtcp_mux == b->rtcp_mux && a->direction == b->direction);
	MUST(a->on_hold_address == b->on_hold_address);
	MUST((a->port == 0 || a->fault) || a->rtp.len > 0);
	MUST(a->formats.len > 0 && a->type.len > 0 && a->proto_text.len > 0);
}

/* What stands now must parse, and say what the edited one says. */
static void must_reparse(const struct sdp *sdp)
{
	struct sdp *again = NULL;
	struct err_text error = {""};
	struct buf buf;

	buf_init(&buf, 0);
	sdp_write(sdp, &buf);
	int err = sdp_read(&again, buf.data, buf.len, &error);

	if (err)
		(void)fprintf(stderr, "%s\n%.*s", error.text, (int)buf.len, buf.data);
	MUST(err == 0);
	/* an edit may put in what only the fuzzer would: blanks at an end, a format twice */
	if (sdp_was_repaired(again)) {
		buf_free(&buf);
		sdp_free(again);
		return;
	}
	MUST(sdp_count_media(again) == sdp_count_media(sdp));
	MUST(sdp_origin_version(again) == sdp_origin_version(sdp));
	MUST(sdp_equal_but_origin(again, sdp));
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		must_equal_media(sdp_media(sdp, i), sdp_media(again, i));
	must_print(again, buf.data, buf.len);
	buf_free(&buf);
	sdp_free(again);
}

/* Splits TEXT at commas into at most four formats. */
static int keep_formats(struct sdp *sdp, unsigned media, const char *text)
{
	struct span rest = span_of(text);
	struct span formats[4];
	size_t count = 0;

	while (count < 4 && span_next(&rest, ',', &formats[count]))
		count++;
	return sdp_keep_formats(sdp, media, formats, count);
}

static int edit_media(struct sdp *sdp, const struct edit *edit, unsigned media)
{
	uint16_t port = (uint16_t)(edit->section << 8 | edit->kind);

	switch (edit->kind % 6) {
	case 0:
		return sdp_set_media(sdp, media, port, NULL);
	case 1:
		return sdp_set_media(sdp, media, 0, edit->text);
	case 2:
		return sdp_set_media(sdp, media, port,
			sdp_proto_text(sdp_media(sdp, media)->proto, edit->section & 16));
	case 3:
		return keep_formats(sdp, media, edit->text);
	case 4:
		return sdp_refuse_media(sdp, media, NULL);
	default:
		return sdp_set_direction(
			sdp, media, (enum sdp_direction)(edit->section / 16 % 4));
	}
}

static int edit_section(struct sdp *sdp, const struct edit *edit, int section)
{
	struct addr v4 = address_of("203.0.113.5");
	struct addr v6 = address_of("2001:db8::1");
	const struct addr *addr = edit->kind & 64 ? &v6 : &v4;
	const char *whole = edit->text;
	char *value = strchr(edit->text, ':');

	switch (edit->kind % 8) {
	case 0:
		return sdp_set_origin(sdp, edit->text, edit->section, edit->kind, addr);
	case 1:
		return sdp_set_name(sdp, edit->text);
	case 2:
		return sdp_set_connection(sdp, section, addr);
	case 3:
		return sdp_remove_connection(sdp, section);
	case 4:
		sdp_remove_attributes(sdp, section, &whole, 1);
		return 0;
	case 5:
		sdp_remove_lines(sdp, section, edit->text);
		return 0;
	default: {
		char name[256];

		(void)snprintf(name, sizeof(name), "%.*s",
			value ? (int)(value - edit->text) : (int)strlen(edit->text),
			edit->text);
		return sdp_add_attribute(sdp, section, name, value ? value + 1 : NULL);
	}
	}
}

/* One edit, with all that must hold afterwards. */
static void apply(struct sdp *sdp, const struct edit *edit)
{
	unsigned count = sdp_count_media(sdp);
	struct buf before;
	int err;

	buf_init(&before, 0);
	sdp_write(sdp, &before);
	if (edit->kind & 128 && count > 0)
		err = edit_media(sdp, edit, edit->section % count);
	else
		err = edit_section(sdp, edit, (int)(edit->section % (count + 1)) - 1);
	if (err)
		must_print(sdp, before.data, before.len);
	must_reparse(sdp);
	buf_free(&before);
}

/* Takes the next edit off the front of REST. */
static bool next_edit(struct span *rest, struct edit *ret)
{
	if (rest->len < 3)
		return false;
	size_t len = (uint8_t)rest->p[2];

	ret->kind = (uint8_t)rest->p[0];
	ret->section = (uint8_t)rest->p[1];
	rest->p += 3;
	rest->len -= 3;
	if (len > rest->len)
		len = rest->len;
	memcpy(ret->text, rest->p, len);
	ret->text[len] = '\0';
	rest->p += len;
	rest->len -= len;
	return true;
}

/* The edits of a usual call. */
static void relay_edits(struct sdp *sdp)
{
	static const struct edit edits[] = {{0, 1, "-"}, {1, 0, "tandem"}, {2, 0, ""},
		{64 + 2, 1, ""}, {4, 1, "crypto"}, {5, 0, "b"}, {6, 1, "crypto:1 x"},
		{7, 1, "rtcp:9"}, {128 + 2, 0, ""}, {128 + 7, 16, ""},
		{128 + 5, 0, "0,8"}, {128 + 6, 0, "RTP/SAVP"}, {5, 1, "a"}, {3, 0, ""},
		{3, 1, ""}};

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		apply(sdp, &edits[i]);
}

static void read_codecs(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++) {
		struct span rest = sdp_media(sdp, i)->formats;
		struct span format, name;

		while (span_next(&rest, ' ', &format))
			if (sdp_format_codec(sdp, i, format, &name))
				MUST(name.len > 0);
	}
}

/* SDP, taken, says the same when it was kept as its text for a while. */
static void must_rest(struct sdp *sdp)
{
	struct sdp *before = sdp_copy(sdp);
	struct sdp_text *text = sdp_text_take(sdp);
	struct span name, kept;
	struct sdp *again;

	MUST(before);
	if (!text) {
		sdp_free(sdp);
		sdp_free(before);
		return;
	}
	MUST(sdp_text_read(&again, text) == 0);
	must_print(before, sdp_text_span(text).p, sdp_text_span(text).len);
	must_print(again, sdp_text_span(text).p, sdp_text_span(text).len);
	MUST(sdp_count_media(again) == sdp_count_media(before));
	MUST(sdp_origin_version(again) == sdp_origin_version(before));
	for (unsigned i = 0; i < sdp_count_media(before); i++)
		must_equal_media(sdp_media(before, i), sdp_media(again, i));
	if (sdp_count_media(again)) {
		struct span formats = sdp_media(again, 0)->formats, format;
		bool known = span_next(&formats, ' ', &format) &&
			     sdp_format_codec(again, 0, format, &name);

		MUST(sdp_text_codec(text, &kept) == known);
		MUST(!known || span_equal(name, kept));
	}
	sdp_text_free(text);
	sdp_free(before);
	sdp_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *nul = size ? memchr(text, '\0', size) : NULL;
	size_t len = nul ? (size_t)(nul - text) : size;
	struct span edits = {nul ? nul + 1 : NULL, nul ? size - len - 1 : 0};
	struct err_text error = {""};
	struct sdp *sdp = NULL;
	struct edit edit;
	struct buf read;

	if (sdp_read(&sdp, text, len, &error) != 0) {
		MUST(!sdp && error.text[0]);
		return 0;
	}
	if (!sdp_was_repaired(sdp))
		must_print(sdp, text, len);
	buf_init(&read, 0);
	sdp_write(sdp, &read);
	must_reparse(sdp);
	read_codecs(sdp);
	struct sdp *copy = sdp_copy(sdp);

	MUST(copy);
	if (!nul)
		relay_edits(copy);
	while (next_edit(&edits, &edit))
		apply(copy, &edit);
	must_rest(copy);
	must_print(sdp, read.data, read.len);
	buf_free(&read);
	sdp_free(sdp);
	return 0;
}
