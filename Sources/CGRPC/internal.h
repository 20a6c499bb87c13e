#ifndef CGRPC_INTERNAL_H
#define CGRPC_INTERNAL_H

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/slice_buffer.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "CGRPC.h"

// Every tag given to the core is the address of one of these, embedded in the object it belongs to. It comes back
// exactly once, also after a cancel, so the object counts one reference for each tag that is out.
struct cgrpc_op {
    cgrpc_op *next;
    void *sink;
    void (*run)(cgrpc_op *op, int ok);
    int ok;
};

struct cgrpc_runtime {
    grpc_completion_queue *queue;
    cgrpc_deliver deliver;
    pthread_t thread;
    atomic_int detached;
    atomic_long outstanding;  // operations whose tags have yet to be taken from the queue
    atomic_long looks;        // how often the queue was looked at without waiting
};

struct cgrpc_channel {
    grpc_channel *channel;
    cgrpc_runtime *runtime;
};

// The containing object of an embedded operation.
#define CGRPC_OWNER(op, type, member) ((type *)((char *)(op) - offsetof(type, member)))

static inline grpc_byte_buffer *cgrpc_buffer(cgrpc_message *message) { return (grpc_byte_buffer *)message; }

// Every operation is begun between these: whether any other is outstanding tells whether it is worth looking for one that
// has finished as well. Before it is begun, because its tag may come back at once; unbegun where the core refuses it.
static inline void cgrpc_begin(cgrpc_runtime *runtime) {
    atomic_fetch_add_explicit(&runtime->outstanding, 1, memory_order_relaxed);
}
static inline void cgrpc_unbegin(cgrpc_runtime *runtime) {
    atomic_fetch_sub_explicit(&runtime->outstanding, 1, memory_order_relaxed);
}

// Begins a batch of a call.
static inline grpc_call_error cgrpc_start_batch(
    cgrpc_runtime *runtime, grpc_call *call, const grpc_op *ops, size_t count, cgrpc_op *op) {
    cgrpc_begin(runtime);
    grpc_call_error error = grpc_call_start_batch(call, ops, count, op, NULL);
    if (error != GRPC_CALL_OK) cgrpc_unbegin(runtime);
    return error;
}

// The first entry with the key, as bytes that live as long as the array.
const uint8_t *cgrpc_find(const grpc_metadata_array *array, const char *key, size_t *length);

// Arguments that client and server share.
#define CGRPC_COMMON_ARGUMENTS 9
size_t cgrpc_common_arguments(grpc_arg *arguments);

grpc_arg cgrpc_integer(const char *key, int value);

#endif
