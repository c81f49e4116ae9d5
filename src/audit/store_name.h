/*
 * What the folders of captures are called: YYYY-MM-DD/ID. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Room for "YYYY-MM-DD" with its NUL. */
#define STORE_DATE_SIZE 11
#define STORE_ID_SIZE 64

/* Whether ID may name a folder: 1..63 of [A-Za-z0-9-]. */
bool store_id_ok(const char *id);
/* The folder's date of a call that began at WALL_US. Returns BUF. */
const char *store_date(uint64_t wall_us, char buf[static STORE_DATE_SIZE]);
