#include "tls/alert.h"

gnutls_alert_description_t alert_for_rule(enum peer_rule rule, bool tls_1_3)
{
	switch (rule) {
	case PEER_NO_CERTIFICATE:
		return tls_1_3 ? GNUTLS_A_CERTIFICATE_REQUIRED
			       : GNUTLS_A_HANDSHAKE_FAILURE;
	case PEER_ISSUER:
		return GNUTLS_A_UNKNOWN_CA;
	case PEER_EXPIRED:
	case PEER_NOT_YET:
		return GNUTLS_A_CERTIFICATE_EXPIRED;
	case PEER_REVOKED:
		return GNUTLS_A_CERTIFICATE_REVOKED;
	case PEER_PURPOSE:
		return GNUTLS_A_UNSUPPORTED_CERTIFICATE;
	case PEER_NAME:
	case PEER_PIN:
	case PEER_SERVER_NAME:
		return GNUTLS_A_ACCESS_DENIED;
	case PEER_NOT_ASKED:
		return GNUTLS_A_HANDSHAKE_FAILURE;
	case PEER_CRL_STALE:
		return GNUTLS_A_CERTIFICATE_UNKNOWN;
	case PEER_STAPLE:
		return (gnutls_alert_description_t)ALERT_BAD_STATUS_RESPONSE;
	case PEER_VERSION:
		return GNUTLS_A_PROTOCOL_VERSION;
	case PEER_CIPHER:
		return GNUTLS_A_INSUFFICIENT_SECURITY;
	default:
		return GNUTLS_A_BAD_CERTIFICATE;
	}
}

bool alert_is_distrust(int alert)
{
	return alert == GNUTLS_A_BAD_CERTIFICATE ||
	       alert == GNUTLS_A_UNSUPPORTED_CERTIFICATE ||
	       alert == GNUTLS_A_CERTIFICATE_REVOKED ||
	       alert == GNUTLS_A_CERTIFICATE_EXPIRED ||
	       alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_UNKNOWN_CA ||
	       alert == ALERT_BAD_STATUS_RESPONSE || alert == GNUTLS_A_ACCESS_DENIED ||
	       alert == GNUTLS_A_CERTIFICATE_REQUIRED;
}
