#include "settings.h"

#include "../unit/tls/lab.h"

#include "base/buf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct setting {
	struct list node;
	char *section, *id, *key, *value;
};

/* Snapshots of configurations that were loaded already: most scenarios share one. */
static struct {
	char *text;
	struct config *config;
} loaded[512];
static unsigned loaded_count;

static struct setting *find_setting(
	struct list *settings, const char *section, const char *id, const char *key)
{
	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		if (!strcmp(setting->section, section) && !strcmp(setting->id, id) &&
			(!key || !strcmp(setting->key, key)))
			return setting;
	}
	return NULL;
}

static void drop_setting(struct setting *setting)
{
	list_remove(&setting->node);
	free(setting->section);
	free(setting->id);
	free(setting->key);
	free(setting->value);
	free(setting);
}

void settings_set(struct list *settings, const char *section, const char *id,
	const char *key, const char *value)
{
	const bool adds = key && key[0] && key[strlen(key) - 1] == '+';
	struct setting *setting;

	while (!adds && (setting = find_setting(settings, section, id, key)) != NULL)
		drop_setting(setting);
	if (!key || !value)
		return;
	setting = calloc(1, sizeof(*setting));
	if (!setting)
		abort();
	setting->section = strdup(section);
	setting->id = strdup(id);
	setting->key = strndup(key, strlen(key) - adds);
	setting->value = strdup(value);
	list_append(settings, &setting->node);
}

/* The lines of one section; its settings may be scattered. */
static void print_section(
	struct list *settings, const char *section, const char *id, struct buf *out)
{
	if (!strcmp(section, "server"))
		buf_printf(out, "[server %s]\n", id);
	else if (!strcmp(section, "route"))
		buf_printf(out, "[route %s]\n", strchr(id, '/') + 1);
	else
		buf_printf(out, "[%s]\n", section);
	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		if (!strcmp(setting->section, section) && !strcmp(setting->id, id) &&
			strcmp(setting->value, "default") != 0)
			buf_printf(out, "%s = %s\n", setting->key, setting->value);
	}
	/* What is sent is what the scenario is about. */
	if ((!strcmp(section, "server") || !strcmp(section, "gateway")) &&
		!find_setting(settings, section, id, "options-ping"))
		buf_add_str(out, "options-ping = off\n");
}

/* Calls for the first setting of each section. */
static bool is_first(struct list *settings, struct setting *setting)
{
	return find_setting(settings, setting->section, setting->id, NULL) == setting;
}

/* [gateway], its [capture] and [route NAME] (with the id GATEWAY/NAME) go to a file of their own. */
static bool is_of_gateway(const struct setting *setting)
{
	return !strcmp(setting->section, "gateway") ||
	       !strcmp(setting->section, "capture") ||
	       !strcmp(setting->section, "register") ||
	       !strcmp(setting->section, "route");
}

static void print_routes(struct list *settings, const char *id, struct buf *out)
{
	const size_t len = strlen(id);

	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		if (!strcmp(setting->section, "route") && is_first(settings, setting) &&
			!strncmp(setting->id, id, len) && setting->id[len] == '/')
			print_section(settings, "route", setting->id, out);
	}
}

static void print_gateway(struct list *settings, const char *id, struct buf *out)
{
	print_section(settings, "gateway", id, out);
	if (find_setting(settings, "capture", id, NULL))
		print_section(settings, "capture", id, out);
	print_routes(settings, id, out);
	if (find_setting(settings, "register", id, NULL))
		print_section(settings, "register", id, out);
}

static void write_gateway(struct list *settings, const char *id, struct buf *unused)
{
	char name[80];
	struct buf out;

	(void)unused;
	buf_init(&out, 0);
	print_gateway(settings, id, &out);
	snprintf(name, sizeof(name), "gateways.d/%s.conf", id);
	lab_write(name, out.data, out.len, 0600);
	buf_free(&out);
}

static void unlink_gateways(struct list *settings)
{
	char name[80];

	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		snprintf(name, sizeof(name), "gateways.d/%s.conf", setting->id);
		if (is_of_gateway(setting))
			unlink(lab_path(name));
	}
}

static struct config *find_loaded(const char *text)
{
	for (unsigned i = 0; i < loaded_count; i++)
		if (!strcmp(loaded[i].text, text))
			return config_ref(loaded[i].config);
	return NULL;
}

