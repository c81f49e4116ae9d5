/*
 * The configuration as the rest of the program sees it: an immutable, validated snapshot.
 *
 * A reload builds a new snapshot beside the old one and swaps it whole; a call keeps the
 * one it began with. Snapshots are reference counted by the loop thread alone. Strings are
 * never NULL; a file that is not set is "". Paths are absolute (relative ones count from
 * the folder of the file that names them).
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "config/statuses.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* SRTP crypto suites, strongest habits first; a bit each in a suites mask. */
enum config_suite {
	CONFIG_SUITE_AEAD_AES_256_GCM = 1 << 0,
	CONFIG_SUITE_AEAD_AES_128_GCM = 1 << 1,
	CONFIG_SUITE_AES_256_CM_80 = 1 << 2,
	CONFIG_SUITE_AES_CM_128_80 = 1 << 3,
	CONFIG_SUITE_AES_256_CM_32 = 1 << 4,
	CONFIG_SUITE_AES_CM_128_32 = 1 << 5,
};

enum config_transport { CONFIG_UDP, CONFIG_TCP };
enum config_srtp { CONFIG_SRTP_REQUIRED, CONFIG_SRTP_OPTIONAL, CONFIG_SRTP_OFF };
enum config_capture_format { CONFIG_CAPTURE_PCAPNG, CONFIG_CAPTURE_PCAP };
/* How a packet of media is captured: on the leg that it came from, or on the one that it left by as well. */
enum config_capture_media { CONFIG_CAPTURE_RECEIVED, CONFIG_CAPTURE_BOTH };
enum config_audit { CONFIG_AUDIT_OFF, CONFIG_AUDIT_SIGNALLING, CONFIG_AUDIT_FULL };
enum config_hep_calls { CONFIG_HEP_ALL, CONFIG_HEP_CAPTURED };
enum config_hold { CONFIG_HOLD_PASS, CONFIG_HOLD_SENDONLY, CONFIG_HOLD_INACTIVE };

/* Where one key is set. */
struct config_origin {
	uint16_t key;    /* schema_index() */
	uint16_t source; /* 0: the file of its struct; N: config.profiles[N - 1] */
	unsigned line;
};

/* Where the keys of one struct are set: 8 bytes for each that is. */
struct config_origins {
	struct config_origin *list; /* by key */
	size_t count;
	uint64_t digest; /* of the struct's file as it was read */
};

/* A profile that a snapshot was read from. */
struct config_profile {
	char *file;
	uint64_t digest;
};

/* A list of words, e.g. codecs in order of preference. */
struct config_words {
	char **words;
	size_t count;
};

/* "": there is none. */
static inline const char *config_first(const struct config_words *words)
{
	return words->count ? words->words[0] : "";
}

/* Certificates of one role; "" where not set. */
struct config_tls {
	char *certificate;      /* PEM chain */
	char *key;              /* PEM file, or a pkcs11: URI */
	char *trust;            /* PEM bundle of anchors */
	char *crl;              /* PEM CRLs */
	char *next_certificate; /* takes the place of certificate at next_from */
	char *next_key;
	time_t next_from; /* 0: not set, nor the two above */
	char *staple;     /* "auto", "off", or the http: URL of an OCSP responder */
};

enum config_wildcard { CONFIG_WILDCARD_NO, CONFIG_WILDCARD_ONE_LABEL };
enum config_eku { CONFIG_EKU_EITHER, CONFIG_EKU_STRICT };
enum config_mutual { CONFIG_MUTUAL_LAX, CONFIG_MUTUAL_STRICT };
enum config_revocation {
	CONFIG_REVOCATION_HARD,
	CONFIG_REVOCATION_SOFT,
	CONFIG_REVOCATION_STAPLE,
};
/* Whether a gateway is reached by TLS. */
enum config_tls_mode { CONFIG_TLS_NO, CONFIG_TLS_OBSERVE, CONFIG_TLS_YES };
/* In order: each allows what the next one does, and more. */
enum config_tls_version {
	CONFIG_TLS_1_0,
	CONFIG_TLS_1_1,
	CONFIG_TLS_1_2,
	CONFIG_TLS_1_3
};
enum config_ciphers {
	CONFIG_CIPHERS_MODERN,     /* forward secrecy and AEAD */
	CONFIG_CIPHERS_COMPATIBLE, /* AES-CBC too */
	CONFIG_CIPHERS_LEGACY,     /* RSA key exchange too */
};
enum config_fips { CONFIG_FIPS_OFF, CONFIG_FIPS_REQUIRED };
enum config_sandbox {
	CONFIG_SANDBOX_NO,
	CONFIG_SANDBOX_YES, /* as far as the kernel can */
	CONFIG_SANDBOX_REQUIRED,
};
enum config_io { CONFIG_IO_AUTO, CONFIG_IO_SOCKETS, CONFIG_IO_URING, CONFIG_IO_STEER };

