#include "tls/fetch.h"

#include "base/buf.h"
#include "tls/escape.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

struct fetcher {
	struct loop *loop;
	CURLM *multi;
	struct timer timer; /* when libcurl wants to be called */
};

struct fetch {
	struct fetcher *fetcher;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *resolve;
	struct buf body;
	const char *want;
	char *authorities; /* NULL: without TLS */
	long *ret_status;
	fetch_h *h;
	void *arg;
	char error[CURL_ERROR_SIZE];
};

/* ---- libcurl in the loop ---- */

/* One socket of libcurl's. */
struct fetch_socket {
	struct fetcher *fetcher;
	struct loop_fd watch;
};

static void fetcher_act(struct fetcher *fetcher, curl_socket_t fd, int what);

static void socket_h(void *arg, uint32_t events)
{
	struct fetch_socket *sock = arg;
	int what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	fetcher_act(sock->fetcher, sock->watch.fd, what);
}

static void timer_fired_h(void *arg)
{
	fetcher_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void socket_drop(
	struct fetcher *fetcher, curl_socket_t fd, struct fetch_socket *sock)
{
	if (!sock)
		return;
	loop_unwatch(&sock->watch);
	curl_multi_assign(fetcher->multi, fd, NULL);
	free(sock);
}

static int want_socket_h(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct fetcher *fetcher = arg;
	struct fetch_socket *sock = known;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		socket_drop(fetcher, fd, sock);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (sock)
		return loop_rewatch(&sock->watch, events) < 0 ? -1 : 0;
	sock = calloc(1, sizeof(*sock));
	if (!sock)
		return -1;
	sock->fetcher = fetcher;
	if (loop_watch(fetcher->loop, &sock->watch, fd, events, socket_h, sock) < 0) {
		free(sock);
		return -1;
	}
	curl_multi_assign(fetcher->multi, fd, sock);
	return 0;
}

static int want_timer_h(CURLM *multi, long delay_ms, void *arg)
{
	struct fetcher *fetcher = arg;

	(void)multi;
	if (delay_ms < 0)
		timer_stop(&fetcher->timer);
	else
		timer_start(loop_timers(fetcher->loop), &fetcher->timer,
			(uint64_t)delay_ms, timer_fired_h, fetcher);
	return 0;
}

/* ---- what came ---- */

static void fetch_free(struct fetch *fetch)
{
	curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->headers);
	curl_slist_free_all(fetch->resolve);
	free(fetch->authorities);
	buf_free(&fetch->body);
	free(fetch);
}

/* Parameters behind the type are no difference. */
static bool is_type(const char *type, const char *want)
{
	size_t len = strlen(want);

	return type && strncasecmp(type, want, len) == 0 &&
	       (type[len] == '\0' || strchr("; \t", type[len]));
}

/* What was wrong with the certificate, as GnuTLS said: libcurl's own text does not tell one fault from another. False: it has nothing to
 * say, but for the name, which libcurl tells. */
static bool say_untrusted(const struct fetch *fetch, char *why, size_t size)
{
	gnutls_datum_t text = {NULL, 0};
	long status = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_SSL_VERIFYRESULT, &status);
	if (!fetch->authorities || !(status & GNUTLS_CERT_INVALID))
		return false;
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		snprintf(why, size, "its certificate leads to no authority of %s",
			fetch->authorities);
	} else if (status & GNUTLS_CERT_EXPIRED) {
		snprintf(why, size, "its certificate, or one above it, has expired");
	} else if (gnutls_certificate_verification_status_print(
			   (unsigned)status, GNUTLS_CRT_X509, &text, 0) == 0) {
		escape_add_str(why, size, (const char *)text.data);
		gnutls_free(text.data);
	}
	return why[0] != '\0';
}

