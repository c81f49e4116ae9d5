#include "media/pools.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct pool {
	struct list node;
	struct addr address;
	struct ports *ports;
};

void pools_init(struct pools *pools, const struct ports_params *params)
{
	list_init(&pools->list);
	pools->params = *params;
}

void pools_free(struct pools *pools)
{
	LIST_FOREACH (&pools->list, node, next) {
		struct pool *pool = LIST_ENTRY(node, struct pool, node);

		ports_free(pool->ports);
		free(pool);
	}
	list_init(&pools->list);
}

int pools_check(const struct addr *address, struct err_text *text)
{
	char name[ADDR_TEXT_SIZE];
	struct addr any_port = *address;
	int fd, err = 0;

	if (!address->len || addr_is_any(address))
		return err_set(text, ERR_CONFIG,
			"media needs one concrete local address a side, because it is "
			"written into SDP");
	addr_set_port(&any_port, 0);
	fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, &any_port.sa, any_port.len) != 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err != 0)
		return err_set(text, err, "media cannot use the local address %s: %s",
			addr_host_text(address, name), err_str(err));
	return 0;
}

int pools_add(struct pools *pools, const struct addr *address, struct err_text *text)
{
	struct ports_params params = pools->params;
	struct pool *pool;
	int err;

	if (pools_find(pools, address))
		return 0;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_set(text, -ENOMEM, "out of memory");
	params.address = *address;
	pool->address = *address;
	err = ports_new(&pool->ports, &params);
	if (err != 0) {
		free(pool);
		return err_set(text, err,
			"the media port range %u-%u cannot be used: it must hold "
			"an even port and the next one",
			params.min, params.max);
	}
	list_append(&pools->list, &pool->node);
	return 0;
}

struct ports *pools_find(const struct pools *pools, const struct addr *address)
{
	LIST_FOREACH (&pools->list, node, next) {
		struct pool *pool = LIST_ENTRY(node, struct pool, node);

		if (addr_equal_host(&pool->address, address))
			return pool->ports;
	}
	return NULL;
}

struct pools_count pools_count(const struct pools *pools)
{
	struct pools_count count = {0};

	LIST_FOREACH (&pools->list, node, next) {
		const struct ports *ports = LIST_ENTRY(node, struct pool, node)->ports;

		count.used += ports_used(ports);
		count.total += ports_total(ports);
		count.early += ports_early(ports);
	}
	return count;
}
