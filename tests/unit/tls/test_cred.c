#include "tls/cred.h"

#include "../heap.h"
#include "../unit.h"
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gnutls/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct world {
	struct lab_id root, sub, us;
} world;

/* Before anything asks for a token: SoftHSM reads its settings once. */
static void make_token_folder(void)
{
	char conf[256];

	snprintf(conf, sizeof(conf),
		"directories.tokendir = %s\nobjectstore.backend = file\nlog.level = "
		"ERROR\n",
		lab_path("tokens"));
	assert_int_equal(mkdir(lab_path("tokens"), 0700), 0);
	lab_write("softhsm2.conf", conf, strlen(conf), 0600);
	setenv("SOFTHSM2_CONF", lab_path("softhsm2.conf"), 1);
}

static int remove_h(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int make_world(void **state)
{
	struct lab_spec sub = {.cn = "Lab Sub CA", .ca = true};

	(void)state;
	lab_start();
	make_token_folder();
	lab_root(&world.root, "Lab CA");
	lab_issue(&world.sub, &sub, &world.root);
	lab_host(&world.us, "med1.example.test", &world.sub);
	lab_write_chain("us.pem", &world.us);
	lab_write_key("us.key", &world.us, 0600);
	lab_write_chain("root.pem", &world.root);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	gnutls_pkcs11_deinit();
	nftw(lab_path("tokens"), remove_h, 8, FTW_DEPTH | FTW_PHYS);
	lab_drop(&world.us);
	lab_drop(&world.sub);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

static void refuse(const char *certificate, const char *key, const char *fqdn, int code,
	const char *words)
{
	struct cred *cred = NULL;
	struct err_text text = {""};

	assert_int_equal(
		cred_load(&cred, lab_path(certificate), lab_path(key), fqdn, &text),
		code);
	assert_null(cred);
	if (!strstr(text.text, words))
		fail_msg("\"%s\" does not say \"%s\"", text.text, words);
}

static void refuse_trust(
	const char *anchors, const char *crl, int code, const char *words)
{
	struct trust *trust = NULL;
	struct err_text text = {""};

	assert_int_equal(
		trust_load(&trust, lab_path(anchors), crl[0] ? lab_path(crl) : "", &text),
		code);
	assert_null(trust);
	if (!strstr(text.text, words))
		fail_msg("\"%s\" does not say \"%s\"", text.text, words);
}

static void a_good_pair_loads(void **state)
{
	struct cred *cred = NULL;
	struct err_text text = {""};

	(void)state;
	assert_int_equal(cred_load(&cred, lab_path("us.pem"), lab_path("us.key"),
				 "med1.example.test", &text),
		0);
	assert_string_equal(cred_name(cred), "med1.example.test");
	assert_true(cred_expires(cred) > time(NULL) + 29 * LAB_DAY);
	assert_ptr_equal(cred_ref(cred), cred);
	cred_unref(cred);
	assert_non_null(cred_handle(cred));
	cred_unref(cred);
	cred_unref(NULL);
	trust_unref(NULL);
}

static void one_file_may_hold_both(void **state)
{
	gnutls_datum_t crt = {NULL, 0};
	gnutls_datum_t key = {NULL, 0};
	struct cred *cred = NULL;
	struct err_text text = {""};
	char *both;

	(void)state;
	gnutls_x509_crt_export2(world.us.crt, GNUTLS_X509_FMT_PEM, &crt);
	gnutls_x509_privkey_export2_pkcs8(
		world.us.key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key);
	both = malloc(crt.size + key.size);
	assert_non_null(both);
	memcpy(both, crt.data, crt.size);
	memcpy(both + crt.size, key.data, key.size);
	lab_write("both.pem", both, crt.size + key.size, 0600);
	free(both);
	gnutls_free(crt.data);
	gnutls_free(key.data);
	assert_int_equal(
		cred_load(&cred, lab_path("both.pem"), lab_path("both.pem"), NULL, &text),
		0);
	assert_string_equal(cred_name(cred), "med1.example.test");
	cred_unref(cred);
}

static void keys_that_others_may_read_are_refused(void **state)
{
	static const unsigned bad[] = {0604, 0644, 0602, 0660, 0620, 0666};
	static const unsigned good[] = {0600, 0400, 0440, 0640};
	struct cred *cred = NULL;
	struct err_text text = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lab_write_key("mode.key", &world.us, bad[i]);
		refuse("us.pem", "mode.key", NULL, ERR_TRUST,
			"others may read or change");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unlink(lab_path("mode.key"));
		lab_write_key("mode.key", &world.us, good[i]);
		assert_int_equal(cred_load(&cred, lab_path("us.pem"),
					 lab_path("mode.key"), NULL, &text),
			0);
		cred_unref(cred);
		cred = NULL;
	}
	unlink(lab_path("mode.key"));
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	struct lab_id other;

	(void)state;
	lab_host(&other, "other.example", &world.root);
	lab_write_key("other.key", &other, 0600);
	refuse("us.pem", "other.key", NULL, ERR_TRUST, "other.key does not belong to");
	lab_drop(&other);
}

static void another_name_is_refused(void **state)
{
	(void)state;
	refuse("us.pem", "us.key", "med2.example.test", ERR_TRUST,
		"us.pem: the certificate is for DNS:med1.example.test, not for "
		"med2.example.test");
}

static void dates_are_looked_at(void **state)
{
	struct lab_spec old = {.cn = "x", .from_days = -9, .to_days = -1};
	struct lab_spec young = {.cn = "x", .from_days = 1, .to_days = 9};
	struct lab_id id;

	(void)state;
	lab_issue(&id, &old, &world.root);
	lab_write_chain("date.pem", &id);
	lab_write_key("date.key", &id, 0600);
	refuse("date.pem", "date.key", NULL, ERR_TRUST, "certificate 1 expired on 20");
	lab_drop(&id);
	lab_issue(&id, &young, &world.root);
	lab_write_chain("date.pem", &id);
	lab_write_key("date.key", &id, 0600);
	refuse("date.pem", "date.key", NULL, ERR_TRUST,
		"certificate 1 is not valid before 20"); /* a date of this century */
	lab_drop(&id);
}

static void unreadable_files_are_named(void **state)
{
	(void)state;
	lab_write("junk", "-----BEGIN JUNK", 15, 0600);
	lab_write("empty", "", 0, 0600);
	mkfifo(lab_path("fifo"), 0600);
	refuse("none.pem", "us.key", NULL, -ENOENT, "none.pem: No such file");
	refuse("us.pem", "none.key", NULL, -ENOENT, "none.key: No such file");
	refuse("junk", "us.key", NULL, ERR_FORMAT, "junk: no certificate chain");
	refuse("us.pem", "junk", NULL, ERR_FORMAT, "junk: no private key");
	refuse("empty", "us.key", NULL, ERR_FORMAT, "empty: the file is empty");
	refuse("us.pem", "fifo", NULL, -EINVAL, "fifo: not a regular file");
	refuse("us.pem", ".", NULL, -EINVAL, ".: a folder, not a regular file: name");
	refuse("us.pem", "us.pem", NULL, ERR_TRUST, "us.pem: a private key that others");
	refuse_trust("none.pem", "", -ENOENT, "none.pem: No such file");
	refuse_trust("junk", "", ERR_FORMAT, "junk: no certificate");
	refuse_trust("root.pem", "none.crl", -ENOENT, "none.crl: No such file");
	refuse_trust("root.pem", "junk", ERR_FORMAT, "junk: no CRL");
}

/* Whichever certificate of the chain it is in. */
static void a_key_of_an_unknown_kind_is_refused(void **state)
{
	static const unsigned char ec_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
	gnutls_datum_t der = {NULL, 0}, odd = {NULL, 0}, us = {NULL, 0};
	unsigned char *oid;

	(void)state;
	assert_int_equal(
		gnutls_x509_crt_export2(world.sub.crt, GNUTLS_X509_FMT_DER, &der), 0);
	oid = memmem(der.data, der.size, ec_key, sizeof(ec_key));
	assert_non_null(oid);
	oid[6] = 99;
	assert_int_equal(gnutls_pem_base64_encode2("CERTIFICATE", &der, &odd), 0);
	assert_int_equal(
		gnutls_x509_crt_export2(world.us.crt, GNUTLS_X509_FMT_PEM, &us), 0);
	lab_write("odd.pem", odd.data, odd.size, 0644);
	refuse("odd.pem", "us.key", NULL, ERR_FORMAT, "odd.pem: certificate 1: ");
	us.data = gnutls_realloc(us.data, us.size + odd.size);
	assert_non_null(us.data);
	memcpy(us.data + us.size, odd.data, odd.size);
	lab_write("odd.pem", us.data, us.size + odd.size, 0644);
	refuse("odd.pem", "us.key", NULL, ERR_FORMAT, "odd.pem: certificate 2: ");
	gnutls_free(us.data);
	gnutls_free(odd.data);
	gnutls_free(der.data);
}

/* The library would take what is below the first one for none of the chain. */
static void a_chain_in_the_wrong_order_is_called_so(void **state)
{
	struct cred *cred = NULL;
	struct err_text text = {""};

	(void)state;
	lab_write_both("upside-down.pem", &world.sub, &world.us);
	refuse("upside-down.pem", "us.key", NULL, ERR_FORMAT,
		"upside-down.pem: the chain is in the wrong order, it begins with the "
		"certificate of a CA");
	/* A CA's own certificate alone is what a small set-up may have. */
	lab_write_chain("ca.pem", &world.root);
	lab_write_key("ca.key", &world.root, 0600);
	assert_int_equal(
		cred_load(&cred, lab_path("ca.pem"), lab_path("ca.key"), NULL, &text), 0);
	cred_unref(cred);
}

static char hosts[600];

static void note_host(void *arg, const char *subject, const char *issuer)
{
	(void)arg;
	snprintf(hosts + strlen(hosts), sizeof(hosts) - strlen(hosts), "[%s by %s]",
		subject, issuer);
}

static void a_host_among_the_anchors_is_told(void **state)
{
	struct trust *trust = NULL;
	struct err_text text = {""};

	(void)state;
	lab_write_both("mixed.pem", &world.root, &world.us);
	assert_int_equal(trust_load(&trust, lab_path("mixed.pem"), "", &text), 0);
	hosts[0] = '\0';
	trust_hosts(trust, note_host, NULL);
	assert_string_equal(hosts, "[O=Tandem lab by CN=Lab Sub CA]");
	trust_unref(trust);
}

/* Which anchors and which chain go together: leaf alone, leaf with its issuer, a root. */
static void a_chain_without_its_issuer_is_seen(void **state)
{
	struct trust *root_trust = NULL, *sub_trust = NULL;
	char issuer[FACTS_TEXT_SIZE];
	struct err_text text = {""};
	struct cred *cred = NULL;

	(void)state;
	/* of two that do not belong together only the first is presented */
	lab_write_both("alone.pem", &world.us, &world.root);
	lab_write_chain("sub-alone.pem", &world.sub);
	lab_write_key("root.key", &world.root, 0600);
	assert_int_equal(trust_load(&root_trust, lab_path("root.pem"), "", &text), 0);
	assert_int_equal(trust_load(&sub_trust, lab_path("sub-alone.pem"), "", &text), 0);

	assert_int_equal(
		cred_load(&cred, lab_path("alone.pem"), lab_path("us.key"), NULL, &text),
		0);
	assert_true(cred_is_alone(cred, issuer));
	assert_string_equal(issuer, "CN=Lab Sub CA");
	assert_false(trust_has_issuer(root_trust, cred));
	assert_true(trust_has_issuer(sub_trust, cred));
	cred_unref(cred);

	assert_int_equal(
		cred_load(&cred, lab_path("us.pem"), lab_path("us.key"), NULL, &text), 0);
	assert_false(cred_is_alone(cred, issuer));
	assert_string_equal(issuer, "");
	cred_unref(cred);

	/* nobody is above a root */
	assert_int_equal(
		cred_load(&cred, lab_path("root.pem"), lab_path("root.key"), NULL, &text),
		0);
	assert_false(cred_is_alone(cred, issuer));
	cred_unref(cred);
	trust_unref(root_trust);
	trust_unref(sub_trust);
}

static void what_to_do_about_a_host_depends_on_its_issuer(void **state)
{
	(void)state;
	assert_string_equal(trust_host_advice("CN=a", "CN=b"),
		"put the certificate of its issuer there");
	assert_non_null(strstr(trust_host_advice("CN=a", "CN=a"), "replace it"));
}

static void an_encrypted_key_is_called_so(void **state)
{
	gnutls_datum_t key = {NULL, 0};

	(void)state;
	assert_int_equal(
		gnutls_x509_privkey_export2_pkcs8(world.us.key, GNUTLS_X509_FMT_PEM,
			"secret", GNUTLS_PKCS_PBES2_AES_128, &key),
		0);
	lab_write("locked.key", key.data, key.size, 0600);
	gnutls_free(key.data);
	refuse("us.pem", "locked.key", NULL, ERR_SUPPORT,
		"locked.key: the key is encrypted");
}

static void a_long_chain_is_refused(void **state)
{
	struct lab_spec spec = {.ca = true};
	struct lab_id cas[9];

	(void)state;
	for (int i = 0; i < 9; i++) {
		char cn[] = "Deep CA 0";

		cn[sizeof(cn) - 2] = (char)('0' + i);
		spec.cn = cn;
		lab_issue(&cas[i], &spec, i == 0 ? &world.root : &cas[i - 1]);
	}
	lab_write_chain("long.pem", &cas[8]);
	lab_write_key("long.key", &cas[8], 0600);
	refuse("long.pem", "long.key", NULL, ERR_LIMIT,
		"long.pem: 9 certificates, 8 at most");
	for (int i = 0; i < 9; i++)
		lab_drop(&cas[i]);
}

static void an_unknown_token_is_refused_without_its_pin(void **state)
{
	struct cred *cred = NULL;
	struct err_text text = {""};

	(void)state;
	assert_int_equal(
		cred_load(&cred, lab_path("us.pem"),
			"pkcs11:token=none;object=none?pin-value=1234", NULL, &text),
		ERR_LIBRARY);
	assert_null(strstr(text.text, "1234"));
}

/* The file with the PIN, in each form that a URI may name it: RFC 7512 2.4, and before it. One that
 * others may read is refused by name, before any token is asked. */
static void a_pin_is_read_from_where_the_uri_says(void **state)
{
	static const char *const forms[][2] = {
		{"pkcs11:object=a?pin-source=", ""},
		{"pkcs11:object=a?pin-source=file:", ""},
		{"pkcs11:object=a?pin-source=file://", ""},
		{"pkcs11:object=a?pin-source=", "&module-name=x"},
		{"pkcs11:object=a?module-name=x&pin-source=file:", ""},
		{"pkcs11:pinfile=", ""},
		{"pkcs11:object=a;pinfile=", ";token=b"},
		{"pkcs11:object=pin-source=b?pin-source=", ""},
	};
	struct cred *cred = NULL;
	char uri[256], escaped[160] = "", said[192];
	struct err_text text;
	char path[128];

	(void)state;
	lab_write("a pin", "1234\n", 5, 0644);
	lab_write("pin", "1234\n", 5, 0644);
	snprintf(path, sizeof(path), "%s", lab_path("pin"));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(uri, sizeof(uri), "%s%s%s", forms[i][0], path, forms[i][1]);
		snprintf(said, sizeof(said), "%s: the PIN of a token that others", path);
		assert_int_equal(cred_load(&cred, lab_path("us.pem"), uri, NULL, &text),
			ERR_TRUST);
		assert_memory_equal(text.text, said, strlen(said));
	}
	/* A byte that may not stand in a URI. */
	snprintf(escaped, sizeof(escaped), "%.*sa%%20pin", (int)strlen(path) - 3, path);
	snprintf(uri, sizeof(uri), "pkcs11:object=a?pin-source=%s", escaped);
	assert_int_equal(
		cred_load(&cred, lab_path("us.pem"), uri, NULL, &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "/a pin: the PIN of a token"));
	/* A good one, but no such token. */
	lab_write("pin", "1234\n", 5, 0600);
	snprintf(uri, sizeof(uri), "pkcs11:token=none;object=none?pin-source=%s", path);
	assert_int_equal(
		cred_load(&cred, lab_path("us.pem"), uri, NULL, &text), ERR_LIBRARY);
	assert_non_null(strstr(text.text, "the key in the token: "));
	assert_null(cred);
}

