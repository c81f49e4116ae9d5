/*
 * The folders below STATE/audit, and the markers by which a start finds the captures that a killed
 * process had open. Links are never followed below STATE. Audit thread.
 */
#pragma once

#include <stdint.h>

/* Opens STATE_DIR/audit, made 0750 where missing. A descriptor, or a negated errno. */
int folder_root(const char *state_dir);
/* Opens ROOT_FD/DATE/ID, made 0750 where missing. A descriptor, or a negated errno. */
int folder_call(int root_fd, const char *date, const char *id);

/* Notes that the capture of DATE/ID is being written: ROOT_FD/open/DATE.ID. 0, or a negated
 * errno. */
int folder_mark(int root_fd, const char *date, const char *id);
void folder_unmark(int root_fd, const char *date, const char *id);
/* Cuts every marked capture back to its last whole record and removes the marks. */
void folder_repair(int root_fd, const char *file_name);
