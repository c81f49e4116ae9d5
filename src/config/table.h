/*
 * The rows behind schema.h. For schema.c and table.c alone.
 */
#pragma once

#include "config/schema.h"

extern const struct schema_key schema_table[];
extern const size_t schema_table_count;
