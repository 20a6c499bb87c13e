#include "internal.h"

enum { READING = 1, ENDED = 2, HAS_STATUS = 4, CANCELLED = 8 };

struct cgrpc_call_list {
    cgrpc_call *first;
    int64_t now;
    int64_t grace;
};

// One allocation per call; the request's metadata follows the struct.
struct cgrpc_call {
    cgrpc_call_list *list;
    cgrpc_call *next;
    cgrpc_call *previous;
    int has_message;
    int64_t seen;
    cgrpc_op status_op;
    cgrpc_op read_op;
    atomic_int references;
    atomic_int bits;
    int streaming;
    uint32_t flags;
    cgrpc_runtime *runtime;
    grpc_call *call;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code status;
    grpc_slice details;
    cgrpc_call_event event;
    void *context;
    size_t metadata_count;
    grpc_metadata metadata[];
};

static void unlink_call(cgrpc_call *call) {
    if (call->list == NULL) return;
    if (call->previous != NULL) call->previous->next = call->next;
    if (call->list->first == call) call->list->first = call->next;
    if (call->next != NULL) call->next->previous = call->previous;
    call->previous = NULL;
    call->next = NULL;
}

static void link_first(cgrpc_call *call) {
    if (call->list == NULL) return;
    call->next = call->list->first;
    if (call->next != NULL) call->next->previous = call;
    call->list->first = call;
}

void cgrpc_call_release(cgrpc_call *call) {
    if (atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) != 1) return;
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->details);
    if (call->request != NULL) grpc_byte_buffer_destroy(call->request);
    if (call->response != NULL) grpc_byte_buffer_destroy(call->response);
    for (size_t i = 0; i < call->metadata_count; i++) {
        grpc_slice_unref(call->metadata[i].key);
        grpc_slice_unref(call->metadata[i].value);
    }
    grpc_call_unref(call->call);
    free(call);
}

static void finish(cgrpc_call *call) {
    cgrpc_message *message = (cgrpc_message *)call->response;
    call->response = NULL;
    unlink_call(call);
    call->list = NULL;
    call->event(call->context, call, CGRPC_FINISHED, message);
}

static void on_status(cgrpc_op *op, int ok) {
    (void)ok;
    cgrpc_call *call = CGRPC_OWNER(op, cgrpc_call, status_op);
    // A stream is finished when it has a status and all its messages were read, whichever comes last.
    if (!call->streaming || (atomic_fetch_or(&call->bits, HAS_STATUS) & ENDED)) finish(call);
    cgrpc_call_release(call);
}

static void read_next(cgrpc_call *call);

static void end_reading(cgrpc_call *call) {
    if (atomic_fetch_or(&call->bits, ENDED) & HAS_STATUS) finish(call);
}

static void on_read(cgrpc_op *op, int ok) {
    cgrpc_call *call = CGRPC_OWNER(op, cgrpc_call, read_op);
    grpc_byte_buffer *message = call->response;
    call->response = NULL;
    call->has_message = 1;
    int before = atomic_fetch_and(&call->bits, ~READING);
    if (!ok || message == NULL) {
        if (message != NULL) grpc_byte_buffer_destroy(message);
        end_reading(call);
    } else if (before & CANCELLED) {
        // Nobody reads on after a cancel: go on to the end here, so that CGRPC_FINISHED comes.
        grpc_byte_buffer_destroy(message);
        read_next(call);
    } else {
        call->event(call->context, call, CGRPC_MESSAGE, (cgrpc_message *)message);
    }
    cgrpc_call_release(call);
}

cgrpc_call *cgrpc_call_create(cgrpc_channel *channel, const cgrpc_call_options *options) {
    size_t count = options->metadata_count;
    cgrpc_call *call = calloc(1, sizeof *call + count * sizeof call->metadata[0]);
    if (call == NULL) {
        cgrpc_message_destroy(options->request);
        return NULL;
    }
    gpr_timespec deadline = options->deadline == INT64_MAX ? gpr_inf_future(GPR_CLOCK_MONOTONIC)
                                                           : gpr_time_from_nanos(options->deadline, GPR_CLOCK_MONOTONIC);
    call->status_op.run = on_status;
    call->status_op.sink = options->sink;
    call->read_op.run = on_read;
    call->read_op.sink = options->sink;
    atomic_init(&call->references, 1);
    call->list = options->list;
    call->streaming = options->streaming;
    call->flags = options->wait_for_ready
                      ? GRPC_INITIAL_METADATA_WAIT_FOR_READY | GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET
                      : 0;
    call->request = cgrpc_buffer(options->request);
    call->details = grpc_empty_slice();
    call->event = options->event;
    call->context = options->context;
    call->runtime = channel->runtime;
    call->metadata_count = count;
    for (size_t i = 0; i < count; i++) {
        const cgrpc_metadata *entry = &options->metadata[i];
        call->metadata[i].key = grpc_slice_from_copied_buffer(entry->key, entry->key_length);
        call->metadata[i].value = grpc_slice_from_copied_buffer(entry->value, entry->value_length);
    }
    call->call = grpc_channel_create_registered_call(
        channel->channel, NULL, GRPC_PROPAGATE_DEFAULTS, channel->runtime->queue, options->method, deadline, NULL);
    return call;
}