/* How the certificate of one server or gateway is judged beyond its chain and its host. */
struct config_peer {
	struct config_words names; /* that it may carry instead of host */
	enum config_wildcard wildcard;
	enum config_eku eku;
	struct config_words pins;  /* "sha256/..." of its public key; empty: any key */
	enum config_mutual mutual; /* whether it must ask for our certificate */
	enum config_revocation revocation;
	char *exception_reason; /* of what is set here below the rules; "" */
	time_t exception_until; /* 0: no date */
};

/* The roll-over counter of SRTP under a new key of the same call: at 0 again, or goes on. */
enum config_roc { CONFIG_ROC_RESET, CONFIG_ROC_KEEP };
/* Fax over UDPTL, which nothing protects: both far ends of a call must say relay. */
enum config_t38 { CONFIG_T38_REFUSE, CONFIG_T38_RELAY };

/* How a peer sends digits and expects them: as telephone-events in RTP, or as SIP INFO. */
enum config_dtmf { CONFIG_DTMF_RFC4733, CONFIG_DTMF_INFO };

/* Reliable provisional responses (RFC 3262) with a peer. */
enum config_reliable {
	CONFIG_RELIABLE_ACCEPT,  /* where it asks for them */
	CONFIG_RELIABLE_OFFER,   /* and we say that we can */
	CONFIG_RELIABLE_REQUIRE, /* calls without them are refused */
	CONFIG_RELIABLE_REFUSE,  /* calls that require them are refused */
};

/* Whom calls of a peer go to. */
enum config_calls_to {
	CONFIG_CALLS_TO_OTHER, /* the other side: of a server gateways, of a gateway servers */
	CONFIG_CALLS_TO_GATEWAYS,
	CONFIG_CALLS_TO_SERVERS,
};

/* The Reason header that a peer gets. */
enum config_reason {
	CONFIG_REASON_PASS, /* what the other leg said, but for texts */
	CONFIG_REASON_MAKE, /* and a Q.850 cause where that has none */
	CONFIG_REASON_DROP, /* none */
};

/* More rules of a key are refused. */
#define CONFIG_HEADER_RULES_MAX 32

/* Names of record-headers: more are refused. */
#define CONFIG_RECORD_HEADERS_MAX 8

/* What crosses from and to a peer beside who calls whom and the media. */
struct config_crossing {
	struct config_words codes;     /* its final refusals: rules of codes.h */
	struct config_words codes_out; /* those that it gets */
	enum config_reason reason;
	struct config_words pass, drop, add; /* headers: rules of header.h */
};

/* What a peer gets where the caller's INVITE has no SDP. */
enum config_delayed_offer {
	CONFIG_DELAYED_OFFER_PASS, /* an INVITE without SDP */
	CONFIG_DELAYED_OFFER_MAKE, /* an offer of our own */
};

/* Session timers (RFC 4028) with a peer. */
enum config_session_timer {
	CONFIG_SESSION_TIMER_ANSWER, /* where it asks for one */
	CONFIG_SESSION_TIMER_OFFER,  /* and we ask for one */
	CONFIG_SESSION_TIMER_REFUSE, /* none */
};

/* By what we refresh a session. */
enum config_session_refresh {
	CONFIG_SESSION_REFRESH_UPDATE, /* where the peer allows it; else: */
	CONFIG_SESSION_REFRESH_INVITE,
};

struct config_timers {
	enum config_session_timer mode;
	uint64_t expires_ms; /* what we ask for; at least min_ms */
	uint64_t min_ms;     /* what it may ask for */
	enum config_session_refresh refresh;
};

/* What becomes of its REFER. */
enum config_refer {
	CONFIG_REFER_REFUSE, /* 405 */
	CONFIG_REFER_HANDLE, /* we transfer the call */
	CONFIG_REFER_PASS, /* the other far end does, where it takes REFER; else we do */
};

