#include "ctl/event_table.h"

#include <stddef.h>

#define X(module, name, meaning, remedy) {module, name, meaning, remedy},

static const struct event_entry table[] = {
#include "base/log_events.def"
	{NULL, NULL, NULL, NULL},
};

const struct event_entry *event_table(void)
{
	return table;
}
