/*
 * From bytes to a message: the parser's work, prepared and judged. A start line at fault and
 * folds are taken out of its way.
 */
#include "sip/message.h"

#include "base/err.h"
#include "sip/framer.h"
#include "sip/message_priv.h"
#include "sip/message_start.h"

#include <errno.h>
#include <string.h>

/*
 * Turns each fold of the header section into blanks, as RFC 3261 7.3.1 allows, so that no
 * printed value can ever hold a line end. Returns the length of the section, its empty line
 * included, or LEN when there is none.
 */
static size_t unfold(char *text, size_t len)
{
	char *end = text + len;
	char *cr = text;

	while ((cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
		if (end - cr >= 4 && memcmp(cr, "\r\n\r\n", 4) == 0)
			return (size_t)(cr - text) + 4;
		if (end - cr >= 3 && (cr[2] == ' ' || cr[2] == '\t')) {
			cr[0] = ' ';
			cr[1] = ' ';
		}
		cr++;
	}
	return len;
}

/* What the parser is given to read: HEAD, TAIL, and all of the message after its start
 * line. */
struct input {
	struct span head;
	struct span tail;
	struct span rest;
};

/* A start line at fault is replaced by a sound one, because a message whose start line does
 * not parse could not even be answered. */
static struct input make_input(
	const struct message_start *start, struct span line, const char *data, size_t len)
{
	struct input input = {.rest = {data + line.len, len - line.len}};

	if (start->fault.status == 0) {
		input.head = line;
	} else if (start->status == 0) {
		input.head = start->method;
		input.tail = span_of(" sip:fault.invalid SIP/2.0");
	} else {
		input.tail = span_of("SIP/2.0 400 Bad Status Line");
	}
	return input;
}

static size_t input_len(const struct input *input)
{
	return input->head.len + input->tail.len + input->rest.len;
}

static void input_copy(const struct input *input, char *text)
{
	if (input->head.len > 0)
		text = mempcpy(text, input->head.p, input->head.len);
	if (input->tail.len > 0)
		text = mempcpy(text, input->tail.p, input->tail.len);
	memcpy(text, input->rest.p, input->rest.len);
}

/* What the parser makes of a text takes, as a rule, so many times its length and so many bytes. What it takes
 * more it asks for by itself. */
#define PARSED_TIMES 3
#define PARSED_BYTES 512
/* su_home_preload() keeps the size in 16 bits. */
#define AHEAD_MAX_BYTES 65000

/* A block ahead for SIZE bytes and what the parser makes of LEN bytes of text: it asks for some
 * thirty small ones. Under AddressSanitizer each of them stays one, so that a read past its end
 * is seen. */
static void allocate_ahead(su_home_t *home, size_t size, size_t len)
{
#ifndef __SANITIZE_ADDRESS__
	size += PARSED_BYTES + PARSED_TIMES * len;
	if (size <= AHEAD_MAX_BYTES)
		su_home_preload(home, 1, (isize_t)size);
#else
	(void)home, (void)size, (void)len;
#endif
}

/* One block for our struct, its printer and the text. The parser wants one byte more. */
static struct message *make_message(msg_t *msg, const struct input *input)
{
	struct {
		struct message message;
		struct message_printer printer;
		char text[];
	} * block;
	size_t len = input_len(input);
	size_t size = sizeof *block + len + 1;

	allocate_ahead(msg_home(msg), size, len);
	block = su_alloc(msg_home(msg), (isize_t)size);
	if (block == NULL)
		return NULL;
	block->message = (struct message){.refs = 1, .msg = msg, .sip = sip_object(msg)};
	block->message.printer = &block->printer;
	block->printer.home = msg_home(msg);
	block->printer.free = block->printer.first;
	block->printer.left = sizeof block->printer.first;
	block->printer.printed = NULL;
	input_copy(input, block->text);
	size_t headers_len = unfold(block->text, len);
	block->message.bytes = block->text;
	block->message.text = (struct span){block->text, len};
	block->message.body = (struct span){block->text + headers_len, len - headers_len};
	/* Not msg_recv_iovec(): msg_recv_commit() would move the text after it. */
	msg_buf_set(msg, block->text, (usize_t)(len + 1));
	msg_buf_commit(msg, (usize_t)len, 1);
	return &block->message;
}

/* Takes MSG on success. */
static int parse(struct message **ret, msg_t *msg, const struct input *input)
{
	struct message *message = make_message(msg, input);

	if (message == NULL)
		return -ENOMEM;
	/* Its result tells nothing that is not found below: it is negative for a message
	 * whose Content-Length is at fault too, and that one can be answered. */
	msg_extract(msg);
	if (message->sip->sip_request == NULL && message->sip->sip_status == NULL)
		return ERR_FORMAT;
	*ret = message;
	return 0;
}

int message_parse(struct message **ret, const char *data, size_t len,
	struct message_fault *ret_fault)
{
	const msg_mclass_t *class = message_class();
	const char *cr = memchr(data, '\r', len);
	struct message_start start;
	struct input input;
	struct span line;
	struct message *message;
	msg_t *msg;
	int err;

	if (cr == NULL || len > FRAMER_MAX_MESSAGE)
		return ERR_FORMAT;
	line = (struct span){data, (size_t)(cr - data)};
	err = message_start_parse(&start, line);
	if (err < 0)
		return err;
	msg = class != NULL ? msg_create(class, MSG_DO_EXTRACT_COPY) : NULL;
	if (msg == NULL)
		return -ENOMEM;
	input = make_input(&start, line, data, len);
	err = parse(&message, msg, &input);
	if (err < 0) {
		msg_destroy(msg);
		return err;
	}
	*ret_fault = start.fault;
	message_judge(message, ret_fault);
	*ret = message;
	return 0;
}
