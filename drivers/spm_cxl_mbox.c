// SPDX-License-Identifier: GPL-2.0
/*
 * spm_cxl: commands to a CXL device, and what can be learned from its logs. No state, no
 * locks of its own: the mailbox has one.
 *
 * All but the figures of vendors is as in the CXL specification. Section numbers are those
 * of its revision 3.1.
 *
 * The CXL core's functions that would do some of this keep what they learn to themselves:
 * it looks through the Command Effects Log for commands that it knows, of which Media
 * Operations isn't one.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "spm_cxl.h"

/* Media Operations, 8.2.9.9.5.3 */
#define SPM_CXL_OP_MEDIA_OPERATIONS	0x4402

enum spm_cxl_media_class {
	SPM_CXL_MEDIA_GENERAL,
	SPM_CXL_MEDIA_SANITIZE,
};

/* Of the class SPM_CXL_MEDIA_SANITIZE */
enum spm_cxl_media_subclass {
	SPM_CXL_SUB_SANITIZE,
	SPM_CXL_SUB_ZERO,
};

/* Of the class SPM_CXL_MEDIA_GENERAL */
#define SPM_CXL_SUB_DISCOVERY		0

struct spm_cxl_media_op {
	u8 class;
	u8 subclass;
	u8 reserved[2];
	__le32 nr_ranges;
} __packed;

struct spm_cxl_media_in {
	struct spm_cxl_media_op op;
	struct {
		__le64 start;
		__le64 bytes;
	} __packed range[];
} __packed;

struct spm_cxl_discovery_in {
	struct spm_cxl_media_op op;
	__le16 first;
	__le16 nr;
} __packed;

struct spm_cxl_discovery_out {
	__le64 granularity;
	__le16 total;
	__le16 nr;
	struct {
		u8 class;
		u8 subclass;
	} __packed op[];
} __packed;

/* Operations that are asked for: more than the specification has */
#define SPM_CXL_MEDIA_OPS		32

/*
 * How long a device may take to forget pages before others are asked for. Operations of
 * an SPM node should end within ten seconds.
 */
#define SPM_CXL_ZERO_POLL_MS		10
#define SPM_CXL_ZERO_POLLS		500

/* As much of a log as is read at once */
#define SPM_CXL_LOG_CHUNK		SZ_4K

/* ---- Logs ---- */

static struct cxl_mbox_get_supported_logs *spm_cxl_get_logs(struct cxl_mailbox *mbox,
							    unsigned int *nr)
{
	struct cxl_mbox_cmd cmd = {
		.opcode = CXL_MBOX_OP_GET_SUPPORTED_LOGS,
		.size_out = mbox->payload_size,
		.min_out = sizeof(struct cxl_mbox_get_supported_logs),
	};
	struct cxl_mbox_get_supported_logs *logs;
	int rc;

	logs = kvzalloc(mbox->payload_size, GFP_KERNEL);
	if (!logs)
		return ERR_PTR(-ENOMEM);
	cmd.payload_out = logs;
	rc = cxl_internal_send_cmd(mbox, &cmd);
	if (rc) {
		kvfree(logs);
		return ERR_PTR(rc);
	}
	*nr = min_t(size_t, le16_to_cpu(logs->entries),
		    (cmd.size_out - sizeof(*logs)) / sizeof(logs->entry[0]));
	return logs;
}

/* Return: its size, 0 if the device doesn't have it, or -errno */
static s64 spm_cxl_log_bytes(struct cxl_mailbox *mbox, const uuid_t *log)
{
	struct cxl_mbox_get_supported_logs *logs;
	unsigned int i, nr;
	s64 bytes = 0;

	logs = spm_cxl_get_logs(mbox, &nr);
	if (IS_ERR(logs))
		return PTR_ERR(logs);
	for (i = 0; i < nr; i++)
		if (uuid_equal(&logs->entry[i].uuid, log))
			bytes = le32_to_cpu(logs->entry[i].size);
	kvfree(logs);
	return bytes;
}

