/*
 * Headers found by name, and printed.
 */
#include "sip/message.h"
#include "sip/message_priv.h"
#include "sip/message_uri.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define BLOCK_BYTES MESSAGE_PRINTER_BYTES
/* More than any header that passed the framer can take, escapes and all. */
#define PRINT_MAX_BYTES (64 * 1024)

static bool grow(struct message_printer *printer, size_t size)
{
	char *block = su_alloc(printer->home, (isize_t)size);

	if (block == NULL)
		return false;
	printer->free = block;
	printer->left = size;
	return true;
}

static char *take(struct message_printer *printer, size_t len)
{
	char *taken = printer->free;

	printer->free += len;
	printer->left -= len;
	return taken;
}

/* Whether DONE, what a printing function returned, was really written: they count on when
 * there is no more room, and leave out a last part that would fill it to the NUL. */
static bool fits(const struct message_printer *printer, issize_t done)
{
	return done >= 0 && (size_t)done + 1 < printer->left;
}

static struct span print_value(
	struct message_printer *printer, const msg_header_t *header)
{
	issize_t done = -1;

	if (printer->left > 0)
		done = msg_header_field_e(
			printer->free, (isize_t)printer->left, header, 0);
	for (size_t size = BLOCK_BYTES; !fits(printer, done); size *= 2) {
		if (size > PRINT_MAX_BYTES || !grow(printer, size))
			return (struct span){0};
		done = msg_header_field_e(
			printer->free, (isize_t)printer->left, header, 0);
	}
	return (struct span){take(printer, (size_t)done + 1), (size_t)done};
}

/* Without memory it will just be printed again. */
static void remember(
	struct message_printer *printer, const msg_header_t *header, struct span text)
{
	size_t unaligned = (uintptr_t)printer->free % _Alignof(struct message_printed);
	size_t pad = unaligned > 0 ? _Alignof(struct message_printed) - unaligned : 0;
	struct message_printed *printed;

	if (printer->left < pad + sizeof *printed) {
		if (!grow(printer, BLOCK_BYTES))
			return;
		pad = 0;
	}
	take(printer, pad);
	printed = (struct message_printed *)(void *)take(printer, sizeof *printed);
	*printed = (struct message_printed){printer->printed, header, text};
	printer->printed = printed;
}

struct span message_print(struct message_printer *printer, const msg_header_t *header)
{
	struct span text;

	if (header->sh_class == sip_unknown_class)
		return span_of(header->sh_unknown->un_value);
	for (struct message_printed *p = printer->printed; p != NULL; p = p->next) {
		if (p->header == header)
			return p->text;
	}
	text = print_value(printer, header);
	if (text.p != NULL)
		remember(printer, header, text);
	return text;
}

struct span message_print_url(struct message_printer *printer, const url_t *url)
{
	issize_t done = -1;

	if (printer->left > 0)
		done = url_e(printer->free, (isize_t)printer->left, url);
	for (size_t size = BLOCK_BYTES; !fits(printer, done); size *= 2) {
		if (size > PRINT_MAX_BYTES || !grow(printer, size))
			return (struct span){0};
		done = url_e(printer->free, (isize_t)printer->left, url);
	}
	return (struct span){take(printer, (size_t)done + 1), (size_t)done};
}

const msg_header_t *message_nth(const msg_header_t *first, unsigned nth)
{
	while (first != NULL && nth > 0) {
		first = first->sh_next;
		nth--;
	}
	return first;
}

static const msg_header_t *find_unknown(
	const struct message *message, const char *name, unsigned nth)
{
	const msg_unknown_t *unknown = message->sip->sip_unknown;

	for (; unknown != NULL; unknown = unknown->un_next) {
		if (strcasecmp(unknown->un_name, name) == 0 && nth-- == 0)
			return (const msg_header_t *)unknown;
	}
	return NULL;
}

static const msg_header_t *find_header(
	const struct message *message, const char *name, unsigned nth)
{
	const msg_mclass_t *class = message_class();
	const msg_href_t *ref = msg_find_hclass(class, name, NULL);
	msg_header_t **first;

	if (ref->hr_class == sip_unknown_class)
		return find_unknown(message, name, nth);
	/* The parser has put all lines of a token list into the first header. */
	if (ref->hr_class->hc_kind == msg_kind_list && nth > 0)
		return NULL;
	first = msg_hclass_offset(class, (const msg_pub_t *)message->sip, ref->hr_class);
	return first != NULL ? message_nth(*first, nth) : NULL;
}

