#include "far.h"

#include "../unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ok(call) assert_return_code((call), 0)

#define FAR_CHAIN_MAX 16

static unsigned far_load(
	gnutls_pcert_st *pcerts, gnutls_privkey_t *key, const struct lab_id *id)
{
	const struct lab_id *at = id;
	unsigned count = 0;

	ok(gnutls_privkey_init(key));
	ok(gnutls_privkey_import_x509(*key, id->key, GNUTLS_PRIVKEY_IMPORT_COPY));
	do {
		ok(gnutls_pcert_import_x509(&pcerts[count++], at->crt, 0));
		at = at->issuer;
	} while (at->issuer != at);
	/* It signs also where its certificate does not allow it to. */
	ok(gnutls_pubkey_set_key_usage(pcerts[0].pubkey, 0));
	return count;
}

/* Without a look at dates or at whether key and certificate fit each other. */
static void far_present(struct far *far, const struct lab_id *id)
{
	gnutls_privkey_t key;
	gnutls_pcert_st pcerts[FAR_CHAIN_MAX];
	unsigned count = far_load(pcerts, &key, id);

	ok(gnutls_certificate_set_key(far->cred, NULL, 0, pcerts, (int)count, key));
}

/* What it presents, as the library asks for it. */
struct far_stapled {
	gnutls_pcert_st pcerts[FAR_CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
	gnutls_ocsp_data_st responses[FAR_CHAIN_MAX];
	unsigned response_count;
};

static int far_retrieve_h(gnutls_session_t session,
	const struct gnutls_cert_retr_st *info, gnutls_pcert_st **ret_certs,
	unsigned *ret_count, gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count,
	gnutls_privkey_t *ret_key, unsigned *ret_flags)
{
	struct far_stapled *stapled = gnutls_session_get_ptr(session);

	(void)info;
	*ret_certs = stapled->pcerts;
	*ret_count = stapled->count;
	*ret_ocsp = stapled->responses;
	*ret_ocsp_count = stapled->response_count;
	*ret_key = stapled->key;
	*ret_flags = 0; /* they stay ours */
	return 0;
}

void far_staple(struct far *far, const struct lab_id *id, const gnutls_datum_t *der,
	unsigned count)
{
	struct far_stapled *stapled = calloc(1, sizeof(*stapled));

	assert_non_null(stapled);
	far->stapled = stapled;
	stapled->count = far_load(stapled->pcerts, &stapled->key, id);
	stapled->response_count = count;
	for (unsigned i = 0; i < count; i++)
		stapled->responses[i].response = der[i];
	gnutls_session_set_ptr(far->session, stapled);
	gnutls_certificate_set_retrieve_function3(far->cred, far_retrieve_h);
}

static void far_unstaple(struct far *far)
{
	if (!far->stapled)
		return;
	for (unsigned i = 0; i < far->stapled->count; i++)
		gnutls_pcert_deinit(&far->stapled->pcerts[i]);
	gnutls_privkey_deinit(far->stapled->key);
	free(far->stapled);
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
	far_unstaple(far);
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