/* Transfer of calls that talk (RFC 5589). */
struct config_transfer {
	enum config_refer refer;
	bool replaces;     /* its INVITE may take the place of a leg (RFC 3891) */
	bool referred_by;  /* calls to it say who transferred them */
	bool allow_notify; /* Allow toward it lists NOTIFY */
};

/* What becomes of its 3xx. */
enum config_redirect {
	CONFIG_REDIRECT_REFUSE, /* it is a refusal as others are */
	CONFIG_REDIRECT_FOLLOW, /* we call whom it names */
	CONFIG_REDIRECT_PASS,   /* the caller is told whom it names */
};

/* Redirection of calls that are not answered (RFC 3261 8.1.3.4). */
struct config_redirection {
	enum config_redirect answered;
	bool out; /* its own calls may be redirected */
};

/* Where the called number of a registered gateway's calls stands. */
enum config_called {
	CONFIG_CALLED_AUTO, /* the Request-URI, unless that has no more than our Contact */
	CONFIG_CALLED_REQUEST_URI,
	CONFIG_CALLED_TO,
	CONFIG_CALLED_PARTY_ID, /* P-Called-Party-ID (RFC 7315 4.2) */
};

/* More numbers of one gateway than that are not registered one by one. */
#define CONFIG_NUMBERS_MAX 100

/* [register]: we are a user agent of the gateway, which is or has a registrar. */
struct config_register {
	char *identity; /* USER or USER@DOMAIN; "": it is not registered with */
	struct config_words registrar; /* names; empty: host */
	struct config_words proxies; /* REGISTER goes there instead; empty: it does not */
	uint16_t port;               /* of these; 0: SRV */
	char *contact;               /* the user of our Contact; "": that of identity */
	uint64_t expires_ms;
	struct config_words numbers; /* further addresses of record, as identity */
	bool bulk;                   /* RFC 6140 */
	bool outbound;               /* RFC 5626 */
	bool required;               /* no calls to it while identity is not registered */
	enum config_called called;
};

/* The media of one server or gateway: where it is, instead of what [media] says, and how it
 * differs from that of others. */
struct config_media {
	struct addr address;   /* of this machine; len 0: that of its side */
	struct addr advertise; /* what SDP says; len 0: the address itself */
	bool rtp_asymmetric;   /* it may come from another port of its host */
	enum config_roc rekey_roc;
	enum config_t38 t38;
	enum config_dtmf dtmf;
	struct config_words networks;       /* where its media may be; empty: anywhere */
	struct config_words sdp_attributes; /* that cross beside the usual ones */
};

/* Hashes of digest authentication; a bit each in a mask. The variants for a session go with them. */
enum config_algorithm {
	CONFIG_ALGORITHM_SHA_512_256 = 1 << 0,
	CONFIG_ALGORITHM_SHA_256 = 1 << 1,
	CONFIG_ALGORITHM_MD5 = 1 << 2,
};

/* What a gateway has to prove before its requests are served. */
enum config_demand { CONFIG_DEMAND_NOTHING, CONFIG_DEMAND_DIGEST };

/* A user and a password that we and a peer share. */
struct config_auth {
	char *user;                /* ""; with SECRET or not at all */
	char *secret;              /* the file that has it; "" */
	char *realm;               /* the only one that is answered; "": any */
	unsigned algorithms;       /* mask of enum config_algorithm */
	enum config_demand demand; /* of a gateway; NOTHING */
};

/* Methods that cross beside calls; a bit each in a mask. */
enum config_method {
	CONFIG_METHOD_MESSAGE = 1 << 0,
	CONFIG_METHOD_PUBLISH = 1 << 1,
	CONFIG_METHOD_SUBSCRIBE = 1 << 2, /* with the NOTIFY of what is subscribed to */
	CONFIG_METHOD_NOTIFY = 1 << 3,    /* that nobody subscribed to */
};

#define CONFIG_PACKAGES_MAX 16

