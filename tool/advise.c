/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include "advise.h"
#include "ethtool.h"
#include "probe.h"
#include "shell.h"

const char *mode_name(__u32 mode)
{
	return mode == XDP_FLAGS_DRV_MODE   ? "native"
	       : mode == XDP_FLAGS_SKB_MODE ? "generic"
					    : "none";
}

/* ---- where packets go ---- */

/* Generic XDP sends as the stack does, and needs nothing: tx and redirect are native XDP's. */
struct sends {
	bool tx[GALETTE_INTERFACES_MAX];       /* by XDP_TX */
	bool redirect[GALETTE_INTERFACES_MAX]; /* by tx(IF), from any interface */
	bool crosses[GALETTE_INTERFACES_MAX];  /* from it by tx(another), in whatever way */
};

static void follow(const struct model *model, const struct model_edge *edge, int interface,
		   bool *seen, struct sends *sends)
{
	int to = edge->to;

	if (edge->target.kind == TARGET_TX)
		sends->tx[interface] = true;
	if (edge->target.kind == TARGET_REDIRECT && to >= 0)
		sends->redirect[to] = true;
	/* What leaves the kernel is sent as the stack sends. */
	if (edge->target.kind != TARGET_FUNCTION || to < 0 || seen[to] ||
	    edge_leads_out(model, edge))
		return;
	seen[to] = true;
	for (int i = 0; i < model->functions[to].action_count; i++)
		follow(model, &model->edges[model->functions[to].base + i], interface, seen,
		       sends);
}

/* Whether what comes in by an interface may go out by another, by whatever way. */
static bool crosses(const struct model *model, const struct model_edge *edge, int interface,
		    bool *seen)
{
	int to = edge->to;

	if (edge->target.kind == TARGET_REDIRECT)
		return to >= 0 && to != interface;
	if (!target_is_function(&edge->target) || to < 0 || seen[to])
		return false;
	seen[to] = true;
	for (int i = 0; i < model->functions[to].action_count; i++)
		if (crosses(model, &model->edges[model->functions[to].base + i], interface,
			    seen))
			return true;
	return false;
}

static void find_sends(const struct model *model, struct sends *sends)
{
	memset(sends, 0, sizeof(*sends));
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		const struct model_edge *edge = &model->edges[i];
		bool seen[CHAIN_FUNCTIONS_MAX] = { false },
		     crossed[CHAIN_FUNCTIONS_MAX] = { false };

		if (edge->function != EDGE_RX)
			continue;
		sends->crosses[edge->index] |= crosses(model, edge, edge->index, crossed);
		if (model->interfaces[edge->index].mode == XDP_FLAGS_DRV_MODE)
			follow(model, edge, edge->index, seen, sends);
	}
}

/* ---- one finding each ---- */

/*
 * The simplest chain, which gives it native XDP. It is called like the interface where
 * a chain can be; an '=' there would end an alias.
 */
static void mend_by_chain(struct finding *finding, const struct netdev *dev, const char *prefix)
{
	char word[SHELL_IFNAME_LEN];
	bool odd = *shell_word(word, sizeof(word), dev->name) == '$';

	finding_mend(finding,
		     "echo 'links = [{ from = \"rx\", to = [\"pass\"] }]' | "
		     "%sgalette-pin attach %s%s%s%s -",
		     prefix, odd ? "--name peer " : "", *dev->name == '-' ? "-- " : "",
		     strchr(dev->name, '=') ? "peer=" : "", word);
}

/*
 * A veth hands frames from XDP to its peer's NAPI, which is there with native
 * XDP or, since Linux 5.13, GRO. For XDP_TX the NAPI is woken only if the peer
 * has native XDP (veth_xdp_flush() up to 6.18 at least): with GRO alone frames
 * fill its ring and stay. What was redirected the kernel turns away sooner, by
 * the interface's XDP features, which it may fail to bring up to date.
 */
static void advise_sends(struct findings *findings, const struct netdev *dev,
			 const struct netdev *peer, const char *prefix, bool tx, bool redirect)
{
	char word[SHELL_IFNAME_LEN];

	if (peer->native_xdp)
		return;
	shell_word(word, sizeof(word), peer->name);
	if (tx)
		mend_by_chain(finding_add(findings, FINDING_NOTE, "peer", dev->name,
					  "frames that tx sends vanish: its peer %s has no "
					  "native XDP%s",
					  peer->name,
					  peer->offloads & ETHTOOL_GRO
						  ? ", and GRO is not enough"
						  : ""),
			      peer, prefix);
	else if (redirect && !(peer->offloads & ETHTOOL_GRO))
		finding_mend(finding_add(findings, FINDING_NOTE, "peer", dev->name,
					 "frames for tx(%s) vanish: its peer %s has neither "
					 "native XDP nor GRO",
					 dev->name, peer->name),
			     "%sethtool -K %s gro on", prefix, word);
	else if (redirect && netdev_takes_redirects(dev->ifindex) == 0)
		/* It was turned on while the peer was down. */
		finding_mend(finding_add(findings, FINDING_NOTE, "peer", dev->name,
					 "frames for tx(%s) vanish until GRO of its peer %s is "
					 "turned on once more",
					 dev->name, peer->name),
			     "%sethtool -K %s gro off; %sethtool -K %s gro on", prefix, word,
			     prefix, word);
}

