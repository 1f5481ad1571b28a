/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of spm_cxl: what records say, and commands to a device, which is one of ours
 * that has a mailbox and nothing else. Included at the end of spm_cxl_mbox.c.
 */
#include <kunit/test.h>
#include <linux/string.h>

#define CXL_KUNIT_PAYLOAD	512
/* More than fit into a payload, and into what is read of a log at once */
#define CXL_KUNIT_COMMANDS	300

/**
 * struct cxl_kunit - a device
 * @mbox: its mailbox; must be the first
 * @cel: its commands and their effects
 * @nr_cel: number of these
 * @guess: what it holds
 * @has_guess: it has the log that tells this
 * @discovery: which media operations it has
 * @nr_ops: number of these
 * @return_code: of every command that is about memory
 * @send_rc: what sending such a command returns
 * @nr_sent: how often that was
 * @subclass: of the last of these
 * @ranges: ranges of all of these
 * @nr_ranges: number of @ranges
 */
struct cxl_kunit {
	struct cxl_mailbox mbox;
	struct cxl_cel_entry cel[CXL_KUNIT_COMMANDS];
	unsigned int nr_cel;
	struct spm_cxl_guess guess;
	bool has_guess;
	struct {
		struct spm_cxl_discovery_out head;
		u8 op[2 * SPM_CXL_MEDIA_OPS];
	} __packed discovery;
	unsigned int nr_ops;
	u16 return_code;
	int send_rc;
	unsigned int nr_sent;
	u8 subclass;
	struct range ranges[SPM_TRIM_BATCH];
	unsigned int nr_ranges;
};

static void cxl_kunit_answer(struct cxl_mbox_cmd *cmd, const void *out, size_t bytes)
{
	cmd->size_out = min(cmd->size_out, bytes);
	memcpy(cmd->payload_out, out, cmd->size_out);
}

static void cxl_kunit_logs(struct cxl_kunit *device, struct cxl_mbox_cmd *cmd)
{
	struct {
		struct cxl_mbox_get_supported_logs head;
		struct cxl_gsl_entry entry[2];
	} __packed logs = {};
	unsigned int nr = 1;

	logs.entry[0].uuid = DEFINE_CXL_CEL_UUID;
	logs.entry[0].size = cpu_to_le32(device->nr_cel * sizeof(device->cel[0]));
	if (device->has_guess) {
		logs.entry[nr].uuid = spm_cxl_vendors[0].log;
		logs.entry[nr++].size = cpu_to_le32(sizeof(device->guess));
	}
	/* It says more than it has, which must not be believed. */
	logs.head.entries = cpu_to_le16(nr + 100);
	cxl_kunit_answer(cmd, &logs, sizeof(logs.head) + nr * sizeof(logs.entry[0]));
}

static void cxl_kunit_log(struct cxl_kunit *device, struct cxl_mbox_cmd *cmd)
{
	const struct cxl_mbox_get_log *in = cmd->payload_in;
	u32 offset = le32_to_cpu(in->offset), bytes = le32_to_cpu(in->length);
	const void *log = device->cel;
	size_t size = device->nr_cel * sizeof(device->cel[0]);

	if (uuid_equal(&in->uuid, &spm_cxl_vendors[0].log)) {
		log = &device->guess;
		size = sizeof(device->guess);
	}
	if (bytes > device->mbox.payload_size || offset + bytes > size)
		cmd->return_code = CXL_MBOX_CMD_RC_INPUT;
	else
		cxl_kunit_answer(cmd, log + offset, bytes);
}

static void cxl_kunit_zero(struct cxl_kunit *device, struct cxl_mbox_cmd *cmd)
{
	const struct spm_cxl_media_in *in = cmd->payload_in;
	u32 i, nr = le32_to_cpu(in->op.nr_ranges);

	device->nr_sent++;
	device->subclass = in->op.subclass;
	cmd->return_code = device->return_code;
	if (cmd->size_in != struct_size(in, range, nr))
		cmd->return_code = CXL_MBOX_CMD_RC_PAYLOADLEN;
	for (i = 0; i < nr && device->nr_ranges < SPM_TRIM_BATCH; i++) {
		u64 start = le64_to_cpu(in->range[i].start);

		device->ranges[device->nr_ranges++] = (struct range) {
			.start = start,
			.end = start + le64_to_cpu(in->range[i].bytes) - 1,
		};
	}
}

