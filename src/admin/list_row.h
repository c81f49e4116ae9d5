/* A row of the index for whoever asked. Pure. */
#pragma once

#include "audit/index_query.h"

#include <jansson.h>

/* As src/admin/schema/cdr-list.json has it; the caller's. NULL: out of memory. */
json_t *list_row_json(const struct index_row *row);