void advise_peer(struct findings *findings, const struct netdev *dev, bool tx, bool redirect)
{
	char prefix[NETDEV_PREFIX_LEN];
	struct netdev peer;

	if (!netdev_read_peer(dev, &peer, prefix))
		advise_sends(findings, dev, &peer, prefix, tx, redirect);
	else if (tx || (redirect && netdev_takes_redirects(dev->ifindex) <= 0))
		finding_add(findings, FINDING_NOTE, "peer", dev->name,
			    "frames sent out of it vanish unless its peer, interface %u of "
			    "another network namespace, has native XDP%s",
			    dev->peer, tx ? "" : " or GRO (there: ethtool -K PEER gro on)");
}

void advise_up(struct findings *findings, const struct netdev *dev)
{
	char prefix[NETDEV_PREFIX_LEN], word[SHELL_IFNAME_LEN];
	struct netdev peer;

	if (!dev->up)
		finding_mend(
			finding_add(findings, FINDING_NOTE, "state", dev->name, "it is down"),
			"ip link set dev %s up", shell_word(word, sizeof(word), dev->name));
	if (dev->has_peer && !netdev_read_peer(dev, &peer, prefix) && !peer.up)
		finding_mend(finding_add(findings, FINDING_NOTE, "state", dev->name,
					 "its peer %s is down", peer.name),
			     "%sip link set dev %s up", prefix,
			     shell_word(word, sizeof(word), peer.name));
}

void advise_offload(struct findings *findings, const struct netdev *dev, const char *prefix,
		    const char *interface, __u32 offload, const char *why)
{
	char word[SHELL_IFNAME_LEN];
	struct finding *finding;

	if (!(dev->offloads & offload))
		return;
	finding = finding_add(findings, FINDING_NOTE, "offload", interface, "%s%s", why,
			      dev->fixed & offload ? "; its driver cannot do otherwise" : "");
	finding_value(finding, "offload",
		      json_object_new_string(ethtool_offload_name(offload)));
	if (!(dev->fixed & offload))
		finding_mend(finding, "%sethtool -K %s %s off", prefix,
			     shell_word(word, sizeof(word), dev->name),
			     ethtool_offload_name(offload));
}

void advise_vlan(struct findings *findings, const struct netdev *dev)
{
	if (dev->has_peer)
		return;
	advise_offload(findings, dev, "", dev->name, ETHTOOL_RX_VLAN,
		       "VLAN tags are taken off before XDP: the chain neither sees nor sends "
		       "them");
	advise_offload(
		findings, dev, "", dev->name, ETHTOOL_RX_STAG,
		"802.1ad tags are taken off before XDP: the chain neither sees nor sends "
		"them");
}

void advise_compile(struct findings *findings)
{
	/* The switch is in the first network namespace only. */
	bool here = !access("/proc/sys/net/core/bpf_jit_enable", F_OK);

	finding_mend(
		finding_add(findings, FINDING_NOTE, "jit", NULL,
			    "the kernel interprets programs, which is slow; those that are "
			    "loaded already stay so until detach and attach"),
		"%ssysctl net.core.bpf_jit_enable=1", here ? "" : "nsenter -n -t 1 ");
}

/* ---- of a chain ---- */

/* What a bridge does to its ports by itself: a chain may as well route, or answer. */
static void advise_filter(struct findings *findings, const struct netdev *dev)
{
	char word[SHELL_IFNAME_LEN];

	if (dev->filters)
		finding_mend(finding_add(findings, FINDING_NOTE, "promisc", dev->name,
					 "it takes frames for its own address only: none that "
					 "are addressed to hosts beyond it come in"),
			     "ip link set dev %s promisc on",
			     shell_word(word, sizeof(word), dev->name));
}

static void advise_interface(struct findings *findings, const struct model *model, int index,
			     const struct sends *sends)
{
	const struct model_interface *interface = &model->interfaces[index];
	struct netdev dev;

	if (netdev_read(interface->ifindex, &dev) || strcmp(dev.name, interface->name))
		return;
	advise_up(findings, &dev);
	if (dev.has_peer)
		advise_peer(findings, &dev, sends->tx[index], sends->redirect[index]);
	else if (sends->redirect[index] && netdev_takes_redirects(dev.ifindex) == 0)
		finding_add(findings, FINDING_NOTE, "redirect", dev.name,
			    "frames for tx(%s) vanish: its driver (%s) does not send what "
			    "native XDP redirects (attach with --mode generic)",
			    dev.name, dev.driver);
	if (sends->crosses[index])
		advise_filter(findings, &dev);
	advise_vlan(findings, &dev);
}

static void advise_programs(struct findings *findings, const struct model *model)
{
	for (int i = 0; i < model->function_count; i++) {
		const struct object *object = model->functions[i].object;
		int fd = object ? bpf_program__fd(object->program) : -1;

		if (fd < 0 || probe_is_compiled(fd))
			continue;
		advise_compile(findings);
		return;
	}
}

void advise(const struct model *model)
{
	struct findings findings = { 0 };
	struct sends sends;

	find_sends(model, &sends);
	for (int i = 0; i < model->interface_count; i++)
		advise_interface(&findings, model, i, &sends);
	advise_programs(&findings, model);
	findings_warn(&findings);
	findings_free(&findings);
}
