#include "../unit.h"

#include "../tls/lab.h"

#include "hep/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct lab_id root, us;

static struct config *load(const char *lines)
{
	struct config_errors errors;
	struct config *config = NULL;
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text,
		"[tandem]\nfqdn = med1.example.com\n[internal]\ncertificate = us.pem\n"
		"key = us.key\ntrust = ca.pem\n[server pbx1]\nhost = pbx1.example.com\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n%s",
		lines);
	lab_write("tandem.conf", text.data, text.len, 0600);
	buf_free(&text);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors) != 0)
		config_errors_print(&errors, stderr);
	config_errors_free(&errors);
	return config;
}

static struct hep_settings *settings_of(
	const char *lines, const struct hep_settings *before)
{
	struct config *config = load(lines);
	struct hep_settings *settings = NULL;
	struct err_text text = {{0}};

	assert_non_null(config);
	if (hep_settings_load(&settings, config, before, &text) != 0)
		fail_msg("%s", text.text);
	config_unref(config);
	return settings;
}

static void expect_refused(const char *lines, const char *why)
{
	struct config *config = load(lines);
	struct hep_settings *settings = NULL;
	struct err_text text = {{0}};

	assert_non_null(config);
	assert_true(hep_settings_load(&settings, config, NULL, &text) < 0);
	assert_non_null(strstr(text.text, why));
	assert_null(settings);
	config_unref(config);
}

static void without_a_collector_there_are_none(void **state)
{
	(void)state;
	assert_null(settings_of("", NULL));
	assert_null(settings_of("[hep]\ncapture-id = 7\n", NULL));
}

static void keys_are_taken_as_they_are_set(void **state)
{
	struct hep_settings *settings;

	(void)state;
	lab_write("hep.password", "wessen\n", 7, 0600);
	settings = settings_of("[hep]\ncollector = udp:10.0.0.1\n", NULL);
	assert_int_equal(settings->target.place.port, 9060);
	assert_int_equal(settings->calls, CONFIG_HEP_ALL);
	assert_int_equal(settings->capture_id, 1);
	assert_int_equal(settings->key.len, 0);
	assert_int_equal(settings->target.queue_bytes, 4 << 20);
	assert_string_equal(settings->node, "med1.example.com");
	assert_null(settings->target.peer);
	hep_settings_free(settings);
	settings = settings_of("[hep]\ncollector = tcp:10.0.0.1:9\ncalls = captured\n"
			       "capture-id = 4294967295\npassword = hep.password\n"
			       "queue-size = 1M\n",
		NULL);
	assert_int_equal(settings->calls, CONFIG_HEP_CAPTURED);
	assert_int_equal(settings->capture_id, UINT32_MAX);
	assert_string_equal(buf_str(&settings->key), "wessen");
	assert_int_equal(settings->target.queue_bytes, 1 << 20);
	hep_settings_free(settings);
}

#define TLS                                                                              \
	"[hep]\ncollector = tls:homer.example.com\ncertificate = us.pem\nkey = us.key\n" \
	"trust = ca.pem\n"

static void a_connection_stays_while_all_leads_there_still(void **state)
{
	struct hep_settings *first = settings_of(TLS, NULL);
	struct hep_settings *second = settings_of(TLS "capture-id = 5\n", first);
	struct hep_settings *third;
	struct lab_id other;

	(void)state;
	assert_int_equal(first->target.place.port, 9061);
	assert_string_equal(first->target.peer->name, "homer.example.com");
	assert_true(hep_settings_same_way(first, second));
	hep_settings_free(first);
	/* anchors that were renewed */
	lab_root(&other, "other");
	lab_write_both("ca.pem", &root, &other);
	third = settings_of(TLS, second);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(second);
	lab_write_chain("ca.pem", &root);
	lab_drop(&other);
	/* our certificate */
	lab_host(&other, "med2.example.com", &root);
	second = settings_of(TLS, third);
	lab_write_chain("us.pem", &other);
	lab_write_key("us.key", &other, 0600);
	hep_settings_free(third);
	third = settings_of(TLS, second);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(third);
	lab_write_chain("us.pem", &us);
	lab_write_key("us.key", &us, 0600);
	lab_drop(&other);
	/* another place, way, bound */
	third = settings_of("[hep]\ncollector = tcp:homer.example.com:9061\n", second);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(second);
	second = settings_of("[hep]\ncollector = tcp:homer.example.com:9062\n", third);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(second);
	second = settings_of("[hep]\ncollector = tcp:homer2.example.com:9061\n", third);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(second);
	second = settings_of(
		"[hep]\ncollector = tcp:homer.example.com:9061\nqueue-size = 1M\n",
		third);
	assert_false(hep_settings_same_way(second, third));
	hep_settings_free(second);
	second = settings_of(
		"[hep]\ncollector = tcp:homer.example.com:9061\ncalls = captured\n",
		third);
	assert_true(hep_settings_same_way(second, third));
	hep_settings_free(second);
	hep_settings_free(third);
}

static void a_file_that_is_of_no_use_is_named(void **state)
{
	(void)state;
	expect_refused("[hep]\ncollector = udp:10.0.0.1\npassword = none\n", "[hep] ");
	expect_refused(
		"[hep]\ncollector = tls:homer\ncertificate = us.pem\nkey = us.key\n"
		"trust = none.pem\n",
		"none.pem");
	lab_write_key("other.key", &root, 0600);
	expect_refused("[hep]\ncollector = tls:homer\ncertificate = us.pem\n"
		       "key = other.key\ntrust = ca.pem\n",
		"does not belong");
	/* a file that others can read is no password */
	lab_write("open.password", "x\n", 2, 0644);
	expect_refused("[hep]\ncollector = udp:homer\npassword = open.password\n",
		"others may read");
}

/* By TLS nobody is sent anything who cannot be judged. */
static void tls_needs_its_files(void **state)
{
	(void)state;
	assert_null(load("[hep]\ncollector = tls:homer\n"));
	assert_null(load(
		"[hep]\ncollector = tls:homer\ncertificate = us.pem\nkey = us.key\n"));
	assert_null(load("[hep]\ncollector = homer\n"));
}

static int group_setup(void **state)
{
	(void)state;
	lab_start();
	lab_root(&root, "CA");
	lab_host(&us, "med1.example.com", &root);
	lab_write_chain("ca.pem", &root);
	lab_write_chain("us.pem", &us);
	lab_write_key("us.key", &us, 0600);
	mkdir(lab_path("gateways.d"), 0700);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	lab_drop(&us);
	lab_drop(&root);
	rmdir(lab_path("gateways.d"));
	lab_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_collector_there_are_none),
		cmocka_unit_test(keys_are_taken_as_they_are_set),
		cmocka_unit_test(a_connection_stays_while_all_leads_there_still),
		cmocka_unit_test(a_file_that_is_of_no_use_is_named),
		cmocka_unit_test(tls_needs_its_files),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