#define TOKEN "pkcs11:token=tandem-lab"

/* A token with our key, PIN 1234; false: there is no SoftHSM here. */
static bool make_token(void)
{
	static unsigned char one[] = {1};
	const gnutls_datum_t id = {one, 1};

	if (gnutls_pkcs11_token_init(
		    "pkcs11:model=SoftHSM%20v2", "112233", "tandem-lab") < 0)
		return false;
	assert_int_equal(gnutls_pkcs11_token_set_pin(TOKEN "?pin-value=112233", NULL,
				 "1234", GNUTLS_PIN_USER),
		0);
	assert_int_equal(gnutls_pkcs11_copy_x509_privkey2(TOKEN "?pin-value=1234",
				 world.us.key, "us", &id, GNUTLS_KEY_DIGITAL_SIGNATURE,
				 GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE |
					 GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE |
					 GNUTLS_PKCS11_OBJ_FLAG_LOGIN),
		0);
	return true;
}

/* Loads our certificate with the key in the token, whose PIN is in a file of these BYTES. */
static int load_with_pin(const char *bytes, size_t len, struct err_text *text)
{
	struct cred *cred = NULL;
	char uri[256];
	int err;

	lab_write("token.pin", bytes, len, 0600);
	snprintf(uri, sizeof(uri), TOKEN ";object=us;type=private?pin-source=file:%s",
		lab_path("token.pin"));
	err = cred_load(&cred, lab_path("us.pem"), uri, NULL, text);
	assert_int_equal(!cred, err != 0);
	cred_unref(cred);
	return err;
}

