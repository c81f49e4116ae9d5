#include "tls/keylog.h"

#include "base/buf.h"

#include <stdint.h>
#include <sys/socket.h>

static keylog_h *listener;
static void *listener_arg;

void keylog_set(keylog_h *h, void *arg)
{
	listener = h;
	listener_arg = arg;
}

/* One that is gone already, since it was reset, has no address any more. */
static void find_remote(gnutls_session_t session, struct addr *ret)
{
	gnutls_transport_ptr_t in, out;

	gnutls_transport_get_ptr2(session, &in, &out);
	ret->len = sizeof(ret->v6);
	if (getpeername((int)(intptr_t)out, &ret->sa, &ret->len) != 0)
		ret->len = 0;
}

static int told(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
	gnutls_datum_t client, server;
	struct addr remote;
	struct buf line;

	if (!listener)
		return 0;
	find_remote(session, &remote);
	gnutls_session_get_random(session, &client, &server);
	/* what it no longer holds is wiped */
	buf_init(&line, 0);
	buf_add_str(&line, label);
	buf_add_char(&line, ' ');
	buf_add_hex(&line, (struct span){.p = (char *)client.data, .len = client.size});
	buf_add_char(&line, ' ');
	buf_add_hex(&line, (struct span){.p = (char *)secret->data, .len = secret->size});
	buf_add_char(&line, '\n');
	listener(listener_arg, &remote,
		line.err ? (struct span){NULL, 0} : buf_span(&line));
	buf_free(&line);
	return 0;
}

void keylog_watch(gnutls_session_t session)
{
	if (listener)
		gnutls_session_set_keylog_function(session, told);
}
