/* A report on protection that was verified (report.h), as text. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* To stdout: each call that was not protected, and what was looked at. INDEX is the record of LOG that has its sum. */
void report_text_print(const json_t *report, uint64_t index, const char *log);
