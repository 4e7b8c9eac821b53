/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * dpi: deep packet inspection. Each packet's payload is held against the
 * signatures of the file `rules` (nf/dpi_rules.h says how they are written);
 * a hit is an attack, and the packet's flow is stamped so in `flow_state`, where
 * weak-classifier sees it. What has been stamped an attack stays one, unseen.
 * A flow becomes benign once `inspect` of its packets with payload, and
 * `inspect_bytes` bytes in them, have had no hit: weak-classifier sends no more
 * of it. Either is 0: never. (Both, for a login can be typed letter by letter.)
 * `hits` counts by sid the packets that had one.
 *
 * A signature may lie across the segments of a TCP connection: of each of its
 * directions the last TAIL_MAX bytes are kept, and a segment that goes on where
 * they end, or overlaps them, is searched together with them. offset and depth
 * count from the first byte of the packet's payload; what has one of these is
 * looked for in single packets. Segments out of order begin anew: across the
 * gap nothing is found. Of bytes that are sent twice the later ones are kept.
 *
 * These tails, and how much of a flow has been inspected, are this process's own
 * (all packets of a flow come to one), so neither is a word in flow_state that
 * several write: weak-classifier alone counts there, dpi only stamps. A flow
 * has one place in a fixed table and whoever comes last gets it: the other's
 * tails are lost, and it is inspected for longer.
 *
 * Of protocols other than TCP and UDP the payload is all that follows the IP header
 * and its extensions, and `ip` rules are for it. A first fragment is
 * searched as a packet, up to its end. A later one has no ports and no place in
 * the datagram: rules are for it whatever their ports, unless they have offset or
 * depth. Fragments are not put together, and make no flow benign.
 *
 * Malformed packets are an attack and stamp nothing, as with weak-classifier;
 * frames that are not IP are clean. Checksums are not verified.
 */
// world: native
// pkg-config: libhs
#include <galette/nf.h>

#include <errno.h>
#include <hs.h>
#include <stdlib.h>
#include <string.h>

#include "dpi_rules.h"

enum dpi {
	CLEAN,
	ATTACK
};
NF_CONFIG(struct {
	nf_file rules;
	__u32 inspect;
	__u32 inspect_bytes;
}) = { .rules = { "dpi.rules" }, .inspect = 8, .inspect_bytes = 1024 };

NF_MAP(flow_state, LRU_HASH, struct nf_flow, struct nf_flow_state, 65535);
NF_MAP(hits, LRU_HASH, __u32, __u64, 4096); /* by sid */

enum {
	TAIL_MAX = RULES_CONTENT_MAX, /* the longest content can begin before its last byte */
	FLOWS = 4096,
	PAYLOAD_MAX = 65535, /* IP's lengths have 16 bits */
};

/* One direction of a TCP connection: bytes[0] has the sequence number `start`. */
struct tail {
	__u32 start;
	__u32 length; /* 0: nothing is known */
	unsigned char bytes[TAIL_MAX];
};

struct flow {
	struct nf_flow key;   /* canonical */
	__u32 packets, bytes; /* inspected since it was last stamped */
	struct tail tails[2];
};

struct packet {
	struct nf_flow key; /* canonical */
	const unsigned char *payload;
	__u32 length;
	__u32 seq; /* of payload */
	__u16 source, destination;
	__u8 protocol;
	bool turned; /* it goes from key.dst to key.src */
	bool stream, syn, fragment, later;
};

/* How far a rule has been found. */
struct found {
	__u32 scan; /* in which scan */
	__u16 contents;
};

/* What a scan looks at: a tail, and the payload from `payload` on. */
struct scan {
	const struct packet *packet;
	__u32 payload;
	const struct rules_rule *hit;
};

static struct rules rules;
static hs_database_t *database; /* NULL: no rules */
static hs_scratch_t *scratch;
static struct found *found; /* of each rule */
static __u32 scans;
static struct flow flows[FLOWS];
static unsigned char joined[TAIL_MAX + PAYLOAD_MAX];

_Static_assert(RULES_TCP == (int)NF_IP_TCP && RULES_UDP == (int)NF_IP_UDP, "protocols");
_Static_assert(RULES_CONTENTS_MAX <= 8 * sizeof(((struct found *)0)->contents), "a bit each");

