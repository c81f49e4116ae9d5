#include "stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void stock_put(const char *name, const struct lab_id *id)
{
	char file[80];

	snprintf(file, sizeof(file), "%s.pem", name);
	unlink(lab_path(file));
	lab_write_chain(file, id);
	snprintf(file, sizeof(file), "%s.key", name);
	unlink(lab_path(file));
	lab_write_key(file, id, 0600);
}

void stock_start(struct stock *stock)
{
	const struct lab_spec root = {.cn = "CA", .ca = true, .to_days = 4000};
	const struct lab_spec sub = {.cn = "Sub CA", .ca = true, .to_days = 400};
	const struct lab_spec us = {
		.cn = "us", .sans = {{'D', "us.example.com", 0}}, .to_days = 40};
	struct seen_params params;

	memset(stock, 0, sizeof(*stock));
	lab_start();
	lab_issue(&stock->root, &root, NULL);
	lab_issue(&stock->sub, &sub, &stock->root);
	lab_issue(&stock->us, &us, &stock->sub);
	lab_write_chain("ca.pem", &stock->root);
	lab_write_crl("ca.crl", &stock->root, NULL, NULL, 30, false);
	stock_put("us", &stock->us);
	assert_int_equal(mkdir(lab_path("gateways.d"), 0700), 0);
	clock_virtual_init(&stock->clock, (uint64_t)time(NULL) * 1000000);
	assert_int_equal(loop_new(&stock->loop, &stock->clock.clock), 0);
	assert_int_equal(resolver_new(&stock->resolver, stock->loop, NULL), 0);
	assert_int_equal(trunks_new(&stock->trunks, stock->loop, stock->resolver), 0);
	assert_int_equal(filing_new(&stock->filing, NULL), 0);
	params = (struct seen_params){.clock = &stock->clock.clock,
		.filing = stock->filing,
		.folder = lab_path("peers")};
	assert_int_equal(seen_new(&stock->seen, &params), 0);
}

static void remove_files(void)
{
	static const char *const names[] = {"peers/trunk-a.pem", "peers/trunk-b.pem",
		"peers/server-pbx1.pem", "gateways.d/a.conf", "gateways.d/b.conf"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(lab_path(names[i]));
	rmdir(lab_path("peers"));
	rmdir(lab_path("gateways.d"));
}

void stock_stop(struct stock *stock)
{
	seen_free(stock->seen);
	filing_free(stock->filing);
	trunks_free(stock->trunks);
	resolver_free(stock->resolver);
	config_unref(stock->config);
	loop_free(stock->loop);
	lab_drop(&stock->us);
	lab_drop(&stock->sub);
	lab_drop(&stock->root);
	remove_files();
	lab_stop();
	memset(stock, 0,
		sizeof(*stock)); /* what was not freed is lost then, and noticed */
}

static void put_text(const char *name, struct buf *text)
{
	assert_int_equal(text->err, 0);
	lab_write(name, text->data, text->len, 0600);
	buf_clear(text);
}

void stock_apply(struct stock *stock, const char *internal, const char *external,
	const char *gateway)
{
	struct err_text why = {{0}};
	struct config_errors errors;
	struct config *config;
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text,
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"%s\n"
		"[server pbx1]\nhost = pbx1.example.com\n"
		"[external]\ntls = 127.0.0.1:5061\ncertificate = us.pem\nkey = us.key\n"
		"trust = ca.pem\n%s\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n",
		internal, external);
	put_text("tandem.conf", &text);
	buf_add_str(&text, "[gateway]\nhost = a.example.com\ntls = yes\n");
	put_text("gateways.d/a.conf", &text);
	buf_printf(&text, "[gateway]\nhost = b.example.com\ntls = yes\n%s\n", gateway);
	put_text("gateways.d/b.conf", &text);
	buf_free(&text);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	if (trunks_apply(stock->trunks, config, &why))
		fail_msg("%s", why.text);
	config_unref(stock->config);
	stock->config = config;
}

void stock_show(struct stock *stock, const char *name, const struct lab_id *id)
{
	gnutls_datum_t chain[4];
	unsigned count = lab_chain(id, chain, 4);

	seen_note(stock->seen, name, chain, count);
	lab_chain_free(chain, count);
}

void stock_later(struct stock *stock, long seconds)
{
	stock->clock.wall_us += (uint64_t)seconds * 1000000;
}