/* WHY may hold what the far end said: escaped. */
static int fetch_judge(const struct fetch *fetch, CURLcode code, char *why, size_t size)
{
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
	if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED) {
		snprintf(why, size, "it answers more than %zu bytes", FETCH_BYTES_MAX);
		return ERR_LIMIT;
	}
	if (code == CURLE_PEER_FAILED_VERIFICATION && say_untrusted(fetch, why, size))
		return ERR_TRUST;
	if (code != CURLE_OK) {
		escape_add_str(why, size,
			fetch->error[0] ? fetch->error : curl_easy_strerror(code));
		return ERR_CLOSED;
	}
	if (fetch->ret_status)
		*fetch->ret_status = status;
	if (status != 200) {
		if (fetch->ret_status)
			return 0;
		snprintf(why, size, "it answers with status %ld", status);
		return ERR_FORMAT;
	}
	if (fetch->want && !is_type(type, fetch->want)) {
		snprintf(why, size, "it answers not with %s, but with ", fetch->want);
		escape_add_str(why, size, type ? type : "no Content-Type");
		return ERR_FORMAT;
	}
	return 0;
}

static void fetch_finish(struct fetch *fetch, CURLcode code)
{
	const gnutls_datum_t body = {
		(unsigned char *)fetch->body.data, (unsigned)fetch->body.len};
	char why[CURL_ERROR_SIZE + 64] = "";
	int err = fetch_judge(fetch, code, why, sizeof(why));

	fetch->h(fetch->arg, err, &body, why);
	fetch_free(fetch);
}

static void fetcher_act(struct fetcher *fetcher, curl_socket_t fd, int what)
{
	CURLMsg *message;
	int left;

	curl_multi_socket_action(fetcher->multi, fd, what, &left);
	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct fetch *fetch = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		fetch_finish(fetch, code);
	}
}

static size_t body_h(char *data, size_t one, size_t len, void *arg)
{
	struct fetch *fetch = arg;

	if (len * one > FETCH_BYTES_MAX - fetch->body.len)
		return 0;
	buf_add(&fetch->body, data, len * one);
	return fetch->body.err ? 0 : len * one;
}

/* ---- asking ---- */

static int parse(const char *url, const char *want, char host[static FETCH_HOST_SIZE],
	uint16_t *ret_port)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *name = NULL, *port = NULL;
	int err = ERR_FORMAT;
	size_t len;

	if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
			CURLUE_OK &&
		strcasecmp(scheme, want) == 0) {
		len = strlen(name);
		if (len > 0 && len < FETCH_HOST_SIZE) {
			snprintf(host, FETCH_HOST_SIZE, "%s", name);
			*ret_port = (uint16_t)strtoul(port, NULL, 10);
			err = 0;
		}
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(port);
	curl_url_cleanup(parts);
	return err;
}

int fetch_parse(const char *url, char host[static FETCH_HOST_SIZE], uint16_t *ret_port)
{
	return parse(url, "http", host, ret_port);
}

int fetch_parse_https(
	const char *url, char host[static FETCH_HOST_SIZE], uint16_t *ret_port)
{
	return parse(url, "https", host, ret_port);
}

/* Our own answer for the name: libcurl asks nobody. A numeric host needs none. */
static int fetch_resolve(struct fetch *fetch, const struct fetch_params *params)
{
	char host[FETCH_HOST_SIZE], text[ADDR_TEXT_SIZE];
	struct addr numeric;
	struct buf line = {0};
	uint16_t port;
	int err = parse(params->url, fetch->authorities ? "https" : "http", host, &port);

	if (err < 0 || addr_parse_host(&numeric, host, strlen(host), port) == 0)
		return err;
	buf_printf(&line, "%s:%u:", host, port);
	for (unsigned i = 0; i < params->addr_count; i++)
		buf_printf(&line, "%s%s", i ? "," : "",
			addr_uri_text(&params->addrs[i], text));
	fetch->resolve = line.err ? NULL : curl_slist_append(NULL, buf_str(&line));
	buf_free(&line);
	return fetch->resolve ? 0 : -ENOMEM;
}

static int fetch_add_header(struct fetch *fetch, const char *name, const char *value)
{
	char line[128];
	struct curl_slist *grown;

	snprintf(line, sizeof(line), "%s: %s", name, value);
	grown = curl_slist_append(fetch->headers, line);
	if (!grown)
		return -ENOMEM;
	fetch->headers = grown;
	return 0;
}

#define set(option, value) (curl_easy_setopt(fetch->easy, option, value) != CURLE_OK)

