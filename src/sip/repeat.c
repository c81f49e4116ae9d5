#include "sip/repeat.h"

#include "base/log.h"
#include "sip/compose.h"
#include "sip/session_timer.h"
#include "sip/txn_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct repeat {
	struct txn_again again; /* first */
	struct account *account;
	struct dialog_user numbers;
	struct account_use use;
	bool within; /* a dialog, as long as there was one: NUMBERS */
	bool takes_422;
	unsigned min_se_count; /* how often it was sent again for a 422 */
};

/* ---- a request as text: its lines, and what is behind them ---- */

static bool is_credentials(struct span line)
{
	return span_starts(line, "Authorization:") ||
	       span_starts(line, "Proxy-Authorization:");
}

/* What credentials of TEXT are for. */
static struct account_request request_of(struct span text)
{
	struct account_request request = {.method = {NULL, 0}};
	struct span line;

	if (txn_text_line(&text, &line)) {
		span_next(&line, ' ', &request.method);
		span_next(&line, ' ', &request.uri);
	}
	while (txn_text_line(&text, &line))
		continue;
	if (text.len > 2)
		request.body = (struct span){text.p + 2, text.len - 2};
	return request;
}

static bool is_session(struct span line)
{
	return span_starts(line, "Session-Expires:") || span_starts(line, "Min-SE:");
}

/* The Session-Expires of a request of ours. */
struct asked {
	uint32_t seconds;   /* 0: it has none */
	struct span params; /* behind the number, with their ';' */
};

static struct asked asked_of(struct span text)
{
	struct asked asked = {.seconds = 0};
	struct span line, name, number;
	uint64_t seconds;

	while (txn_text_line(&text, &line)) {
		if (!span_starts(line, "Session-Expires:"))
			continue;
		line.len -= strlen("\r\n");
		span_next(&line, ':', &name);
		asked.params = line;
		span_next(&line, ';', &number);
		asked.params.p += number.len;
		asked.params.len -= number.len;
		if (!span_uint(span_trim(number), UINT32_MAX, &seconds))
			asked.seconds = (uint32_t)seconds;
	}
	return asked;
}

/* What a further attempt has anew. */
struct anew {
	struct account *account; /* NULL: none */
	uint32_t min_se_s;       /* 0: what it says of its session stays */
	struct asked asked;      /* else it said that before */
	const char *via;         /* NULL: as it is */
	uint32_t cseq;           /* 0: as it is */
};

static void copy_line(struct span line, const struct anew *anew,
	const struct account_request *request, bool *first_via, struct buf *out)
{
	if (is_credentials(line) || (anew->min_se_s && is_session(line)))
		return;
	if (anew->via && *first_via && span_starts(line, "Via:")) {
		compose_header_str(out, "Via", anew->via);
		*first_via = false;
		return;
	}
	if (!span_starts(line, "CSeq:")) {
		buf_add_span(out, line);
		return;
	}
	if (anew->cseq)
		buf_printf(out, "CSeq: %u %.*s\r\n", (unsigned)anew->cseq,
			SPAN_ARG(request->method));
	else
		buf_add_span(out, line);
	if (anew->min_se_s)
		buf_printf(out, "Session-Expires: %u%.*s\r\nMin-SE: %u\r\n",
			(unsigned)anew->min_se_s, SPAN_ARG(anew->asked.params),
			(unsigned)anew->min_se_s);
	if (anew->account)
		account_write(anew->account, request, out);
}

static void write_anew(struct span text, const struct anew *anew, struct buf *out)
{
	const struct account_request request = request_of(text);
	struct span line;
	bool first_via = true;

	while (txn_text_line(&text, &line))
		copy_line(line, anew, &request, &first_via, out);
	buf_add_span(out, text);
}

void repeat_write_credentials(struct account *account, struct buf *text)
{
	const struct anew anew = {.account = account};
	struct buf out;

	buf_init(&out, 0);
	write_anew(buf_span(text), &anew, &out);
	if (text->err && !out.err)
		out.err = text->err;
	buf_free(text);
	*text = out;
}

char *repeat_credentials(struct span text)
{
	struct span line;
	struct buf out;
	char *lines = NULL;

	buf_init(&out, 0);
	while (txn_text_line(&text, &line))
		if (is_credentials(line))
			buf_add_span(&out, line);
	if (out.len && buf_str(&out))
		lines = buf_steal(&out, NULL);
	buf_free(&out);
	return lines;
}

