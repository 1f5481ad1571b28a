/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of what drivers of device-dax instances share. Included at the end of
 * spm_dax_lib.c.
 */
#include <kunit/test.h>

#define SPM_DAX_BLOCK	SZ_128M

/**
 * struct spm_dax_case - which part of a range is whole memory blocks
 * @start: of the range
 * @end: of the range, inclusive
 * @block: the first block
 * @nr_blocks: how many, 0 if there is none
 */
struct spm_dax_case {
	u64 start;
	u64 end;
	u64 block;
	u64 nr_blocks;
};

static const struct spm_dax_case spm_dax_test_cases[] = {
	/* All of it, or less at either end, or at both. */
	{ 4 * SPM_DAX_BLOCK, 6 * SPM_DAX_BLOCK - 1, 4, 2 },
	{ 4 * SPM_DAX_BLOCK, 7 * SPM_DAX_BLOCK - 2, 4, 2 },
	{ 4 * SPM_DAX_BLOCK - 1, 6 * SPM_DAX_BLOCK - 1, 4, 2 },
	{ 3 * SPM_DAX_BLOCK + 1, 7 * SPM_DAX_BLOCK - 2, 4, 2 },
	{ 0, SPM_DAX_BLOCK - 1, 0, 1 },
	{ 0, 2 * SPM_DAX_BLOCK - 2, 0, 1 },
	/* No whole block. */
	{ 4 * SPM_DAX_BLOCK, 5 * SPM_DAX_BLOCK - 2, 0, 0 },
	{ 4 * SPM_DAX_BLOCK + 1, 5 * SPM_DAX_BLOCK - 1, 0, 0 },
	{ 4 * SPM_DAX_BLOCK + 1, 6 * SPM_DAX_BLOCK - 2, 0, 0 },
	{ 4 * SPM_DAX_BLOCK + SZ_1M, 4 * SPM_DAX_BLOCK + SZ_2M, 0, 0 },
	/* Below the first boundary, where the end used to underflow. */
	{ 0, SPM_DAX_BLOCK - 2, 0, 0 },
	{ SZ_1M, SZ_64M - 1, 0, 0 },
	{ SZ_1M, SPM_DAX_BLOCK - 1, 0, 0 },
	/* At the last address, where the start overflows. */
	{ U64_MAX - SZ_1M, U64_MAX - 1, 0, 0 },
};

static void spm_dax_case_desc(const struct spm_dax_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#llx-%#llx", c->start, c->end);
}

KUNIT_ARRAY_PARAM(spm_dax_blocks, spm_dax_test_cases, spm_dax_case_desc);

/* Tests that whole blocks of a range are used, and nothing if there are none. */
static void spm_dax_test_blocks(struct kunit *test)
{
	const struct spm_dax_case *c = test->param_value;
	struct range range = { .start = c->start, .end = c->end };
	struct range blocks = {};

	KUNIT_ASSERT_EQ(test, spm_dax_blocks(&range, SPM_DAX_BLOCK, &blocks),
			c->nr_blocks > 0);
	if (!c->nr_blocks)
		return;
	KUNIT_EXPECT_EQ(test, blocks.start, c->block * SPM_DAX_BLOCK);
	KUNIT_EXPECT_EQ(test, range_len(&blocks), c->nr_blocks * SPM_DAX_BLOCK);
}

static struct kunit_case spm_dax_kunit_cases[] = {
	KUNIT_CASE_PARAM(spm_dax_test_blocks, spm_dax_blocks_gen_params),
	{}
};

static struct kunit_suite spm_dax_suite = {
	.name = "spm_dax",
	.test_cases = spm_dax_kunit_cases,
};

kunit_test_suite(spm_dax_suite);
