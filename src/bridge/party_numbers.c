#include "bridge/party_numbers.h"

#include "base/err.h"

#include <assert.h>
#include <string.h>

/* The change of one party. */
struct change {
	struct party *party;
	const struct config_numbers *settings;
	enum number_way way;
	struct rule_scratch *scratch;
	char called[PHONE_PLAIN_SIZE]; /* whom it called before; "": no number */
};

static void note_fault(struct change *change, const struct number *number)
{
	struct party_fault *fault = &change->party->fault;

	if (!number->failed || fault->rule)
		return;
	*fault =
		(struct party_fault){.rule = number->failed, .result = number->failed_by};
}

/* Its parameters without a context: the number has a + now. */
static int drop_context(struct party *party, struct phone *phone)
{
	struct buf params;
	int err;

	buf_init(&params, 0);
	phone_add_params_of_global(&params, phone);
	err = params.err ? params.err
			 : party_keep(party, buf_span(&params), &phone->params);
	buf_free(&params);
	/* they are longer than all that is kept: the number goes without them */
	if (err == ERR_LIMIT)
		phone->params = (struct span){.p = NULL};
	return err == ERR_LIMIT ? 0 : err;
}

/* A local number without a context is none of a tel: URI (RFC 3966 3): it is written as a sip: one. */
static int put(struct party *party, struct party_name *name, const char *number)
{
	char context[PHONE_PLAIN_SIZE];
	const bool has_context = phone_context(&name->phone, context, sizeof(context));
	int err = party_keep(party, span_of(number), &name->phone.number);

	name->phone.separated = false;
	if (!err && number[0] == '+' && name->phone.params.len)
		err = drop_context(party, &name->phone);
	else if (number[0] != '+' && !has_context)
		name->tel = false;
	return err;
}

static int change_name(
	struct change *change, struct party_name *name, enum number_role role)
{
	char plain[PHONE_PLAIN_SIZE], context[PHONE_PLAIN_SIZE] = "";
	struct number number;

	static_assert(PHONE_PLAIN_SIZE == RULE_NUMBER_SIZE, "rules see what is plain");
	if (!phone_plain(&name->phone, plain, sizeof(plain)))
		return 0;
	phone_context(&name->phone, context, sizeof(context));
	number_change(change->settings, change->way, role, change->scratch,
		span_of(plain), span_of(context), &number);
	note_fault(change, &number);
	return number.step_count ? put(change->party, name, number.text) : 0;
}

static int change_names(struct change *change, struct party_names *names)
{
	int err = 0;

	for (unsigned i = 0; i < names->count && !err; i++)
		err = change_name(change, &names->list[i], NUMBER_CALLING);
	return err;
}

/* Who was called before are people of the house, by whose identity the call goes on; whom it goes to now, the
 * last of History-Info (RFC 7044 7.1), is called. */
static int change_history(struct change *change)
{
	const struct party_names *history = &change->party->history;
	int err = 0;

	for (unsigned i = 0; i < history->count && !err; i++) {
		char plain[PHONE_PLAIN_SIZE];
		const bool is_called =
			phone_plain(&history->list[i].phone, plain, sizeof(plain)) &&
			!strcmp(plain, change->called);

		if (is_called && change->party->emergency)
			continue;
		err = change_name(change, &history->list[i],
			is_called ? NUMBER_CALLED : NUMBER_CALLING);
	}
	return err;
}

static int change_all(struct change *change)
{
	struct party *party = change->party;
	int err = 0;

	if (!party->emergency)
		err = change_name(change, &party->called, NUMBER_CALLED);
	if (!err)
		err = change_name(change, &party->from, NUMBER_CALLING);
	if (!err)
		err = change_names(change, &party->asserted);
	if (!err)
		err = change_names(change, &party->preferred);
	if (!err)
		err = change_names(change, &party->remote);
	if (!err)
		err = change_name(change, &party->referred, NUMBER_CALLING);
	if (!err)
		err = change_names(change, &party->diversions);
	return err ? err : change_history(change);
}

/* What CHANGE needs; *RET_ANY: there is something to be changed. */
static int begin(struct change *change, bool *ret_any)
{
	*ret_any = number_may_change(change->settings, change->way);
	return *ret_any ? rule_scratch_new(&change->scratch) : 0;
}

int party_numbers(
	struct party *party, const struct config_numbers *settings, enum number_way way)
{
	struct change change = {.party = party, .settings = settings, .way = way};
	bool any;
	int err = begin(&change, &any);

	if (err || !any)
		return err;
	phone_plain(&party->called.phone, change.called, sizeof(change.called));
	err = change_all(&change);
	rule_scratch_free(change.scratch);
	return err;
}

int party_numbers_caller(
	struct party *party, const struct config_numbers *settings, struct span *caller)
{
	struct change change = {.party = party, .settings = settings, .way = NUMBER_OUT};
	struct party_name name = {.phone = {.number = *caller, .is_number = true}};
	bool any = false;
	int err = caller->len ? begin(&change, &any) : 0;

	if (err || !any)
		return err;
	err = change_name(&change, &name, NUMBER_CALLING);
	rule_scratch_free(change.scratch);
	if (!err)
		*caller = name.phone.number;
	return err;
}

int party_numbers_referred(struct party *party, const struct config_numbers *settings)
{
	struct change change = {.party = party, .settings = settings, .way = NUMBER_IN};
	bool any;
	int err = begin(&change, &any);

	if (err || !any)
		return err;
	err = change_name(&change, &party->referred, NUMBER_CALLING);
	rule_scratch_free(change.scratch);
	return err;
}
