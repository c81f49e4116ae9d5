/* The parts of the check that need no rights and no ports of their own; the rest: tests/system/broken.sh. */
#include "../config/fixture.h"

#include "check/check_priv.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct findings findings;

/* Whether one of LEVEL says WHAT, at LINE of a file that ends with FILE. */
static bool is_found(
	enum finding_level level, const char *file, unsigned line, const char *what)
{
	for (size_t i = 0; i < findings.count; i++) {
		const struct finding *finding = &findings.list[i];
		const size_t len = strlen(finding->file);

		if (finding->level == level && finding->line == line &&
			strstr(finding->what, what) && len >= strlen(file) &&
			strcmp(finding->file + len - strlen(file), file) == 0)
			return true;
	}
	return false;
}

static void advise(struct fixture *fixture)
{
	struct check check;

	findings_free(&findings);
	fixture_load_ok(fixture);
	check_begin(&check, fixture->config, &findings, CHECK_BY_SERVER);
	check_advice(&check);
	check_end(&check);
}

static void a_key_is_found_where_it_stands(void **state)
{
	struct fixture *fixture = *state;
	struct locator locator = {0};
	const char *file = fixture_path(fixture, "tandem.conf");
	struct place place;

	assert_true(locate(&locator, file, "external", NULL, "udp", &place));
	assert_int_equal(place.line, 11);
	assert_int_equal(place.column, 7);
	assert_true(locate(&locator, file, "server", "pbx1", "host", &place));
	assert_int_equal(place.line, 9);
	/* not set: the section; no such section: the file */
	assert_false(locate(&locator, file, "server", "pbx1", "port", &place));
	assert_int_equal(place.line, 8);
	assert_false(locate(&locator, file, "server", "pbx2", "host", &place));
	assert_int_equal(place.line, 1);
	assert_false(locate(&locator, "/nowhere", "server", "pbx1", "host", &place));
	assert_string_equal(place.file, "/nowhere");
	locator_free(&locator);
}

static void gateways_that_one_takes_for_another_are_named(void **state)
{
	struct fixture *fixture = *state;
	static const char plain[] = "[gateway]\nhost = GW.example.com\ntls = no\n"
				    "transport = udp\nprefixes = +49\n";

	fixture_write(fixture, "gateways.d/a.conf", plain);
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = gw.example.com\ntls = no\ntransport = udp\n"
		"priority = 20\nprefixes = +49\n");
	advise(fixture);
	assert_true(is_found(FINDING_WARNING, "b.conf", 2, "also that of trunk a"));
	/* its priority says who is first */
	assert_int_equal(findings.counts[FINDING_WARNING], 1);
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = gw.example.com\ntls = no\ntransport = udp\n"
		"port = 5070\nprefixes = +43, +49\n");
	advise(fixture);
	assert_true(
		is_found(FINDING_WARNING, "b.conf", 6, "+49 is also that of trunk a"));
	assert_int_equal(findings.counts[FINDING_WARNING], 1);
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = gw.example.com\ntls = no\ntransport = udp\n"
		"enabled = no\nprefixes = +49\n");
	advise(fixture);
	assert_int_equal(findings.count, 0);
	findings_free(&findings);
}

/* Tenants of one provider are told apart by the name that it knows each by. */
static void tenants_of_one_host_are_none_for_another(void **state)
{
	struct fixture *fixture = *state;
	static const char *const hosts[] = {"a", "b"};

	for (size_t i = 0; i < 2; i++) {
		char file[40], text[200];

		snprintf(file, sizeof(file), "gateways.d/%s.conf", hosts[i]);
		snprintf(text, sizeof(text),
			"[gateway]\nhost = gw.example.com\ntls = yes\npriority = %zu\n"
			"contact-host = %s.example.com\n",
			i, hosts[i]);
		fixture_write(fixture, file, text);
	}
	advise(fixture);
	assert_true(is_found(FINDING_NOTE, "b.conf", 2,
		"calls from there count for the one whose contact-host is asked for"));
	assert_int_equal(findings.counts[FINDING_WARNING], 0);
	/* the same name for both does not */
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = gw.example.com\ntls = yes\n"
		"contact-host = A.example.com\n");
	advise(fixture);
	assert_true(is_found(FINDING_WARNING, "b.conf", 2, "also that of trunk a"));
	findings_free(&findings);
}

/* Copies of Debian's ca-certificates, where they are installed. */
static bool append_root(FILE *to, const char *name)
{
	char path[200], line[200];
	FILE *from;

	snprintf(path, sizeof(path), "/usr/share/ca-certificates/mozilla/%s.crt", name);
	from = fopen(path, "re");
	if (!from)
		return false;
	while (fgets(line, sizeof(line), from))
		fputs(line, to);
	fclose(from);
	return true;
}

/* The first COUNT of Microsoft's authorities as the trust of the external side; false: not installed here. */
static bool write_roots(const struct fixture *fixture, size_t count)
{
	static const char *const names[] = {"DigiCert_Global_Root_CA",
		"DigiCert_Global_Root_G2", "DigiCert_Global_Root_G3",
		"DigiCert_TLS_ECC_P384_Root_G5", "DigiCert_TLS_RSA4096_Root_G5",
		"Microsoft_ECC_Root_Certificate_Authority_2017",
		"Microsoft_RSA_Root_Certificate_Authority_2017"};
	FILE *file = fopen(fixture_path(fixture, "roots.pem"), "we");
	bool there = true;

	assert_non_null(file);
	for (size_t i = 0; i < count; i++)
		there = append_root(file, names[i]) && there;
	fclose(file);
	return there;
}

