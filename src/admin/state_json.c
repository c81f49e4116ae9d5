#include "admin/state_json.h"

#include "admin/api.h"
#include "trunk/obstacle.h"

static enum obstacle_kind find(
	const struct trunks *trunks, const struct trunk *trunk, struct obstacle *ret)
{
	const struct obstacle_question question = {
		.trunk = trunk, .way = OBSTACLE_TO, .now_us = trunks_now_us(trunks)};

	return obstacle_find(&question, ret);
}

const char *state_word(const struct trunks *trunks, const struct trunk *trunk)
{
	return obstacle_word(find(trunks, trunk, NULL));
}

json_t *state_obstacle(const struct trunks *trunks, const struct trunk *trunk)
{
	char words[OBSTACLE_TEXT_SIZE];
	struct obstacle obstacle;

	return find(trunks, trunk, &obstacle) ? api_text(obstacle_text(&obstacle, words))
					      : json_null();
}
