#include "tls/misfile.h"

#include <ctype.h>
#include <gnutls/pkcs12.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum kind {
	KIND_BLANK,
	KIND_UTF16,
	KIND_PEM_CERTIFICATE,
	KIND_PEM_TRUSTED,
	KIND_PEM_KEY,
	KIND_PEM_LOCKED_KEY,
	KIND_PEM_OPENSSH,
	KIND_PEM_PUBLIC,
	KIND_PEM_CRL,
	KIND_PEM_REQUEST,
	KIND_PEM_PKCS7,
	KIND_DER_CERTIFICATE,
	KIND_DER_KEY,
	KIND_DER_LOCKED_KEY,
	KIND_DER_CRL,
	KIND_DER_REQUEST,
	KIND_DER_PKCS7,
	KIND_PKCS12,
	KIND_JAVA,
	KIND_BARE_BASE64,
	KIND_UNKNOWN,
	KINDS,
};

/* What was wanted, and where it is found. */
static const struct {
	const char *name;
	const char *label; /* of PEM; keys have several that end so */
} wants[MISFILE_WANTS] = {
	[MISFILE_CERTIFICATE] = {"certificate chain", "CERTIFICATE"},
	[MISFILE_KEY] = {"private key", "PRIVATE KEY"},
	[MISFILE_CRL] = {"CRL", "X509 CRL"},
};

/* Commands have FILE for the path. NULL: no command makes that of it. Of the very kind that is wanted there is
 * no command either: the file is damaged. */
static const struct {
	const char *name;
	const char *command[MISFILE_WANTS];
} kinds[KINDS] = {
	[KIND_BLANK] = {"blank, as a command that failed leaves it", {NULL}},
	[KIND_UTF16] = {"text in UTF-16, as some editors store it",
		{"iconv -f UTF-16 -t ASCII FILE >FILE.pem",
			"iconv -f UTF-16 -t ASCII FILE >FILE.pem",
			"iconv -f UTF-16 -t ASCII FILE >FILE.pem"}},
	[KIND_PEM_CERTIFICATE] = {"a certificate", {NULL}},
	[KIND_PEM_TRUSTED] = {"a certificate with OpenSSL's own marks of trust",
		{"openssl x509 -in FILE -out FILE.pem"}},
	[KIND_PEM_KEY] = {"a private key", {NULL}},
	[KIND_PEM_LOCKED_KEY] = {"an encrypted private key",
		{NULL, "openssl pkey -in FILE -out FILE.pem"}},
	[KIND_PEM_OPENSSH] = {"a private key of OpenSSH",
		{NULL, "cp -p FILE FILE.pem && ssh-keygen -p -m PEM -N '' -f FILE.pem"}},
	[KIND_PEM_PUBLIC] = {"a public key", {NULL}},
	[KIND_PEM_CRL] = {"a CRL", {NULL}},
	[KIND_PEM_REQUEST] = {"a request for a certificate, which a CA has still to sign",
		{NULL}},
	[KIND_PEM_PKCS7] = {"a PKCS #7 bundle",
		{"openssl pkcs7 -in FILE -print_certs -out FILE.pem"}},
	[KIND_DER_CERTIFICATE] = {"a certificate in DER form",
		{"openssl x509 -inform DER -in FILE -out FILE.pem"}},
	[KIND_DER_KEY] = {"a private key in DER form",
		{NULL, "openssl pkey -inform DER -in FILE -out FILE.pem"}},
	[KIND_DER_LOCKED_KEY] = {"an encrypted private key in DER form",
		{NULL, "openssl pkey -inform DER -in FILE -out FILE.pem"}},
	[KIND_DER_CRL] = {"a CRL in DER form",
		{NULL, NULL, "openssl crl -inform DER -in FILE -out FILE.pem"}},
	[KIND_DER_REQUEST] = {"a request for a certificate, which a CA has still to sign",
		{NULL}},
	[KIND_DER_PKCS7] = {"a PKCS #7 bundle in DER form",
		{"openssl pkcs7 -inform DER -in FILE -print_certs -out FILE.pem"}},
	[KIND_PKCS12] = {"a PKCS #12 bundle (.p12, .pfx)",
		{"openssl pkcs12 -in FILE -nokeys -out FILE.pem",
			"openssl pkcs12 -in FILE -nocerts -nodes -out FILE.pem"}},
	[KIND_JAVA] = {"a keystore of Java",
		{"keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 "
		 "-deststoretype PKCS12 && openssl pkcs12 -in FILE.p12 -nokeys -out "
		 "FILE.pem",
			"keytool -importkeystore -srckeystore FILE -destkeystore "
			"FILE.p12 "
			"-deststoretype PKCS12 && openssl pkcs12 -in FILE.p12 -nocerts "
			"-nodes -out FILE.pem"}},
	[KIND_BARE_BASE64] = {"base64 without the lines BEGIN and END around it",
		{"base64 -d FILE | openssl x509 -inform DER -out FILE.pem",
			"base64 -d FILE | openssl pkey -inform DER -out FILE.pem",
			"base64 -d FILE | openssl crl -inform DER -out FILE.pem"}},
	[KIND_UNKNOWN] = {"nothing that is known here", {NULL}},
};

