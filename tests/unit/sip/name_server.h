/* A name server on loopback for the tests of the resolver; its records stand in name_server.c. */
#pragma once

#include "base/loop.h"

#include <stdbool.h>

struct name_server {
	int fd;
	struct loop_fd watch;
	unsigned asked;   /* questions so far */
	bool mute;        /* answers nothing */
	bool failing;     /* answers SERVFAIL */
	char forward[60]; /* for resolver_params */
};

void name_server_start(struct name_server *server, struct loop *loop);
void name_server_stop(struct name_server *server);
