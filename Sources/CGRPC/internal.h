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
};

struct cgrpc_channel {
    grpc_channel *channel;
    cgrpc_runtime *runtime;
};

// The containing object of an embedded operation.
#define CGRPC_OWNER(op, type, member) ((type *)((char *)(op) - offsetof(type, member)))

static inline grpc_byte_buffer *cgrpc_buffer(cgrpc_message *message) { return (grpc_byte_buffer *)message; }

// The first entry with the key, as bytes that live as long as the array.
const uint8_t *cgrpc_find(const grpc_metadata_array *array, const char *key, size_t *length);

// Arguments that client and server share.
#define CGRPC_COMMON_ARGUMENTS 8
size_t cgrpc_common_arguments(grpc_arg *arguments);

grpc_arg cgrpc_integer(const char *key, int value);

#endif
