/* What each command of tandemctl is given. tandemctl's only thread. */
#pragma once

#include "ctl/command.h"
#include "ctl/options.h"
#include "ctl/show_style.h"

struct session {
	const struct options *options;
	struct show_style style;
};
