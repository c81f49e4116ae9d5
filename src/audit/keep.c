#include "audit/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char word[] = "trunk ";

static int compare(const void *a, const void *b)
{
	const struct keep_rule *one = a, *other = b;

	return strcmp(one->trunk, other->trunk);
}

static bool is_own(const struct config *config, const struct config_gateway *gateway)
{
	return gateway->keep_bytes > 0 || gateway->keep_ms != config->audit.keep_ms;
}

static bool any_is_own(const struct config *config)
{
	for (size_t i = 0; i < config->gateway_count; i++)
		if (is_own(config, &config->gateways[i]))
			return true;
	return false;
}

static bool add_rule(struct keep *keep, const struct config_gateway *gateway)
{
	const size_t size = sizeof(word) + strlen(gateway->common.id);
	struct keep_rule *rule = &keep->rules[keep->rule_count];

	rule->trunk = malloc(size);
	if (!rule->trunk)
		return false;
	snprintf(rule->trunk, size, "%s%s", word, gateway->common.id);
	rule->keep_us = gateway->keep_ms * 1000;
	rule->keep_bytes = gateway->keep_bytes;
	keep->rule_count++;
	return true;
}

/* Where one has its own all have one: that of two counts which is shorter. */
static bool add_rules(struct keep *keep, const struct config *config)
{
	bool good = true;

	if (!any_is_own(config))
		return true;
	keep->rules = calloc(config->gateway_count, sizeof(*keep->rules));
	if (!keep->rules)
		return false;
	for (size_t i = 0; good && i < config->gateway_count; i++)
		good = add_rule(keep, &config->gateways[i]);
	qsort(keep->rules, keep->rule_count, sizeof(*keep->rules), compare);
	return good;
}

struct keep *keep_load(const struct config *config)
{
	struct keep *keep = calloc(1, sizeof(*keep));

	if (!keep)
		return NULL;
	keep->refs = 1;
	keep->keep_us = config->audit.keep_ms * 1000;
	keep->keep_bytes = config->audit.keep_bytes;
	keep->disk_low = config->audit.disk_low;
	keep->disk_critical = config->audit.disk_critical;
	if (!add_rules(keep, config)) {
		keep_unref(keep);
		return NULL;
	}
	return keep;
}

struct keep *keep_ref(struct keep *keep)
{
	if (keep)
		__atomic_fetch_add(&keep->refs, 1, __ATOMIC_RELAXED);
	return keep;
}

void keep_unref(struct keep *keep)
{
	if (!keep || __atomic_fetch_sub(&keep->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	for (size_t i = 0; i < keep->rule_count; i++)
		free(keep->rules[i].trunk);
	free(keep->rules);
	free(keep);
}

static int compare_name(struct span name, const char *other)
{
	const size_t len = strlen(other);
	const size_t less = name.len < len ? name.len : len;
	const int order = memcmp(name.p, other, less);

	return order ? order : (name.len > len) - (name.len < len);
}

size_t keep_find(const struct keep *keep, struct span trunk)
{
	size_t low = 0, high = keep->rule_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare_name(trunk, keep->rules[middle].trunk);

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return keep->rule_count;
}

uint64_t keep_shortest_us(const struct keep *keep)
{
	uint64_t least = keep->keep_us;

	for (size_t i = 0; i < keep->rule_count; i++) {
		const uint64_t its = keep->rules[i].keep_us;

		if (its > 0 && (least == 0 || its < least))
			least = its;
	}
	return least;
}

bool keep_has_size(const struct keep *keep)
{
	bool has = keep->keep_bytes > 0;

	for (size_t i = 0; i < keep->rule_count; i++)
		has |= keep->rules[i].keep_bytes > 0;
	return has;
}
