#include "server.h"

static void retain(cgrpc_server_call *call) { atomic_fetch_add_explicit(&call->references, 1, memory_order_relaxed); }

void cgrpc_server_call_release(cgrpc_server_call *call) {
    if (atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) != 1) return;
    grpc_metadata_array_destroy(&call->headers);
    if (call->method == CGRPC_UNKNOWN_METHOD) grpc_call_details_destroy(&call->unknown);
    if (call->payload != NULL) grpc_byte_buffer_destroy(call->payload);
    if (call->sending != NULL) grpc_byte_buffer_destroy(call->sending);
    grpc_slice_unref(call->text);
    grpc_slice_unref(call->details.key);
    grpc_slice_unref(call->details.value);
    if (call->call != NULL) grpc_call_unref(call->call);
    cgrpc_server *server = call->server;
    free(call);
    cgrpc_server_unref(server);
}

static void emit(cgrpc_server_call *call, int event) {
    if (call->event != NULL) call->event(call->context, event);
}

static void finished_part(cgrpc_server_call *call) {
    if (atomic_fetch_sub(&call->unfinished, 1) == 1) emit(call, CGRPC_CALL_FINISHED);
    cgrpc_server_call_release(call);
}

static void on_close(cgrpc_op *op, int ok) {
    (void)ok;
    cgrpc_server_call *call = CGRPC_OWNER(op, cgrpc_server_call, close_op);
    if (call->cancelled) emit(call, CGRPC_CALL_CANCELLED);
    finished_part(call);
}

static void on_finish(cgrpc_op *op, int ok) {
    (void)ok;
    finished_part(CGRPC_OWNER(op, cgrpc_server_call, finish_op));
}

static void on_write(cgrpc_op *op, int ok) {
    cgrpc_server_call *call = CGRPC_OWNER(op, cgrpc_server_call, write_op);
    grpc_byte_buffer_destroy(call->sending);
    call->sending = NULL;
    emit(call, ok ? CGRPC_CALL_WRITTEN : CGRPC_CALL_WRITE_FAILED);
    cgrpc_server_call_release(call);
}

void cgrpc_server_call_attach(cgrpc_server_call *call, cgrpc_server_call_event event, void *context) {
    call->event = event;
    call->context = context;
    call->close_op.run = on_close;
    call->write_op.run = on_write;
    call->finish_op.run = on_finish;
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    op.data.recv_close_on_server.cancelled = &call->cancelled;
    retain(call);
    if (cgrpc_start_batch(call->server->runtime, call->call, &op, 1, &call->close_op) != GRPC_CALL_OK) finished_part(call);
}

// Headers go out with whatever is sent first; a cancel may end the call while another thread writes.
static size_t begin_batch(cgrpc_server_call *call, grpc_op *ops) {
    if (atomic_exchange(&call->headers_sent, 1)) return 0;
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    return 1;
}

static size_t add_message(cgrpc_server_call *call, grpc_op *ops, size_t count, cgrpc_message *message) {
    if (message == NULL) return count;
    if (call->sending != NULL) {
        // A caller that doesn't wait for CGRPC_CALL_WRITTEN loses the message, not the process.
        cgrpc_message_destroy(message);
        return count;
    }
    call->sending = cgrpc_buffer(message);
    ops[count].op = GRPC_OP_SEND_MESSAGE;
    ops[count].data.send_message.send_message = call->sending;
    return count + 1;
}

int cgrpc_server_call_write(cgrpc_server_call *call, cgrpc_message *message) {
    if (call->sending != NULL) {
        cgrpc_message_destroy(message);
        return GRPC_CALL_ERROR_TOO_MANY_OPERATIONS;
    }
    grpc_op ops[2];
    memset(ops, 0, sizeof ops);
    size_t count = add_message(call, ops, begin_batch(call, ops), message);
    retain(call);
    grpc_call_error error = cgrpc_start_batch(call->server->runtime, call->call, ops, count, &call->write_op);
    if (error != GRPC_CALL_OK) cgrpc_server_call_release(call);
    return (int)error;
}

int cgrpc_server_call_finish(
    cgrpc_server_call *call, cgrpc_message *message, int status, const void *text, size_t text_length,
    const void *details, size_t details_length) {
    grpc_op ops[3];
    memset(ops, 0, sizeof ops);
    size_t count = add_message(call, ops, begin_batch(call, ops), message);
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = (grpc_status_code)status;
    if (text_length > 0) {
        call->text = grpc_slice_from_copied_buffer(text, text_length);
        ops[count].data.send_status_from_server.status_details = &call->text;
    }
    if (details_length > 0) {
        call->details.key = grpc_slice_from_static_string("grpc-status-details-bin");
        call->details.value = grpc_slice_from_copied_buffer(details, details_length);
        ops[count].data.send_status_from_server.trailing_metadata_count = 1;
        ops[count].data.send_status_from_server.trailing_metadata = &call->details;
    }
    retain(call);
    grpc_call_error error = cgrpc_start_batch(call->server->runtime, call->call, ops, count + 1, &call->finish_op);
    if (error != GRPC_CALL_OK) finished_part(call);
    return (int)error;
}

const uint8_t *cgrpc_server_call_header(const cgrpc_server_call *call, const char *key, size_t *length) {
    return cgrpc_find(&call->headers, key, length);
}
