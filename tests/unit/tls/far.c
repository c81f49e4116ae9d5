#include "far.h"

#include "../unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ok(call) assert_return_code((call), 0)

/* Without a look at dates or at whether key and certificate fit each other. */
static void far_present(struct far *far, const struct lab_id *id)
{
	gnutls_privkey_t key;
	gnutls_pcert_st pcerts[16];
	const struct lab_id *at = id;
	int count = 0;

	ok(gnutls_privkey_init(&key));
	ok(gnutls_privkey_import_x509(key, id->key, GNUTLS_PRIVKEY_IMPORT_COPY));
	do {
		ok(gnutls_pcert_import_x509(&pcerts[count++], at->crt, 0));
		at = at->issuer;
	} while (at->issuer != at);
	ok(gnutls_certificate_set_key(far->cred, NULL, 0, pcerts, count, key));
}

void far_start(struct far *far, int fd, bool accept, const struct lab_id *id,
	const char *priorities)
{
	memset(far, 0, sizeof(*far));
	far->fd = fd;
	far->result = GNUTLS_E_AGAIN;
	ok(fcntl(fd, F_SETFL, O_NONBLOCK));
	ok(gnutls_certificate_allocate_credentials(&far->cred));
	if (id)
		far_present(far, id);
	ok(gnutls_init(&far->session, (accept ? GNUTLS_SERVER : GNUTLS_CLIENT) |
					      GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
					      GNUTLS_FORCE_CLIENT_CERT));
	ok(gnutls_priority_set_direct(far->session, priorities, NULL));
	ok(gnutls_credentials_set(far->session, GNUTLS_CRD_CERTIFICATE, far->cred));
	if (accept)
		gnutls_certificate_server_set_request(far->session, GNUTLS_CERT_REQUEST);
	gnutls_transport_set_int(far->session, fd);
}

void far_stop(struct far *far)
{
	gnutls_deinit(far->session);
	gnutls_certificate_free_credentials(far->cred);
	close(far->fd);
}

int far_handshake(struct far *far)
{
	if (far->result != GNUTLS_E_AGAIN && far->result != GNUTLS_E_INTERRUPTED)
		return far->result;
	far->result = gnutls_handshake(far->session);
	/* Distrust is the test's own doing: it chooses the alert. */
	if (far->result < 0 && gnutls_error_is_fatal(far->result) &&
		far->result != GNUTLS_E_CERTIFICATE_ERROR) {
		gnutls_alert_send_appropriate(far->session, far->result);
		shutdown(far->fd, SHUT_WR);
	}
	return far->result;
}

int far_alert(struct far *far)
{
	char scrap[256];
	ssize_t n = far->result;

	if (n == 0)
		n = gnutls_record_recv(far->session, scrap, sizeof(scrap));
	return n == GNUTLS_E_FATAL_ALERT_RECEIVED ? (int)gnutls_alert_get(far->session)
						  : -1;
}