static int spm_cxl_get_log(struct cxl_mailbox *mbox, const uuid_t *log, u32 offset,
			   void *buf, u32 bytes)
{
	struct cxl_mbox_get_log in = {
		.uuid = *log,
		.offset = cpu_to_le32(offset),
		.length = cpu_to_le32(bytes),
	};
	struct cxl_mbox_cmd cmd = {
		.opcode = CXL_MBOX_OP_GET_LOG,
		.payload_in = &in,
		.size_in = sizeof(in),
		.payload_out = buf,
		.size_out = bytes,
	};

	return cxl_internal_send_cmd(mbox, &cmd);
}

/* Return: 1 if the Command Effects Log says that the device has a command, 0, or -errno */
static int spm_cxl_has_command(struct cxl_mailbox *mbox, u16 opcode)
{
	u32 offset, chunk, i, size = min_t(size_t, mbox->payload_size, SPM_CXL_LOG_CHUNK);
	struct cxl_cel_entry *entry;
	s64 bytes;
	int rc;

	bytes = spm_cxl_log_bytes(mbox, &DEFINE_CXL_CEL_UUID);
	if (bytes <= 0)
		return bytes;
	entry = kmalloc(size, GFP_KERNEL);
	if (!entry)
		return -ENOMEM;

	rc = 0;
	for (offset = 0; !rc && offset < bytes; offset += chunk) {
		chunk = min_t(u32, bytes - offset, size);
		rc = spm_cxl_get_log(mbox, &DEFINE_CXL_CEL_UUID, offset, entry, chunk);
		if (rc)
			break;
		for (i = 0; i < chunk / sizeof(*entry); i++)
			if (le16_to_cpu(entry[i].opcode) == opcode)
				rc = 1;
	}
	kfree(entry);
	return rc;
}

/* ---- Forgetting ---- */

static int spm_cxl_discover(struct cxl_mailbox *mbox, struct spm_cxl_discovery_out *out,
			    unsigned int *nr)
{
	struct spm_cxl_discovery_in in = {
		.op.class = SPM_CXL_MEDIA_GENERAL,
		.op.subclass = SPM_CXL_SUB_DISCOVERY,
		.nr = cpu_to_le16(SPM_CXL_MEDIA_OPS),
	};
	struct cxl_mbox_cmd cmd = {
		.opcode = SPM_CXL_OP_MEDIA_OPERATIONS,
		.payload_in = &in,
		.size_in = sizeof(in),
		.payload_out = out,
		.size_out = struct_size(out, op, SPM_CXL_MEDIA_OPS),
		.min_out = sizeof(*out),
	};
	int rc = cxl_internal_send_cmd(mbox, &cmd);

	if (rc)
		return rc;
	*nr = min_t(size_t, le16_to_cpu(out->nr),
		    (cmd.size_out - sizeof(*out)) / sizeof(out->op[0]));
	return 0;
}

/* A page must be told of alone. Better zeroes, as a pattern may take space. */
static void spm_cxl_choose_zero(const struct spm_cxl_discovery_out *out, unsigned int nr,
				struct spm_cxl_zero *zero)
{
	u64 granularity = le64_to_cpu(out->granularity);
	unsigned int i;

	if (!is_power_of_2(granularity) || granularity > PAGE_SIZE)
		return;
	for (i = 0; i < nr; i++) {
		if (out->op[i].class != SPM_CXL_MEDIA_SANITIZE ||
		    out->op[i].subclass > SPM_CXL_SUB_ZERO)
			continue;
		zero->granularity = granularity;
		zero->subclass = max(zero->subclass, out->op[i].subclass);
	}
}

/**
 * spm_cxl_find_zero() - can a device be told to forget pages, and how?
 * @mbox: the device's mailbox
 * @zero: set to how
 *
 * Context: Process context. May sleep.
 * Return: 0, also if it can't; -errno if it does not answer.
 */