/* ---- loading ---- */

static void complain(void *arg, __u32 line, __u32 column, const char *text)
{
	nf_complain(&config.rules, line, column, "%s", text);
}

/* What hs wants to know of each content. */
struct patterns {
	const char **text;
	unsigned int *flags, *ids;
	size_t *lengths;
};

static void describe(const struct patterns *patterns)
{
	for (__u32 i = 0; i < rules.content_count; i++) {
		const struct rules_content *content = &rules.contents[i];

		patterns->text[i] = (char *)rules.bytes + content->first;
		patterns->lengths[i] = content->length;
		patterns->ids[i] = i;
		patterns->flags[i] = content->nocase ? HS_FLAG_CASELESS : 0;
		/* One match is as good as all, where it does not matter where that is. */
		if (!content->has_offset && !content->depth)
			patterns->flags[i] |= HS_FLAG_SINGLEMATCH;
	}
}

static int compile(const struct patterns *patterns)
{
	hs_compile_error_t *error = NULL;
	__u32 rule;

	if (hs_compile_lit_multi(patterns->text, patterns->flags, patterns->ids,
				 patterns->lengths, rules.content_count, HS_MODE_BLOCK, NULL,
				 &database, &error) == HS_SUCCESS)
		return hs_alloc_scratch(database, &scratch) == HS_SUCCESS ? 0 : -ENOMEM;
	if (!error)
		return -ENOMEM;
	/* Where it is none of the contents that is wrong, expression is negative. */
	if (error->expression >= 0 && (__u32)error->expression < rules.content_count) {
		rule = rules.contents[error->expression].rule;
		nf_complain(&config.rules, rules.rules[rule].line, rules.rules[rule].column,
			    "hyperscan: %s", error->message);
	} else {
		nf_complain(&config.rules, 0, 0, "hyperscan: %s", error->message);
	}
	hs_free_compile_error(error);
	return -EINVAL;
}

static int compile_rules(void)
{
	struct patterns patterns = {
		.text = calloc(rules.content_count, sizeof(*patterns.text)),
		.flags = calloc(rules.content_count, sizeof(*patterns.flags)),
		.ids = calloc(rules.content_count, sizeof(*patterns.ids)),
		.lengths = calloc(rules.content_count, sizeof(*patterns.lengths)),
	};
	int err = -ENOMEM;

	found = calloc(rules.rule_count, sizeof(*found));
	if (found && patterns.text && patterns.flags && patterns.ids && patterns.lengths) {
		describe(&patterns);
		err = compile(&patterns);
	}
	free(patterns.text);
	free(patterns.flags);
	free(patterns.ids);
	free(patterns.lengths);
	return err;
}

/* A file of no rules is no error: all is clean. */
NF_LOAD(dpi)
{
	const char *text;
	__u64 size;
	int err;

	if (hs_valid_platform() != HS_SUCCESS)
		return -EOPNOTSUPP; /* a CPU without SSSE3 */
	text = nf_file_text(&config.rules, &size);
	if (!text)
		return -ENOENT;
	err = rules_parse(&rules, text, size, complain, NULL);
	return err ?: rules.rule_count ? compile_rules() : 0;
}

/* By dlclose(): what the rules are in goes with them. */
__attribute__((destructor)) static void unload(void)
{
	hs_free_scratch(scratch);
	hs_free_database(database);
	free(found);
	rules_free(&rules);
}

/* ---- searching ---- */

/* Whether a content that ends at `end` is where its rule wants it. */
static bool in_place(const struct rules_content *content, const struct scan *scan, __u32 end)
{
	__u32 from, limit;

	if (!content->has_offset && !content->depth)
		return true;
	if (scan->packet->later || end < scan->payload + content->length ||
	    end > scan->payload + scan->packet->length)
		return false;
	end -= scan->payload;
	from = content->offset;
	limit = content->depth ? from + content->depth : PAYLOAD_MAX;
	return end - content->length >= from && end <= limit;
}

