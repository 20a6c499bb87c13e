#define _GNU_SOURCE  // RTLD_DEFAULT, pthread_setname_np
#include <dlfcn.h>

#include "internal.h"

// Operations taken from the queue before they are handed out: bounds how long the first one waits for the others.
#define DRAIN_LIMIT 128
// Sinks told apart in one drain: one per event loop plus the direct one.
#define GROUP_LIMIT 32

typedef struct {
    void *sink;
    cgrpc_op *head;
    cgrpc_op *tail;
} group;

static void hand_out(cgrpc_runtime *runtime, group *groups, size_t count) {
    cgrpc_op *direct = NULL;
    for (size_t i = 0; i < count; i++) {
        if (groups[i].sink == NULL) {
            direct = groups[i].head;
        } else {
            runtime->deliver(groups[i].sink, groups[i].head);
        }
    }
    // Last, because these callbacks run here and the loops can wake up meanwhile.
    if (direct != NULL) cgrpc_batch_run(direct);
}

static size_t collect(group *groups, size_t count, cgrpc_op *op) {
    op->next = NULL;
    for (size_t i = 0; i < count; i++) {
        if (groups[i].sink == op->sink) {
            groups[i].tail->next = op;
            groups[i].tail = op;
            return count;
        }
    }
    groups[count].sink = op->sink;
    groups[count].head = op;
    groups[count].tail = op;
    return count + 1;
}

static void *drain(void *argument) {
    cgrpc_runtime *runtime = argument;
    group groups[GROUP_LIMIT];
    const gpr_timespec never = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    const gpr_timespec at_once = gpr_inf_past(GPR_CLOCK_MONOTONIC);
    for (;;) {
        grpc_event event = grpc_completion_queue_next(runtime->queue, never, NULL);
        size_t count = 0;
        for (size_t taken = 0; event.type == GRPC_OP_COMPLETE;) {
            cgrpc_op *op = event.tag;
            op->ok = event.success;
            count = collect(groups, count, op);
            long others = atomic_fetch_sub_explicit(&runtime->outstanding, 1, memory_order_relaxed) - 1;
            if (++taken == DRAIN_LIMIT || count == GROUP_LIMIT) break;
            // A look costs a turn of the poller and its system call; nothing can have finished where nothing was begun.
            // What ends the queue is found by the wait.
            if (others <= 0) break;
            atomic_fetch_add_explicit(&runtime->looks, 1, memory_order_relaxed);
            event = grpc_completion_queue_next(runtime->queue, at_once, NULL);
        }
        hand_out(runtime, groups, count);
        if (event.type == GRPC_QUEUE_SHUTDOWN) break;
    }
    grpc_completion_queue_destroy(runtime->queue);
    grpc_shutdown_blocking();
    if (atomic_load(&runtime->detached)) free(runtime);
    return NULL;
}

void cgrpc_batch_run(cgrpc_op *batch) {
    while (batch != NULL) {
        // The callback may free the operation, or start it again.
        cgrpc_op *next = batch->next;
        batch->run(batch, batch->ok);
        batch = next;
    }
}

// Debian's abseil keeps a lock-order graph for every mutex, about 2 % of the time of a call. The switch is a C++
// function whose name carries abseil's inline namespace, so it is looked up by the names it is known to have.
static void switch_off_lock_graph(void) {
    static const char *const names[] = {
        "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE",
        "_ZN4absl29SetMutexDeadlockDetectionModeENS_15OnDeadlockCycleE",
        "_ZN4absl12lts_2022062329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *found = dlsym(RTLD_DEFAULT, names[i]);
        if (found == NULL) continue;
        void (*set)(int);
        memcpy(&set, &found, sizeof set);
        set(0);
        return;
    }
}

static void prepare(void) {
    // The core forks nothing here; its fork handlers would only slow down starting plugins.
    setenv("GRPC_ENABLE_FORK_SUPPORT", "0", 1);
    setenv("GRPC_POLL_STRATEGY", "epoll1", 0);
    setenv("GRPC_VERBOSITY", "ERROR", 0);
    // Only literal addresses are dialled: c-ares would add a thread and descriptors for nothing.
    setenv("GRPC_DNS_RESOLVER", "native", 0);
    switch_off_lock_graph();
}

cgrpc_runtime *cgrpc_runtime_start(cgrpc_deliver deliver) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    cgrpc_runtime *runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL) return NULL;
    grpc_init();
    runtime->deliver = deliver;
    runtime->queue = grpc_completion_queue_create_for_next(NULL);
    atomic_init(&runtime->detached, 0);
    atomic_init(&runtime->outstanding, 0);
    atomic_init(&runtime->looks, 0);
    if (pthread_create(&runtime->thread, NULL, drain, runtime) != 0) {
        grpc_completion_queue_shutdown(runtime->queue);
        grpc_completion_queue_destroy(runtime->queue);
        grpc_shutdown();
        free(runtime);
        return NULL;
    }
    pthread_setname_np(runtime->thread, "grpc-completion");
    return runtime;
}

void cgrpc_runtime_stop(cgrpc_runtime *runtime) {
    pthread_t thread = runtime->thread;
    if (pthread_equal(pthread_self(), thread)) {
        // The last owner went away inside a callback: the thread ends and frees by itself.
        atomic_store(&runtime->detached, 1);
        pthread_detach(thread);
        grpc_completion_queue_shutdown(runtime->queue);
        return;
    }
    grpc_completion_queue_shutdown(runtime->queue);
    pthread_join(thread, NULL);
    free(runtime);
}

int64_t cgrpc_runtime_looks(cgrpc_runtime *runtime) {
    return atomic_load_explicit(&runtime->looks, memory_order_relaxed);
}

const char *cgrpc_core_version(void) { return grpc_version_string(); }

int64_t cgrpc_now(void) {
    gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
