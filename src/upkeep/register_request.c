#include "upkeep/register_request.h"

#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is behind the user in NAMES' Contact, "<sip:USER@host:5060;...>". */
static struct span contact_place(const struct bridge_names *names)
{
	const char *scheme = strchr(names->contact, ':');
	const char *at = strchr(names->contact, '@');
	const char *from = at ? at + 1 : scheme ? scheme + 1 : names->contact;

	return (struct span){from, strcspn(from, ">")};
}

const char *register_request_contact(
	const struct register_request *asked, char buf[static REGISTER_CONTACT_SIZE])
{
	const struct span place = contact_place(asked->names);

	snprintf(buf, REGISTER_CONTACT_SIZE, "sip:%s%s%.*s%s", asked->plan->user,
		asked->plan->user[0] ? "@" : "", SPAN_ARG(place),
		asked->plan->bulk ? ";bnc" : "");
	return buf;
}

int register_request_dialog(struct dialog *dialog, const struct register_request *asked)
{
	char *aor;
	int err;

	if (asprintf(&aor, "<%s>", asked->plan->aor) < 0)
		return -ENOMEM;
	err = dialog_init_uac(dialog, aor, aor, asked->plan->uri, asked->names->host);
	free(aor);
	return err;
}

int register_request_route(struct dialog *dialog, const struct register_request *asked,
	enum transport_kind kind)
{
	const bool v6 = strchr(asked->host, ':') && asked->host[0] != '[';
	char *route = NULL;
	char port[8] = "";

	if (asked->plan->routed) {
		if (asked->plan->port)
			snprintf(port, sizeof(port), ":%u", (unsigned)asked->plan->port);
		if (asprintf(&route, "Route: <sip:%s%s%s%s%s%s;lr>\r\n", v6 ? "[" : "",
			    asked->host, v6 ? "]" : "", port,
			    kind == TRANSPORT_UDP ? "" : ";transport=",
			    kind == TRANSPORT_UDP ? "" : transport_kind_param(kind)) < 0)
			return -ENOMEM;
	}
	free(dialog->route);
	dialog->route = route;
	return 0;
}

static void add_contact(struct buf *out, const struct register_request *asked)
{
	char uri[REGISTER_CONTACT_SIZE];

	buf_printf(out, "Contact: <%s>", register_request_contact(asked, uri));
	if (asked->plan->reg_id)
		buf_printf(out, ";reg-id=%u;+sip.instance=\"<%s>\"", asked->plan->reg_id,
			asked->registration->instance);
	buf_printf(
		out, ";expires=%llu\r\n", (unsigned long long)(asked->expires_ms / 1000));
}

void register_request_headers(
	struct request *request, const struct register_request *asked)
{
	struct buf *out = &request->text;

	add_contact(out, asked);
	compose_header_uint(out, "Expires", asked->expires_ms / 1000);
	buf_printf(out, "Supported: path%s%s\r\n",
		asked->plan->reg_id ? ", outbound" : "",
		asked->plan->bulk ? ", gin" : "");
	if (asked->plan->bulk)
		buf_add_str(out, "Require: gin\r\nProxy-Require: gin\r\n");
	compose_header_str(out, "User-Agent", "Tandem");
}
