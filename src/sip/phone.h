/*
 * Telephone numbers: the subscriber of a tel: URI, and the user part of a sip: URI that has
 * the same form (RFC 3966, RFC 3261 19.1.6). Pure; spans borrow from what was read.
 */
#pragma once

#include "base/buf.h"
#include "sip/message.h"

/* Room for every phone_plain(), with a NUL. */
#define PHONE_PLAIN_SIZE 65

struct phone {
	struct span number; /* or another user part; without its parameters */
	struct span params; /* "phone-context=+49;ext=5", as received; may be empty */
	bool is_number;     /* digits, and no name that has some in it */
	bool separated;     /* NUMBER may have visual separators, which mean nothing */
};

/* Of URI, which may be tel:, sip: or sips:. A user part that is no number is taken whole, its
 * semicolons included. */
void phone_read(struct phone *ret, const struct message_uri *uri);

/* Whether TEXT, the whole of a user part, is a number. */
bool phone_is_number(struct span text);

/*
 * The number of PHONE as a text of digits, * and #, perhaps behind a +: without visual separators (RFC 3966 5.1.1),
 * escapes undone. OUT has SIZE with a NUL. False, and OUT untouched: it is none of that, or longer; so is a user part
 * with dots that nothing says to be a number, which may be an address.
 */
bool phone_plain(const struct phone *phone, char *out, size_t size);
/* The same of the phone-context of PHONE where that begins with +; any other one as it is. False: PHONE has none that
 * fits. */
bool phone_context(const struct phone *phone, char *out, size_t size);
/* Appends the parameters of PHONE but its phone-context, which a number behind a + has not (RFC 3966 5.1.5). */
void phone_add_params_of_global(struct buf *out, const struct phone *phone);

/* Appends the number without visual separators (RFC 3966 5.1.1). */
void phone_add_number(struct buf *out, const struct phone *phone);
/* Appends number and known parameters as the user part of a sip: URI has them, escaped where
 * needed, in the order of RFC 3261 19.1.6. */
void phone_add_user(struct buf *out, const struct phone *phone);
/* The same as the subscriber of a tel: URI. */
void phone_add_subscriber(struct buf *out, const struct phone *phone);
/* Whether phone_add_user() writes parameters: only ;user=phone gives them their meaning. */
bool phone_has_params(const struct phone *phone);
