// Unpacks gzip (RFC 1952) with zlib, step by step into buffers of the caller.

#ifndef CINFLATE_H
#define CINFLATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct cinflate cinflate;

/// What a step ended with.
typedef enum {
    /// All input is used; more is needed, or the text is complete (see cinflate_is_complete).
    CINFLATE_MORE = 0,
    /// The output buffer is full; call again with another.
    CINFLATE_FULL = 1,
    /// The input is no gzip, or damaged.
    CINFLATE_CORRUPT = 2,
} cinflate_result;

/// A reader at the beginning of a text; null when memory is short.
cinflate *cinflate_create(void);
void cinflate_destroy(cinflate *stream);

/// Unpacks from input to output; both counts hold what there is before and what was used or written after the call.
cinflate_result cinflate_step(
    cinflate *stream, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count);

/// Whether what was read so far ends with a whole member.
int cinflate_is_complete(const cinflate *stream);

#endif