/* ---- PEM ---- */

#define BEGIN "-----BEGIN "

/* Labels of RFC 7468, and of older programs. */
static const struct {
	const char *label;
	enum kind kind;
} labels[] = {
	{"CERTIFICATE", KIND_PEM_CERTIFICATE},
	{"X509 CERTIFICATE", KIND_PEM_CERTIFICATE},
	{"TRUSTED CERTIFICATE", KIND_PEM_TRUSTED},
	{"PRIVATE KEY", KIND_PEM_KEY},
	{"RSA PRIVATE KEY", KIND_PEM_KEY},
	{"EC PRIVATE KEY", KIND_PEM_KEY},
	{"ENCRYPTED PRIVATE KEY", KIND_PEM_LOCKED_KEY},
	{"OPENSSH PRIVATE KEY", KIND_PEM_OPENSSH},
	{"PUBLIC KEY", KIND_PEM_PUBLIC},
	{"RSA PUBLIC KEY", KIND_PEM_PUBLIC},
	{"X509 CRL", KIND_PEM_CRL},
	{"CERTIFICATE REQUEST", KIND_PEM_REQUEST},
	{"NEW CERTIFICATE REQUEST", KIND_PEM_REQUEST},
	{"PKCS7", KIND_PEM_PKCS7},
	{"CMS", KIND_PEM_PKCS7},
};

static bool has(const gnutls_datum_t *bytes, const char *word)
{
	return memmem(bytes->data, bytes->size, word, strlen(word)) != NULL;
}

static bool has_label(const gnutls_datum_t *bytes, const char *label)
{
	char line[64];

	snprintf(line, sizeof(line), BEGIN "%s-----", label);
	return has(bytes, line);
}

/* Where several are in one file: the one that was wanted, and so is damaged; or else the first of the
 * list. */
static enum kind pem_kind(const gnutls_datum_t *bytes, enum misfile_want want)
{
	if (want != MISFILE_KEY && has_label(bytes, wants[want].label))
		return want == MISFILE_CRL ? KIND_PEM_CRL : KIND_PEM_CERTIFICATE;
	/* RFC 1421 4.6.1.1: what OpenSSL does with keys of the older labels. */
	if (want == MISFILE_KEY && has(bytes, "Proc-Type: 4,ENCRYPTED"))
		return KIND_PEM_LOCKED_KEY;
	for (size_t i = 0; want == MISFILE_KEY && i < sizeof(labels) / sizeof(labels[0]);
		i++) {
		if ((labels[i].kind == KIND_PEM_KEY ||
			    labels[i].kind == KIND_PEM_LOCKED_KEY) &&
			has_label(bytes, labels[i].label))
			return labels[i].kind;
	}
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (has_label(bytes, labels[i].label))
			return labels[i].kind;
	}
	return KIND_UNKNOWN;
}

/* ---- DER ---- */

static bool is_certificate(const gnutls_datum_t *bytes)
{
	gnutls_x509_crt_t crt;
	bool good;

	if (gnutls_x509_crt_init(&crt) < 0)
		return false;
	good = gnutls_x509_crt_import(crt, bytes, GNUTLS_X509_FMT_DER) == 0;
	gnutls_x509_crt_deinit(crt);
	return good;
}

static bool is_crl(const gnutls_datum_t *bytes)
{
	gnutls_x509_crl_t crl;
	bool good;

	if (gnutls_x509_crl_init(&crl) < 0)
		return false;
	good = gnutls_x509_crl_import(crl, bytes, GNUTLS_X509_FMT_DER) == 0;
	gnutls_x509_crl_deinit(crl);
	return good;
}

static bool is_request(const gnutls_datum_t *bytes)
{
	gnutls_x509_crq_t crq;
	bool good;

	if (gnutls_x509_crq_init(&crq) < 0)
		return false;
	good = gnutls_x509_crq_import(crq, bytes, GNUTLS_X509_FMT_DER) == 0;
	gnutls_x509_crq_deinit(crq);
	return good;
}

static bool is_pkcs7(const gnutls_datum_t *bytes)
{
	gnutls_pkcs7_t pkcs7;
	bool good;

	if (gnutls_pkcs7_init(&pkcs7) < 0)
		return false;
	good = gnutls_pkcs7_import(pkcs7, bytes, GNUTLS_X509_FMT_DER) == 0;
	gnutls_pkcs7_deinit(pkcs7);
	return good;
}

static bool is_pkcs12(const gnutls_datum_t *bytes)
{
	gnutls_pkcs12_t pkcs12;
	bool good;

	if (gnutls_pkcs12_init(&pkcs12) < 0)
		return false;
	good = gnutls_pkcs12_import(pkcs12, bytes, GNUTLS_X509_FMT_DER, 0) == 0;
	gnutls_pkcs12_deinit(pkcs12);
	return good;
}

