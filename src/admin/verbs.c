#include "admin/verbs.h"

#include "admin/call_verbs.h"
#include "admin/capture_verbs.h"
#include "admin/cert_verbs.h"
#include "admin/config_verbs.h"
#include "admin/counter_verbs.h"
#include "admin/drain_verbs.h"
#include "admin/emergency_verbs.h"
#include "admin/event_verbs.h"
#include "admin/explain_verbs.h"
#include "admin/export_verbs.h"
#include "admin/learn_verbs.h"
#include "admin/list_verbs.h"
#include "admin/log_verbs.h"
#include "admin/monitor_verbs.h"
#include "admin/record_verbs.h"
#include "admin/report_verbs.h"
#include "admin/route_verbs.h"
#include "admin/sign_verbs.h"
#include "admin/stranger_verbs.h"
#include "admin/subscription_verbs.h"
#include "admin/system_verbs.h"
#include "admin/tail_verbs.h"
#include "admin/trace_verbs.h"
#include "admin/trunk_verbs.h"
#include "admin/verb_list.h"
#include "admin/wire_verbs.h"

#define ROW(noun_, verb_, min_, max_, changes_, usage_, help_, handler)                  \
	{.noun = noun_,                                                                  \
		.verb = verb_,                                                           \
		.min_args = min_,                                                        \
		.max_args = max_,                                                        \
		.changes = changes_,                                                     \
		.usage = usage_,                                                         \
		.help = help_,                                                           \
		.h = handler},

const struct api_verb verbs_table[] = {VERB_LIST(ROW){.noun = NULL}};
