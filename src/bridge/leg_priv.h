/*
 * What the files of a leg share, each built on those before it: leg_base.c, its connection and
 * headers; leg_refresh.c, its session timer; leg_state.c; leg_bye.c; leg_invite_in.c and
 * leg_invite_out.c, INVITEs of theirs and of ours; leg.c, its beginning and its end. Beside them:
 * leg_request.c, requests that we receive within the dialog; leg_send.c, those that we send;
 * leg_saved.c, what outlives the process. Loop thread.
 */
#pragma once

#include "bridge/crossing.h"
#include "sip/request.h"

/* Appends the Allow header: the methods that the leg's peer may use. */
void leg_add_allow(const struct leg *leg, struct buf *out);
/* Appends Contact, Allow, and PRODUCT, "Server" in responses or "User-Agent" in requests. */
void leg_add_identity(struct leg *leg, const char *product, struct buf *out);
/* Appends what crosses of the message that the other leg got, and what is added: to an INVITE, first or further, or an
 * UPDATE (KIND: HEADER_REQUESTS), or a response to one (HEADER_RESPONSES). */
void leg_add_heard(const struct leg *leg, unsigned kind, struct buf *out);

/* Appends the lines that say who it is connected with. */
void leg_add_connected(struct leg *leg, struct buf *out);

/* Reports EVENT to the call. */
void leg_report(struct leg *leg, enum leg_event event, struct message *message,
	int status, const char *why);
/* Takes over what MESSAGE, of its peer, lists in Allow and in Recv-Info; nothing changes without that header. */
void leg_note_allow(struct leg *leg, const struct message *message);
/* The trunk counts it, early, until leg_uncount(). */
void leg_count(struct leg *leg);
void leg_uncount(struct leg *leg);
/* An INVITE is the leg's to answer from now on. 0 or -ENOMEM. */
int leg_take_invite(struct leg *leg, struct txn_server *invite);

/* The one setter of its state. */
void leg_set_state(struct leg *leg, enum leg_state state);
/* It is closed, and reports that, once. */
void leg_set_over(struct leg *leg);
/* Gives up the 2xx of theirs that wait for an ACK, and the INVITE that has none. */
void leg_drop_invites_in(struct leg *leg);
/* Lets our INVITE go: what still comes for it is acknowledged without us. */
void leg_drop_invite_out(struct leg *leg);
/* Our transactions may outlive the leg by their timers; they no longer tell it anything. */
void leg_detach(struct leg *leg);

/* Sends BYE, whose end is the leg's. */
void leg_send_bye(struct leg *leg);
/* Our 2xx is acknowledged, or never will be: a BYE that waited for that goes. False: none did. */
bool leg_bye_goes(struct leg *leg);
/* A BYE ended the dialog; an INVITE of ours that is still open gets its final response, whose
 * ACK is owed (RFC 5407 3.2.3). */
void leg_end_dialog(struct leg *leg);
/* A BYE waits for leg_bye_answer(). */
void leg_attach_bye(struct leg *leg, struct txn_server *bye);
/* Its latest INVITE is what was written of it: as uac_load(). */
int leg_load_invite(struct leg *leg, struct saved from, struct err_text *error);
/* Its dialog was read back: it is talking. */
void leg_resume(struct leg *leg);
/* Its first INVITE goes by what its registrar said, where that said something (RFC 3608). */
void leg_preload_route(struct leg *leg);
/* The next request within the dialog goes to its next hop (RFC 3261 12.2.1.1). */
void leg_follow_route(struct leg *leg);
/* Begins a request of METHOD in the leg's dialog, over its connection. */
struct request leg_begin(struct leg *leg, enum message_method method);
/* Whether our 18x to INVITE, its first, go reliably. */
bool leg_answers_reliably(const struct leg *leg, const struct message *invite);
