#include "subscribed.h"

#include "inside.h"

#include <string.h>

static void list(void *arg, const struct bridge_subscription *subscription)
{
	const struct record *record = subscription->record;
	const char *from = strrchr(record->legs[0].party, ' ');
	const char *to = strrchr(record->legs[1].party, ' ');
	struct buf *out = arg;

	buf_printf(out, "%s%s-%s=%s=%u", out->len ? " " : "", from ? from + 1 : "none",
		to ? to + 1 : "none", subscription->package, subscription->left_s);
}

void subscribed_list(struct stage *stage, struct buf *out)
{
	bridge_each_subscription(stage->bridge, list, out);
	if (!out->len)
		buf_add_str(out, "none");
}

static void take_first(void *arg, const struct bridge_subscription *subscription)
{
	char *id = arg;

	if (!*id)
		strcpy(id, subscription->record->id);
}

int subscribed_end(struct stage *stage, struct err_text *error)
{
	char id[32] = "";
	bool was;
	int err;

	bridge_each_subscription(stage->bridge, take_first, id);
	was = inside_set(true);
	err = bridge_end_subscription(stage->bridge, id);
	inside_set(was);
	return err ? err_set(error, ERR_STATE, "no subscription \"%s\"", id) : 0;
}
