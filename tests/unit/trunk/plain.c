#include "plain.h"

#include "../tls/lab.h"

#include "base/loop.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void plain_start(struct plain *plain)
{
	struct lab_id root, us;

	memset(plain, 0, sizeof(*plain));
	lab_start();
	lab_root(&root, "Trunk CA");
	lab_host(&us, "us.example.com", &root);
	lab_write_chain("ca.pem", &root);
	lab_write_chain("us.pem", &us);
	lab_write_key("us.key", &us, 0600);
	lab_write_chain("ca2.pem", &root);
	lab_write_chain("us2.pem", &us);
	lab_write_key("us2.key", &us, 0600);
	lab_drop(&us);
	lab_drop(&root);
	assert_int_equal(mkdir(lab_path("gateways.d"), 0700), 0);
	clock_virtual_init(&plain->clock, 0);
	assert_int_equal(loop_new(&plain->loop, &plain->clock.clock), 0);
	assert_int_equal(resolver_new(&plain->resolver, plain->loop, NULL), 0);
	assert_int_equal(trunks_new(&plain->trunks, plain->loop, plain->resolver), 0);
}

void plain_stop(struct plain *plain)
{
	trunks_free(plain->trunks);
	resolver_free(plain->resolver);
	config_unref(plain->config);
	loop_free(plain->loop);
	rmdir(lab_path("gateways.d"));
	lab_stop();
	memset(plain, 0,
		sizeof(*plain)); /* what was not freed is lost then, and noticed */
}

static const char *file_name(const struct plain_gateway *gateway)
{
	static char name[80];

	snprintf(name, sizeof(name), "gateways.d/%s.conf", gateway->id);
	return name;
}

static void write_gateway(const struct plain_gateway *gateway)
{
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text,
		"[gateway]\nhost = %s\nport = %u\ntls = %s\ntransport = %s\n"
		"enabled = %s\npriority = %u\n",
		gateway->host, gateway->port ? gateway->port : 5060,
		gateway->observed ? "observe" : "no", gateway->tcp ? "tcp" : "udp",
		gateway->disabled ? "no" : "yes",
		gateway->priority ? gateway->priority : 10);
	if (gateway->max_calls)
		buf_printf(&text, "max-calls = %u\n", gateway->max_calls);
	for (unsigned i = 0; i < 3 && gateway->prefixes[i]; i++)
		buf_printf(&text, "%s%s", i ? ", " : "prefixes = ", gateway->prefixes[i]);
	if (gateway->observed || gateway->files)
		buf_printf(&text, "certificate = %s\nkey = %s\ntrust = %s\n%s",
			lab_path(gateway->second_files ? "us2.pem" : "us.pem"),
			lab_path(gateway->second_files ? "us2.key" : "us.key"),
			lab_path(gateway->second_files ? "ca2.pem" : "ca.pem"),
			gateway->observed ? gateway->observed : "");
	if (gateway->lines)
		buf_printf(&text, "\n%s", gateway->lines);
	lab_write(file_name(gateway), text.data, text.len, 0600);
	buf_free(&text);
}

static struct config *load(const struct plain_gateway *gateways)
{
	static const char text[] =
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"[server pbx1]\nhost = pbx1.example.com\npriority = 10\nweight = 3\n"
		"[server pbx2]\nhost = pbx2.example.com\npriority = 10\nweight = 1\n"
		"[server spare]\nhost = spare.example.com\npriority = 20\n"
		"[external]\nudp = 127.0.0.1:5060\ntcp = 127.0.0.1:5060\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n"
		"[emergency]\nnumbers = 112\n";
	struct config_errors errors;
	struct config *config;

	for (const struct plain_gateway *gateway = gateways; gateway->id; gateway++)
		write_gateway(gateway);
	lab_write("tandem.conf", text, strlen(text), 0600);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	for (const struct plain_gateway *gateway = gateways; gateway->id; gateway++)
		unlink(lab_path(file_name(gateway)));
	return config;
}

void plain_apply(struct plain *plain, const struct plain_gateway *gateways)
{
	struct config *config = load(gateways);
	struct err_text text = {{0}};

	if (trunks_apply(plain->trunks, config, &text))
		fail_msg("%s", text.text);
	config_unref(plain->config);
	plain->config = config;
}

struct trunk *plain_find(const struct plain *plain, const char *id)
{
	return trunks_find(plain->trunks, TRUNK_GATEWAY, id);
}