static int cxl_kunit_send(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	struct cxl_kunit *device = container_of(mbox, struct cxl_kunit, mbox);
	const struct spm_cxl_media_op *op = cmd->payload_in;

	cmd->return_code = CXL_MBOX_CMD_RC_SUCCESS;
	switch (cmd->opcode) {
	case CXL_MBOX_OP_GET_SUPPORTED_LOGS:
		cxl_kunit_logs(device, cmd);
		return 0;
	case CXL_MBOX_OP_GET_LOG:
		cxl_kunit_log(device, cmd);
		return 0;
	case SPM_CXL_OP_MEDIA_OPERATIONS:
		if (op->class == SPM_CXL_MEDIA_GENERAL)
			cxl_kunit_answer(cmd, &device->discovery,
					 sizeof(device->discovery.head) + 2 * device->nr_ops);
		else
			cxl_kunit_zero(device, cmd);
		return device->send_rc;
	}
	cmd->return_code = CXL_MBOX_CMD_RC_UNSUPPORTED;
	return 0;
}

static int cxl_kunit_init(struct kunit *test)
{
	struct cxl_kunit *device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, device);
	device->mbox.payload_size = CXL_KUNIT_PAYLOAD;
	device->mbox.mbox_send = cxl_kunit_send;
	device->nr_cel = CXL_KUNIT_COMMANDS;
	test->priv = device;
	return 0;
}

/* The device has this operation, too. */
static void cxl_kunit_add_op(struct cxl_kunit *device, u64 granularity, u8 class, u8 subclass)
{
	device->discovery.op[2 * device->nr_ops] = class;
	device->discovery.op[2 * device->nr_ops + 1] = subclass;
	device->nr_ops++;
	device->discovery.head.granularity = cpu_to_le64(granularity);
	/* It has even more, which are not asked for. */
	device->discovery.head.total = cpu_to_le16(1000);
	device->discovery.head.nr = cpu_to_le16(device->nr_ops);
	/* The last of its commands */
	device->cel[CXL_KUNIT_COMMANDS - 1].opcode = cpu_to_le16(SPM_CXL_OP_MEDIA_OPERATIONS);
}

/* ---- Records ---- */

struct cxl_kunit_event {
	const char *what;
	enum cxl_event_type type;
	u8 descriptor;
	u8 event_type;
	bool loses;
	bool overflows;
};

static const struct cxl_kunit_event cxl_kunit_events[] = {
	{ "corrected", CXL_CPER_EVENT_GEN_MEDIA, 0, 0, false, false },
	{ "uncorrectable", CXL_CPER_EVENT_GEN_MEDIA, 1, 0, true, false },
	{ "threshold", CXL_CPER_EVENT_GEN_MEDIA, 2, 0, false, false },
	{ "full list", CXL_CPER_EVENT_GEN_MEDIA, 4, 0, false, true },
	{ "uncorrectable, full list", CXL_CPER_EVENT_GEN_MEDIA, 5, 0, true, true },
	{ "invalid address", CXL_CPER_EVENT_GEN_MEDIA, 1, 1, false, false },
	{ "data path", CXL_CPER_EVENT_GEN_MEDIA, 1, 2, true, false },
	{ "DRAM, corrected", CXL_CPER_EVENT_DRAM, 0, 0, false, false },
	{ "DRAM, uncorrectable", CXL_CPER_EVENT_DRAM, 1, 0, true, false },
	{ "DRAM, scrubbed", CXL_CPER_EVENT_DRAM, 1, 1, true, false },
	{ "DRAM, invalid address", CXL_CPER_EVENT_DRAM, 1, 2, false, false },
	{ "DRAM, data path", CXL_CPER_EVENT_DRAM, 1, 3, true, false },
	{ "DRAM, full list", CXL_CPER_EVENT_DRAM, 4, 0, false, true },
	{ "module", CXL_CPER_EVENT_MEM_MODULE, 5, 0, false, false },
	{ "generic", CXL_CPER_EVENT_GENERIC, 5, 0, false, false },
};

static void cxl_kunit_event_desc(const struct cxl_kunit_event *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cxl_kunit_event, cxl_kunit_events, cxl_kunit_event_desc);

