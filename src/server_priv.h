/*
 * What the files of the server share; nobody else includes this.
 */
#pragma once

#include "server.h"

#include "admin/control.h"
#include "admin/events.h"
#include "admin/traces.h"
#include "admin/trial.h"
#include "admin/verbs.h"
#include "admin/wire_verbs.h"
#include "audit/index.h"
#include "audit/sink.h"
#include "audit/taps.h"
#include "audit/vouch.h"
#include "audit/writer.h"
#include "base/filing.h"
#include "base/loop.h"
#include "bridge/bridge.h"
#include "bridge/call_review.h"
#include "check/check.h"
#include "config/config.h"
#include "hep/hep.h"
#include "media/relay.h"
#include "probe/observe.h"
#include "renew.h"
#include "service.h"
#include "sip/resolve.h"
#include "sip/transport.h"
#include "trunk/drains.h"
#include "trunk/expiry.h"
#include "trunk/seen.h"
#include "trunk/stapler.h"
#include "trunk/trunk.h"
#include "upkeep/upkeep.h"

/* A socket that is bound, until a transport takes it. */
struct server_socket {
	enum side side;
	enum transport_kind kind;
	int fd;
};

#define SERVER_SOCKETS CHECK_LISTENERS

struct server {
	struct loop *loop;
	struct config *config;
	struct trial trial; /* how that is in force */
	bool became_user;   /* [tandem] user, by root */
	int lock_fd;        /* of the state folder; -1: not locked */
	struct server_socket sockets[SERVER_SOCKETS];
	unsigned socket_count;
	struct resolver *resolver;
	struct trunks *trunks;
	struct filing *filing;
	struct drains *drains;
	struct renew *renew;
	struct seen *seen;
	struct expiry *expiry;
	struct observe *observe;
	struct upkeep *upkeep;
	struct stapler *stapler;
	struct taps *taps;
	struct traces *traces;
	struct vouch *vouch;
	struct writer *writer;
	struct hep *hep;
	struct index *index; /* NULL: there is none */
	struct sink *sink;   /* likewise */
	struct wiring wiring;
	struct bridge *bridge;
	struct io_shared *media; /* opened for the relay, until that is made */
	struct relay *relay;
	struct transport *internal;
	struct transport *external;
	struct verbs_context verbs;
	struct events *events;
	struct api *api;
	struct control *control;
	struct service *service;
	struct loop_fd signals;
	char *control_path;
	char *pid_path;
	struct timer drain_timer;
	uint64_t drain_until_ms; /* 0: not draining */
	uint64_t leave_until_ms; /* the longest wait for registrars; 0: likewise */
	bool farewell;           /* every call was ended; their BYEs are on the way */
};

/* The certificates and peers that the trunks have now are those of further handshakes. */
void server_use_credentials(struct server *server);
/* Who is no longer configured, was revoked or has expired, is closed; what will expire is
 * warned of. */
void server_judge_again(struct server *server);
/* Who observes: audit, and the export to a collector; before there is traffic, and after it. 0, or negative with TEXT. */
int server_start_audit(struct server *server, struct err_text *text);
void server_stop_audit(struct server *server);
/* What is exported from now on; SETTINGS are taken. */
void server_use_hep(struct server *server, struct hep_settings *settings);
/* The files that [hep] names are read again; what is wrong with them is logged, and those of before stay. */
void server_renew_hep(struct server *server);
/* Where media may have its ports: the first addresses of both sides, those of the second family,
 * and those that single servers and gateways have; the caller's. NULL: out of memory. */
struct addr *server_list_media(const struct config *config, unsigned *ret_count);
/* The file is read again. The old configuration stays unless every part of the new one could be
 * taken into use. CONFIRM_MS: as trial_taken() has it. 0, or ERR_CONFIG with the mistakes in
 * *RET_ERRORS (may be NULL), an array of lines that is the caller's. */
int server_reload(struct server *server, uint64_t confirm_ms, json_t **ret_errors);
/* BEFORE, a snapshot that was in force, is so again. 0, or negative with TEXT: nothing changed. For
 * struct trial. */
int server_return(void *arg, struct config *before, struct err_text *text);