/* ---- again ---- */

/* Without its dialog nobody else sends in it: the next number is free. */
static uint32_t next_number(struct repeat *repeat, const struct message *response)
{
	return repeat->numbers.dialog ? dialog_number(repeat->numbers.dialog)
				      : message_cseq(response) + 1;
}

static bool send_again(struct repeat *repeat, struct txn_client *txn,
	const struct message *response, struct span text, uint32_t min_se_s)
{
	char via[TXN_VIA_SIZE], branch[TXN_BRANCH_SIZE];
	struct anew anew = {.account = repeat->account,
		.min_se_s = min_se_s,
		.asked = asked_of(text)};
	struct txn_client_request request = {.branch = branch, .min_se_s = min_se_s};
	struct buf out;

	txn_branch(branch);
	anew.via = txn_client_via(txn, branch, via);
	anew.cseq = request.cseq = next_number(repeat, response);
	buf_init(&out, 0);
	write_anew(text, &anew, &out);
	if (out.err) {
		buf_free(&out);
		return false;
	}
	request.credentials = repeat_credentials(buf_span(&out));
	request.text = buf_steal(&out, &request.text_len);
	return !txn_client_send_again(txn, &request);
}

static void log_refused(const struct repeat *repeat, const struct txn_client *txn,
	const struct message *response)
{
	const enum message_method method = message_method(response);
	const struct flow *flow = txn_client_flow(txn);
	char remote[ADDR_TEXT_SIZE], hidden_text[40] = "";
	unsigned hidden;

	if (!log_limit_pass(txn_client_log_limit(txn), &hidden))
		return;
	if (hidden)
		snprintf(hidden_text, sizeof(hidden_text), " suppressed=%u", hidden);
	log_warning("txn",
		"event=credentials-refused remote=%s method=%s status=%d reason=\"%s\"%s",
		addr_text(&flow->remote, remote), message_method_str(method),
		message_status(response), repeat->again.why, hidden_text);
}

/* Its dialog ended meanwhile: what was asked in it has no use, but for the BYE that ends it. */
static bool is_past(const struct repeat *repeat, const struct message *response)
{
	return repeat->within && !repeat->numbers.dialog &&
	       message_method(response) != MESSAGE_BYE;
}

static bool answer_challenge(struct repeat *repeat, struct txn_client *txn,
	const struct message *response, struct span text)
{
	struct txn_again *again = &repeat->again;

	if (!account_answer(repeat->account, response, &repeat->use, &again->why)) {
		log_refused(repeat, txn, response);
		return false;
	}
	again->why = NULL;
	return send_again(repeat, txn, response, text, 0);
}

/* A Min-SE that is not above what was asked for is no reason for a 422, and would be none again. */
static bool take_422(struct repeat *repeat, struct txn_client *txn,
	const struct message *response, struct span text)
{
	struct session_said said;

	session_read(response, &said);
	if (!repeat->takes_422 || said.min_s <= asked_of(text).seconds ||
		repeat->min_se_count == REPEAT_MIN_SE)
		return false;
	repeat->min_se_count++;
	return send_again(repeat, txn, response, text, said.min_s);
}

static bool response_h(struct txn_again *again, struct txn_client *txn,
	const struct message *response, struct span text)
{
	struct repeat *repeat = (struct repeat *)again;
	const int status = message_status(response);

	if (status < 300 && repeat->account)
		account_heed(repeat->account, response);
	if (status < 300 || is_past(repeat, response))
		return false;
	if (repeat->account && (status == 401 || status == 407))
		return answer_challenge(repeat, txn, response, text);
	return status == 422 && take_422(repeat, txn, response, text);
}

static void free_h(struct txn_again *again)
{
	struct repeat *repeat = (struct repeat *)again;

	dialog_part(&repeat->numbers);
	account_unref(repeat->account);
	free(repeat);
}

struct txn_again *repeat_new(
	struct account *account, struct dialog *dialog, bool takes_422)
{
	struct repeat *repeat = calloc(1, sizeof(*repeat));

	if (!repeat)
		return NULL;
	repeat->again.response_h = response_h;
	repeat->again.free_h = free_h;
	repeat->account = account ? account_ref(account) : NULL;
	repeat->takes_422 = takes_422;
	repeat->within = dialog != NULL;
	if (dialog)
		dialog_join(dialog, &repeat->numbers);
	return &repeat->again;
}