/* What one trunk or server may send, and get, beside calls. */
struct config_messages {
	unsigned methods;                /* mask of enum config_method */
	struct config_words types;       /* of what MESSAGE brings to it */
	unsigned max_rate;               /* requests in a second, in each direction */
	unsigned max_subscriptions;      /* that it made, and that it serves, together */
	struct config_words events;      /* packages of PUBLISH, SUBSCRIBE and NOTIFY */
	struct config_words event_types; /* of what these bring to it */
	/* Info Packages of INFO within calls; at most CONFIG_PACKAGES_MAX. */
	struct config_words info_packages;
};

/* As many calls as there are. */
#define CONFIG_UNLIMITED UINT_MAX
/* What is done from time to time is never done. */
#define CONFIG_OFF UINT64_MAX

/* What makes a call of a peer an emergency call. Each allows what the one before it does. */
enum config_emergency_from {
	CONFIG_EMERGENCY_NOTHING,
	CONFIG_EMERGENCY_NUMBER,   /* whom it is to */
	CONFIG_EMERGENCY_PRIORITY, /* Priority: emergency too */
};

/* What becomes of a Request-URI urn:service:sos toward a peer. */
enum config_emergency_urn { CONFIG_EMERGENCY_URN_NUMBER, CONFIG_EMERGENCY_URN_PASS };

/* Emergency calls from and to one server or gateway. */
struct config_emergency {
	enum config_emergency_from from; /* of a server PRIORITY */
	enum config_emergency_urn urn;
	unsigned reserve; /* of max_calls: for emergency calls alone */
	bool location;    /* where callers are crosses */
	bool elin;        /* callers are shown by the numbers of their locations */
};

/* What becomes of an identity toward a peer. */
enum config_identity_rule {
	CONFIG_IDENTITY_PASS,
	CONFIG_IDENTITY_MAKE, /* of another one, where there is none */
	CONFIG_IDENTITY_DROP,
};

/* What becomes of a caller's wish to stay unknown. */
enum config_privacy { CONFIG_PRIVACY_PASS, CONFIG_PRIVACY_APPLY, CONFIG_PRIVACY_STRIP };

/* How a peer is told that a call was forwarded. */
enum config_diversion {
	CONFIG_DIVERSION_PASS, /* as it came */
	CONFIG_DIVERSION_DIVERSION,
	CONFIG_DIVERSION_HISTORY,
	CONFIG_DIVERSION_BOTH,
	CONFIG_DIVERSION_DROP,
};

enum config_connected { CONFIG_CONNECTED_DROP, CONFIG_CONNECTED_PASS };

/* Who calls whom, as one server or gateway tells it and is told. */
struct config_identity {
	bool trusted; /* of the trust domain (RFC 3325) */
	char *from;   /* whose number From shows: "from", "asserted", "fixed +493010" */
	enum config_identity_rule asserted; /* P-Asserted-Identity */
	enum config_identity_rule remote;   /* Remote-Party-ID */
	enum config_privacy privacy;
	enum config_diversion diversion;
	enum config_connected connected; /* whom it is connected with */
};

/* What calls of one trunk or server may be. CONFIG_UNLIMITED: no limit; 0: none at all. IN is what comes
 * from it, OUT what goes to it. */
struct config_limits {
	unsigned max_calls, max_calls_in, max_calls_out; /* at once */
	unsigned max_early;                              /* of them not answered yet */
	unsigned max_rate, max_rate_in, max_rate_out;    /* that begin in a second */
	unsigned burst;       /* that may begin at once; 0: as many as in a second */
	uint64_t duration_ms; /* of an answered call; 0: no limit */
};

/* One of the routes to a server or gateway: which calls it takes, and when it is its turn. */
struct config_route {
	char *name; /* the word in [route NAME]; NULL: of [gateway] or [server ID] itself */
	struct config_origins origins; /* of [route NAME] */
	struct config_words prefixes;  /* patterns of called numbers; empty: any */
	struct config_words callers;   /* patterns of calling numbers; empty: any */
	struct config_words sources;   /* whose calls; empty: calls-to of each decides */
	unsigned priority;             /* lower is tried first */
	unsigned weight;               /* of the draw within a priority; 0: not drawn */
};

/* How numbers are written. Those of one direction are the first words of numbers-in, all are of numbers-out. */
enum config_numbers_form {
	CONFIG_NUMBERS_PASS,
	CONFIG_NUMBERS_E164,
	CONFIG_NUMBERS_DIGITS, /* of E.164, without + */
	/* Each has a prefix in front of more numbers than the one before it. */
	CONFIG_NUMBERS_SUBSCRIBER,
	CONFIG_NUMBERS_NATIONAL,
	CONFIG_NUMBERS_INTERNATIONAL,
};

