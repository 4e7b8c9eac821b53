/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"
#include "options.h"

/* ---- which interfaces ---- */

/* Of the loopback there is nothing to say. */
static bool is_candidate(const char *name)
{
	struct ifreq request = { 0 };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	up = sock >= 0 && !ioctl(sock, SIOCGIFFLAGS, &request) &&
	     (request.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP;
	if (sock >= 0)
		close(sock);
	return up;
}

static void look_at_all(struct findings *findings, const char *pin_root)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *one = all; one && one->if_index; one++)
		if (is_candidate(one->if_name))
			doctor_interface(findings, one->if_index, pin_root);
	if (all)
		if_freenameindex(all);
}

/* All must be there before anything is said of one. */
static bool all_exist(char **names, int count)
{
	bool exist = true;

	for (int i = 0; i < count; i++) {
		if (if_nametoindex(names[i]))
			continue;
		error("no interface '%s' in this network namespace (ip link)", names[i]);
		exist = false;
	}
	return exist;
}

/* ---- printing ---- */

static void print_text(const struct findings *findings)
{
	for (int i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];

		printf("%-5s  %s%s%s: %s%s%s%s\n", finding_level_name(f->level), f->interface,
		       *f->interface ? " " : "", f->topic, f->text, f->mend ? " (" : "",
		       f->mend ?: "", f->mend ? ")" : "");
	}
}

static struct json_object *text(const char *string)
{
	return string && *string ? json_object_new_string(string) : NULL;
}

static void print_json(const struct findings *findings)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "level", text(finding_level_name(f->level)));
		json_object_object_add(item, "topic", text(f->topic));
		json_object_object_add(item, "interface", text(f->interface));
		json_object_object_add(item, "text", text(f->text));
		json_object_object_add(item, "mend", text(f->mend));
		json_object_array_add(list, item);
	}
	puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(list);
}

int verb_doctor(struct options *options)
{
	struct findings findings = { 0 };
	int status;

	if (!all_exist(options->argv, options->argc))
		return STATUS_USAGE;
	doctor_machine(&findings, options->pin_root);
	for (int i = 0; i < options->argc; i++)
		doctor_interface(&findings, if_nametoindex(options->argv[i]),
				 options->pin_root);
	if (!options->argc)
		look_at_all(&findings, options->pin_root);
	if (options->json)
		print_json(&findings);
	else
		print_text(&findings);
	status = findings_level(&findings) == FINDING_WRONG ? STATUS_FAILED : STATUS_DONE;
	findings_free(&findings);
	return status;
}
