/*
 * Calls as a collector sees them while they go on (HEP version 3): each message of both legs as it was received or sent, the
 * RTCP of both ends, and the record of its end, all under the call's id. It listens to the taps (audit/taps.h), so what it
 * has carries no keys. Loop thread; packets come from the workers' threads by queues.
 */
#pragma once

#include "audit/taps.h"
#include "bridge/record.h"
#include "hep/settings.h"

struct hep;

struct hep_params {
	struct loop *loop;
	struct resolver *resolver; /* borrowed */
	struct taps *taps;         /* likewise; there is no traffic yet */
	unsigned workers;          /* media workers that will tap packets */
};

/* 0 or a negated errno. It sends nowhere, and costs nothing, until hep_use(). */
int hep_new(struct hep **ret, const struct hep_params *params);
/* After the workers and transports are gone. NULL is fine. */
void hep_free(struct hep *hep);

/*
 * From now on by SETTINGS, which are taken; NULL: nothing is exported. Of calls that stand the parties have to be told again
 * (struct tap_party) where nothing was exported before: then this is true.
 */
bool hep_use(struct hep *hep, struct hep_settings *settings);
/* Those in force; NULL: nothing is exported. */
const struct hep_settings *hep_in_use(const struct hep *hep);

/* The call ended: its record is exported. Its last messages may still follow. */
void hep_call_end(struct hep *hep, const struct record *record);

struct hep_state {
	struct sender_state sender;
	uint64_t cut; /* packets whose payload was cut, because it was too long */
};
void hep_state(const struct hep *hep, struct hep_state *ret);
