/* Why no server can be asked, and what to do about it. tandemctl's only thread. */
#pragma once

#include "admin/api.h"

/* Says in TEXT why connect(2) to the socket at PATH failed with ERRNUM; returns what to exit with. */
enum api_code unreachable_explain(const char *path, int errnum, struct err_text *text);
