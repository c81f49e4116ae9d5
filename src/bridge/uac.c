#include "bridge/uac.h"

#include "base/secret.h"
#include "bridge/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many branches of one INVITE that answered are remembered. Further ones are acknowledged
 * and ended each time they answer. */
#define UAC_BRANCHES 16

struct branch {
	char *tag; /* To tag; "" where it has none */
	char *ack; /* repeated with each repetition of its 2xx; NULL while it is owed */
	size_t ack_len;
	uint32_t rseq; /* of its last reliable 18x that was taken */
};

struct branches {
	struct branch *list; /* owned */
	unsigned count;
};

struct uac {
	struct list node; /* in its side's uacs */
	struct bridge_side *side;
	struct txn_client *txn; /* NULL: it is of uac_load(), and ends by the timer */
	struct timer timer;
	/* Owned: what it was sent over, or its last ACK; NULL: neither yet. */
	struct flow *flow;
	struct trunk
		*trunk; /* owned reference; NULL: its requests carry no credentials */
	char *credentials; /* of its INVITE, and so of its ACKs: whole lines; owned; NULL: none */
	struct dialog *dialog; /* of its user; after uac_release() OWN */
	struct dialog *own;    /* a copy; owned; NULL until then */
	struct uac_user user;  /* zeroed by uac_release() */
	uint64_t owner;        /* for the tap */
	uint32_t cseq;
	bool first, open, released;
	bool lost; /* there was no memory for the 2xx that would have been taken */
	struct branches
		accepted; /* that answered 2xx; the first is the one that was taken */
	struct branches reliable; /* that answered 18x reliably */
};

/* ---- branches ---- */

static void free_branches(struct branches *branches)
{
	for (unsigned i = 0; i < branches->count; i++) {
		free(branches->list[i].tag);
		secret_free(branches->list[i].ack, branches->list[i].ack_len);
	}
	free(branches->list);
}

static struct branch *find_branch(const struct branches *branches, struct span tag)
{
	for (unsigned i = 0; i < branches->count; i++)
		if (span_equal_str(tag, branches->list[i].tag))
			return &branches->list[i];
	return NULL;
}

/* Stands until the next one is added. NULL: there is no room, or no memory. */
static struct branch *add_branch(struct branches *branches, struct span tag)
{
	struct branch *list = NULL, *branch;

	if (branches->count < UAC_BRANCHES)
		list = realloc(branches->list, (branches->count + 1) * sizeof(*list));
	if (!list)
		return NULL;
	branches->list = list;
	branch = &list[branches->count];
	*branch = (struct branch){.tag = span_dup(tag)};
	if (!branch->tag)
		return NULL;
	branches->count++;
	return branch;
}

/* ---- its life ---- */

static void free_uac(struct uac *uac)
{
	list_remove(&uac->node);
	timer_stop(&uac->timer);
	free_branches(&uac->accepted);
	free_branches(&uac->reliable);
	if (uac->own)
		dialog_free(uac->own);
	free(uac->own);
	free(uac->credentials);
	trunk_unref(uac->trunk);
	flow_unref(uac->flow);
	free(uac);
}

bool uac_is_open(const struct uac *uac)
{
	return uac->open;
}

bool uac_owes_ack(const struct uac *uac)
{
	return uac->accepted.count && !uac->accepted.list[0].ack;
}

uint32_t uac_cseq(const struct uac *uac)
{
	return uac->cseq;
}

bool uac_take_reliable(struct uac *uac, struct span tag, uint32_t rseq)
{
	struct branch *branch = find_branch(&uac->reliable, tag);

	if (branch && rseq != branch->rseq + 1)
		return false;
	if (!branch)
		branch = add_branch(&uac->reliable, tag);
	if (!branch)
		return false;
	branch->rseq = rseq;
	return true;
}

/* ---- ACK and BYE ---- */

static void set_flow(struct uac *uac, struct flow *flow)
{
	flow_ref(flow);
	flow_unref(uac->flow);
	uac->flow = flow;
}

/* A request of METHOD within DIALOG; one body with SDP (may be NULL) ends it. */
static struct request begin(
	const struct uac *uac, enum message_method method, struct dialog *dialog)
{
	struct request request = {.txns = uac->side->txns,
		.flow = uac->flow,
		.method = method,
		.owner = uac->owner,
		.account = uac->trunk ? trunk_account(uac->trunk, uac->flow) : NULL,
		.cseq = uac->cseq};

	request_begin(&request, dialog);
	/* not where a Contact leads to somebody else */
	if (method == MESSAGE_ACK && uac->credentials && request.account)
		buf_add_str(&request.text, uac->credentials);
	return request;
}