/* Whether the token counts towards being locked. */
static bool counts_attempts(void)
{
	unsigned flags = 0;

	assert_int_equal(gnutls_pkcs11_token_get_flags(TOKEN, &flags), 0);
	return flags & GNUTLS_PKCS11_TOKEN_USER_PIN_COUNT_LOW;
}

static void the_pin_in_the_file_opens_the_token(void **state)
{
	struct err_text text = {""};
	char endless[1024];

	(void)state;
	if (!make_token())
		skip();
	assert_int_equal(load_with_pin("1234", 4, &text), 0);
	assert_int_equal(load_with_pin("1234\r\n", 6, &text), 0);
	assert_false(counts_attempts());
	/* What can be no PIN is not even tried. */
	memset(endless, '1', sizeof(endless));
	assert_int_equal(load_with_pin("\n", 1, &text), ERR_TRUST);
	assert_int_equal(load_with_pin(endless, sizeof(endless), &text), ERR_TRUST);
	assert_false(counts_attempts());
	assert_int_equal(load_with_pin("4321", 4, &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "the key in the token: "));
	assert_null(strstr(text.text, "4321"));
	assert_true(counts_attempts());
}

static void what_was_loaded_is_known_again(void **state)
{
	struct trust *trust = NULL, *with_list = NULL;
	struct err_text text = {""};
	struct cred *us, *same, *other;
	struct lab_id id;

	(void)state;
	lab_write_crl("a.crl", &world.root, NULL, NULL, 5, false);
	lab_write_chain("copy.pem", &world.root);
	assert_int_equal(trust_load(&trust, lab_path("root.pem"), "", &text), 0);
	assert_int_equal(
		trust_load(&with_list, lab_path("root.pem"), lab_path("a.crl"), &text),
		0);
	assert_true(trust_is_of(trust, lab_path("root.pem"), ""));
	assert_true(trust_is_of(trust, lab_path("copy.pem"), ""));
	assert_false(trust_is_of(trust, lab_path("us.pem"), ""));
	assert_false(trust_is_of(trust, lab_path("none.pem"), ""));
	assert_false(trust_is_of(trust, lab_path("root.pem"), lab_path("a.crl")));
	assert_false(trust_is_of(with_list, lab_path("root.pem"), ""));
	assert_true(trust_is_of(with_list, lab_path("root.pem"), lab_path("a.crl")));
	lab_write_crl("a.crl", &world.root, NULL, NULL, 6, false);
	assert_false(trust_is_of(with_list, lab_path("root.pem"), lab_path("a.crl")));
	trust_unref(with_list);
	trust_unref(trust);
	lab_host(&id, "med1.example.test", &world.sub);
	us = lab_cred(&world.us);
	same = lab_cred(&world.us);
	other = lab_cred(&id);
	assert_true(cred_equal(us, same));
	assert_false(cred_equal(us, other));
	cred_unref(other);
	lab_drop(&id);
	/* The same certificate with more behind it. */
	id = (struct lab_id){world.us.crt, world.us.key, &world.root};
	other = lab_cred(&id);
	assert_false(cred_equal(us, other));
	assert_false(cred_equal(other, us));
	cred_unref(other);
	cred_unref(same);
	cred_unref(us);
}