/* Tests that only memory that is lost for good counts as lost, and which that is. */
static void cxl_test_events(struct kunit *test)
{
	const struct cxl_kunit_event *c = test->param_value;
	union cxl_event *event = kunit_kzalloc(test, sizeof(*event), GFP_KERNEL);
	struct range dpa = {};

	KUNIT_ASSERT_NOT_NULL(test, event);
	/* Volatile, and not to be repaired: flags in the address */
	event->media_hdr.phys_addr = cpu_to_le64(0x12345680 | 3);
	event->media_hdr.descriptor = c->descriptor;
	event->media_hdr.type = c->event_type;

	KUNIT_EXPECT_EQ(test, spm_cxl_event_loses(c->type, event, &dpa), c->loses);
	KUNIT_EXPECT_EQ(test, spm_cxl_event_overflows(c->type, event), c->overflows);
	if (!c->loses)
		return;
	KUNIT_EXPECT_EQ(test, dpa.start, 0x12345680);
	KUNIT_EXPECT_EQ(test, dpa.end, 0x123456bf);
}

/* Tests which memory a record of the poison list names, whatever is in it. */
static void cxl_test_poison(struct kunit *test)
{
	/* The source of the poison is in the address. */
	struct cxl_poison_record record = {
		.address = cpu_to_le64(0x1000 | CXL_POISON_SOURCE_INJECTED),
		.length = cpu_to_le32(1),
	};
	struct range dpa;

	KUNIT_EXPECT_TRUE(test, spm_cxl_poison_range(&record, &dpa));
	KUNIT_EXPECT_EQ(test, dpa.start, 0x1000);
	KUNIT_EXPECT_EQ(test, dpa.end, 0x103f);

	record.length = cpu_to_le32(U32_MAX);
	KUNIT_EXPECT_TRUE(test, spm_cxl_poison_range(&record, &dpa));
	KUNIT_EXPECT_EQ(test, dpa.end, 0x1000 + U32_MAX * 64ULL - 1);

	record.address = cpu_to_le64(U64_MAX);
	KUNIT_EXPECT_TRUE(test, spm_cxl_poison_range(&record, &dpa));
	KUNIT_EXPECT_EQ(test, dpa.start, U64_MAX - 63);
	KUNIT_EXPECT_EQ(test, dpa.end, U64_MAX);

	record.length = 0;
	KUNIT_EXPECT_FALSE(test, spm_cxl_poison_range(&record, &dpa));
	record.address = 0;
	KUNIT_EXPECT_FALSE(test, spm_cxl_poison_range(&record, &dpa));
}

/* Tests that of a record only that remains which is a region's. */
static void cxl_test_intersect(struct kunit *test)
{
	const struct range region = { .start = 0x10000, .end = 0x1ffff };
	struct range all = { .start = 0, .end = U64_MAX };
	struct range below = { .start = 0, .end = 0xffff };
	struct range above = { .start = 0x20000, .end = 0x2003f };
	struct range last = { .start = 0x1ffc0, .end = 0x2ffff };

	KUNIT_EXPECT_TRUE(test, spm_cxl_intersect(&all, &region));
	KUNIT_EXPECT_EQ(test, all.start, region.start);
	KUNIT_EXPECT_EQ(test, all.end, region.end);
	KUNIT_EXPECT_FALSE(test, spm_cxl_intersect(&below, &region));
	KUNIT_EXPECT_FALSE(test, spm_cxl_intersect(&above, &region));
	KUNIT_EXPECT_TRUE(test, spm_cxl_intersect(&last, &region));
	KUNIT_EXPECT_EQ(test, last.start, 0x1ffc0);
	KUNIT_EXPECT_EQ(test, last.end, region.end);
}

/* Tests that no two pages are taken for one, however a region is interleaved. */
static void cxl_test_step(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, spm_cxl_step(1, 256), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, spm_cxl_step(2, 256), 256);
	KUNIT_EXPECT_EQ(test, spm_cxl_step(3, 1024), 1024);
	KUNIT_EXPECT_EQ(test, spm_cxl_step(4, 16384), PAGE_SIZE);
}

/* Tests what becomes of contents, of all that a device may say of its health. */
static void cxl_test_health(struct kunit *test)
{
	static const enum spm_cxl_health media[] = {
		[0x01] = SPM_CXL_DEAD,
		[0x03] = SPM_CXL_DEAD,
		[0x09] = SPM_CXL_ILL,
		[0xff] = SPM_CXL_WELL,
	};
	struct cxl_get_health_info info = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(media); i++) {
		info.media_status = i;
		KUNIT_EXPECT_EQ_MSG(test, spm_cxl_judge(&info), media[i], "media status %d", i);
	}
	info.media_status = 0;
	for (i = 0; i < 8; i++) {
		info.health_status = BIT(i);
		KUNIT_EXPECT_EQ_MSG(test, spm_cxl_judge(&info),
				    i == 2 || i == 3 ? SPM_CXL_ILL : SPM_CXL_WELL,
				    "health status bit %d", i);
	}
	info.media_status = 3;
	KUNIT_EXPECT_EQ(test, spm_cxl_judge(&info), SPM_CXL_DEAD);
}