/* What the library says of it as a key; without a password. */
static int import_key(const gnutls_datum_t *bytes)
{
	gnutls_x509_privkey_t key;
	int err;

	if (gnutls_x509_privkey_init(&key) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	err = gnutls_x509_privkey_import2(key, bytes, GNUTLS_X509_FMT_DER, NULL, 0);
	gnutls_x509_privkey_deinit(key);
	return err;
}

static bool is_key(const gnutls_datum_t *bytes)
{
	return import_key(bytes) == 0;
}

static bool is_locked_key(const gnutls_datum_t *bytes)
{
	return import_key(bytes) == GNUTLS_E_DECRYPTION_FAILED;
}

static enum kind der_kind(const gnutls_datum_t *bytes)
{
	static const struct {
		bool (*is)(const gnutls_datum_t *bytes);
		enum kind kind;
	} tries[] = {
		{is_certificate, KIND_DER_CERTIFICATE},
		{is_crl, KIND_DER_CRL},
		{is_request, KIND_DER_REQUEST},
		{is_pkcs12, KIND_PKCS12},
		{is_pkcs7, KIND_DER_PKCS7},
		{is_key, KIND_DER_KEY},
		{is_locked_key, KIND_DER_LOCKED_KEY},
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (tries[i].is(bytes))
			return tries[i].kind;
	}
	return KIND_UNKNOWN;
}

/* ---- the rest ---- */

static bool all_are(const gnutls_datum_t *bytes, int (*is)(int c), const char *others)
{
	for (unsigned i = 0; i < bytes->size; i++) {
		const unsigned char c = bytes->data[i];

		if (!is(c) && (c == '\0' || !strchr(others, c)))
			return false;
	}
	return true;
}

/* With its mark, or by the letters of the first dashes, each of which has a NUL. */
static bool is_utf16(const gnutls_datum_t *bytes)
{
	const unsigned char *data = bytes->data;

	return bytes->size >= 4 &&
	       ((data[0] == 0xff && data[1] == 0xfe) ||
		       (data[0] == 0xfe && data[1] == 0xff) ||
		       memcmp(data, "-\0-", 4) == 0 || memcmp(data, "\0-\0-", 4) == 0);
}

static enum kind find_kind(const gnutls_datum_t *bytes, enum misfile_want want)
{
	static const unsigned char java[] = {0xfe, 0xed, 0xfe, 0xed};

	if (all_are(bytes, isspace, ""))
		return KIND_BLANK;
	if (bytes->size >= sizeof(java) && memcmp(bytes->data, java, sizeof(java)) == 0)
		return KIND_JAVA;
	if (is_utf16(bytes))
		return KIND_UTF16;
	if (has(bytes, BEGIN))
		return pem_kind(bytes, want);
	if (bytes->data[0] == 0x30)
		return der_kind(bytes);
	/* Of DER: a sequence whose length has two bytes. */
	if (bytes->size > 4 && memcmp(bytes->data, "MII", 3) == 0 &&
		all_are(bytes, isalnum, "+/=\r\n \t"))
		return KIND_BARE_BASE64;
	return KIND_UNKNOWN;
}

/* COMMAND with PATH for each FILE. */
static void put_command(char *ret, size_t size, const char *command, const char *path)
{
	size_t len = 0;

	while (*command && len + 1 < size) {
		if (strncmp(command, "FILE", 4) == 0) {
			len += (size_t)snprintf(ret + len, size - len, "%s", path);
			command += 4;
		} else {
			ret[len++] = *command++;
		}
	}
	ret[len < size ? len : size - 1] = '\0';
}

/* Whether KIND is what was wanted, so that only damage is left as a reason. */
static bool is_wanted(enum kind kind, enum misfile_want want)
{
	return (kind == KIND_PEM_CERTIFICATE && want == MISFILE_CERTIFICATE) ||
	       (kind == KIND_PEM_KEY && want == MISFILE_KEY) ||
	       (kind == KIND_PEM_CRL && want == MISFILE_CRL);
}

int misfile_say(enum misfile_want want, const char *path, const gnutls_datum_t *bytes,
	int error, struct err_text *text)
{
	const enum kind kind = find_kind(bytes, want);
	const bool is_locked = kind == KIND_PEM_LOCKED_KEY || kind == KIND_DER_LOCKED_KEY;
	const char *command = kinds[kind].command[want];
	char convert[ERR_TEXT_SIZE];

	if (is_wanted(kind, want))
		return err_set(text, ERR_FORMAT,
			"%s: a %s that is damaged (%s): copy it anew, with its lines "
			"BEGIN "
			"and END",
			path, wants[want].name, gnutls_strerror(error));
	if (!command)
		return err_set(text, ERR_FORMAT,
			"%s: no %s in PEM form, it is %s: name the file with -----BEGIN "
			"%s-----",
			path, wants[want].name, kinds[kind].name, wants[want].label);
	put_command(convert, sizeof(convert), command, path);
	if (is_locked && want == MISFILE_KEY)
		return err_set(text, ERR_SUPPORT,
			"%s: the key is encrypted; store it without a password (`%s`), "
			"mode "
			"0600, or in a token (pkcs11:)",
			path, convert);
	return err_set(text, ERR_FORMAT, "%s: no %s in PEM form, it is %s: `%s`", path,
		wants[want].name, kinds[kind].name, convert);
}