static void load_and_drop(void *arg)
{
	static const char *const keys[] = {"us.key", "none.key", "mode.key", "junk"};
	struct err_text text;

	(void)arg;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct cred *cred = NULL;

		if (cred_load(&cred, lab_path("us.pem"), lab_path(keys[i]), NULL,
			    &text) == 0)
			cred_unref(cred_ref(cred));
		cred_unref(cred);
	}
}

static void load_trust_and_drop(void *arg)
{
	static const char *const lists[] = {
		"re.crl", "none.crl", "bad.crl", "junk", "unread"};
	struct err_text text;

	(void)arg;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct trust *trust = NULL;

		(void)trust_load(&trust, lab_path("root.pem"), lab_path(lists[i]), &text);
		trust_unref(trust);
	}
}

/* A file that opens and cannot be read, as on a failing disk; false: there is none here. */
static bool make_unread(void)
{
	const char *path = "/sys/class/net/lo/speed";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;
	bool fails = fd >= 0 && read(fd, &byte, 1) < 0 && errno == EINVAL;

	if (fd >= 0)
		close(fd);
	unlink(lab_path("unread"));
	return fails && symlink(path, lab_path("unread")) == 0;
}

static void a_file_that_fails_under_way_is_named(void **state)
{
	(void)state;
	if (!make_unread())
		skip();
	refuse("unread", "us.key", NULL, -EINVAL, "unread: Invalid argument");
	refuse_trust("unread", "", -EINVAL, "unread: Invalid argument");
	refuse_trust("root.pem", "unread", -EINVAL, "unread: Invalid argument");
}

