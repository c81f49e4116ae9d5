/*
 * The media relay as signalling sees it: a session per call with two ends and up to
 * RELAY_STREAMS streams; each stream has an RTP and an RTCP port of ours at each end.
 *
 * All functions here run on the loop thread. A session lives on one worker thread from
 * its first stream to its end; commands reach the worker through a queue, in order.
 * What the worker counts can be read at any time (relay_stats()).
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/saved.h"
#include "base/secret.h"
#include "base/tap.h"
#include "media/dtmf.h"

#include <stdbool.h>
#include <stdint.h>

#define RELAY_STREAMS 8

/* The two ends of a session. To the relay they are equal: what an end is, and where its ports
 * are (relay_set_address()), is its user's to say. */
enum relay_end { RELAY_A, RELAY_B };

/* Same order as enum sdes_suite; RELAY_PLAIN is RTP without SRTP. */
enum relay_suite {
	RELAY_AEAD_AES_256_GCM,
	RELAY_AEAD_AES_128_GCM,
	RELAY_AES_256_CM_HMAC_SHA1_80,
	RELAY_AES_CM_128_HMAC_SHA1_80,
	RELAY_AES_256_CM_HMAC_SHA1_32,
	RELAY_AES_CM_128_HMAC_SHA1_32,
	RELAY_PLAIN,
};

struct relay_key {
	enum relay_suite suite;
	struct secret key; /* master key and salt; empty when RELAY_PLAIN */
	uint8_t mki[4];
	unsigned mki_len; /* bytes; 0: none */
};

/* Payload types of one end whose clock can be told: that of its codec, and of its digits. */
#define RELAY_FORMATS (1 + DTMF_FORMATS)

/* What a=rtpmap says of a payload type that an end may send. */
struct relay_format {
	uint8_t type;
	bool aside;    /* not what the line speaks: telephone-event, CN, RED, FEC, RTX */
	bool event;    /* telephone-event */
	uint32_t rate; /* of its timestamps, Hz, 1,000 to 384,000 */
};

/* What the SDP of one end said of one stream. */
struct relay_remote {
	struct addr
		rtp; /* where we send, and the one source we accept; len 0: not known yet */
	struct addr rtcp; /* the same for RTCP; ignored with mux */
	bool rtcp_mux;    /* RTP and RTCP share a port toward this end */
	bool udptl;       /* no RTP: UDPTL, passed on as it is, not protected */
	bool send;        /* we may send to this end */
	bool receive;     /* we accept from this end */
	/*
	 * It is behind a NAT that its SDP does not know: once, where the first good packet
	 * comes from another address, that one takes the place of RTP or RTCP. On an SRTP
	 * end that packet is authentic; else it is one of PAYLOAD_TYPES, a bit each, or
	 * UDPTL, and comes within 10 s.
	 */
	bool latch;
	/*
	 * It sends from another port of its host than its SDP says, and receives at that: RTP and
	 * RTCP are taken from the first such port that a good packet comes from, by the rules of
	 * LATCH, which it excludes, but at any time; they are sent to what SDP says.
	 */
	bool asymmetric;
	uint64_t payload_types[2];
	/* The clock of each payload type that it may send. One that is not here has that of RFC
	 * 3551, or is taken to have 8,000 Hz. */
	unsigned format_count;
	struct relay_format formats[RELAY_FORMATS];
	struct relay_key rx; /* opens what this end sends */
	struct relay_key tx; /* seals what we send to it */
	bool keep_roc; /* a new key goes on at the ROC of the one before; else at 0 */
	/* It had RTP of another line from us, up to a number: 1 and that, behind which ours go on.
	 * 0: it had none. */
	uint32_t after;
	/*
	 * With a count: this end has telephone-events and the other one has not. Those of
	 * its packets go no further, their digits are told by digit_h; what relay_digit()
	 * is given is played to it. At most one end of a stream.
	 */
	struct dtmf_terms dtmf;
};

