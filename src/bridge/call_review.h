/* What stands when what is to be captured changes: see demand.h. Loop thread. */
#pragma once

struct bridge;

/* Each call, from now on, is captured as its gateways and demands ask for. */
void calls_review_captures(struct bridge *bridge);
/* The tap is told the parties of each call, where all calls are watched: whoever watches began to. */
void calls_tell_parties(struct bridge *bridge);
