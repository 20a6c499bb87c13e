#include "server.h"

// Requests of one method that the core may match before we take them up again.
#define WAITING_PER_METHOD 4

cgrpc_server *cgrpc_server_create(cgrpc_runtime *runtime, cgrpc_server_events events) {
    cgrpc_server *server = calloc(1, sizeof *server);
    if (server == NULL) return NULL;
    grpc_arg arguments[CGRPC_COMMON_ARGUMENTS + 8];
    size_t count = cgrpc_common_arguments(arguments);
    arguments[count++] = cgrpc_integer(GRPC_ARG_ALLOW_REUSEPORT, 0);
    grpc_channel_args list = {.num_args = count, .args = arguments};
    atomic_init(&server->references, 1);
    server->runtime = runtime;
    server->events = events;
    server->server = grpc_server_create(&list, NULL);
    grpc_server_register_completion_queue(server->server, runtime->queue, NULL);
    return server;
}

int cgrpc_server_add_method(cgrpc_server *server, const char *path) {
    void *handle =
        grpc_server_register_method(server->server, path, NULL, GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    if (handle == NULL) return 0;
    cgrpc_method *methods = realloc(server->methods, (server->method_count + 1) * sizeof *methods);
    if (methods == NULL) return 0;
    server->methods = methods;
    methods[server->method_count].server = server;
    methods[server->method_count].index = server->method_count;
    methods[server->method_count].handle = handle;
    server->method_count++;
    return 1;
}

int cgrpc_server_listen(cgrpc_server *server, const char *address) {
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(server->server, address, credentials);
    grpc_server_credentials_release(credentials);
    return port;
}

void cgrpc_server_start(cgrpc_server *server) {
    server->started = 1;
    grpc_server_start(server->server);
    for (size_t method = 0; method < server->method_count; method++) {
        for (int i = 0; i < WAITING_PER_METHOD; i++) cgrpc_server_request(server, method);
    }
    cgrpc_server_request(server, CGRPC_UNKNOWN_METHOD);
}

static void refuse_unknown(cgrpc_server_call *call) {
    static const char text[] = "unknown method";
    // Releases through the ordinary way of a call that nobody listens to.
    cgrpc_server_call_attach(call, NULL, NULL);
    cgrpc_server_call_finish(call, NULL, GRPC_STATUS_UNIMPLEMENTED, text, sizeof text - 1, NULL, 0);
    cgrpc_server_call_release(call);
}

static void on_request(cgrpc_op *op, int ok) {
    cgrpc_server_call *call = CGRPC_OWNER(op, cgrpc_server_call, request_op);
    cgrpc_server *server = call->server;
    size_t method = call->method;
    if (!ok) {
        // The server stops: this request will not come.
        cgrpc_server_call_release(call);
        return;
    }
    cgrpc_server_request(server, method);
    if (method == CGRPC_UNKNOWN_METHOD) {
        refuse_unknown(call);
        return;
    }
    cgrpc_message *message = (cgrpc_message *)call->payload;
    call->payload = NULL;
    server->events.request(server->events.context, method, call, message);
}

void cgrpc_server_request(cgrpc_server *server, size_t method) {
    if (atomic_load(&server->stopping)) return;
    cgrpc_server_call *call = calloc(1, sizeof *call);
    if (call == NULL) return;
    atomic_fetch_add(&server->references, 1);
    call->request_op.run = on_request;
    atomic_init(&call->references, 1);
    atomic_init(&call->unfinished, 2);
    call->server = server;
    call->method = method;
    call->text = grpc_empty_slice();
    call->details.key = grpc_empty_slice();
    call->details.value = grpc_empty_slice();
    grpc_completion_queue *queue = server->runtime->queue;
    grpc_call_error error;
    cgrpc_begin(server->runtime);
    if (method == CGRPC_UNKNOWN_METHOD) {
        grpc_call_details_init(&call->unknown);
        error = grpc_server_request_call(
            server->server, &call->call, &call->unknown, &call->headers, queue, queue, &call->request_op);
    } else {
        error = grpc_server_request_registered_call(
            server->server, server->methods[method].handle, &call->call, &call->deadline, &call->headers,
            &call->payload, queue, queue, &call->request_op);
    }
    if (error != GRPC_CALL_OK) {
        cgrpc_unbegin(server->runtime);
        cgrpc_server_call_release(call);
    }
}

static void on_stop(cgrpc_op *op, int ok) {
    (void)ok;
    cgrpc_server *server = CGRPC_OWNER(op, cgrpc_server, stop_op);
    if (server->events.stopped != NULL) server->events.stopped(server->events.context);
    cgrpc_server_unref(server);
}

void cgrpc_server_stop(cgrpc_server *server, int cancel) {
    if (!atomic_exchange(&server->stopping, 1)) {
        atomic_fetch_add(&server->references, 1);
        server->stop_op.run = on_stop;
        cgrpc_begin(server->runtime);
        grpc_server_shutdown_and_notify(server->server, server->runtime->queue, &server->stop_op);
    }
    if (cancel) grpc_server_cancel_all_calls(server->server);
}

void cgrpc_server_release(cgrpc_server *server) {
    if (!server->started) {
        // The core wants every server shut down before it goes away, and nobody is left to be told.
        server->events.stopped = NULL;
        cgrpc_server_stop(server, 0);
    }
    cgrpc_server_unref(server);
}

void cgrpc_server_unref(cgrpc_server *server) {
    if (atomic_fetch_sub_explicit(&server->references, 1, memory_order_acq_rel) != 1) return;
    grpc_server_destroy(server->server);
    free(server->methods);
    free(server);
}