int cgrpc_call_begin(cgrpc_call *call) {
    // Everything of a unary call in one batch: one completion, one hop.
    grpc_op ops[6];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[0].flags = call->flags;
    ops[0].data.send_initial_metadata.count = call->metadata_count;
    ops[0].data.send_initial_metadata.metadata = call->metadata;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = call->request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[4].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[4].data.recv_status_on_client.trailing_metadata = &call->trailing;
    ops[4].data.recv_status_on_client.status = &call->status;
    ops[4].data.recv_status_on_client.status_details = &call->details;
    ops[5].op = GRPC_OP_RECV_MESSAGE;
    ops[5].data.recv_message.recv_message = &call->response;
    atomic_fetch_add_explicit(&call->references, 1, memory_order_relaxed);
    grpc_call_error error = 
        cgrpc_start_batch(call->runtime, call->call, ops, call->streaming ? 5 : 6, &call->status_op);
    if (error == GRPC_CALL_OK) {
        link_first(call);
    } else {
        cgrpc_call_release(call);
    }
    return (int)error;
}

static void read_next(cgrpc_call *call) {
    if (atomic_fetch_or(&call->bits, READING) & (READING | ENDED)) return;
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_RECV_MESSAGE;
    op.data.recv_message.recv_message = &call->response;
    atomic_fetch_add_explicit(&call->references, 1, memory_order_relaxed);
    if (cgrpc_start_batch(call->runtime, call->call, &op, 1, &call->read_op) != GRPC_CALL_OK) {
        end_reading(call);
        cgrpc_call_release(call);
    }
}

void cgrpc_call_read(cgrpc_call *call) {
    // Whoever asked last comes first in the list.
    unlink_call(call);
    link_first(call);
    read_next(call);
}

void cgrpc_call_cancel(cgrpc_call *call) {
    if (atomic_fetch_or(&call->bits, CANCELLED) & CANCELLED) return;
    grpc_call_cancel(call->call, NULL);
    if (call->streaming) read_next(call);
}

cgrpc_call_list *cgrpc_call_list_create(void) { return calloc(1, sizeof(cgrpc_call_list)); }

void cgrpc_call_list_destroy(cgrpc_call_list *list) { free(list); }

int cgrpc_call_list_is_empty(const cgrpc_call_list *list) { return list->first == NULL; }

static int is_receiving(cgrpc_call *call, int which) {
    int bits = atomic_load_explicit(&call->bits, memory_order_relaxed);
    if (bits & (CANCELLED | ENDED)) return 0;
    if (which == CGRPC_LATER_MESSAGE) return call->has_message && (bits & READING);
    // The core fills the array as soon as the header has come, long before the batch that it belongs to is done.
    if (call->has_message || __atomic_load_n(&call->initial.capacity, __ATOMIC_RELAXED) == 0) return 0;
    // A small message follows its header at once: only what is still on its way some time later counts.
    if (call->seen == 0) call->seen = call->list->now;
    return call->list->now - call->seen > call->list->grace;
}

void *cgrpc_call_list_receiving(const cgrpc_call_list *list, int which, size_t index) {
    for (cgrpc_call *call = list->first; call != NULL; call = call->next) {
        if (is_receiving(call, which) && index-- == 0) return call->context;
    }
    return NULL;
}

size_t cgrpc_call_list_count(cgrpc_call_list *list, int which, int64_t grace) {
    if (which == CGRPC_FIRST_MESSAGE) {
        list->now = cgrpc_now();
        list->grace = grace;
    }
    size_t count = 0;
    for (cgrpc_call *call = list->first; call != NULL; call = call->next) count += is_receiving(call, which) != 0;
    return count;
}

int cgrpc_call_status(const cgrpc_call *call) { return (int)call->status; }

const uint8_t *cgrpc_call_status_message(const cgrpc_call *call, size_t *length) {
    *length = GRPC_SLICE_LENGTH(call->details);
    return GRPC_SLICE_START_PTR(call->details);
}

const uint8_t *cgrpc_call_trailer(const cgrpc_call *call, const char *key, size_t *length) {
    return cgrpc_find(&call->trailing, key, length);
}