/* Kamailio 3823: reloads that keep something; good ones and refused ones. */
static void reloads_keep_nothing(void **state)
{
	struct lab_id other;

	(void)state;
	lab_root(&other, "Lab CA");
	(void)make_unread();
	lab_write("junk", "-----BEGIN JUNK", 15, 0600);
	lab_write_key("mode.key", &world.us, 0666);
	lab_write_crl("re.crl", &world.root, NULL, &world.us, 5, false);
	lab_write_crl("bad.crl", &world.root, &other, NULL, 5, false);
	assert_keeps_nothing(load_and_drop, NULL);
	assert_keeps_nothing(load_trust_and_drop, NULL);
	lab_drop(&other);
}

static void a_crl_must_bear_its_issuers_signature(void **state)
{
	(void)state;
	lab_write_crl("bad.crl", &world.root, &world.sub, NULL, 5, false);
	refuse_trust("root.pem", "bad.crl", ERR_TRUST, "did not sign");
}

/* A list of CA by SIGNER's key, ADDed to those before: the anchor goes with them all. */
static void loads_with(const struct lab_id *ca, const struct lab_id *signer, bool add)
{
	struct trust *trust = NULL;
	struct err_text text = {""};

	lab_write_crl("re-keyed.crl", ca, signer, NULL, 5, add);
	if (trust_load(&trust, lab_path("key-root.pem"), lab_path("re-keyed.crl"),
		    &text) < 0)
		fail_msg("%s", text.text);
	trust_unref(trust);
}