/* The dial plan of one server or gateway, and its rules: trunk/number.h. */
struct config_numbers {
	unsigned country;                  /* 0: none */
	char *area;                        /* "": none */
	char *national_prefix;             /* "": none */
	struct config_words international; /* prefixes; the first is written */
	unsigned short_max; /* digits of numbers that are never more than they are */
	enum config_numbers_form in, out;
	/* NULL: none. Of whom is called, and of all others. */
	struct rules *called_in, *calling_in, *called_out, *calling_out;
};

/* Names of one server or gateway. */
#define CONFIG_HOSTS_MAX 8

/* What a server and a gateway have in common. Where the comment says "of a gateway", no key
 * of [server ID] sets it and a server always has the value behind it. */
struct config_trunk {
	char *id;   /* the word in [server ID]; a gateway's file name without .conf */
	char *file; /* the file that it was read from */
	struct config_origins origins;
	/* Where to connect, in order; with TLS the names that certificates must carry. At most
	 * CONFIG_HOSTS_MAX. */
	struct config_words hosts;
	const char *host; /* the first; borrowed */
	char *contact_host; /* names us toward it; "": fqdn over TLS, our address in plain */
	uint16_t port;      /* 0 of a gateway: SRV, then 5060 or 5061 */
	uint16_t tls_port; /* of a gateway: over TLS, instead of PORT; 0: the same */
	struct config_route route;   /* its own */
	struct config_route *routes; /* of a gateway: [route NAME], in order */
	size_t route_count;
	struct config_limits limits;
	enum config_calls_to calls_to;
	bool enabled;                    /* of a gateway; true */
	enum config_transport transport; /* of a gateway while tls is not yes; TCP */
	enum config_tls_mode tls;        /* of a gateway; YES */
	enum config_tls_version tls_min; /* of a gateway; 1.2 */
	enum config_ciphers ciphers;     /* of a gateway; MODERN */
	enum config_srtp srtp; /* of a gateway; REQUIRED. OFF while tls is not yes */
	enum config_srtp srtp_with_tls; /* what srtp would be with tls = yes */
	/* Those of [internal] or [external] where not set. */
	struct config_tls certs;
	struct config_peer peer;
	struct config_auth auth;
	unsigned suites; /* mask of enum config_suite that we offer and accept */
	struct config_words codecs;     /* empty: all pass */
	struct config_words body_types; /* of parts that cross to it beside SDP */
	enum config_reliable reliable;
	enum config_delayed_offer delayed_offer;
	struct config_timers timers;
	struct config_transfer transfer;
	struct config_redirection redirection;
	uint64_t
		answer_within_ms; /* to hear anything after an INVITE; 0: as long as SIP */
	struct config_statuses next_on; /* after which the next one is asked */
	bool next_after_ringing;        /* also where it rang */
	uint64_t setup_within_ms;       /* its own calls: until they ring; 0: no limit */
	uint64_t keepalive_ms; /* between two CRLF keep-alives; CONFIG_OFF: none */
	uint64_t
		options_ping_ms; /* between two OPTIONS to an address; CONFIG_OFF: none */
	unsigned down_after;     /* failures of an address in a row */
	unsigned up_after;       /* answers of an address in a row */
	uint64_t rest_max_ms;    /* of an address; 0: it never rests */
	struct config_media media;
	struct config_identity identity;
	struct config_numbers numbers;
	struct config_crossing crossing;
	struct config_words record_headers; /* whose values records have */
	struct config_emergency emergency;  /* of a gateway */
	struct config_messages messages;
};

struct config_server {
	struct config_trunk common;
};

struct config_gateway {
	struct config_trunk common;
	char *profile;               /* the shipped profile it inherits from, or "" */
	uint64_t observe_ms;         /* between two probes while tls is observe */
	char *probe_number;          /* may be called to offer SRTP; "" = none */
	char *emergency_test_number; /* for drills; "" = none */
	char *emergency_test_caller; /* who calls then; "" = nobody is named */
	bool early_media;            /* pass SDP of 18x on */
	bool user_phone;             /* add ;user=phone to number URIs */
	bool rtcp_mux;               /* offer a=rtcp-mux */
	bool latch;                  /* follow its media once to where that comes from */
	bool sdp_lifetime;           /* write |2^31 behind our keys */
	enum config_hold hold;       /* how hold is written toward it */
	char *from_host;             /* host in From toward it; "" = as in Contact */
	enum config_audit audit;     /* [capture] mode; [audit] mode where not set */
	uint64_t keep_ms;            /* [capture] keep; [audit] keep where not set */
	uint64_t keep_bytes;         /* [capture] keep-size; 0: no limit of its own */
	struct config_register registration; /* [register] */
};

