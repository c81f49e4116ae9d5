/* What a file is called that is not what was asked for, and which command is told. */
#include "tls/misfile.h"

#include "../unit.h"
#include "lab.h"

#include <stdio.h>
#include <string.h>

static struct lab_id us;

static int begin(void **state)
{
	(void)state;
	lab_start();
	lab_root(&us, "Lab CA");
	return 0;
}

static int end(void **state)
{
	(void)state;
	lab_drop(&us);
	lab_stop();
	return 0;
}

static void assert_told(
	enum misfile_want want, const gnutls_datum_t *bytes, int code, const char *words)
{
	struct err_text text = {""};

	assert_int_equal(
		misfile_say(want, "/a", bytes, GNUTLS_E_BASE64_DECODING_ERROR, &text),
		code);
	if (strcmp(text.text, words) != 0)
		fail_msg("\"%s\" is not \"%s\"", text.text, words);
}

static void told(enum misfile_want want, const char *bytes, size_t len, const char *words)
{
	const gnutls_datum_t datum = {
		(unsigned char *)(uintptr_t)bytes, (unsigned)(len ? len : strlen(bytes))};

	assert_told(want, &datum, ERR_FORMAT, words);
}

static void der_has_a_command(void **state)
{
	gnutls_datum_t crt = {NULL, 0}, key = {NULL, 0}, locked = {NULL, 0};

	(void)state;
	assert_int_equal(gnutls_x509_crt_export2(us.crt, GNUTLS_X509_FMT_DER, &crt), 0);
	assert_told(MISFILE_CERTIFICATE, &crt, ERR_FORMAT,
		"/a: no certificate chain in PEM form, it is a certificate in DER form: "
		"`openssl x509 -inform DER -in /a -out /a.pem`");
	assert_told(MISFILE_KEY, &crt, ERR_FORMAT,
		"/a: no private key in PEM form, it is a certificate in DER form: name "
		"the "
		"file with -----BEGIN PRIVATE KEY-----");
	assert_int_equal(
		gnutls_x509_privkey_export2(us.key, GNUTLS_X509_FMT_DER, &key), 0);
	assert_told(MISFILE_KEY, &key, ERR_FORMAT,
		"/a: no private key in PEM form, it is a private key in DER form: "
		"`openssl "
		"pkey -inform DER -in /a -out /a.pem`");
	assert_int_equal(gnutls_x509_privkey_export2_pkcs8(us.key, GNUTLS_X509_FMT_DER,
				 "secret", GNUTLS_PKCS_PBES2_AES_128, &locked),
		0);
	assert_told(MISFILE_KEY, &locked, ERR_SUPPORT,
		"/a: the key is encrypted; store it without a password (`openssl pkey "
		"-inform DER -in /a -out /a.pem`), mode 0600, or in a token (pkcs11:)");
	assert_told(MISFILE_CRL, &locked, ERR_FORMAT,
		"/a: no CRL in PEM form, it is an encrypted private key in DER form: "
		"name "
		"the file with -----BEGIN X509 CRL-----");
	/* The beginning of one is none. */
	crt.size -= 1;
	assert_told(MISFILE_CERTIFICATE, &crt, ERR_FORMAT,
		"/a: no certificate chain in PEM form, it is nothing that is known here: "
		"name the file with -----BEGIN CERTIFICATE-----");
	gnutls_free(crt.data);
	gnutls_free(key.data);
	gnutls_free(locked.data);
}

static void texts_are_known_by_their_labels(void **state)
{
	(void)state;
	told(MISFILE_CERTIFICATE, "-----BEGIN CERTIFICATE-----\nxx", 0,
		"/a: a certificate chain that is damaged (Base64 decoding error.): copy "
		"it "
		"anew, with its lines BEGIN and END");
	/* The wanted one counts, wherever it stands. */
	told(MISFILE_KEY, "-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n",
		0,
		"/a: a private key that is damaged (Base64 decoding error.): copy it "
		"anew, "
		"with its lines BEGIN and END");
	told(MISFILE_CRL, "-----BEGIN X509 CRL-----\n-----BEGIN CERTIFICATE-----\n", 0,
		"/a: a CRL that is damaged (Base64 decoding error.): copy it anew, with "
		"its "
		"lines BEGIN and END");
	told(MISFILE_CERTIFICATE, "-----BEGIN RSA PRIVATE KEY-----\n", 0,
		"/a: no certificate chain in PEM form, it is a private key: name the "
		"file "
		"with -----BEGIN CERTIFICATE-----");
	told(MISFILE_KEY, "-----BEGIN OPENSSH PRIVATE KEY-----\n", 0,
		"/a: no private key in PEM form, it is a private key of OpenSSH: `cp -p "
		"/a "
		"/a.pem && ssh-keygen -p -m PEM -N '' -f /a.pem`");
	told(MISFILE_CERTIFICATE, "-----BEGIN PKCS7-----\n", 0,
		"/a: no certificate chain in PEM form, it is a PKCS #7 bundle: `openssl "
		"pkcs7 -in /a -print_certs -out /a.pem`");
	told(MISFILE_CRL, "-----BEGIN FRUIT-----\n", 0,
		"/a: no CRL in PEM form, it is nothing that is known here: name the file "
		"with -----BEGIN X509 CRL-----");
}

static void other_bytes_have_a_name_too(void **state)
{
	(void)state;
	told(MISFILE_CRL, "\r\n\t ", 0,
		"/a: no CRL in PEM form, it is blank, as a command that failed leaves "
		"it: "
		"name the file with -----BEGIN X509 CRL-----");
	told(MISFILE_CRL, "\xff\xfe-\0", 4,
		"/a: no CRL in PEM form, it is text in UTF-16, as some editors store it: "
		"`iconv -f UTF-16 -t ASCII /a >/a.pem`");
	told(MISFILE_CERTIFICATE, "\xfe\xed\xfe\xed\0\0\0\2", 8,
		"/a: no certificate chain in PEM form, it is a keystore of Java: "
		"`keytool "
		"-importkeystore -srckeystore /a -destkeystore /a.p12 -deststoretype "
		"PKCS12 "
		"&& openssl pkcs12 -in /a.p12 -nokeys -out /a.pem`");
	told(MISFILE_CRL, "MIIBxw+/\nAA==\n", 0,
		"/a: no CRL in PEM form, it is base64 without the lines BEGIN and END "
		"around it: `base64 -d /a | openssl crl -inform DER -out /a.pem`");
	told(MISFILE_KEY, "\x30", 1,
		"/a: no private key in PEM form, it is nothing that is known here: name "
		"the "
		"file with -----BEGIN PRIVATE KEY-----");
}

/* A path of any length is cut, not written over. */
static void a_long_path_is_cut(void **state)
{
	const gnutls_datum_t bytes = {(unsigned char[]){0xff, 0xfe, '-', 0}, 4};
	struct err_text text = {""};
	char path[2000];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(misfile_say(MISFILE_KEY, path, &bytes, 0, &text), ERR_FORMAT);
	assert_int_equal(strlen(text.text), ERR_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(der_has_a_command),
		cmocka_unit_test(texts_are_known_by_their_labels),
		cmocka_unit_test(other_bytes_have_a_name_too),
		cmocka_unit_test(a_long_path_is_cut),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