static void is_foreign_with(
	const struct lab_id *ca, const struct lab_id *signer, bool add)
{
	lab_write_crl("re-keyed.crl", ca, signer, NULL, 5, add);
	refuse_trust("key-root.pem", "re-keyed.crl", ERR_TRUST, "did not sign");
}

/* A CA that changes its key keeps its name, and has a list by each. */
static void a_crl_by_the_next_key_goes_beside_the_anchors_own(void **state)
{
	const struct lab_spec spec = {.cn = "Lab CA", .ca = true, .key_id = true};
	struct lab_id root, next;

	(void)state;
	lab_issue(&root, &spec, NULL);
	lab_issue(&next, &spec, NULL);
	lab_write_chain("key-root.pem", &root);
	loads_with(&root, NULL, false);
	loads_with(&next, NULL, true);
	loads_with(&next, NULL, true);
	is_foreign_with(&next, NULL, false);
	loads_with(&root, NULL, true);
	/* It names the anchor's key, and does not bear its signature. */
	is_foreign_with(&root, &next, true);
	loads_with(&root, NULL, false);
	/* It does not say whose key it is by. */
	is_foreign_with(&world.root, NULL, true);
	lab_drop(&next);
	lab_drop(&root);
}

/* In no order. */
struct unlisted {
	unsigned one, two, others;
};

static void count_h(void *arg, const char *name)
{
	struct unlisted *found = arg;

	found->one += !strcmp(name, "CN=One");
	found->two += !strcmp(name, "CN=Two");
	found->others += strcmp(name, "CN=One") && strcmp(name, "CN=Two");
}