/* Tests that figures are never taken for younger than they are. */
static void cxl_test_date(struct kunit *test)
{
	struct spm_cxl_clock clock = {};

	/* Nobody knows how long they have been so. */
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 7, 1000), 0);
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 7, 2000), 0);
	/* They have been refreshed after 2000, perhaps just then. */
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 8, 3000), 2000);
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 8, 4000), 2000);
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 8, 5000), 2000);
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 10, 6000), 5000);
	/* The device was reset. */
	KUNIT_EXPECT_EQ(test, spm_cxl_date(&clock, 0, 7000), 6000);
}

/* ---- Commands ---- */

/* Tests that a device is only told to forget what it has said that it can. */
static void cxl_test_find_zero(struct kunit *test)
{
	struct cxl_kunit *device = test->priv;
	struct spm_cxl_zero zero;

	KUNIT_EXPECT_EQ(test, spm_cxl_find_zero(&device->mbox, &zero), 0);
	KUNIT_EXPECT_EQ(test, zero.granularity, 0);

	/* Something, but not that */
	cxl_kunit_add_op(device, 64, SPM_CXL_MEDIA_GENERAL, 0);
	cxl_kunit_add_op(device, 64, SPM_CXL_MEDIA_SANITIZE, 7);
	cxl_kunit_add_op(device, 64, 9, SPM_CXL_SUB_ZERO);
	KUNIT_EXPECT_EQ(test, spm_cxl_find_zero(&device->mbox, &zero), 0);
	KUNIT_EXPECT_EQ(test, zero.granularity, 0);

	cxl_kunit_add_op(device, 64, SPM_CXL_MEDIA_SANITIZE, SPM_CXL_SUB_SANITIZE);
	KUNIT_EXPECT_EQ(test, spm_cxl_find_zero(&device->mbox, &zero), 0);
	KUNIT_EXPECT_EQ(test, zero.granularity, 64);
	KUNIT_EXPECT_EQ(test, zero.subclass, SPM_CXL_SUB_SANITIZE);

	cxl_kunit_add_op(device, PAGE_SIZE, SPM_CXL_MEDIA_SANITIZE, SPM_CXL_SUB_ZERO);
	KUNIT_EXPECT_EQ(test, spm_cxl_find_zero(&device->mbox, &zero), 0);
	KUNIT_EXPECT_EQ(test, zero.granularity, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zero.subclass, SPM_CXL_SUB_ZERO);
}

/* Tests that units that are no part of a page are not used. */
static void cxl_test_zero_granularity(struct kunit *test)
{
	static const u64 bad[] = { 0, 96, 3 * SZ_1K, 2 * PAGE_SIZE, SZ_2M, U64_MAX };
	struct cxl_kunit *device = test->priv;
	struct spm_cxl_zero zero;
	int i;

	cxl_kunit_add_op(device, 64, SPM_CXL_MEDIA_SANITIZE, SPM_CXL_SUB_ZERO);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		device->discovery.head.granularity = cpu_to_le64(bad[i]);
		KUNIT_EXPECT_EQ(test, spm_cxl_find_zero(&device->mbox, &zero), 0);
		KUNIT_EXPECT_EQ(test, zero.granularity, 0);
	}
}

/* Tests that a device is told all ranges, in as many commands as they need. */
static void cxl_test_zero(struct kunit *test)
{
	const struct spm_cxl_zero zero = { .granularity = 64, .subclass = SPM_CXL_SUB_ZERO };
	struct cxl_kunit *device = test->priv;
	struct range ranges[SPM_TRIM_BATCH];
	int i, nr = ARRAY_SIZE(ranges);

	for (i = 0; i < nr; i++)
		ranges[i] = (struct range) {
			.start = 2 * i * PAGE_SIZE,
			.end = (2 * i + 1) * PAGE_SIZE - 1,
		};
	KUNIT_EXPECT_EQ(test, spm_cxl_zero(&device->mbox, &zero, ranges, nr), 0);
	KUNIT_EXPECT_EQ(test, device->subclass, SPM_CXL_SUB_ZERO);
	KUNIT_ASSERT_EQ(test, device->nr_ranges, nr);
	KUNIT_EXPECT_MEMEQ(test, device->ranges, ranges, sizeof(ranges));
	/* 8 bytes, and 16 for each range */
	KUNIT_EXPECT_EQ(test, device->nr_sent, DIV_ROUND_UP(nr, (CXL_KUNIT_PAYLOAD - 8) / 16));
}

