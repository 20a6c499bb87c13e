#include "CInflate.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct cinflate {
    z_stream zlib;
    int is_complete;
};

cinflate *cinflate_create(void) {
    cinflate *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) return NULL;
    // 15 bits of window; 16 more mean gzip and nothing else.
    if (inflateInit2(&stream->zlib, 15 + 16) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

void cinflate_destroy(cinflate *stream) {
    if (stream == NULL) return;
    inflateEnd(&stream->zlib);
    free(stream);
}

static size_t at_most(size_t count) { return count > INT_MAX ? INT_MAX : count; }

cinflate_result cinflate_step(
    cinflate *stream, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count) {
    z_stream *zlib = &stream->zlib;
    size_t given = at_most(*input_count), room = at_most(*output_count);
    zlib->next_in = (Bytef *)input;
    zlib->avail_in = (uInt)given;
    zlib->next_out = output;
    zlib->avail_out = (uInt)room;
    cinflate_result result = CINFLATE_MORE;
    while (zlib->avail_in > 0 || !stream->is_complete) {
        if (zlib->avail_out == 0) {
            result = CINFLATE_FULL;
            break;
        }
        // Members may follow each other; together they are one text.
        if (stream->is_complete) {
            if (inflateReset(zlib) != Z_OK) {
                result = CINFLATE_CORRUPT;
                break;
            }
            stream->is_complete = 0;
        }
        int status = inflate(zlib, Z_NO_FLUSH);
        if (status == Z_STREAM_END) {
            stream->is_complete = 1;
        } else if (status == Z_BUF_ERROR) {
            break;
        } else if (status != Z_OK) {
            result = CINFLATE_CORRUPT;
            break;
        }
    }
    *input_count = given - zlib->avail_in;
    *output_count = room - zlib->avail_out;
    zlib->next_in = NULL;
    zlib->next_out = NULL;
    return result;
}

int cinflate_is_complete(const cinflate *stream) { return stream->is_complete; }
