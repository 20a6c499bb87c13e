#ifndef CGRPC_SERVER_H
#define CGRPC_SERVER_H

#include "internal.h"

typedef struct {
    cgrpc_server *server;
    size_t index;
    void *handle;
} cgrpc_method;

struct cgrpc_server {
    cgrpc_op stop_op;
    atomic_int references;  // the owner, each request waited for, the stop
    int started;
    atomic_int stopping;
    cgrpc_runtime *runtime;
    grpc_server *server;
    cgrpc_server_events events;
    cgrpc_method *methods;
    size_t method_count;
};

struct cgrpc_server_call {
    cgrpc_op request_op;
    cgrpc_op close_op;
    cgrpc_op write_op;
    cgrpc_op finish_op;
    atomic_int references;
    atomic_int unfinished;  // of close and finish
    cgrpc_server *server;
    size_t method;
    grpc_call *call;
    grpc_metadata_array headers;
    grpc_call_details unknown;  // only for a path nobody registered
    gpr_timespec deadline;
    grpc_byte_buffer *payload;
    grpc_byte_buffer *sending;
    atomic_int headers_sent;
    int cancelled;
    grpc_slice text;
    grpc_metadata details;
    cgrpc_server_call_event event;
    void *context;
};

// The method index of requests for paths that nobody registered.
#define CGRPC_UNKNOWN_METHOD SIZE_MAX

// Gives up one reference.
void cgrpc_server_unref(cgrpc_server *server);

// Waits for the next request of a method.
void cgrpc_server_request(cgrpc_server *server, size_t method);

#endif
