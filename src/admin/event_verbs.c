#include "admin/event_verbs.h"

#include "admin/events.h"
#include "admin/verbs.h"

#include <errno.h>
#include <stdlib.h>

/* Somebody who follows, until he goes away. */
struct following {
	struct api_call *call;
	struct events_follower *follower;
};

static bool event_h(void *arg, json_t *event)
{
	struct following *following = arg;

	return api_part(following->call, event);
}

static void cancel_h(void *arg)
{
	struct following *following = arg;

	events_unfollow(following->follower);
	free(following);
}

enum api_code event_verb_follow(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct following *following = calloc(1, sizeof(*following));
	int err;

	(void)ret_result;
	if (!following) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	err = events_follow(context->events, &following->follower, args, arg_count,
		event_h, following, text);
	if (!err) {
		following->call = api_defer(context->api, cancel_h, following);
		if (!following->call)
			err = err_set(text, -ENOMEM, "out of memory");
	}
	if (err) {
		events_unfollow(following->follower);
		free(following);
		return err == -EINVAL ? API_USAGE : API_FAILED;
	}
	/* So that whoever waits for an event knows from when on. */
	api_part(following->call, json_pack("{s:b}", "following", 1));
	return API_PENDING;
}