static void keep_loaded(const char *text, struct config *config)
{
	struct config *known = find_loaded(text);

	config_unref(known);
	if (known || loaded_count == sizeof(loaded) / sizeof(loaded[0]))
		return;
	loaded[loaded_count].text = strdup(text);
	loaded[loaded_count++].config = config_ref(config);
}

/* Calls H for each gateway. */
static void each_gateway(struct list *settings,
	void (*h)(struct list *settings, const char *id, struct buf *out),
	struct buf *out)
{
	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		if (!strcmp(setting->section, "gateway") && is_first(settings, setting))
			h(settings, setting->id, out);
	}
}

static void print_named_gateway(struct list *settings, const char *id, struct buf *out)
{
	buf_printf(out, "## %s\n", id);
	print_gateway(settings, id, out);
}

static int load_files(struct list *settings, struct span main_text, struct config **ret,
	struct err_text *text)
{
	struct config_errors errors;
	int err;

	each_gateway(settings, write_gateway, NULL);
	lab_write("tandem.conf", main_text.p, main_text.len, 0600);
	config_errors_init(&errors);
	err = config_load(ret, lab_path("tandem.conf"), &errors);
	if (err)
		err_set(text, err, "%s", buf_str(&errors.text));
	config_errors_free(&errors);
	unlink_gateways(settings);
	return err;
}

const char *settings_get(
	struct list *settings, const char *section, const char *id, const char *key)
{
	const struct setting *setting = find_setting(settings, section, id, key);

	return setting ? setting->value : NULL;
}

void settings_copy(struct list *to, const struct list *from)
{
	LIST_FOREACH (from, node, next) {
		const struct setting *setting = LIST_ENTRY(node, struct setting, node);

		settings_set(
			to, setting->section, setting->id, setting->key, setting->value);
	}
}

static void write_file(const char *folder, const char *name, struct span text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	if (!file || fwrite(text.p, 1, text.len, file) != text.len || fclose(file))
		abort();
}

static void empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		abort();
	while ((entry = readdir(folder)) != NULL)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
}

void settings_write(struct list *settings, const char *folder)
{
	char gateways[160];
	struct buf out;

	snprintf(gateways, sizeof(gateways), "%s/gateways.d", folder);
	empty_folder(gateways);
	buf_init(&out, 0);
	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);
		char name[80];

		if (!is_first(settings, setting))
			continue;
		if (!is_of_gateway(setting)) {
			print_section(settings, setting->section, setting->id, &out);
		} else if (!strcmp(setting->section, "gateway")) {
			struct buf gateway;

			buf_init(&gateway, 0);
			print_gateway(settings, setting->id, &gateway);
			snprintf(name, sizeof(name), "%s.conf", setting->id);
			write_file(gateways, name, buf_span(&gateway));
			buf_free(&gateway);
		}
	}
	write_file(folder, "tandem.conf", buf_span(&out));
	buf_free(&out);
}

/* *RET: the snapshot of the settings as they stand. */
int settings_load(struct list *settings, struct config **ret, struct err_text *text)
{
	struct buf main_text, all;
	int err = 0;

	buf_init(&main_text, 0);
	buf_init(&all, 0);
	LIST_FOREACH (settings, node, next) {
		struct setting *setting = LIST_ENTRY(node, struct setting, node);

		if (is_first(settings, setting) && !is_of_gateway(setting))
			print_section(
				settings, setting->section, setting->id, &main_text);
	}
	each_gateway(settings, print_named_gateway, &all);
	buf_add_span(&all, buf_span(&main_text));
	*ret = find_loaded(buf_str(&all));
	if (!*ret)
		err = load_files(settings, buf_span(&main_text), ret, text);
	if (!err)
		keep_loaded(buf_str(&all), *ret);
	buf_free(&main_text);
	buf_free(&all);
	return err;
}

void settings_free(struct list *settings)
{
	LIST_FOREACH (settings, node, next)
		drop_setting(LIST_ENTRY(node, struct setting, node));
}

void settings_forget(void)
{
	for (unsigned i = 0; i < loaded_count; i++) {
		config_unref(loaded[i].config);
		free(loaded[i].text);
		/* whoever else refers to it has forgotten to give it back: LeakSanitizer may look */
		loaded[i].config = NULL;
	}
	loaded_count = 0;
}