/* Characters of timestamp-url, at most. */
#define CONFIG_TIMESTAMP_URL_MAX 511
struct config {
	unsigned refs;
	char *file;                      /* the main file's path */
	struct config_origins origins;   /* of all sections but the servers' */
	struct config_profile *profiles; /* those that gateways inherit from */
	size_t profile_count;

	struct {
		char *fqdn;
		char *state_dir;
		char *run_dir;
		char *gateway_dir; /* where gateways.d is */
		char *profile_dir; /* where shipped profiles are */
		char *user;        /* to become at the start; "" = stay */
		char *admin_group; /* "" = tandem-admin, where it is */
		struct addr
			dns_server; /* asked instead of those in resolv.conf; len 0: not */
		enum config_fips fips;
		bool log_numbers; /* whole, not masked */
		enum config_sandbox sandbox;
		char *token_dir; /* where a token keeps its state; "" = nowhere */
	} tandem;

	struct {
		struct addr listen; /* one TLS listener */
		struct config_tls tls;
		unsigned suites;
	} internal;

	struct {
		struct addr udp; /* each len 0 when not named */
		struct addr tcp;
		struct addr tls_listen;
		struct config_tls tls;
	} external;

	struct {
		/* Port 0. The second is of the other family; len 0: there is none. */
		struct addr internal[2];
		struct addr external[2];
		/* What SDP says instead of that of their family; len 0: the address itself. */
		struct addr internal_advertise[2];
		struct addr external_advertise[2];
		uint16_t port_min;
		uint16_t port_max;
		unsigned dscp;    /* of what we send */
		unsigned workers; /* 0: one a core */
		enum config_io io;
		unsigned tick_us; /* bound of added delay when workers batch; 0 = never */
		uint64_t timeout_ms; /* no packet either way in an active call: end it */
		uint64_t hold_timeout_ms; /* the same while on hold */
	} media;

	struct {
		enum config_audit mode;
		bool required;
		bool index; /* of records */
		enum config_capture_format format;
		enum config_capture_media media;
		uint64_t keep_ms;       /* 0: for good */
		uint64_t keep_bytes;    /* 0: no limit */
		unsigned disk_low;      /* per cent free; 0: off */
		unsigned disk_critical; /* the same */
		char *recipients;       /* a file; "": captures are not encrypted */
		char *timestamp_url;    /* "": checkpoints are not stamped */
		char *timestamp_ca;     /* a file, as the next one */
		char *timestamp_https_ca;
		uint64_t timestamp_ms;
		char *witness; /* "URL KEY", with commas between; "": there are none */
		char *witness_https_ca; /* a file */
		uint64_t witness_ms;
		char *log_key; /* a pkcs11: URI; "": the log's key is in a file of its own */
		bool keep_keys; /* of the log, which it was handed over from */
		bool mask_digits;
	} audit;

	struct {
		char *collector; /* collector_parse() takes it; "": none */
		enum config_hep_calls calls;
		uint32_t capture_id;
		char *password; /* a file; "": none */
		uint64_t queue_bytes;
		struct config_tls tls; /* but next-, staple */
	} hep;

	struct {
		char *postgresql; /* a file; "": there is none */
		char *table;
		bool verify;
	} sink;

	struct {
		struct config_limits
			calls; /* in all; those of one direction do not count */
		unsigned max_connections;
		unsigned max_handshakes; /* TLS handshakes under way at once */
		uint64_t handshake_ms;
		uint64_t idle_ms;     /* a connection without a call and traffic */
		unsigned queue_bytes; /* unsent output of a connection before it is cut */
		uint64_t setup_ms;    /* Timer C: a call that is not answered */
		uint64_t drain_ms;    /* SIGTERM: wait so long for calls to end */
		uint64_t
			overload_ms; /* new calls are refused when work is so far behind */
	} limits;

