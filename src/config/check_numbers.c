#include "config/check_numbers.h"

#include "config/rules.h"

#include <stdio.h>

void check_numbers(const struct config_trunk *settings, const struct scope *scope,
	enum schema_section section, struct place place, struct config_errors *errors)
{
	const struct config_numbers *numbers = &settings->numbers;
	char whose[96] = "";

	if (section == SCHEMA_SERVER)
		snprintf(whose, sizeof(whose), "[server %s] ", settings->id);
	/* which of them a country has nobody may guess: 0 in front of all numbers of Germany would be kept */
	if (numbers->country != 0 && !scope_has(scope, section, "national-prefix"))
		errors_add(errors, scope_place(scope, section, "country", place),
			"%scountry: expected national-prefix beside it, none where there "
			"is none",
			whose);
	if (numbers->area[0] != '\0' && numbers->country == 0)
		errors_add(errors, scope_place(scope, section, "area", place),
			"%sarea: expected country beside it", whose);
	if (numbers->country == 0 && (numbers->out == CONFIG_NUMBERS_NATIONAL ||
					     numbers->out == CONFIG_NUMBERS_SUBSCRIBER))
		errors_add(errors, scope_place(scope, section, "numbers-out", place),
			"%snumbers-out: expected country beside it", whose);
	if (numbers->area[0] == '\0' && numbers->out == CONFIG_NUMBERS_SUBSCRIBER)
		errors_add(errors, scope_place(scope, section, "numbers-out", place),
			"%snumbers-out: expected area beside it", whose);
}

/* Whether what comes by NUMBERS may become NUMBER. What a plan makes has a + in front. */
static bool may_make(const struct config_numbers *numbers, const char *number)
{
	const struct rules *rules = numbers->called_in;

	for (size_t i = 0; i < rules_count(rules); i++)
		if (rule_may_make(rules_at(rules, i), number))
			return true;
	return number[0] == '+' && numbers->in != CONFIG_NUMBERS_PASS;
}

static bool may_make_any(
	const struct config *config, const struct config_numbers *numbers)
{
	const struct config_words *wanted = &config->emergency.numbers;

	for (size_t i = 0; i < wanted->count; i++)
		if (may_make(numbers, wanted->words[i]))
			return true;
	return false;
}

void check_numbers_made(struct config *config)
{
	bool made = false;

	for (size_t i = 0; i < config->server_count && !made; i++)
		made = may_make_any(config, &config->servers[i].common.numbers);
	for (size_t i = 0; i < config->gateway_count && !made; i++)
		made = may_make_any(config, &config->gateways[i].common.numbers);
	config->emergency.made = made;
}