int spm_cxl_find_zero(struct cxl_mailbox *mbox, struct spm_cxl_zero *zero)
{
	struct spm_cxl_discovery_out *out;
	unsigned int nr;
	int rc;

	*zero = (struct spm_cxl_zero) {};
	rc = spm_cxl_has_command(mbox, SPM_CXL_OP_MEDIA_OPERATIONS);
	if (rc <= 0)
		return rc;

	out = kzalloc(struct_size(out, op, SPM_CXL_MEDIA_OPS), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	rc = spm_cxl_discover(mbox, out, &nr);
	if (!rc)
		spm_cxl_choose_zero(out, nr, zero);
	kfree(out);
	return rc;
}

/*
 * What a command that has failed means for who trims. If the device was too slow, it may
 * still do what it was told, so nobody may use the pages until it has answered another one,
 * which it does not begin before that has ended.
 */
static int spm_cxl_zero_rc(const struct cxl_mbox_cmd *cmd, int rc)
{
	if (rc == -ETIMEDOUT)
		return -EINPROGRESS;
	if (rc == -EBUSY)
		return -EAGAIN;
	if (rc == -ENXIO && (cmd->return_code == CXL_MBOX_CMD_RC_BUSY ||
			     cmd->return_code == CXL_MBOX_CMD_RC_RETRY))
		return -EAGAIN;
	return rc;
}

static int spm_cxl_send_zero(struct cxl_mailbox *mbox, struct spm_cxl_media_in *in,
			     unsigned int nr)
{
	struct cxl_mbox_cmd cmd = {
		.opcode = SPM_CXL_OP_MEDIA_OPERATIONS,
		.payload_in = in,
		.size_in = struct_size(in, range, nr),
		.poll_interval_ms = SPM_CXL_ZERO_POLL_MS,
		.poll_count = SPM_CXL_ZERO_POLLS,
	};

	in->op.nr_ranges = cpu_to_le32(nr);
	return spm_cxl_zero_rc(&cmd, cxl_internal_send_cmd(mbox, &cmd));
}

/**
 * spm_cxl_zero() - have a device forget ranges of its memory
 * @mbox: the device's mailbox
 * @zero: as spm_cxl_find_zero() has found out; it can be told
 * @ranges: the ranges, of device addresses, with no line of them in a cache
 * @nr: their number
 *
 * Context: Process context. May sleep.
 * Return: 0; -EAGAIN if the device is busy; -EINPROGRESS if it may still be doing it; other
 * -errno if it doesn't do it.
 */
int spm_cxl_zero(struct cxl_mailbox *mbox, const struct spm_cxl_zero *zero,
		 const struct range *ranges, unsigned int nr)
{
	struct spm_cxl_media_in *in;
	unsigned int i, most, now;
	int rc = 0;

	most = (mbox->payload_size - sizeof(*in)) / sizeof(in->range[0]);
	most = min(most, nr);
	in = kzalloc(struct_size(in, range, most), GFP_NOIO);
	if (!in)
		return -EAGAIN;
	in->op.class = SPM_CXL_MEDIA_SANITIZE;
	in->op.subclass = zero->subclass;

	for (; nr && !rc; nr -= now, ranges += now) {
		now = min(most, nr);
		for (i = 0; i < now; i++) {
			in->range[i].start = cpu_to_le64(ranges[i].start);
			in->range[i].bytes = cpu_to_le64(range_len(&ranges[i]));
		}
		rc = spm_cxl_send_zero(mbox, in, now);
	}
	kfree(in);
	return rc;
}

/* ---- Health ---- */

/**
 * spm_cxl_get_health() - ask a device how it is
 * @mbox: the device's mailbox
 * @info: set to what it says
 *
 * Context: Process context. May sleep.
 * Return: 0; -EOPNOTSUPP if it can't be asked, which is not mandatory; other -errno if it
 * does not answer.
 */
int spm_cxl_get_health(struct cxl_mailbox *mbox, struct cxl_get_health_info *info)
{
	struct cxl_mbox_cmd cmd = {
		.opcode = CXL_MBOX_OP_GET_HEALTH_INFO,
		.payload_out = info,
		.size_out = sizeof(*info),
	};

	if (!test_bit(CXL_MEM_COMMAND_ID_GET_HEALTH_INFO, mbox->enabled_cmds))
		return -EOPNOTSUPP;
	return cxl_internal_send_cmd(mbox, &cmd);
}

/* ---- Figures of devices that compress ---- */

/*
 * Our guess. No vendor has published where a device that compresses tells what it can
 * hold, and what it holds. We have made up a log that has what the SPM core needs, and a
 * random UUID for it, so no device has it by chance. A vendor either gives its device this
 * log, or adds a line to the table below, with a function that reads what there is.
 */
struct spm_cxl_guess {
	__le64 physical_bytes;
	__le64 used_bytes;
	__le64 refreshes;
} __packed;

static int spm_cxl_parse_guess(const void *log, struct spm_cxl_figures *figures)
{
	const struct spm_cxl_guess *guess = log;

	figures->physical_bytes = le64_to_cpu(guess->physical_bytes);
	figures->used_bytes = le64_to_cpu(guess->used_bytes);
	figures->refreshes = le64_to_cpu(guess->refreshes);
	return figures->physical_bytes ? 0 : -EINVAL;
}

static const struct spm_cxl_vendor spm_cxl_vendors[] = {
	{
		.name = "guess",
		.log = UUID_INIT(0x9b431e1d, 0xe2ef, 0x4660,
				 0xb4, 0xcb, 0x5d, 0x6d, 0xc9, 0x23, 0x92, 0x33),
		.bytes = sizeof(struct spm_cxl_guess),
		.parse = spm_cxl_parse_guess,
	},
};

/**
 * spm_cxl_find_vendor() - does a device tell what it holds, and how?
 * @mbox: the device's mailbox
 * @vendor: set to how; to NULL if it doesn't, as far as we know
 *
 * Context: Process context. May sleep.
 * Return: 0; -errno if it does not answer.
 */
int spm_cxl_find_vendor(struct cxl_mailbox *mbox, const struct spm_cxl_vendor **vendor)
{
	s64 bytes;
	int i;

	*vendor = NULL;
	for (i = 0; i < ARRAY_SIZE(spm_cxl_vendors); i++) {
		bytes = spm_cxl_log_bytes(mbox, &spm_cxl_vendors[i].log);
		if (bytes < 0)
			return bytes;
		if (bytes < spm_cxl_vendors[i].bytes)
			continue;
		*vendor = &spm_cxl_vendors[i];
		break;
	}
	return 0;
}

/**
 * spm_cxl_get_figures() - what does a device hold?
 * @mbox: the device's mailbox
 * @vendor: as spm_cxl_find_vendor() has found out; not NULL
 * @figures: set to what it says
 *
 * Context: Process context. May sleep.
 * Return: 0; -errno if it does not answer; -EINVAL if what it says makes no sense.
 */
int spm_cxl_get_figures(struct cxl_mailbox *mbox, const struct spm_cxl_vendor *vendor,
			struct spm_cxl_figures *figures)
{
	void *log;
	int rc;

	log = kmalloc(vendor->bytes, GFP_NOIO);
	if (!log)
		return -ENOMEM;
	rc = spm_cxl_get_log(mbox, &vendor->log, 0, log, vendor->bytes);
	if (!rc)
		rc = vendor->parse(log, figures);
	kfree(log);
	return rc;
}

#ifdef CONFIG_SPM_KUNIT_TEST
#include "../../../mm/spm/tests/cxl_kunit.h"
#endif