bool message_header(const struct message *message, const char *name, unsigned nth,
	struct span *ret_value)
{
	const msg_header_t *header = find_header(message, name, nth);
	struct span text;

	if (header == NULL)
		return false;
	text = message_print(message->printer, header);
	if (text.p == NULL)
		return false;
	*ret_value = text;
	return true;
}

bool message_lists(const struct message *message, const char *name, const char *token)
{
	struct span value;

	for (unsigned nth = 0; message_header(message, name, nth, &value); nth++) {
		struct span item;

		while (span_next(&value, ',', &item)) {
			if (span_equal_nocase(span_trim(item), token))
				return true;
		}
	}
	return false;
}

static void add_param(struct buf *out, const char *name, struct span value)
{
	buf_add_char(out, ';');
	buf_add_str(out, name);
	if (value.len > 0) {
		buf_add_char(out, '=');
		buf_add_span(out, value);
	}
}

/* Where the request came from (RFC 3261 18.2.1, RFC 3581 4). */
static void add_source(const struct message *message, struct buf *out)
{
	if (message->received[0] != '\0')
		add_param(out, "received", span_of(message->received));
	if (message->received_port != 0) {
		buf_add_str(out, ";rport=");
		buf_add_uint(out, message->received_port);
	}
}

static bool is_param(const char *param, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(param, name, len) == 0 &&
	       (param[len] == '\0' || param[len] == '=');
}

/* The top Via with where the request came from. What its sender said about that is left
 * out: it is ours to say (RFC 3261 18.2.1, RFC 3581 4). */
static void add_top_via(const struct message *message, struct buf *out)
{
	const sip_via_t *via = message->sip->sip_via;

	buf_add_str(out, via->v_protocol);
	buf_add_char(out, ' ');
	buf_add_str(out, via->v_host);
	if (via->v_port != NULL) {
		buf_add_char(out, ':');
		buf_add_str(out, via->v_port);
	}
	for (const msg_param_t *p = via->v_params; p != NULL && *p != NULL; p++) {
		if (!is_param(*p, "received") && !is_param(*p, "rport"))
			add_param(out, *p, (struct span){0});
	}
	add_source(message, out);
}

/* A Via that the parser refused, as it came but for where the request came from. */
static void add_raw_via(const struct message *message, struct span via, struct buf *out)
{
	struct span param;

	message_param_next(&via, &param);
	buf_add_span(out, param);
	while (message_param_next(&via, &param)) {
		struct span rest = param;
		struct span name = {0};

		span_next(&rest, '=', &name);
		name = span_trim(name);
		if (param.len > 0 && !span_equal_nocase(name, "received") &&
			!span_equal_nocase(name, "rport"))
			buf_printf(out, ";%.*s", SPAN_ARG(param));
	}
	add_source(message, out);
}

static void add_raw_vias(const struct message *message, struct buf *out)
{
	struct message_lines lines;
	struct span list;
	struct span via;
	bool top = true;

	message_lines_begin(&lines, message, "Via");
	while (message_lines_next(&lines, &list)) {
		for (; message_element_next(&list, &via); top = false) {
			buf_add_str(out, "Via: ");
			if (top && message->source_known)
				add_raw_via(message, via, out);
			else
				buf_add_span(out, via);
			buf_add_str(out, "\r\n");
		}
	}
}

static void add_parsed_vias(const struct message *message, struct buf *out)
{
	const msg_header_t *via = (const msg_header_t *)message->sip->sip_via;

	for (bool top = true; via != NULL; via = via->sh_next, top = false) {
		buf_add_str(out, "Via: ");
		if (top && message->source_known) {
			add_top_via(message, out);
		} else {
			struct span text = message_print(message->printer, via);

			/* A response that lost a Via would go astray. */
			if (text.p == NULL && out->err == 0)
				out->err = -ENOMEM;
			buf_add_span(out, text);
		}
		buf_add_str(out, "\r\n");
	}
}

void message_add_vias(const struct message *message, struct buf *out)
{
	if (message->raw_vias)
		add_raw_vias(message, out);
	else
		add_parsed_vias(message, out);
}
