/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <galette/abi.h>

#include "advise.h"
#include "doctor.h"
#include "ethtool.h"
#include "holder.h"
#include "netdev.h"
#include "probe.h"
#include "shell.h"

enum native_xdp {
	NATIVE_NO,
	NATIVE_YES,
	NATIVE_REFUSED, /* by its driver, for what the host does */
	NATIVE_UNKNOWN, /* nobody says but the driver, when it is asked to attach */
};

/* One interface, and what has been found out about it on the way. */
struct patient {
	struct netdev dev;
	char word[SHELL_IFNAME_LEN]; /* its name, for a shell */
	struct holder holder;
	enum native_xdp native;
	bool has_peer; /* and that can be asked */
	struct netdev peer;
	char prefix[NETDEV_PREFIX_LEN];
	char peer_word[SHELL_IFNAME_LEN];
};

static struct finding *add(struct findings *findings, const struct patient *patient,
			   enum finding_level level, const char *topic, const char *what)
{
	return finding_add(findings, level, topic, patient->dev.name, "%s", what);
}

static struct json_object *number(__u32 value)
{
	return json_object_new_int64(value);
}

/* ---- native or generic ---- */

static bool is_virtio(const struct netdev *dev)
{
	return !strcmp(dev->driver, "virtio_net");
}

/*
 * virtnet_xdp_set(): where the host lets the driver, it turns merging off and on by itself;
 * else native XDP is refused, whatever the features say. (It was called LRO once.)
 */
static bool host_merges(const struct netdev *dev)
{
	return is_virtio(dev) && dev->fixed & (ETHTOOL_LRO | ETHTOOL_GRO_HW);
}

static enum native_xdp find_native(const struct patient *patient)
{
	const struct netdev *dev = &patient->dev;
	int features;

	/* A veth's features follow its settings, which have findings of their own. */
	if (dev->native_xdp || dev->has_peer)
		return NATIVE_YES;
	if (host_merges(dev))
		return NATIVE_REFUSED;
	features = netdev_xdp_features(dev->ifindex);
	if (features >= 0)
		return features & NETDEV_XDP_BASIC ? NATIVE_YES : NATIVE_NO;
	if (dev->loopback || !strcmp(dev->kind, "bridge") || !strcmp(dev->kind, "dummy"))
		return NATIVE_NO;
	return NATIVE_UNKNOWN;
}

/* Then its driver's limits are worth a look. */
static bool may_be_native(const struct patient *patient)
{
	return patient->native == NATIVE_YES || patient->native == NATIVE_UNKNOWN;
}

static void look_at_driver(struct findings *findings, const struct patient *patient)
{
	const char *driver = patient->dev.driver;
	struct finding *finding;

	finding = finding_add(findings, FINDING_OK, "driver", patient->dev.name, "%s",
			      *driver ? driver : "it does not say");
	finding_value(finding, "driver", *driver ? json_object_new_string(driver) : NULL);
	finding_value(finding, "up", json_object_new_boolean(patient->dev.up));
	advise_up(findings, &patient->dev);
}

static void look_at_xdp(struct findings *findings, const struct patient *patient)
{
	static const char *const what[] = {
		[NATIVE_NO] = "generic XDP only, slower: its driver has no native XDP",
		[NATIVE_YES] = "its driver has native XDP",
		[NATIVE_REFUSED] =
			"generic XDP only, slower: its host merges packets (GRO-HW) and "
			"does not let the driver turn that off (QEMU: ctrl_guest_offloads=on)",
		[NATIVE_UNKNOWN] =
			"generic XDP, slower, unless its driver has native XDP: this "
			"kernel does not say, attach finds out",
	};
	struct finding *finding = add(findings, patient,
				      patient->native == NATIVE_YES ? FINDING_OK : FINDING_NOTE,
				      "xdp", what[patient->native]);

	finding_value(finding, "native",
		      patient->native == NATIVE_UNKNOWN
			      ? NULL
			      : json_object_new_boolean(patient->native == NATIVE_YES));
}

/* ---- what drivers refuse native XDP for ---- */

static void look_at_queues(struct findings *findings, const struct patient *patient)
{
	__u32 rx = patient->dev.rx_queues, tx = patient->has_peer ? patient->peer.tx_queues : 0;
	struct finding *finding;

	finding = finding_add(findings, FINDING_OK, "queues", patient->dev.name, "%u%s",
			      rx ?: 1, rx ? "" : ", as it does not say");
	finding_value(finding, "rx", number(rx ?: 1));
	/* veth_xdp_set() */
	if (rx && tx > rx) {
		finding->level = FINDING_NOTE;
		finding_mend(finding_add(findings, FINDING_NOTE, "queues", patient->dev.name,
					 "no native XDP: %u are less than its peer %s has to "
					 "send, %u",
					 rx, patient->peer.name, tx),
			     "%sethtool -L %s tx %u", patient->prefix, patient->peer_word, rx);
	}
	if (rx > GALETTE_QUEUES_MAX)
		finding_add(findings, FINDING_NOTE, "queues", patient->dev.name,
			    "the slow path takes packets from the first %d only",
			    GALETTE_QUEUES_MAX);
}