/* ACK within DIALOG is sent, and kept for BRANCH (NULL: nowhere). 0; negative where SDP may not
 * leave or there is no memory: then it was not sent. */
static int send_ack(struct uac *uac, struct dialog *dialog, const struct sdp *sdp,
	struct branch *branch)
{
	struct request ack = begin(uac, MESSAGE_ACK, dialog);
	int err = body_add_sdp(&ack.text, uac->flow, sdp);

	if (!err)
		request_send_ack(&ack);
	if (!err && branch)
		branch->ack = buf_steal(&ack.text, &branch->ack_len);
	buf_free(&ack.text);
	return err;
}

static void send_bye(struct uac *uac, struct dialog *dialog)
{
	struct request bye = begin(uac, MESSAGE_BYE, dialog);

	body_add_sdp(&bye.text, uac->flow, NULL);
	request_send(&bye, NULL, NULL);
}

static void resend_ack(struct uac *uac, const struct branch *branch)
{
	if (branch->ack)
		flow_send(uac->flow, uac->owner, branch->ack, branch->ack_len);
}

/* A 2xx that nobody wants: ACK, and BYE where it began a dialog of its own. A further INVITE's
 * dialog is ended, or goes on, by whoever has it. */
static void decline(struct uac *uac, const struct message *response)
{
	struct branch *branch = add_branch(&uac->accepted, message_to(response)->tag);
	struct dialog fork;
	int err = uac->first ? dialog_fork(&fork, uac->dialog)
			     : dialog_copy(&fork, uac->dialog);

	if (err)
		return;
	if (uac->first)
		dialog_establish(&fork, response);
	send_ack(uac, &fork, NULL, branch);
	if (uac->first)
		send_bye(uac, &fork);
	dialog_free(&fork);
}

void uac_ack(struct uac *uac, struct flow *flow, const struct sdp *sdp)
{
	struct branch *branch;

	if (!uac_owes_ack(uac))
		return;
	branch = &uac->accepted.list[0];
	set_flow(uac, flow);
	/* A body that may not leave is left out: the ACK is owed in any case. */
	if (send_ack(uac, uac->dialog, sdp, branch))
		send_ack(uac, uac->dialog, NULL, branch);
}

/* ---- the transaction ---- */

static void accepted(struct uac *uac, struct message *response)
{
	struct span tag = message_to(response)->tag;
	const struct branch *branch = find_branch(&uac->accepted, tag);
	bool taken = uac->accepted.count > 0;

	uac->open = false;
	if (branch) {
		resend_ack(uac, branch);
	} else if (taken || uac->released || uac->lost) {
		decline(uac, response);
	} else if (!add_branch(&uac->accepted, tag)) {
		uac->lost = true;
		decline(uac, response);
		uac->user.failed_h(uac->user.arg, -ENOMEM);
	} else {
		uac->user.accepted_h(uac->user.arg, response);
	}
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct uac *uac = arg;
	int status = message_status(response);

	(void)txn;
	if (status >= 200 && status < 300) {
		accepted(uac, response);
	} else if (status >= 300) {
		uac->open = false;
		if (!uac->released)
			uac->user.refused_h(uac->user.arg, response);
	} else if (status < 200 && !uac->released) {
		uac->user.provisional_h(uac->user.arg, response);
	}
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct uac *uac = arg;

	(void)txn;
	uac->open = false;
	if (!uac->released)
		uac->user.failed_h(uac->user.arg, err);
}

/* Another INVITE of the same dialog, as far as the far end knows. */
static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct uac *uac = arg;

	uac->txn = txn;
	uac->cseq = request->cseq;
	free(uac->credentials);
	uac->credentials =
		request->credentials ? span_dup(span_of(request->credentials)) : NULL;
	free_branches(&uac->reliable);
	uac->reliable = (struct branches){.list = NULL};
	if (!uac->released && uac->user.repeated_h)
		uac->user.repeated_h(uac->user.arg, request);
}

static void ended_h(void *arg, struct txn_client *txn)
{
	struct uac *uac = arg;

	(void)txn;
	/* the answer that was to go with it never came */
	uac_ack(uac, uac->flow, NULL);
	if (!uac->released)
		uac->user.ended_h(uac->user.arg);
	free_uac(uac);
}

