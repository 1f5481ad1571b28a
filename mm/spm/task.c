// SPDX-License-Identifier: GPL-2.0
/*
 * The task that adds and removes the memory of SPM nodes
 *
 * offline_pages() gives up when any signal is pending: SIGCHLD, SIGALRM, SIGSTOP,
 * one that io_uring or a debugger fakes. Not all of these can be blocked, and to
 * take a node of terabytes away takes long enough for one to come. So a task does
 * it that gets no signals, while the one that wants it waits. Only what kills that
 * one ends it early: then this task is sent SIGKILL, which a kernel thread gets from
 * nobody but the kernel.
 *
 * It is there from the beginning, so that no node stays for want of memory for it.
 *
 * spm_task_lock is taken with nothing else held, and under it only what sending a
 * signal takes.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "task.h"

/**
 * struct spm_call - what the task is asked to do
 * @work: for the task
 * @fn: what to call
 * @arg: for @fn
 * @rc: what it has returned; before that, -EINTR
 * @killed: not to be begun any more; under spm_task_lock
 * @done: it has returned
 */
struct spm_call {
	struct kthread_work work;
	int (*fn)(void *arg);
	void *arg;
	int rc;
	bool killed;
	struct completion done;
};

static struct kthread_worker *spm_task;

/* Guards spm_task_call_now, so that SIGKILL ends the call that it is meant for. */
static DEFINE_SPINLOCK(spm_task_lock);
static struct spm_call *spm_task_call_now;

static bool spm_task_begin(struct spm_call *call)
{
	bool begin;

	spin_lock(&spm_task_lock);
	begin = !call->killed;
	if (begin)
		spm_task_call_now = call;
	spin_unlock(&spm_task_lock);
	return begin;
}

static void spm_task_end(void)
{
	spin_lock(&spm_task_lock);
	spm_task_call_now = NULL;
	spin_unlock(&spm_task_lock);
}

static void spm_task_work(struct kthread_work *work)
{
	struct spm_call *call = container_of(work, struct spm_call, work);

	allow_kernel_signal(SIGKILL);
	if (spm_task_begin(call))
		call->rc = call->fn(call->arg);
	spm_task_end();
	flush_signals(current);
	complete(&call->done);		/* the caller's stack: nothing after this */
}

static void spm_task_kill(struct spm_call *call)
{
	scoped_guard(spinlock, &spm_task_lock) {
		call->killed = true;
		if (spm_task_call_now == call)
			send_sig(SIGKILL, spm_task->task, 1);
	}
	/* Takes it back if it is not its turn yet, else it ends soon. */
	kthread_cancel_work_sync(&call->work);
}

/**
 * spm_task_call() - have a function called by the task that gets no signals
 * @fn: the function; looks at fatal_signal_pending() if it can be ended early
 * @arg: for @fn
 * @killable: end it early when the caller is killed
 *
 * One at a time.
 *
 * Context: Process context, not that task itself. May sleep for long.
 * Return: what @fn returns; -EINTR if the caller was killed before it was called.
 */
int spm_task_call(int (*fn)(void *arg), void *arg, bool killable)
{
	struct spm_call call = {
		.fn = fn,
		.arg = arg,
		.rc = -EINTR,
		.done = COMPLETION_INITIALIZER_ONSTACK(call.done),
	};

	kthread_init_work(&call.work, spm_task_work);
	kthread_queue_work(spm_task, &call.work);
	/* Idle: others that wait for long without a signal are reported as hung. */
	if (wait_for_completion_state(&call.done,
				      killable ? TASK_KILLABLE : TASK_IDLE))
		spm_task_kill(&call);
	return call.rc;
}

/**
 * spm_task_undo() - the caller was killed, or not: from here on it makes no matter
 *
 * To be called before undoing something: what needs a new thread for that, as
 * onlining memory does, fails when it's killed.
 *
 * Context: In a function that spm_task_call() calls.
 */
void spm_task_undo(void)
{
	spm_task_end();
	flush_signals(current);
}

static int __init spm_task_init(void)
{
	spm_task = kthread_create_worker(0, "spm_hotplug");
	return PTR_ERR_OR_ZERO(spm_task);
}
subsys_initcall(spm_task_init);
