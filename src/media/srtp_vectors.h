/*
 * Published test vectors in the form that libsrtp2's self-tests take. Data only; used by
 * srtp_engine.c.
 */
#pragma once

#include <srtp2/auth.h>
#include <srtp2/cipher.h>

extern const srtp_cipher_test_case_t srtp_vector_icm_128; /* RFC 3711 B.2 */
extern const srtp_cipher_test_case_t srtp_vector_icm_256; /* RFC 6188 7.1 */
extern const srtp_cipher_test_case_t srtp_vector_gcm_128; /* RFC 7714 16.1.1 */
extern const srtp_cipher_test_case_t srtp_vector_gcm_256; /* RFC 7714 16.2.1 */
extern const srtp_auth_test_case_t srtp_vector_hmac_sha1; /* RFC 2202 3, case 1 */
