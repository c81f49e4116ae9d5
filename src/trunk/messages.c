#include "trunk/messages.h"

#include <stdlib.h>

static const enum message_method methods[MESSAGES_METHODS] = {
	[MESSAGES_MESSAGE] = MESSAGE_MESSAGE,
	[MESSAGES_PUBLISH] = MESSAGE_PUBLISH,
	[MESSAGES_SUBSCRIBE] = MESSAGE_SUBSCRIBE,
	[MESSAGES_NOTIFY] = MESSAGE_NOTIFY,
};

void messages_free(struct messages *messages)
{
	free(messages->count);
	messages->count = NULL;
}

/* MESSAGES_METHODS: it is not counted. */
static enum messages_method find(enum message_method method)
{
	enum messages_method nth = 0;

	while (nth < MESSAGES_METHODS && methods[nth] != method)
		nth++;
	return nth;
}

unsigned messages_bit(enum message_method method)
{
	const enum messages_method nth = find(method);

	return nth < MESSAGES_METHODS ? 1U << nth : 0;
}

const char *messages_name(enum messages_method nth)
{
	return message_method_str(methods[nth]);
}

void messages_ended(struct messages *messages, enum message_method method,
	enum limit_way way, int status)
{
	const enum messages_method nth = find(method);
	const int class = status / 100 - 2;

	if (!messages->count)
		messages->count = calloc(1, sizeof(*messages->count));
	if (messages->count && nth < MESSAGES_METHODS && class >= 0 &&
		class < MESSAGES_CLASSES)
		messages->count->ended[way][nth][class]++;
}

static struct bucket_size size_of(const struct config_messages *settings)
{
	return (struct bucket_size){
		.rate = settings->max_rate, .burst = settings->max_rate};
}

uint64_t messages_wait_us(const struct messages *messages,
	const struct config_messages *settings, enum limit_way way, uint64_t now_us)
{
	return bucket_wait_us(&messages->rates[way], size_of(settings), now_us);
}

void messages_charge(struct messages *messages, const struct config_messages *settings,
	enum limit_way way, uint64_t now_us)
{
	bucket_take(&messages->rates[way], size_of(settings), now_us);
}
