/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include "advise.h"
#include "diag.h"
#include "netdev.h"

const char *mode_name(__u32 mode)
{
	return mode == XDP_FLAGS_DRV_MODE   ? "native"
	       : mode == XDP_FLAGS_SKB_MODE ? "generic"
					    : "none";
}

/* ---- where native XDP sends packets: generic XDP sends as the stack does, and needs nothing ---- */

struct sends {
	bool tx[GALETTE_INTERFACES_MAX];       /* by XDP_TX */
	bool redirect[GALETTE_INTERFACES_MAX]; /* by tx(IF), from any interface */
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

static void find_sends(const struct model *model, struct sends *sends)
{
	memset(sends, 0, sizeof(*sends));
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		const struct model_edge *edge = &model->edges[i];
		bool seen[CHAIN_FUNCTIONS_MAX] = { false };

		if (edge->function == EDGE_RX &&
		    model->interfaces[edge->index].mode == XDP_FLAGS_DRV_MODE)
			follow(model, edge, edge->index, seen, sends);
	}
}

/* ---- one warning each ---- */

/*
 * A veth hands frames from XDP to its peer's NAPI, which is there with native
 * XDP or, since Linux 5.13, GRO. For XDP_TX the NAPI is woken only if the peer
 * has native XDP (veth_xdp_flush() up to 6.18 at least): with GRO alone frames
 * fill its ring and stay. What was redirected the kernel turns away sooner, by
 * the interface's XDP features, which it may fail to bring up to date.
 */
static void advise_sends(const struct netdev *dev, const struct netdev *peer,
			 const char *prefix, bool tx, bool redirect)
{
	if (peer->native_xdp)
		return;
	if (tx)
		warning("%s: frames that tx sends vanish: its peer %s has no native XDP%s "
			"(echo 'links = [{ from = \"rx\", to = [\"pass\"] }]' | "
			"%sgalette-pin attach %s -)",
			dev->name, peer->name, peer->gro ? ", and GRO is not enough" : "",
			prefix, peer->name);
	else if (redirect && !peer->gro)
		warning("%s: frames for tx(%s) vanish: its peer %s has neither native XDP nor "
			"GRO (%sethtool -K %s gro on)",
			dev->name, dev->name, peer->name, prefix, peer->name);
	else if (redirect && netdev_takes_redirects(dev->ifindex) == 0)
		/* It was turned on while the peer was down. */
		warning("%s: frames for tx(%s) vanish until GRO of its peer %s is turned on "
			"once more (%sethtool -K %s gro off; %sethtool -K %s gro on)",
			dev->name, dev->name, peer->name, prefix, peer->name, prefix,
			peer->name);
}

static void advise_veth(const struct netdev *dev, bool tx, bool redirect)
{
	char prefix[NETDEV_PREFIX_LEN];
	struct netdev peer;

	if (!netdev_read_peer(dev, &peer, prefix)) {
		advise_sends(dev, &peer, prefix, tx, redirect);
		if (!peer.up)
			warning("%s: its peer %s is down (%sip link set %s up)", dev->name,
				peer.name, prefix, peer.name);
	} else if (tx || (redirect && netdev_takes_redirects(dev->ifindex) <= 0)) {
		warning("%s: frames sent out of it vanish unless its peer, interface %u of "
			"another network namespace, has native XDP%s",
			dev->name, dev->peer,
			tx ? "" : " or GRO (there: ethtool -K PEER gro on)");
	}
}

static void advise_interface(const struct model_interface *interface, bool tx, bool redirect)
{
	struct netdev dev;

	if (netdev_read(interface->ifindex, &dev) || strcmp(dev.name, interface->name))
		return;
	if (!dev.up)
		warning("%s is down (ip link set %s up)", dev.name, dev.name);
	if (dev.has_peer)
		advise_veth(&dev, tx, redirect);
	else if (redirect && netdev_takes_redirects(dev.ifindex) == 0)
		warning("%s: frames for tx(%s) vanish: its driver (%s) does not send what "
			"native XDP redirects (attach with --mode generic)",
			dev.name, dev.name, dev.driver);
	/* A veth takes no tags off, whatever it says. */
	if (!dev.has_peer && dev.vlan_stripped)
		warning("%s: VLAN tags are taken off before XDP: the chain neither sees nor "
			"sends them (ethtool -K %s rxvlan off)",
			dev.name, dev.name);
}

/* Only programs that are loaded from now on are compiled. */
static void advise_jit(const struct model *model)
{
	for (int i = 0; i < model->function_count; i++) {
		const struct object *object = model->functions[i].object;
		int fd = object ? bpf_program__fd(object->program) : -1;
		struct bpf_prog_info info = { 0 };
		__u32 length = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) || info.jited_prog_len)
			continue;
		warning("the kernel interprets the chain's programs: slow "
			"(sysctl net.core.bpf_jit_enable=1, then detach and attach)");
		return;
	}
}

void advise(const struct model *model)
{
	struct sends sends;

	find_sends(model, &sends);
	for (int i = 0; i < model->interface_count; i++)
		advise_interface(&model->interfaces[i], sends.tx[i], sends.redirect[i]);
	advise_jit(model);
}