/* hs calls this with each content it finds. Not 0: a rule has hit, that is enough. */
static int content_found(unsigned int id, unsigned long long from, unsigned long long end,
			 unsigned int flags, void *arg)
{
	const struct rules_content *content = &rules.contents[id];
	const struct rules_rule *rule = &rules.rules[content->rule];
	struct found *f = &found[content->rule];
	struct scan *scan = arg;
	const struct packet *p = scan->packet;

	if (!in_place(content, scan, end) ||
	    !rules_concern(&rules, rule, p->protocol, !p->later, p->source, p->destination))
		return 0;
	if (f->scan != scans)
		*f = (struct found) { .scan = scans };
	f->contents |= 1u << (id - rule->first);
	if (f->contents != (1u << rule->count) - 1)
		return 0;
	scan->hit = rule;
	return 1;
}

/* The rule that hits, or NULL. The packet's payload begins `payload` bytes behind data. */
static const struct rules_rule *search(const struct packet *p, const void *data, __u32 length,
				       __u32 payload)
{
	struct scan scan = { .packet = p, .payload = payload };

	if (!database || !length)
		return NULL;
	if (!++scans) { /* they begin anew, and so must what was found in them */
		memset(found, 0, rules.rule_count * sizeof(*found));
		scans = 1;
	}
	hs_scan(database, data, length, 0, scratch, content_found, &scan);
	return scan.hit;
}

/* ---- streams ---- */

/* Sequence numbers wrap around (RFC 9293, 3.4): b - a, the shorter way. */
static __s32 distance(__u32 a, __u32 b)
{
	return (__s32)(b - a);
}

static void keep(struct tail *tail, __u32 start, const unsigned char *bytes, __u32 length)
{
	__u32 skip = length > TAIL_MAX ? length - TAIL_MAX : 0;

	tail->start = start + skip;
	tail->length = length - skip;
	memcpy(tail->bytes, bytes + skip, tail->length);
}

/*
 * A segment, and what is kept of its direction. One that lies in, or directly
 * behind, what is kept is laid over it. Any other is searched alone; it is kept
 * instead, unless it is an old one once more.
 */
static const struct rules_rule *search_stream(const struct packet *p, struct tail *tail)
{
	__s32 at = distance(tail->start, p->seq);
	__s32 more = distance(tail->start + tail->length, p->seq + p->length);
	const struct rules_rule *hit;
	__u32 length;

	if (!tail->length || at < 0 || (__u32)at > tail->length) {
		if (!tail->length || more >= 0 || more < -PAYLOAD_MAX)
			keep(tail, p->seq, p->payload, p->length);
		return search(p, p->payload, p->length, 0);
	}
	length = tail->length + (more > 0 ? more : 0);
	memcpy(joined, tail->bytes, tail->length);
	memcpy(joined + at, p->payload, p->length);
	hit = search(p, joined, length, at);
	keep(tail, tail->start, joined, length);
	return hit;
}

/* ---- flows ---- */

