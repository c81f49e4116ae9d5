/*
 * What the files of a message (message*.c) share: the one place where sofia-sip's types meet
 * ours. Included by those files alone.
 */
#pragma once

#include "sip/message.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

/* Holds what is printed of a usual INVITE. */
#define MESSAGE_PRINTER_BYTES 768

/* A header already printed. */
struct message_printed {
	struct message_printed *next;
	const msg_header_t *header;
	struct span text;
};

/*
 * Where header values are printed, on demand, into memory of the message. It hangs on the
 * message by a pointer because asking does not change what a const message says.
 */
struct message_printer {
	su_home_t *home;
	char *free; /* room for more, of the last block */
	size_t left;
	struct message_printed *printed;
	char first[MESSAGE_PRINTER_BYTES];
};

#define MESSAGE_TOLERATED_MAX 6

/* Addresses that are read from text which the parser refused: no route set is that long. */
#define MESSAGE_RAW_MAX 32

struct message {
	unsigned refs;
	msg_t *msg; /* owns everything below, this struct included */
	sip_t *sip;
	struct message_printer *printer;
	char *bytes; /* those of TEXT, to be wiped */
	struct span text;
	struct span body;
	bool answerable;
	bool source_known; /* message_set_received() was called */
	/* Where the parser did not take every line, these are read from the text. */
	bool raw_vias, raw_contacts, raw_routes;
	const char *tolerated[MESSAGE_TOLERATED_MAX]; /* headers with a fault; static */
	unsigned tolerated_count;
	enum message_method method;
	struct span method_name;
	struct message_uri request_uri;
	struct message_address from;
	struct message_address to;
	struct span cseq; /* all of it, as text */
	struct message_via via;
	unsigned via_count;
	int max_forwards;
	char received[64];      /* where it came from, when the top Via must say so; "" */
	uint16_t received_port; /* 0: rport was not asked for */
};

/* The parser's tables, made once. NULL when out of memory. */
const msg_mclass_t *message_class(void);

/* HEADER's value in canonical form; empty when out of memory. */
struct span message_print(struct message_printer *printer, const msg_header_t *header);
/* URL as text; empty when out of memory. */
struct span message_print_url(struct message_printer *printer, const url_t *url);
/* The NTH of a chain of headers, or NULL. */
const msg_header_t *message_nth(const msg_header_t *first, unsigned nth);

/* Reads what MESSAGE has, and finds the first fault that forbids to serve it. FAULT has that
 * of its start line, if any. */
void message_judge(struct message *message, struct message_fault *fault);

/* A walk over the lines of one header, as they were received. */
struct message_lines {
	struct span rest;
	struct span name;
};

void message_lines_begin(
	struct message_lines *lines, const struct message *message, const char *name);
bool message_lines_next(struct message_lines *lines, struct span *ret_value);

/* How many elements the lines of the header NAME have. */
unsigned message_elements(const struct message *message, const char *name);

/* Reads a name-addr that breaks the grammar, but has one meaning. */
bool message_address_repair(struct message_address *ret, struct span text);
/* The same for a Via. */
bool message_via_split(struct message_via *ret, struct span text);
