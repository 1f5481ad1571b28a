// SPDX-License-Identifier: GPL-2.0
/*
 * spm_cxl: what records of a CXL device say. No state, no locks, and no device.
 *
 * Section numbers are those of the CXL specification, revision 3.1.
 */
#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/range.h>

#include "spm_cxl.h"

/* Event records, 8.2.9.2.1.1 and 8.2.9.2.1.2: an address, with flags below it */
#define SPM_CXL_DPA_MASK	GENMASK_ULL(63, 6)
#define SPM_CXL_LINE		64
/* Memory event descriptor */
#define SPM_CXL_UNCORRECTABLE	BIT(0)
#define SPM_CXL_LIST_OVERFLOW	BIT(2)
/* Memory event type: the host has asked for what is not there. All else is the media's. */
#define SPM_CXL_GEN_MEDIA_INVALID_ADDRESS	0x01
#define SPM_CXL_DRAM_INVALID_ADDRESS		0x02

/* Get Health Info, 8.2.9.9.3.1: health status */
#define SPM_CXL_REPLACEMENT_NEEDED	BIT(2)
#define SPM_CXL_CAPACITY_DEGRADED	BIT(3)
/* Media status */
#define SPM_CXL_NOT_READY		0x01
#define SPM_CXL_ALL_DATA_LOST		0x03
#define SPM_CXL_ALL_DATA_LOSS_IMMINENT	0x09

static bool spm_cxl_is_media_event(enum cxl_event_type type)
{
	return type == CXL_CPER_EVENT_GEN_MEDIA || type == CXL_CPER_EVENT_DRAM;
}

/**
 * spm_cxl_event_loses() - does an event record say that memory can't be read any more?
 * @type: of the record
 * @event: the record
 * @dpa: set to the line that it names
 *
 * Return: false if it is about something else, about an error that was corrected, or
 * about an address that isn't there.
 */
bool spm_cxl_event_loses(enum cxl_event_type type, const union cxl_event *event,
			 struct range *dpa)
{
	const struct cxl_event_media_hdr *media = &event->media_hdr;
	u8 invalid = type == CXL_CPER_EVENT_DRAM ? SPM_CXL_DRAM_INVALID_ADDRESS :
						   SPM_CXL_GEN_MEDIA_INVALID_ADDRESS;

	if (!spm_cxl_is_media_event(type))
		return false;
	dpa->start = le64_to_cpu(media->phys_addr) & SPM_CXL_DPA_MASK;
	dpa->end = dpa->start + SPM_CXL_LINE - 1;
	return media->descriptor & SPM_CXL_UNCORRECTABLE && media->type != invalid;
}

/**
 * spm_cxl_event_overflows() - does an event record say that the poison list is full?
 * @type: of the record
 * @event: the record
 *
 * Return: whether it does
 */
bool spm_cxl_event_overflows(enum cxl_event_type type, const union cxl_event *event)
{
	return spm_cxl_is_media_event(type) &&
	       event->media_hdr.descriptor & SPM_CXL_LIST_OVERFLOW;
}

/**
 * spm_cxl_poison_range() - memory that a record of the poison list names
 * @record: the record
 * @dpa: set to that
 *
 * Return: false if it names none
 */
bool spm_cxl_poison_range(const struct cxl_poison_record *record, struct range *dpa)
{
	u64 bytes = (u64)le32_to_cpu(record->length) * CXL_POISON_LEN_MULT;

	if (!bytes)
		return false;
	dpa->start = le64_to_cpu(record->address) & CXL_POISON_START_MASK;
	if (check_add_overflow(dpa->start, bytes - 1, &dpa->end))
		dpa->end = U64_MAX;
	return true;
}

/**
 * spm_cxl_intersect() - what of a range is in another
 * @range: cut to that
 * @with: the other
 *
 * Return: false if there is nothing
 */
bool spm_cxl_intersect(struct range *range, const struct range *with)
{
	range->start = max(range->start, with->start);
	range->end = min(range->end, with->end);
	return range->start <= range->end;
}

/**
 * spm_cxl_step() - how much of a device's memory is in one page for sure
 * @ways: number of devices that a region is interleaved over
 * @granularity: how many bytes in a row are one device's
 *
 * Return: bytes, which divide a page, if they start at a multiple of that many
 */
u64 spm_cxl_step(int ways, int granularity)
{
	return ways == 1 ? PAGE_SIZE : min_t(u64, granularity, PAGE_SIZE);
}

/**
 * spm_cxl_judge() - what a device's health means
 * @info: as the device tells it
 *
 * What is about persistence is of no importance.
 *
 * Return: the verdict
 */
enum spm_cxl_health spm_cxl_judge(const struct cxl_get_health_info *info)
{
	if (info->media_status == SPM_CXL_NOT_READY ||
	    info->media_status == SPM_CXL_ALL_DATA_LOST)
		return SPM_CXL_DEAD;
	if (info->media_status == SPM_CXL_ALL_DATA_LOSS_IMMINENT ||
	    info->health_status & (SPM_CXL_REPLACEMENT_NEEDED | SPM_CXL_CAPACITY_DEGRADED))
		return SPM_CXL_ILL;
	return SPM_CXL_WELL;
}

/**
 * spm_cxl_date() - when were a device's figures true?
 * @clock: what is known of their times
 * @refreshes: their count, just read
 * @asked_ns: the time before that
 *
 * The device has no clock, but has refreshed them after it was last seen with another
 * count.
 *
 * Return: a time as ktime_get_ns() tells it; 0, which is too long ago, if the count was
 * never seen to change.
 */
u64 spm_cxl_date(struct spm_cxl_clock *clock, u64 refreshes, u64 asked_ns)
{
	if (refreshes != clock->refreshes)
		clock->as_of_ns = clock->asked_ns;
	clock->refreshes = refreshes;
	clock->asked_ns = asked_ns;
	return clock->as_of_ns;
}