	struct {
		struct config_words numbers; /* that make a call an emergency call */
		struct config_words
			services; /* "police:110": see config_service_number() */
		struct config_words trunks; /* ids of gateways, to be asked first */
		struct config_words elin;   /* "+493010:+4930911": callers, number */
		uint64_t elin_keep_ms;
		/* A rule, or a dial plan, may make one of NUMBERS of one that does not have it in it. */
		bool made;
	} emergency;

	struct {
		uint64_t t1_ms, t2_ms, t4_ms; /* RFC 3261 17.1.1.1 */
		unsigned dscp;
	} sip;

	struct config_server *servers; /* in order of priority, then id */
	size_t server_count;
	struct config_gateway *gateways; /* in order of priority, then id */
	size_t gateway_count;
	const struct config_gateway **gateways_by_id; /* for config_gateway_find() */
};

/* All errors of one load, each a line "file:line:column: error: ...". */
struct config_errors {
	struct buf text; /* lines, each ends with \n */
	unsigned count;
};

/* One of them, in parts; spans into the text of all. */
struct config_error {
	struct span file; /* len 0: the line is about none, and has a message alone */
	unsigned line, column;
	struct span message;
};

void config_errors_init(struct config_errors *errors);
void config_errors_free(struct config_errors *errors);
/* Its lines, mistakes and warnings, to TO; nothing where there are none. */
void config_errors_print(const struct config_errors *errors, FILE *to);
/* Takes the first line off REST, which begins as errors->text. False: there is none. */
bool config_errors_next(struct span *rest, struct config_error *ret);

/*
 * Reads FILE, gateways.d beside it and the profiles they inherit from, checks everything,
 * and returns a snapshot with one reference. On failure ERR_CONFIG (or -errno when the
 * main file cannot be opened), *ret untouched, and ERRORS lists every mistake found, not
 * only the first. Nothing that runs is touched.
 */
int config_load(struct config **ret, const char *file, struct config_errors *errors);

struct config *config_ref(struct config *config);
/* NULL is fine. */
void config_unref(struct config *config);

/* The routes to SETTINGS: its own is 0. NULL: there is none with that INDEX. */
const struct config_route *config_route_at(
	const struct config_trunk *settings, size_t index);
/* Where SETTINGS say it listens, over TLS or in plain; 0: SRV, then 5060 or 5061. */
uint16_t config_port(const struct config_trunk *settings, bool tls);
/* What names us toward SETTINGS over TLS: contact-host, or else fqdn. */
const char *config_our_host(
	const struct config *config, const struct config_trunk *settings);
const struct config_server *config_server_find(
	const struct config *config, const char *id);
const struct config_gateway *config_gateway_find(
	const struct config *config, const char *id);

/*
 * Rewrites the one value of KEY in [gateway] of a gateway's FILE, comments and spacing
 * kept, added below [gateway] where the key was inherited. The file is replaced whole
 * (temporary file, fsync, rename), mode and group kept, and the owner where we may. What it said before is
 * the caller's in *RET_BEFORE. 0, or negative with TEXT; the old file then stands as it was.
 */
int config_gateway_edit(const char *file, const char *key, const char *value,
	struct buf *ret_before, struct err_text *text);
/* FILE says BEFORE again, byte for byte, replaced as above. 0, or negative with TEXT. */
int config_file_restore(
	const char *file, const struct buf *before, struct err_text *text);

const char *config_suite_name(enum config_suite suite); /* RFC 4568 name */
const char *config_srtp_name(enum config_srtp srtp);
const char *config_reason_name(enum config_reason reason);
const char *config_audit_name(enum config_audit mode);
const char *config_wildcard_name(enum config_wildcard wildcard);
const char *config_eku_name(enum config_eku eku);
const char *config_mutual_name(enum config_mutual mutual);
const char *config_revocation_name(enum config_revocation revocation);
const char *config_tls_name(enum config_tls_mode mode); /* "no", "observe" */
/* What an operator calls it: "on", "observe", "off". False: WORD is none of these. */
bool config_tls_of_switch(const char *word, enum config_tls_mode *ret);
const char *config_tls_version_name(enum config_tls_version version); /* "1.2" */
const char *config_ciphers_name(enum config_ciphers ciphers);
const char *config_t38_name(enum config_t38 t38);