/* Both directions of one stream at one end, since it began. */
struct relay_stats {
	uint64_t rx_packets, rx_bytes; /* authentic, relayed or not */
	uint64_t tx_packets, tx_bytes;
	uint64_t rx_rtcp, tx_rtcp;
	uint64_t dropped_source; /* from an address that the SDP did not announce */
	uint64_t dropped_auth;   /* bad SRTP tags */
	uint64_t dropped_replay;
	uint64_t dropped_malformed; /* too short, wrong version, wrong class, no UDPTL */
	uint64_t dropped_direction; /* on hold, or the other end is not known yet */
	uint64_t send_errors;
	uint64_t rx_lost; /* by sequence numbers, RFC 3550 A.3 */
	uint64_t rx_late; /* came after one that was sent later */
	uint64_t rx_duplicates;
	uint32_t jitter_us; /* interarrival jitter, RFC 3550 A.8 */
	int payload_type;   /* that came most lately, those aside apart; -1: none yet */
	uint32_t
		sent_after; /* 1 and the number of what was sent to this end last; 0: nothing */
	uint64_t last_rx_us;    /* monotonic; 0: never */
	uint32_t round_trip_us; /* between us and this end, by its RTCP; 0: not known */
	uint32_t far_lost; /* what this end's RTCP says it does not get of what we send */
	uint32_t far_jitter_us; /* and how it jitters there */
	uint32_t ssrc;          /* latest */
	uint32_t ssrc_changes;
	uint32_t roll_overs;  /* SRTP: of the present SSRC, the ROC that it has reached */
	uint32_t roc_changes; /* how often it was another than expected, and was found */
	uint32_t roc_restarts; /* since relay_stream_set(): see struct search */
	uint64_t key_us; /* SRTP: when its key was taken into use, monotonic; 0: never */
	bool expected;   /* its SDP says that it sends */
	uint32_t sets;   /* how often relay_stream_set() told of this end */
	uint64_t good_since_set,
		bad_since_set; /* authentic packets, bad tags, since then */
	uint64_t events_taken; /* packets of telephone-events that went no further */
	uint64_t
		digits_lost; /* too many in a second, or they could not be sent in time */
};

struct relay;
struct relay_session;

/* An end was found at another address than its SDP says. */
struct relay_latched {
	uint64_t call; /* what relay_open() was given */
	enum relay_end end;
	bool rtcp; /* its RTCP, where that has a port of its own; else all of it */
	struct addr from,
		to; /* the address that counted before; the one that counts now */
};

/* A digit ended in the telephone-events of an end whose stream has dtmf terms. */
struct relay_digit {
	uint64_t call; /* what relay_open() was given */
	enum relay_end end;
	struct dtmf_digit digit;
};

struct relay_handlers {
	/* No authentic packet came from END for the session's timeout although one was
	 * expected. CALL is what relay_open() was given. Told once until media flows again;
	 * may still come just after relay_close(). */
	void (*timeout_h)(void *arg, uint64_t call, enum relay_end end);
	/* The next two may be NULL, and may come just after relay_close() too. */
	void (*latched_h)(void *arg, const struct relay_latched *latched);
	void (*digit_h)(void *arg, const struct relay_digit *digit);
	void *arg;
};

struct io_shared;

/* How packets come and go; see io.h. */
enum relay_io { RELAY_IO_AUTO, RELAY_IO_SOCKETS, RELAY_IO_URING, RELAY_IO_STEER };

struct relay_params {
	struct loop *loop; /* borrowed */
	enum relay_io io;
	unsigned workers; /* 0: one a core */
	unsigned tick_us; /* longest added delay when a busy worker batches; 0: never */
	struct io_shared
		*opened; /* by relay_io_open(); taken, whatever comes of it. NULL: it
				   * is opened now */
	/* The local addresses that an end's ports may have, each as often as you like; their ports
	 * are ignored. Borrowed. */
	const struct addr *addresses;
	unsigned address_count;
	unsigned dscp;               /* of what we send */
	uint16_t port_min, port_max; /* even RTP and odd RTCP are taken in pairs */
	bool validated_crypto;  /* SRTP's ciphers from GnuTLS, for FIPS 140; slower */
	uint64_t quarantine_ms; /* a released port is to rest so long; 0: 5 seconds */
	const struct tap *tap;  /* each relayed packet once, in clear, as received
					* (sent is false); NULL: none. Borrowed */
	struct relay_handlers handlers;
};

/* How many workers CONFIGURED (0: as many as the cores that this process may use) comes to. Any
 * thread. */
unsigned relay_worker_count(unsigned configured);

/*
 * Opens what the workers share, as PARAMS say (io, workers, dscp, addresses). Some back ends need
 * capabilities for it, which are not needed any more afterwards: called before there are
 * other threads, each of which would keep them. 0, or negative with TEXT.
 */
int relay_io_open(
	struct io_shared **ret, const struct relay_params *params, struct err_text *text);
/* Whether it is by steering, which took capabilities. */
bool relay_io_steers(const struct io_shared *opened);
void relay_io_close(struct io_shared *opened); /* NULL is fine */

/* 0, or negative with TEXT (address not ours, range too small, SRTP self-test failed). */
int relay_new(
	struct relay **ret, const struct relay_params *params, struct err_text *text);
/* Joins the workers: no packet passes any more, and what they had to tell has been told. The sessions
 * stand, for relay_stream_save(). */
void relay_stop(struct relay *relay);
/* Ends every session, joins the workers. NULL is fine. */
void relay_free(struct relay *relay);

/*
 * Makes a further local address known to relay_set_address(), for good; one that is known is
 * fine. 0; ERR_SUPPORT where the back end has its addresses from the start alone; other
 * negative ones; all with TEXT.
 */
