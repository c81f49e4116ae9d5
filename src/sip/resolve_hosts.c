#include "sip/resolve_hosts.h"

#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names that are kept of a file; one that lists more is no file of hosts to talk to. */
#define HOSTS_NAMES_MAX 10000

struct host {
	struct hash_node node;
	struct addr addr;
	char name[]; /* lower case */
};

struct resolve_hosts {
	char *path;
	struct hash names; /* struct host */
	struct stat seen;  /* of the file that was read; zero: none */
};

static uint64_t host_key(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

static void drop_host(void *arg, struct hash_node *node)
{
	struct resolve_hosts *hosts = arg;

	hash_remove(&hosts->names, node);
	free(HASH_ENTRY(node, struct host, node));
}

static void add_host(
	struct resolve_hosts *hosts, const char *text, const struct addr *addr)
{
	char name[RESOLVE_NAME_SIZE];
	struct host *host;
	size_t size;

	if (resolve_name(name, text) < 0)
		return;
	size = strlen(name) + 1;
	host = calloc(1, sizeof(*host) + size);
	if (!host)
		return;
	host->addr = *addr;
	memcpy(host->name, name, size);
	hash_add(&hosts->names, &host->node, host_key(name));
}

/* "192.0.2.1 name alias # comment" */
static void read_line(struct resolve_hosts *hosts, char *line)
{
	char *rest = NULL;
	char *word;
	struct addr addr;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t\r", &rest);
	if (!word || addr_parse_host(&addr, word, strlen(word), 0) < 0)
		return;
	while ((word = strtok_r(NULL, " \t\r", &rest)))
		add_host(hosts, word, &addr);
}

static void read_file(struct resolve_hosts *hosts)
{
	FILE *file = fopen(hosts->path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	while (hosts->names.count < HOSTS_NAMES_MAX && getline(&line, &size, file) > 0)
		read_line(hosts, line);
	if (hosts->names.count >= HOSTS_NAMES_MAX)
		log_warning("resolve", "event=hosts-file-cut file=%s count=%zu",
			hosts->path, hosts->names.count);
	free(line);
	fclose(file);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void refresh(struct resolve_hosts *hosts)
{
	struct stat now;

	if (stat(hosts->path, &now) < 0)
		memset(&now, 0, sizeof(now));
	if (same_file(&now, &hosts->seen))
		return;
	hosts->seen = now;
	hash_each(&hosts->names, drop_host, hosts);
	read_file(hosts);
}

int resolve_hosts_new(struct resolve_hosts **ret, const char *path)
{
	struct resolve_hosts *hosts = calloc(1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	hosts->path = strdup(path);
	if (!hosts->path || hash_init(&hosts->names) < 0) {
		free(hosts->path);
		free(hosts);
		return -ENOMEM;
	}
	*ret = hosts;
	return 0;
}

void resolve_hosts_free(struct resolve_hosts *hosts)
{
	if (!hosts)
		return;
	hash_each(&hosts->names, drop_host, hosts);
	hash_free(&hosts->names);
	free(hosts->path);
	free(hosts);
}

bool resolve_hosts_find(struct resolve_hosts *hosts, struct resolve_server *server)
{
	struct addr addr;

	refresh(hosts);
	for (struct hash_node *node = hash_find(&hosts->names, host_key(server->name));
		node; node = hash_find_next(node)) {
		const struct host *host = HASH_ENTRY(node, struct host, node);

		if (strcmp(host->name, server->name) == 0)
			resolve_server_add(server, &host->addr);
	}
	if (server->addr_count == 0 && strcmp(server->name, "localhost") == 0) {
		if (addr_parse(&addr, "127.0.0.1", 0) == 0)
			resolve_server_add(server, &addr);
		if (addr_parse(&addr, "::1", 0) == 0)
			resolve_server_add(server, &addr);
	}
	return server->addr_count > 0;
}
