#include <malloc.h>

#include "internal.h"

// While a bigger message is joined, what was copied goes back to the system in steps, an eighth of the message but no
// less than this: the allocator would keep it, and the process would hold the message twice.
#define TRIM_STEP ((size_t)8 * 1024 * 1024)

cgrpc_message *cgrpc_message_create(size_t size, uint8_t **bytes) {
    grpc_slice slice = grpc_slice_malloc(size);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    // A short slice lives inside the buffer itself: the address to write to is that of the buffer's own copy.
    grpc_slice_buffer *slices = &buffer->data.raw.slice_buffer;
    *bytes = slices->count == 0 ? NULL : GRPC_SLICE_START_PTR(slices->slices[0]);
    return (cgrpc_message *)buffer;
}

void cgrpc_message_destroy(cgrpc_message *message) {
    if (message != NULL) grpc_byte_buffer_destroy(cgrpc_buffer(message));
}

static const grpc_slice_buffer *slices_of(const cgrpc_message *message) {
    return &((const grpc_byte_buffer *)message)->data.raw.slice_buffer;
}

size_t cgrpc_message_length(const cgrpc_message *message) { return slices_of(message)->length; }

size_t cgrpc_message_slice_count(const cgrpc_message *message) { return slices_of(message)->count; }

const uint8_t *cgrpc_message_slice(const cgrpc_message *message, size_t index, size_t *length) {
    const grpc_slice_buffer *slices = slices_of(message);
    if (index >= slices->count) {
        *length = 0;
        return NULL;
    }
    *length = GRPC_SLICE_LENGTH(slices->slices[index]);
    return GRPC_SLICE_START_PTR(slices->slices[index]);
}

const uint8_t *cgrpc_message_contiguous(cgrpc_message *message, size_t *length) {
    grpc_slice_buffer *slices = &cgrpc_buffer(message)->data.raw.slice_buffer;
    if (slices->count > 1) {
        grpc_slice joined = grpc_slice_malloc_large(slices->length);
        uint8_t *to = GRPC_SLICE_START_PTR(joined);
        size_t step = slices->length / 8 > TRIM_STEP ? slices->length / 8 : TRIM_STEP;
        size_t untrimmed = 0;
        while (slices->count > 0) {
            grpc_slice first = grpc_slice_buffer_take_first(slices);
            size_t size = GRPC_SLICE_LENGTH(first);
            if (size > 0) memcpy(to, GRPC_SLICE_START_PTR(first), size);
            to += size;
            // Now, not at the end: a big message is then never in memory twice.
            grpc_slice_unref(first);
            untrimmed += size;
            if (untrimmed >= step) {
                untrimmed = 0;
                malloc_trim(0);
            }
        }
        grpc_slice_buffer_add(slices, joined);
    }
    return cgrpc_message_slice(message, 0, length);
}

const uint8_t *cgrpc_find(const grpc_metadata_array *array, const char *key, size_t *length) {
    for (size_t i = 0; i < array->count; i++) {
        const grpc_metadata *entry = &array->metadata[i];
        if (grpc_slice_str_cmp(entry->key, key) != 0) continue;
        *length = GRPC_SLICE_LENGTH(entry->value);
        return GRPC_SLICE_START_PTR(entry->value);
    }
    *length = 0;
    return NULL;
}
