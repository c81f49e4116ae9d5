#include "witness/endpoint.h"

#include "evidence/submit.h"
#include "tls/cred.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS_MAX 128
#define CONNECTIONS_OF_ONE 16
#define TIMEOUT_S 10
/* Of a connection: headers, and a piece of a body. */
#define MEMORY ((size_t)32 << 10)

struct endpoint {
	struct MHD_Daemon *daemon;
	struct witness *witness;
	const struct cred *cred; /* NULL: it is http */
	unsigned rate;
	time_t second;
	unsigned taken; /* submissions of that second */
};

/* One that is received. */
struct incoming {
	struct buf body;
	bool too_large;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
	const char *type, struct span body)
{
	/* libmicrohttpd reads it only. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body.len, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, unsigned status, const char *why)
{
	return answer(connection, status, "text/plain; charset=utf-8", span_of(why));
}

static bool is_too_much(struct endpoint *endpoint, time_t now)
{
	if (endpoint->second != now) {
		endpoint->second = now;
		endpoint->taken = 0;
	}
	return endpoint->taken++ >= endpoint->rate;
}

static enum MHD_Result judge(struct endpoint *endpoint, struct MHD_Connection *connection,
	struct incoming *incoming)
{
	const time_t now = time(NULL);
	struct witness_answer judged;
	enum MHD_Result result;

	if (incoming->too_large || incoming->body.err)
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "too large\n");
	if (is_too_much(endpoint, now))
		return refuse(connection, MHD_HTTP_TOO_MANY_REQUESTS, "too many\n");
	witness_judge(
		endpoint->witness, buf_span(&incoming->body), (uint64_t)now, &judged);
	if (judged.status == 200 || judged.status == 409 || judged.status == 422 ||
		judged.status == 500)
		fprintf(stderr, "tandem-witness: status=%u log=%s reason=\"%s\"\n",
			judged.status, judged.log, judged.why);
	result = answer(connection, judged.status, judged.type, buf_span(&judged.body));
	buf_free(&judged.body);
	return result;
}

static enum MHD_Result request_h(void *arg, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data,
	size_t *len, void **state)
{
	struct incoming *incoming = *state;
	struct endpoint *endpoint = arg;

	(void)version;
	if (!incoming) {
		incoming = calloc(1, sizeof(*incoming));
		if (!incoming)
			return MHD_NO;
		buf_init(&incoming->body, 0);
		*state = incoming;
		return MHD_YES;
	}
	if (*len > 0) {
		if (incoming->body.len + *len > SUBMIT_MAX)
			incoming->too_large = true;
		else
			buf_add(&incoming->body, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (strcmp(url, SUBMIT_PATH) != 0)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "no such place\n");
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return refuse(
			connection, MHD_HTTP_METHOD_NOT_ALLOWED, "POST is expected\n");
	return judge(endpoint, connection, incoming);
}

static void done_h(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct incoming *incoming = *state;

	(void)arg;
	(void)connection;
	(void)code;
	if (incoming)
		buf_free(&incoming->body);
	free(incoming);
	*state = NULL;
}

/* libmicrohttpd asks here for a certificate where it was given none: a session that connected_h() did not see has none. */
static int no_certificate_h(gnutls_session_t session, const gnutls_datum_t *names,
	int name_count, const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
	gnutls_pcert_st **ret_chain, unsigned *ret_count, gnutls_privkey_t *ret_key)
{
	(void)session;
	(void)names;
	(void)name_count;
	(void)algorithms;
	(void)algorithm_count;
	(void)ret_chain;
	(void)ret_count;
	(void)ret_key;
	return -1;
}

/* Before the first byte of the handshake. */
static void connected_h(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct endpoint *endpoint = arg;

	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_STARTED || !endpoint->cred)
		return;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	/* Where that fails it has no certificate, and ends. */
	if (info && info->tls_session)
		(void)cred_serve(endpoint->cred, info->tls_session);
}

static struct MHD_Daemon *start_daemon(
	struct endpoint *endpoint, const struct addr *listen)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL;

	if (listen->sa.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (endpoint->cred)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, 0, NULL, NULL, request_h, endpoint,
		MHD_OPTION_SOCK_ADDR, &listen->sa, MHD_OPTION_NOTIFY_COMPLETED, done_h,
		NULL, MHD_OPTION_NOTIFY_CONNECTION, connected_h, endpoint,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY,
		endpoint->cred ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
		no_certificate_h, MHD_OPTION_END);
}

int endpoint_start(struct endpoint **ret, const struct endpoint_params *params,
	struct err_text *text)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	char where[ADDR_TEXT_SIZE];

	if (!endpoint)
		return err_set(text, -ENOMEM, "out of memory");
	endpoint->witness = params->witness;
	endpoint->cred = params->cred;
	endpoint->rate = params->rate;
	if (endpoint->cred && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		free(endpoint);
		return err_set(text, ERR_SUPPORT,
			"certificate: libmicrohttpd is built without TLS here");
	}
	errno = 0;
	endpoint->daemon = start_daemon(endpoint, params->listen);
	if (!endpoint->daemon) {
		free(endpoint);
		return err_set(text, errno > 0 ? -errno : ERR_LIBRARY,
			"cannot listen on %s: %s", addr_text(params->listen, where),
			errno > 0 ? err_str(-errno) : "libmicrohttpd refuses");
	}
	*ret = endpoint;
	return 0;
}

void endpoint_stop(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	MHD_stop_daemon(endpoint->daemon);
	free(endpoint);
}