/* How much a veth takes of its peer is tried out. What others take is theirs to say, but a page. */
static void look_at_mtu(struct findings *findings, const struct patient *patient)
{
	const struct netdev *dev = patient->has_peer ? &patient->peer : &patient->dev;
	__u32 limit = getpagesize();
	struct finding *finding;

	finding = finding_add(findings, FINDING_OK, "mtu", patient->dev.name, "%u",
			      patient->dev.mtu);
	finding_value(finding, "mtu", number(patient->dev.mtu));
	if (!may_be_native(patient) ||
	    (patient->dev.has_peer && (!patient->has_peer || probe_veth_mtu(&limit))))
		return;
	finding_value(finding, "native_limit", patient->has_peer ? number(limit) : NULL);
	if (dev->mtu <= limit)
		return;
	finding = finding_add(findings, FINDING_NOTE, "mtu", patient->dev.name,
			      "no native XDP: %s%s is %u, at most %u would do",
			      patient->has_peer ? "the MTU of its peer " : "its MTU",
			      patient->has_peer ? patient->peer.name : "", dev->mtu, limit);
	finding_mend(finding, "%sip link set dev %s mtu 1500", patient->prefix,
		     patient->has_peer ? patient->peer_word : patient->word);
}

static void look_at_offloads(struct findings *findings, const struct patient *patient)
{
	const struct netdev *dev = &patient->dev;
	int before = findings->count;

	advise_vlan(findings, dev);
	if (may_be_native(patient) && !dev->has_peer && !is_virtio(dev)) {
		advise_offload(findings, dev, "", dev->name, ETHTOOL_LRO,
			       "drivers refuse native XDP while packets are merged (LRO)");
		advise_offload(findings, dev, "", dev->name, ETHTOOL_GRO_HW,
			       "drivers refuse native XDP while packets are merged (GRO-HW)");
	}
	if (findings->count == before)
		add(findings, patient, FINDING_OK, "offload", "none that hurts");
}

/* ---- the other end ---- */

static void look_at_peer(struct findings *findings, const struct patient *patient)
{
	const struct netdev *dev = &patient->dev, *peer = &patient->peer;
	struct finding *finding;

	if (!dev->has_peer)
		return;
	if (!patient->has_peer) {
		advise_peer(findings, dev, true, true);
		return;
	}
	finding =
		finding_add(findings, FINDING_OK, "peer", dev->name, "%s%s, %s, %s", peer->name,
			    dev->peer_netns < 0 ? "" : " in another network namespace",
			    peer->native_xdp ? "with native XDP" : "without native XDP",
			    peer->offloads & ETHTOOL_GRO ? "with GRO" : "without GRO");
	finding_value(finding, "peer", json_object_new_string(peer->name));
	advise_peer(findings, dev, true, false);
	advise_peer(findings, dev, false, true);
	advise_offload(findings, peer, patient->prefix, dev->name, ETHTOOL_TX_CSUM,
		       "its peer leaves checksums to be filled in: they are wrong in what the "
		       "slow path sends");
}

/* ---- who is there ---- */

static void look_at_stranger(struct findings *findings, const struct patient *patient)
{
	const struct holder *holder = &patient->holder;
	char owner[PATH_MAX + 64], command[HOLDER_COMMAND_LEN];
	struct finding *finding;

	holder_owner(holder, owner, sizeof(owner));
	holder_mend(holder, patient->dev.name, command, sizeof(command));
	finding = finding_add(findings, FINDING_WRONG, "program", patient->dev.name,
			      "%s %u%s%s%s, %s%s, has its XDP",
			      holder->galette ? "a chain pinned elsewhere, program" : "program",
			      holder->prog_id, *holder->name ? " '" : "", holder->name,
			      *holder->name ? "'" : "", mode_name(holder->mode), owner);
	finding_mend(finding, "%s", command);
	finding_value(finding, "id", number(holder->prog_id));
	finding_value(finding, "name", json_object_new_string(holder->name));
	finding_value(finding, "mode", json_object_new_string(mode_name(holder->mode)));
	finding_value(finding, "link_id", holder->link_id ? number(holder->link_id) : NULL);
}

static void look_at_program(struct findings *findings, const struct patient *patient)
{
	const struct holder *holder = &patient->holder;
	struct finding *finding;

	if (!holder->prog_id) {
		add(findings, patient, FINDING_OK, "program", "no XDP program is on it");
	} else if (*holder->chain) {
		finding = finding_add(findings, FINDING_OK, "program", patient->dev.name,
				      "chain %s is on it, %s", holder->chain,
				      mode_name(holder->mode));
		finding_value(finding, "chain", json_object_new_string(holder->chain));
		finding_value(finding, "mode", json_object_new_string(mode_name(holder->mode)));
	} else {
		look_at_stranger(findings, patient);
	}
}

int doctor_netdev(unsigned int ifindex, const char *pin_root, struct findings *findings)
{
	struct patient patient = { 0 };
	int err = netdev_read(ifindex, &patient.dev)
			  ?: holder_find(ifindex, pin_root, &patient.holder);

	if (err)
		return err;
	shell_word(patient.word, sizeof(patient.word), patient.dev.name);
	patient.native = find_native(&patient);
	patient.has_peer = patient.dev.has_peer &&
			   !netdev_read_peer(&patient.dev, &patient.peer, patient.prefix);
	shell_word(patient.peer_word, sizeof(patient.peer_word), patient.peer.name);
	look_at_driver(findings, &patient);
	look_at_xdp(findings, &patient);
	look_at_queues(findings, &patient);
	look_at_mtu(findings, &patient);
	look_at_offloads(findings, &patient);
	look_at_peer(findings, &patient);
	look_at_program(findings, &patient);
	return 0;
}
