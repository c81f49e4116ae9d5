#include "bridge/allow.h"

#include "trunk/messages.h"

/* WITHIN: with what is served within dialogs alone. */
static void add(const struct config_trunk *settings, bool within, struct buf *out)
{
	unsigned methods = settings ? settings->messages.methods : 0;

	buf_add_str(out, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK");
	if (within && settings && settings->transfer.refer != CONFIG_REFER_REFUSE)
		buf_add_str(out, ", REFER");
	/* of a subscription that was made, or of what is subscribed to here */
	if (within && settings &&
		(settings->transfer.allow_notify || methods & CONFIG_METHOD_SUBSCRIBE))
		methods |= CONFIG_METHOD_NOTIFY;
	for (enum messages_method nth = 0; nth < MESSAGES_METHODS; nth++)
		if (methods & 1U << nth)
			buf_printf(out, ", %s", messages_name(nth));
	buf_add_str(out, "\r\n");
}

void allow_add(const struct config_trunk *settings, struct buf *out)
{
	add(settings, true, out);
}

void allow_add_outside(const struct config_trunk *settings, struct buf *out)
{
	add(settings, false, out);
}

void allow_add_types(const struct config_words *types, struct buf *out)
{
	for (size_t i = 0; i < types->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "Accept: ", types->words[i]);
	buf_add_str(out, types->count ? "\r\n" : "");
	buf_add_str(out, "Accept-Encoding: identity\r\n");
}