/* Microsoft's certificates of 2026 have serverAuth alone, and come from seven authorities. */
static void trunks_to_teams_that_refuse_its_certificates_are_named(void **state)
{
	struct fixture *fixture = *state;
	static const char teams[] = "[gateway]\nhost = sip.pstnhub.microsoft.com\n"
				    "tls = yes\neku = strict\ntrust = ../roots.pem\n";

	if (!write_roots(fixture, 6))
		skip();
	fixture_write(fixture, "gateways.d/a.conf", teams);
	advise(fixture);
	assert_true(is_found(FINDING_WARNING, "a.conf", 4,
		"eku: strict refuses sip.pstnhub.microsoft.com when it calls"));
	assert_true(is_found(FINDING_WARNING, "a.conf", 5,
		"lacks 1 of the 7 authorities of Microsoft's certificates, and refuses "
		"what they issue: Microsoft RSA Root Certificate Authority 2017"));
	assert_true(write_roots(fixture, 5));
	advise(fixture);
	assert_true(is_found(FINDING_WARNING, "a.conf", 5,
		"lacks 2 of the 7 authorities of Microsoft's certificates, and refuses "
		"what they issue: Microsoft ECC Root Certificate Authority 2017, "
		"Microsoft RSA"));
	/* all are there, and either usage will do */
	assert_true(write_roots(fixture, 7));
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = SIP.pstnhub.microsoft.com\n"
		"tls = yes\ntrust = ../roots.pem\n");
	advise(fixture);
	assert_int_equal(findings.counts[FINDING_WARNING], 0);
	/* nobody else's affair, nor that of a trunk that is off, or plain */
	assert_true(write_roots(fixture, 1));
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = pstnhub.microsoft.com.example.com\n"
		"tls = yes\neku = strict\ntrust = ../roots.pem\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = sip.pstnhub.microsoft.com\nenabled = no\n"
		"tls = yes\neku = strict\ntrust = ../roots.pem\n");
	fixture_write(fixture, "gateways.d/c.conf",
		"[gateway]\nhost = sip.pstnhub.microsoft.com\ntls = no\n"
		"transport = tcp\neku = strict\ntrust = ../roots.pem\n");
	advise(fixture);
	assert_int_equal(findings.counts[FINDING_WARNING], 0);
	findings_free(&findings);
}

static const char *sentence(const json_t *trunks, size_t index)
{
	return json_string_value(
		json_object_get(json_array_get(trunks, index), "protection"));
}

static void protection_is_a_sentence_with_its_exceptions(void **state)
{
	struct fixture *fixture = *state;
	json_t *trunks, *exceptions;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example.com\ntls = no\ntransport = udp\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b.example.com\ntls = yes\ntls-min = 1.3\n"
		"srtp = optional\nrevocation = soft\nexception-until = 2099-01-31\n");
	fixture_load_ok(fixture);
	trunks = check_protection(fixture->config);
	assert_int_equal(json_array_size(trunks), 3);
	assert_string_equal(sentence(trunks, 0),
		"mutual TLS 1.2 or later as pbx1.example.com by nobody, since its trust "
		"cannot be read, without revocation lists, SRTP required");
	assert_string_equal(sentence(trunks, 1),
		"plain SIP over UDP and RTP: signalling and media are not protected");
	assert_non_null(strstr(sentence(trunks, 2), "mutual TLS 1.3 as b.example.com"));
	assert_non_null(strstr(sentence(trunks, 2), "SRTP optional"));
	exceptions = json_object_get(json_array_get(trunks, 2), "exceptions");
	assert_int_equal(json_array_size(exceptions), 2);
	assert_string_equal(json_string_value(json_array_get(exceptions, 0)),
		"revocation = soft allows a certificate whose revocation cannot be "
		"judged until 2099-01-31");
	assert_string_equal(json_string_value(json_array_get(exceptions, 1)),
		"srtp = optional allows RTP in clear until 2099-01-31");
	json_decref(trunks);
}

static void a_lock_of_another_process_is_seen(void **state)
{
	struct fixture *fixture = *state;
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int ready[2], end[2];
	char byte = 0, path[256];
	pid_t pid;

	fixture_write(fixture, "lock", "");
	snprintf(path, sizeof(path), "%s", fixture_path(fixture, "lock"));
	assert_int_equal(holder_of_lock(path), 0);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		close(end[1]);
		if (fd < 0 || fcntl(fd, F_SETLK, &lock) || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) < 0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(holder_of_lock(path), pid);
	close(end[1]);
	close(end[0]);
	close(ready[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(holder_of_lock(path), 0);
}

static void who_holds_a_port_is_named(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr addr;
	char name[HOLDER_SIZE];
	long pid = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(addr_parse(&addr, "127.0.0.1:0", 0), 0);
	assert_int_equal(bind(fd, &addr.sa, addr.len), 0);
	assert_int_equal(getsockname(fd, &addr.sa, &addr.len), 0);
	assert_true(holder_of(TRANSPORT_UDP, &addr, &pid, name));
	assert_int_equal(pid, getpid());
	assert_non_null(strstr("lt-test_check", name));
	close(fd);
	assert_false(holder_of(TRANSPORT_UDP, &addr, &pid, name));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_found_where_it_stands),
		TEST(gateways_that_one_takes_for_another_are_named),
		TEST(tenants_of_one_host_are_none_for_another),
		TEST(trunks_to_teams_that_refuse_its_certificates_are_named),
		TEST(protection_is_a_sentence_with_its_exceptions),
		TEST(a_lock_of_another_process_is_seen),
		TEST(who_holds_a_port_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
