/*
 * The running server: its parts, wired together; started and stopped as a whole, changed by
 * a reload. Only main uses it. Loop thread.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

struct server;

/*
 * Starts everything that the configuration in FILE names. 0; ERR_CONFIG after the mistakes
 * were written to stderr; negative with TEXT. When it returns the server listens.
 */
int server_start(struct server **ret, const char *file, struct err_text *text);
/* Runs until SIGTERM, SIGINT or tandemctl shutdown. SIGHUP reloads. 0 or negative. */
int server_run(struct server *server);
/* In reverse order of the start. NULL is fine. */
void server_stop(struct server *server);
