#include "admin/registration_json.h"

#include "admin/api.h"
#include "admin/moment.h"
#include "trunk/registration.h"

json_t *registration_word_json(const struct trunk *trunk)
{
	const struct registration *registration = trunk->registration;

	return registration ? json_boolean(registration_is_bound(registration))
			    : json_null();
}

static json_t *binding_json(const struct binding *binding)
{
	char address[ADDR_TEXT_SIZE];

	return json_pack("{s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}",
		"identity", api_text(binding->aor), "state",
		binding_state_name(binding->state), "registered", (int)binding->bound,
		"since", moment_json(binding->since), "expires",
		moment_json(binding->expires), "next", moment_json(binding->next),
		"address",
		binding->address.len ? json_string(addr_text(&binding->address, address))
				     : json_null(),
		"flow", binding->reg_id ? json_integer(binding->reg_id) : json_null(),
		"last_status",
		binding->status ? json_integer(binding->status) : json_null(),
		"last_answer", moment_json(binding->status_at), "failures",
		(json_int_t)binding->failures, "error", api_text(binding->why));
}

json_t *registration_json(const struct trunk *trunk)
{
	const struct registration *registration = trunk->registration;
	json_t *bindings;

	if (!registration)
		return json_null();
	bindings = json_array();
	for (unsigned i = 0; i < registration->count; i++)
		json_array_append_new(bindings, binding_json(registration->bindings[i]));
	return json_pack("{s:o, s:b, s:I, s:o}", "registered",
		registration_word_json(trunk), "required", (int)registration->required,
		"registered_count", (json_int_t)registration_bound_count(registration),
		"bindings", bindings);
}
