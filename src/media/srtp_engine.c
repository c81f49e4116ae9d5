#include "media/srtp_engine.h"

#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <srtp2/crypto_types.h>

static int refused(const char *type, srtp_err_status_t status, struct err_text *text)
{
	return err_set(text, ERR_LIBRARY,
		"libsrtp2 refused %s (status %d): its test vectors failed", type,
		(int)status);
}

int srtp_engine_install(const struct srtp_engine *engine, struct err_text *text)
{
	srtp_err_status_t status;

	for (unsigned i = 0; i < SRTP_ENGINE_CIPHERS; i++) {
		const srtp_cipher_type_t *cipher = engine->ciphers[i];

		status = srtp_replace_cipher_type(cipher, cipher->id);
		if (status != srtp_err_status_ok)
			return refused(cipher->description, status, text);
	}
	status = srtp_replace_auth_type(engine->mac, engine->mac->id);
	if (status != srtp_err_status_ok)
		return refused(engine->mac->description, status, text);
	return 0;
}