/* libcurl would trust the system's authorities where it is told nothing. */
static int fetch_set_tls(struct fetch *fetch)
{
	if (!fetch->authorities)
		return set(CURLOPT_PROTOCOLS_STR, "http") ? ERR_LIBRARY : 0;
	return set(CURLOPT_PROTOCOLS_STR, "https") ||
			       set(CURLOPT_CAINFO, fetch->authorities) ||
			       set(CURLOPT_CAPATH, NULL) ||
			       set(CURLOPT_SSL_VERIFYPEER, 1L) ||
			       set(CURLOPT_SSL_VERIFYHOST, 2L) ||
			       set(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
			       set(CURLOPT_SSL_SESSIONID_CACHE, 0L)
		       ? ERR_LIBRARY
		       : 0;
}

static int fetch_set_up(struct fetch *fetch, const struct fetch_params *params)
{
	const long timeout_ms = params->timeout_ms ? (long)params->timeout_ms : FETCH_MS;

	if (fetch_resolve(fetch, params) < 0 || fetch_set_tls(fetch) < 0 ||
		fetch_add_header(fetch, "Content-Type", params->type) < 0 ||
		(params->want && fetch_add_header(fetch, "Accept", params->want) < 0))
		return ERR_LIBRARY;
	if (set(CURLOPT_URL, params->url) ||
		set(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
		set(CURLOPT_FOLLOWLOCATION, 0L) || set(CURLOPT_PROXY, "") ||
		set(CURLOPT_NOSIGNAL, 1L) || set(CURLOPT_TIMEOUT_MS, timeout_ms) ||
		set(CURLOPT_RESOLVE, fetch->resolve) ||
		set(CURLOPT_HTTPHEADER, fetch->headers) ||
		set(CURLOPT_POSTFIELDSIZE, (long)params->body.size) ||
		set(CURLOPT_COPYPOSTFIELDS, params->body.data) ||
		set(CURLOPT_MAXFILESIZE, (long)FETCH_BYTES_MAX) ||
		set(CURLOPT_WRITEFUNCTION, body_h) || set(CURLOPT_WRITEDATA, fetch) ||
		set(CURLOPT_ERRORBUFFER, fetch->error) || set(CURLOPT_FORBID_REUSE, 1L) ||
		set(CURLOPT_PRIVATE, fetch))
		return ERR_LIBRARY;
	return curl_multi_add_handle(fetch->fetcher->multi, fetch->easy) == CURLM_OK
		       ? 0
		       : ERR_LIBRARY;
}

#undef set

int fetch_begin(struct fetcher *fetcher, const struct fetch_params *params,
	struct fetch **ret, struct err_text *text)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	int err;

	if (!fetch)
		return err_set(text, -ENOMEM, "out of memory");
	fetch->fetcher = fetcher;
	fetch->want = params->want;
	fetch->ret_status = params->ret_status;
	fetch->h = params->h;
	fetch->arg = params->arg;
	buf_init(&fetch->body, 0);
	if (params->authorities)
		fetch->authorities = strdup(params->authorities);
	fetch->easy = curl_easy_init();
	err = fetch->easy && !fetch->authorities == !params->authorities
		      ? fetch_set_up(fetch, params)
		      : -ENOMEM;
	if (err < 0) {
		fetch_free(fetch);
		return err_set(text, err, "libcurl does not take the request");
	}
	*ret = fetch;
	return 0;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch)
		fetch_free(fetch);
}

int fetcher_new(struct fetcher **ret, struct loop *loop)
{
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (!fetcher)
		return -ENOMEM;
	if (curl_global_init(CURL_GLOBAL_SSL) != CURLE_OK) {
		free(fetcher);
		return ERR_LIBRARY;
	}
	fetcher->loop = loop;
	fetcher->multi = curl_multi_init();
	if (!fetcher->multi) {
		fetcher_free(fetcher);
		return -ENOMEM;
	}
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, want_socket_h);
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, want_timer_h);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	*ret = fetcher;
	return 0;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	curl_multi_cleanup(fetcher->multi);
	timer_stop(&fetcher->timer);
	curl_global_cleanup();
	free(fetcher);
}