static bool same_flow(const struct nf_flow *a, const struct nf_flow *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static struct flow *flow_of(const struct nf_flow *key)
{
	struct flow *flow = &flows[flow_hash(key) % FLOWS];

	if (!same_flow(&flow->key, key)) {
		flow->key = *key;
		flow->packets = flow->bytes = 0;
		flow->tails[0].length = flow->tails[1].length = 0;
	}
	return flow;
}

/* It has been looked into for long enough; then that begins anew, should the entry be deleted. */
static bool inspected(struct flow *flow, __u32 length)
{
	if (!config.inspect || !config.inspect_bytes)
		return false;
	flow->packets++;
	flow->bytes = flow->bytes > ~length ? ~0u : flow->bytes + length;
	if (flow->packets < config.inspect || flow->bytes < config.inspect_bytes)
		return false;
	flow->packets = flow->bytes = 0;
	return true;
}

/* Also where the table has no entry of it (any more); when it is full, there is none to be had. */
static void stamp(const struct nf_flow *key, struct nf_flow_state *state,
		  enum nf_verdict verdict)
{
	struct nf_flow_state fresh = { .rate.since = nf_now() };

	if (!state) {
		flow_stamp(&fresh, verdict);
		if (map_put_new(&flow_state, key, &fresh) != -EEXIST)
			return;
		state = map_view(&flow_state, key);
	}
	if (state)
		flow_stamp(state, verdict);
}

static void count_hit(__u32 sid)
{
	if (!map_add(&hits, &sid, 1) && map_put_new(&hits, &sid, &(__u64) { 1 }) == -EEXIST)
		map_add(&hits, &sid, 1);
}

/* ---- packets ---- */

/* False: malformed. */
static bool find_tcp(struct pkt *pkt, const struct nf_ip *ip, const struct nf_l4 *l4,
		     struct packet *p, __u32 *off)
{
	const struct tcphdr *tcp = parse_tcp(pkt, ip, l4);

	if (!tcp)
		return false;
	*off += tcp->doff * 4u;
	p->syn = tcp->syn;
	p->seq = nf_ntohl(tcp->seq) + tcp->syn; /* SYN has a number of its own */
	p->stream = !l4->fragment;
	return true;
}

/* Its length is that of the datagram, also in a fragment; what is behind it is no payload. */
static bool find_udp(struct pkt *pkt, const struct nf_ip *ip, const struct nf_l4 *l4,
		     __u32 *off, __u32 *end)
{
	const struct udphdr *udp = parse_udp(pkt, ip, l4);

	if (!udp)
		return false;
	if (!l4->fragment)
		*end = *off + nf_ntohs(udp->len);
	*off += sizeof(*udp);
	return true;
}

static bool find_payload(struct pkt *pkt, const struct nf_ip *ip, const struct nf_l4 *l4,
			 struct packet *p)
{
	__u32 off = l4->off, end = ip->end;

	if (!l4->later && l4->protocol == NF_IP_TCP && !find_tcp(pkt, ip, l4, p, &off))
		return false;
	if (!l4->later && l4->protocol == NF_IP_UDP && !find_udp(pkt, ip, l4, &off, &end))
		return false;
	if (off > end)
		return false;
	p->length = end - off;
	p->payload = pkt_at(pkt, off, p->length);
	return p->payload;
}

static enum nf_kind parse(struct pkt *pkt, struct packet *p)
{
	enum nf_kind kind;
	struct nf_ports *ports;
	struct nf_flow canonical;
	struct nf_ip ip;
	struct nf_l4 l4;

	*p = (struct packet) {};
	kind = parse_ip(pkt, &ip);
	if (kind == NF_MALFORMED || kind == NF_NOT_IP)
		return kind;
	if (!parse_l4(pkt, &ip, &l4) || !parse_flow(pkt, &ip, &l4, &p->key) ||
	    !find_payload(pkt, &ip, &l4, p))
		return NF_MALFORMED;
	ports = parse_ports(pkt, &ip, &l4);
	p->source = ports ? nf_ntohs(ports->src) : 0;
	p->destination = ports ? nf_ntohs(ports->dst) : 0;
	p->protocol = l4.protocol;
	p->fragment = l4.fragment;
	p->later = l4.later;
	canonical = p->key;
	flow_canonical(&canonical);
	p->turned = !same_flow(&canonical, &p->key);
	p->key = canonical;
	return kind;
}

/* The rule that hits, or NULL; *clean: the flow has been inspected for long enough. */
static const struct rules_rule *inspect(const struct packet *p, bool *clean)
{
	const struct rules_rule *hit;
	struct flow *flow;

	if (p->fragment)
		return search(p, p->payload, p->length, 0);
	if (!p->length && !p->syn)
		return NULL;
	flow = flow_of(&p->key);
	if (p->syn)
		flow->tails[p->turned].length = 0; /* a new connection */
	if (!p->length)
		return NULL;
	hit = p->stream ? search_stream(p, &flow->tails[p->turned])
			: search(p, p->payload, p->length, 0);
	*clean = !hit && inspected(flow, p->length);
	return hit;
}

NF(dpi, enum dpi)
{
	struct nf_flow_state *state;
	const struct rules_rule *hit;
	bool clean = false;
	struct packet p;

	switch (parse(pkt, &p)) {
	case NF_MALFORMED:
		return ATTACK;
	case NF_NOT_IP:
		return CLEAN;
	case NF_IPV4:
	case NF_IPV6:
		break;
	}
	state = map_view(&flow_state, &p.key);
	if (state && flow_verdict(state) == NF_ATTACK)
		return ATTACK;
	hit = inspect(&p, &clean);
	if (hit) {
		stamp(&p.key, state, NF_ATTACK);
		count_hit(hit->sid);
		return ATTACK;
	}
	if (clean)
		stamp(&p.key, state, NF_BENIGN);
	return CLEAN;
}
