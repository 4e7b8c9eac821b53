/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "doctor.h"
#include "netdev.h"
#include "xdp_holder.h"

/*
 * Of a page an XDP program's frame leaves room for: the head that programs may grow into, Ethernet's
 * header with two VLAN tags, and the kernel's skb_shared_info behind it.
 */
enum {
	XDP_HEADROOM = 256,
	ETH_HEADERS = 14 + 2 * 4,
	SHARED_INFO = 320
};

struct look {
	struct findings *findings;
	const struct netdev *dev;
	char *word; /* its name, for a shell */
};

static void note(const struct look *look, const char *topic, const char *mend, const char *text)
{
	char *command = NULL;

	if (mend && asprintf(&command, mend, look->word) < 0)
		command = NULL;
	finding_add(look->findings, FINDING_NOTE, topic, look->dev->name, command, "%s", text);
	free(command);
}

static void ok(const struct look *look, const char *topic, const char *text)
{
	finding_add(look->findings, FINDING_OK, topic, look->dev->name, NULL, "%s", text);
}

/* ---- XDP ---- */

static void look_at_driver(const struct look *look)
{
	const char *driver = look->dev->driver;
	int has = netdev_has_xdp(look->dev->ifindex);

	if (has == 0)
		finding_add(look->findings, FINDING_NOTE, "xdp", look->dev->name, NULL,
			    "driver %s: generic XDP, which is slower; it has no native one",
			    driver);
	else
		finding_add(look->findings, FINDING_OK, "xdp", look->dev->name, NULL,
			    has > 0 ? "driver %s: native XDP"
				    : "driver %s: native XDP if it can, which attach tries; "
				      "else generic",
			    driver);
	if (!look->dev->has_peer && netdev_takes_redirects(look->dev->ifindex) == 0)
		note(look, "redirect", NULL,
		     "what another interface's native XDP sends to it vanishes: attach with "
		     "--mode "
		     "generic");
}

/* Attach would be refused. */
static void look_at_holder(const struct look *look, const char *pin_root)
{
	struct xdp_holder holder;
	char *mend;

	if (xdp_holder_find(look->dev->ifindex, pin_root, &holder)) {
		note(look, "holder", NULL, "whether an XDP program is on it cannot be told");
	} else if (!holder.prog_id) {
		ok(look, "holder", "no XDP program is on it");
	} else if (*holder.chain) {
		finding_add(look->findings, FINDING_OK, "holder", look->dev->name, NULL,
			    "chain %s is on it, in %s mode", holder.chain,
			    holder.generic ? "generic" : "native");
	} else {
		mend = xdp_holder_mend(&holder, look->dev->name);
		finding_add(look->findings, FINDING_WRONG, "holder", look->dev->name, mend,
			    "XDP program %u '%s' is on it, in %s mode", holder.prog_id,
			    holder.prog_name, holder.generic ? "generic" : "native");
		free(mend);
	}
}

/* ---- settings ---- */

static void look_at_offloads(const struct look *look)
{
	const struct netdev *dev = look->dev;

	/* A veth takes no tags off, whatever it says. */
	if (dev->vlan_stripped && !dev->has_peer)
		note(look, "vlan", "ethtool -K %s rxvlan off",
		     "VLAN tags are taken off before XDP: a chain neither sees nor sends them");
	if (dev->lro)
		note(look, "lro", "ethtool -K %s lro off",
		     "LRO joins frames to larger ones, with which drivers refuse native XDP");
	if (dev->gro_hw)
		note(look, "gro-hw", "ethtool -K %s rx-gro-hw off",
		     "hardware GRO joins frames to larger ones, with which drivers refuse "
		     "native "
		     "XDP");
}

static void look_at_mtu(const struct look *look)
{
	__u32 most = sysconf(_SC_PAGESIZE) - XDP_HEADROOM - ETH_HEADERS - SHARED_INFO;

	if (look->dev->mtu <= most)
		return;
	finding_add(look->findings, FINDING_NOTE, "mtu", look->dev->name, NULL,
		    "MTU %u: above some %u bytes drivers refuse native XDP (ip link set %s mtu "
		    "1500, or --mode generic)",
		    look->dev->mtu, most, look->word);
}

/* ---- veth ---- */

static void peer_note(const struct look *look, const struct netdev *peer, const char *prefix,
		      const char *command, const char *text)
{
	char *name = shell_word(peer->name), *mend = NULL, *head = NULL;

	if (asprintf(&head, command, prefix, name) >= 0)
		mend = head;
	finding_add(look->findings, FINDING_NOTE, "peer", look->dev->name, mend,
		    "its peer %s %s", peer->name, text);
	free(head);
	free(name);
}

/* As advise.c says when a chain that sends is attached. */
static void look_at_peer(const struct look *look)
{
	char prefix[NETDEV_PREFIX_LEN];
	struct netdev peer;

	if (netdev_read_peer(look->dev, &peer, prefix)) {
		finding_add(
			look->findings, FINDING_NOTE, "peer", look->dev->name, NULL,
			"its peer, interface %u of another network namespace, cannot be looked "
			"at: what native XDP sends vanishes unless it has native XDP",
			look->dev->peer);
		return;
	}
	if (!peer.up)
		peer_note(look, &peer, prefix, "%sip link set %s up", "is down");
	if (!peer.native_xdp)
		peer_note(look, &peer, prefix,
			  "echo 'links = [{ from = \"rx\", to = [\"pass\"] }]' | %sgalette-pin "
			  "attach "
			  "%s -",
			  peer.gro ? "has no native XDP: what native XDP sends by tx vanishes"
				   : "has neither native XDP nor GRO: what native XDP sends "
				     "vanishes");
	if (peer.tx_checksum)
		peer_note(look, &peer, prefix, "%sethtool -K %s tx off",
			  "leaves checksums to be filled in later, which the slow path cannot");
}

void doctor_interface(struct findings *findings, __u32 ifindex, const char *pin_root)
{
	struct netdev dev;
	struct look look = { findings, &dev, NULL };
	int err = netdev_read(ifindex, &dev);

	if (err) {
		char name[IF_NAMESIZE] = "";

		finding_add(findings, FINDING_NOTE, "interface", if_indextoname(ifindex, name),
			    NULL, "it cannot be looked at: %s", strerror(-err));
		return;
	}
	look.word = shell_word(dev.name);
	if (!dev.up)
		note(&look, "link", "ip link set %s up", "it is down, and hears nothing");
	look_at_driver(&look);
	finding_add(findings, FINDING_OK, "queues", dev.name, NULL, "%u receive queue%s",
		    netdev_queues(ifindex), netdev_queues(ifindex) == 1 ? "" : "s");
	look_at_holder(&look, pin_root);
	look_at_offloads(&look);
	look_at_mtu(&look);
	if (dev.has_peer)
		look_at_peer(&look);
	free(look.word);
}