int uac_start(struct uac **ret, struct request *invite, const struct uac_params *params)
{
	struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.ended_h = ended_h};
	struct uac *uac = calloc(1, sizeof(*uac));
	int err;

	if (!uac) {
		buf_free(&invite->text);
		return -ENOMEM;
	}
	uac->side = params->side;
	uac->dialog = params->dialog;
	uac->flow = flow_ref(invite->flow);
	uac->trunk = params->trunk ? trunk_ref(params->trunk) : NULL;
	uac->user = params->user;
	uac->owner = invite->owner;
	uac->cseq = invite->cseq;
	uac->first = params->first;
	uac->open = true;
	list_append(&uac->side->uacs, &uac->node);
	user.arg = uac;
	err = request_send(invite, &user, &uac->txn);
	uac->credentials = invite->credentials;
	if (err) {
		free_uac(uac);
		return err;
	}
	*ret = uac;
	return 0;
}

const char *uac_why(const struct uac *uac)
{
	return uac->txn ? txn_client_why(uac->txn) : NULL;
}

int uac_cancel(struct uac *uac, const char *headers)
{
	return uac->open ? txn_client_cancel(uac->txn, headers) : ERR_STATE;
}

static void forget(struct uac *uac)
{
	if (uac->txn)
		txn_client_detach(uac->txn);
	free_uac(uac);
}

void uac_release(struct uac *uac)
{
	if (!uac || uac->released)
		return;
	uac_ack(uac, uac->flow, NULL);
	uac->released = true;
	if (uac->txn)
		txn_client_settle(uac->txn);
	memset(&uac->user, 0, sizeof(uac->user));
	uac->own = calloc(1, sizeof(*uac->own));
	if (uac->own && !dialog_copy(uac->own, uac->dialog)) {
		uac->dialog = uac->own;
		return;
	}
	/* without memory nothing that comes later can be acknowledged */
	forget(uac);
}

void uac_free_all(struct bridge_side *side)
{
	LIST_FOREACH (&side->uacs, node, next) {
		struct uac *uac = LIST_ENTRY(node, struct uac, node);

		forget(uac);
	}
}

/* ---- what outlives the process ---- */

/* The ACK that is repeated. It may have an answer with keys in it. */
struct acked {
	uint32_t cseq;
	char *tag, *ack;
};

static const struct saved_field acked_fields[] = {
	SAVED_FIELD(struct acked, cseq),
	SAVED_FIELD(struct acked, tag),
	SAVED_SEALED(struct acked, ack),
	SAVED_END,
};

int uac_save(const struct uac *uac, struct saved to)
{
	struct acked acked = {.cseq = uac->cseq};

	if (uac->open || !uac->accepted.count || uac_owes_ack(uac))
		return 0;
	acked.tag = uac->accepted.list[0].tag;
	acked.ack = uac->accepted.list[0].ack;
	return saved_put(to, acked_fields, &acked);
}

static void late_h(void *arg)
{
	struct uac *uac = arg;

	if (!uac->released)
		uac->user.ended_h(uac->user.arg);
	free_uac(uac);
}

/* Its one branch; ACKED gives its texts away. */
static int take_branch(struct uac *uac, struct acked *acked)
{
	struct branch *branch = add_branch(&uac->accepted, span_of(acked->tag));

	if (!branch)
		return -ENOMEM;
	branch->ack = acked->ack;
	branch->ack_len = strlen(acked->ack);
	acked->ack = NULL;
	return 0;
}

int uac_load(struct uac **ret, struct saved from, const struct uac_params *params,
	uint64_t owner, struct err_text *error)
{
	const struct bridge *bridge = params->side->bridge;
	struct uac *uac = calloc(1, sizeof(*uac));
	struct acked acked = {.cseq = 0};
	int err = uac ? saved_take(from, acked_fields, &acked, error) : -ENOMEM;

	if (!err && (!acked.tag || !acked.ack))
		err = err_set(error, ERR_FORMAT, "an INVITE has no ACK");
	if (uac)
		list_append(&params->side->uacs, &uac->node);
	if (!err)
		err = take_branch(uac, &acked);
	free(acked.tag);
	secret_free(acked.ack, acked.ack ? strlen(acked.ack) : 0);
	if (err) {
		if (uac)
			free_uac(uac);
		return err;
	}
	uac->side = params->side;
	uac->trunk = params->trunk ? trunk_ref(params->trunk) : NULL;
	uac->dialog = params->dialog;
	uac->user = params->user;
	uac->owner = owner;
	uac->cseq = acked.cseq;
	timer_start(
		bridge->timers, &uac->timer, 64 * bridge->config->sip.t1_ms, late_h, uac);
	*ret = uac;
	return 0;
}

bool uac_ack_again(struct uac *uac, struct flow *flow, const struct message *response)
{
	const struct branch *branch =
		find_branch(&uac->accepted, message_to(response)->tag);

	if (!branch || message_cseq(response) != uac->cseq)
		return false;
	set_flow(uac, flow);
	resend_ack(uac, branch);
	return true;
}
