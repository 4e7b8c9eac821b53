/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Of generate.c: the greatest rate at which less than a given share is lost.
 *
 * From a guess on the rate goes up or down in growing steps until one rate has passed and
 * one has not; then between the two, until they are near each other. A rate that has
 * failed by little, or was not reached, is tried again: what else the machine does loses
 * packets and holds up the generator as well. It ends, too, where asking for more, in ever
 * larger steps, has brought no more: once is not enough, for where the sink is woken for each
 * packet the generator falls short of any rate, and yet sends more when it is asked for more.
 */
#ifndef GENERATE_SEARCH_H
#define GENERATE_SEARCH_H

#include <math.h>
#include <stdbool.h>

#include "generate_result.h"

#define SEARCH_STEP   1.1
#define SEARCH_PROBES 16   /* at most */
#define SEARCH_NEAR   1.03 /* close enough */
#define SEARCH_LITTLE 0.05 /* a loss that may be the machine's */
#define SEARCH_SHORT  0.97 /* of what was asked: less is the generator's limit … */
#define SEARCH_STALLS 3    /* … when so many rates in turn have brought no more */

struct search {
	struct result (*run)(double rate); /* INFINITY: as much as possible */
	double loss;
	double guess; /* 0: what comes back when as much as possible is sent */
	bool found;
	int stalls;  /* rates in turn that brought no more */
	bool short_; /* the generator did not reach more */
	struct result best;
};

static bool falls_short(const struct result *r, double rate)
{
	return r->sent < rate * r->seconds * SEARCH_SHORT;
}

static bool passes(struct search *s, double rate)
{
	struct result r = s->run(rate);

	if ((loss(&r) > s->loss && loss(&r) < SEARCH_LITTLE) || falls_short(&r, rate))
		r = s->run(rate);
	if (loss(&r) > s->loss || !r.received)
		return false;
	if (falls_short(&r, rate) && s->found && r.rate < s->best.rate * SEARCH_NEAR)
		s->stalls++;
	else
		s->stalls = 0;
	if (!s->found || r.rate > s->best.rate)
		s->best = r;
	s->found = true;
	return true;
}

static void search(struct search *s)
{
	double low = 0, high = 0, step = SEARCH_STEP, rate = s->guess;

	if (!rate)
		rate = fmax(s->run(INFINITY).rate, 1000);
	for (int i = 0; i < SEARCH_PROBES && !s->short_; i++) {
		if (passes(s, rate))
			low = rate;
		else
			high = rate;
		s->short_ = !high && s->stalls == SEARCH_STALLS;
		if (low && high && high < low * SEARCH_NEAR)
			break;
		if (low && high) {
			rate = sqrt(low * high);
			continue;
		}
		rate = low ? low * step : high / step;
		step *= step;
	}
}

#endif