int relay_add_address(
	struct relay *relay, const struct addr *address, struct err_text *text);

/* Whether every worker's thread has turned since this was last asked; else *RET_WORKER is the first that has
 * not. To be asked about once a second or less often. */
bool relay_turns(struct relay *relay, unsigned *ret_worker);

struct relay_totals {
	const char *io; /* "sockets", "io_uring", "steer"; static */
	unsigned workers;
	uint64_t sessions;
	uint64_t streams;
	uint64_t ports_used, ports_total; /* pairs */
	uint64_t ports_early; /* given although they had not rested, since start */
	uint64_t packets;     /* relayed since start */
};
void relay_totals(const struct relay *relay, struct relay_totals *ret);

struct relay_open {
	uint64_t call;  /* comes back in events and taps */
	const char *id; /* what the log calls it; copied, cut at 31 bytes; NULL: "" */
	uint64_t timeout_ms; /* 0: never */
	bool tap;            /* its packets go to the tap, until relay_set_tap() */
	/* By enum relay_end: as by relay_set_address(); len 0: that is still to be called. */
	struct addr address[2];
};

/* 0, -EADDRNOTAVAIL as relay_set_address(), ERR_LIMIT when the worker's queue is full, or
 * -errno. */
int relay_open(
	struct relay *relay, struct relay_session **ret, const struct relay_open *open);
/* Its ports are free again when this returns, after a quarantine. NULL is fine. */
void relay_close(struct relay_session *session);

/*
 * Where the ports of END are from now on: a local address that the relay knows, its
 * port apart. Streams whose ports are elsewhere are removed. 0, or
 * -EADDRNOTAVAIL: it is not known.
 */
int relay_set_address(
	struct relay_session *session, enum relay_end end, const struct addr *address);

/*
 * Makes stream INDEX with a port pair at both ends. 0; -EADDRNOTAVAIL when every
 * pair is in use; ERR_STATE when it exists, or an end has no address yet.
 */
int relay_stream_add(struct relay_session *session, unsigned index);
/* After relay_stop(): writes stream INDEX: its ports, and how far each end has come. 0, -ENOMEM, or what
 * the sealer returns. */
int relay_stream_save(
	const struct relay_session *session, unsigned index, struct saved to);
/*
 * As relay_stream_add(), but it is the one that FROM says: it has the same ports, at the same addresses
 * (relay_set_address()), and goes on without a break as soon as relay_stream_set() has told of its ends
 * again. What it sends has SSRCs of its own. 0
 * or negative with ERROR: as relay_stream_add(), or FROM cannot be used.
 */
int relay_stream_load(struct relay_session *session, unsigned index, struct saved from,
	struct err_text *error);
/* Ends it and releases its ports at once. Nothing when there is none. */
void relay_stream_remove(struct relay_session *session, unsigned index);
bool relay_stream_exists(const struct relay_session *session, unsigned index);

/* Our RTP address at END (RTCP is the next port), as bound. */
void relay_stream_local(const struct relay_session *session, unsigned index,
	enum relay_end end, struct addr *ret_rtp);

/*
 * Tells what END announced. May be called again at any time (re-INVITE): a key equal to
 * the one in use keeps its roll-over counter, a new key starts at ROC 0. Keys are copied.
 * 0, ERR_STATE (no such stream), ERR_LIMIT, ERR_SUPPORT (a key the library cannot do).
 */
int relay_stream_set(struct relay_session *session, unsigned index, enum relay_end end,
	const struct relay_remote *remote);

/*
 * Plays DIGIT to the end of stream INDEX that has dtmf terms: in the place of the audio that
 * comes from the other one, or while none comes in packets of our own, each 20 ms. While nothing
 * may be sent to that end it waits, and is dropped after DTMF_EXPIRY_MS. At most DTMF_QUEUE
 * wait. 0, ERR_STATE (no such stream) or ERR_LIMIT (the worker's queue).
 */
int relay_digit(
	struct relay_session *session, unsigned index, const struct dtmf_digit *digit);

/* Changes how long silence is allowed (hold); 0: never ends. */
void relay_set_timeout(struct relay_session *session, uint64_t timeout_ms);

/*
 * Whether packets of the session go to the tap from now on, instead of relay_open.tap: behind
 * what was told of its streams before, and before what is told of them next. 0 or ERR_LIMIT (the
 * worker's queue): nothing changes.
 */
int relay_set_tap(struct relay_session *session, bool tap);

/* A consistent enough copy of the worker's counters. All zero when there is no stream. */
void relay_stats(const struct relay_session *session, unsigned index, enum relay_end end,
	struct relay_stats *ret);

const char *relay_suite_name(enum relay_suite suite);
/* The library that SRTP's ciphers come from: "nettle", "GnuTLS"; "none" before there is a
 * relay. */
const char *relay_crypto_name(void);