struct cxl_kunit_failure {
	int send_rc;
	u16 return_code;
	int want;
};

/*
 * Tests that pages which a device may still be told about are asked for again, and that
 * others are given up.
 */
static void cxl_test_zero_fails(struct kunit *test)
{
	static const struct cxl_kunit_failure failures[] = {
		{ 0, CXL_MBOX_CMD_RC_BUSY, -EAGAIN },
		{ 0, CXL_MBOX_CMD_RC_RETRY, -EAGAIN },
		{ 0, CXL_MBOX_CMD_RC_INPUT, -ENXIO },
		{ 0, CXL_MBOX_CMD_RC_PADDR, -EFAULT },
		{ 0, CXL_MBOX_CMD_RC_UNSUPPORTED, -ENXIO },
		{ -ETIMEDOUT, CXL_MBOX_CMD_RC_BACKGROUND, -EINPROGRESS },
		{ -EBUSY, 0, -EAGAIN },
	};
	const struct spm_cxl_zero zero = { .granularity = 64 };
	struct range range = { .start = 0, .end = PAGE_SIZE - 1 };
	struct cxl_kunit *device = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		device->send_rc = failures[i].send_rc;
		device->return_code = failures[i].return_code;
		KUNIT_EXPECT_EQ_MSG(test, spm_cxl_zero(&device->mbox, &zero, &range, 1),
				    failures[i].want, "failure %d", i);
	}
}

/* Tests that the log of figures that we know of is found, and read. */
static void cxl_test_vendor(struct kunit *test)
{
	struct cxl_kunit *device = test->priv;
	const struct spm_cxl_vendor *vendor;
	struct spm_cxl_figures figures;

	KUNIT_EXPECT_EQ(test, spm_cxl_find_vendor(&device->mbox, &vendor), 0);
	KUNIT_EXPECT_NULL(test, vendor);

	device->has_guess = true;
	KUNIT_EXPECT_EQ(test, spm_cxl_find_vendor(&device->mbox, &vendor), 0);
	KUNIT_ASSERT_NOT_NULL(test, vendor);
	KUNIT_EXPECT_EQ(test, spm_cxl_get_figures(&device->mbox, vendor, &figures), -EINVAL);

	device->guess = (struct spm_cxl_guess) {
		.physical_bytes = cpu_to_le64(SZ_1G),
		.used_bytes = cpu_to_le64(SZ_1M),
		.refreshes = cpu_to_le64(7),
	};
	KUNIT_EXPECT_EQ(test, spm_cxl_get_figures(&device->mbox, vendor, &figures), 0);
	KUNIT_EXPECT_EQ(test, figures.physical_bytes, SZ_1G);
	KUNIT_EXPECT_EQ(test, figures.used_bytes, SZ_1M);
	KUNIT_EXPECT_EQ(test, figures.refreshes, 7);
}

/* Tests that a device that can't tell its health is not asked. */
static void cxl_test_no_health(struct kunit *test)
{
	struct cxl_kunit *device = test->priv;
	struct cxl_get_health_info info;

	KUNIT_EXPECT_EQ(test, spm_cxl_get_health(&device->mbox, &info), -EOPNOTSUPP);
	set_bit(CXL_MEM_COMMAND_ID_GET_HEALTH_INFO, device->mbox.enabled_cmds);
	KUNIT_EXPECT_EQ(test, spm_cxl_get_health(&device->mbox, &info), -ENXIO);
}

static struct kunit_case cxl_kunit_cases[] = {
	KUNIT_CASE_PARAM(cxl_test_events, cxl_kunit_event_gen_params),
	KUNIT_CASE(cxl_test_poison),
	KUNIT_CASE(cxl_test_intersect),
	KUNIT_CASE(cxl_test_step),
	KUNIT_CASE(cxl_test_health),
	KUNIT_CASE(cxl_test_date),
	KUNIT_CASE(cxl_test_find_zero),
	KUNIT_CASE(cxl_test_zero_granularity),
	KUNIT_CASE(cxl_test_zero),
	KUNIT_CASE(cxl_test_zero_fails),
	KUNIT_CASE(cxl_test_vendor),
	KUNIT_CASE(cxl_test_no_health),
	{}
};

static struct kunit_suite cxl_kunit_suite = {
	.name = "spm_cxl",
	.init = cxl_kunit_init,
	.test_cases = cxl_kunit_cases,
};

kunit_test_suite(cxl_kunit_suite);