static void expect_unlisted(
	const char *anchors, const char *crl, unsigned one, unsigned two)
{
	struct trust *trust = NULL;
	struct err_text text = {""};
	struct unlisted found = {0};

	if (trust_load(&trust, lab_path(anchors), crl[0] ? lab_path(crl) : "", &text))
		fail_msg("%s", text.text);
	trust_unlisted(trust, count_h, &found);
	assert_int_equal(found.one, one);
	assert_int_equal(found.two, two);
	assert_int_equal(found.others, 0);
	trust_unref(trust);
}

/* Each file is in order; together they refuse whom an authority certified itself. */
static void authorities_without_a_list_are_told(void **state)
{
	struct lab_id one, two, leaf;

	(void)state;
	lab_issue(&one, &(struct lab_spec){.cn = "One", .ca = true}, NULL);
	lab_issue(&two, &(struct lab_spec){.cn = "Two", .ca = true}, NULL);
	lab_issue(&leaf, &(struct lab_spec){.cn = "Leaf"}, NULL);
	lab_write_both("both.pem", &one, &two);
	lab_write_both("leaf-too.pem", &one, &leaf);
	lab_write_crl("one.crl", &one, NULL, NULL, 5, false);
	lab_write_crl("world.crl", &world.root, NULL, NULL, 5, false);
	expect_unlisted("both.pem", "", 0, 0);
	expect_unlisted("both.pem", "one.crl", 0, 1);
	expect_unlisted("both.pem", "world.crl", 1, 1);
	lab_write_crl("one.crl", &two, NULL, NULL, 5, true);
	expect_unlisted("both.pem", "one.crl", 0, 0);
	/* who certifies nobody needs no list */
	expect_unlisted("leaf-too.pem", "one.crl", 0, 0);
	lab_drop(&leaf);
	lab_drop(&two);
	lab_drop(&one);
}

static void a_stale_crl_loads_and_says_when_it_was_due(void **state)
{
	struct trust *trust = NULL;
	struct err_text text = {""};

	(void)state;
	lab_write_crl("two.crl", &world.root, NULL, NULL, 5, false);
	lab_write_crl("two.crl", &world.root, NULL, NULL, -1, true);
	assert_int_equal(
		trust_load(&trust, lab_path("root.pem"), lab_path("two.crl"), &text), 0);
	assert_true(trust_crl_due(trust) < time(NULL));
	trust_unref(trust);
	assert_int_equal(trust_load(&trust, lab_path("root.pem"), "", &text), 0);
	assert_int_equal(trust_crl_due(trust), 0);
	assert_null(trust_crls(trust));
	trust_unref(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_pair_loads),
		cmocka_unit_test(one_file_may_hold_both),
		cmocka_unit_test(keys_that_others_may_read_are_refused),
		cmocka_unit_test(a_key_of_another_certificate_is_refused),
		cmocka_unit_test(another_name_is_refused),
		cmocka_unit_test(dates_are_looked_at),
		cmocka_unit_test(unreadable_files_are_named),
		cmocka_unit_test(a_key_of_an_unknown_kind_is_refused),
		cmocka_unit_test(a_chain_in_the_wrong_order_is_called_so),
		cmocka_unit_test(a_host_among_the_anchors_is_told),
		cmocka_unit_test(a_chain_without_its_issuer_is_seen),
		cmocka_unit_test(what_to_do_about_a_host_depends_on_its_issuer),
		cmocka_unit_test(an_encrypted_key_is_called_so),
		cmocka_unit_test(a_long_chain_is_refused),
		cmocka_unit_test(an_unknown_token_is_refused_without_its_pin),
		cmocka_unit_test(a_pin_is_read_from_where_the_uri_says),
		cmocka_unit_test(the_pin_in_the_file_opens_the_token),
		cmocka_unit_test(what_was_loaded_is_known_again),
		cmocka_unit_test(a_crl_must_bear_its_issuers_signature),
		cmocka_unit_test(a_crl_by_the_next_key_goes_beside_the_anchors_own),
		cmocka_unit_test(authorities_without_a_list_are_told),
		cmocka_unit_test(a_stale_crl_loads_and_says_when_it_was_due),
		cmocka_unit_test(a_file_that_fails_under_way_is_named),
		cmocka_unit_test(reloads_keep_nothing),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
